"""Reads binds.txt; used by the unit tests and by those that ask a real PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

OIDS = {
    "boolean": 16, "bytea": 17, "int8": 20, "int2": 21, "int4": 23, "text": 25, "float4": 700, "float8": 701,
    "varchar": 1043, "date": 1082, "time": 1083, "timestamp": 1114, "timestamptz": 1184, "interval": 1186,
    "numeric": 1700, "uuid": 2950, "int4[]": 1007, "text[]": 1009, "numeric[]": 1231, "date[]": 1182,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BindCase:
    """Shapes: exactly one of `literal` and `error` (SQLSTATE, message)."""

    type_name: str
    text: str
    literal: str | None
    error: tuple[str, str] | None


def read_binds() -> list[BindCase]:
    cases = []
    for line in Path(__file__).with_name("binds.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        type_name, text, expected = line.split(" | ")
        if expected.startswith("! "):
            sqlstate, message = expected[2:].split(" ", 1)
            cases.append(BindCase(type_name, text, None, (sqlstate, message)))
        else:
            cases.append(BindCase(type_name, text, expected, None))
    return cases
