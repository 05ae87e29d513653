"""DISTINCT ON (keys): the first row of each key, as a row number in a derived table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from spark_thrift.dialect.aggregate_calls import ordering
from spark_thrift.dialect.context import Context
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.scope import ColumnInfo
from spark_thrift.dialect.terms import Term, identifier

if TYPE_CHECKING:
    from spark_thrift.dialect.queries import Query


def distinct_on(ctx: Context, node: exp.Select, source: str) -> Query:
    """Raises: 42P10 where ORDER BY does not begin with the keys, as PostgreSQL does."""
    from spark_thrift.dialect.queries import (
        Query,
        expression,
        filters,
        key_term,
        limits,
        select_items,
        written_out,
    )

    keys_node = node.args["distinct"].args["on"]
    key_nodes = keys_node.expressions if isinstance(keys_node, exp.Tuple) else [keys_node]
    items = select_items(ctx, node)
    if any(not item.sql or item.name == "*" or item.sql.endswith("*") for item in items):
        items = written_out(ctx, node)
    keys = [key_term(ctx, key, items).sql for key in key_nodes]
    order = node.args["order"].expressions if node.args.get("order") else []
    ordered = [(item, key_term(ctx, item.this, items)) for item in order]
    leading = {term.sql for _, term in ordered[: len(set(keys))]}
    if ordered and not (leading <= set(keys) if len(ordered) < len(set(keys)) else leading == set(keys)):
        raise Untranslatable(
            "SELECT DISTINCT ON expressions must match initial ORDER BY expressions", sqlstate="42P10"
        )
    window = ", ".join(ordering(ctx, item, term) for item, term in ordered) or ", ".join(keys)
    inner = [f"{expression(item)} AS `c{position}`" for position, item in enumerate(items)]
    inner += [f"{term.sql} AS `o{position}`" for position, (_, term) in enumerate(ordered)]
    inner.append(f"row_number() OVER (PARTITION BY {', '.join(keys)} ORDER BY {window}) AS `row`")
    outer = ", ".join(f"`d`.`c{position}` AS {identifier(item.name)}" for position, item in enumerate(items))
    tail = ", ".join(
        ordering(ctx, item, Term(f"`d`.`o{position}`", term.type))
        for position, (item, term) in enumerate(ordered)
    )
    body = f"SELECT {', '.join(inner)}{source}{filters(ctx, node, items)}"
    sql = f"SELECT {outer} FROM ({body}) AS `d` WHERE `d`.`row` = 1"
    sql += f" ORDER BY {tail}" if tail else ""
    return Query(sql + limits(ctx, node), tuple(ColumnInfo(item.name, item.type) for item in items))
