"""Aggregate functions, with DISTINCT, FILTER, ORDER BY and WITHIN GROUP; and as window functions.

Averages are exact quotients of a sum and a count; array_agg keeps NULLs and answers NULL for no rows; Spark has no
FILTER beside OVER, where a CASE takes its place.
Left out: json and xml aggregates, hypothetical-set aggregates, ordered-set aggregates as window functions,
array_agg over several order keys of mixed direction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from spark_thrift.dialect.calls import AGGREGATE_NAMES
from spark_thrift.dialect.casts import NUMERIC_SCALE, coerce, convert, to_text
from spark_thrift.dialect.context import Context, FunctionRule
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.operators import truth
from spark_thrift.dialect.pgtypes import (
    BOOL,
    FLOAT8,
    INT4,
    INT8,
    INTEGERS,
    NUMBERS,
    NUMERIC,
    TEXT,
    array,
    decimal,
)
from spark_thrift.dialect.terms import Term, string


@dataclass(frozen=True, slots=True)
class Tail:
    """What stands around an aggregate: FILTER's condition and the rendered OVER clause."""

    condition: str = ""
    over: str = ""

    def call(
        self, function: str, first: str, rest: str = "", *, distinct: bool = False, within: str = ""
    ) -> str:
        """One aggregate call with everything that belongs to it."""
        if self.condition and self.over:
            first = f"CASE WHEN {self.condition} THEN {'1' if first == '*' else first} END"
        word = "DISTINCT " if distinct else ""
        filtered = f" FILTER (WHERE {self.condition})" if self.condition and not self.over else ""
        return f"{function}({word}{first}{rest}){within}{filtered}{self.over}"


@dataclass(frozen=True, slots=True)
class Arguments:
    """An aggregate's arguments taken apart."""

    nodes: tuple[exp.Expr, ...]
    distinct: bool
    order: tuple[exp.Ordered, ...]


def aggregate(ctx: Context, node: exp.Expr, tail: Tail) -> Term:
    """Raises: Untranslatable for an aggregate that has no builder."""
    name = aggregate_name(node)
    builder = _BUILDERS.get(name)
    if builder is None:
        raise Untranslatable(f"aggregate {name or type(node).__name__}")
    arguments = _arguments(node)
    if arguments.order and name not in ("string_agg", "array_agg"):
        # Order cannot change what the others answer, but for float sums in the last digit.
        arguments = Arguments(arguments.nodes, arguments.distinct, ())
    if arguments.distinct and tail.over:
        raise Untranslatable("DISTINCT in a window function", sqlstate="0A000")
    return builder(ctx, arguments, tail)


def is_aggregate(node: exp.Expr) -> bool:
    return aggregate_name(node) in _BUILDERS


def aggregate_name(node: exp.Expr) -> str:
    """The name of an aggregate or window function, whichever of sqlglot's two forms its call has."""
    return node.name.lower() if isinstance(node, exp.Anonymous) else AGGREGATE_NAMES.get(type(node), "")


def _arguments(node: exp.Expr) -> Arguments:
    if isinstance(node, exp.Anonymous):
        nodes = list(node.expressions)
    else:
        nodes = [node.this] if node.args.get("this") is not None else []
        for key, value in node.args.items():
            if key in ("expression", "separator") and value is not None:
                nodes.append(value)
            elif key == "expressions":
                nodes += value
            elif key not in ("this", "big_int") and value not in (None, False, []):
                raise Untranslatable(f"{type(node).__name__} with {key}")
    order: tuple[exp.Ordered, ...] = ()
    distinct = False
    for position, argument in enumerate(nodes):
        if isinstance(argument, exp.Order):
            order = tuple(argument.expressions)
            nodes[position] = argument.this
    if nodes and isinstance(nodes[0], exp.Distinct):
        if nodes[0].args.get("on"):
            raise Untranslatable("DISTINCT ON in an aggregate")
        distinct = True
        nodes[:1] = nodes[0].expressions
    return Arguments(tuple(nodes), distinct, order)


def _one(ctx: Context, arguments: Arguments, name: str) -> Term:
    if len(arguments.nodes) != 1:
        raise Untranslatable(f"{name} with {len(arguments.nodes)} arguments")
    return ctx.term(arguments.nodes[0])


def _number(ctx: Context, arguments: Arguments, name: str) -> Term:
    term = _one(ctx, arguments, name)
    if term.type.name == "any":
        raise Untranslatable(f"{name} of a column whose type is not known")
    if term.type.name not in NUMBERS:
        raise Untranslatable(f"function {name}({term.type}) does not exist", sqlstate="42883")
    return term


def _count(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
    if len(arguments.nodes) == 1 and isinstance(arguments.nodes[0], exp.Star):
        return Term(tail.call("count", "*"), INT8)
    if not arguments.nodes:
        raise Untranslatable(
            "count(*) must be used to call a parameterless aggregate function", sqlstate="42809"
        )
    return Term(tail.call("count", _one(ctx, arguments, "count").sql, distinct=arguments.distinct), INT8)


def _sum(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
    term = _one(ctx, arguments, "sum")
    if term.type.name == "interval" and term.type.part in ("months", "micros"):
        return Term(tail.call("sum", term.sql, distinct=arguments.distinct), term.type)
    return _total(_number(ctx, arguments, "sum"), arguments.distinct, tail)


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
    term = _number(ctx, arguments, "avg")
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
        term = _one(ctx, arguments, name)
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
        term = _number(ctx, arguments, function)
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
        term = _number(ctx, arguments, function)
        if term.type.name not in INTEGERS:
            raise Untranslatable(f"function {function}({term.type}) does not exist", sqlstate="42883")
        return Term(tail.call(function, term.sql, distinct=arguments.distinct), term.type)

    return build


def _any_value(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
    term = _one(ctx, arguments, "any_value")
    # PostgreSQL answers a value that is not NULL when there is one.
    return Term(tail.call("any_value", term.sql, ", true"), term.type)


def ordering(ctx: Context, item: exp.Ordered, term: Term | None = None) -> str:
    """One ORDER BY item with its NULL placement spelled out: Spark's default is the reverse of PostgreSQL's."""
    if item.args.get("with_fill"):
        raise Untranslatable("WITH FILL")
    term = term or ctx.term(item.this)
    if term.type.name in ("opaque", "array", "record"):
        raise Untranslatable(f"ORDER BY {term.type}")
    descending = bool(item.args.get("desc"))
    first = item.args.get("nulls_first")
    first = descending if first is None else bool(first)
    return f"{term.sql}{' DESC' if descending else ''} NULLS {'FIRST' if first else 'LAST'}"


def _string_agg(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
    if tail.over:
        raise Untranslatable("string_agg as a window function")
    if len(arguments.nodes) != 2:
        raise Untranslatable("string_agg with these arguments")
    value, separator = ctx.term(arguments.nodes[0]), ctx.term(arguments.nodes[1])
    if value.type.name not in ("text", "varchar", "bpchar", "unknown"):
        raise Untranslatable(f"function string_agg({value.type}, unknown) does not exist", sqlstate="42883")
    if arguments.distinct and tail.condition:
        raise Untranslatable("string_agg(DISTINCT ...) with FILTER")
    if separator.text is None:
        raise Untranslatable("string_agg with a separator that is not a constant")
    within = ""
    if arguments.order:
        keys = ", ".join(ordering(ctx, item) for item in arguments.order)
        within = f" WITHIN GROUP (ORDER BY {keys})"
    text = to_text(value).sql
    return Term(
        tail.call("listagg", text, f", {string(separator.text)}", distinct=arguments.distinct, within=within),
        TEXT,
    )


def _array_agg(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
    if tail.over:
        raise Untranslatable("array_agg as a window function")
    value = _one(ctx, arguments, "array_agg")
    if value.type.name in ("any", "opaque", "array", "unknown"):
        raise Untranslatable(f"array_agg of {value.type}")
    rows = tail.call("count", "*")
    if not arguments.order:
        # collect_list drops NULLs; inside a struct they stay.
        packed = tail.call(
            "collect_set" if arguments.distinct else "collect_list", f"named_struct('v', {value.sql})"
        )
        if arguments.distinct:
            packed = f"array_sort({packed})"
            raise Untranslatable("array_agg(DISTINCT ...) without ORDER BY")
        listed = f"transform({packed}, item -> item.v)"
    else:
        listed = _ordered_list(ctx, arguments, value, tail)
    return Term(f"CASE WHEN {rows} > 0 THEN {listed} END", array(value.type))


def _ordered_list(ctx: Context, arguments: Arguments, value: Term, tail: Tail) -> str:
    directions = {bool(item.args.get("desc")) for item in arguments.order}
    if len(directions) > 1:
        raise Untranslatable("array_agg ordered in mixed directions")
    descending = directions.pop()
    fields: list[str] = []
    for position, item in enumerate(arguments.order):
        key = ctx.term(item.this)
        first = item.args.get("nulls_first")
        first = descending if first is None else bool(first)
        # Sorted ascending, FALSE comes before TRUE.
        blank = f"{key.operand} IS NULL" if first == descending else f"{key.operand} IS NOT NULL"
        fields += [f"'n{position}', {blank}", f"'k{position}', {key.sql}"]
    fields.append(f"'v', {value.sql}")
    packed = tail.call(
        "collect_set" if arguments.distinct else "collect_list", f"named_struct({', '.join(fields)})"
    )
    ascending = "false" if descending else "true"
    return f"transform(sort_array({packed}, {ascending}), item -> item.v)"


def _percentile(name: str) -> Callable[[Context, Arguments, Tail], Term]:
    def build(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
        raise Untranslatable(f"{name} without WITHIN GROUP", sqlstate="42883")

    return build


def within_group(ctx: Context, node: exp.WithinGroup, tail: Tail) -> Term:
    """percentile_cont, percentile_disc and mode."""
    if tail.over:
        raise Untranslatable("OVER is not supported for ordered-set aggregates", sqlstate="0A000")
    function, order = node.this, node.expression
    if not isinstance(order, exp.Order) or len(order.expressions) != 1:
        raise Untranslatable("WITHIN GROUP with more than one key")
    item = order.expressions[0]
    value = ctx.term(item.this)
    descending = " DESC" if item.args.get("desc") else ""
    within = f" WITHIN GROUP (ORDER BY {{0}}{descending})"
    name = aggregate_name(function)
    if name in ("percentile_cont", "percentile_disc"):
        literal = function.expressions[0] if isinstance(function, exp.Anonymous) else function.this
        fraction = convert(ctx.term(literal), FLOAT8)
        if not isinstance(literal, exp.Literal) or literal.is_string or not 0 <= float(literal.name) <= 1:
            raise Untranslatable("a percentile whose fraction is not a constant from 0 to 1")
        if value.type.name not in NUMBERS:
            raise Untranslatable(f"a percentile of {value.type}")
        double = f"CAST({value.sql} AS DOUBLE)"
        if name == "percentile_cont":
            return Term(tail.call("percentile_cont", fraction.sql, within=within.format(double)), FLOAT8)
        if value.type.name in ("int8", "numeric"):
            raise Untranslatable(f"percentile_disc of {value.type}")
        found = Term(tail.call("percentile_disc", fraction.sql, within=within.format(double)), FLOAT8)
        return found if value.type.name == "float8" else convert(found, value.type)
    if name == "mode":
        return Term(tail.call("mode", "", within=within.format(value.sql)), value.type)
    raise Untranslatable("WITHIN GROUP of this function")


def _approx_count_distinct(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
    # Spark's own function: PostgreSQL has none of that name.
    return Term(tail.call("approx_count_distinct", _one(ctx, arguments, "approx_count_distinct").sql), INT8)


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
    "string_agg": _string_agg,
    "array_agg": _array_agg,
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
