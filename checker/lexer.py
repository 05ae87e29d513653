"""PostgreSQL's lexical rules, as sqlglot tokens.

sqlglot's own tokenizer reads `0x1F`, `1_000`, `U&''`, white space and operators differently from PostgreSQL, and a
gate that reads a text differently from the engine behind it can be talked around.  So this file is the only lexer:
the splitter, the session statements and the parser all stand on it.

Rules: the text of an unquoted word is folded as PostgreSQL folds it (ASCII only); strings are decoded; numbers are
plain decimal; `start` and `end` are offsets into the text (end inclusive, as sqlglot counts), and `line` carries
`start` again, because sqlglot's errors tell the line of a token but not its offset.  What PostgreSQL refuses is
refused here, with its message and position.
Source: PostgreSQL 18 src/backend/parser/scan.l; documentation chapter 4.1.

Left out: what the words mean, see dialect.py.
"""

from __future__ import annotations

import re

from sqlglot.tokens import Token, TokenType

from checker.errors import SyntaxProblem
from checker.words import KEYWORDS, OPERATORS, OTHER_OPERATOR, PUNCTUATION

SPACE = r"[ \t\n\r\f\v]"
# Two quoted pieces are one string when a line break stands between them; comments may stand there too.
# Possessive, so that a hostile text cannot make the pattern try again and again.
_CONTINUE = r"(?:[ \t\f\v]|--[^\n\r]*+)*+[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*+[\n\r])*+"
PLAIN_STRING = rf"'[^']*+'(?:(?:{_CONTINUE})?+'[^']*+')*+"
_ESCAPED = r"(?:[^'\\]|\\.|'')*+"
ESCAPE_STRING = rf"[eE]'{_ESCAPED}'(?:{_CONTINUE}'{_ESCAPED}')*+"
WORD = r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*"
DOLLAR_TAG = r"\$(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?\$"
_INTEGER = r"[0-9](?:_?[0-9])*"
_NUMBER = (
    r"0[xX](?:_?[0-9A-Fa-f])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+"
    rf"|(?:{_INTEGER}(?:\.(?!\.)(?:{_INTEGER})?)?|\.{_INTEGER})(?:[eE][-+]?{_INTEGER})?"
)

_TOKEN = re.compile(
    rf"""{SPACE}*(?:
      (?P<estring>{ESCAPE_STRING})
    | (?P<ustring>[uU]&{PLAIN_STRING})
    | (?P<bits>[bBxX]'[^']*')
    | (?P<uquoted>[uU]&"(?:[^"]|"")*")
    | (?P<broken>(?:[eEbBxXnN]|[uU]&)'|[uU]&")
    | (?P<word>{WORD})
    | (?P<punctuation>::|:=|\.\.|[(),\[\];:]|\.(?![0-9]))
    | (?P<string>{PLAIN_STRING})
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<number>{_NUMBER})
    | (?P<comment>--[^\n\r]*)
    | (?P<block>/\*)
    | (?P<operator>[-+*/<>=~!@\#%^&|`?]+)
    | (?P<parameter>\$[0-9]+)
    | (?P<dollar>{DOLLAR_TAG})
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_WORD_START = re.compile(r"[A-Za-z_\x80-\U0010ffff0-9]")
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_OPERATOR_STOP = re.compile(r"--|/\*")
_PIECES = re.compile(_CONTINUE)
_BACKSLASH = re.compile(
    r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([\s\S]))|''"
)
_SIMPLE_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_UESCAPE = re.compile(rf"{SPACE}*[uU][eE][sS][cC][aA][pP][eE]{SPACE}*'(.)'", re.DOTALL)
_UPPER_TO_LOWER = {upper: upper + 32 for upper in range(65, 91)}


def fold(word: str) -> str:
    """An unquoted word as PostgreSQL stores it: only ASCII letters are folded in a UTF-8 database."""
    return word.lower() if word.isascii() else word.translate(_UPPER_TO_LOWER)


def lex(text: str) -> list[Token]:
    """The tokens of one or more statements, comments left out.  Raises: SyntaxProblem."""
    tokens: list[Token] = []
    append = tokens.append
    match = _TOKEN.match
    keywords = KEYWORDS
    at = 0
    while True:
        found = match(text, at)
        if found is None:
            raise _nothing_matches(text, at)
        group = found.lastgroup
        start, stop = found.span(group)  # type: ignore[arg-type]
        if group == "word":
            word = text[start:stop]
            word = word.lower() if word.isascii() else word.translate(_UPPER_TO_LOWER)
            append(Token(keywords.get(word, TokenType.VAR), word, start, start, start, stop - 1))
        elif group == "punctuation":
            mark = text[start:stop]
            if mark == "..":
                raise _near(text, start, stop)
            append(Token(PUNCTUATION[mark], mark, start, start, start, stop - 1))
        elif group == "string":
            append(Token(TokenType.STRING, _plain_value(text[start:stop]), start, start, start, stop - 1))
        elif group == "quoted":
            append(_quoted(text, start, stop, text[start + 1 : stop - 1].replace('""', '"')))
        elif group == "number":
            stop = _check_number_end(text, start, stop)
            append(Token(TokenType.NUMBER, _decimal(text[start:stop]), start, start, start, stop - 1))
        elif group == "operator":
            stop = _operator_end(text, start, stop)
            name = text[start:stop]
            append(Token(OPERATORS.get(name, OTHER_OPERATOR), name, start, start, start, stop - 1))
        elif group == "parameter":
            if stop < len(text) and _WORD_START.match(text, stop):
                raise SyntaxProblem(
                    f'trailing junk after parameter at or near "{text[start : stop + 1]}"', start
                )
            append(Token(TokenType.PARAMETER, "$", start, start, start, stop - 1))
            append(
                Token(
                    TokenType.NUMBER, text[start + 1 : stop].lstrip("0") or "0", start, start, start, stop - 1
                )
            )
        elif group == "end":
            return tokens
        elif group == "comment":
            pass
        elif group == "block":
            stop = block_comment_end(text, start)
        elif group == "estring":
            append(Token(TokenType.STRING, _escape_value(text, start, stop), start, start, start, stop - 1))
        elif group == "dollar":
            stop = dollar_string_end(text, start, stop)
            tag = found.group("dollar")
            append(
                Token(
                    TokenType.STRING, text[start + len(tag) : stop - len(tag)], start, start, start, stop - 1
                )
            )
        elif group == "bits":
            append(_bits(text, start, stop))
        elif group == "ustring" or group == "uquoted":
            raw, stop, mark = _unicode_pieces(text, start, stop, group == "ustring")
            value = _unicode_value(raw, mark, start)
            if group == "ustring":
                append(Token(TokenType.STRING, value, start, start, start, stop - 1))
            else:
                append(_quoted(text, start, stop, value))
        else:
            raise _unterminated(text, start)
        at = stop


def block_comment_end(text: str, start: int) -> int:
    """Where the block comment at `start` ends; comments nest.  Raises: SyntaxProblem."""
    depth, at = 0, start
    while True:
        edge = _BLOCK_EDGE.search(text, at)
        if edge is None:
            raise SyntaxProblem("unterminated /* comment", start)
        depth += 1 if edge.group() == "/*" else -1
        at = edge.end()
        if depth == 0:
            return at


def dollar_string_end(text: str, start: int, after_tag: int) -> int:
    """Where the dollar-quoted string at `start` ends.  Raises: SyntaxProblem."""
    tag = text[start:after_tag]
    closing = text.find(tag, after_tag)
    if closing < 0:
        raise SyntaxProblem(f'unterminated dollar-quoted string at or near "{text[start:]}"', start)
    return closing + len(tag)


def _quoted(text: str, start: int, stop: int, name: str) -> Token:
    if not name:
        raise SyntaxProblem(f'zero-length delimited identifier at or near "{text[start:stop]}"', start)
    return Token(TokenType.IDENTIFIER, name, start, start, start, stop - 1)


def _plain_value(raw: str) -> str:
    if "'" not in raw[1:-1]:
        return raw[1:-1]
    return _join_pieces(raw, lambda piece: piece.replace("''", "'"))


def _join_pieces(raw: str, decode: object) -> str:
    # The pattern of PLAIN_STRING reads a doubled quote as "end, then start again": only a gap with a line
    # break in it is a continuation.
    value, at = [], 1
    while True:
        quote = raw.index("'", at) if "'" in raw[at:] else len(raw) - 1
        value.append(raw[at:quote])
        if quote == len(raw) - 1:
            return "".join(value)
        if raw[quote + 1] == "'":
            value.append("'")
            at = quote + 2
        else:
            at = raw.index("'", _PIECES.match(raw, quote + 1).end()) + 1  # type: ignore[union-attr]


def _escape_value(text: str, start: int, stop: int) -> str:
    raw = text[start + 1 : stop]
    value: list[str] = []
    pending = bytearray()  # \xNN and \NNN give bytes, which together must be UTF-8
    at = 1

    def flush() -> None:
        if pending:
            try:
                value.append(pending.decode("utf-8"))
            except UnicodeDecodeError:
                shown = pending.hex(" ")
                raise SyntaxProblem(
                    f'invalid byte sequence for encoding "UTF8": 0x{shown}', start, "22021"
                ) from None
            pending.clear()

    while at < len(raw) - 1:
        char = raw[at]
        if char == "'" and raw[at + 1] != "'":
            at = _PIECES.match(raw, at + 1).end() + 1  # type: ignore[union-attr]
            continue
        if char not in "\\'":
            flush()
            value.append(char)
            at += 1
            continue
        found = _BACKSLASH.match(raw, at)
        if found is None:
            raise SyntaxProblem("invalid escape string", start, "22025")
        at = found.end()
        octal, hexadecimal, short, long, simple = found.groups()
        if octal or hexadecimal:
            pending.append((int(octal, 8) if octal else int(hexadecimal, 16)) & 0xFF)
            continue
        flush()
        if short or long:
            value.append(chr_checked(int(short or long, 16), start))
        elif simple in ("u", "U"):
            raise SyntaxProblem(
                "invalid Unicode escape", start, "22025", "Unicode escapes must be \\uXXXX or \\UXXXXXXXX."
            )
        elif simple is None:
            value.append("'")
        else:
            value.append(_SIMPLE_ESCAPES.get(simple, simple))
    flush()
    return _without_nul(_join_surrogates("".join(value), start), start)


def chr_checked(code: int, offset: int) -> str:
    """The character of a Unicode escape.  Raises: SyntaxProblem."""
    if not 0 < code <= 0x10FFFF:
        raise SyntaxProblem("invalid Unicode escape value", offset, "42601")
    return chr(code)


def _join_surrogates(value: str, offset: int) -> str:
    if not any("\ud800" <= char <= "\udfff" for char in value):
        return value
    try:
        return value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise SyntaxProblem("invalid Unicode surrogate pair", offset) from None


def _without_nul(value: str, offset: int) -> str:
    if "\x00" in value:
        raise SyntaxProblem('invalid byte sequence for encoding "UTF8": 0x00', offset, "22021")
    return value


def _unicode_pieces(text: str, start: int, stop: int, is_string: bool) -> tuple[str, int, str]:
    raw = text[start + 2 : stop]
    raw = _plain_value(raw) if is_string else raw[1:-1].replace('""', '"')
    escape = _UESCAPE.match(text, stop)
    if escape is None:
        return raw, stop, "\\"
    mark = escape.group(1)
    if mark in "+'\" \t\n\r\f\v" or mark in "0123456789abcdefABCDEF":
        raise SyntaxProblem("invalid Unicode escape character", escape.start(1) - 1)
    return raw, escape.end(), mark


def _unicode_value(raw: str, mark: str, offset: int) -> str:
    value, at = [], 0
    while at < len(raw):
        if raw[at] != mark:
            value.append(raw[at])
            at += 1
        elif raw[at + 1 : at + 2] == mark:
            value.append(mark)
            at += 2
        else:
            digits = raw[at + 2 : at + 8] if raw[at + 1 : at + 2] == "+" else raw[at + 1 : at + 5]
            wanted = 6 if raw[at + 1 : at + 2] == "+" else 4
            if len(digits) != wanted or not re.fullmatch(r"[0-9A-Fa-f]+", digits):
                raise SyntaxProblem(
                    "invalid Unicode escape", offset, "42601", "Unicode escapes must be \\XXXX or \\+XXXXXX."
                )
            value.append(chr_checked(int(digits, 16), offset))
            at += 5 if wanted == 4 else 8
    return _join_surrogates("".join(value), offset)


def _bits(text: str, start: int, stop: int) -> Token:
    digits = text[start + 2 : stop - 1]
    is_hexadecimal = text[start] in "xX"
    allowed = r"[0-9A-Fa-f]*" if is_hexadecimal else r"[01]*"
    if not re.fullmatch(allowed, digits):
        wrong = re.sub(r"^" + allowed, "", digits)[:1]
        name = "hexadecimal" if is_hexadecimal else "binary"
        raise SyntaxProblem(f'"{wrong}" is not a valid {name} digit', start, "22P02")
    kind = TokenType.HEX_STRING if is_hexadecimal else TokenType.BIT_STRING
    return Token(kind, digits, start, start, start, stop - 1)


def _check_number_end(text: str, start: int, stop: int) -> int:
    if stop < len(text) and _WORD_START.match(text, stop):
        raise SyntaxProblem(
            f'trailing junk after numeric literal at or near "{text[start : stop + 1]}"', start
        )
    return stop


def _decimal(digits: str) -> str:
    digits = digits.replace("_", "")
    if digits[:2] in ("0x", "0X", "0o", "0O", "0b", "0B"):
        return str(int(digits, 0))
    return digits


def _operator_end(text: str, start: int, stop: int) -> int:
    """An operator ends before a comment, and before a trailing + or - unless it holds a special character."""
    comment = _OPERATOR_STOP.search(text, start, stop)
    if comment is not None:
        stop = comment.start()
    while (
        stop - start > 1
        and text[stop - 1] in "+-"
        and not any(c in "~!@#%^&|`?" for c in text[start : stop - 1])
    ):
        stop -= 1
    return stop


def _near(text: str, start: int, stop: int) -> SyntaxProblem:
    return SyntaxProblem(f'syntax error at or near "{text[start:stop]}"', start)


def _unterminated(text: str, start: int) -> SyntaxProblem:
    opener = text[start : start + 3]
    if opener[0] in "nN":
        return SyntaxProblem("national character strings are not supported", start, "0A000")
    if '"' in opener:
        return SyntaxProblem(f'unterminated quoted identifier at or near "{text[start:]}"', start)
    kind = {"b": "bit string literal", "x": "hexadecimal string literal"}.get(
        opener[0].lower(), "quoted string"
    )
    return SyntaxProblem(f'unterminated {kind} at or near "{text[start:]}"', start)


def _nothing_matches(text: str, at: int) -> SyntaxProblem:
    start = at
    while text[start] in " \t\n\r\f\v":
        start += 1
    if text[start] == "'":
        return SyntaxProblem(f'unterminated quoted string at or near "{text[start:]}"', start)
    if text[start] == '"':
        return SyntaxProblem(f'unterminated quoted identifier at or near "{text[start:]}"', start)
    return _near(text, start, start + 1)
