"""A server over several Thrift Servers, of which some go away.

They are doors to the run's one Spark: what is lost is the way to it, which is all that a client sees of a server's end.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from spark_thrift.transport import Endpoint
from tests.clients.test_control import SLOW, free_port, get, wait_until
from tests.live import LiveServer, over, start_server

COUNT = "SELECT count(*) FROM patents.patent"
LONG = "SELECT a.title FROM patents.patent AS a, generate_series(1, 100) AS g(n)"


class Door:
    """A port that leads to another one, until it is shut."""

    def __init__(self, to: Endpoint) -> None:
        self._to = to
        self.port = free_port()
        self._open: list[socket.socket] = []
        self.open()

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._listen, args=[self._listener], daemon=True).start()

    def shut(self) -> None:
        """As when the process behind it is killed: nobody listens, and what was open breaks."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        while self._open:
            with suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)

    @property
    def connections(self) -> int:
        self._open = [each for each in self._open if each.fileno() >= 0]
        return len(self._open) // 2

    def _listen(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection((self._to.host, self._to.port))
                self._open += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=[source, target], daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                target.sendall(chunk)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


class Place:
    """A server over two doors."""

    def __init__(self, spark: Endpoint, folder: Path) -> None:
        self.doors = [Door(spark), Door(spark)]
        self.http = free_port()
        first, second = (door.port for door in self.doors)
        section = over(spark, folder) | {"host": "127.0.0.1", "port": first, "more": [f"127.0.0.1:{second}"]}
        self.server: LiveServer = start_server(folder, spark=section, http={"port": self.http})
        self.connections: list[psycopg.Connection[Any]] = []

    def connect(self) -> psycopg.Connection[Any]:
        self.connections.append(psycopg.connect(self.server.conninfo, autocommit=True))
        return self.connections[-1]

    def all_open(self) -> bool:
        return self.nodes() == ["up", "up"]

    def nodes(self) -> list[str]:
        with psycopg.connect(self.server.conninfo) as connection:
            query = "SELECT state FROM streamlink.nodes WHERE kind = 'spark' ORDER BY name"
            return [state for (state,) in connection.execute(query)]


@pytest.fixture(scope="module")
def only(spark_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(spark_endpoint, tmp_path_factory.mktemp("doors"))
    yield made
    made.server.stop()
    for door in made.doors:
        door.shut()


@pytest.fixture
def place(only: Place) -> Iterator[Place]:
    """With both doors open."""
    wait_until(only.all_open)
    yield only
    for connection in only.connections:
        connection.close()
    del only.connections[:]
    for door in only.doors:
        door.shut()
        door.open()


def test_sessions_are_spread_and_go_on_elsewhere(place: Place) -> None:
    clients = [place.connect() for _ in range(6)]
    rows = {client.execute(COUNT).fetchone() for client in clients}
    assert len(rows) == 1
    assert min(door.connections for door in place.doors) >= 3
    gone, left = place.doors
    gone.shut()
    assert {client.execute(COUNT).fetchone() for client in clients} == rows
    wait_until(lambda: place.nodes() == ["down", "up"])
    assert get(place.http, "/readyz") == (200, "ready\n")
    gone.open()
    wait_until(place.all_open)
    left.shut()
    assert {client.execute(COUNT).fetchone() for client in clients} == rows


def test_a_statement_under_way_is_begun_anew(place: Place) -> None:
    client = place.connect()
    used = _used(place, client)
    pid = client.info.backend_pid
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(lambda: client.execute(SLOW).fetchone())
        watching = place.connect()
        queue = "SELECT count(*) FROM streamlink.queue WHERE pid = %s AND state = 'working'"
        wait_until(lambda: watching.execute(queue, [pid]).fetchone() == (1,))
        time.sleep(0.5)
        used.shut()
        (pairs,) = answer.result(120) or ()
    assert pairs == place.connect().execute(SLOW).fetchone()[0]  # type: ignore[index]


def test_rows_that_were_sent_are_not_sent_twice(place: Place) -> None:
    client = place.connect()
    used = _used(place, client)
    stream = client.cursor().stream(LONG)
    for _ in range(10):
        next(stream)
    used.shut()
    with pytest.raises(psycopg.errors.ConnectionFailure) as caught:
        list(stream)
    assert caught.value.sqlstate == "08006"
    assert client.execute(COUNT).fetchone() is not None


def test_while_none_is_there_statements_fail_cleanly(place: Place) -> None:
    client = place.connect()
    client.execute(COUNT)
    for door in place.doors:
        door.shut()
    with pytest.raises(psycopg.OperationalError) as caught:
        client.execute(COUNT)
    assert caught.value.sqlstate == "08006"
    assert client.execute("SELECT 1").fetchone() == (1,)
    wait_until(lambda: get(place.http, "/readyz")[0] == 503)
    assert "spark 1 is down, spark 2 is down" in get(place.http, "/readyz")[1]
    for door in place.doors:
        door.open()
    assert client.execute(COUNT).fetchone() is not None


def _used(place: Place, client: psycopg.Connection[Any]) -> Door:
    """The door through which this client's session goes."""
    before = [door.connections for door in place.doors]
    client.execute(COUNT)
    after = [door.connections for door in place.doors]
    return place.doors[max((0, 1), key=lambda at: after[at] - before[at])]
