"""What can be told of an answer without rows: by what its rows were chosen.

A name that nothing matches is the commonest reason, and looks like an answer: "none".
"""

from __future__ import annotations

CONDITIONS_MAX = 5


def conditions_of(sql: str) -> tuple[str, ...]:
    """The conditions with values of a query and those within it, in their order.

    Empty where it asks for no rows, as clients do to learn its columns (LIMIT 0, WHERE 1 = 0), or has none.
    """
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    try:
        tree = parse_one(sql, read="postgres")
    except (SqlglotError, RecursionError):
        return ()
    limits = (limit.expression for limit in tree.find_all(exp.Limit))
    if any(isinstance(limit, exp.Literal) and limit.name == "0" for limit in limits):
        return ()
    found: dict[str, None] = {}
    for clause in tree.find_all(exp.Where, exp.Having, bfs=True):
        for part in clause.this.flatten() if isinstance(clause.this, exp.And) else [clause.this]:
            if part.find(exp.Column, exp.AggFunc) is None:
                return ()
            if part.find(exp.Literal) is not None and part.find(exp.Query) is None:
                found.setdefault(part.unnest().sql("postgres"))
    return tuple(found)[:CONDITIONS_MAX]
