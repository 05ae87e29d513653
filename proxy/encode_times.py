"""Dates and times: what Spark sends to what PostgreSQL prints and packs.

Wire: text as PostgreSQL's ISO DateStyle (`0044-03-15 BC`, fractions without trailing zeros, offsets as
+05:53:28); binary as days or microseconds since 2000-01-01.  Both calendars are the proleptic Gregorian one.

Rules: years 1 to 9999 go through tables and whole-column arithmetic; the rest, which java.time writes with a
sign, goes value by value.  What PostgreSQL's range does not hold is refused with 22008.

Source: PostgreSQL's datetime.c (EncodeDateTime, EncodeTimezone, EncodeInterval), timestamp.h for the ranges.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from proxy.encode_parts import (
    DataError,
    Encoded,
    Fixed,
    Var,
    map_values,
    offsets_of,
    sizes_of,
    to_list,
    var_of,
)
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


@functools.cache
def _pair_values() -> npt.NDArray[np.int32]:
    """Two ASCII digits, read as a native uint16, to their value; anything else to a value that spoils the
    date."""
    table = np.full(65_536, -1_000_000, np.int32)
    table[_PAIRS.view(np.uint16)] = np.arange(100)
    return table


@functools.cache
def _month_starts() -> npt.NDArray[np.int32]:
    """Days from 2000-01-01 to the day before the first of each month; index is year * 12 + month."""
    firsts = np.arange("-0001-12", "10000-01", dtype="datetime64[M]").astype("datetime64[D]").astype(np.int32)
    starts: npt.NDArray[np.int32] = firsts - _EPOCH_DAYS - 1
    return starts


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
    at = _regular_starts(column, sizes_of(column.starts) == 4 + len("2024-01-31"))
    days = None if at is None else _days(column, at)
    if days is None:
        return Fixed(_slow_dates(column), column.nulls)
    return Fixed(days.astype(">i4"), column.nulls)


def _regular_starts(column: VarColumn, regular: Any) -> npt.NDArray[Any] | None:
    """Where each text begins, a NULL's replaced by some other's; None when one is not regular."""
    at = column.starts[:-1] + 4
    if regular.all():
        return at
    if column.nulls is None or not (regular | column.nulls).all() or not regular.any():
        return None
    return np.where(regular, at, at[regular][0])


def _words(column: VarColumn) -> npt.NDArray[np.uint16]:
    """Each two neighbouring bytes of the frame, as a number to look up."""
    return np.ndarray((len(column.data) - 1,), np.uint16, column.data.data, 0, (1,))


def _days(column: VarColumn, at: npt.NDArray[Any]) -> npt.NDArray[np.int32] | None:
    """Days since 2000-01-01 of the `2024-01-31` at each place; None when some character is not a digit."""
    words, pairs = _words(column), _pair_values()
    index = pairs[words[at]] * 100
    index += pairs[words[at + 2]]
    index *= 12
    index += pairs[words[at + 5]]
    day = pairs[words[at + 8]]
    if index.min(initial=0) < 0 or day.min(initial=1) < 1:
        return None
    days: npt.NDArray[np.int32] = _month_starts()[index] + day
    return days


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
    sizes = sizes_of(column.starts) - 4
    at = None
    if not _irregular(column):
        at = _regular_starts(column, sizes >= len("2024-01-31 12:34:56"))
    days = None if at is None else _days(column, at)
    if at is None or days is None:
        return Fixed(_slow_timestamps(column), column.nulls)
    words, pairs = _words(column), _pair_values()
    seconds = pairs[words[at + 11]] * 3600
    seconds += pairs[words[at + 14]] * 60
    seconds += pairs[words[at + 17]]
    if seconds.min(initial=0) < 0:
        return Fixed(_slow_timestamps(column), column.nulls)
    micros = np.zeros(len(column), np.int64)
    last = len(column.data) - 1
    for place in range(20, 26):
        micros *= 10
        micros += np.where(sizes > place, column.data[np.minimum(at + place, last)] - np.uint8(ord("0")), 0)
    micros += seconds.astype(np.int64) * 1_000_000
    micros += days.astype(np.int64) * _DAY_US
    return Fixed(micros.astype(">i8"), column.nulls)


def _slow_timestamps(column: VarColumn) -> npt.NDArray[Any]:
    values = []
    for value in to_list(column):
        if value is None:
            values.append(0)
            continue
        year, month, day, rest = _java_date(value)
        days = days_from_civil(year, month, day) - _EPOCH_DAYS
        micros = days * _DAY_US + _clock_us(rest.strip())
        values.append(_check_range(micros, _MIN_TIMESTAMP_US, _END_TIMESTAMP_US, "timestamp"))
    return np.array(values, ">i8")


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


# The days whose text is kept ready, 1900-01-01 to 2099-12-31; others are worked out.
_READY_FROM = days_from_civil(1900, 1, 1)
_READY_TO = days_from_civil(2100, 1, 1)


@functools.cache
def _date_texts() -> npt.NDArray[Any]:
    return _print_dates(np.arange(_READY_FROM, _READY_TO))[0]


@functools.cache
def _clock_texts() -> npt.NDArray[Any]:
    """` 12:34:56` of each second of a day."""
    seconds = np.arange(86_400)
    texts = np.empty(
        86_400, [("sp", "S1"), ("h", "S2"), (":1", "S1"), ("m", "S2"), (":2", "S1"), ("s", "S2")]
    )
    texts["sp"], texts[":1"], texts[":2"] = b" ", b":", b":"
    texts["h"], texts["m"], texts["s"] = (
        _PAIRS[seconds // 3600],
        _PAIRS[seconds // 60 % 60],
        _PAIRS[seconds % 60],
    )
    return texts.view("V9")


def _print_dates(days: Any) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """`2024-01-31`, and the year; a year of another width than four digits stands as 0001."""
    year, month, day = civil_from_days(days)
    shown = np.where((year >= 1) & (year <= 9999), year, 1)
    texts = np.empty(
        len(days), [("c", "S2"), ("y", "S2"), ("-1", "S1"), ("m", "S2"), ("-2", "S1"), ("d", "S2")]
    )
    texts["c"], texts["y"] = _PAIRS[shown // 100], _PAIRS[shown % 100]
    texts["m"], texts["d"] = _PAIRS[month], _PAIRS[day]
    texts["-1"] = texts["-2"] = b"-"
    return texts.view("V10"), year


def timestamptz_text(column: FixedColumn, zone: TimeZone) -> Encoded:
    """In the session's TimeZone, with the offset that it had at that moment."""
    micros = _in_range(column)
    moments, fraction = _split_seconds(micros)
    offsets = zone.offsets(moments)
    moments += offsets
    days = moments // 86_400
    clock = moments - days * 86_400
    years = None
    if len(days) and days.min() >= _READY_FROM and days.max() < _READY_TO:
        dates = _date_texts()[days - _READY_FROM]
    else:
        dates, years = _print_dates(days)

    zones, zone_lengths = _offset_texts(offsets)
    fractions, fraction_lengths = _fraction_texts(fraction)
    var = _side_by_side(
        [(dates, None), (_clock_texts()[clock], None), (fractions, fraction_lengths), (zones, zone_lengths)],
        column.nulls,
    )
    odd = None if years is None else (years < 1) | (years > 9999)
    if years is None or odd is None or not odd.any():
        return var
    values = to_list(var)
    for i in np.flatnonzero(odd).tolist():
        value = values[i]
        if value is not None:
            values[i] = _era(int(years[i]), value[4:].decode())
    return var_of(values)


def _split_seconds(micros: Ints) -> tuple[Ints, Ints]:
    seconds = micros // 1_000_000
    return seconds, micros - seconds * 1_000_000


def _offset_texts(offsets: npt.NDArray[np.int32]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    if len(offsets) and (offsets == offsets[0]).all():
        text = offset_text(int(offsets[0])).encode()
        return np.full(len(offsets), text, f"S{len(text)}"), np.full(len(offsets), len(text))
    distinct, which = np.unique(offsets, return_inverse=True)
    texts = [offset_text(int(offset)).encode() for offset in distinct]
    lengths = np.array([len(text) for text in texts], np.int64)
    return np.array(texts)[which], lengths[which]


def offset_text(seconds: int) -> str:
    """As EncodeTimezone: hours, then minutes and seconds where they are not zero."""
    sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
    text = f"{sign}{seconds // 3600:02d}"
    if seconds % 3600:
        text += f":{seconds // 60 % 60:02d}"
    if seconds % 60:
        text += f":{seconds % 60:02d}"
    return text


@functools.cache
def _thousandths() -> npt.NDArray[np.uint8]:
    return np.array([f"{i:03d}" for i in range(1000)], "S3").view(np.uint8).reshape(-1, 3)


@functools.cache
def _trailing_zeros() -> npt.NDArray[np.int64]:
    """Of three digits."""
    return np.array([3 - len(f"{i:03d}".rstrip("0")) for i in range(1000)])


def _fraction_texts(micros: Ints) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """`.5`, without trailing zeros; nothing for a whole second."""
    if not micros.any():
        return np.empty(len(micros), "V0"), np.zeros(len(micros), np.int64)
    milli = micros // 1000
    micro = micros - milli * 1000
    texts = np.empty((len(micros), 7), np.uint8)
    texts[:, 0] = ord(".")
    texts[:, 1:4] = _thousandths()[milli]
    texts[:, 4:7] = _thousandths()[micro]
    zeros = _trailing_zeros()
    lengths = np.where(micro == 0, 4 - zeros[milli], 7 - zeros[micro])
    lengths[micros == 0] = 0
    return texts.view("V7").reshape(-1), lengths


def _side_by_side(
    parts: Sequence[tuple[npt.NDArray[Any], npt.NDArray[Any] | None]], nulls: Nulls | None
) -> Var:
    """Rows of bytes of which each part contributes its first `lengths` bytes (None: all of them)."""
    rows = len(parts[0][0])
    parts = [(part, lengths) for part, lengths in parts if part.dtype.itemsize]
    records = np.empty(rows, [(f"f{i}", part.dtype) for i, (part, _) in enumerate(parts)])
    for name, (part, _) in zip(records.dtype.names or (), parts, strict=True):
        records[name] = part
    width = records.dtype.itemsize
    matrix = records.view(np.uint8).reshape(rows, width)
    ragged = [(part, lengths) for part, lengths in parts if lengths is not None]
    if nulls is None and all((lengths == part.dtype.itemsize).all() for part, lengths in ragged):
        return Var(matrix.reshape(-1), np.arange(0, width * rows + 1, width, dtype=np.int32), None)
    kept = np.ones((rows, width), np.bool_)
    sizes = np.full(rows, width)
    at = 0
    for part, lengths in parts:
        end = at + part.dtype.itemsize
        if lengths is not None:
            np.less(np.arange(end - at), lengths[:, None], out=kept[:, at:end])
            sizes -= end - at - lengths
        at = end
    if nulls is not None:
        kept[nulls] = False
        sizes[nulls] = 0
    return Var(matrix[kept], offsets_of(sizes), nulls)
