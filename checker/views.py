"""What a view reads behind its reader's back.

A view's query is Spark SQL.  Where its text means the same to both lexers (no backslash, double quote or dollar sign;
backquotes become double quotes), and our grammar takes all of it, it is resolved like a client's query, names without
regard to case; anything else is unknown, and who asks has to treat it as forbidden.

Rules: every function has to be one that functions.txt knows, because a function of a user's own may read tables too;
a view in a view is followed down to the tables.
Source: Spark 4 SqlBaseLexer.g4; documentation, "CREATE VIEW".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from checker.columns import read
from checker.context import Schema, SchemaTable
from checker.reading import Elsewhere, Use, blind
from checker.snippets import Unreadable, query_tree

_KEPT = 512
_DEPTH = 16
_DIFFERENT = frozenset('"\\$\x00')


def uses_of_view(view: SchemaTable, schema: Schema, database: str) -> tuple[Use, ...] | None:
    """The tables and columns that a view reads, through the views in it; None where that is not known."""
    return _uses(view, schema, database, _DEPTH)


def _uses(view: SchemaTable, schema: Schema, database: str, depth: int) -> tuple[Use, ...] | None:
    if view.view_text is None or depth == 0:
        return None
    found: list[Use] = []
    try:
        reading = read(query_tree(as_postgres(view.view_text)), _finder(view, schema, database), blind)
    except Unreadable:
        return None
    if reading.unknown or reading.unresolved or reading.strays:
        return None
    for use in reading.uses:
        found.append(use)
        if use.table.kind == "view":
            inner = _uses(use.table, schema, database, depth - 1)
            if inner is None:
                return None
            found += inner
    return tuple(found)


def _finder(view: SchemaTable, schema: Schema, database: str) -> Callable[[Any], SchemaTable | Elsewhere]:
    own = (view.view_schema or view.schema).lower()

    def find(node: Any) -> SchemaTable | Elsewhere:
        catalog, database_of = node.args.get("catalog"), node.args.get("db")
        if catalog is not None and catalog.name.lower() != database.lower():
            return Elsewhere.UNKNOWN
        name = node.this.name.lower()
        found = schema.find(database_of.name.lower() if database_of is not None else own, name, ())
        return found if found is not None else Elsewhere.UNKNOWN

    return find


@lru_cache(_KEPT)
def as_postgres(text: str) -> str:
    """Spark SQL whose words PostgreSQL's lexer reads alike.  Raises: Unreadable."""
    if not _DIFFERENT.isdisjoint(text):
        raise Unreadable("a character that the two dialects read differently")
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        for opening, closing in (("'", "'"), ("--", "\n"), ("/*", "*/"), ("`", "`")):
            if text.startswith(opening, at):
                end = text.find(closing, at + len(opening))
                if end < 0:
                    raise Unreadable(f"{opening} without an end")
                end += len(closing)
                piece = text[at:end]
                if opening == "/*" and "/*" in piece[2:]:
                    raise Unreadable("a comment in a comment")
                yield f'"{piece[1:-1]}"' if opening == "`" else piece
                at = end
                break
        else:
            yield text[at]
            at += 1


__all__ = ["as_postgres", "uses_of_view"]
