"""Aggregate functions, with DISTINCT, FILTER, ORDER BY and WITHIN GROUP; and as window functions.

Averages are exact quotients of a sum and a count; Spark has no FILTER beside OVER, where a CASE takes its place.
Left out: json and xml aggregates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from spark_thrift.dialect.aggregate_calls import (
    Arguments,
    Tail,
    aggregate_name,
    arguments_of,
    number_argument,
    one_argument,
)
from spark_thrift.dialect.calls import AGGREGATE_NAMES
from spark_thrift.dialect.casts import NUMERIC_SCALE, coerce, convert, to_text
from spark_thrift.dialect.context import Context, FunctionRule
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.operators import truth
from spark_thrift.dialect.ordered_aggregates import array_agg, string_agg, within_group
from spark_thrift.dialect.pgtypes import (
    BOOL,
    FLOAT8,
    INT4,
    INT8,
    INTEGERS,
    NUMERIC,
    decimal,
)
from spark_thrift.dialect.predicates import row_fields
from spark_thrift.dialect.terms import Term


def aggregate(ctx: Context, node: exp.Expr, tail: Tail) -> Term:
    """Raises: Untranslatable for an aggregate that has no builder."""
    name = aggregate_name(node)
    builder = _BUILDERS.get(name)
    if builder is None:
        raise Untranslatable(f"aggregate {name or type(node).__name__}")
    arguments = arguments_of(node)
    if arguments.order and name not in ("string_agg", "array_agg"):
        # Order cannot change what the others answer, but for float sums in the last digit.
        arguments = Arguments(arguments.nodes, arguments.distinct, ())
    if arguments.distinct and tail.over:
        raise Untranslatable("DISTINCT in a window function", sqlstate="0A000")
    return builder(ctx, arguments, tail)


def is_aggregate(node: exp.Expr) -> bool:
    return aggregate_name(node) in _BUILDERS


def _count(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
    if len(arguments.nodes) == 1 and isinstance(arguments.nodes[0], exp.Star):
        return Term(tail.call("count", "*"), INT8)
    if not arguments.nodes:
        raise Untranslatable(
            "count(*) must be used to call a parameterless aggregate function", sqlstate="42809"
        )
    if len(arguments.nodes) == 1 and (fields := row_fields(arguments.nodes[0])) is not None:
        # A row counts though all of it is NULL.
        counted = f"struct({', '.join(term.sql for term in ctx.terms(fields))})"
    else:
        counted = one_argument(ctx, arguments, "count").sql
    return Term(tail.call("count", counted, distinct=arguments.distinct), INT8)


def _sum(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
    term = one_argument(ctx, arguments, "sum")
    if term.type.name == "interval" and term.type.part in ("months", "micros"):
        return Term(tail.call("sum", term.sql, distinct=arguments.distinct), term.type)
    return _total(number_argument(ctx, arguments, "sum"), arguments.distinct, tail)


def _total(term: Term, distinct: bool, tail: Tail) -> Term:
    kind = term.type
    if kind.name in ("int2", "int4"):
        return Term(tail.call("sum", term.sql, distinct=distinct), INT8)
    if kind.name == "int8":
        return Term(
            tail.call("sum", f"CAST({term.sql} AS DECIMAL(20, 0))", distinct=distinct), decimal(30, 0)
        )
    if kind.is_decimal:
        wide = decimal((kind.precision or 0) + 10, kind.scale or 0, printed=kind.printed)
        return Term(tail.call("sum", term.sql, distinct=distinct), wide)
    total = tail.call("sum", term.sql, distinct=distinct)
    return Term(f"CAST({total} AS FLOAT)", kind) if kind.name == "float4" else Term(total, kind)


def _avg(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
    term = number_argument(ctx, arguments, "avg")
    if term.type.is_double or term.type.name == "float4":
        kind = FLOAT8 if term.type.name == "float4" else term.type
        return Term(tail.call("avg", term.sql, distinct=arguments.distinct), kind)
    total = _total(term, arguments.distinct, tail).sql
    count = tail.call("count", term.sql, distinct=arguments.distinct)
    # Spark's own avg has four decimals more than its argument; NULL / 0 is NULL, so no row is no error.
    kind = decimal(38, NUMERIC_SCALE, printed=False)
    return Term(f"CAST({total} AS DECIMAL(38, {NUMERIC_SCALE})) / {count}", kind, simple=False)


def _extreme(name: str) -> Callable[[Context, Arguments, Tail], Term]:
    def build(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
        term = one_argument(ctx, arguments, name)
        if term.type.name in ("bool", "opaque", "record", "array"):
            raise Untranslatable(f"function {name}({term.type}) does not exist", sqlstate="42883")
        if term.type.name == "unknown":
            term = to_text(term)
        return Term(tail.call(name, term.sql), term.type)

    return build


def _boolean(function: str) -> Callable[[Context, Arguments, Tail], Term]:
    def build(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
        return Term(tail.call(function, truth(ctx, arguments.nodes[0]).sql), BOOL)

    return build


def _statistic(function: str) -> Callable[[Context, Arguments, Tail], Term]:
    def build(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
        term = number_argument(ctx, arguments, function)
        kind = FLOAT8 if term.type.name in ("float4", "float8") else NUMERIC
        return Term(tail.call(function, f"CAST({term.sql} AS DOUBLE)", distinct=arguments.distinct), kind)

    return build


def _pairwise(function: str) -> Callable[[Context, Arguments, Tail], Term]:
    def build(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
        if tail.condition and tail.over:
            raise Untranslatable(f"{function} with FILTER as a window function")
        if len(arguments.nodes) != 2 or arguments.distinct:
            raise Untranslatable(f"{function} with these arguments")
        first, second = (convert(coerce(term, FLOAT8), FLOAT8) for term in ctx.terms(arguments.nodes))
        kind = INT8 if function == "regr_count" else FLOAT8
        return Term(tail.call(function, first.sql, f", {second.sql}"), kind)

    return build


def _bits(function: str) -> Callable[[Context, Arguments, Tail], Term]:
    def build(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
        term = number_argument(ctx, arguments, function)
        if term.type.name not in INTEGERS:
            raise Untranslatable(f"function {function}({term.type}) does not exist", sqlstate="42883")
        return Term(tail.call(function, term.sql, distinct=arguments.distinct), term.type)

    return build


def _any_value(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
    term = one_argument(ctx, arguments, "any_value")
    # PostgreSQL answers a value that is not NULL when there is one.
    return Term(tail.call("any_value", term.sql, ", true"), term.type)


def _percentile(name: str) -> Callable[[Context, Arguments, Tail], Term]:
    def build(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
        raise Untranslatable(f"{name} without WITHIN GROUP", sqlstate="42883")

    return build


def _approx_count_distinct(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
    # Spark's own function: PostgreSQL has none of that name.
    return Term(
        tail.call("approx_count_distinct", one_argument(ctx, arguments, "approx_count_distinct").sql), INT8
    )


def _by_extreme(function: str) -> Callable[[Context, Arguments, Tail], Term]:
    def build(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
        # Spark's own as well: the value of one column where another is extreme.
        if len(arguments.nodes) != 2 or arguments.distinct or (tail.condition and tail.over):
            raise Untranslatable(f"{function} with these arguments")
        value, key = ctx.terms(arguments.nodes)
        return Term(tail.call(function, value.sql, f", {key.sql}"), value.type)

    return build


def _grouping(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
    bits = [f"grouping({term.sql})" for term in ctx.terms(arguments.nodes)]
    parts = [
        bit if shift == 0 else f"{bit} * {2**shift}"
        for bit, shift in zip(bits, range(len(bits) - 1, -1, -1), strict=True)
    ]
    return Term(f"CAST({' + '.join(parts)} AS INT)", INT4)


_BUILDERS: dict[str, Callable[[Context, Arguments, Tail], Term]] = {
    "count": _count,
    "sum": _sum,
    "avg": _avg,
    "min": _extreme("min"),
    "max": _extreme("max"),
    "bool_and": _boolean("bool_and"),
    "every": _boolean("bool_and"),
    "bool_or": _boolean("bool_or"),
    "string_agg": string_agg,
    "array_agg": array_agg,
    "stddev": _statistic("stddev_samp"),
    "stddev_samp": _statistic("stddev_samp"),
    "stddev_pop": _statistic("stddev_pop"),
    "variance": _statistic("var_samp"),
    "var_samp": _statistic("var_samp"),
    "var_pop": _statistic("var_pop"),
    "corr": _pairwise("corr"),
    "covar_pop": _pairwise("covar_pop"),
    "covar_samp": _pairwise("covar_samp"),
    "regr_slope": _pairwise("regr_slope"),
    "regr_intercept": _pairwise("regr_intercept"),
    "regr_r2": _pairwise("regr_r2"),
    "regr_count": _pairwise("regr_count"),
    "regr_avgx": _pairwise("regr_avgx"),
    "regr_avgy": _pairwise("regr_avgy"),
    "bit_and": _bits("bit_and"),
    "bit_or": _bits("bit_or"),
    "bit_xor": _bits("bit_xor"),
    "any_value": _any_value,
    "percentile_cont": _percentile("percentile_cont"),
    "percentile_disc": _percentile("percentile_disc"),
    "mode": _percentile("mode"),
    "grouping": _grouping,
    "approx_count_distinct": _approx_count_distinct,
    "max_by": _by_extreme("max_by"),
    "min_by": _by_extreme("min_by"),
}


def _plain(ctx: Context, node: exp.Expr) -> Term:
    return aggregate(ctx, node, Tail())


def _filter(ctx: Context, node: exp.Filter) -> Term:
    condition = truth(ctx, node.expression.this).sql
    if isinstance(node.this, exp.WithinGroup):
        return within_group(ctx, node.this, Tail(condition))
    return aggregate(ctx, node.this, Tail(condition))


def _within(ctx: Context, node: exp.WithinGroup) -> Term:
    return within_group(ctx, node, Tail())


RULES: dict[type[exp.Expr], Callable[..., Term]] = {
    **{kind: _plain for kind, name in AGGREGATE_NAMES.items() if name in _BUILDERS},
    exp.Filter: _filter,
    exp.WithinGroup: _within,
}


def _by_name(name: str) -> FunctionRule:
    def rule(ctx: Context, args: Sequence[exp.Expr]) -> Term:
        return aggregate(ctx, exp.Anonymous(this=name, expressions=list(args)), Tail())

    return rule


FUNCTIONS: dict[str, FunctionRule] = {name: _by_name(name) for name in _BUILDERS}
