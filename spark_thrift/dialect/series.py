"""generate_series, unnest, string_to_table and regexp_split_to_table, in FROM and as a select item.

Spark's sequence counts down by itself when the end comes first, and adds months to the start each time where
PostgreSQL adds them to the value before; both are guarded here.
Left out: steps that are not constants, series of months from a day that may be missing in a month, several arrays.
"""

from __future__ import annotations

from sqlglot import exp

from spark_thrift.dialect.aggregates import is_aggregate
from spark_thrift.dialect.arrays import array_argument
from spark_thrift.dialect.calls import Call
from spark_thrift.dialect.casts import coerce, convert
from spark_thrift.dialect.context import Context, present
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.pgtypes import DATE, INT4, INTEGERS, TEXT, TIMESTAMP, TIMESTAMPTZ, Type, spark_name
from spark_thrift.dialect.terms import Term

MAX_LAST_DAY = 28
"""The last day of the month that every month has."""


_TABLES = {"string_to_table": "string_to_array", "regexp_split_to_table": "regexp_split_to_array"}
"""Set-returning functions whose rows are the elements of another function's array."""


def series_call(node: exp.Expr) -> Call | None:
    """generate_series or unnest as a call, in either of sqlglot's forms; None for anything else."""
    if isinstance(node, exp.Explode):
        present(node, "this")
        return Call("unnest", (node.this,), "unnest")
    if isinstance(node, exp.ExplodingGenerateSeries):
        present(node, "start", "end", "step")
        bounds = (node.args["start"], node.args["end"], node.args.get("step"))
        return Call("generate_series", tuple(part for part in bounds if part is not None), "generate_series")
    if isinstance(node, exp.Anonymous) and node.name.lower() in ("unnest", "generate_series", *_TABLES):
        return Call(node.name.lower(), tuple(node.expressions), node.name.lower())
    return None


def series_item(ctx: Context, node: exp.Expr) -> Term | None:
    """A set-returning function as a select item, or None."""
    call = series_call(node)
    if call is None:
        return None
    select = node.find_ancestor(exp.Select)
    others = select.expressions if select else []
    if select and any(select.args.get(key) for key in ("group", "having", "distinct", "order")):
        raise Untranslatable(f"{call.name} in this select list", "move it to FROM")
    for part in others:
        beside = part.this if isinstance(part, exp.Alias) else part
        if beside is not node and any(series_call(inner) for inner in beside.walk()):
            raise Untranslatable("several set-returning functions in a select list", "move them to FROM")
        if any(isinstance(inner, exp.Window) or is_aggregate(inner) for inner in beside.walk()):
            raise Untranslatable(f"{call.name} beside aggregates", "move it to FROM")
    array, element = elements(ctx, call)
    return Term(f"explode({array})", element)


def elements(ctx: Context, call: Call) -> tuple[str, Type]:
    """The array that holds a set-returning function's rows, and its element type."""
    if call.name in _TABLES:
        value = ctx.term(exp.Anonymous(this=_TABLES[call.name], expressions=list(call.args)))
        return value.sql, TEXT
    if call.name == "unnest":
        if len(call.args) != 1:
            raise Untranslatable("unnest of several arrays")
        value = array_argument(ctx, call.args[0])
        return value.sql, value.type.element or TEXT
    if len(call.args) not in (2, 3):
        raise Untranslatable("generate_series with a time zone")
    start, end, *steps = ctx.terms(call.args)
    step = steps[0] if steps else None
    if start.type.name in INTEGERS or end.type.name in INTEGERS:
        return _integers(start, end, step)
    return _moments(start, end, step)


def constant_range(ctx: Context, call: Call) -> str | None:
    """A derived table for a series of constant integers, which needs no array in memory."""
    if call.name != "generate_series" or len(call.args) not in (2, 3):
        return None
    start, end, *steps = ctx.terms(call.args)
    step = steps[0].integer if steps else 1
    if start.integer is None or end.integer is None or not step:
        return None
    kind = start.type if start.type == end.type == INT4 else Type("int8")
    stop = end.integer + (1 if step > 0 else -1)
    return f"SELECT CAST(`id` AS {spark_name(kind)}) FROM range({start.integer}, {stop}, {step})"


def _integers(start: Term, end: Term, step: Term | None) -> tuple[str, Type]:
    wide = max(
        (start, end), key=lambda term: INTEGERS.index(term.type.name) if term.type.name in INTEGERS else -1
    )
    kind = wide.type if wide.type.name == "int8" else INT4
    start, end = coerce(start, kind), coerce(end, kind)
    size = step.integer if step is not None else 1
    if size is None or size == 0:
        raise Untranslatable("generate_series with a step that is not a constant other than 0")
    return _guarded(start, end, str(size), size > 0, kind), kind


def _guarded(start: Term, end: Term, step: str, upward: bool, kind: Type) -> str:
    # No row where the end lies on the other side; a NULL bound makes a NULL array, which explodes to no row.
    direction = "<=" if upward else ">="
    empty = f"CAST(array() AS ARRAY<{spark_name(kind)}>)"
    series = f"sequence({start.sql}, {end.sql}, {step})"
    return f"CASE WHEN {start.operand} {direction} {end.operand} THEN {series} ELSE {empty} END"


def _moments(start: Term, end: Term, step: Term | None) -> tuple[str, Type]:
    kind = (
        TIMESTAMP
        if TIMESTAMP in (start.type, end.type) and TIMESTAMPTZ not in (start.type, end.type)
        else TIMESTAMPTZ
    )
    if kind == TIMESTAMP and DATE in (start.type, end.type):
        kind = TIMESTAMP
    if start.type.name == end.type.name == "unknown" or step is None:
        raise Untranslatable("generate_series of these types", sqlstate="42883")
    amount = step if step.interval is not None else coerce(step, Type("interval"))
    value = amount.interval
    if value is None or amount.type.part == "mixed":
        raise Untranslatable("generate_series with a step that is not a constant interval of one kind")
    if value.months and not _early_day(start):
        raise Untranslatable("a series of months from a day that some months lack", "start it on day 1 to 28")
    size = value.months or value.days * 86_400_000_000 + value.micros
    if size == 0:
        raise Untranslatable("step size cannot equal zero", sqlstate="22023")
    if value.days and kind == TIMESTAMPTZ and value.micros:
        raise Untranslatable("generate_series with a step of days and hours")
    begin, stop = convert(coerce(start, kind), kind), convert(coerce(end, kind), kind)
    return _guarded(begin, stop, amount.sql, size > 0, kind), kind


def _early_day(start: Term) -> bool:
    """A constant whose day every month has, or a truncation to the month."""
    if "date_trunc('MONTH'" in start.sql[:20] or "date_trunc('YEAR'" in start.sql[:20]:
        return True
    _, _, quoted = start.sql.partition("'")
    day = quoted[8:10]
    return start.sql[:4] in ("DATE", "TIME") and day.isdigit() and int(day) <= MAX_LAST_DAY
