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
from spark_thrift.dialect.intervals import MICROS_PER_DAY, interval_term, micros_sql, parse_interval
from spark_thrift.dialect.pgtypes import (
    DATE,
    DATETIMES,
    INT4,
    INTEGERS,
    MICROS,
    MONTHS,
    TIMESTAMP,
    TIMESTAMPTZ,
    Type,
)
from spark_thrift.dialect.terms import Interval, Term, cast, infix, string

EPOCH_NTZ = "TIMESTAMP_NTZ'1970-01-01 00:00:00'"


def interval_literal(ctx: Context, node: exp.Interval) -> Term:
    unit = node.args.get("unit")
    if not isinstance(node.this, exp.Literal) or (unit is not None and not isinstance(unit, exp.Var)):
        raise Untranslatable("an interval with a precision or a span")
    return interval_term(parse_interval(node.this.name, unit.name if unit else None))


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
    if other.type.name == "unknown" and operator == "-":
        other = coerce(other, moment.type)
    elif other.type.name == "unknown":
        # date + unknown is an integer to PostgreSQL, timestamp + unknown an interval.
        other = coerce(other, INT4 if moment.type == DATE else Type("interval"))
    if other.type.name in DATETIMES:
        if operator == "+":
            return None
        return _difference(moment, other)
    if other.type.name in INTEGERS and moment.type == DATE:
        days = cast(other, "INT", INT4) if other.type.name == "int8" else other
        if other.type.name == "int8":
            return None
        return Term(f"{'date_add' if operator == '+' else 'date_sub'}({moment.sql}, {days.sql})", DATE)
    if other.type.name != "interval":
        return None
    if moment.type == DATE:
        moment = cast(moment, "TIMESTAMP_NTZ", TIMESTAMP)
    if other.interval is None:
        return infix(moment, operator, other, moment.type)
    return _shifted(moment, operator, other.interval)


def _shifted(moment: Term, operator: str, amount: Interval) -> Term:
    if moment.type == TIMESTAMPTZ and abs(amount.micros) >= MICROS_PER_DAY:
        raise Untranslatable(
            "an interval of 24 hours or more on timestamp with time zone", "write it in days"
        )
    steps = []
    if amount.months:
        steps.append(f"INTERVAL '{amount.months}' MONTH")
    if amount.days:
        steps.append(f"INTERVAL '{amount.days}' DAY")
    if amount.micros:
        steps.append(micros_sql(amount.micros))
    if not steps:
        return moment
    return Term(f" {operator} ".join([moment.operand, *steps]), moment.type, simple=False)


def _difference(left: Term, right: Term) -> Term:
    if left.type == DATE and right.type == DATE:
        return Term(f"datediff({left.sql}, {right.sql})", INT4)
    kind = max(left.type, right.type, key=lambda item: DATETIMES.index(item.name))
    if (kind == TIMESTAMPTZ and left.type != right.type) or left.type != right.type:
        left, right = convert(left, kind), convert(right, kind)
    return infix(left, "-", right, MICROS)


def _intervals(left: Term, operator: str, right: Term) -> Term | None:
    if operator == "*" and right.type.name == "interval":
        left, right = right, left
    if operator == "*" and left.type.name == "interval":
        return _scaled(left, right)
    if operator in "+-":
        if left.type.name == "unknown":
            left = coerce(left, Type("interval"))
        if right.type.name == "unknown":
            right = coerce(right, Type("interval"))
        if left.interval and right.interval:
            return interval_term(_sum(left.interval, right.interval, 1 if operator == "+" else -1))
        if left.type == right.type and left.type in (MONTHS, MICROS):
            return infix(left, operator, right, left.type)
        if left.type.name == right.type.name == "interval":
            raise Untranslatable("an interval of months and days together")
    return None


def _scaled(interval: Term, factor: Term) -> Term | None:
    value = interval.interval
    if factor.integer is not None and value:
        n = factor.integer
        return interval_term(Interval(value.months * n, value.days * n, value.micros * n))
    if interval.type.part == "mixed":
        raise Untranslatable("an interval of months and days together")
    if factor.type.name in INTEGERS:
        return infix(interval, "*", factor, interval.type)
    raise Untranslatable(f"interval * {factor.type}")


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
    present(node, "this", "zone")
    zone = node.args["zone"]
    if (
        not isinstance(zone, exp.Literal)
        or zone.name not in available_timezones()
        or "/" not in zone.name + "/" * (zone.name in ("UTC", "GMT", "Zulu"))
    ):
        raise Untranslatable(
            "AT TIME ZONE with anything but a zone's full name", "such as 'Europe/Berlin' or 'UTC'"
        )
    value, name = ctx.term(node.this), string(zone.name)
    if value.type.name == "unknown":
        value = convert(value, TIMESTAMPTZ)
    if value.type == DATE:
        value = convert(value, TIMESTAMPTZ)
    if value.type == TIMESTAMPTZ:
        return Term(
            _from_utc(f"timestampadd(MICROSECOND, unix_micros({value.sql}), {EPOCH_NTZ})", name), TIMESTAMP
        )
    if value.type == TIMESTAMP:
        utc = value.sql if zone.name == "UTC" else f"convert_timezone({name}, 'UTC', {value.sql})"
        instant = Term(f"timestamp_micros(timestampdiff(MICROSECOND, {EPOCH_NTZ}, {utc}))", TIMESTAMPTZ)
        if zone.name in ("UTC", "GMT", "Zulu"):
            return instant
        # A clock set back shows an hour twice: PostgreSQL means the second one, Spark the first.
        later = f"{utc} + INTERVAL '1' HOUR"
        again = Term(f"timestamp_micros(timestampdiff(MICROSECOND, {EPOCH_NTZ}, {later}))", TIMESTAMPTZ)
        return Term(
            f"CASE WHEN convert_timezone('UTC', {name}, {later}) = {value.operand} THEN {again.sql} ELSE {instant.sql} END",
            TIMESTAMPTZ,
        )
    raise Untranslatable(f"{value.type} AT TIME ZONE")


def _from_utc(utc: str, name: str) -> str:
    return utc if name == "'UTC'" else f"convert_timezone('UTC', {name}, {utc})"


RULES: dict[type[exp.Expr], Callable[..., Term]] = {
    exp.Interval: interval_literal,
    exp.AtTimeZone: at_time_zone,
}
FUNCTIONS: dict[str, Callable[[Context, Sequence[Any]], Term]] = {}
