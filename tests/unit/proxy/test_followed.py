"""Reading what changed and writing what is new, over a mirror that comes and goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from proxy import followed
from proxy.followed import Followed, Place, sayable


class Admin:
    """A connection that hands its listener on."""

    def __init__(self) -> None:
        self.changed: Callable[..., object] = lambda *_: None
        self.did: list[str] = []
        self.away = False
        self.meanwhile: Callable[[], object] = lambda: None
        self.rows: list[tuple[object, ...]] = []

    async def add_listener(self, channel: str, callback: Callable[..., object]) -> None:
        assert channel == "things"
        self.changed = callback

    async def executemany(self, statement: str, rows: list[tuple[object, ...]]) -> None:
        assert statement == "INSERT"
        self.meanwhile()
        if self.away:
            raise ConnectionError
        self.did.append("write")
        self.rows += rows

    def add_termination_listener(self, callback: Callable[..., object]) -> None:
        pass


class Mirror:
    def __init__(self) -> None:
        self.connection = Admin()

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[Admin]:
        if self.connection.away:
            raise ConnectionError
        yield self.connection


@dataclass
class Thing:
    first: datetime
    count: int = 1


class Things(Followed[Thing]):
    channel = "things"
    what = "things"
    insert = "INSERT"

    def __init__(self, mirror: Mirror) -> None:
        super().__init__(mirror)  # type: ignore[arg-type]
        self.mirror = mirror
        self.did = mirror.connection.did

    def add(self, count: int = 1) -> None:
        self._waiting["a", "thing"] = Thing(datetime(2020, 1, count, tzinfo=UTC), count)

    async def _clean(self, admin: Any) -> None:
        self.did.append("clean")

    async def _read(self, admin: Any) -> None:
        self.did.append("read")

    def _row(self, place: Place, value: Thing) -> tuple[object, ...]:
        return (*place, value.count, value.first.day)


@pytest.fixture
def things(monkeypatch: pytest.MonkeyPatch) -> Things:
    monkeypatch.setattr(followed, "WRITE_INTERVAL_S", 0.02)
    monkeypatch.setattr(followed, "RETRY_S", 0.02)
    return Things(Mirror())


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it did not happen within 5 s")


async def test_load_cleans_and_reads(things: Things) -> None:
    await things.load()
    assert things.did == ["clean", "read"]


async def test_changes_are_read_and_what_is_new_is_written(things: Things) -> None:
    running = asyncio.create_task(things.run())
    await until(lambda: things.did == ["read"])
    things.add()
    await until(lambda: things.did == ["read", "write"])
    things.mirror.connection.changed()
    await until(lambda: things.did == ["read", "write", "read"])
    running.cancel()


async def test_a_mirror_that_is_away_is_told_of_once_and_followed_again(
    things: Things, caplog: pytest.LogCaptureFixture
) -> None:
    running = asyncio.create_task(things.run())
    await until(lambda: things.did == ["read"])
    things.mirror.connection.away = True
    things.add()
    await asyncio.sleep(0.2)
    assert [record.getMessage() for record in caplog.records] == [
        "things cannot be followed: ConnectionError"
    ]
    things.mirror.connection.away = False
    await until(lambda: things.did == ["read", "write", "read"])
    running.cancel()


async def test_write_asks_for_no_connection_without_need(things: Things) -> None:
    things.mirror.connection.away = True
    await things.write()
    things.add()
    with pytest.raises(ConnectionError):
        await things.write()


async def test_what_could_not_be_written_is_added_to_what_came_meanwhile(things: Things) -> None:
    connection = things.mirror.connection
    things.add(2)
    connection.away = True
    connection.meanwhile = lambda: things.add(5)
    with pytest.raises(ConnectionError):
        await things._write(connection)
    connection.away, connection.meanwhile = False, lambda: None
    await things.write()
    assert connection.rows == [("a", "thing", 7, 2)]


def test_sayable() -> None:
    assert sayable("a\0b\ud800c") == "a\ufffdb?c"
