"""A million rows of six columns, five ways: `python -m tests.bench.bench_rows [--rows N] [--rounds N] [--large N]`.

The server (C client, text and binary) beside PyHive, impyla and a bare reader of the same Thrift Server's frames,
which decodes nothing.  `--large 10000000` also reads that many rows through the 1 GB heap, at full speed and at 1 MB/s,
and says what the server's memory did.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import threading
import time

from spark_thrift.client import SparkClient
from tests.bench.common import HERE, Bench, peers_python, read_rows, running

MIB = 1 << 20


async def bare_frames(bench: Bench, sql: str) -> float:
    """Seconds to fetch every frame and look at none."""
    client = SparkClient(bench.spark)
    session = await client.open_session("bench")
    start = time.perf_counter()
    operation = await session.execute(sql)
    while await operation.fetch() is not None:
        pass
    seconds = time.perf_counter() - start
    await operation.close()
    await session.close()
    await client.close()
    return seconds


def peer(which: str, bench: Bench, sql: str) -> float:
    command = [peers_python(), str(HERE / "peer.py"), which, bench.spark.host, str(bench.spark.port), sql]
    environment = {**os.environ, "SPARK_PASSWORD": bench.spark.password}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout.split()[1])


def rows_bench(bench: Bench, rows: int, rounds: int) -> None:
    sql = f"SELECT * FROM bench.r{rows}"
    seconds: dict[str, list[float]] = {}
    cpu: dict[str, list[float]] = {}
    for round_ in range(rounds + 1):
        for form in ("text", "binary"):
            before = bench.server.cpu_seconds()
            got, _, taken = read_rows(bench, sql, form)
            assert got == rows
            seconds.setdefault(f"server, {form}", []).append(taken)
            cpu.setdefault(form, []).append(bench.server.cpu_seconds() - before)
        seconds.setdefault("bare frames", []).append(asyncio.run(bare_frames(bench, sql)))
        for which in ("pyhive", "impyla"):
            seconds.setdefault(which, []).append(peer(which, bench, sql))
        if round_ == 0:  # warm-up
            seconds.clear()
            cpu.clear()
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, median in medians.items():
        print(f"{name:16} {rows / median:12,.0f} rows/s")
    fastest_peer = min(medians["pyhive"], medians["impyla"])
    for form in ("text", "binary"):
        mine = medians[f"server, {form}"]
        print(
            f"{form}: {fastest_peer / mine:.1f} x the faster peer, {medians['bare frames'] / mine:.2f} x bare frames, "
            f"{statistics.median(cpu[form]) * 1e6 / rows:.2f} CPU s of ours per 1 M rows"
        )


def large_bench(bench: Bench, rows: int) -> None:
    sql = f"SELECT * FROM bench.r{rows}"
    for title, rate in (("full speed", 0), ("a reader of 1 MB/s, half a minute", 1_000_000)):
        peak = [bench.server.rss_bytes()]
        stop = threading.Event()

        def watch(peak: list[int] = peak, stop: threading.Event = stop) -> None:
            while not stop.wait(0.1):
                peak.append(bench.server.rss_bytes())

        watcher = threading.Thread(target=watch)
        watcher.start()
        got, first, taken = read_rows(bench, sql, "binary", "single", rate)
        stop.set()
        watcher.join()
        print(
            f"{rows:,} rows, {title}: {got:,} read in {taken:.1f} s, first after {first:.2f} s, "
            f"server's memory {peak[0] / MIB:.0f} MiB before, {max(peak) / MIB:.0f} MiB at most"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--large", type=int, default=0)
    arguments = parser.parse_args()
    tables = (arguments.rows, *([arguments.large] if arguments.large else []))
    with running(tables) as bench:
        rows_bench(bench, arguments.rows, arguments.rounds)
        if arguments.large:
            large_bench(bench, arguments.large)


if __name__ == "__main__":
    main()
