"""What a statement may leave behind on a mirror connection, judged from its text.

A connection goes from client to client, so whatever one leaves on it has to be undone.  Rules: the judgement
is an allowlist, and what it does not know counts as OTHER, which costs that connection its life and never
more; a wrong "may leave something" is slow, a wrong "leaves nothing" would be a leak, so every doubt goes the
slow way.  Left out: everything that the mirror's privileges rule out anyway (tables, temporary objects, large
objects, SET ROLE).
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache


class Effect(IntEnum):
    """What is left once the transaction has ended; the worse of two is the greater."""

    NOTHING = 0
    SETTINGS = 1
    """Session settings: RESET ALL undoes them."""
    OTHER = 2
    """Perhaps a prepared statement, a lock, a cursor, a seed: only a new connection undoes all of them."""


# Comments end where PostgreSQL's lexer ends them; nested ones are not followed, which makes the word unknown.
_FIRST_WORD = re.compile(r"(?:[ \t\n\r\f\v(]|--[^\n\r]*|/\*(?:[^*/]|\*(?!/)|/(?!\*))*\*/)*([a-zA-Z]*)")
_PLANNED = frozenset({"select", "values", "table", "with", "show", "explain"})
_HARMLESS = _PLANNED | {
    *("begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release"),
    *("fetch", "move", "close", "copy"),
}
# Quoted names may be spelled with escapes (U&"set\005fconfig"), and a semicolon may begin another statement.
_LASTING = re.compile(r"advisory|setseed|u&|;", re.IGNORECASE)
_HELD = re.compile(r"\bhold\b|advisory|setseed|set_config|u&|;", re.IGNORECASE)
# RESET ALL leaves these three as they are.
_NEVER_RESET = re.compile(r"\b(?:role|(?:session_)?authorization|seed)\b|u&|;", re.IGNORECASE)
# Such a literal becomes a constant when it is parsed: a kept plan would answer with a time gone by.
_CLOCK = re.compile(r"['$][^'$]*(?:now|today|tomorrow|yesterday)[^'$]*['$]|\\", re.IGNORECASE)

_PARAMETER = re.compile(r"\$\d")


@lru_cache(maxsize=4096)
def effect_of(sql: str) -> Effect:
    """The most that one statement can leave behind."""
    word = _first_word(sql)
    if word in ("set", "reset"):
        return Effect.OTHER if _NEVER_RESET.search(sql) else Effect.SETTINGS
    if word == "declare":
        return Effect.OTHER if _HELD.search(sql) else Effect.NOTHING
    if word not in _HARMLESS or _LASTING.search(sql):
        return Effect.OTHER
    return Effect.SETTINGS if "set_config" in sql.lower() else Effect.NOTHING


@lru_cache(maxsize=4096)
def may_keep_plan(sql: str) -> bool:
    """Whether a statement prepared once answers ever after as it would if it were parsed anew."""
    return _first_word(sql) in _PLANNED and effect_of(sql) is Effect.NOTHING and not _CLOCK.search(sql)


@lru_cache(maxsize=4096)
def may_keep_text_plan(sql: str) -> bool:
    """The same for simple query, which has no parameters and says so where a statement names one."""
    return may_keep_plan(sql) and not _PARAMETER.search(sql)


def _first_word(sql: str) -> str:
    match = _FIRST_WORD.match(sql)
    return match.group(1).lower() if match else ""
