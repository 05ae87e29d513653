"""What the benches share: a Spark with a heap of 1 GB, a server on it, the C client, the peers' environment.

Rules: everything that is compared runs side by side in one run, in turns, and the figures that count are ratios.
Nothing here asserts a time.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from spark_thrift.client import SparkClient
from spark_thrift.launcher import EmbeddedSpark
from spark_thrift.transport import Endpoint
from tests.live import LiveServer, over, start_server

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "streamlink-sql"
PEERS = ("PyHive[hive_pure_sasl]==0.7.0", "impyla==0.24.0")

ROWS_SQL = """
CREATE TABLE bench.r{n} USING parquet AS SELECT
  CAST(id AS INT) AS i, id * 1000003 AS b, CAST(id / 7 AS DOUBLE) AS d, concat('name ', id % 100000) AS t,
  date_add(DATE '2000-01-01', CAST(id % 9000 AS INT)) AS e, CAST(id / 100 AS DECIMAL(12,2)) AS n
FROM range(0, {n}, 1, {partitions})
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where everything listens."""

    spark: Endpoint
    server: LiveServer
    client: Path


@contextmanager
def running(tables: tuple[int, ...] = ()) -> Iterator[Bench]:
    """Everything up, with a table bench.rN for each N."""
    client = compiled_client()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, asyncio.Runner() as runner:
        engine = EmbeddedSpark(Path(folder) / "spark", memory="1g")
        endpoint = runner.run(engine.start())
        try:
            runner.run(_make(endpoint, tables))
            server = start_server(Path(folder) / "server", spark=over(endpoint, Path(folder)))
            try:
                yield Bench(endpoint, server, client)
            finally:
                server.stop()
        finally:
            runner.run(engine.stop())


async def _make(endpoint: Endpoint, tables: tuple[int, ...]) -> None:
    spark = SparkClient(endpoint)
    session = await spark.open_session("bench")
    try:
        await session.run_command("CREATE SCHEMA IF NOT EXISTS bench")
        for n in tables:
            await session.run_command(ROWS_SQL.format(n=n, partitions=max(2, n // 500_000)))
    finally:
        await session.close()
        await spark.close()


def compiled_client() -> Path:
    """client.c, compiled.  Exits with what is missing (libpq's headers)."""
    CACHE.mkdir(parents=True, exist_ok=True)
    program = CACHE / "bench-client"
    source = HERE / "client.c"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        command = ["cc", "-O2", "-I/usr/include/postgresql", "-o", str(program), str(source), "-lpq"]
        outcome = subprocess.run(command, capture_output=True, text=True)
        if outcome.returncode:
            sys.exit(
                f"missing: a C compiler and libpq's headers (apt install gcc libpq-dev)\n{outcome.stderr}"
            )
    return program


def read_rows(
    bench: Bench, sql: str, form: str, mode: str = "whole", rate: int = 0
) -> tuple[int, float, float]:
    """One run of the C client.  Shapes: rows, seconds to the first row, seconds in all."""
    command = [str(bench.client), bench.server.conninfo, sql, form, mode, *([str(rate)] if rate else [])]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True)
    rows, first, seconds = outcome.stdout.split()
    return int(rows), float(first), float(seconds)


def peers_python() -> str:
    """A Python with PyHive and impyla in an environment of its own: impyla pins another thrift."""
    folder = CACHE / "peers"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PEERS], check=True)
    return str(python)
