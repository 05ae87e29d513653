"""The table that rows go to, and VALUES without the DEFAULTs that Spark fills in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import expressions as exp

from proxy.ports import Column, Table
from proxy.sqlstate import Refused
from spark_thrift.dialect.tables import Name


@dataclass(frozen=True, slots=True)
class Target:
    """A table that rows go to.  `defaults` are the columns that have one in Spark, which fills them itself."""

    table: Table
    not_null: frozenset[str]
    defaults: frozenset[str]

    @property
    def name(self) -> Name:
        return self.table.schema, self.table.name

    def columns(self, names: Sequence[str]) -> tuple[Column, ...]:
        """Raises: Refused 42703."""
        by_name = {column.name: column for column in self.table.columns}
        for name in names:
            if name not in by_name:
                raise Refused("42703", f'column "{name}" of relation "{self.table.name}" does not exist')
        return tuple(by_name[name] for name in names)


def without_defaults(
    tree: exp.Values, names: Sequence[str], target: Target
) -> tuple[tuple[str, ...], exp.Values]:
    """VALUES without its DEFAULTs, with the columns that are left.

    A column that is DEFAULT in every row is left out, and Spark fills it; in some rows alone, only where that
    means NULL.
    Raises: Refused 0A000.
    """
    tree = tree.copy()
    rows = [items_of(row) for row in tree.expressions]
    kept = []
    for at, name in enumerate(names):
        marks = [at < len(row) and _is_default(row[at]) for row in rows]
        if all(marks):
            continue
        kept.append(at)
        for row in rows:
            if at < len(row) and _is_default(row[at]):
                if name in target.defaults:
                    raise Refused(
                        "0A000",
                        f'DEFAULT of column "{name}" in some rows only is not supported',
                        hint="Insert these rows with a statement of their own.",
                    )
                row[at] = exp.Null()
    if len(kept) < len(names) or any(map(_is_default, tree.find_all(exp.Var))):
        tree.set(
            "expressions", [exp.Tuple(expressions=[row[at] for at in kept if at < len(row)]) for row in rows]
        )
    return tuple(names[at] for at in kept), tree


def as_query(tree: exp.Values) -> exp.Select | exp.Union:
    """The rows as SELECTs: Spark has no subqueries in VALUES.  Raises: Refused 0A000 for clauses after the rows."""
    if any(tree.args.get(clause) for clause in ("with_", "order", "limit", "offset")):
        raise Refused("0A000", "clauses around VALUES that read tables are not supported")
    query: exp.Select | exp.Union | None = None
    for row in tree.expressions:
        select = exp.Select(expressions=[item.copy() for item in items_of(row)])
        query = select if query is None else exp.Union(this=query, expression=select, distinct=False)
    assert query is not None
    return query


def items_of(row: Any) -> list[Any]:
    return (
        list(row.expressions)
        if isinstance(row, exp.Tuple)
        else [row.this if isinstance(row, exp.Paren) else row]
    )


def _is_default(node: Any) -> bool:
    return isinstance(node, exp.Var) and node.name.upper() == "DEFAULT"
