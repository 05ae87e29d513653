"""The proof that a generated text holds the client's tokens and no others, and places carried from one to the other.

Rules: both texts are brought into one spelling first (desugar.py).  Then every token has to be there, in order;
left aside are words that mean nothing where they stand (AS, INNER, OUTER, ASC, the default NULLS FIRST or LAST), and
added parentheses.  NOT may stand before or after its operand and is counted.

What a policy put in the place of a table (protect.py) stands between two comments, which say how many of the client's
tokens it replaces; no comment of the client's is ever written again, so there are no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot.tokens import Token, TokenType

from checker.desugar import desugar
from checker.errors import SyntaxProblem
from checker.lexer import lex

_SYNONYMS = {
    "int": "int4", "integer": "int4", "bigint": "int8", "smallint": "int2", "boolean": "bool", "real": "float4",
    "float": "float8", "decimal": "numeric", "dec": "numeric",
}  # fmt: skip
_SILENT = frozenset({"as", "inner", "outer", "asc", "not"})


def _significant(tokens: list[Token]) -> list[tuple[str, Token]]:
    """What has to be equal.  `not` is left to a count: it may stand before or after its operand."""
    found: list[tuple[str, Token]] = []
    for index, token in enumerate(tokens):
        kind, text = token.token_type, token.text
        if kind is TokenType.STRING:
            found.append(("'" + text, token))
        elif kind is TokenType.IDENTIFIER:
            found.append(('"' + text, token))
        elif text in _SILENT:
            continue
        elif text in ("first", "last") and found and found[-1][0] == "nulls":
            descending = index >= 2 and tokens[index - 2].text == "desc"
            if descending == (text == "first"):
                found.pop()  # PostgreSQL's default, spelled out
            else:
                found.append((text, token))
        else:
            found.append((_SYNONYMS.get(text, text.lower()), token))
    return found


def same_tokens(written: list[Token], rendered: list[Token]) -> tuple[bool, Token | None]:
    """Whether the rendered tokens are the written ones.  The token is the first written one that is not there.

    Parentheses may be added (the parser does where precedence would be unclear), never taken away.
    """
    wanted, found = _significant(written), _significant(rendered)
    at = 0
    for text, _ in found:
        if at < len(wanted) and text == wanted[at][0]:
            at += 1
        elif text not in "()":
            return False, wanted[at][1] if at < len(wanted) else None
    if at < len(wanted):
        return False, wanted[at][1]
    missing = sum(t.text == "not" for t in written) != sum(t.text == "not" for t in rendered)
    return (False, next((t for t in written if t.text == "not"), None)) if missing else (True, None)


def count_tokens(text: str) -> int:
    """How many tokens count in a text that was generated."""
    return len(_significant(desugar(lex(text), text)))


_MARK = re.compile(r"/\*(?:<(\d+)|>)\*/")


def _replacements(generated: str, tokens: list[Token]) -> Iterator[tuple[int, int, int]]:
    """Where each replacement starts and stops, and how many of the client's tokens it stands for."""
    at, opened = 0, None
    for start, stop in [(token.start, token.end + 1) for token in tokens] + [(len(generated), 0)]:
        # Between two tokens there is nothing but blanks and comments.
        for mark in _MARK.finditer(generated, at, max(at, start)):
            if mark[1] is not None:
                opened = (mark.end(), int(mark[1]))
            elif opened is not None:
                yield opened[0], mark.start(), opened[1]
                opened = None
        at = stop


def map_position(original: str, generated: str, position: int) -> int | None:
    """Where in the client's text the engine's error points to.

    Units: 1-based characters, both ways.  None when the place has no counterpart; a place within what a policy put
    there is that of the table.
    """
    try:
        written = _significant(desugar(lex(original), original))
        tokens = lex(generated)
        replacements = list(_replacements(generated, tokens)) if "/*<" in generated else []
        rendered = _significant(desugar(tokens, generated))
    except SyntaxProblem:
        return None
    at, replaced = 0, -1
    for text, token in rendered:
        inside = next(
            (n for n, (start, stop, _) in enumerate(replacements) if start <= token.start < stop), None
        )
        if inside is not None:
            if inside != replaced:
                replaced, first = inside, at
                at += replacements[inside][2]
            if token.end + 1 >= position:
                return written[first][1].start + 1 if first < len(written) else None
            continue
        matches = at < len(written) and text == written[at][0]
        if matches and token.end + 1 >= position:
            return written[at][1].start + 1
        if matches:
            at += 1
        elif text not in "()":
            return None
    return None
