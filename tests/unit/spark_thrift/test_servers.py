"""Which of several Thrift Servers a session opens on."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from spark_thrift.client import Endpoint
from spark_thrift.errors import EngineRefused, EngineUnavailable, SparkError
from spark_thrift.servers import SparkServers


@dataclass(eq=False)
class Session:
    broken: bool = False
    running: int = 1


@dataclass(eq=False)
class Client:
    """Opens sessions, or raises what it is told to."""

    endpoint: Endpoint
    error: Exception | None = None
    asked: int = 0
    opened: list[Session] = field(default_factory=list)

    async def open_session(self, user: str, conf: Any = None, *, deadline_s: Any = None) -> Session:
        self.asked += 1
        if self.error is not None:
            raise self.error
        self.opened.append(Session())
        return self.opened[-1]

    async def close(self) -> None:
        self.asked = -1


def made(count: int = 3) -> tuple[SparkServers, list[Client]]:
    clients = [Client(Endpoint("127.0.0.1", 10_000 + n)) for n in range(count)]
    return SparkServers(clients), clients  # type: ignore[arg-type]


def counts(clients: list[Client]) -> list[int]:
    return [sum(not session.broken for session in client.opened) for client in clients]


async def test_sessions_are_spread() -> None:
    servers, clients = made()
    for _ in range(7):
        await servers.open_session("u")
    assert sorted(counts(clients)) == [2, 2, 3]
    for session in clients[1].opened:
        session.broken = True
    assert [server.open for server in servers.all] == counts(clients)
    for _ in range(2):
        await servers.open_session("u")
    assert counts(clients)[1] == 2
    assert [server.address for server in servers.all] == [f"127.0.0.1:{10_000 + n}" for n in range(3)]
    await servers.close()
    assert [client.asked for client in clients] == [-1] * 3


async def test_one_that_does_not_answer_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("spark_thrift.servers.monotonic", lambda: now)
    servers, clients = made()
    clients[0].error = EngineUnavailable("gone")
    for _ in range(6):
        await servers.open_session("u")
    assert (counts(clients), clients[0].asked) == ([0, 3, 3], 1)
    asked_at = []
    while len(asked_at) < 9:
        now += 0.5
        before = clients[0].asked
        await servers.open_session("u")
        if clients[0].asked > before:
            asked_at.append(now)
    pauses = [later - earlier for earlier, later in pairwise(asked_at)]
    assert pauses == sorted(pauses)
    assert max(pauses) == 30.0
    clients[0].error = None
    now += 30
    await servers.open_session("u")
    assert counts(clients)[0] == 1


async def test_when_none_answers_all_have_been_asked() -> None:
    servers, clients = made()
    for number, client in enumerate(clients):
        client.error = EngineUnavailable(f"gone {number}")
    for _ in range(2):
        with pytest.raises(EngineUnavailable):
            await servers.open_session("u")
    assert [client.asked for client in clients] == [2, 2, 2]


@pytest.mark.parametrize("error", [EngineRefused("no such user"), SparkError("no such setting")])
async def test_a_refusal_is_not_asked_again_elsewhere(error: Exception) -> None:
    servers, clients = made()
    clients[0].error = error
    with pytest.raises(type(error)):
        await servers.open_session("u")
    assert [client.asked for client in clients] == [1, 0, 0]
    assert servers.all[0].failures == 0
