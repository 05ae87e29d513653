"""Interval constants: PostgreSQL's months, days and microseconds against Spark's two interval types.

Spark has one type for months and one for days with time, so a constant that mixes both exists here only until it is
added to something, field after field, as PostgreSQL adds it.
"""

from __future__ import annotations

import re
from decimal import Decimal

from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.pgtypes import DAYS, MICROS, MONTHS, Type
from spark_thrift.dialect.terms import Interval, Term

MICROS_PER_DAY = 86_400_000_000
_MONTHS = {"year": 12, "month": 1, "decade": 120, "century": 1200, "millennium": 12000, "quarter": 3}
_DAYS = {"day": 1, "week": 7}
_MICROS = {
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
    "millisecond": 1000,
    "microsecond": 1,
}
_ALIASES = {
    "y": "year", "yr": "year", "yrs": "year", "mon": "month", "mons": "month", "w": "week", "d": "day",
    "h": "hour", "hr": "hour", "hrs": "hour", "min": "minute", "mins": "minute", "m": "minute",
    "s": "second", "sec": "second", "secs": "second", "ms": "millisecond", "msec": "millisecond",
    "us": "microsecond", "usec": "microsecond", "centuries": "century", "millennia": "millennium",
}  # fmt: skip
_FIELD = re.compile(r"([+-]?\s*\d+(?:\.\d+)?)\s*([a-zA-Z]+)")
_SECONDS = re.compile(r"([+-]?\d+(?:\.\d+)?)$")
_ISO = re.compile(
    r"P(?=.)(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)W)?(?:(-?\d+)D)?"
    r"(?:T(?=.)(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+(?:\.\d{1,6})?)S)?)?"
)
_ISO_UNITS = ("year", "month", "week", "day", "hour", "minute", "second")
_CLOCK = re.compile(r"([+-]?)(\d+):(\d{2})(?::(\d{2}(?:\.\d{1,6})?))?")


def parse_interval(text: str, unit: str | None = None) -> Interval:
    """An interval constant in the verbose form (`1 year 2 days 03:04:05 ago`) or with ISO 8601's designators.

    Raises: Untranslatable, for SQL-standard forms and fractions of months or days.
    """
    rest, months, days, micros = text.strip(), 0, 0, Decimal(0)
    if unit is None and (iso := _ISO.fullmatch(rest)):
        named = zip(iso.groups(), _ISO_UNITS, strict=True)
        rest = " ".join(f"{amount} {name}" for amount, name in named if amount)
    if unit:
        if not re.fullmatch(r"[+-]?\d+(\.\d+)?", rest):
            raise Untranslatable(f"interval '{text}' {unit}")
        rest = f"{rest} {unit}"
    ago = rest.lower().endswith(" ago")
    rest = rest[:-4] if ago else rest
    rest = rest.removeprefix("@").strip()
    if not rest:
        raise Untranslatable(f'invalid input syntax for type interval: "{text}"', sqlstate="22007")
    while rest:
        if found := _CLOCK.match(rest):
            clock = int(found[2]) * _MICROS["hour"] + int(found[3]) * _MICROS["minute"]
            clock_micros = clock + Decimal(found[4] or 0) * 1_000_000
            micros += -clock_micros if found[1] == "-" else clock_micros
        elif found := _FIELD.match(rest):
            amount, name = Decimal(found[1].replace(" ", "")), _unit(found[2], text)
            if name in _MICROS:
                micros += amount * _MICROS[name]
            elif amount != int(amount):
                raise Untranslatable(f"interval '{text}' with a fraction of a {name}")
            elif name in _DAYS:
                days += int(amount) * _DAYS[name]
            else:
                months += int(amount) * _MONTHS[name]
        elif found := _SECONDS.match(rest):
            micros += Decimal(found[1]) * _MICROS["second"]
        else:
            raise Untranslatable(f"interval '{text}'", "write it like '1 month 2 days 03:04:05'")
        rest = rest[found.end() :].lstrip(" ,")
    if micros != int(micros):
        raise Untranslatable(f"interval '{text}' with more than six decimals")
    sign = -1 if ago else 1
    return Interval(sign * months, sign * days, sign * int(micros))


def _unit(word: str, text: str) -> str:
    word = word.lower()
    name = _ALIASES.get(word) or (word if word in _MONTHS else word.removesuffix("s"))
    if name not in _MONTHS and name not in _DAYS and name not in _MICROS:
        raise Untranslatable(f'invalid input syntax for type interval: "{text}"', sqlstate="22007")
    return name


def interval_term(value: Interval) -> Term:
    """The constant as a term; `sql` is usable only where one Spark interval holds it."""
    if value.months and (value.days or value.micros):
        return Term("", Type("interval", part="mixed"), interval=value)
    if value.months:
        return Term(f"INTERVAL '{value.months}' MONTH", MONTHS, interval=value)
    kind = DAYS if value.days and not value.micros else MICROS
    return Term(micros_sql(value.days * MICROS_PER_DAY + value.micros), kind, interval=value)


def micros_sql(micros: int) -> str:
    """A day-time interval constant of that many microseconds."""
    sign = "-" if micros < 0 else ""
    seconds, fraction = divmod(abs(micros), 1_000_000)
    days, seconds = divmod(seconds, 86_400)
    if not seconds and not fraction:
        return f"INTERVAL '{sign}{days}' DAY"
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    tail = f".{fraction:06}" if fraction else ""
    return f"INTERVAL '{sign}{days} {clock}{tail}' DAY TO SECOND"
