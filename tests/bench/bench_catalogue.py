"""A catalogue of 10,000 tables with 30 columns on the mirror: the first sync, later ones, and what clients ask of it.

    python -m tests.bench.bench_catalogue [--tables 10000]

Seconds; Spark's half (reading its metastore) is not in them.  "restricted" is a role that sees a tenth of the tables.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

from checker.context import Context, Grants
from checker.gate import Gate
from checker.verdict import Allowed, StatementKind
from proxy.mirror import Mirror, MirrorOptions
from proxy.ports import Column, Table
from proxy.visible import shown

TYPES = ("int", "string", "decimal(12,2)", "timestamp", "array<string>", "double")
SCHEMAS = 20
GRANTS = Grants(("reader",), frozenset(StatementKind), read=("s1.*", "s2.*"), functions=("*",))
QUESTIONS = (
    "SELECT count(*) FROM pg_class",
    "SELECT count(*) FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid WHERE c.relname = 't21'",
    "SELECT count(*) FROM pg_class AS c WHERE pg_table_is_visible(c.oid)",
    "SELECT count(format_type(atttypid, atttypmod)), count(col_description(attrelid, attnum)) FROM pg_attribute",
    "SELECT count(*) FROM information_schema.columns",
    "SELECT count(*) FROM information_schema.tables",
)


def tables(count: int) -> list[Table]:
    columns = tuple(
        Column(f"c{n}", TYPES[n % len(TYPES)], "a comment" if n % 5 == 0 else "") for n in range(30)
    )
    return [Table(f"s{n % SCHEMAS}", f"t{n}", "table", columns, "a table") for n in range(count)]


async def timed(name: str, work: Awaitable[object]) -> None:
    begun = time.perf_counter()
    await work
    print(f"{time.perf_counter() - begun:8.3f}  {name}", flush=True)


async def run(count: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="bench-catalogue-"))
    mirror = Mirror(MirrorOptions(folder, search_path=("s0",)))
    await mirror.start()
    try:
        found = tables(count)
        await timed("first sync", mirror.sync(found))
        await timed("nothing changed", mirror.sync(found))
        found[5] = Table("s5", "t5", "table", found[5].columns[:10], "changed")
        await timed("one table changed", mirror.sync(found))
        await timed("a role's list", mirror.show("ann", shown(mirror.catalogue, GRANTS)))
        for question in QUESTIONS:
            verdict = Gate().check(question, Context(GRANTS, mirror.catalogue, ("s1",)))
            assert isinstance(verdict, Allowed)
            async with mirror.lease("ann", {}) as lease:
                await timed(f"plain       {question}", lease.query(question))
                await timed(f"restricted  {question}", lease.query(verdict.sql))
    finally:
        await mirror.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=int, default=10_000)
    asyncio.run(run(parser.parse_args().tables))
