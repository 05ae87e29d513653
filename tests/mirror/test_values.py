"""The values table on a real PostgreSQL: both formats of each value, byte for byte; and a mass of drawn
ones."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import pq

from proxy.ports import BINARY, TEXT
from spark_thrift.types import pg_type
from tests.mirror.plain_postgresql import running_postgresql
from tests.unit.proxy.value_table import Case, batch_of, only_column, read_cases

pytestmark = pytest.mark.mirror

CASES = read_cases()


@pytest.fixture(scope="module")
def postgresql() -> Iterator[psycopg.Connection[Any]]:
    with running_postgresql() as connection:
        yield connection


def ask(
    connection: psycopg.Connection[Any], sql: str, parameter: bytes | None, format_code: int, *, oid: int = 0
) -> list[bytes | None]:
    """The first column, as it came."""
    binary = 1 if oid else 0
    result = connection.pgconn.exec_params(sql.encode(), [parameter], [oid], [binary], format_code)
    assert result.status == pq.ExecStatus.TUPLES_OK, result.error_message
    return [result.get_value(row, 0) for row in range(result.ntuples)]


def literal(values: list[str | None]) -> bytes:
    return ("{" + ",".join("NULL" if v is None else f'"{v}"' for v in values) + "}").encode()


@pytest.mark.parametrize("format_code", [TEXT, BINARY])
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.spark_type}:{c.sent[:30]}:{c.timezone}")
def test_value(postgresql: psycopg.Connection[Any], case: Case, format_code: int) -> None:
    postgresql.execute("SELECT set_config('TimeZone', %s, false)", [case.timezone])
    name = pg_type(case.spark_type).name
    parameter = None if case.text is None else case.text.encode()
    ours = only_column(batch_of(case.spark_type, [case.value()], case.timezone).data_rows([format_code]))
    assert ours == ask(postgresql, f"SELECT CAST($1 AS {name})", parameter, format_code)


def drawn_floats(code: str, draw: random.Random) -> list[float]:
    """Of every magnitude, short decimals, powers, and the large ones that lie on midpoints."""
    size = struct.calcsize(code)
    raw = [struct.unpack(code, draw.randbytes(size))[0] for _ in range(3000)]
    top = 300 if code == ">d" else 37
    raw += [draw.gauss(0, 10.0 ** draw.randint(-8, 20)) for _ in range(3000)]
    raw += [round(draw.uniform(-1, 1) * 10.0 ** draw.randint(0, 15), draw.randint(0, 4)) for _ in range(3000)]
    raw += [float(draw.randrange(2**52, 2**53)) * 2.0 ** draw.randint(0, 60) for _ in range(3000)]
    raw += [2.0**k for k in range(-140, 120)] + [10.0**k for k in range(-30, top)]
    raw += [0.0, -0.0, float("inf"), float("-inf"), float("nan")]
    stored = [struct.unpack(code, struct.pack(code, value))[0] for value in raw]
    return [float("nan") if value != value else value for value in stored]


@pytest.mark.parametrize("format_code", [TEXT, BINARY])
@pytest.mark.parametrize(
    ("spark_type", "code", "name"), [("double", ">d", "float8"), ("float", ">f", "float4")]
)
def test_floats(
    postgresql: psycopg.Connection[Any], spark_type: str, code: str, name: str, format_code: int
) -> None:
    values = drawn_floats(code, random.Random(7))
    theirs = ask(
        postgresql, f"SELECT unnest($1::float8[])::{name}", literal([repr(v) for v in values]), format_code
    )
    assert only_column(batch_of(spark_type, list(values)).data_rows([format_code])) == theirs


@pytest.mark.parametrize("format_code", [TEXT, BINARY])
@pytest.mark.parametrize(
    ("precision", "scale"), [(10, 2), (38, 0), (38, 18), (38, 38), (18, 4), (5, 5), (9, 0), (20, 1), (12, 3)]
)
def test_numerics(postgresql: psycopg.Connection[Any], precision: int, scale: int, format_code: int) -> None:
    draw = random.Random(precision * 100 + scale)
    values: list[str | None] = [None]
    for _ in range(1500):
        unscaled = draw.randrange(10 ** draw.randint(0, precision)) // 10 ** draw.choice([0, 0, 3, 8])
        unscaled = unscaled * 10 ** draw.choice([0, 0, 4, 7]) % 10**precision
        digits = str(unscaled).rjust(scale + 1, "0")
        plain = f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits
        values.append("-" + plain if unscaled and draw.random() < 0.4 else plain)
    spark_type = f"decimal({precision},{scale})"
    theirs = ask(
        postgresql, f"SELECT unnest($1::numeric({precision},{scale})[])", literal(values), format_code
    )
    assert only_column(batch_of(spark_type, list(values)).data_rows([format_code])) == theirs


@pytest.mark.parametrize("format_code", [TEXT, BINARY])
@pytest.mark.parametrize(
    "timezone",
    [
        "UTC", "Europe/Berlin", "Europe/Amsterdam", "Europe/Dublin", "America/New_York", "America/St_Johns",
        "Asia/Kolkata", "Asia/Gaza", "Australia/Lord_Howe", "Africa/Casablanca", "Africa/Monrovia",
        "Pacific/Apia", "Antarctica/Troll", "Etc/GMT+5", "EST5EDT", "<+03>-03", "IST-2IDT,M3.4.4/26,M10.5.0",
    ],
)  # fmt: skip
def test_timestamps(postgresql: psycopg.Connection[Any], timezone: str, format_code: int) -> None:
    postgresql.execute("SELECT set_config('TimeZone', %s, false)", [timezone])
    draw = random.Random(timezone)
    micros = [draw.randrange(-2 * 10**15, 3 * 10**15) for _ in range(2000)]
    micros += [draw.randrange(-5 * 10**16, 10**18) for _ in range(1000)]
    micros += [draw.randrange(-210_866_803_200_000_000, 2**63 - 1) for _ in range(1000)]
    # Each half hour of some years, a microsecond before it: every change of offset in them.
    for begin in (-2_717_650_800, -1_000_000_000, 0, 1_400_000_000, 2_145_000_000, 4_102_444_800):
        micros += [(begin + half_hour * 1800) * 1_000_000 - 1 for half_hour in range(0, 17_600, 9)]
    since_2000 = [value - 946_684_800_000_000 for value in micros]
    array = struct.pack(">iiIii", 1, 0, 1184, len(micros), 1)
    array += b"".join(struct.pack(">iq", 8, value) for value in since_2000)
    theirs = ask(postgresql, "SELECT unnest($1)", array, format_code, oid=1185)
    assert only_column(batch_of("timestamp", list(micros), timezone).data_rows([format_code])) == theirs


@pytest.mark.parametrize("format_code", [TEXT, BINARY])
@pytest.mark.parametrize(("low", "high"), [(1, 9999), (-4711, 20_000)])
def test_dates(postgresql: psycopg.Connection[Any], low: int, high: int, format_code: int) -> None:
    draw = random.Random(low)
    sent: list[object] = []
    shown: list[str | None] = []
    for _ in range(3000):
        year, rest = draw.randint(low, high), f"-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
        sign = "+" if year > 9999 else "-" if year < 0 else ""
        sent.append(f"{sign}{abs(year):04d}{rest}")
        shown.append(f"{year:04d}{rest}" if year > 0 else f"{1 - year:04d}{rest} BC")
        if draw.random() < 0.1:
            sent[-1] = shown[-1] = None
    theirs = ask(postgresql, "SELECT unnest($1::date[])", literal(shown), format_code)
    assert only_column(batch_of("date", sent).data_rows([format_code])) == theirs


def test_wall_clock_timestamps(postgresql: psycopg.Connection[Any]) -> None:
    draw = random.Random(3)
    values: list[str | None] = [None, "2024-02-29 23:59:59.999999"]
    for _ in range(3000):
        day = f"{draw.randint(1, 9999):04d}-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
        clock = f"{draw.randrange(24):02d}:{draw.randrange(60):02d}:{draw.randrange(60):02d}"
        fraction = f".{draw.randrange(10**6):06d}".rstrip("0").rstrip(".") if draw.random() < 0.7 else ""
        values.append(f"{day} {clock}{fraction}" if draw.random() < 0.95 else None)
    for format_code in (TEXT, BINARY):
        theirs = ask(postgresql, "SELECT unnest($1::timestamp[])", literal(values), format_code)
        assert only_column(batch_of("timestamp_ntz", list(values)).data_rows([format_code])) == theirs
