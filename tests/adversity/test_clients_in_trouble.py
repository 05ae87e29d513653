"""Readers that stop, clients that vanish, crowds: bounded memory, freed work, nobody else disturbed."""

from __future__ import annotations

import asyncio
import os
import socket
import time

import psycopg
import pytest

from tests.adversity.conftest import child_of, raw_session
from tests.live import LiveServer

pytestmark = [pytest.mark.client, pytest.mark.spark]

TEN_MILLION = "SELECT p.* FROM patents.patent AS p CROSS JOIN (SELECT 1 FROM patents.patent LIMIT 170) AS x"
HEAVY = "SELECT count(*) FROM patents.cpc AS a CROSS JOIN patents.inventor AS b WHERE a.cpc_code > b.name"
STALLED_READER_BYTES_MAX = 64 << 20
"""A frame of 4 MiB in hand and one on its way, their encoding, and what the socket's buffers hold."""


def cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rests(pid: int) -> float:
    """Seconds until a second passed in which the process hardly worked.  The statement alone would take minutes."""
    start = time.monotonic()
    while time.monotonic() - start < 15:
        before = cpu_seconds(pid)
        time.sleep(1)
        if cpu_seconds(pid) - before < 0.1:
            return time.monotonic() - start - 1
    pytest.fail("Spark still works for a statement that nobody waits for")


def test_a_reader_that_stops_costs_bounded_memory(fragile: LiveServer) -> None:
    with psycopg.connect(fragile.conninfo, autocommit=True) as other:
        other.execute("SELECT count(*) FROM patents.patent").fetchall()
        before = fragile.rss_bytes()
        stalled = raw_session(fragile)
        with stalled:
            query = TEN_MILLION.encode() + b"\0"
            stalled.sendall(b"Q" + (len(query) + 4).to_bytes(4, "big") + query)
            assert stalled.recv(1) == b"T"
            grown = 0
            for _ in range(10):
                time.sleep(0.5)
                grown = max(grown, fragile.rss_bytes() - before)
                assert other.execute("SELECT count(*) FROM patents.assignee").fetchone() is not None
        print(f"a stalled reader of 10 million rows cost {grown / (1 << 20):.0f} MiB")
        assert grown < STALLED_READER_BYTES_MAX


def test_a_client_that_vanishes_frees_its_spark_job(fragile: LiveServer) -> None:
    spark = child_of(fragile, "HiveThriftServer2")
    client = raw_session(fragile)
    query = HEAVY.encode() + b"\0"
    client.sendall(b"Q" + (len(query) + 4).to_bytes(4, "big") + query)
    time.sleep(4)
    busy = cpu_seconds(spark)
    time.sleep(1)
    assert cpu_seconds(spark) - busy > 0.2, "the statement was not running"
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # closing sends RST
    client.close()
    print(f"Spark was at rest {rests(spark):.1f} s after its client was gone")


def test_cancel_stops_the_spark_job_and_not_the_connection(fragile: LiveServer) -> None:
    spark = child_of(fragile, "HiveThriftServer2")
    with psycopg.connect(fragile.conninfo, autocommit=True) as connection:

        async def cancelled() -> None:
            async def later() -> None:
                await asyncio.sleep(3)
                connection.cancel_safe()

            task = asyncio.create_task(later())
            with pytest.raises(psycopg.errors.QueryCanceled):
                await asyncio.to_thread(connection.execute, HEAVY)
            await task

        asyncio.run(cancelled())
        rests(spark)
        assert connection.execute("SELECT count(*) FROM patents.patent").fetchone() is not None


async def test_five_hundred_idle_and_fifty_busy(fragile: LiveServer) -> None:
    async def opened() -> psycopg.AsyncConnection[tuple[object, ...]]:
        return await psycopg.AsyncConnection.connect(fragile.conninfo, autocommit=True)

    before = fragile.rss_bytes()
    idle = []
    for _ in range(20):
        idle += await asyncio.gather(*(opened() for _ in range(25)))
    per_client = (fragile.rss_bytes() - before) / len(idle)
    print(f"an idle client costs {per_client / 1024:.1f} KiB")
    busy = await asyncio.gather(*(opened() for _ in range(50)))

    async def work(number: int, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        for round_ in range(4):
            if number % 5 == 0:
                sql = f"SELECT count(*) FROM patents.assignee WHERE sequence >= {round_}"
            else:
                sql = f"SELECT {number} + {round_}"
            row = await (await connection.execute(sql)).fetchone()
            assert row is not None

    try:
        async with asyncio.timeout(180):
            await asyncio.gather(*(work(n, c) for n, c in enumerate(busy)))
            for connection in idle[::50]:
                assert await (await connection.execute("SELECT 1")).fetchone() == (1,)
    finally:
        await asyncio.gather(*(connection.close() for connection in [*idle, *busy]))


def test_half_a_message_holds_nothing_up(fragile: LiveServer) -> None:
    half = raw_session(fragile)
    with half:
        half.sendall(b"Q\0\0\1\0SELECT ")
        with psycopg.connect(fragile.conninfo, autocommit=True) as other:
            assert other.execute("SELECT 2").fetchone() == (2,)
