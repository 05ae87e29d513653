"""UNION, INTERSECT and EXCEPT.

Spark widens column types by rules of its own, so every branch is brought to PostgreSQL's common type first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from spark_thrift.dialect.aggregate_calls import ordering
from spark_thrift.dialect.casts import align, common_type
from spark_thrift.dialect.context import Context, present
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.names import folded
from spark_thrift.dialect.pgtypes import Type
from spark_thrift.dialect.scope import ColumnInfo
from spark_thrift.dialect.terms import Term, identifier

if TYPE_CHECKING:
    from spark_thrift.dialect.queries import Item, Query


_WORDS: dict[type[exp.Expr], str] = {
    exp.Union: "UNION",
    exp.Intersect: "INTERSECT",
    exp.Except: "EXCEPT",
}


def set_operation(ctx: Context, node: exp.SetOperation, settle: bool) -> Query:
    """A tree of set operations with the outermost one's ORDER BY and LIMIT."""
    from spark_thrift.dialect.queries import Item, Query, limits

    present(node, "with_", "this", "expression", "distinct", "order", "limit", "offset")
    leaves = _leaves(node)
    shapes = [_leaf(ctx, leaf, None).columns for leaf in leaves]
    wanted = _common_types(node, shapes)
    sql = _emit(ctx, node, wanted, top=True)
    columns = None
    if shapes[0] is not None and wanted is not None:
        columns = tuple(ColumnInfo(column.name, kind) for column, kind in zip(shapes[0], wanted, strict=True))
    items = [Item("", column.name, column.type) for column in columns or ()]
    return Query(sql + order_by_position(ctx, node, items) + limits(ctx, node), columns)


def _is_branch(node: exp.Expr) -> bool:
    """A set operation that is only an operand: it has no clause of its own."""
    return isinstance(node, exp.SetOperation) and not any(
        node.args.get(key) for key in ("with_", "order", "limit", "offset")
    )


def _unwrapped(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Subquery) and not any(
        value for key, value in node.args.items() if key != "this"
    ):
        node = node.this
    return node


def _leaves(node: exp.SetOperation) -> list[exp.Expr]:
    found: list[exp.Expr] = []
    waiting: list[exp.Expr] = [node.expression, node.this]
    while waiting:
        item = _unwrapped(waiting.pop())
        if _is_branch(item):
            waiting += [item.expression, item.this]
        else:
            found.append(item)
    return found


def _common_types(
    node: exp.SetOperation, shapes: Sequence[tuple[ColumnInfo, ...] | None]
) -> list[Type] | None:
    known = [shape for shape in shapes if shape is not None]
    if len(known) < len(shapes):
        return None
    if len({len(shape) for shape in known}) > 1:
        raise Untranslatable(
            f"each {node.key.upper()} query must have the same number of columns", sqlstate="42601"
        )
    wanted: list[Type] = []
    for column in zip(*known, strict=True):
        kind = common_type([item.type for item in column])
        if kind is None:
            shown = " and ".join(dict.fromkeys(str(item.type) for item in column))
            raise Untranslatable(f"{node.key.upper()} types {shown} cannot be matched", sqlstate="42804")
        wanted.append(kind)
    return wanted


def _leaf(ctx: Context, node: exp.Expr, wanted: Sequence[Type] | None) -> Query:
    from spark_thrift.dialect.queries import Query, query

    if wanted is None or any(kind.name == "any" for kind in wanted):
        return query(ctx, node, settle=False)
    plain = query(ctx, node, settle=False)
    if plain.columns is None or all(
        _same(column.type, kind) for column, kind in zip(plain.columns, wanted, strict=True)
    ):
        return plain
    if isinstance(node, exp.Select) and not (node.args.get("distinct") or node.args.get("order")):
        return query(ctx, node, expected=wanted)
    names = [f"c{position}" for position in range(len(wanted))]
    cast = ", ".join(
        f"{align(Term(f'`_u`.`{name}`', column.type), kind).sql} AS {identifier(column.name)}"
        for name, column, kind in zip(names, plain.columns, wanted, strict=True)
    )
    listed = ", ".join(f"`{name}`" for name in names)
    return Query(f"SELECT {cast} FROM ({plain.sql}) AS `_u`({listed})", plain.columns)


def _same(own: Type, wanted: Type) -> bool:
    if wanted.is_decimal and (wanted.precision or 0) >= 38:
        return own == wanted
    return own.name == wanted.name and own.element == wanted.element and own.is_double == wanted.is_double


def _emit(ctx: Context, node: exp.Expr, wanted: Sequence[Type] | None, *, top: bool = False) -> str:
    node = _unwrapped(node)
    if not (top or _is_branch(node)):
        return _leaf(ctx, node, wanted).sql
    present(node, "with_", "this", "expression", "distinct", "order", "limit", "offset")
    word = _WORDS.get(type(node))
    if word is None:
        raise Untranslatable(type(node).__name__)
    every = "" if node.args.get("distinct") else " ALL"
    return f"({_emit(ctx, node.this, wanted)}) {word}{every} ({_emit(ctx, node.expression, wanted)})"


def order_by_position(ctx: Context, node: exp.Expr, items: Sequence[Item]) -> str:
    """ORDER BY of a set operation: output columns only, by name or position."""
    clause = node.args.get("order")
    if clause is None:
        return ""
    parts: list[str] = []
    for item in clause.expressions:
        target = item.this
        if isinstance(target, exp.Literal) and target.name.isdigit() and 1 <= int(target.name) <= len(items):
            position = int(target.name)
        elif isinstance(target, exp.Column) and not target.args.get("table"):
            name = folded(target.this)
            positions = [index for index, other in enumerate(items, 1) if other.name == name]
            if len(positions) != 1:
                raise Untranslatable(
                    f'column "{name}" does not exist' if not positions else f'ORDER BY "{name}" is ambiguous',
                    sqlstate="42703" if not positions else "42702",
                )
            position = positions[0]
        else:
            raise Untranslatable("ORDER BY an expression over a set operation")
        parts.append(ordering(ctx, item, Term(str(position), items[position - 1].type)))
    return " ORDER BY " + ", ".join(parts)
