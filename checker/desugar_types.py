"""Types of several words, and literals that begin with their type."""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

from checker.rewriter import Rewriter, Rule
from checker.words import KEYWORDS, TYPE_WORDS


def _type_word(rewriter: Rewriter, token: Token) -> bool:
    """`double precision`, `character varying`, `timestamp(3) with time zone`: one word; then `DATE 'x'`."""
    if rewriter.out and rewriter.out[-1].token_type is TokenType.DOT:
        return False
    word, kind, width = token.text, token.token_type, 1
    modifier: list[Token] = []
    if word == "double":
        if rewriter.word(1) != "precision":
            return False
        word, width = "float8", 2
    elif word in ("character", "char") and rewriter.word(1) == "varying":
        word, kind, width = "varchar", TokenType.VARCHAR, 2
    elif word in ("timestamp", "time"):
        modifier = _modifier(rewriter, 1)
        ahead = 1 + len(modifier)
        zone = rewriter.word(ahead)
        if zone in ("with", "without") and (rewriter.word(ahead + 1), rewriter.word(ahead + 2)) == (
            "time",
            "zone",
        ):
            width = 4
            if zone == "with":
                word += "tz"
                kind = TokenType.TIMESTAMPTZ if word == "timestamptz" else TokenType.TIMETZ
    if not modifier:
        modifier = _modifier(rewriter, width)
    width += len(modifier)
    literal = rewriter.peek(width)
    name = Token(kind, word, token.line, token.col, token.start, token.end)
    if literal is not None and literal.token_type is TokenType.STRING and _starts_operand(rewriter):
        return _typed_literal(rewriter, token, name, modifier, width)
    if width == 1 + len(modifier) and word == token.text:
        return False
    rewriter.out.append(name)
    rewriter.out.extend(modifier)
    rewriter.at += width
    return True


def _modifier(rewriter: Rewriter, ahead: int) -> list[Token]:
    """`(3)` or `(10, 2)` after a type's name; nothing when what is there is an expression."""
    first = rewriter.peek(ahead)
    if first is None or first.token_type is not TokenType.L_PAREN:
        return []
    found = [first]
    for index in range(rewriter.at + ahead + 1, min(rewriter.at + ahead + 5, len(rewriter.tokens))):
        token = rewriter.tokens[index]
        found.append(token)
        if token.token_type is TokenType.R_PAREN:
            return found
        if token.token_type not in (TokenType.NUMBER, TokenType.COMMA):
            break
    return []


def _starts_operand(rewriter: Rewriter) -> bool:
    return not rewriter.operand_before() and not (
        rewriter.out and rewriter.out[-1].token_type is TokenType.DCOLON
    )


def _typed_literal(rewriter: Rewriter, token: Token, name: Token, modifier: list[Token], width: int) -> bool:
    literal = rewriter.tokens[rewriter.at + width]
    rewriter.out.append(literal)
    rewriter.emit(TokenType.DCOLON, "::", token)
    rewriter.out.append(name)
    rewriter.out.extend(modifier)
    rewriter.at += width + 1
    return True


def _object_identifier(rewriter: Rewriter, token: Token) -> bool:
    """`oid[]`, `regclass[]`: the parser knows an array of these only by its whole name."""
    if rewriter.word(1) != "[" or rewriter.word(2) != "]":
        return _type_word(rewriter, token)
    rewriter.emit(TokenType.VAR, "pg_catalog", token)
    rewriter.emit(TokenType.DOT, ".", token)
    rewriter.emit(TokenType.VAR, token.text, token)
    rewriter.at += 1
    return True


RULES: dict[TokenType, Rule] = {
    **{KEYWORDS[word]: _type_word for word in TYPE_WORDS if word in KEYWORDS},
    TokenType.OBJECT_IDENTIFIER: _object_identifier,
}
