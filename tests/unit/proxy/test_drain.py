"""Who is sent away when, while the server drains."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from proxy.control import Control
from proxy.registry import Registry
from proxy.server import Server
from proxy.session import SHUTDOWN, Session
from proxy.settings import Settings
from proxy.transaction import Status
from proxy.wire.errors import ErrorFields, ProtocolError
from proxy.wire.state import State


class Client:
    """The client's side of a session: what it sends next, and what it was told last."""

    def __init__(self) -> None:
        self.wire = SimpleNamespace(state=State.IDLE, fail=lambda fields: fields, on_skipped=None)
        self.told: ErrorFields | None = None
        self.lost = False
        self.on_lost: Any = None
        self.reads = asyncio.Event()
        self.bytes_written = 0
        self._sent: asyncio.Future[Any] | None = None

    async def next_event(self) -> Any:
        self._sent = asyncio.get_running_loop().create_future()
        self.reads.set()
        return await self._sent

    def sends(self, event: object) -> None:
        assert self._sent is not None
        self.reads.clear()
        self._sent.set_result(event)

    def write(self, fields: ErrorFields) -> None:
        self.told = fields

    def close(self) -> None:
        pass


class Statement:
    """An event whose handler runs until it is told to end."""

    def __init__(self) -> None:
        self.ends = asyncio.Event()


async def runs(session: Session, event: Statement) -> None:
    await event.ends.wait()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(Session.run.__globals__["_HANDLERS"], Statement, runs)
    return SimpleNamespace(
        settings=Settings(),
        registry=Registry(),
        draining=False,
        audit=SimpleNamespace(),
        control=Control(Settings()),
    )


async def connected(service: Any) -> tuple[Session, Client, asyncio.Task[None]]:
    client = Client()
    pid = service.registry.new_pid()
    session = Session(client, service, user="u", database="d", peer=None, pid=pid)  # type: ignore[arg-type]
    service.registry.add(session)
    task = asyncio.create_task(session.run())
    task.add_done_callback(lambda done: service.registry.remove(session))
    await client.reads.wait()
    return session, client, task


async def test_an_idle_session_ends_at_once(service: Any) -> None:
    session, client, task = await connected(service)
    session.leave()
    await task
    assert client.told == SHUTDOWN


async def test_a_running_statement_ends_first(service: Any) -> None:
    session, client, task = await connected(service)
    statement = Statement()
    client.sends(statement)
    await asyncio.sleep(0)
    session.leave()
    await asyncio.sleep(0.01)
    assert not task.done()
    statement.ends.set()
    await task
    assert client.told == SHUTDOWN


@pytest.mark.parametrize(
    ("state", "status"),
    [(State.IDLE, Status.OPEN), (State.IDLE, Status.FAILED), (State.EXTENDED, Status.IDLE)],
)
async def test_a_transaction_ends_first(service: Any, state: State, status: Status) -> None:
    """A block, an aborted one, and messages that are not followed by Sync so far."""
    session, client, task = await connected(service)
    client.wire.state, session.transaction.status = state, status
    session.leave()
    await asyncio.sleep(0.01)
    assert not task.done()
    client.wire.state, session.transaction.status = State.IDLE, Status.IDLE
    statement = Statement()
    statement.ends.set()
    client.sends(statement)
    await task
    assert client.told == SHUTDOWN


def server(service: Any, drain_s: int) -> Server:
    return Server(Settings().with_values("control", drain_s=drain_s), service)


async def test_the_drain_is_over_when_the_last_has_left(service: Any) -> None:
    _, client, first = await connected(service)
    statement = Statement()
    client.sends(statement)
    _, _, idle = await connected(service)
    draining = asyncio.create_task(server(service, 600)._drain())
    await idle
    await asyncio.sleep(0)
    assert not draining.done()
    statement.ends.set()
    await draining
    assert first.done()


async def test_the_drain_is_over_at_the_end_of_its_grace(service: Any) -> None:
    session, client, task = await connected(service)
    client.sends(Statement())
    await asyncio.sleep(0)
    await server(service, 0)._drain()
    assert not task.done()
    session.terminate()
    await task
    assert client.told == SHUTDOWN


async def test_nobody_comes_in_any_more(service: Any) -> None:
    draining = server(service, 0)
    draining._check_open()
    await draining._drain()
    with pytest.raises(ProtocolError) as caught:
        draining._check_open()
    assert caught.value.fields.sqlstate == "57P03"
    assert caught.value.fields.message == "the database system is shutting down"
