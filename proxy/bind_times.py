"""Dates, times and intervals of a Bind: a client's text or binary value to the canonical text of its literal.

Rules: the ISO forms that drivers send are read (and `epoch`); a form whose meaning hangs on DateStyle or on
the moment (`01/02/2024`, `now`) is refused rather than guessed.  `infinity` is refused: no Spark type holds
it.

Source: PostgreSQL manual 8.5 and appendix B; datetime.c for which error is 22007 (syntax) and which 22008
(range).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from fractions import Fraction

from proxy.encode_nested import Interval, print_interval
from proxy.encode_times import civil_from_days, days_from_civil, offset_text

_DAY_US = 86_400_000_000
_EPOCH_DAYS = 10_957


class TimeSyntaxError(ValueError):
    """22007."""


class TimeRangeError(ValueError):
    """22008."""


class TimeUnsupported(ValueError):
    """0A000: PostgreSQL knows it, Spark has nothing like it, or its meaning hangs on a session setting."""


_DATE = r"(?:(?P<compact>\d{8})|(?P<year>\d{4,7})(?P<sep>[-/])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2}))"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d*))?)?"
_ZONE = r"(?:\s*(?P<zone>[zZ]|UTC|GMT|[+-]\d{1,2}(?::?\d{2}(?::?\d{2})?)?))?"
_ERA = r"(?:\s+(?P<era>BC|AD))?"
_DATE_RE = re.compile(_DATE + _ERA, re.ASCII | re.IGNORECASE)
# A zone without a time is how pgjdbc sends a java.sql.Date.
_STAMP_RE = re.compile(
    rf"{_DATE}(?:(?:[T ]|\s+){_CLOCK}{_ZONE}|\s+(?P<bare_zone>[zZ]|[+-]\d{{1,2}}(?::?\d{{2}})?))?{_ERA}",
    re.ASCII | re.IGNORECASE,
)
_TIME_RE = re.compile(_CLOCK, re.ASCII)
_INFINITE = {"infinity", "+infinity", "-infinity", "inf", "-inf"}
_MOVING = {"now", "today", "tomorrow", "yesterday", "allballs"}
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _match(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    stripped = text.strip()
    lowered = stripped.lower()
    if lowered in _INFINITE or lowered in _MOVING:
        raise TimeUnsupported(text)
    match = pattern.fullmatch("1970-01-01" if lowered == "epoch" else stripped)
    if match is None:
        raise TimeSyntaxError(text)
    return match


def _year_month_day(match: re.Match[str], text: str) -> tuple[int, int, int]:
    parts = match.group("year", "month", "day")
    if compact := match["compact"]:
        parts = compact[:4], compact[4:6], compact[6:]
    year, month, day = (int(part) for part in parts)
    if (match["era"] or "AD").upper() == "BC":
        if year == 0:
            raise TimeRangeError(text)
        year = 1 - year
    elif year == 0:
        raise TimeRangeError(text)
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if (
        not 1 <= month <= 12
        or not 1 <= day <= _MONTH_DAYS[month - 1]
        or (month == 2 and day == 29 and not leap)
    ):
        raise TimeRangeError(text)
    return year, month, day


def _clock_us(match: re.Match[str], text: str) -> int:
    if match["hour"] is None:
        return 0
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    micros = ((hour * 60 + minute) * 60 + second) * 1_000_000
    # timestamp_in rounds to the nearest microsecond.
    micros += round(Fraction(int(match["fraction"] or 0), 10 ** len(match["fraction"] or "")) * 1_000_000)
    if minute > 59 or second > 60 or micros > _DAY_US:
        raise TimeRangeError(text)
    return micros


def print_date(days: int) -> str:
    """Days since 1970-01-01 as PostgreSQL prints a date."""
    year, month, day = (int(part) for part in civil_from_days(days))
    return f"{year:04d}-{month:02d}-{day:02d}" if year > 0 else f"{1 - year:04d}-{month:02d}-{day:02d} BC"


def print_time(micros: int) -> str:
    seconds, fraction = divmod(micros, 1_000_000)
    tail = f".{fraction:06d}".rstrip("0") if fraction else ""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{tail}"


def print_timestamp(micros: int, zone: str = "") -> str:
    """Microseconds since 1970-01-01."""
    days, clock = divmod(micros, _DAY_US)
    date, _, era = print_date(days).partition(" ")
    return f"{date} {print_time(clock)}{zone}{' ' + era if era else ''}"


def date_from_text(text: str) -> str:
    match = _match(_STAMP_RE, text)  # a date takes a timestamp's text and drops the time
    _clock_us(match, text)
    return print_date(days_from_civil(*_year_month_day(match, text)))


def time_from_text(text: str) -> str:
    return print_time(_clock_us(_match(_TIME_RE, text), text))


def timestamp_from_text(text: str) -> str:
    """A zone in the text is read and dropped, as PostgreSQL does."""
    match = _match(_STAMP_RE, text)
    days = days_from_civil(*_year_month_day(match, text))
    return print_timestamp(days * _DAY_US + _clock_us(match, text))


def timestamptz_from_text(text: str) -> str:
    """Without a zone in the text the literal has none either: it is the session's TimeZone that decides, in
    Spark."""
    match = _match(_STAMP_RE, text)
    days = days_from_civil(*_year_month_day(match, text))
    micros = days * _DAY_US + _clock_us(match, text)
    zone = match["zone"] or match["bare_zone"]
    if text.strip().lower() == "epoch":
        return print_timestamp(0, "+00")
    return (
        print_timestamp(micros) if zone is None else print_timestamp(micros, offset_text(_zone_s(zone, text)))
    )


def _zone_s(zone: str, text: str) -> int:
    if zone.upper() in ("Z", "UTC", "GMT"):
        return 0
    digits = zone[1:].replace(":", "")
    if len(digits) in (1, 3, 5):
        digits = "0" + digits
    hours, minutes, seconds = int(digits[:2]), int(digits[2:4] or 0), int(digits[4:6] or 0)
    # MAX_TZDISP_HOUR of timestamp.h.
    if hours > 15 or minutes > 59 or seconds > 59:
        raise TimeRangeError(text)
    return (-1 if zone[0] == "-" else 1) * ((hours * 60 + minutes) * 60 + seconds)


_PG_INFINITY = {"i": (-(2**31), 2**31 - 1), "q": (-(2**63), 2**63 - 1)}


def _unpack(code: str, data: bytes) -> int:
    (value,) = struct.unpack(f">{code}", data)
    if value in _PG_INFINITY[code]:
        raise TimeUnsupported("infinity" if value > 0 else "-infinity")
    return int(value)


def date_from_binary(data: bytes) -> str:
    return print_date(_unpack("i", data) + _EPOCH_DAYS)


def time_from_binary(data: bytes) -> str:
    (micros,) = struct.unpack(">q", data)
    if not 0 <= micros <= _DAY_US:
        raise TimeRangeError(str(micros))
    return print_time(micros)


def timestamp_from_binary(data: bytes) -> str:
    return print_timestamp(_unpack("q", data) + _EPOCH_DAYS * _DAY_US)


def timestamptz_from_binary(data: bytes) -> str:
    return print_timestamp(_unpack("q", data) + _EPOCH_DAYS * _DAY_US, "+00")


# ---- intervals

_UNITS: dict[str, Callable[[Fraction], tuple[Fraction, Fraction, Fraction]]] = {}


def _unit(names: str, months: int, days: int, micros: int) -> None:
    for name in names.split():
        _UNITS[name] = lambda n: (n * months, n * days, n * micros)


_unit("millennium millennia mil mils", 12_000, 0, 0)
_unit("century centuries cent c", 1_200, 0, 0)
_unit("decade decades dec decs", 120, 0, 0)
_unit("year years yr yrs y", 12, 0, 0)
_unit("month months mon mons", 1, 0, 0)
_unit("week weeks w", 0, 7, 0)
_unit("day days d", 0, 1, 0)
_unit("hour hours hr hrs h", 0, 0, 3_600_000_000)
_unit("minute minutes min mins m", 0, 0, 60_000_000)
_unit("second seconds sec secs s", 0, 0, 1_000_000)
_unit("millisecond milliseconds msec msecs ms", 0, 0, 1_000)
_unit("microsecond microseconds usec usecs us", 0, 0, 1)

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
_PART = re.compile(
    rf"\s*(?:(?P<sign>[+-]?)(?P<hours>\d+):(?P<minutes>\d{{1,2}})(?::(?P<seconds>\d{{1,2}}(?:\.\d*)?))?"
    rf"|(?P<number>{_NUMBER})\s*(?P<unit>[a-z]+))",
    re.ASCII | re.IGNORECASE,
)
_ISO = re.compile(
    rf"P(?:({_NUMBER})Y)?(?:({_NUMBER})M)?(?:({_NUMBER})W)?(?:({_NUMBER})D)?"
    rf"(?:T(?:({_NUMBER})H)?(?:({_NUMBER})M)?(?:({_NUMBER})S)?)?",
    re.ASCII,
)
_ISO_UNITS = ("year", "month", "week", "day", "hour", "minute", "second")


def interval_from_text(text: str) -> str:
    """PostgreSQL's verbose form, clocks in it, a trailing `ago`, and ISO 8601 with designators."""
    stripped = text.strip()
    if stripped.lower().lstrip("+-") == "infinity":
        raise TimeUnsupported(text)
    totals = [Fraction(0), Fraction(0), Fraction(0)]
    if stripped.startswith("P"):
        match = _ISO.fullmatch(stripped)
        if match is None or not any(match.groups()):
            raise TimeSyntaxError(text)
        for number, unit in zip(match.groups(), _ISO_UNITS, strict=True):
            if number is not None:
                _add(totals, _UNITS[unit](Fraction(number)))
        return _interval_literal(totals, text)
    stripped = stripped.lower().removeprefix("@").strip()
    ago = stripped.endswith(" ago")
    stripped = stripped.removesuffix(" ago")
    if not stripped:
        raise TimeSyntaxError(text)
    at = 0
    while at < len(stripped):
        part = _PART.match(stripped, at)
        if part is None:
            raise TimeSyntaxError(text)
        at = part.end()
        if part["unit"] is not None:
            scale = _UNITS.get(part["unit"])
            if scale is None:
                raise TimeSyntaxError(text)
            _add(totals, scale(Fraction(part["number"])))
            continue
        seconds = int(part["hours"]) * 3600 + int(part["minutes"]) * 60 + Fraction(part["seconds"] or 0)
        totals[2] += seconds * 1_000_000 * (-1 if part["sign"] == "-" else 1)
    return _interval_literal([-total for total in totals] if ago else totals, text)


def _add(totals: list[Fraction], parts: tuple[Fraction, Fraction, Fraction]) -> None:
    """A fraction of a month becomes days, a fraction of a day time: 30 days and 24 hours (manual 8.5.4)."""
    months, days, micros = parts
    whole_months = Fraction(int(months))
    days += (months - whole_months) * 30
    whole_days = Fraction(int(days))
    micros += (days - whole_days) * _DAY_US
    for i, part in enumerate((whole_months, whole_days, micros)):
        totals[i] += part


def _interval_literal(totals: list[Fraction], text: str) -> str:
    months, days, micros = (round(total) for total in totals)
    return _checked((months, days, micros), text)


def _checked(interval: Interval, text: str) -> str:
    months, days, micros = interval
    if not (-(2**31) <= months < 2**31 and -(2**31) <= days < 2**31 and -(2**63) <= micros < 2**63):
        raise TimeRangeError(text)
    return print_interval(interval).decode()


def interval_from_binary(data: bytes) -> str:
    micros, days, months = struct.unpack(">qii", data)
    if (months, days, micros) in ((-(2**31), -(2**31), -(2**63)), (2**31 - 1, 2**31 - 1, 2**63 - 1)):
        raise TimeUnsupported("infinity")
    return _checked((months, days, micros), "")
