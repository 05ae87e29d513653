"""Tree -> PostgreSQL text, for the mirror and as the proof that the tree holds what the client wrote.

Rules: a node class or an argument without a rule is refused, so the rules are also the gate's allowlist of syntax.
Nothing is rewritten: names, literals, parentheses and clauses come out in the order in which they went in, so that
the tokens of the text are the client's tokens (faithful.py), and a place in the one is a place in the other
(`map_position`).  Strings with a backslash come out as E'' strings, whose meaning no setting changes.

Left out: functions by meaning; every call is written as it was read.
"""

from __future__ import annotations

from sqlglot import expressions as exp

from checker import render_expressions, render_queries
from checker.errors import Unrenderable
from checker.faithful import map_position, same_tokens
from checker.renderer import Renderer, quote_identifier, quote_string

# Importing them is what fills the renderer's table.
assert render_expressions
assert render_queries


def to_postgres(tree: exp.Expression) -> str:
    """PostgreSQL text that means just what the tree says.  Raises: Unrenderable."""
    return Renderer().sql(tree)


__all__ = [
    "Unrenderable",
    "map_position",
    "quote_identifier",
    "quote_string",
    "same_tokens",
    "to_postgres",
]
