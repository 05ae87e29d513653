"""Window functions and the OVER clause.

Every ORDER BY says where NULLs go.  Ranking functions answer bigint, as in PostgreSQL.
Left out: GROUPS frames, EXCLUDE, RANGE with an offset but for integers and days, IGNORE NULLS (PostgreSQL 18 has none).
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from spark_thrift.dialect.aggregate_calls import Tail, aggregate_name, ordering
from spark_thrift.dialect.aggregates import aggregate, is_aggregate
from spark_thrift.dialect.calls import AGGREGATE_NAMES
from spark_thrift.dialect.casts import unify
from spark_thrift.dialect.context import Context, present
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.names import folded
from spark_thrift.dialect.operators import truth
from spark_thrift.dialect.ordered_aggregates import within_group
from spark_thrift.dialect.pgtypes import DATE, FLOAT8, INT4, INT8, INTEGERS, TEXT
from spark_thrift.dialect.terms import Term, cast, null_of

_RANKINGS = ("row_number", "rank", "dense_rank")
_SHARES = ("percent_rank", "cume_dist")
_POSITIONS = ("first_value", "last_value", "nth_value")
_SHIFTS = ("lag", "lead")
WINDOW_FUNCTIONS = (*_RANKINGS, *_SHARES, *_POSITIONS, *_SHIFTS, "ntile")


def window(ctx: Context, node: exp.Window) -> Term:
    """A function with OVER."""
    present(node, "this", "partition_by", "order", "spec", "alias", "over", "first")
    function, condition = node.this, ""
    if isinstance(function, exp.Filter):
        condition = truth(ctx, function.expression.this).sql
        function = function.this
    if isinstance(function, exp.WithinGroup):
        return within_group(ctx, function, Tail(condition, " OVER ()"))
    if is_aggregate(function):
        return aggregate(ctx, function, Tail(condition, over(ctx, node, ordered=False)))
    if condition:
        raise Untranslatable("FILTER is not implemented for non-aggregate window functions", sqlstate="0A000")
    return _ranked(ctx, function, node)


def _ranked(ctx: Context, function: exp.Expr, node: exp.Window) -> Term:
    name, args = aggregate_name(function), _arguments(function)
    # A frame means nothing to the others, and Spark refuses one there.
    clause = over(ctx, node, ordered=True, framed=name in _POSITIONS)
    if name in _RANKINGS and not args:
        return Term(f"CAST({name}(){clause} AS BIGINT)", INT8)
    if name in _SHARES and not args:
        return Term(f"{name}(){clause}", FLOAT8)
    if name == "ntile" and len(args) == 1:
        return Term(f"ntile({_constant(ctx, args[0], 'ntile')}){clause}", INT4)
    if name in _SHIFTS and 1 <= len(args) <= 3:
        return _shifted(ctx, name, args, clause)
    if name in _POSITIONS and len(args) == (2 if name == "nth_value" else 1):
        value = ctx.term(args[0])
        tail = f", {_constant(ctx, args[1], 'nth_value')}" if len(args) > 1 else ""
        return Term(
            f"{name}({value.sql}{tail}){clause}", TEXT if value.type.name == "unknown" else value.type
        )
    raise Untranslatable(f"{name or type(function).__name__} as a window function")


def _arguments(function: exp.Expr) -> list[exp.Expr]:
    if isinstance(function, exp.Anonymous):
        return list(function.expressions)
    present(function, "this", "offset", "default")
    values = [function.args.get(key) for key in ("this", "offset", "default")]
    return [value for value in values if value is not None]


def _shifted(ctx: Context, name: str, args: list[exp.Expr], clause: str) -> Term:
    value, arguments = ctx.term(args[0]), ""
    if len(args) > 1:
        offset = ctx.term(args[1])
        if offset.null:
            return null_of(TEXT if value.type.name == "unknown" else value.type)
        count = offset.integer
        if count is None or count < 0:
            raise Untranslatable(f"{name} with an offset that is not a constant of 0 or more")
        arguments = f", {count}"
    if len(args) > 2:
        (value, other), _ = unify([value, ctx.term(args[2])], name)
        arguments += f", {other.sql}"
    return Term(
        f"{name}({value.sql}{arguments}){clause}", TEXT if value.type.name == "unknown" else value.type
    )


def _constant(ctx: Context, node: exp.Expr, name: str) -> int:
    value = ctx.term(node).integer
    if value is None or value < 1:
        raise Untranslatable(f"{name} with an argument that is not a positive constant")
    return value


def over(ctx: Context, node: exp.Window, *, ordered: bool, framed: bool = True) -> str:
    """The OVER clause.  `ordered`: Spark wants an ORDER BY for ranking functions even where order is arbitrary."""
    partition, order, spec = _definition(ctx, node)
    parts: list[str] = []
    if partition:
        parts.append("PARTITION BY " + ", ".join(ctx.term(item).sql for item in partition))
    if order:
        wide = spec is not None and str(spec.args.get("kind")).upper() == "RANGE"
        parts.append("ORDER BY " + ", ".join(_key(ctx, item, wide=wide) for item in order))
    elif ordered:
        parts.append("ORDER BY 1")
    if spec is not None and framed:
        parts.append(_frame(ctx, spec, order))
    return f" OVER ({' '.join(parts)})"


def _key(ctx: Context, item: exp.Ordered, *, wide: bool) -> str:
    term = ctx.term(item.this)
    if wide and term.type.name in ("int2", "int4"):
        # A frame's bound is the key and the offset added up, which must not overflow.
        term = cast(term, "BIGINT", INT8)
    return ordering(ctx, item, term)


def _definition(
    ctx: Context, node: exp.Window, depth: int = 0
) -> tuple[list[exp.Expr], list[exp.Ordered], exp.WindowSpec | None]:
    order_node, spec = node.args.get("order"), node.args.get("spec")
    partition = list(node.args.get("partition_by") or [])
    order = list(order_node.expressions) if order_node else []
    base = node.args.get("alias")
    if base is None:
        return partition, order, spec
    named = ctx.windows.get(folded(base))
    if named is None or depth > 20:
        raise Untranslatable(f'window "{folded(base)}" does not exist', sqlstate="42704")
    base_partition, base_order, base_spec = _definition(ctx, named, depth + 1)
    return partition or base_partition, order or base_order, spec or base_spec


def _frame(ctx: Context, spec: exp.WindowSpec, order: list[exp.Ordered]) -> str:
    kind = str(spec.args.get("kind") or "").upper()
    if spec.args.get("exclude"):
        raise Untranslatable("EXCLUDE in a window frame")
    if kind not in ("ROWS", "RANGE"):
        raise Untranslatable(f"{kind} window frames")
    key = ctx.term(order[0].this) if len(order) == 1 else None
    start = _bound(ctx, spec.args.get("start"), spec.args.get("start_side"), kind, key)
    end = spec.args.get("end")
    last = _bound(ctx, end, spec.args.get("end_side"), kind, key) if end is not None else "CURRENT ROW"
    return f"{kind} BETWEEN {start} AND {last}"


def _bound(ctx: Context, value: str | exp.Expr | None, side: str | None, kind: str, key: Term | None) -> str:
    if isinstance(value, str):
        word = value.upper()
        if word == "CURRENT ROW":
            return word
        if word == "UNBOUNDED" and side and side.upper() in ("PRECEDING", "FOLLOWING"):
            return f"{word} {side.upper()}"
    elif value is not None and side:
        offset = ctx.term(value)
        count = offset.integer
        if kind == "RANGE":
            count = _range_offset(offset, key)
        if count is not None and count >= 0 and side.upper() in ("PRECEDING", "FOLLOWING"):
            return f"{count} {side.upper()}"
    raise Untranslatable(f"this bound of a {kind} window frame")


def _range_offset(offset: Term, key: Term | None) -> int | None:
    """The offset as Spark counts it for a key of this type: a number, or days for a date; None where it cannot."""
    if key is None:
        return None
    if key.type.name in INTEGERS:
        return offset.integer
    value = offset.interval
    if key.type == DATE and value is not None and not value.months and not value.micros:
        return value.days
    return None


def _bare(ctx: Context, node: exp.Expr) -> Term:
    raise Untranslatable("window function requires an OVER clause", sqlstate="42809")


RULES: dict[type[exp.Expr], Callable[..., Term]] = {
    exp.Window: window,
    **dict.fromkeys((kind for kind, name in AGGREGATE_NAMES.items() if name in WINDOW_FUNCTIONS), _bare),
}
