"""A forgiving view of any text as SQL words: what is left when a statement does not parse, or is only a piece of one.

lexer.py reads as PostgreSQL does and stops at the first mistake.  An attack is often a mistake by itself: the half of
a condition, a quote that closes somebody else's string.  So this reading never fails: a string or a comment that is
left open runs to the end, and marks of other dialects (backquotes, brackets, `#`, `@@name`) are read too.

Rules: `start` and `end` are offsets into the text, end exclusive.  Patterns are possessive throughout: linear time.

Left out: what the words mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    WORD = auto()
    NAME = auto()
    """`"x"`, `` `x` `` and `[x]`: an identifier in one dialect, a string in another."""
    STRING = auto()
    NUMBER = auto()
    VARIABLE = auto()
    MARK = auto()
    """Operators and punctuation."""
    COMMENT = auto()


@dataclass(frozen=True, slots=True)
class Lexeme:
    """One word of the text.

    Shapes: `text` is lower case for a word or a variable, the content for a string, a name or a comment.  `closed`
    is False for a string, name or comment that the end of the text cuts off.
    """

    kind: Kind
    text: str
    start: int
    end: int
    closed: bool = True


_GLUED = "(?:(?i:union|and|or|from|where|having|order|limit|procedure))"
"""What MySQL lets follow a number without a space."""


def _pattern(string_body: str) -> re.Pattern[str]:
    return re.compile(
        rf"""
          (?P<space>[\s\x00]++|/\*![0-9]*+|\*/)
        | (?P<block>/\*(?:[^*]++|\*(?!/))*+(?:\*/)?+)
        | (?P<line>--[^\n]*+|\#[^\n]*+)
        | (?P<string>(?:[eEnNbBxX]|[uU]&)?+'{string_body}(?P<closing>'?+))
        | (?P<name>"[^"]*+(?:""[^"]*+)*+"?+|`[^`]*+`?+|\[[A-Za-z_][\w\ .$-]*+\])
        | (?P<variable>@@?+[\w.$]++|:[A-Za-z_]\w*+|\$[0-9]++)
        | (?P<word>[^\W0-9][\w$]*+|[0-9]++(?![eExX][0-9]|{_GLUED}\b)[^\W0-9][\w$]*+)
        | (?P<number>0[xX][0-9A-Fa-f]++|[0-9]++(?:\.[0-9]*+)?+(?:[eE][-+]?+[0-9]++)?+|\.[0-9]++)
        | (?P<mark><=>|<<|>>|::|:=|\|\||&&|<>|!=|\^=|<=|>=|->>?+|.)
        """,
        re.VERBOSE | re.DOTALL,
    )


_STANDARD = _pattern(r"[^']*+(?:''[^']*+)*+")
_BACKSLASHES = _pattern(r"(?:[^'\\]++|''|\\.)*+")
_KINDS = {
    "word": Kind.WORD,
    "variable": Kind.VARIABLE,
    "mark": Kind.MARK,
    "number": Kind.NUMBER,
}


def read(text: str, inside: str = "", backslashes: bool = False) -> list[Lexeme]:
    """All words of the text; never fails.

    `inside` is the quote within which the text begins: its first word is then the rest of that string.
    `backslashes`: a backslash hides the quote after it, as in MySQL.
    """
    found: list[Lexeme] = []
    at = 0
    if inside:
        quote = text.find(inside)
        at = len(text) if quote < 0 else quote + 1
        found.append(Lexeme(Kind.STRING, text[: at - 1 if quote >= 0 else at], 0, at, quote >= 0))
    match = (_BACKSLASHES if backslashes else _STANDARD).match
    while at < len(text):
        step = match(text, at)
        assert step is not None  # "mark" takes any character
        group = step.lastgroup or ""
        start, at = at, step.end()
        if group in _KINDS:
            found.append(Lexeme(_KINDS[group], text[start:at].lower(), start, at))
        elif group == "string":
            content = text[text.index("'", start) + 1 : at - len(step["closing"])]
            found.append(Lexeme(Kind.STRING, content.replace("''", "'"), start, at, bool(step["closing"])))
        elif group == "name":
            found.append(_name(text, start, at))
        elif group == "line":
            skip = 2 if text[start] == "-" else 1
            found.append(Lexeme(Kind.COMMENT, text[start + skip : at], start, at))
        elif group == "block":
            closed = at - start >= 4 and text.endswith("*/", start, at)
            content = text[start + 2 : at - 2 if closed else at]
            found.append(Lexeme(Kind.COMMENT, content, start, at, closed))
    return found


def _name(text: str, start: int, end: int) -> Lexeme:
    quote = "]" if text[start] == "[" else text[start]
    content = text[start + 1 : end]
    # Doubled quotes belong to the content: an odd one at the end closes it.
    closed = (len(content) - len(content.rstrip(quote))) % 2 == 1
    content = content[:-1] if closed else content
    return Lexeme(Kind.NAME, content.replace(quote * 2, quote), start, end, closed)
