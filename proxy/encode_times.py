"""Dates and times: what Spark sends to what PostgreSQL prints and packs.

Wire: text as PostgreSQL's ISO DateStyle (`0044-03-15 BC`, fractions without trailing zeros, offsets as
+05:53:28); binary as days or microseconds since 2000-01-01.  Both calendars are the proleptic Gregorian one.

Rules: years 1 to 9999 go through tables and whole-column arithmetic; the rest, which java.time writes with a
sign, goes value by value.  What PostgreSQL's range does not hold is refused with 22008.

Source: PostgreSQL's datetime.c (EncodeDateTime, EncodeTimezone, EncodeInterval), timestamp.h for the ranges.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from proxy.encode_parts import DataError, Encoded, Fixed, Var, map_values, offsets_of, to_list, var_of
from proxy.timezones import TimeZone
from spark_thrift.columns import FixedColumn, Nulls, VarColumn

Ints = npt.NDArray[np.int64]

_DAY_US = 86_400_000_000
_EPOCH_DAYS = 10_957  # 1970-01-01 to 2000-01-01
_EPOCH_US = _EPOCH_DAYS * _DAY_US
# timestamp.h: MIN_TIMESTAMP is 4714-11-24 BC, END_TIMESTAMP 294277-01-01, both since 2000; datetime.h for
# dates.
_MIN_TIMESTAMP_US = -211_813_488_000_000_000
_END_TIMESTAMP_US = 9_223_371_331_200_000_000
_MIN_DATE_DAYS = -2_451_545
_END_DATE_DAYS = 2_145_031_949


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01.  Source: H. Hinnant, "chrono-compatible low-level date algorithms"."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def civil_from_days(days: Any) -> tuple[Any, Any, Any]:
    """The inverse, for whole columns: (year, month, day)."""
    shifted = days + 719_468
    era = shifted // 146_097
    of_era = shifted - era * 146_097
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted_month = (5 * of_year + 2) // 153
    day = of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + np.where(shifted_month < 10, 3, -9)
    return year + era * 400 + (month <= 2), month, day


_PAIRS = np.array([f"{i:02d}" for i in range(100)], "S2")


def _pair_values() -> npt.NDArray[np.int32]:
    """Two ASCII digits, read as a native uint16, to their value; anything else to a value that spoils the
    date."""
    table = np.full(65_536, -1_000_000, np.int32)
    table[_PAIRS.view(np.uint16)] = np.arange(100)
    return table


def _month_starts() -> npt.NDArray[np.int32]:
    """Days from 2000-01-01 to the day before the first of each month: index is year * 13 + month."""
    table = np.full(10_000 * 13, np.iinfo(np.int32).min // 2, np.int32)
    for year in range(10_000):
        for month in range(1, 13):
            table[year * 13 + month] = days_from_civil(year, month, 1) - _EPOCH_DAYS - 1
    return table


_TABLES: dict[str, npt.NDArray[np.int32]] = {}


def _tables() -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Made on first use: 130,000 steps that a server without a binary client never needs."""
    if not _TABLES:
        _TABLES["pairs"] = _pair_values()
        _TABLES["months"] = _month_starts()
    return _TABLES["pairs"], _TABLES["months"]


_JAVA_DATE = re.compile(rb"([+-]?)(\d{4,})-(\d\d)-(\d\d)(.*)", re.DOTALL)


def _java_date(value: bytes) -> tuple[int, int, int, bytes]:
    """java.time's year 0 is 1 BC."""
    match = _JAVA_DATE.fullmatch(value)
    if match is None:
        raise DataError("22007", f"invalid date from the engine: {value[:40].decode('utf-8', 'replace')!r}")
    year = int(match[2])
    return (-year if match[1] == b"-" else year), int(match[3]), int(match[4]), match[5]


def _check_range(value: int, low: int, end: int, what: str) -> int:
    if not low <= value < end:
        raise DataError("22008", f"{what} out of range")
    return value


def _era(year: int, rest: str) -> bytes:
    return (f"{year:04d}{rest}" if year > 0 else f"{1 - year:04d}{rest} BC").encode()


def _java_to_pg(value: bytes) -> bytes:
    year, month, day, rest = _java_date(value)
    days = days_from_civil(year, month, day) - _EPOCH_DAYS
    if rest:
        _check_range(days * _DAY_US, _MIN_TIMESTAMP_US, _END_TIMESTAMP_US, "timestamp")
    else:
        _check_range(days, _MIN_DATE_DAYS, _END_DATE_DAYS, "date")
    return _era(year, f"-{month:02d}-{day:02d}{rest.decode()}")


def _irregular(column: VarColumn) -> bool:
    """Whether some date or timestamp is not of the years 1 to 9999: java.time then writes a sign, or the year
    0000.

    An all-zero year is rare enough to look for by its first two digits.
    """
    first = column.data[np.minimum(column.starts[:-1] + 4, len(column.data) - 1)]
    second = column.data[np.minimum(column.starts[:-1] + 5, len(column.data) - 1)]
    odd = (first < ord("0")) | ((first == ord("0")) & (second == ord("0")))
    if column.nulls is not None:
        odd &= ~column.nulls
    return bool(odd.any())


def date_text(column: VarColumn) -> Encoded:
    return map_values(column, _java_to_pg) if _irregular(column) else column


timestamp_text = date_text


def date_binary(column: VarColumn) -> Fixed:
    """Days since 2000-01-01, int32."""
    lengths = np.diff(column.starts)
    regular = lengths == 14
    if regular.all():
        at = column.starts[:-1]
    elif not regular.any():
        return Fixed(_slow_dates(column), column.nulls)
    else:
        # What is not ten digits long reads some neighbour for now.
        at = np.where(regular, column.starts[:-1], column.starts[:-1][regular][0])
        if column.nulls is None or not (regular | column.nulls).all():
            return Fixed(_slow_dates(column), column.nulls)
    pairs, months = _tables()
    words = np.ndarray((len(column.data) - 1,), np.uint16, column.data.data, 0, (1,))
    year = pairs[words[at + 4]] * 100
    year += pairs[words[at + 6]]
    month = pairs[words[at + 9]]
    day = pairs[words[at + 12]]
    index = year * 13
    index += month
    if index.min(initial=0) < 0 or day.min(initial=1) < 1:
        return Fixed(_slow_dates(column), column.nulls)
    return Fixed((months[index] + day).astype(">i4"), column.nulls)


def _slow_dates(column: VarColumn) -> npt.NDArray[Any]:
    days = []
    for value in to_list(column):
        if value is None:
            days.append(0)
            continue
        year, month, day, _ = _java_date(value)
        days.append(
            _check_range(
                days_from_civil(year, month, day) - _EPOCH_DAYS, _MIN_DATE_DAYS, _END_DATE_DAYS, "date"
            )
        )
    return np.array(days, ">i4")


def _clock_us(text: bytes) -> int:
    """Microseconds of `12:34:56.789`."""
    clock, _, fraction = text.partition(b".")
    hours, minutes, seconds = (int(part) for part in clock.split(b":"))
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + int(fraction[:6].ljust(6, b"0") or 0)


def timestamp_binary(column: VarColumn) -> Fixed:
    """Microseconds since 2000-01-01, int64, of wall-clock text."""
    values = []
    for value in to_list(column):
        if value is None:
            values.append(0)
            continue
        year, month, day, rest = _java_date(value)
        days = days_from_civil(year, month, day) - _EPOCH_DAYS
        micros = days * _DAY_US + _clock_us(rest.strip())
        values.append(_check_range(micros, _MIN_TIMESTAMP_US, _END_TIMESTAMP_US, "timestamp"))
    return Fixed(np.array(values, ">i8"), column.nulls)


def time_binary(column: VarColumn) -> Fixed:
    """Microseconds since midnight, int64."""
    return Fixed(
        np.array([_clock_us(v) if v is not None else 0 for v in to_list(column)], ">i8"), column.nulls
    )


def timestamptz_binary(column: FixedColumn) -> Fixed:
    """Microseconds since 2000-01-01 UTC, int64."""
    micros = _in_range(column)
    return Fixed((micros - _EPOCH_US).astype(">i8"), column.nulls)


def _in_range(column: FixedColumn) -> Ints:
    micros = column.values.astype(np.int64)
    if column.nulls is not None:
        micros[column.nulls] = 0
    if len(micros) and (
        micros.min() < _MIN_TIMESTAMP_US + _EPOCH_US or micros.max() >= _END_TIMESTAMP_US + _EPOCH_US
    ):
        raise DataError("22008", "timestamp out of range")
    return micros


# `2024-01-31 12:34:56` as records of digit pairs.
_STAMP = np.dtype(
    [
        ("century", "S2"), ("year", "S2"), ("-1", "S1"), ("month", "S2"), ("-2", "S1"), ("day", "S2"), ("sp",
        "S1"), ("hour", "S2"), (":1", "S1"), ("minute", "S2"), (":2", "S1"), ("second", "S2"),
    ]
)  # fmt: skip


def timestamptz_text(column: FixedColumn, zone: TimeZone) -> Encoded:
    """In the session's TimeZone, with the offset that it had at that moment."""
    micros = _in_range(column)
    offsets = zone.offsets(micros // 1_000_000)
    local = micros + offsets.astype(np.int64) * 1_000_000
    days = local // _DAY_US
    clock = local - days * _DAY_US
    year, month, day = civil_from_days(days)
    seconds, fraction = np.divmod(clock, 1_000_000)
    ordinary = (year >= 1) & (year <= 9999)
    shown = np.where(ordinary, year, 1)

    stamps = np.empty(len(micros), _STAMP)
    stamps["century"], stamps["year"] = _PAIRS[shown // 100], _PAIRS[shown % 100]
    stamps["-1"] = stamps["-2"] = b"-"
    stamps["month"], stamps["day"] = _PAIRS[month], _PAIRS[day]
    stamps["sp"] = b" "
    stamps["hour"], stamps["minute"], stamps["second"] = (
        _PAIRS[seconds // 3600],
        _PAIRS[seconds // 60 % 60],
        _PAIRS[seconds % 60],
    )
    stamps[":1"] = stamps[":2"] = b":"

    zones, zone_lengths = _offset_texts(offsets)
    fractions, fraction_lengths = _fraction_texts(fraction)
    var = _side_by_side(
        [
            (stamps.view(np.uint8).reshape(-1, 19), None),
            (fractions, fraction_lengths),
            (zones, zone_lengths),
        ],
        column.nulls,
    )
    if ordinary.all():
        return var
    values = to_list(var)
    for i in np.flatnonzero(~ordinary).tolist():
        if values[i] is not None:
            rest = (values[i] or b"")[4:].decode()
            values[i] = _era(int(year[i]), rest)
    return var_of(values)


def _offset_texts(offsets: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]:
    distinct, which = np.unique(offsets, return_inverse=True)
    texts = [offset_text(int(offset)).encode() for offset in distinct]
    table = np.array(texts, "S9")
    lengths = np.array([len(text) for text in texts], np.int64)
    return table[which].view(np.uint8).reshape(-1, 9), lengths[which]


def offset_text(seconds: int) -> str:
    """As EncodeTimezone: hours, then minutes and seconds where they are not zero."""
    sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
    text = f"{sign}{seconds // 3600:02d}"
    if seconds % 3600:
        text += f":{seconds // 60 % 60:02d}"
    if seconds % 60:
        text += f":{seconds % 60:02d}"
    return text


def _fraction_texts(micros: Ints) -> tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]:
    """`.5`, without trailing zeros; nothing for a whole second."""
    texts = np.empty((len(micros), 7), np.uint8)
    texts[:, 0] = ord(".")
    lengths = np.where(micros == 0, 0, 7)
    if lengths.any():
        rest = micros
        for place in range(6, 0, -1):
            rest, digit = np.divmod(rest, 10)
            texts[:, place] = digit + ord("0")
        for places in range(1, 6):
            lengths -= (micros % 10**places == 0) & (micros != 0)
    return texts, lengths


def _side_by_side(
    parts: Sequence[tuple[npt.NDArray[np.uint8], npt.NDArray[Any] | None]], nulls: Nulls | None
) -> Var:
    """Rows of bytes of which each part contributes its first `lengths` bytes (None: all of them)."""
    matrix = np.concatenate([part for part, _ in parts], axis=1)
    kept = np.concatenate(
        [
            np.ones(part.shape, np.bool_) if lengths is None else np.arange(part.shape[1]) < lengths[:, None]
            for part, lengths in parts
        ],
        axis=1,
    )
    if nulls is not None:
        kept[nulls] = False
    return Var(matrix[kept], offsets_of(kept.sum(axis=1)), nulls)
