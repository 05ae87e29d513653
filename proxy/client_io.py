"""One client's transport: bytes into the wire core, events out, and backpressure both ways.

Reading pauses while a statement runs and more than a little input waits; writing waits when the client does not read.
What is buffered for a client that has stopped reading is at most one encoded batch over the high-water mark.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from proxy.wire.connection import Connection
from proxy.wire.events import NEED_DATA, Event

READ_AHEAD_BYTES = 256 * 1024
"""Input that may wait behind a running statement before the socket is left unread."""
WRITE_HIGH_WATER_BYTES = 256 * 1024
FLUSH_BYTES = 64 * 1024
"""Messages are joined up to this size before they are given to the transport, as PostgreSQL joins 8 kB."""


class Disconnected(Exception):
    """The client went away; there is nobody left to tell."""


class ClientIO(asyncio.Protocol):
    """The asyncio side of one connection; the session awaits `next_event` and calls `write`."""

    def __init__(self, wire: Connection) -> None:
        self.wire = wire
        self.transport: asyncio.Transport | None = None
        self.lost = False
        self.on_lost: Callable[[], object] | None = None
        self.bytes_out = 0
        self._input: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._reading_paused = False
        self._pending: list[bytes | memoryview] = []
        self._pending_bytes = 0

    # --- the transport's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast, not a check: uvloop's transports have no such base class.
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=WRITE_HIGH_WATER_BYTES)

    def data_received(self, data: bytes) -> None:
        self.wire.receive_data(data)
        if self.wire.buffered > READ_AHEAD_BYTES and self.transport is not None and self._input is None:
            self._reading_paused = True
            self.transport.pause_reading()
        self._wake_reader()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._wake_reader()
        self.resume_writing()
        if self.on_lost is not None:
            self.on_lost()

    def pause_writing(self) -> None:
        if self._writable is None:
            self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        waiter, self._writable = self._writable, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _wake_reader(self) -> None:
        waiter, self._input = self._input, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # --- the session's calls

    async def next_event(self) -> Event:
        """The next message.  Raises: ProtocolError (08P01 and the like), Disconnected."""
        while True:
            event = self.wire.next_event()
            if event is not NEED_DATA:
                return event
            if self.lost:
                raise Disconnected
            if self._reading_paused and self.transport is not None:
                self._reading_paused = False
                self.transport.resume_reading()
            self._input = asyncio.get_running_loop().create_future()
            await self._input

    def write(self, data: bytes | memoryview) -> None:
        """Queue output; it leaves with the next `flush`, or by itself when enough has gathered."""
        self._pending.append(data)
        self._pending_bytes += len(data)
        if self._pending_bytes >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        if self._pending and self.transport is not None and not self.lost:
            self.bytes_out += self._pending_bytes
            if len(self._pending) == 1:
                self.transport.write(self._pending[0])
            else:
                self.transport.write(b"".join(self._pending))
        self._pending.clear()
        self._pending_bytes = 0

    @property
    def bytes_written(self) -> int:
        """Bytes of all messages so far, those that are not flushed yet included."""
        return self.bytes_out + self._pending_bytes

    @property
    def is_behind(self) -> bool:
        """Whether the client has yet to read, so that `drain` waits."""
        return self._writable is not None

    async def drain(self) -> None:
        """Wait until the client has read enough.  Raises: Disconnected."""
        if self.lost:
            raise Disconnected
        if self._writable is not None:
            await asyncio.shield(self._writable)
            if self.lost:
                raise Disconnected

    def extra(self, name: str) -> Any:
        return self.transport.get_extra_info(name) if self.transport is not None else None

    def close(self) -> None:
        """Send what is queued and close; a client that does not read is cut off."""
        self.flush()
        if self.transport is None:
            return
        if self._writable is not None:
            self.transport.abort()
        else:
            self.transport.close()
