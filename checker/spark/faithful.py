"""The proof that what was written from the tree are the client's tokens, one for one.

Left aside are words that change nothing where they stand (AS, INNER, ASC, OUTER behind LEFT, RIGHT or FULL, Spark's
default NULLS FIRST or LAST) and synonyms (== and =, != and <>, REGEXP and RLIKE, MINUS and EXCEPT, ! and NOT).  A
quoted name is a name again; a bare word is the same name or the same word of the grammar.
"""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

_SYNONYMS = {"==": "=", "!=": "<>", "regexp": "rlike", "minus": "except", "!": "not"}
_SILENT = frozenset({"as", "inner", "asc"})
_SIDES = frozenset({"left", "right", "full"})


def same_tokens(written: list[Token], rendered: list[Token]) -> tuple[bool, Token | None]:
    """Whether the rendered tokens are the written ones.  The token is the first written one that is not there."""
    wanted, found = _significant(written), _significant(rendered)
    for at, one in enumerate(wanted):
        if at >= len(found) or not _same(one, found[at]):
            return False, one
    return len(found) == len(wanted), None


def _same(written: Token, rendered: Token) -> bool:
    kinds = (written.token_type, rendered.token_type)
    if TokenType.STRING in kinds:
        return kinds[0] is kinds[1] and written.text == rendered.text
    if kinds[1] is TokenType.IDENTIFIER or (kinds[0] is TokenType.VAR and written.text[-1:] == "\x00"):
        return written.text == rendered.text
    return kinds[0] is not TokenType.IDENTIFIER and _word(written) == _word(rendered)


def _significant(tokens: list[Token]) -> list[Token]:
    found: list[Token] = []
    for index, token in enumerate(tokens):
        word, before = _word(token), _word(found[-1]) if found else ""
        if word in _SILENT or (word == "outer" and before in _SIDES):
            continue
        if word in ("first", "last") and before == "nulls":
            descending = index >= 2 and _word(tokens[index - 2]) == "desc"
            if descending == (word == "last"):
                found.pop()  # Spark's default, spelled out
                continue
        found.append(token)
    return found


def _word(token: Token) -> str:
    if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
        return ""
    word = token.text.lower()
    return _SYNONYMS.get(word, word)
