"""Reads values.txt; used by the unit tests and by those that ask a real PostgreSQL."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from proxy.ports import Field
from proxy.rows import RowEncoder, SparkBatch
from spark_thrift.types import PgType, WireKind, pg_type
from tests.unit.spark_thrift.frames import make_frame

_PATH = Path(__file__).with_name("values.txt")

# The columns that HiveServer2 sends for Spark's number types; every other kind travels as text.
_NUMBERS = {
    "boolean": "bool", "tinyint": "byte", "smallint": "i16", "int": "i32", "bigint": "i64",
    "float": "double", "double": "double", "timestamp": "i64",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    spark_type: str
    sent: str
    text: str | None
    timezone: str

    def value(self) -> object:
        if self.sent == "\\N":
            return None
        match column_kind(self.spark_type):
            case "double":
                return float(self.sent)
            case "binary":
                return bytes.fromhex(self.sent)
            case "string":
                return "" if self.sent == "\\e" else self.sent
            case _:
                return int(self.sent)


def read_cases() -> list[Case]:
    cases, timezone = [], "UTC"
    for line in _PATH.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("timezone "):
            timezone = line.removeprefix("timezone ")
            continue
        spark_type, sent, text = line.split(" | ")
        cases.append(Case(spark_type, sent, {"\\N": None, "\\e": ""}.get(text, text), timezone))
    return cases


def column_kind(spark_type: str) -> str:
    if pg_type(spark_type).wire is WireKind.BYTEA:
        return "binary"
    return _NUMBERS.get(spark_type, "string")


def batch_of(spark_type: str, values: list[object], timezone: str = "UTC") -> SparkBatch:
    kind = pg_type(spark_type)
    frame = make_frame([(column_kind(spark_type), values)])
    return RowEncoder([field_of("c", kind)], [kind], timezone).decode(frame)


def field_of(name: str, kind: PgType) -> Field:
    return Field(name, kind.oid, kind.size, kind.typmod)


def read_rows(messages: bytes | memoryview) -> list[list[bytes | None]]:
    """DataRow messages, checked as a strict client would."""
    data, at, rows = bytes(messages), 0, []
    while at < len(data):
        assert data[at : at + 1] == b"D"
        length, count = struct.unpack_from(">ih", data, at + 1)
        end, at = at + 1 + length, at + 7
        row: list[bytes | None] = []
        for _ in range(count):
            (size,) = struct.unpack_from(">i", data, at)
            at += 4
            row.append(data[at : at + size] if size >= 0 else None)
            at += max(size, 0)
        assert at == end
        rows.append(row)
    return rows


def only_column(messages: bytes | memoryview) -> list[bytes | None]:
    return [row[0] for row in read_rows(messages)]
