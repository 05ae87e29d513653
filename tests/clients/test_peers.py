"""Two servers that share a mirror: cancels and signals reach a session wherever they arrive."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg
import pytest

from spark_thrift.transport import Endpoint
from tests.clients.queries import ENDLESS
from tests.live import LiveServer, over, start_server
from tests.postgres import running_postgres

WAIT_S = 30.0
RULES = {"rules": ["host all all loopback trust"]}
POLICY = """
default_roles = ["reader"]
[users]
boss = ["boss"]
[roles.reader]
read = ["*.*"]
[roles.boss]
read = ["*.*"]
admin = true
"""


@pytest.fixture(scope="module")
def servers(
    spark_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LiveServer, LiveServer]]:
    with running_postgres() as port:
        folder = tmp_path_factory.mktemp("peers")
        conninfo = f"host=127.0.0.1 port={port} user=postgres"
        with psycopg.connect(f"{conninfo} dbname=postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE site TEMPLATE template0")
        dsn = folder / "dsn"
        dsn.write_text(f"{conninfo} dbname=site")
        (folder / "policy.toml").write_text(POLICY)
        started: list[LiveServer] = []
        try:
            for name in ("one", "two"):
                place = folder / name
                place.mkdir()
                started.append(
                    start_server(
                        place,
                        auth=RULES,
                        spark=over(spark_endpoint, place),
                        mirror={"dsn_file": dsn},
                        policy={"file": folder / "policy.toml"},
                    )
                )
            yield started[0], started[1]
        finally:
            for server in started:
                server.stop()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.05)


def connected(server: LiveServer, user: str = "demo") -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(replace(server, user=user).conninfo, autocommit=True)


class Wire:
    """A client that shows its cancel key, as libpq does not."""

    def __init__(self, server: LiveServer) -> None:
        self.socket = socket.create_connection((server.host, server.port), timeout=WAIT_S)
        parameters = f"user\0demo\0database\0{server.database}\0application_name\0wired\0\0".encode()
        self.socket.sendall(struct.pack("!II", 8 + len(parameters), 3 << 16) + parameters)
        self.stream = self.socket.makefile("rb")
        self.key = b""
        while True:
            kind, body = self.message()
            if kind == b"K":
                self.key = body
            elif kind == b"Z":
                break
        self.pid = int.from_bytes(self.key[:4], "big")

    def message(self) -> tuple[bytes, bytes]:
        head = self.stream.read(5)
        return head[:1], self.stream.read(int.from_bytes(head[1:], "big") - 4)

    def ask(self, sql: str) -> None:
        body = sql.encode() + b"\0"
        self.socket.sendall(b"Q" + struct.pack("!I", 4 + len(body)) + body)

    def error(self) -> str:
        """The SQLSTATE that comes."""
        while True:
            kind, body = self.message()
            if kind == b"E":
                fields = {part[:1]: part[1:] for part in body.split(b"\0") if part}
                return fields[b"C"].decode()
            assert kind != b"C", "it ended by itself"

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


@pytest.fixture
def wire(servers: tuple[LiveServer, LiveServer]) -> Iterator[Wire]:
    """On the first server, at an endless statement that the second one knows of."""
    client = Wire(servers[0])
    client.ask(ENDLESS)
    yield client
    client.close()


def cancel_request(server: LiveServer, pid: int, key: bytes) -> None:
    with socket.create_connection((server.host, server.port)) as request:
        request.sendall(struct.pack("!II", 12 + len(key), 80877102) + pid.to_bytes(4, "big") + key)
        request.recv(1)


def running(server: LiveServer, pid: int, user: str = "demo") -> bool:
    with connected(server, user) as connection:
        sql = "SELECT state FROM pg_stat_activity WHERE pid = %s"
        return connection.execute(sql, (pid,)).fetchone() == ("active",)


def test_a_cancel_request_at_another_server(servers: tuple[LiveServer, LiveServer], wire: Wire) -> None:
    until(lambda: running(servers[1], wire.pid))
    wrong = bytes(len(wire.key) - 4)
    cancel_request(servers[1], wire.pid, wrong)
    time.sleep(2)
    assert running(servers[0], wire.pid), "a wrong key cancels nothing"
    cancel_request(servers[1], wire.pid, wire.key[4:])
    assert wire.error() == "57014"


@pytest.mark.parametrize(
    ("function", "user", "sqlstate"),
    [
        ("pg_cancel_backend", "demo", "57014"),
        ("pg_cancel_backend", "boss", "57014"),
        ("pg_terminate_backend", "demo", "57P01"),
    ],
)
def test_a_signal_from_another_server(
    servers: tuple[LiveServer, LiveServer], wire: Wire, function: str, user: str, sqlstate: str
) -> None:
    until(lambda: running(servers[1], wire.pid, user))
    with connected(servers[1], user) as connection:
        assert connection.execute(f"SELECT {function}(%s)", (wire.pid,)).fetchone() == (True,)
    assert wire.error() == sqlstate


def test_others_see_and_signal_nothing(servers: tuple[LiveServer, LiveServer], wire: Wire) -> None:
    until(lambda: running(servers[1], wire.pid))
    with connected(servers[1], "stranger") as connection:
        for relation, column in (("pg_stat_activity", "pid"), ("streamlink.sessions", "pid")):
            rows = connection.execute(f"SELECT {column} FROM {relation}").fetchall()
            assert (wire.pid,) not in rows
        for sql in (f"SELECT pg_cancel_backend({wire.pid})", f"SELECT pg_terminate_backend({wire.pid})"):
            assert connection.execute(sql).fetchone() == (False,)
        for table in ("peer", "peer_request"):
            with pytest.raises(psycopg.Error):
                connection.execute(f"SELECT * FROM streamlink.{table}")
        connection.execute("SELECT 1")
    time.sleep(1.5)
    assert running(servers[0], wire.pid)
    cancel_request(servers[0], wire.pid, wire.key[4:])
    assert wire.error() == "57014"


def test_an_administrator_sees_the_sessions_of_both(
    servers: tuple[LiveServer, LiveServer], wire: Wire
) -> None:
    with connected(servers[0], "boss") as one, connected(servers[1], "boss") as two:
        pids = {connection.info.backend_pid for connection in (one, two)} | {wire.pid}
        sql = "SELECT pid FROM streamlink.sessions WHERE application_name IN ('wired', '')"
        for connection in (one, two):
            until(lambda connection=connection: pids <= {pid for (pid,) in connection.execute(sql)})  # type: ignore[misc]


def test_a_server_that_is_gone_has_no_sessions(servers: tuple[LiveServer, LiveServer]) -> None:
    """And one that cannot say so is forgotten after ten seconds."""
    one, two = servers
    with connected(one) as left, connected(two, "boss") as watching:
        pid = left.info.backend_pid
        sql = "SELECT count(*) FROM streamlink.sessions WHERE pid = %s"
        until(lambda: watching.execute(sql, (pid,)).fetchone() == (1,))
        one.process.kill()
        one.process.wait()
        until(lambda: watching.execute(sql, (pid,)).fetchone() == (0,))
