"""An abandoned statement's work really stops in Spark: measured by the processor time that Java goes on using."""

from __future__ import annotations

import asyncio
import time

import psutil
import pytest

from spark_thrift.client import SparkClient, SparkSession
from spark_thrift.errors import DeadlineExceeded, StatementCancelled
from spark_thrift.launcher import EmbeddedSpark
from spark_thrift.messages import count_rows

pytestmark = pytest.mark.spark

# Hours of work for every core, in tasks that are seldom between two rows for long.
ENDLESS = "SELECT count(*) FROM range(0, 100000000000000, 1, 2) AS a WHERE a.id % 7 = 3 AND hash(a.id) = 5"
# The same, but as a job that runs while rows are fetched: nothing is ever found.
ENDLESS_FETCH = "SELECT a.id FROM range(0, 100000000000000, 1, 2) AS a WHERE hash(a.id) = 5 AND a.id < 0"


# A join without an equality looks whether it was cancelled only between two batches of the table that it reads.
NESTED_LOOP = (
    "SELECT count(*) FROM patents.inventor AS a JOIN patents.inventor AS b"
    " ON concat(a.patent_id, b.patent_id) = 'x'"
)


class Busyness:
    """How many cores Java keeps busy."""

    def __init__(self, engine: EmbeddedSpark) -> None:
        assert engine.pid is not None
        self._process = psutil.Process(engine.pid)

    def spent_s(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system

    async def cores(self, over_s: float = 1.0) -> float:
        before, began = self.spent_s(), time.monotonic()
        await asyncio.sleep(over_s)
        return (self.spent_s() - before) / (time.monotonic() - began)

    async def settles(self, within_s: float = 15.0) -> bool:
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            if await self.cores() < 0.2:
                return True
        return False


@pytest.fixture
async def busyness(spark_engine: EmbeddedSpark, spark_session: SparkSession) -> Busyness:
    # Warm, as a server's engine is: the first plan of all takes seconds.
    await spark_session.run_command("SELECT id FROM range(0, 1000, 1, 2) WHERE hash(id) = 5", deadline_s=60)
    busyness = Busyness(spark_engine)
    assert await busyness.settles(60), "the engine is busy before the test"
    return busyness


@pytest.mark.parametrize("after_s", [0.0, 0.005, 0.02, 0.05, 0.2, 2.0])
async def test_cancelling_the_awaiting_task_stops_the_job(
    spark_session: SparkSession, busyness: Busyness, after_s: float
) -> None:
    task = asyncio.ensure_future(spark_session.execute(ENDLESS))
    await asyncio.sleep(after_s)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await busyness.settles()
    assert await spark_session.run_command("SELECT 1") == [("1",)]
    assert not spark_session.broken


async def test_cancelling_a_fetch_stops_the_job_behind_it(
    spark_session: SparkSession, busyness: Busyness
) -> None:
    operation = await spark_session.execute(ENDLESS_FETCH)
    task = asyncio.ensure_future(operation.fetch())
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await busyness.settles()
    assert await spark_session.run_command("SELECT 1") == [("1",)]


async def test_a_nested_loop_join_stops_after_a_batch(
    spark_session: SparkSession, busyness: Busyness
) -> None:
    task = asyncio.ensure_future(spark_session.run_command(NESTED_LOOP))
    await asyncio.sleep(5)
    assert not task.done()
    spent_s = busyness.spent_s()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await busyness.settles(60)
    # With Spark's own 4,096 rows a batch it takes some 8 s of a core.
    assert busyness.spent_s() - spent_s < 5


async def test_closing_an_operation_at_once_stops_the_job_behind_it(
    spark_session: SparkSession, busyness: Busyness
) -> None:
    operation = await spark_session.execute(ENDLESS_FETCH)
    await operation.close()
    assert await busyness.settles()


async def test_cancel_ends_a_waiting_fetch_with_57014(
    spark_session: SparkSession, busyness: Busyness
) -> None:
    operation = await spark_session.execute(ENDLESS_FETCH)
    task = asyncio.ensure_future(operation.fetch())
    await asyncio.sleep(0.5)
    await operation.cancel()
    with pytest.raises(StatementCancelled) as caught:
        await asyncio.wait_for(task, 10)
    assert caught.value.sqlstate == "57014"
    assert await busyness.settles()


async def test_a_deadline_stops_the_job(spark_session: SparkSession, busyness: Busyness) -> None:
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded) as caught:
        await spark_session.execute(ENDLESS, deadline_s=1.0)
    assert time.monotonic() - began < 2.0
    assert caught.value.message == "canceling statement due to statement timeout"
    assert await busyness.settles()


async def test_a_deadline_spans_the_fetches(spark_session: SparkSession, busyness: Busyness) -> None:
    operation = await spark_session.execute(ENDLESS_FETCH, deadline_s=5.0)
    with pytest.raises(DeadlineExceeded):
        await operation.fetch()
    assert await busyness.settles()


@pytest.mark.parametrize("after_s", [0.0, 0.02, 1.0])
async def test_closing_a_session_stops_what_runs_in_it(
    spark_client: SparkClient, busyness: Busyness, after_s: float
) -> None:
    session = await spark_client.open_session("leaver")
    task = asyncio.ensure_future(session.execute(ENDLESS))
    await asyncio.sleep(after_s)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await session.close()
    assert await busyness.settles()


async def test_a_statement_longer_than_one_long_poll_finishes(spark_session: SparkSession) -> None:
    """HiveServer2 answers a status request after five seconds, finished or not."""
    began = time.monotonic()
    operation = await spark_session.execute("SELECT count(*) FROM range(20000000000) WHERE hash(id) = 5")
    frame = await operation.fetch()
    assert frame is not None
    assert count_rows(frame) == 1
    assert time.monotonic() - began > 5, "too fast to have been polled twice: ask for more"
    await operation.close()
