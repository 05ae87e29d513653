"""What encoding costs a row: CPU nanoseconds by column kind and format, from synthetic frames of 10,000 rows.

Run: python -m tests.bench.bench_encode.  Prints, asserts nothing; thread CPU time, the best of some rounds.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from proxy.ports import BINARY, TEXT, CopyOptions, Field
from proxy.rows import RowEncoder
from spark_thrift.types import pg_type
from tests.unit.spark_thrift.frames import make_frame

ROWS = 10_000
ROUNDS = 20
DRAW = random.Random(1)

# Name, Spark type, HiveServer2's column kind, a value.  The first six are the bench table's.
COLUMNS: tuple[tuple[str, str, str, Callable[[], object]], ...] = (
    ("int", "int", "i32", lambda: DRAW.randrange(-(10**6), 10**6)),
    ("bigint", "bigint", "i64", lambda: DRAW.randrange(10**12)),
    ("double", "double", "double", lambda: DRAW.gauss(0, 1000)),
    ("text", "string", "string", lambda: f"name {DRAW.randrange(10 ** DRAW.randrange(8))}"),
    ("date", "date", "string", lambda: f"20{DRAW.randrange(100):02d}-{DRAW.randrange(1, 13):02d}-15"),
    ("decimal(10,2)", "decimal(10,2)", "string", lambda: f"{DRAW.uniform(-1e4, 1e4):.2f}"),
    ("double, large", "double", "double", lambda: DRAW.uniform(1e9, 1e14)),
    ("double, small", "double", "double", lambda: DRAW.uniform(1e-8, 1e-4)),
    ("real", "float", "double", lambda: DRAW.uniform(-1000, 1000)),
    ("text, long", "string", "string", lambda: "x" * DRAW.randrange(300)),
    (
        "decimal(38,10)",
        "decimal(38,10)",
        "string",
        lambda: f"{DRAW.randrange(10**20)}.{DRAW.randrange(10**10):010d}",
    ),
    ("timestamptz", "timestamp", "i64", lambda: DRAW.randrange(1_700_000_000_000_000)),
    ("timestamptz, seconds", "timestamp", "i64", lambda: DRAW.randrange(1_700_000_000) * 1_000_000),
    ("timestamp", "timestamp_ntz", "string", lambda: f"2024-05-06 07:08:{DRAW.randrange(60):02d}"),
    ("bytea", "binary", "binary", lambda: DRAW.randbytes(16)),
    ("boolean", "boolean", "bool", lambda: DRAW.random() < 0.5),
    ("int[]", "array<int>", "string", lambda: "[1,null,3]"),
    ("jsonb", "map<string,int>", "string", lambda: '{"b":1,"a":2}'),
)


def best_ns(work: Callable[[], object]) -> float:
    """Units: CPU ns a row."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.thread_time()
        work()
        best = min(best, time.thread_time() - start)
    return best / ROWS * 1e9


def measure(name: str, columns: tuple[tuple[str, str, str, Callable[[], object]], ...], nulls: float) -> None:
    types = [pg_type(spark) for _, spark, _, _ in columns]
    fields = [Field(f"c{i}", kind.oid, kind.size, kind.typmod) for i, kind in enumerate(types)]
    frame = make_frame(
        [
            (kind, [None if DRAW.random() < nulls else draw() for _ in range(ROWS)])
            for _, _, kind, draw in columns
        ]
    )
    encoder = RowEncoder(fields, types, "Europe/Berlin")
    batch = encoder.decode(frame)
    works: list[Callable[[], object]] = [
        lambda: encoder.decode(frame),
        lambda: batch.data_rows([TEXT] * len(types)),
        lambda: batch.data_rows([BINARY] * len(types)),
        lambda: batch.copy_rows(CopyOptions()),
        lambda: batch.copy_rows(CopyOptions("csv", ",", "")),
    ]
    print(f"{name:24}", *(f"{best_ns(work):10.0f}" for work in works))


def main() -> None:
    for nulls in (0.0, 0.05):
        print(
            f"\n{f'{nulls:.0%} NULLs; ns a row':24}",
            *(f"{h:>10}" for h in ("decode", "text", "binary", "copy", "csv")),
        )
        measure("the six of the bench", COLUMNS[:6], nulls)
        for column in COLUMNS:
            measure(column[0], (column,), nulls)


if __name__ == "__main__":
    main()
