"""What the server keeps on the mirror and holds in memory: read when it is changed, written once a second.

Rules: a look-up in memory awaits nothing; a change on this or another server counts within a second (LISTEN); what the
mirror does not take is written when it is back.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from proxy.mirror import Mirror

log = logging.getLogger("streamlink.mirror")

WRITE_INTERVAL_S = 1.0
RETRY_S = 1.0


Place = tuple[str, str]


class Counted(Protocol):
    """Something that was seen `count` times since it was last written."""

    count: int
    first: datetime


_Counted = TypeVar("_Counted", bound=Counted)


class Followed(Generic[_Counted]):
    """Shapes: `channel` is notified of changes; `what` is its name in the log; `insert` adds one row of `_row`."""

    channel: ClassVar[str]
    what: ClassVar[str]
    insert: ClassVar[str]

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._changed = asyncio.Event()
        self._waiting: dict[Place, _Counted] = {}
        """What is new."""

    async def load(self) -> None:
        """Read it once.  Raises: MirrorUnavailable, asyncpg's errors."""
        async with self._mirror.admin() as admin:
            await self._clean(admin)
            await self._read_anew(admin)

    async def run(self) -> None:
        """Follow changes and write what is new, until cancelled."""
        failing = False
        while True:
            try:
                async with self._mirror.admin() as admin:
                    await admin.add_listener(self.channel, lambda *_: self._changed.set())
                    # A connection that is gone tells of no change: reading finds out.
                    admin.add_termination_listener(lambda *_: self._changed.set())
                    await self._read_anew(admin)
                    failing = False
                    while True:
                        await self._write(admin)
                        try:
                            async with asyncio.timeout(WRITE_INTERVAL_S):
                                await self._changed.wait()
                        except TimeoutError:
                            continue
                        await self._read_anew(admin)
            except Exception as error:
                if not failing:
                    log.warning("%s cannot be followed: %s", self.what, type(error).__name__)
                failing = True
                await asyncio.sleep(RETRY_S)

    async def write(self) -> None:
        """Write what is new now.  Raises: MirrorUnavailable, asyncpg's errors."""
        if self._waiting:
            async with self._mirror.admin() as admin:
                await self._write(admin)

    async def _read_anew(self, admin: Any) -> None:
        self._changed.clear()
        await self._write(admin)
        await self._read(admin)

    async def _clean(self, admin: Any) -> None:
        """Drop what is too much, before it is read."""

    async def _read(self, admin: Any) -> None:
        raise NotImplementedError

    async def _write(self, admin: Any) -> None:
        if not self._waiting:
            return
        new, self._waiting = self._waiting, {}
        try:
            await admin.executemany(self.insert, [self._row(place, value) for place, value in new.items()])
        except BaseException:
            for place, value in new.items():  # it is written when the mirror is back
                newer = self._waiting.setdefault(place, value)
                if newer is not value:
                    newer.count += value.count
                    newer.first = value.first
            raise

    def _row(self, place: Place, value: _Counted) -> tuple[object, ...]:
        raise NotImplementedError


def sayable(text: str) -> str:
    """As PostgreSQL takes it: without NUL and lone surrogates."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
