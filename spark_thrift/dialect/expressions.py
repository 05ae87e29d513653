"""From an expression node to its rule: the allowlist's front door."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from spark_thrift.dialect import (
    aggregates,
    arrays,
    calls,
    datetimes,
    literals,
    operators,
    patterns,
    predicates,
    windows,
)
from spark_thrift.dialect.casts import convert, to_text
from spark_thrift.dialect.context import Context, present
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.names import folded
from spark_thrift.dialect.pgtypes import BOOL, BPCHAR, DATE, from_node
from spark_thrift.dialect.terms import NULL, Term


def translate(ctx: Context, node: exp.Expr) -> Term:
    """The Spark term for a PostgreSQL expression.  Raises: Untranslatable for any node without a rule."""
    rule = RULES.get(type(node))
    if rule is not None:
        return rule(ctx, node)
    call = calls.as_call(node)
    if call is None:
        raise Untranslatable(_shown(node))
    return calls.translate(ctx, call)


_SHOWN: dict[type[exp.Expr], str] = {
    exp.SimilarTo: "SIMILAR TO",
    exp.JSONExtract: 'operator "->"',
    exp.JSONExtractScalar: 'operator "->>"',
    exp.ArrayContainsAll: 'operator "@>"',
    exp.ArrayOverlaps: 'operator "&&"',
    exp.Slice: "an array slice",
    exp.Dot: "a field of a row",
}


def _shown(node: exp.Expr) -> str:
    if type(node) in _SHOWN:
        return _SHOWN[type(node)]
    if isinstance(node, exp.Star):
        return "* here"
    if isinstance(node, (exp.Parameter, exp.Placeholder)):
        return "an unbound parameter"
    name = getattr(node, "sql_name", None)
    return (
        f"function {name().lower()}"
        if isinstance(node, exp.Func) and name
        else f"{type(node).__name__} expression"
    )


def _column(ctx: Context, node: exp.Column) -> Term:
    if isinstance(node.this, exp.Star):
        raise Untranslatable("table.* here")
    table = node.args.get("table")
    return ctx.scope.column(folded(node.this), folded(table) if table else None)


def _literal(ctx: Context, node: exp.Literal) -> Term:
    return literals.string_constant(node) if node.is_string else literals.number(node.name)


def _cast(ctx: Context, node: exp.Cast) -> Term:
    present(node, "this", "to", "_type")
    if isinstance(node.this, exp.IntDiv):
        return calls.translate(ctx, calls.Call("div", (node.this.this, node.this.expression), "div"))
    to = node.args["to"]
    if isinstance(to, exp.DataType) and isinstance(to.this, exp.Interval):
        return datetimes.interval_with_unit(node.this, to.this)
    target, length = from_node(to)
    if isinstance(node.this, exp.Array) and not node.this.expressions and target.element is not None:
        # An empty array has no type but the one that it is cast to.
        return literals.array_of((), target, target.element)
    value = ctx.term(node.this)
    if length is None:
        return convert(value, target)
    cut = f"left({to_text(value).sql}, {length})"
    if target == BPCHAR:
        return Term(f"rpad({cut}, {length}, ' ')", BPCHAR)
    if value.text is not None and len(value.text) <= length:
        return convert(value, target)
    return Term(cut, target)


RULES: dict[type[exp.Expr], Callable[..., Term]] = {
    **operators.RULES,
    **predicates.RULES,
    **patterns.RULES,
    **datetimes.RULES,
    **arrays.RULES,
    **aggregates.RULES,
    **windows.RULES,
    exp.Column: _column,
    exp.Literal: _literal,
    exp.RawString: lambda ctx, node: literals.string_constant(node),
    exp.ByteString: lambda ctx, node: literals.string_constant(node),
    exp.UnicodeString: lambda ctx, node: literals.string_constant(node),
    exp.Boolean: lambda ctx, node: Term("TRUE" if node.this else "FALSE", BOOL),
    exp.Null: lambda ctx, node: NULL,
    exp.Cast: _cast,
    exp.CurrentDate: lambda ctx, node: Term("current_date()", DATE),
}
