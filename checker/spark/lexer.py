"""Spark's lexical rules, as sqlglot tokens, as far as they are beyond doubt.

Rules: what Spark reads differently by version or setting is refused with a way to write it: double quotes (a string to
Spark, a name under this server's settings), two strings side by side, rare escapes, names outside ASCII without
backquotes, `--` that ends in a backslash.  What the engine replaces before it parses (`${...}`) is refused outside
strings and escaped inside (text.py).  Strings are decoded, words keep their case, and `start`, `end` and `line` of a
token are as checker/lexer.py has them.
Source: Spark 4 SqlBaseLexer.g4; SparkParserUtils.unescapeSQLString.

Left out: what the words mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot.tokens import Token, TokenType

from checker.errors import SyntaxProblem
from checker.spark.words import KEYWORDS, OPERATORS, PUNCTUATION

_STRING = r"'(?:[^'\\]|\\.|'')*+'"
_TOKEN = re.compile(
    rf"""
      (?P<space>[ \t\r\n]++)
    | (?P<comment>--[^\r\n]*+)
    | (?P<block>/\*)
    | (?P<raw>[rR]'[^']*+')
    | (?P<hex>[xX]'[^']*+')
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*+)
    | (?P<number>(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][-+]?[0-9]++)?(?:[lLsSyYdDfF](?![A-Za-z0-9_])|[bB][dD])?)
    | (?P<string>{_STRING})
    | (?P<quoted>`(?:[^`]|``)++`)
    | (?P<double>"(?:[^"]|"")++")
    | (?P<parameter>\$[0-9]++)
    | (?P<unknown><<|\|>|=>|::|:=|[?@\#{{}}\\])
    | (?P<operator><=>|<>|!=|==|<=|>=|\|\||->|[-=<>+*/%&|^~!])
    | (?P<punctuation>[()\[\],;.:])
    """,
    re.VERBOSE | re.DOTALL,
)
_WORD_CHARACTER = re.compile(r"[A-Za-z0-9_.]")
_OPERAND_END = re.compile(r"[A-Za-z0-9_`)\].]")
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_PLAIN_HINT = re.compile(r"/\*\+[A-Za-z0-9_(),.\s]*\*/")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))|''", re.DOTALL)
_SIMPLE_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "%": "\\%", "_": "\\_"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HINTS = {
    "?": "Parameters are $1, $2 and so on.",
    "::": "Write CAST(value AS type).",
    "<<": "Write shiftleft(value, bits).",
}


def lex(text: str, *, doubly_quoted: bool = False) -> list[Token]:
    """The tokens of one or more statements; comments and hints are left out.

    `doubly_quoted`: take "names" as PostgreSQL does, for the statements around queries; see `check_quotes`.
    Raises: SyntaxProblem.
    """
    tokens: list[Token] = []
    for kind, start, stop in _pieces(text):
        match kind:
            case "word":
                found = KEYWORDS.get(text[start:stop].lower(), TokenType.VAR)
                tokens.append(_token(found, text[start:stop], start, stop))
            case "string" | "raw":
                if tokens and tokens[-1].token_type is TokenType.STRING:
                    raise _unsupported("two strings side by side", start, "Write concat(a, b).")
                value = text[start + 2 : stop - 1] if kind == "raw" else _decoded(text, start, stop)
                tokens.append(_token(TokenType.STRING, value, start, stop))
            case "hex":
                digits = text[start + 2 : stop - 1]
                if not re.fullmatch(r"(?:[0-9A-Fa-f]{2})*", digits):
                    raise SyntaxProblem(f"invalid hexadecimal string X'{digits}'", start)
                tokens.append(_token(TokenType.HEX_STRING, digits.upper(), start, stop))
            case "quoted":
                name = text[start + 1 : stop - 1].replace("``", "`")
                if "${" in name or _CONTROL.search(name):
                    raise _unsupported("this name", start)
                tokens.append(_token(TokenType.IDENTIFIER, name, start, stop))
            case "double":
                if not doubly_quoted:
                    raise _double_quotes(start)
                name = text[start + 1 : stop - 1].replace('""', '"')
                tokens.append(_token(TokenType.IDENTIFIER, name, start, stop))
            case "number":
                tokens.append(_token(TokenType.NUMBER, _checked_number(text, start, stop), start, stop))
            case "parameter":
                if stop < len(text) and _WORD_CHARACTER.match(text, stop):
                    raise _near(text, start, stop + 1)
                tokens.append(_token(TokenType.PARAMETER, "$", start, stop))
                tokens.append(
                    _token(TokenType.NUMBER, text[start + 1 : stop].lstrip("0") or "0", start, stop)
                )
            case "operator":
                tokens.append(_token(OPERATORS[text[start:stop]], text[start:stop], start, stop))
            case "punctuation":
                tokens.append(_token(PUNCTUATION[text[start:stop]], text[start:stop], start, stop))
    return tokens


def semicolons(text: str) -> Iterator[int]:
    """Where the semicolons are that end statements.  Raises: SyntaxProblem."""
    for kind, start, _ in _pieces(text):
        if kind == "punctuation" and text[start] == ";":
            yield start


def _pieces(text: str) -> Iterator[tuple[str, int, int]]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _nothing_matches(text, at)
        kind, start, stop = str(found.lastgroup), at, found.end()
        if kind == "block":
            stop = _block_end(text, start)
        elif kind == "comment":
            if text[stop - 1] == "\\":
                raise _unsupported("a comment that ends in a backslash", start)
        elif kind == "unknown":
            what = text[start:stop]
            raise _unsupported(f'"{what}"', start, _HINTS.get(what))
        elif kind != "space":
            yield kind, start, stop
        at = stop


def _block_end(text: str, start: int) -> int:
    """Where the comment at `start` ends.  Comments nest, hints are neither nested nor passed on."""
    if text.startswith("/*+", start):
        hint = _PLAIN_HINT.match(text, start)
        if hint is None:
            raise _unsupported("this hint", start, "Leave it out: hints have no effect here.")
        return hint.end()
    depth, at = 0, start
    while True:
        edge = _BLOCK_EDGE.search(text, at)
        if edge is None:
            raise SyntaxProblem("unterminated /* comment", start)
        if text.startswith("/*+", edge.start()):
            raise _unsupported("a hint inside a comment", edge.start())
        depth += 1 if edge[0] == "/*" else -1
        at = edge.end()
        if depth == 0:
            return at


def _decoded(text: str, start: int, stop: int) -> str:
    raw = text[start + 1 : stop - 1]
    if "\\" not in raw and "'" not in raw:
        return raw

    def character(found: re.Match[str]) -> str:
        place = start + 1 + found.start()
        code, plain = found[1], found[2]
        if code is not None:
            if int(code, 16) == 0 or 0xD800 <= int(code, 16) <= 0xDFFF:
                raise _unsupported("this escape", place)
            return chr(int(code, 16))
        if plain is None:
            return "'"
        if plain in _SIMPLE_ESCAPES:
            return _SIMPLE_ESCAPES[plain]
        if plain.isalnum() or plain.isspace():
            raise _unsupported(f'the escape "\\{plain}"', place, "Write two backslashes for one, or r'...'.")
        return plain

    return _ESCAPE.sub(character, raw)


def _checked_number(text: str, start: int, stop: int) -> str:
    before = text[start] == "." and start > 0 and _OPERAND_END.match(text, start - 1)
    if before or (stop < len(text) and _WORD_CHARACTER.match(text, stop)):
        raise SyntaxProblem(f'syntax error at or near "{text[start : stop + 1]}"', start)
    return text[start:stop].upper()


def check_quotes(tokens: list[Token], text: str) -> None:
    """Raises: SyntaxProblem, where a query holds double quotes."""
    for token in tokens:
        if token.token_type is TokenType.IDENTIFIER and text[token.start] == '"':
            raise _double_quotes(token.start)


def _double_quotes(offset: int) -> SyntaxProblem:
    return _unsupported(
        "what stands in double quotes", offset, "Write 'text' for a string and `name` for a name."
    )


def _nothing_matches(text: str, at: int) -> SyntaxProblem:
    match text[at]:
        case '"':
            return _double_quotes(at)
        case "'":
            return SyntaxProblem(f'unterminated quoted string at or near "{text[at:]}"', at)
        case "`":
            return SyntaxProblem(f'unterminated quoted identifier at or near "{text[at:]}"', at)
        case char if char.isalpha():
            return _unsupported("a letter outside ASCII in a name", at, "Write the name in backquotes.")
    return _near(text, at, at + 1)


def _token(kind: TokenType, text: str, start: int, stop: int) -> Token:
    return Token(kind, text, start, start, start, stop - 1)


def _near(text: str, start: int, stop: int) -> SyntaxProblem:
    return SyntaxProblem(f'syntax error at or near "{text[start:stop]}"', start)


def _unsupported(what: str, offset: int, hint: str | None = None) -> SyntaxProblem:
    return SyntaxProblem(f"{what} is not supported in Spark SQL here", offset, "0A000", hint)
