"""Draining, admission and what shows them, on a server of its own over the run's Spark."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psycopg
import pytest

from spark_thrift.transport import Endpoint
from tests.clients.queries import ENDLESS
from tests.live import LiveServer, over, start_server

PAIRED = "patents.google_full WHERE grant_year >= 2010"
SLOW = (
    f"SELECT count(*) FROM (SELECT * FROM {PAIRED}) AS a JOIN (SELECT * FROM {PAIRED}) AS b"
    " ON a.publication_number < b.publication_number"
)
"""A join without an equality: some seconds of work.  Of n rows it makes n(n - 1)/2 pairs."""


@pytest.fixture
def start(spark_endpoint: Endpoint, tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    running: list[LiveServer] = []
    del CONNECTIONS[:]

    def started(**sections: dict[str, object]) -> LiveServer:
        running.append(start_server(tmp_path, spark=over(spark_endpoint, tmp_path), **sections))
        return running[-1]

    yield started
    for connection in CONNECTIONS:
        connection.close()
    for server in running:
        server.stop()


CONNECTIONS: list[psycopg.Connection[Any]] = []
"""Those of the test that runs; they are closed before its server."""


def connect(server: LiveServer, **options: Any) -> psycopg.Connection[Any]:
    CONNECTIONS.append(psycopg.connect(server.conninfo, **{"autocommit": True, **options}))
    return CONNECTIONS[-1]


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def use(connection: psycopg.Connection[Any]) -> None:
    """Until it ends."""
    while True:
        connection.execute("SELECT 1")
        time.sleep(0.01)


def in_queue(connection: psycopg.Connection[Any]) -> dict[int, str]:
    return dict(connection.execute("SELECT pid, state FROM streamlink.queue").fetchall())


def get(port: int, path: str) -> tuple[int, str]:
    """Status and body of an answer over HTTP."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_sigterm_lets_what_runs_end_and_nobody_in(start: Callable[..., LiveServer]) -> None:
    port = free_port()
    server = start(http={"port": port}, control={"drain_s": 600})
    wait_until(lambda: get(port, "/readyz") == (200, "ready\n"))
    idle, working, open_block, watching = (connect(server) for _ in range(4))
    rows = working.execute(f"SELECT count(*) FROM {PAIRED}").fetchone()[0]  # type: ignore[index]
    open_block.execute("BEGIN")
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(lambda: working.execute(SLOW).fetchone())
        wait_until(lambda: in_queue(watching) == {working.info.backend_pid: "working"})
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(psycopg.errors.AdminShutdown):
            use(idle)
        with pytest.raises(psycopg.OperationalError, match="the database system is shutting down"):
            connect(server)
        assert get(port, "/readyz") == (503, "not ready: shutting down\n")
        assert get(port, "/healthz") == (200, "ok\n")
        metrics = get(port, "/metrics")[1].splitlines()
        assert "streamlink_draining 1.0" in metrics
        assert 'streamlink_queue{roles="reader",state="working"} 1.0' in metrics
        assert 'streamlink_sessions{state="idle in transaction"} 1.0' in metrics
        assert not any("google_full" in line or "demo" in line for line in metrics)
        assert open_block.execute("SELECT 1").fetchone() == (1,)
        open_block.execute("COMMIT")
        with pytest.raises(psycopg.errors.AdminShutdown):
            open_block.execute("SELECT 1")
        assert answer.result() == (rows * (rows - 1) // 2,)
    with pytest.raises(psycopg.errors.AdminShutdown):
        working.execute("SELECT 1")
    assert server.process.wait(60) == 0


def test_the_grace_ends_and_a_cancel_still_works(start: Callable[..., LiveServer]) -> None:
    server = start(control={"drain_s": 2})
    cancelled, cut_off, in_block = (connect(server) for _ in range(3))
    in_block.execute("BEGIN")
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(each.execute, ENDLESS) for each in (cancelled, cut_off)]
        wait_until(lambda: len(in_queue(in_block)) == 2)
        server.process.send_signal(signal.SIGTERM)
        cancelled.cancel()
        assert isinstance(answers[0].exception(), psycopg.errors.QueryCanceled)
        assert isinstance(answers[1].exception(), psycopg.errors.AdminShutdown)
    with pytest.raises(psycopg.errors.AdminShutdown):
        in_block.execute("SELECT 1")
    assert server.process.wait(60) == 0


def test_a_second_signal_ends_it_at_once(start: Callable[..., LiveServer]) -> None:
    server = start(control={"drain_s": 600})
    in_block = connect(server)
    in_block.execute("BEGIN")
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: "shutting down" in server.log())
    server.process.send_signal(signal.SIGTERM)
    with pytest.raises(psycopg.errors.AdminShutdown):
        use(in_block)
    assert server.process.wait(60) == 0


@pytest.fixture
def busy(start: Callable[..., LiveServer]) -> LiveServer:
    """One place on Spark, and room for one to wait."""
    return start(control={"running": 1, "waiting": 1, "wait_s": 600})


def test_the_queue_overflows_and_every_wait_ends(busy: LiveServer) -> None:
    working, waiting, refused, watching = (connect(busy) for _ in range(4))
    watching.execute("SELECT count(*) FROM pg_class")  # the catalogue has no line
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(working.execute, ENDLESS)
        first_pid, second_pid = working.info.backend_pid, waiting.info.backend_pid
        wait_until(lambda: in_queue(watching) == {first_pid: "working"})
        second = pool.submit(waiting.execute, "SELECT count(*) FROM patents.assignee")
        wait_until(lambda: in_queue(watching) == {first_pid: "working", second_pid: "waiting"})
        with pytest.raises(psycopg.errors.TooManyConnections) as caught:
            refused.execute("SELECT count(*) FROM patents.assignee")
        assert caught.value.diag.message_hint is not None
        assert "[control] waiting = 1" in caught.value.diag.message_hint
        waiting.cancel()
        assert isinstance(second.exception(), psycopg.errors.QueryCanceled)
        waiting.execute("SET statement_timeout = 200")
        assert fails(waiting, "SELECT count(*) FROM patents.assignee") == "57014"
        assert not answer.done()
        waiting.execute("SET statement_timeout = 0")
        last = pool.submit(waiting.execute, "SELECT count(*) FROM patents.assignee")
        working.cancel()
        assert isinstance(answer.exception(), psycopg.errors.QueryCanceled)
        assert last.result().fetchone() is not None


def fails(connection: psycopg.Connection[Any], sql: str) -> str | None:
    """The SQLSTATE of its error."""
    try:
        connection.execute(sql)
    except psycopg.Error as error:
        return error.sqlstate
    return None


def test_who_does_not_read_on_holds_no_place(busy: LiveServer) -> None:
    rows = "SELECT publication_number, abstract FROM patents.google_full"
    with connect(busy, autocommit=False) as cursors, connect(busy) as slow, connect(busy) as other:
        count = other.execute(f"SELECT count(*) FROM ({rows}) AS t").fetchone()[0]  # type: ignore[index]
        with cursors.cursor("half_read") as half_read, slow.cursor() as unread:
            half_read.execute(rows)
            assert len(half_read.fetchmany(10)) == 10
            streamed = unread.stream(rows)
            next(streamed)  # what follows fills the buffers between here and there
            assert other.execute(f"SELECT count(*) FROM ({rows}) AS t").fetchone() == (count,)
            with cursors.cursor("another") as second:
                second.execute(rows)
                assert len(second.fetchmany(10)) == 10
            assert 1 + sum(1 for _ in streamed) == count
            half_read.itersize = 20_000
            assert 10 + sum(1 for _ in half_read) == count


POLICY = """
default_roles = ["reader"]
[users]
other = ["boss"]
[roles.reader]
read = ["*.*"]
max_running = 1
[roles.boss]
read = ["*.*"]
admin = true
audit = "all"
"""


def test_what_goes_on_is_there_to_select(start: Callable[..., LiveServer], tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY)
    server = start(policy={"file": tmp_path / "policy.toml"}, limits={"statement_bytes": 65_536})
    mine, working = connect(server, application_name="it's mine"), connect(server)
    boss = connect(server, user="other")
    sessions = (
        "SELECT pid, username, roles, application_name, state FROM streamlink.sessions ORDER BY started"
    )
    me = (mine.info.backend_pid, "demo", ["reader"], "it's mine", "active")
    quiet = (working.info.backend_pid, "demo", ["reader"], "", "idle")
    assert mine.execute(sessions).fetchall() == [me, quiet]
    assert [row[1] for row in boss.execute(sessions)] == ["demo", "demo", "other"]
    joined = (
        "SELECT count(*) FROM streamlink.sessions AS s JOIN streamlink.nodes AS n ON n.state = 'up'"
        " WHERE s.pid = pg_backend_pid() AND n.kind IN ('spark', 'mirror') AND (n.address IS NULL) = %s"
    )
    wait_until(lambda: mine.execute(joined, [True]).fetchone() == (2,))
    wait_until(lambda: boss.execute(joined, [False]).fetchone() == (2,))
    with mine.cursor().copy("COPY (SELECT username FROM streamlink.sessions) TO STDOUT") as copy:
        assert b"".join(copy) == b"demo\ndemo\n"
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(working.execute, ENDLESS)
        wait_until(lambda: len(in_queue(boss)) == 1)
        held_back = pool.submit(mine.execute, "SELECT count(*) FROM patents.assignee")
        wait_until(lambda: sorted(in_queue(boss).values()) == ["waiting", "working"])
        # Prepared by now, and true all the same; one statement has one id wherever it is shown.
        ids = boss.execute("SELECT statement_id FROM streamlink.queue ORDER BY state DESC").fetchall()
        shown = boss.execute("SELECT statement_id FROM streamlink.sessions WHERE waiting").fetchall()
        assert [ids[1]] == shown
        working.cancel()
        assert isinstance(answer.exception(), psycopg.errors.QueryCanceled)
        assert held_back.result().fetchone() is not None
    audited = "SELECT count(*) FROM streamlink.audit WHERE id = ANY (%s) AND outcome = ANY ('{ok,cancelled}')"
    wait_until(lambda: boss.execute(audited, [[row[0] for row in ids]]).fetchone() == (2,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        mine.execute("SET search_path = streamlink; SELECT * FROM queue")


def test_a_prepared_statement_shows_what_is_now(busy: LiveServer) -> None:
    with connect(busy) as watching:
        count = "SELECT count(*) FROM streamlink.sessions"
        assert watching.execute(count, prepare=True).fetchone() == (1,)
        with connect(busy):
            assert watching.execute(count, prepare=True).fetchone() == (2,)
        wait_until(lambda: watching.execute(count, prepare=True).fetchone() == (1,))
