"""extract, date_part, date_trunc, to_char, to_date, to_timestamp.

Fields count as PostgreSQL counts them: `dow` from Sunday 0, `second` with its fraction, all of them numeric.
Truncating a `timestamp` never goes through the session's zone.
Left out: to_char of intervals, templates that are not in formats.py, timezone fields, julian, age but for its years and
months.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from spark_thrift.dialect import formats, number_formats, strings
from spark_thrift.dialect.casts import coerce, convert
from spark_thrift.dialect.context import Context, FunctionRule
from spark_thrift.dialect.datetimes import in_zone, moment
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.instants import EPOCH_NTZ, instant, seconds
from spark_thrift.dialect.pgtypes import (
    BOOL,
    DATE,
    DATETIMES,
    DAYS,
    FLOAT8,
    MICROS,
    NUMBERS,
    TEXT,
    TIMESTAMP,
    TIMESTAMPTZ,
    decimal,
)
from spark_thrift.dialect.terms import Term, null_of

_SIMPLE = {
    "year": "year({0})",
    "quarter": "quarter({0})",
    "month": "month({0})",
    "week": "weekofyear({0})",
    "day": "day({0})",
    "doy": "dayofyear({0})",
    "dow": "dayofweek({0}) - 1",
    "isodow": "weekday({0}) + 1",
    "isoyear": "EXTRACT(YEAROFWEEK FROM {0})",
    "decade": "CAST(floor(year({0}) / 10) AS INT)",
    "century": "CAST(floor((year({0}) + 99) / 100) AS INT)",
    "millennium": "CAST(floor((year({0}) + 999) / 1000) AS INT)",
}
_CLOCK = {"hour": "hour({0})", "minute": "minute({0})"}
_SECONDS = {"second": 1, "millisecond": 1000, "microsecond": 1_000_000}
_UNITS = {
    "years": "year", "months": "month", "days": "day", "hours": "hour", "minutes": "minute", "seconds": "second",
    "weeks": "week", "quarters": "quarter", "decades": "decade", "centuries": "century", "milliseconds": "millisecond",
    "microseconds": "microsecond", "dayofweek": "", "dayofyear": "",
}  # fmt: skip
_DATE_UNITS = {"year": "YEAR", "quarter": "QUARTER", "month": "MONTH", "week": "WEEK"}


def _unit(ctx: Context, node: exp.Expr) -> str | None:
    """The field or precision in the singular; None for NULL."""
    name = node.name.lower()
    if not isinstance(node, exp.Var):
        term = ctx.term(node)
        if term.null:
            return None
        if term.text is None:
            raise Untranslatable("a date field that is not a constant")
        name = term.text.lower()
    return _UNITS.get(name, name)


def _extract(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    unit = _unit(ctx, args[0])
    if (call := as_age(args[1])) is not None:
        return _age_field(ctx, unit, call)
    value = moment(ctx, args[1])
    if unit is None:
        return null_of(decimal(20, 6))
    if value.type.name == "interval":
        return _extract_interval(unit, value)
    if unit == "epoch":
        return _epoch(value)
    if unit in _SIMPLE:
        sql = _SIMPLE[unit].format(value.sql)
        return Term(f"CAST({sql} AS DECIMAL(10, 0))", decimal(10, 0))
    if value.type == DATE:
        raise Untranslatable(f'unit "{unit}" not supported for type date', sqlstate="0A000")
    if unit in _CLOCK:
        return Term(f"CAST({_CLOCK[unit].format(value.sql)} AS DECIMAL(10, 0))", decimal(10, 0))
    if unit in _SECONDS:
        kind = (
            decimal(10, 6)
            if unit == "second"
            else decimal(14, 3)
            if unit == "millisecond"
            else decimal(14, 0)
        )
        seconds = f"EXTRACT(SECOND FROM {value.sql})"
        scaled = seconds if unit == "second" else f"{seconds} * {_SECONDS[unit]}"
        return Term(f"CAST({scaled} AS DECIMAL({kind.precision}, {kind.scale}))", kind)
    raise Untranslatable(f"extract({unit})")


def as_age(node: exp.Expr) -> Sequence[exp.Expr] | None:
    """The arguments of a call of age()."""
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Anonymous) and node.name.lower() == "age" and len(node.expressions) in (1, 2):
        return node.expressions
    return None


def _age_field(ctx: Context, unit: str | None, args: Sequence[exp.Expr]) -> Term:
    """A field of age(), which Spark has no interval for: whole months, counted from the earlier of the two."""
    if unit not in ("year", "month"):
        raise Untranslatable(f"extract({unit}) from age")
    kind = decimal(10, 0)
    terms = [moment(ctx, arg) for arg in args]
    if len(terms) == 1:
        terms.insert(0, Term("current_date()", DATE))
    if any(term.type == TIMESTAMPTZ for term in terms):
        raise Untranslatable("age of a timestamp with time zone", "cast it to timestamp")
    if any(term.type.name not in DATETIMES for term in terms):
        raise Untranslatable("function age(interval) does not exist", sqlstate="42883")
    one, other = (convert(term, TIMESTAMP).operand for term in terms)
    months = (
        f"CASE WHEN {one} >= {other} THEN {_whole_months(one, other)} ELSE -({_whole_months(other, one)}) END"
    )
    part = f"({months}) div 12" if unit == "year" else f"({months}) % 12"
    return Term(f"CAST({part} AS DECIMAL(10, 0))", kind)


def _whole_months(later: str, earlier: str) -> str:
    count = f"(year({later}) - year({earlier})) * 12 + month({later}) - month({earlier})"
    later_rest, earlier_rest = (
        f"({each} - CAST(trunc(CAST({each} AS DATE), 'MONTH') AS TIMESTAMP_NTZ))" for each in (later, earlier)
    )
    return f"{count} - CASE WHEN {later_rest} < {earlier_rest} THEN 1 ELSE 0 END"


def _extract_interval(unit: str, value: Term) -> Term:
    if value.type not in (DAYS, MICROS):
        raise Untranslatable(f"extract({unit}) from an interval with months")
    if unit == "epoch":
        return Term(seconds(value.sql), decimal(20, 6))
    # What a subtraction gives has whole days and a time below 24 hours, as Spark counts; a constant may not.
    if unit == "second" and value.interval is None:
        return Term(f"CAST(EXTRACT(SECOND FROM {value.sql}) AS DECIMAL(10, 6))", decimal(10, 6))
    if unit in ("day", "hour", "minute") and value.interval is None:
        return Term(f"CAST(EXTRACT({unit.upper()} FROM {value.sql}) AS DECIMAL(10, 0))", decimal(10, 0))
    raise Untranslatable(f"extract({unit}) from interval")


def _epoch(value: Term) -> Term:
    if value.type == DATE:
        return Term(f"CAST(unix_date({value.sql}) * 86400L AS DECIMAL(20, 0))", decimal(20, 0))
    if value.type == TIMESTAMP:
        return Term(seconds(f"{value.operand} - {EPOCH_NTZ}"), decimal(20, 6))
    return Term(
        f"CAST(CAST(unix_micros({value.sql}) AS DECIMAL(20, 0)) * 0.000001BD AS DECIMAL(20, 6))",
        decimal(20, 6),
    )


def _date_part(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    field = _extract(ctx, args)
    return Term(f"CAST({field.sql} AS DOUBLE)", FLOAT8)


def _date_trunc(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    unit = _unit(ctx, args[0])
    term = ctx.term(args[1])
    if term.type.name == "unknown":
        term = coerce(term, TIMESTAMPTZ)
    if term.type.name not in DATETIMES:
        raise Untranslatable(
            f"date_trunc of {term.type}"
            if term.type.name != "any"
            else "date_trunc of a column whose type is not known"
        )
    if term.type == DATE:
        # PostgreSQL has no date_trunc(text, date): the preferred type of its category is timestamptz.
        term = convert(term, TIMESTAMPTZ)
    if len(args) == 3:
        # In that zone: its clock is truncated, and taken for a clock of that zone again.
        zone = ctx.term(args[2])
        if term.type != TIMESTAMPTZ:
            term = convert(term, TIMESTAMPTZ)
        return in_zone(zone, _truncated(unit, in_zone(zone, term)))
    return _truncated(unit, term)


def _truncated(unit: str | None, term: Term) -> Term:
    if unit is None:
        return null_of(term.type)
    if unit not in (
        "year",
        "quarter",
        "month",
        "week",
        "day",
        "hour",
        "minute",
        "second",
        "millisecond",
        "microsecond",
    ):
        raise Untranslatable(f"date_trunc('{unit}')")
    if term.type == TIMESTAMPTZ:
        return Term(f"date_trunc('{unit.upper()}', {term.sql})", TIMESTAMPTZ)
    if unit == "day":
        return Term(f"CAST(CAST({term.sql} AS DATE) AS TIMESTAMP_NTZ)", TIMESTAMP)
    if unit in _DATE_UNITS:
        return Term(
            f"CAST(trunc(CAST({term.sql} AS DATE), '{_DATE_UNITS[unit]}') AS TIMESTAMP_NTZ)", TIMESTAMP
        )
    if unit == "microsecond":
        return term
    # What lies below the unit is taken off the clock itself, which no zone can disturb.
    second = f"EXTRACT(SECOND FROM {term.sql})"
    below = {
        "hour": f"minute({term.sql}), {second}",
        "minute": f"0, {second}",
        "second": f"0, pmod({second}, 1)",
        "millisecond": f"0, pmod({second}, 0.001BD)",
    }[unit]
    return Term(f"{term.operand} - make_dt_interval(0, 0, {below})", TIMESTAMP, simple=False)


def _to_char(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    template, value = _template(ctx, args[1]), ctx.term(args[0])
    if value.type.name in NUMBERS:
        return null_of(TEXT) if template is None else Term(number_formats.to_char(value, template), TEXT)
    if value.type.name not in DATETIMES:
        raise Untranslatable(f"to_char of {value.type}")
    return null_of(TEXT) if template is None else Term(formats.to_char(value, template), TEXT)


def _template(ctx: Context, node: exp.Expr) -> str | None:
    """A date template; None for NULL."""
    term = ctx.term(node)
    if term.text is None and not term.null:
        raise Untranslatable("a date template that is not a constant")
    # sqlglot's own classes hold it in strftime's form.
    rewritten = isinstance(node.parent, (exp.TimeToStr, exp.StrToDate, exp.StrToTime))
    return formats.restored(term.text) if rewritten and term.text is not None else term.text


def _to_date(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    template, value = _template(ctx, args[1]), strings.text_of(ctx, args[0])
    if template is None:
        return null_of(DATE)
    return Term(f"to_date({value.sql}, '{formats.to_parse(template)}')", DATE)


def _to_timestamp(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    if len(args) == 1:
        seconds_since = coerce(ctx.term(args[0]), FLOAT8)
        if seconds_since.type.name != "float8":
            seconds_since = convert(seconds_since, FLOAT8)
        return Term(
            f"timestamp_micros(CAST(rint({seconds_since.operand} * 1000000D) AS BIGINT))", TIMESTAMPTZ
        )
    template, value = _template(ctx, args[1]), strings.text_of(ctx, args[0])
    if template is None:
        return null_of(TIMESTAMPTZ)
    return instant(Term(f"to_timestamp_ntz({value.sql}, '{formats.to_parse(template)}')", TIMESTAMP))


def _isfinite(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    # Spark has no infinity here.
    return Term(f"CASE WHEN {moment(ctx, args[0]).operand} IS NOT NULL THEN TRUE END", BOOL)


FUNCTIONS: dict[str, FunctionRule] = {
    "isfinite": _isfinite,
    "extract": _extract,
    "date_part": _date_part,
    "date_trunc": _date_trunc,
    "to_char": _to_char,
    "to_date": _to_date,
    "to_timestamp": _to_timestamp,
}
