"""One query string -> its statements, by PostgreSQL's lexical rules.

Rules: a semicolon inside quotes, dollar quotes, comments or parentheses ends nothing; each statement keeps its own
comments, since a comment may be a question; offsets are characters of the client's text.  A statement that begins
with `nl:` is prose and follows no SQL rule: it runs to the next semicolon outside `$$...$$`.  What is left open is an
error with PostgreSQL's message and place.

Left out: what the statements mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from checker.errors import AT_END, SyntaxProblem
from checker.lexer import (
    DOLLAR_TAG,
    ESCAPE_STRING,
    PLAIN_STRING,
    WORD,
    block_comment_end,
    dollar_string_end,
    lex,
)
from checker.verdict import Denied


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a query string.

    Units: `start` is the offset of the first character of `text` in the client's text, `end` that of the semicolon
    that ends it, or the length of the client's text.  `text` begins after white space and ends before the semicolon.
    `kind` is `empty` for a piece that holds comments only.
    """

    text: str
    start: int
    end: int
    kind: Literal["sql", "empty"]


_STEP = re.compile(
    rf"""
      (?P<space>[ \t\n\r\f\v]+)
    | (?P<comment>--[^\n\r]*+)
    | (?P<block>/\*)
    | (?P<semicolon>;)
    | (?P<dollar>{DOLLAR_TAG})
    | (?P<code>(?:{ESCAPE_STRING}|[uU]&{PLAIN_STRING}|[uU]&"(?:[^"]|"")*+"|{PLAIN_STRING}|"(?:[^"]|"")*+"
               |(?![eE]'){WORD}|[0-9][0-9A-Za-z_.]*+|\$[0-9]+|[(),\[\].:*=<>+])+)
    | (?P<broken>["']|[eE]')
    | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
PROSE = re.compile(r"nl:(?!:)", re.IGNORECASE)
_Found = TypeVar("_Found")
_BLANK = re.compile(r"[ \t\n\r\f\v]*")


def split(text: str) -> list[Statement]:
    """The statements of a query string; pieces of nothing but white space are left out.

    Raises: SyntaxProblem (42601) for an unterminated quote, dollar quote or comment.
    """
    statements: list[Statement] = []
    begin = at = _BLANK.match(text).end()  # type: ignore[union-attr]
    has_code = False
    while at < len(text):
        if not has_code and PROSE.match(text, at):
            at = _prose_end(text, at)
            has_code = True
            continue
        found = _STEP.match(text, at)
        assert found is not None  # "mark" takes any character
        group, start, at = found.lastgroup, at, found.end()
        if group == "code" or group == "mark":
            has_code = True
        elif group == "semicolon":
            if start > begin:
                statements.append(_statement(text, begin, start, has_code))
            begin = at = _BLANK.match(text, at).end()  # type: ignore[union-attr]
            has_code = False
        elif group == "block":
            at = _located(block_comment_end, text, start)
        elif group == "dollar":
            has_code = True
            at = _located(dollar_string_end, text, start, at)
        elif group == "broken":
            _located(lex, text[start:], offset=start)
            raise SyntaxProblem(f'syntax error at or near "{text[start]}"', start)
    if begin < len(text):
        statements.append(_statement(text, begin, len(text), has_code))
    return statements


def _statement(text: str, begin: int, end: int, has_code: bool) -> Statement:
    return Statement(text[begin:end].rstrip(" \t\n\r\f\v"), begin, end, "sql" if has_code else "empty")


def error_at_end(denied: Denied, text: str, end: int) -> Denied:
    """Where PostgreSQL puts an error at a statement's end: its parser sees the whole text, semicolons too.

    Units: `end` as Statement has it, in the client's `text`.
    """
    if denied.reason != AT_END:
        return denied
    reason = AT_END if end == len(text) else 'syntax error at or near ";"'
    return replace(denied, reason=reason, position=end + 1)


def _prose_end(text: str, at: int) -> int:
    while at < len(text) and text[at] != ";":
        if text.startswith("$$", at):
            closing = text.find("$$", at + 2)
            if closing < 0:
                raise SyntaxProblem("unterminated dollar-quoted string", at)
            at = closing + 2
        else:
            at += 1
    return at


def _located(scan: Callable[..., _Found], *arguments: object, offset: int = 0) -> _Found:
    try:
        return scan(*arguments)
    except SyntaxProblem as problem:
        at = None if problem.offset is None else problem.offset + offset
        raise SyntaxProblem(problem.message, at, problem.sqlstate, problem.hint) from None


__all__ = ["Statement", "SyntaxProblem", "error_at_end", "split"]
