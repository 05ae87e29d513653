"""Aggregates whose answer depends on an order: string_agg, array_agg, percentiles and mode.

Left out: hypothetical-set aggregates, ordered-set aggregates as window functions.
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from spark_thrift.dialect.aggregate_calls import Arguments, Tail, aggregate_name, one_argument, ordering
from spark_thrift.dialect.casts import convert, to_text
from spark_thrift.dialect.context import Context
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.pgtypes import FLOAT8, NUMBERS, TEXT, array
from spark_thrift.dialect.terms import Term, null_of, string


def string_agg(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
    if len(arguments.nodes) != 2:
        raise Untranslatable("string_agg with these arguments")
    value, separator = ctx.term(arguments.nodes[0]), ctx.term(arguments.nodes[1])
    if value.type.name not in ("text", "varchar", "bpchar", "unknown"):
        raise Untranslatable(f"function string_agg({value.type}, unknown) does not exist", sqlstate="42883")
    if arguments.distinct and tail.condition:
        raise Untranslatable("string_agg(DISTINCT ...) with FILTER")
    if separator.text is None and not separator.null:
        raise Untranslatable("string_agg with a separator that is not a constant")
    if tail.over:
        if arguments.order:
            raise Untranslatable("string_agg with ORDER BY as a window function")
        listed, found = tail.call("collect_list", to_text(value).sql), tail.call("count", value.sql)
        joined = f"array_join({listed}, {string(separator.text or '')})"
        return Term(f"CASE WHEN {found} > 0 THEN {joined} END", TEXT)
    within = ""
    if arguments.order:
        keys = ", ".join(ordering(ctx, item) for item in arguments.order)
        within = f" WITHIN GROUP (ORDER BY {keys})"
    text, delimiter = to_text(value).sql, string(separator.text or "")
    return Term(
        tail.call("listagg", text, f", {delimiter}", distinct=arguments.distinct, within=within),
        TEXT,
    )


def array_agg(ctx: Context, arguments: Arguments, tail: Tail) -> Term:
    if tail.over and arguments.order:
        raise Untranslatable("array_agg with ORDER BY as a window function")
    value = one_argument(ctx, arguments, "array_agg")
    if value.type.name in ("any", "opaque", "array", "unknown"):
        raise Untranslatable(f"array_agg of {value.type}")
    rows = tail.call("count", "*")
    if arguments.distinct and not arguments.order:
        # PostgreSQL sorts to find what is the same, and leaves it sorted.
        arguments = replace(arguments, order=(exp.Ordered(this=arguments.nodes[0].copy()),))
    if not arguments.order:
        # collect_list drops NULLs; inside a struct they stay.
        packed = tail.call("collect_list", f"named_struct('v', {value.sql})")
        listed = f"transform({packed}, item -> item.v)"
    else:
        listed = _ordered_list(ctx, arguments, value, tail)
    return Term(f"CASE WHEN {rows} > 0 THEN {listed} END", array(value.type))


def _ordered_list(ctx: Context, arguments: Arguments, value: Term, tail: Tail) -> str:
    directions = {bool(item.args.get("desc")) for item in arguments.order}
    if len(directions) > 1:
        return _sorted_list(ctx, arguments, value, tail)
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


def _sorted_list(ctx: Context, arguments: Arguments, value: Term, tail: Tail) -> str:
    """By keys of both directions: with a comparison of its own."""
    fields, compared = [], "0"
    for position, item in reversed(list(enumerate(arguments.order))):
        descending, first = bool(item.args.get("desc")), item.args.get("nulls_first")
        first = descending if first is None else bool(first)
        left, right = f"l.k{position}", f"r.k{position}"
        less = "1" if descending else "-1"
        more = "-1" if descending else "1"
        blank, other = ("-1", "1") if first else ("1", "-1")
        compared = (
            f"CASE WHEN {left} <=> {right} THEN {compared} WHEN {left} IS NULL THEN {blank} "
            f"WHEN {right} IS NULL THEN {other} WHEN {left} < {right} THEN {less} ELSE {more} END"
        )
        fields.append(f"'k{position}', {ctx.term(item.this).sql}")
    fields.append(f"'v', {value.sql}")
    packed = tail.call(
        "collect_set" if arguments.distinct else "collect_list", f"named_struct({', '.join(fields)})"
    )
    return f"transform(array_sort({packed}, (l, r) -> {compared}), item -> item.v)"


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
        fraction_node = function.expressions[0] if isinstance(function, exp.Anonymous) else function.this
        fraction = ctx.term(fraction_node)
        if fraction.null:
            return null_of(FLOAT8 if name == "percentile_cont" else value.type)
        constant = fraction_node.find(exp.Literal)
        if constant is None or not _is_fraction(constant.name):
            raise Untranslatable("a percentile whose fraction is not a constant from 0 to 1")
        fraction = convert(fraction, FLOAT8)
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


def _is_fraction(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False
