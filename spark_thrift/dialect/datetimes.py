"""Dates, timestamps and intervals: arithmetic, fields, truncation, zones.

PostgreSQL's `timestamp` is Spark's TIMESTAMP_NTZ and `timestamptz` its TIMESTAMP.  Spark's own functions turn the
former into the latter and back by the session's zone, which loses an hour a year: they are used on timestamptz only.
Left out: time, age, justify_*, make_interval, isoyear arithmetic beyond extract.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import available_timezones

from sqlglot import exp

from spark_thrift.dialect.casts import coerce, convert
from spark_thrift.dialect.context import Context, present
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.instants import from_utc_clock, instant, utc
from spark_thrift.dialect.intervals import MICROS_PER_DAY, interval_term, micros_sql, parse_interval
from spark_thrift.dialect.pgtypes import (
    DATE,
    DATETIMES,
    DAYS,
    FLOAT8,
    INT4,
    INTEGERS,
    MICROS,
    MONTHS,
    NUMBERS,
    TIMESTAMP,
    TIMESTAMPTZ,
    Type,
)
from spark_thrift.dialect.terms import Interval, Term, cast, infix, null_of, string


def interval_literal(ctx: Context, node: exp.Interval) -> Term:
    unit = node.args.get("unit")
    if not isinstance(node.this, exp.Literal) or (unit is not None and not isinstance(unit, exp.Var)):
        raise Untranslatable("an interval with a precision or a span")
    return interval_term(parse_interval(node.this.name, unit.name if unit else None))


def interval_with_unit(value: exp.Expr, kind: exp.Interval) -> Term:
    """INTERVAL '1' DAY, which the gate's tree holds as a cast."""
    unit = kind.args.get("unit")
    if not isinstance(value, exp.Literal) or not isinstance(unit, exp.Var):
        raise Untranslatable("an interval with a precision or a span")
    return interval_term(parse_interval(value.name, unit.name))


def arithmetic(left: Term, operator: str, right: Term) -> Term | None:
    """Arithmetic with a date, timestamp or interval on either side, or None when there is none."""
    names = (left.type.name, right.type.name)
    if not any(name in DATETIMES or name == "interval" for name in names):
        return None
    if operator == "+" and names[1] in DATETIMES and names[0] not in DATETIMES:
        left, right = right, left
    if left.type.name in DATETIMES and operator in "+-":
        return _moved(left, operator, right)
    if left.type.name == "interval" or right.type.name == "interval":
        return _intervals(left, operator, right)
    return None


def _moved(moment: Term, operator: str, other: Term) -> Term | None:
    if other.type.name == "unknown":
        # timestamp - unknown is a timestamp to PostgreSQL, timestamp + unknown an interval, date + unknown an integer.
        plus = INT4 if moment.type == DATE else Type("interval")
        other = coerce(other, moment.type if operator == "-" else plus)
    if other.type.name in DATETIMES:
        return _difference(moment, other) if operator == "-" else None
    if moment.type == DATE and other.type.name in ("int2", "int4"):
        return Term(f"{'date_add' if operator == '+' else 'date_sub'}({moment.sql}, {other.sql})", DATE)
    if other.type.name != "interval":
        return None
    if other.null:
        return null_of(TIMESTAMP if moment.type == DATE else moment.type)
    if moment.type == DATE:
        moment = cast(moment, "TIMESTAMP_NTZ", TIMESTAMP)
    if moment.type == TIMESTAMPTZ:
        return _moved_instant(moment, operator, other)
    return Term(" ".join([moment.operand, *_steps(operator, other)]), TIMESTAMP, simple=False)


def _steps(operator: str, amount: Term) -> list[str]:
    """The additions that an interval takes: months, then days with the time, as PostgreSQL goes."""
    value = amount.interval
    if value is None or not value.months:
        return [operator, amount.operand]
    steps = [operator, f"INTERVAL '{value.months}' MONTH"]
    micros = value.days * MICROS_PER_DAY + value.micros
    return [*steps, operator, micros_sql(micros)] if micros else steps


def _moved_instant(moment: Term, operator: str, amount: Term) -> Term:
    # Months and days move the local clock, hours the instant; Spark would take 24 hours for a day.
    value = amount.interval
    if value is None:
        if amount.type == MICROS:
            raise Untranslatable("timestamp with time zone + a computed interval", "cast it to timestamp")
        local, clock = _steps(operator, amount), 0
    else:
        local = _steps(operator, interval_term(Interval(value.months, value.days)))
        local, clock = (local if value.months or value.days else []), value.micros
    if local:
        moment = instant(
            Term(" ".join([f"CAST({moment.sql} AS TIMESTAMP_NTZ)", *local]), TIMESTAMP, simple=False)
        )
    if not clock:
        return moment
    sign = operator if clock > 0 else {"+": "-", "-": "+"}[operator]
    if abs(clock) < MICROS_PER_DAY:
        return Term(f"{moment.operand} {sign} {micros_sql(abs(clock))}", TIMESTAMPTZ, simple=False)
    return Term(f"timestamp_micros(unix_micros({moment.sql}) {sign} {abs(clock)}L)", TIMESTAMPTZ)


def _difference(left: Term, right: Term) -> Term:
    if left.type == DATE and right.type == DATE:
        return Term(f"datediff({left.sql}, {right.sql})", INT4)
    kind = max(left.type, right.type, key=lambda item: DATETIMES.index(item.name))
    left, right = convert(left, kind), convert(right, kind)
    if kind == TIMESTAMPTZ:
        left, right = utc(left), utc(right)
    return infix(left, "-", right, MICROS)


def _intervals(left: Term, operator: str, right: Term) -> Term | None:
    if operator == "*" and right.type.name == "interval":
        left, right = right, left
    if operator in "*/" and left.type.name == "interval":
        return _scaled(left, right, operator)
    if operator in "+-":
        if left.type.name == "unknown":
            left = coerce(left, Type("interval"))
        if right.type.name == "unknown":
            right = coerce(right, Type("interval"))
        if left.interval and right.interval:
            return interval_term(_sum(left.interval, right.interval, 1 if operator == "+" else -1))
        if left.type == right.type and left.type in (MONTHS, DAYS, MICROS):
            return infix(left, operator, right, left.type)
        if {left.type, right.type} == {DAYS, MICROS}:
            return infix(left, operator, right, MICROS)
        if left.type.name == right.type.name == "interval":
            raise Untranslatable("an interval of months and days together")
    return None


def _scaled(interval: Term, factor: Term, operator: str = "*") -> Term | None:
    value = interval.interval
    if operator == "/" or factor.type.name not in INTEGERS:
        return _scaled_exactly(interval, operator, factor)
    if factor.integer is not None and value:
        n = factor.integer
        return interval_term(Interval(value.months * n, value.days * n, value.micros * n))
    if interval.type.part == "mixed":
        raise Untranslatable("an interval of months and days together")
    if factor.type.name in INTEGERS:
        return infix(interval, "*", factor, interval.type)
    raise Untranslatable(f"interval * {factor.type}")


def _scaled_exactly(interval: Term, operator: str, factor: Term) -> Term:
    # PostgreSQL computes in double precision and lets a fraction of a month or a day trickle down.
    if factor.type.name == "unknown":
        factor = coerce(factor, FLOAT8)
    if factor.type.name not in NUMBERS:
        raise Untranslatable(f"operator does not exist: interval {operator} {factor.type}", sqlstate="42883")
    if interval.type not in (DAYS, MICROS):
        raise Untranslatable(f"interval of months {operator} {factor.type}")
    if interval.interval is not None and (constant := _constant(factor)) is not None:
        return _product(interval.interval, constant if operator == "*" else 1 / constant)
    number = factor if factor.type.is_double else cast(factor, "DOUBLE", FLOAT8)
    return infix(interval, operator, number, MICROS)


def _constant(factor: Term) -> float | None:
    """The value of a numeric constant other than 0."""
    try:
        return float(factor.sql.removesuffix("BD").removesuffix("L")) or None
    except ValueError:
        return None


def _product(value: Interval, factor: float) -> Term:
    """A fraction of a day becomes hours, as interval_mul of PostgreSQL's timestamp.c has it."""
    days = int(value.days * factor)
    rest = round((value.days * factor - days) * MICROS_PER_DAY)
    return interval_term(Interval(0, days, round(value.micros * factor) + rest))


def _sum(left: Interval, right: Interval, sign: int) -> Interval:
    return Interval(
        left.months + sign * right.months, left.days + sign * right.days, left.micros + sign * right.micros
    )


def negated(term: Term) -> Term:
    if term.interval:
        return interval_term(_sum(Interval(), term.interval, -1))
    return Term(f"-{term.operand}", term.type, simple=False)


def moment(ctx: Context, node: exp.Expr) -> Term:
    """An argument that is a date, a timestamp or an interval."""
    term = ctx.term(node)
    if term.type.name in DATETIMES or term.type.name == "interval":
        return term
    if term.type.name == "any":
        raise Untranslatable("a date function on a column whose type is not known")
    raise Untranslatable(f"a date function on {term.type}", sqlstate="42883")


def at_time_zone(ctx: Context, node: exp.AtTimeZone) -> Term:
    """Raises: Untranslatable for abbreviations and offsets, whose sign PostgreSQL reads the POSIX way."""
    present(node, "this", "zone")
    return in_zone(ctx.term(node.args["zone"]), ctx.term(node.this))


def _timezone(ctx: Context, args: Sequence[Any]) -> Term:
    if len(args) != 2:
        raise Untranslatable("timezone with one argument")
    return in_zone(ctx.term(args[0]), ctx.term(args[1]))


def in_zone(place: Term, value: Term) -> Term:
    """`value AT TIME ZONE place`."""
    if place.null and value.type.name in DATETIMES:
        return null_of(TIMESTAMPTZ if value.type == TIMESTAMP else TIMESTAMP)
    zone = place.text
    if zone is None or not _is_zone(zone):
        raise Untranslatable(
            "AT TIME ZONE with anything but a zone's full name", "such as 'Europe/Berlin' or 'UTC'"
        )
    if value.type.name in ("unknown", "date"):
        value = convert(value, TIMESTAMPTZ)
    if value.type == TIMESTAMPTZ:
        clock = utc(value)
        return (
            clock
            if zone == "UTC"
            else Term(f"convert_timezone('UTC', {string(zone)}, {clock.sql})", TIMESTAMP)
        )
    if value.type != TIMESTAMP:
        raise Untranslatable(f"{value.type} AT TIME ZONE", sqlstate="42883")
    if zone == "UTC":
        return from_utc_clock(value.operand)
    # The same choice as in casts.instant, for a zone of one's own.
    first = f"convert_timezone({string(zone)}, 'UTC', {value.sql})"
    second = f"({first} + INTERVAL '1' HOUR)"
    again = f"convert_timezone('UTC', {string(zone)}, {second}) = {value.operand}"
    return Term(
        f"CASE WHEN {again} THEN {from_utc_clock(second).sql} ELSE {from_utc_clock(first).sql} END",
        TIMESTAMPTZ,
    )


def _is_zone(name: str) -> bool:
    return name == "UTC" or ("/" in name and not name.startswith("Etc/") and name in available_timezones())


RULES: dict[type[exp.Expr], Callable[..., Term]] = {
    exp.Interval: interval_literal,
    exp.AtTimeZone: at_time_zone,
}
FUNCTIONS: dict[str, Callable[[Context, Sequence[Any]], Term]] = {"timezone": _timezone}
