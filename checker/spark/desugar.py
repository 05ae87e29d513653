"""The tokens in the form that sqlglot's parser cannot misread.

- Pairs of words become the one token that the parser wants (GROUP BY).
- A called function's name carries CALL_MARK, so that the call stays a call of just this name.
- A typed literal and an interval become one token each, an *atom*: a name that begins with ATOM and goes on with the
  text to write.  So does a type, with TYPE.
- CAST(x AS t) becomes a call with a comma; the words between the arguments of EXTRACT, TRIM, SUBSTRING and OVERLAY
  become arguments themselves, names that begin with WORD.

Both what the client wrote and what the renderer made go through here, so that the two can be compared.
"""

from __future__ import annotations

import re

from sqlglot.tokens import Token, TokenType

from checker.errors import AT_END, SyntaxProblem
from checker.rewriter import CALL_MARK
from checker.spark.text import quote_name, quote_text
from checker.spark.words import FIELDS, NOT_CALLED, PAIRS, SIZED_TYPES, TYPES, UNITS

ATOM, TYPE, WORD = "\x01", "\x02", "\x03"
"""No name can begin with one of them: the lexer refuses control characters outside strings."""
EXPLICIT_CROSS = "CROSS\x01"
"""CROSS JOIN's own word, since sqlglot's parser says CROSS of a comma too."""
_TYPED = frozenset({"date", "timestamp", "timestamp_ntz", "timestamp_ltz"})
_CASTS = frozenset({"cast", "try_cast"})
_SEPARATORS = {
    "extract": ("from",),
    "substring": ("from", "for"),
    "substr": ("from", "for"),
    "overlay": ("placing", "from", "for"),
    "trim": ("from",),
}
"""The words between the arguments of functions that SQL gives a grammar of their own."""
_TRIM_SIDES = frozenset({"both", "leading", "trailing"})


def desugar(tokens: list[Token], text: str) -> list[Token]:
    """Raises: SyntaxProblem."""
    return _Walk(tokens, text).run()


class _Walk:
    def __init__(self, tokens: list[Token], text: str) -> None:
        self.tokens = tokens
        self.text = text
        self.at = 0
        self.out: list[Token] = []
        self.frames: list[str] = []
        """What each open parenthesis belongs to: a function of _SEPARATORS, a cast, or nothing."""

    def run(self) -> list[Token]:
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            kind = token.token_type
            if kind is TokenType.HEX_STRING:
                self._atom(f"X'{token.text}'", 1)
            elif kind is TokenType.NUMBER and token.text[-1].isalpha() and not self._is_parameter():
                self._atom(token.text, 1)
            elif kind in (TokenType.STRING, TokenType.IDENTIFIER):
                self._keep(called=kind is TokenType.IDENTIFIER)
            elif kind is TokenType.L_PAREN:
                self.frames.append("")
                self._keep()
            elif kind is TokenType.R_PAREN:
                if self.frames:
                    self.frames.pop()
                self._keep()
            else:
                self._word(token, self.word())
        return self.out

    def word(self, ahead: int = 0) -> str:
        """The unquoted word or mark `ahead`, lower case; empty for strings, quoted names and the end."""
        index = self.at + ahead
        if index >= len(self.tokens):
            return ""
        token = self.tokens[index]
        return "" if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER) else token.text.lower()

    def _kind(self, ahead: int) -> TokenType | None:
        index = self.at + ahead
        return self.tokens[index].token_type if index < len(self.tokens) else None

    def _is_parameter(self) -> bool:
        return self.at > 0 and self.tokens[self.at - 1].token_type is TokenType.PARAMETER

    def _after_dot(self) -> bool:
        return self.at > 0 and self.tokens[self.at - 1].token_type is TokenType.DOT

    # -- one step ------------------------------------------------------------------------------------------

    def _word(self, token: Token, word: str) -> None:
        inside = self.frames[-1] if self.frames else ""
        if self._after_dot():
            self._keep(called=True)
        elif inside in _CASTS and word == "as":
            self._comma()
            self.at += 1
            self._type()
        elif word in _SEPARATORS.get(inside, ()):
            self._comma()
            self._merged(TokenType.VAR, WORD + word.upper(), 1)
            self._comma()
        elif (pair := PAIRS.get((word, self.word(1)))) is not None:
            self._merged(pair, f"{word} {self.word(1)}".upper(), 2)
        elif [self.word(ahead) for ahead in range(4)] == ["is", "not", "distinct", "from"]:
            self._merged(TokenType.NULLSAFE_EQ, "<=>", 4)
        elif word == "cross" and self.word(1) == "join":
            self._merged(TokenType.CROSS, EXPLICIT_CROSS, 1)
        elif word == ":":
            raise self._unsupported('":"', token, "Parameters are $1, $2 and so on.")
        elif word == "table":
            raise self._unsupported("TABLE", token, "Write SELECT * FROM name, or the name in backquotes.")
        elif word in _TYPED and self._kind(1) is TokenType.STRING:
            self._atom(f"{word.upper()} {quote_text(self.tokens[self.at + 1].text)}", 2)
        elif word == "interval" and self._kind(1) in _INTERVAL_STARTS:
            self._interval(token)
        elif self._kind(1) is TokenType.L_PAREN and self._is_called(word):
            self._call(word)
        else:
            self._keep()

    def _is_called(self, word: str) -> bool:
        match word:
            case "exists":
                return self.word(2) not in ("select", "with", "values")
            case "filter":
                return self.word(2) != "where"
        return (word[:1].isalpha() or word[:1] == "_") and word not in NOT_CALLED

    def _call(self, word: str) -> None:
        self._keep(called=True)
        self._keep()
        self.frames.append(word if word in _CASTS or word in _SEPARATORS else "")
        if word == "extract" or (word == "trim" and self.word() in _TRIM_SIDES):
            field = self.word()
            if word == "extract" and field not in FIELDS:
                raise self._unexpected()
            # As written: the column is named after it.
            self._merged(TokenType.VAR, WORD + self.tokens[self.at].text, 1)
            if word == "trim" and self.word() != "from":
                self._comma()

    def _interval(self, token: Token) -> None:
        """INTERVAL '1' DAY, INTERVAL -1 DAY 2 HOURS, INTERVAL '1-2' YEAR TO MONTH, INTERVAL '1 day'."""
        ahead, parts = 1, ["INTERVAL"]
        while True:
            sign = self.word(ahead) == "-" and self._kind(ahead + 1) is TokenType.NUMBER
            place = ahead + sign
            kind = self._kind(place)
            if kind is TokenType.STRING:
                parts.append(quote_text(self.tokens[self.at + place].text))
            elif kind is TokenType.NUMBER and self.tokens[self.at + place].text.isdigit():
                parts.append(("- " if sign else "") + self.tokens[self.at + place].text)
            else:
                break
            ahead = place + 1
            if self.word(ahead) in UNITS:
                parts.append(self.word(ahead).upper())
                ahead += 1
                if self.word(ahead) == "to" and self.word(ahead + 1) in UNITS:
                    parts.append(f"TO {self.word(ahead + 1).upper()}")
                    ahead += 2
            elif kind is TokenType.NUMBER or len(parts) > 2:
                raise self._unsupported("this INTERVAL", token, "Write INTERVAL '1' DAY or make_interval().")
            else:
                break
        if len(parts) == 1:
            raise self._unsupported("this INTERVAL", token, "Write INTERVAL '1' DAY or make_interval().")
        self._atom(" ".join(parts), ahead)

    # -- types ---------------------------------------------------------------------------------------------

    def _type(self) -> None:
        start = self.at
        written = self._type_name()
        if self.word() != ")":
            raise self._unexpected()
        count, self.at = self.at - start, start
        self._merged(TokenType.VAR, TYPE + written, count)

    def _type_name(self) -> str:
        word = self.word()
        self.at += 1
        if word in ("array", "map", "struct") and self.word() == "<":
            self.at += 1
            inside = [self._field() if word == "struct" else self._type_name()]
            while self.word() == ",":
                self.at += 1
                inside.append(self._field() if word == "struct" else self._type_name())
            self._expect(">")
            return f"{word.upper()} < {' , '.join(inside)} >"
        if word == "timestamp" and self.word() in ("with", "without"):
            self.at -= 1
            raise self._unsupported(
                "TIMESTAMP WITH", self.tokens[self.at], "Write TIMESTAMP or TIMESTAMP_NTZ."
            )
        if word not in TYPES:
            self.at -= 1
            raise self._unexpected()
        if word in SIZED_TYPES and self.word() == "(":
            self.at += 1
            sizes = [self._size()]
            while self.word() == ",":
                self.at += 1
                sizes.append(self._size())
            self._expect(")")
            return f"{word.upper()} ( {' , '.join(sizes)} )"
        return word.upper()

    def _field(self) -> str:
        if self.at >= len(self.tokens) or self._kind(0) not in (TokenType.VAR, TokenType.IDENTIFIER):
            raise self._unexpected()
        name = quote_name(self.tokens[self.at].text)
        self.at += 1
        if self.word() == ":":
            self.at += 1
        return f"{name} {self._type_name()}"

    def _size(self) -> str:
        word = self.word()
        if not re.fullmatch(r"[0-9]{1,6}", word):
            raise self._unexpected()
        self.at += 1
        return word

    def _expect(self, mark: str) -> None:
        if self.word() != mark:
            raise self._unexpected()
        self.at += 1

    # -- writing -------------------------------------------------------------------------------------------

    def _keep(self, *, called: bool = False) -> None:
        token = self.tokens[self.at]
        if called and self._kind(1) is TokenType.L_PAREN:
            token = _copy(token, TokenType.VAR, token.text + CALL_MARK)
        self.out.append(token)
        self.at += 1

    def _merged(self, kind: TokenType, text: str, count: int) -> None:
        first, last = self.tokens[self.at], self.tokens[self.at + count - 1]
        self.out.append(Token(kind, text, first.line, first.col, first.start, last.end))
        self.at += count

    def _atom(self, text: str, count: int) -> None:
        self._merged(TokenType.VAR, ATOM + text, count)

    def _comma(self) -> None:
        place = self.tokens[min(self.at, len(self.tokens) - 1)]
        self.out.append(_copy(place, TokenType.COMMA, ","))

    def _unexpected(self) -> SyntaxProblem:
        if self.at >= len(self.tokens):
            return SyntaxProblem(AT_END, None)
        token = self.tokens[self.at]
        return SyntaxProblem(
            f'syntax error at or near "{self.text[token.start : token.end + 1]}"', token.start
        )

    def _unsupported(self, what: str, token: Token, hint: str) -> SyntaxProblem:
        return SyntaxProblem(f"{what} is not supported in Spark SQL here", token.start, "0A000", hint)


_INTERVAL_STARTS = frozenset({TokenType.STRING, TokenType.NUMBER, TokenType.DASH})


def _copy(token: Token, kind: TokenType, text: str) -> Token:
    return Token(kind, text, token.line, token.col, token.start, token.end)
