"""Small statements through the server and beside it: `python -m tests.bench.bench_statements [--seconds N]`.

SELECT 1 and a catalogue join against the mirror's own socket; many connections at once; a Spark statement against the
bare Thrift client; a connection with SCRAM.  Client and server share the machine, so rates are lower bounds.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import threading
import time

from psycopg import pq

from spark_thrift.client import SparkClient
from tests.bench.common import Bench, running
from tests.live import PASSWORD

JOIN = (
    "SELECT c.relname, n.nspname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n "
    "ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname = 'bench' ORDER BY 1"
)
SPARK = "SELECT 1 FROM bench.r1000 LIMIT 1"


def connected(conninfo: str) -> pq.PGconn:
    connection = pq.PGconn.connect(conninfo.encode())
    if connection.status != pq.ConnStatus.OK:
        raise SystemExit(connection.error_message.decode())
    return connection


def timed(connection: pq.PGconn, sql: str, seconds: float) -> list[float]:
    """Seconds of each execution."""
    statement, taken = sql.encode(), []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        result = connection.exec_(statement)
        taken.append(time.perf_counter() - start)
        if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            raise SystemExit(result.error_message.decode())
    return taken


def against_mirror(bench: Bench, title: str, sql: str, seconds: float) -> None:
    socket_dir = bench.server.folder / "data" / "mirror" / "run"
    server, mirror = (
        connected(bench.server.conninfo),
        connected(f"host={socket_dir} user=demo dbname=spark_catalog"),
    )
    ours, direct = [], []
    for connection in (server, mirror):
        timed(connection, sql, 0.3)
    for _ in range(5):
        ours += timed(server, sql, seconds / 5)
        direct += timed(mirror, sql, seconds / 5)
    p50, base = statistics.median(ours), statistics.median(direct)
    print(
        f"{title}: p50 {p50 / base:.2f} x the mirror's own ({p50 * 1e6:.0f} and {base * 1e6:.0f} us), "
        f"{len(ours) / sum(ours):,.0f} a second on one connection ({len(direct) / sum(direct):,.0f} on the mirror's)"
    )


def many(bench: Bench, connections: int, seconds: float) -> None:
    """libpq waits without the interpreter's lock, but its callers share it: a lower bound."""
    counts = [0] * connections
    opened = [connected(bench.server.conninfo) for _ in range(connections)]

    def run(index: int) -> None:
        counts[index] = len(timed(opened[index], "SELECT 1", seconds))

    before = bench.server.cpu_seconds()
    threads = [threading.Thread(target=run, args=(i,)) for i in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cpu = bench.server.cpu_seconds() - before
    print(
        f"SELECT 1 on {connections} connections: {sum(counts) / seconds:,.0f} a second, "
        f"{cpu / sum(counts) * 1e6:.0f} us of the server's CPU each"
    )


async def bare_spark(bench: Bench, runs: int) -> list[float]:
    client = SparkClient(bench.spark)
    session = await client.open_session("bench")
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        operation = await session.execute(SPARK)
        while await operation.fetch() is not None:
            pass
        await operation.close()
        taken.append(time.perf_counter() - start)
    await session.close()
    await client.close()
    return taken


def against_spark(bench: Bench) -> None:
    connection = connected(bench.server.conninfo)
    timed(connection, SPARK, 3)
    asyncio.run(bare_spark(bench, 30))
    ours, bare = [], []
    for _ in range(5):
        ours += timed(connection, SPARK, 1)
        bare += asyncio.run(bare_spark(bench, 20))
    extra = statistics.median(ours) - statistics.median(bare)
    print(
        f"{SPARK}: {extra * 1e3:+.2f} ms over the bare Thrift client's {statistics.median(bare) * 1e3:.1f} ms (medians)"
    )


def connecting(bench: Bench, runs: int = 30) -> None:
    conninfo = (
        bench.server.conninfo.replace("user=demo", "user=alice") + f" password='{PASSWORD}' sslmode=disable"
    )
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        connected(conninfo).finish()
        taken.append(time.perf_counter() - start)
    print(f"connect with SCRAM: median {statistics.median(taken) * 1e3:.1f} ms, client's share included")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5)
    seconds = parser.parse_args().seconds
    with running((1000,)) as bench:
        against_mirror(bench, "SELECT 1", "SELECT 1", seconds)
        against_mirror(bench, "catalogue join", JOIN, seconds)
        many(bench, 50, seconds)
        against_spark(bench)
        connecting(bench)


if __name__ == "__main__":
    main()
