"""PostgreSQL's lexical rules, as far as finding prose and the end of a draft needs them.

Rules: every character of the text belongs to exactly one token; a quote or comment that never closes runs
to the end as `unterminated`.  Leaves out: numbers and operators, which come one character at a time as
`other`.
Source: PostgreSQL 18, chapter 4.1 (lexical structure).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["space", "comment", "string", "quoted", "word", "other", "unterminated"]


@dataclass(frozen=True, slots=True)
class Token:
    """One token.  Units: `start` and `end` in characters of the text."""

    kind: Kind
    text: str
    start: int
    end: int

    @property
    def blank(self) -> bool:
        return self.kind in ("space", "comment")

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.lower() in words


_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<line>--[^\r\n]*)
    | (?P<block>/\*)
    | (?P<escape>[eE]'(?:[^'\\]|''|\\.)*')
    | (?P<string>(?:[uU]&|[bBxXnN])?'(?:[^']|'')*')
    | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*")
    | (?P<dollar>\$(?P<tag>[^\W\d]\w*)?\$.*?\$(?(tag)(?P=tag))\$)
    | (?P<open>'|"|\$(?:[^\W\d]\w*)?\$)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_KINDS: dict[str, Kind] = {
    "space": "space",
    "line": "comment",
    "escape": "string",
    "string": "string",
    "dollar": "string",
    "quoted": "quoted",
    "word": "word",
    "other": "other",
}


def _block_end(text: str, start: int) -> int | None:
    """Where the block comment at `start` ends: PostgreSQL's nest, unlike standard SQL's."""
    depth = 0
    for edge in _BLOCK_EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return None


def tokens(text: str, start: int = 0) -> Iterator[Token]:
    """The tokens of `text` from `start` on, lazily: prose after a marker need not be lexical SQL."""
    while start < len(text):
        match = _TOKEN.match(text, start)
        assert match is not None, "the last alternative takes any character"
        group = match.lastgroup
        # The tag's group closes before the dollar string's, so lastgroup is always the alternative itself.
        end: int | None = match.end()
        kind: Kind = "unterminated"
        if group == "block":
            end = _block_end(text, start)
            kind = "comment" if end is not None else "unterminated"
        elif group == "open":
            end = None
        elif group is not None:
            kind = _KINDS[group]
        end = len(text) if end is None else end
        yield Token(kind, text[start:end], start, end)
        start = end


def string_value(literal: str) -> str:
    """What a string token means.  Leaves out: escapes of E'' beyond \\n, \\t and the character itself."""
    if literal.startswith("$"):
        mark = literal.index("$", 1) + 1
        return literal[mark:-mark]
    quote = literal.index("'")
    body = literal[quote + 1 : -1].replace("''", "'")
    if literal[:quote] in ("e", "E"):
        return re.sub(
            r"\\(.)", lambda m: {"n": "\n", "t": "\t", "r": "\r"}.get(m[1], m[1]), body, flags=re.DOTALL
        )
    return body
