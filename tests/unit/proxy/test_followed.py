"""Reading what changed and writing what is new, over a mirror that comes and goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from proxy import followed
from proxy.followed import Followed


class Admin:
    """A connection that hands its listener on."""

    def __init__(self) -> None:
        self.changed: Callable[..., object] = lambda *_: None

    async def add_listener(self, channel: str, callback: Callable[..., object]) -> None:
        assert channel == "things"
        self.changed = callback

    def add_termination_listener(self, callback: Callable[..., object]) -> None:
        pass


class Mirror:
    def __init__(self) -> None:
        self.away = False
        self.connection = Admin()

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[Admin]:
        if self.away:
            raise ConnectionError
        yield self.connection


class Things(Followed):
    channel = "things"
    what = "things"

    def __init__(self, mirror: Mirror) -> None:
        super().__init__(mirror)  # type: ignore[arg-type]
        self.mirror = mirror
        self.did: list[str] = []
        self.new = False

    @property
    def _is_waiting(self) -> bool:
        return self.new

    async def _clean(self, admin: Any) -> None:
        self.did.append("clean")

    async def _read(self, admin: Any) -> None:
        self.did.append("read")

    async def _write(self, admin: Any) -> None:
        if self.mirror.away:
            raise ConnectionError
        if self.new:
            self.did.append("write")
            self.new = False


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
    things.new = True
    await until(lambda: things.did == ["read", "write"])
    things.mirror.connection.changed()
    await until(lambda: things.did == ["read", "write", "read"])
    running.cancel()


async def test_a_mirror_that_is_away_is_told_of_once_and_followed_again(
    things: Things, caplog: pytest.LogCaptureFixture
) -> None:
    running = asyncio.create_task(things.run())
    await until(lambda: things.did == ["read"])
    things.mirror.away = things.new = True
    await asyncio.sleep(0.2)
    assert [record.getMessage() for record in caplog.records] == [
        "things cannot be followed: ConnectionError"
    ]
    things.mirror.away = False
    await until(lambda: things.did == ["read", "write", "read"])
    running.cancel()


async def test_write_asks_for_no_connection_without_need(things: Things) -> None:
    things.mirror.away = True
    await things.write()
    things.new = True
    with pytest.raises(ConnectionError):
        await things.write()
