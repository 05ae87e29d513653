"""The client against a scripted HiveServer2: login, framing, the order of calls, and what breaks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spark_thrift import reaper
from spark_thrift.client import Endpoint, SparkClient
from spark_thrift.errors import (
    DeadlineExceeded,
    EngineProtocolError,
    EngineRefused,
    EngineUnavailable,
    SparkError,
    StatementCancelled,
)
from spark_thrift.gen.TCLIService import ttypes as t
from spark_thrift.messages import count_rows, text_rows

FakeEngine = Any
OK = t.TStatus(t.TStatusCode.SUCCESS_STATUS)


async def test_sasl_plain_logs_in_as_the_session_s_user(
    fake_engine: FakeEngine, fake_endpoint: Endpoint
) -> None:
    client = SparkClient(fake_endpoint)
    session = await client.open_session("alice", {"k": "v"})
    assert fake_engine.logins == [b"\x01PLAIN", b"\x02\0alice\0x"]
    (name, request), *_ = fake_engine.calls
    assert (name, request.username) == ("OpenSession", "alice")
    assert request.configuration["set:hiveconf:k"] == "v"
    assert request.configuration["set:hiveconf:spark.sql.ansi.doubleQuotedIdentifiers"] == "true"
    await session.close()
    await client.close()
    assert fake_engine.names() == ["OpenSession", "CloseSession"]


async def test_a_service_login_can_act_for_its_users(fake_engine: FakeEngine) -> None:
    endpoint = Endpoint("127.0.0.1", fake_engine.port, username="svc", password="pw", proxy_users=True)
    session = await SparkClient(endpoint).open_session("alice")
    assert fake_engine.logins[1] == b"\x02\0svc\0pw"
    assert fake_engine.calls[0][1].configuration["hive.server2.proxy.user"] == "alice"
    assert "pw" not in repr(endpoint)
    await session.close()


async def test_a_refused_login_is_28000(fake_engine: FakeEngine, fake_endpoint: Endpoint) -> None:
    fake_engine.login_answer = (3, b"wrong password")
    with pytest.raises(EngineRefused, match="wrong password") as caught:
        await SparkClient(fake_endpoint).open_session("alice")
    assert caught.value.sqlstate == "28000"


@pytest.mark.parametrize("chunk_bytes", [1, 7, 4096, 1 << 20])
async def test_chunks_do_not_matter(
    fake_engine: FakeEngine, fake_endpoint: Endpoint, chunk_bytes: int
) -> None:
    fake_engine.chunk_bytes = chunk_bytes
    text = ["", "x" * 300, None, "ü"] * 40
    column = t.TColumn(stringVal=t.TStringColumn([(v or "").encode() for v in text], b"\x44" * 20))
    fake_engine.answers["FetchResults"] = lambda _: t.TFetchResultsResp(OK, False, t.TRowSet(0, [], [column]))
    client = SparkClient(fake_endpoint)
    session = await client.open_session("u")
    frame = await (await session.execute("SELECT 1")).fetch()
    assert frame is not None
    assert [row[0] for row in text_rows(frame)] == text
    await session.close()
    await client.close()


async def test_nosasl_has_no_login(fake_engine: FakeEngine) -> None:
    fake_engine.framed = False
    session = await SparkClient(Endpoint("127.0.0.1", fake_engine.port, auth="NOSASL")).open_session("u")
    assert not fake_engine.logins
    await session.close()
    assert fake_engine.names() == ["OpenSession", "CloseSession"]


async def test_a_small_statement_takes_three_round_trips(
    fake_engine: FakeEngine, fake_endpoint: Endpoint
) -> None:
    fake_engine.rows = 3
    client = SparkClient(fake_endpoint)
    session = await client.open_session("u")
    operation = await session.execute("SELECT 1")
    frame = await operation.fetch()
    assert frame is not None
    assert count_rows(frame) == 3
    assert await operation.fetch() is None
    await operation.close()
    await operation.close()
    await session.close()
    assert fake_engine.names() == [
        "OpenSession",
        "ExecuteStatement",
        "GetOperationStatus",
        "GetResultSetMetadata",
        "FetchResults",
        "CloseOperation",
        "CloseSession",
    ]
    assert fake_engine.calls[1][1].runAsync
    await client.close()


async def test_one_fetch_ahead_and_no_more(fake_engine: FakeEngine, fake_endpoint: Endpoint) -> None:
    fake_engine.rows = 100
    client = SparkClient(fake_endpoint, fetch_rows=10)
    session = await client.open_session("u")
    operation = await session.execute("SELECT 1")
    for fetched in range(1, 11):
        assert await operation.fetch() is not None
        await asyncio.sleep(0.01)
        assert fake_engine.names().count("FetchResults") == fetched + 1
    assert await operation.fetch() is None
    await session.close()
    await client.close()


async def test_a_status_that_is_not_final_is_asked_again(
    fake_engine: FakeEngine, fake_endpoint: Endpoint
) -> None:
    running, finished = t.TOperationState.RUNNING_STATE, t.TOperationState.FINISHED_STATE
    states = iter([t.TOperationState.INITIALIZED_STATE, running, finished])
    fake_engine.answers["GetOperationStatus"] = lambda _: t.TGetOperationStatusResp(OK, next(states))
    fake_engine.rows = 5
    client = SparkClient(fake_endpoint)
    session = await client.open_session("u")
    frame = await (await session.execute("SELECT 1")).fetch()
    assert frame is not None
    assert count_rows(frame) == 5
    assert fake_engine.names()[2:7] == ["GetOperationStatus"] * 3 + ["GetResultSetMetadata", "FetchResults"]
    await session.close()
    await client.close()


async def test_a_statement_is_there_before_its_first_rows(
    fake_engine: FakeEngine, fake_endpoint: Endpoint
) -> None:
    never = asyncio.Event()
    fake_engine.answers["FetchResults"] = lambda _: never.wait()
    client = SparkClient(fake_endpoint)
    session = await client.open_session("u")
    operation = await asyncio.wait_for(session.execute("SELECT 1"), 1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(operation.fetch(), 0.05)
    await session.close()
    await client.close()
    assert "CancelOperation" not in fake_engine.names()
    assert fake_engine.names().count("CloseOperation") == 1


async def test_a_failed_statement_is_closed_and_the_session_lives(
    fake_engine: FakeEngine, fake_endpoint: Endpoint
) -> None:
    fake_engine.answers["GetOperationStatus"] = lambda _: t.TGetOperationStatusResp(
        OK, t.TOperationState.ERROR_STATE, "42P01", 0, "[X] no such table SQLSTATE: 42P01"
    )
    client = SparkClient(fake_endpoint)
    session = await client.open_session("u")
    with pytest.raises(SparkError, match="no such table") as caught:
        await session.execute("SELECT 1")
    assert caught.value.sqlstate == "42P01"
    assert not session.broken
    await session.close()
    assert fake_engine.names().count("CloseOperation") == 1
    await client.close()


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (t.TOperationState.CANCELED_STATE, StatementCancelled),
        (t.TOperationState.CLOSED_STATE, StatementCancelled),
        (t.TOperationState.TIMEDOUT_STATE, DeadlineExceeded),
        (t.TOperationState.UKNOWN_STATE, SparkError),
    ],
)
async def test_other_ends_of_a_statement(
    fake_engine: FakeEngine, fake_endpoint: Endpoint, state: int, error: type[Exception]
) -> None:
    fake_engine.state = state
    client = SparkClient(fake_endpoint)
    session = await client.open_session("u")
    with pytest.raises(error):
        await session.execute("SELECT 1")
    await session.close()
    await client.close()


async def test_a_lost_connection_reaches_who_waits(fake_engine: FakeEngine, fake_endpoint: Endpoint) -> None:
    never = asyncio.Event()
    fake_engine.answers["GetOperationStatus"] = lambda _: never.wait()
    session = await SparkClient(fake_endpoint).open_session("u")
    task = asyncio.ensure_future(session.execute("SELECT 1"))
    await asyncio.sleep(0.05)
    fake_engine.hang_up()
    with pytest.raises(EngineUnavailable) as caught:
        await asyncio.wait_for(task, 1)
    assert caught.value.sqlstate == "08006"
    assert session.broken
    with pytest.raises(EngineUnavailable):
        await session.execute("SELECT 1")
    await session.close()


async def test_a_session_that_the_engine_forgot_is_broken(
    fake_engine: FakeEngine, fake_endpoint: Endpoint
) -> None:
    fake_engine.answers["ExecuteStatement"] = lambda _: t.TExecuteStatementResp(
        t.TStatus(t.TStatusCode.ERROR_STATUS, errorMessage="Invalid SessionHandle: SessionHandle [1]"), None
    )
    session = await SparkClient(fake_endpoint).open_session("u")
    with pytest.raises(EngineUnavailable):
        await session.execute("SELECT 1")
    assert session.broken
    await session.close()


async def test_an_engine_that_says_nothing_is_dead() -> None:
    server = await asyncio.start_server(lambda r, w: asyncio.sleep(5), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = SparkClient(Endpoint("127.0.0.1", port), connect_timeout_s=0.1)
    with pytest.raises(EngineUnavailable, match="does not answer"):
        await client.open_session("u")
    server.close()


async def test_a_frame_over_the_limit_is_refused(fake_engine: FakeEngine, fake_endpoint: Endpoint) -> None:
    fake_engine.rows = 900
    client = SparkClient(fake_endpoint, frame_limit_bytes=3_000)
    session = await client.open_session("u")
    with pytest.raises(EngineProtocolError, match="limit is 3000"):
        await (await session.execute("SELECT 1")).fetch()
    assert session.broken
    await session.close()
    await client.close()


async def test_an_abandoned_statement_is_cancelled_then_closed_late(
    fake_engine: FakeEngine, fake_endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaper, "JOB_STARTED_S", 0.4)
    running = asyncio.Event()

    async def status(_: object) -> Any:
        await running.wait()
        return t.TGetOperationStatusResp(OK, t.TOperationState.CANCELED_STATE)

    def cancel(_: object) -> Any:
        running.set()
        return t.TCancelOperationResp(OK)

    fake_engine.answers |= {"GetOperationStatus": status, "CancelOperation": cancel}
    client = SparkClient(fake_endpoint)
    session = await client.open_session("u")
    with pytest.raises(DeadlineExceeded):
        await session.execute("SELECT 1", deadline_s=0.05)
    await asyncio.sleep(0.1)
    assert "CancelOperation" in fake_engine.names()
    assert "CloseOperation" not in fake_engine.names()
    await session.close()
    assert "CloseSession" not in fake_engine.names()
    await asyncio.sleep(0.6)
    names = fake_engine.names()
    assert names.index("CancelOperation") < names.index("CloseOperation") < names.index("CloseSession")
    await client.close()


def answer_executes_after(seconds: float, fake_engine: FakeEngine) -> None:
    answer = fake_engine.answers["ExecuteStatement"]

    async def late(request: Any) -> Any:
        await asyncio.sleep(seconds)
        return answer(request)

    fake_engine.answers["ExecuteStatement"] = late


async def test_an_execute_whose_answer_is_late_is_stopped_all_the_same(
    fake_engine: FakeEngine, fake_endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaper, "JOB_STARTED_S", 0.3)
    answer_executes_after(0.2, fake_engine)
    client = SparkClient(fake_endpoint)
    session = await client.open_session("u")
    task = asyncio.ensure_future(session.execute("SELECT 1"))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.2)
    await client.close()
    assert {"CancelOperation", "CloseOperation"} <= set(fake_engine.names())
    await session.close()


async def test_a_session_closed_before_its_execute_is_answered_waits_for_the_handle(
    fake_engine: FakeEngine, fake_endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaper, "JOB_STARTED_S", 0.2)
    answer_executes_after(0.1, fake_engine)
    client = SparkClient(fake_endpoint)
    session = await client.open_session("u")
    task = asyncio.ensure_future(session.execute("SELECT 1"))
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await session.close()
    await asyncio.sleep(0.6)
    names = fake_engine.names()
    assert names.index("CancelOperation") < names.index("CloseOperation") < names.index("CloseSession")
    await client.close()


@pytest.mark.parametrize("value", ["a\nb", "a;b", "`x`"])
async def test_a_setting_s_value_is_one_line(
    fake_engine: FakeEngine, fake_endpoint: Endpoint, value: str
) -> None:
    session = await SparkClient(fake_endpoint).open_session("u")
    with pytest.raises(ValueError, match="not a setting"):
        await session.set_conf("spark.x", value)
    with pytest.raises(ValueError, match="not a setting"):
        await session.set_conf("spark.x=1 ", "1")
    await session.close()
