"""Whether a text is a statement of some dialect, or a piece of one, or no SQL at all: by its first words."""

from __future__ import annotations

from checker.injection.lexemes import Kind, Lexeme

_AHEAD = 200
"""Words that are looked at where many places of a text are tried."""
_OBJECTS_WORDS = """
    table view index database schema function procedure user role sequence trigger login type domain extension
    materialized temporary temp unique or if column constraint global external tablespace policy server
    session system clustered nonclustered fulltext event package synonym assembly
"""
_OBJECTS = frozenset(_OBJECTS_WORDS.split())
_JOINS_OF_WORDS = frozenset({"and", "or", "the", "a", "an", "of", "for", "your", "is", "are"})


def begins_statement(lexemes: list[Lexeme], ahead: int | None = _AHEAD) -> bool:
    """Whether these words begin a statement: its verb, and behind it what that verb takes.

    Units: `ahead` is how many words are looked at, None for all.
    """
    words = [lexeme.text if lexeme.kind in (Kind.WORD, Kind.MARK) else "" for lexeme in lexemes[:ahead]]
    at = 0
    while at < len(words) and words[at] == "(":
        at += 1
    if at >= len(words):
        return False
    verb, rest = words[at], words[at + 1 :]
    follower = rest[0] if rest else ""
    kinds = [lexeme.kind for lexeme in lexemes[at + 1 : at + 3]]
    if verb == "select":
        return bool(kinds) and _is_select(rest, lexemes[at + 1 :]) and (not at or _goes_on(lexemes))
    if at:
        return False
    if verb in ("create", "alter", "drop", "comment", "rename"):
        return follower in _OBJECTS or (verb == "comment" and follower == "on")
    if verb == "truncate":
        return follower == "table" or len(rest) == 1
    if verb == "insert":
        return follower in ("into", "ignore", "overwrite", "all") and len(rest) > 1
    if verb == "update":
        return "set" in rest[:8]
    if verb == "delete":
        return follower == "from" or "from" in rest[:4] or "where" in rest[:3]
    if verb == "with":
        return "as" in rest[:12] and "(" in rest and "select" in rest
    if verb in ("replace", "merge"):
        return follower == "into"
    if verb in ("grant", "revoke"):
        return "on" in rest[:12] or "to" in rest[:6] or "from" in rest[:6]
    if verb in ("exec", "execute"):
        return bool(kinds) and follower not in _JOINS_OF_WORDS and kinds[1:] != [Kind.WORD]
    if verb == "declare":
        return bool(kinds) and (kinds[0] is Kind.VARIABLE or "cursor" in rest[:6])
    if verb == "shutdown":
        return not rest or follower in ("with", ";", "immediate", "abort")
    if verb == "waitfor":
        return follower in ("delay", "time")
    if verb == "explain":
        return bool({"select", "update", "delete", "insert", "with"} & set(rest[:6]))
    if verb == "values":
        return follower == "("
    if verb == "call":
        return len(rest) > 1 and "(" in rest[:6]
    if verb == "copy":
        return "to" in rest or "from" in rest
    if verb == "begin":
        return not rest or follower in (";", "transaction", "work", "tran", "dbms_lock", "if")
    if verb == "set":
        return "=" in rest[:4] or "to" in rest[:3]
    if verb == "show":
        return follower in ("tables", "databases", "columns", "create", "grants", "index", "schemas", "all")
    return verb in ("print", "backup", "load", "bulk") and bool(kinds) and _is_batch(verb, follower, kinds)


def _goes_on(lexemes: list[Lexeme]) -> bool:
    """Whether a set operation follows a query in parentheses, which alone is no statement but a value."""
    depth = 0
    for index, lexeme in enumerate(lexemes):
        if lexeme.kind is Kind.MARK and lexeme.text in ("(", ")"):
            depth += 1 if lexeme.text == "(" else -1
            if depth == 0:
                rest = lexemes[index + 1 : index + 2]
                return bool(rest) and rest[0].text in (
                    "union",
                    "intersect",
                    "except",
                    "minus",
                    "order",
                    "limit",
                )
    return False


def _is_select(rest: list[str], lexemes: list[Lexeme]) -> bool:
    """`select` is a word of prose too: SQL has FROM behind it, or begins with no plain word."""
    first = lexemes[0]
    if first.kind is not Kind.WORD:
        return first.text not in (")", ",", ".", "!", "?", ":", ";")
    if len(lexemes) > 1 and lexemes[1].kind is Kind.MARK and lexemes[1].text not in ".,!?;:-'":
        return True
    if "from" in rest or "union" in rest or first.text == "null":
        return True
    return len(lexemes) == 1 and first.text in ("null", "user", "current_user", "true")


def _is_batch(verb: str, follower: str, kinds: list[Kind]) -> bool:
    if verb == "print":
        return kinds[0] in (Kind.VARIABLE, Kind.STRING)
    return follower in ("database", "data", "insert", "log")
