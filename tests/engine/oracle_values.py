"""Values of two engines side by side: the corpus' data, and when an answer of Spark's equals PostgreSQL's.

Equal: integers, texts, dates and truth values exactly; numbers with a fraction to twelve digits, because Spark's
averages and quotients stop at eighteen decimals; timestamps as instants or clocks; intervals in microseconds.
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

RELATIVE = Decimal("1e-12")
ABSOLUTE = Decimal("1e-13")
_INTERVAL = re.compile(r"(-?)(\d+) (\d+):(\d+):(\d+)(?:\.(\d{1,9}))?")


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    postgres: str
    spark: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table of dialect_data.txt; values as PostgreSQL's input functions take them, arrays as JSON."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]


def read_tables(path: Path) -> list[Table]:
    """Raises: ValueError for a line that fits no table."""
    tables: list[Table] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("table "):
            tables.append(Table(line.removeprefix("table ").strip(), (), ()))
            continue
        table = tables.pop()
        if line.startswith("columns "):
            parts = re.split(r"  +", line.removeprefix("columns ").strip())
            table = Table(table.name, tuple(Column(*part.split(":")) for part in parts), ())
        else:
            row = tuple(None if field == "\\N" else field for field in line.split(" | "))
            if len(row) != len(table.columns):
                raise ValueError(f"{table.name} has {len(table.columns)} columns: {line}")
            table = Table(table.name, table.columns, (*table.rows, row))
        tables.append(table)
    return tables


def from_postgres(value: Any) -> Any:
    """psycopg's value in the common form."""
    match value:
        case datetime(tzinfo=zone):
            return value.astimezone(UTC) if zone else value
        case timedelta():
            return value // timedelta(microseconds=1)
        case list() | tuple():
            return [from_postgres(item) for item in value]
        case _:
            return value


def from_spark(text: str | None, spark_type: str) -> Any:
    """HiveServer2's text, or what an adapter of spark_thrift.types made of it, in the common form."""
    if text is None:
        return None
    if spark_type.startswith("array<"):
        return [_from_json(item, spark_type[6:-1]) for item in json.loads(text)]
    name = spark_type.partition("(")[0]
    match name:
        case "boolean":
            return text in ("true", "True")
        case "smallint" | "int" | "bigint":
            return int(text)
        case "decimal":
            return Decimal(text)
        case "float" | "double":
            return float(text)
        case "date":
            return date.fromisoformat(text)
        case "timestamp":
            return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(text))
        case "timestamp_ntz":
            return datetime.fromisoformat(text)
        case "binary":
            return text.encode()
        case "interval day to second" | "interval day":
            return _interval_micros(text)
        case _:
            return text


def _from_json(item: Any, spark_type: str) -> Any:
    if item is None or isinstance(item, bool):
        return item
    return from_spark(str(item), spark_type)


def _interval_micros(text: str) -> int:
    found = _INTERVAL.fullmatch(text)
    assert found, text
    sign, days, hours, minutes, seconds, fraction = found.groups()
    total = ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds)
    micros = total * 1_000_000 + int((fraction or "").ljust(9, "0")[:6] or 0)
    return -micros if sign else micros


def equal(expected: Any, found: Any, spark_type: str) -> bool:
    """Whether Spark's value is PostgreSQL's."""
    if expected is None or found is None:
        return expected is found
    if isinstance(expected, list):
        element = spark_type[6:-1]
        return (
            isinstance(found, list)
            and len(found) == len(expected)
            and all(equal(one, other, element) for one, other in zip(expected, found, strict=True))
        )
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, int | float | Decimal) and isinstance(found, int | float | Decimal):
        return _close(expected, found, single=spark_type == "float")
    if isinstance(expected, bytes):
        return bool(expected == found)
    return type(expected) is type(found) and bool(expected == found)


def _close(expected: float | Decimal, found: float | Decimal, *, single: bool) -> bool:
    if single:
        expected, found = _single(expected), _single(found)
    if expected == found or (expected != expected and found != found):
        return True
    if isinstance(expected, int) and isinstance(found, int):
        return False
    one, other = Decimal(expected), Decimal(found)
    if not (one.is_finite() and other.is_finite()):
        return False
    exact = isinstance(expected, Decimal) and isinstance(found, Decimal)
    return abs(one - other) <= max(RELATIVE * max(abs(one), abs(other)), ABSOLUTE if exact else Decimal(0))


def _single(value: float | Decimal) -> float:
    return float(struct.unpack("f", struct.pack("f", float(value)))[0])


def sorting_key(row: list[Any]) -> list[str]:
    """An order for rows whose statement gives none; near numbers stay together."""
    return [
        f"{float(value):.8g}"
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool)
        else str(value)
        for value in row
    ]
