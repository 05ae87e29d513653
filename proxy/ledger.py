"""Which tables were written through this server, and whose turn it is to write one.

Two Spark jobs that write into one folder at a time destroy each other's temporary files, so a table has one writer at a
time.  And each session of the Thrift Server keeps its own list of a table's files: a session is told of what others
have written before its next statement.

Left out: what others write past this server; see [mirror] sync_interval_s for what they define.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from spark_thrift.dialect.tables import Name
from spark_thrift.errors import EngineUnavailable, StatementCancelled

SETTLED_S = 1.0
"""What a job that was cancelled gets to take its files away, before the next one writes there."""


class Ledger:
    """One server's.  `serial` grows with every write."""

    def __init__(self) -> None:
        self.serial = 0
        self._written: dict[Name, tuple[int, object]] = {}
        self._locks: dict[Name, asyncio.Lock] = {}
        self._users: dict[Name, int] = {}

    @asynccontextmanager
    async def turn(self, name: Name, writer: object) -> AsyncIterator[None]:
        """The only writer of this table in this server, for as long as the block lasts."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        self._users[name] = self._users.get(name, 0) + 1
        try:
            await lock.acquire()
        except BaseException:
            self._leave(name)
            raise
        settled_in_s = 0.0
        try:
            yield
        except (asyncio.CancelledError, StatementCancelled, EngineUnavailable):
            settled_in_s, writer = SETTLED_S, None
            raise
        finally:
            self.note(name, writer)
            if settled_in_s:
                asyncio.get_running_loop().call_later(settled_in_s, self._release, name, lock)
            else:
                self._release(name, lock)

    def note(self, name: Name, writer: object = None) -> None:
        """This table is not what it was; `writer`'s own session knows."""
        self.serial += 1
        self._written[name] = (self.serial, writer)

    def since(self, serial: int, reader: object) -> list[Name]:
        """The tables that others have written after `serial`."""
        return [name for name, (at, writer) in self._written.items() if at > serial and writer is not reader]

    def written_since(self, name: Name, serial: int) -> bool:
        """Whether this table was written after `serial`."""
        return name in self._written and self._written[name][0] > serial

    def _release(self, name: Name, lock: asyncio.Lock) -> None:
        lock.release()
        self._leave(name)

    def _leave(self, name: Name) -> None:
        self._users[name] -= 1
        if not self._users[name]:
            del self._users[name], self._locks[name]
