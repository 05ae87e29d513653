"""Leases on a real mirror: PostgreSQL's own answers, and nothing left from one client to the next."""

from __future__ import annotations

import asyncio
import time

import pytest

from proxy.mirror import Mirror, MirrorError, MirrorUnavailable
from proxy.mirror.frontend import query as query_message
from proxy.mirror.lease import MirrorStream
from proxy.ports import BINARY, Bind

pytestmark = [pytest.mark.mirror, pytest.mark.asyncio(loop_scope="session")]


def values(raw: bytes) -> list[list[str | None]]:
    """The rows of a reply, in text."""
    rows: list[list[str | None]] = []
    at = 0
    while at < len(raw):
        end = at + 1 + int.from_bytes(raw[at + 1 : at + 5], "big")
        if raw[at : at + 1] == b"D":
            row: list[str | None] = []
            field = at + 7
            while field < end:
                size = int.from_bytes(raw[field : field + 4], "big", signed=True)
                field += 4
                row.append(None if size < 0 else raw[field : field + size].decode())
                field += max(size, 0)
            rows.append(row)
        at = end
    return rows


async def drained(stream: MirrorStream) -> None:
    while await stream.next_batch() is not None:
        pass


async def ask(mirror: Mirror, sql: str, user: str = "ann", **settings: str) -> list[list[str | None]]:
    async with mirror.lease(user, settings) as lease:
        reply = await lease.query(sql)
        assert reply.error is None, reply.error
        return values(reply.raw)


async def test_client_is_who_it_says_and_where(mirror: Mirror) -> None:
    who = "SELECT current_user, session_user, current_database(), current_schemas(false)"
    assert await ask(mirror, who, 'odd "name"') == [
        ['odd "name"', 'odd "name"', "spark_catalog", "{patents,default}"]
    ]


@pytest.mark.parametrize("user", ["streamlink", "streamlink_reader", "pg_monitor", "", "x" * 64, "public"])
async def test_reserved_names_are_nobodys(mirror: Mirror, user: str) -> None:
    with pytest.raises(MirrorError) as caught:
        await ask(mirror, "SELECT 1", user)
    assert caught.value.fields.sqlstate == "42939"


async def test_kept_plan_gives_what_simple_query_gives(mirror: Mirror) -> None:
    for sql in (
        "SELECT 1 AS a, NULL::text AS b",
        "SHOW DateStyle",
        "SELECT 1/0",
        "VALUES (1), (2)",
        "SELECT nope",
        "SELECT $1",
    ):
        async with mirror.lease("ann", {}) as lease:
            first = await lease.query(sql)
            again = await lease.query(sql)
            plain = await lease.exchange(query_message(sql))
        assert first.body == plain.body, sql
        assert again.body == plain.body, sql


async def test_dropping_kept_statements_does_not_show(mirror: Mirror) -> None:
    async with mirror.lease("ann", {}) as lease:
        await lease.query("SELECT 1")
        for statement in ("DEALLOCATE ALL", "DISCARD ALL"):
            reply = await lease.query(statement)
            assert reply.raw[:1] in (b"C", b"S"), reply
            assert reply.tag == statement
        assert values((await lease.query("SELECT 1")).raw) == [["1"]]


async def test_describe_gives_types_of_parameters_and_columns(mirror: Mirror) -> None:
    async with mirror.lease("ann", {}) as lease:
        description = await lease.describe(
            "SELECT id, fee, tags FROM patent WHERE granted > $1 AND claims = ANY ($2)"
        )
        assert description.param_oids == (1082, 1007)
        assert description.fields is not None
        assert [(f.name, f.oid, f.typmod) for f in description.fields] == [
            ("id", 25, -1),
            ("fee", 1700, 12 << 16 | 2 + 4),
            ("tags", 1009, -1),
        ]
        assert (await lease.describe("BEGIN")).fields is None
        with pytest.raises(MirrorError) as caught:
            await lease.describe("SELECT é, nope FROM patent")
        assert (caught.value.fields.sqlstate, caught.value.fields.position) == ("42703", 8)
        assert (await lease.describe("SELECT $1", (23,))).param_oids == (23,)


async def test_run_binds_parameters_in_both_formats(mirror: Mirror) -> None:
    async with mirror.lease("ann", {}) as lease:
        for _ in range(3):
            bind = Bind((b"\x00\x00\x00\x07", b"x", None), (1, 0, 0), (0,))
            reply = await lease.run("SELECT $1::int + 1, $2::text, $3::text", (), bind)
            assert values(reply.raw) == [["8", "x", None]]
            assert reply.raw[:1] == b"D"
            reply = await lease.run("SELECT $1::int", (), Bind((b"5",), (), (BINARY,)))
            assert b"\x00\x00\x00\x04\x00\x00\x00\x05" in reply.raw
        assert (await lease.run("SELECT generate_series(1, 10)", max_rows=3)).raw.count(
            b"s\x00\x00\x00\x04"
        ) == 1
        wrong = await lease.run("SELECT $1::int", (), Bind((b"x",)))
        assert wrong.error is not None
        assert wrong.error.sqlstate == "22P02"
        assert lease.status == ord("I")


async def test_stream_gives_rows_in_batches_and_notices_aside(mirror: Mirror) -> None:
    asides: list[bytes] = []
    async with mirror.lease("ann", {}) as lease:
        stream = await lease.execute("SELECT g, repeat('x', 100) FROM generate_series(1, 20000) AS g")
        counts = [batch.row_count async for batch in stream]
        assert sum(counts) == 20000
        assert len(counts) > 5
        assert stream.tag == "SELECT 20000"
        failing = await lease.execute("SELECT 1/(3-g) FROM generate_series(1, 9) AS g")
        with pytest.raises(MirrorError) as caught:
            [batch async for batch in failing]
        assert caught.value.fields.sqlstate == "22012"
        await lease.execute("ROLLBACK", aside=asides.append)
        stream = await lease.execute("ROLLBACK", aside=asides.append)
        assert await stream.next_batch() is None
    assert any(b"no transaction in progress" in message for message in asides)


async def test_abandoned_stream_costs_its_connection_and_no_more(mirror: Mirror) -> None:
    async with mirror.lease("ann", {}) as lease:
        stream = await lease.execute("SELECT repeat('x', 1000) FROM generate_series(1, 200000)")
        assert await stream.next_batch() is not None
        await stream.close()
    assert await ask(mirror, "SELECT 1") == [["1"]]


async def test_settings_are_the_borrowers_and_only_theirs(mirror: Mirror) -> None:
    show = "SELECT current_setting('TimeZone'), current_setting('application_name')"
    assert await ask(mirror, show, TimeZone="Asia/Tokyo", application_name="it's \\ a") == [
        ["Asia/Tokyo", "it's \\ a"]
    ]
    assert await ask(mirror, show) == [["UTC", ""]]
    assert await ask(mirror, show, application_name="b") == [["UTC", "b"]]


async def test_literals_follow_the_settings_that_they_are_read_under(mirror: Mirror) -> None:
    sql = "SELECT '2024-01-01 00:00'::timestamptz AT TIME ZONE 'UTC', '02/03/2024'::date::text"
    assert await ask(mirror, sql, TimeZone="UTC", DateStyle="ISO, MDY") == [
        ["2024-01-01 00:00:00", "2024-02-03"]
    ]
    assert await ask(mirror, sql, TimeZone="Asia/Tokyo", DateStyle="ISO, DMY") == [
        ["2023-12-31 15:00:00", "2024-03-02"]
    ]


async def test_changed_settings_can_be_read_and_replayed(mirror: Mirror) -> None:
    async with mirror.lease("ann", {"application_name": "x"}) as lease:
        assert not lease.settings_changed
        await lease.query("SET TimeZone = 'asia/tokyo'")
        await lease.query(
            "SELECT set_config('my.own', 'v', false), set_config('search_path', '\"a b\", default', false)"
        )
        assert lease.settings_changed
        assert (await lease.query("SHOW search_path")).tag == "SHOW"
        after = await lease.settings_after(["my.own", "not.there"])
        assert not lease.settings_changed
    assert after == {
        "application_name": "x",
        "TimeZone": "Asia/Tokyo",
        "search_path": '"a b", default',
        "my.own": "v",
    }
    assert await ask(mirror, "SHOW my.own", **after) == [["v"]]
    assert await ask(mirror, "SELECT current_setting('my.own', true)") in ([[None]], [[""]])


async def test_refused_setting_is_the_borrowers_error(mirror: Mirror) -> None:
    with pytest.raises(MirrorError) as caught:
        await ask(mirror, "SELECT 1", TimeZone="Mars/Olympus")
    assert caught.value.fields.sqlstate == "22023"
    assert await ask(mirror, "SELECT 1") == [["1"]]


@pytest.mark.parametrize(
    "statement",
    [
        "SET TimeZone = 'Asia/Tokyo'",
        "SELECT set_config('TimeZone', 'Asia/Tokyo', false)",
        "BEGIN",
        "SELECT pg_advisory_lock(7)",
        "PREPARE p AS SELECT 1",
        "LISTEN a",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET standard_conforming_strings = off",
        "SET client_encoding = 'LATIN1'",
    ],
)
async def test_nothing_is_left_for_the_next_client(mirror: Mirror, statement: str) -> None:
    left = """
        SELECT current_setting('TimeZone'), current_setting('transaction_isolation'),
               current_setting('client_encoding'), current_setting('standard_conforming_strings'),
               (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'),
               (SELECT count(*) FROM pg_prepared_statements WHERE from_sql),
               (SELECT count(*) FROM pg_cursors WHERE name <> ''),
               (SELECT count(*) FROM pg_listening_channels())"""
    async with mirror.lease("bob", {}) as lease:
        assert (await lease.query(statement)).error is None
    await asyncio.sleep(0.05)
    assert await ask(mirror, left, "bob") == [["UTC", "read committed", "UTF8", "on", "0", "0", "0", "0"]]


async def test_copy_out_is_relayed_and_copy_in_is_refused(mirror: Mirror) -> None:
    async with mirror.lease("ann", {}) as lease:
        reply = await lease.query("COPY (SELECT 1, 'a') TO STDOUT")
        assert [reply.raw[:1], reply.tag] == [b"H", "COPY 1"]
        assert b"d\x00\x00\x00\x081\ta\n" in reply.raw
        refused = await lease.query("COPY patents.patent FROM STDIN")
        assert refused.error is not None


async def test_cancel_ends_the_statement_and_keeps_the_lease(mirror: Mirror) -> None:
    async with mirror.lease("ann", {}) as lease:
        running = asyncio.ensure_future(lease.query("SELECT pg_sleep(20)"))
        await asyncio.sleep(0.1)
        await lease.cancel()
        error = (await running).error
        assert error is not None
        assert error.sqlstate == "57014"
        assert values((await lease.query("SELECT 1")).raw) == [["1"]]


@pytest.mark.parametrize("own", ["0", "60000", "2147483647", "250"])
async def test_no_session_outlasts_the_limit(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, own: str
) -> None:
    monkeypatch.setattr(mirror.pool, "statement_limit_s", 0.5)
    endless = "SELECT count(*) FROM generate_series(1, 1000000000000)"
    began = time.monotonic()
    async with mirror.lease("ann", {"statement_timeout": own}) as lease:
        process = lease.backend.process_id
        with pytest.raises(MirrorError) as caught:
            await drained(await lease.execute(endless))
    assert (caught.value.fields.sqlstate, caught.value.fields.message) == (
        *("57014", "canceling statement due to statement timeout"),
    )
    assert time.monotonic() - began < 5
    assert await ask(mirror, "SHOW statement_timeout", statement_timeout=own) != [["30s"]]
    active = f"pid = {process} AND state = 'active' AND pid <> pg_backend_pid()"
    while await ask(mirror, f"SELECT 1 FROM pg_stat_activity WHERE {active}"):
        assert time.monotonic() - began < 5
        await asyncio.sleep(0.05)


async def test_a_timeout_of_one_session_does_not_end_what_the_next_one_sets(mirror: Mirror) -> None:
    slow_to_set = {f"my.x{number}": "y" * 1000 for number in range(1600)}
    for _ in range(3):
        async with mirror.lease("ann", {"statement_timeout": "1"}) as lease:
            process = lease.backend.process_id
        async with mirror.lease("ann", slow_to_set) as lease:
            assert lease.backend.process_id == process
            assert values((await lease.query("SHOW statement_timeout")).raw) == [["30s"]]


@pytest.mark.parametrize(
    ("text", "ms"),
    [("0", "0"), ("1", "1"), ("1ms", "1"), ("1.5s", "1500"), (" 2 min ", "120000"), ("0x10", "16")],
)
async def test_timeouts_in_milliseconds(mirror: Mirror, text: str, ms: str) -> None:
    async with mirror.lease("ann", {}) as lease:
        assert await lease.timeout_ms(text) == ms
        assert values((await lease.query("SHOW statement_timeout")).raw) == [["30s"]]


@pytest.mark.parametrize("text", ["", "-1", "1x", "'", "2147483648"])
async def test_what_is_no_timeout(mirror: Mirror, text: str) -> None:
    async with mirror.lease("ann", {}) as lease:
        with pytest.raises(MirrorError) as caught:
            await lease.timeout_ms(text)
    assert caught.value.fields.sqlstate == "22023"


async def test_an_answer_in_parts_has_one_limit(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror.pool, "statement_limit_s", 0.5)
    async with mirror.lease("ann", {"statement_timeout": "0"}) as lease:
        with pytest.raises(MirrorError, match="57014"):
            await drained(await lease.execute("SELECT generate_series(1, 1000000000000)"))


async def test_cancelled_task_gives_its_connection_up(mirror: Mirror) -> None:
    async def sleep() -> None:
        async with mirror.lease("ann", {}) as lease:
            await lease.query("SELECT pg_sleep(20)")

    task = asyncio.ensure_future(sleep())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await ask(mirror, "SELECT 1") == [["1"]]


async def test_too_long_message_is_an_error_and_not_memory(mirror: Mirror) -> None:
    with pytest.raises(MirrorUnavailable) as caught:
        await ask(mirror, "SELECT repeat('x', 30000000)")
    assert caught.value.fields.sqlstate == "54000"


async def test_more_borrowers_than_connections_wait_their_turn(mirror: Mirror) -> None:
    async def borrow(number: int) -> None:
        user = ("ann", "bob", "cyd")[number % 3]
        assert await ask(mirror, f"SELECT {number} FROM pg_sleep(0.01)", user) == [[str(number)]]

    await asyncio.gather(*(borrow(number) for number in range(90)))
    assert mirror.pool.size <= 12


async def test_pool_that_is_all_lent_says_so(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror.pool, "_acquire_timeout_s", 0.1)
    leases = [await mirror.lease("ann", {}).acquire() for _ in range(12)]
    try:
        with pytest.raises(MirrorUnavailable) as caught:
            await ask(mirror, "SELECT 1")
        assert caught.value.fields.sqlstate == "53300"
    finally:
        for lease in leases:
            lease.release()
    assert await ask(mirror, "SELECT 1", "bob") == [["1"]]


async def test_transaction_lives_as_long_as_its_lease(mirror: Mirror) -> None:
    async with mirror.lease("ann", {}) as lease:
        assert (await lease.query("BEGIN")).status == ord("T")
        assert (await lease.query("SELECT 1/0")).status == ord("E")
        error = (await lease.query("SELECT 1")).error
        assert error is not None
        assert error.sqlstate == "25P02"
        assert (await lease.query("ROLLBACK")).status == ord("I")


async def test_hot_path_is_quick(mirror: Mirror) -> None:
    """Not a measurement: it fails only when something is badly wrong."""
    begun, rounds = time.process_time(), 500
    for _ in range(rounds):
        await ask(mirror, "SELECT 1")
    assert (time.process_time() - begun) / rounds < 0.002
