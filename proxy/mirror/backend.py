"""One connection to the mirror: requests out, whole messages in.

Rules: one request at a time, answered by one or more Replies of which the last carries ReadyForQuery; a reply
that is longer than a part waits in the kernel until it is asked for; a connection that is gone fails whoever
waits, at once.  asyncio.Protocol and not streams, because this is on the way of every small statement: its
answer becomes one bytes object, most often the one that arrived.
COPY FROM STDIN is refused there and then, unless `copies_in` says that data follow.
Left out: which client a connection serves (pool.py) and what to ask (lease.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from struct import Struct
from typing import cast

from proxy.mirror import frontend
from proxy.mirror.authenticate import Authenticator
from proxy.mirror.errors import MirrorUnavailable
from proxy.mirror.replies import Reply, error_fields, message_at, parameter_status
from proxy.mirror.statements import StatementCache, Surroundings, surroundings
from proxy.wire.errors import ErrorFields

PART_BYTES = 64 * 1024
"""A reply longer than this is handed on in parts, and the next part is not read before it is asked for."""
MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024
"""One message longer than this ends the connection: memory per client is bounded."""

_LENGTH_AT = Struct("!i").unpack_from
_PASSED_ON = frozenset(b"DTCdHcNt123nIs")
"""Messages that need no look: rows, descriptions, COPY OUT, notices, the extended protocol's receipts."""
_READY, _ERROR, _PARAMETER, _KEY, _AUTHENTICATION, _TAG = b"ZESKRC"
_COPY_IN = frozenset(b"GW")
IDLE = ord("I")


class Backend(asyncio.Protocol):
    """A connection to the mirror, and what is known of its state."""

    def __init__(self, loop: asyncio.AbstractEventLoop, authenticator: Authenticator | None = None) -> None:
        self.parameters: dict[str, str] = {}
        """What ParameterStatus last said."""
        self.process_id = 0
        self.secret_key = b""
        self.status = IDLE
        self.settings: Mapping[str, str] | None = {}
        """The session settings that are in force beside the connection's own; None when that is not known."""
        self.surroundings: Surroundings = frozenset()
        self.statements = StatementCache()
        self.idle_since_s = 0.0
        self.copies_in = False
        """Whether CopyInResponse ends a part of the answer and data follow, by `send`."""
        self._copying = False
        self._writable: asyncio.Future[None] | None = None
        self._loop = loop
        self._authenticator = authenticator
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Reply] | None = None
        self._in_flight = False
        self._ended = False
        self._paused = False
        self._lost: MirrorUnavailable | None = None
        self._last_error: ErrorFields | None = None
        self._clear()

    def _clear(self) -> None:
        self._chunks: list[bytes] = []
        self._held = 0
        self._wanted = 5
        self._scanned = 0
        self._error_at = -1
        self._tag_at = -1

    # What the pool and the lease use

    @property
    def usable(self) -> bool:
        """Open, idle and outside any transaction."""
        return self._lost is None and not self._in_flight and self.status == IDLE

    @property
    def lost(self) -> bool:
        return self._lost is not None

    def exchange(self, request: bytes) -> asyncio.Future[Reply]:
        """Send what ends in a Sync or is a Query; the first part of its answer.

        Raises: MirrorUnavailable.
        """
        if self._in_flight:
            raise RuntimeError("the answer before this one was not read to its end")
        self._in_flight = True
        waiter = self._wait()
        if self._lost is None and self._transport is not None:
            self._transport.write(request)
        return waiter

    def more(self) -> asyncio.Future[Reply]:
        """The next part of an answer whose last Reply had no status."""
        if not self._in_flight:
            raise RuntimeError("there is no answer to go on with")
        waiter = self._wait()
        if not waiter.done():
            if self._paused and self._transport is not None:
                self._paused = False
                self._transport.resume_reading()
            self._deliver()
        return waiter

    @property
    def answered(self) -> bool:
        """Whether the whole answer is here; while data are sent, that means an error."""
        return self._ended or self._lost is not None

    async def send(self, message: bytes) -> None:
        """A piece of what COPY FROM STDIN reads; waits while the mirror does not.  Raises: MirrorUnavailable."""
        if self._lost is not None:
            raise self._lost
        self._send(message)
        if self._writable is not None:
            await asyncio.shield(self._writable)

    def now_has(self, settings: Mapping[str, str]) -> None:
        """Note the session settings that are in force from here on."""
        self.settings = dict(settings)
        self.surroundings = surroundings(settings)

    def abort(self) -> None:
        """Close at once, whatever is in flight; the mirror stops the statement when it notices."""
        if self._transport is not None:
            self._transport.abort()
        self._lose(MirrorUnavailable("the connection to the catalogue server was given up"))

    def close(self) -> None:
        """Say goodbye and close."""
        if self._transport is not None and self._lost is None:
            self._transport.write(frontend.TERMINATE)
            self._transport.close()
        self._lose(MirrorUnavailable("the connection to the catalogue server was closed"))

    def _wait(self) -> asyncio.Future[Reply]:
        self._waiter = waiter = self._loop.create_future()
        if self._lost is not None:
            waiter.set_exception(self._lost)
        return waiter

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def pause_writing(self) -> None:
        if self._writable is None:
            self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        waiter, self._writable = self._writable, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._lose(
            MirrorUnavailable("the connection to the catalogue server was lost", cause=self._last_error)
        )

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._held += len(data)
        if self._held < self._wanted:
            return
        if len(self._chunks) > 1:
            data = b"".join(self._chunks)
            self._chunks = [data]
        self._scan(data)
        if self._in_flight:
            self._deliver()
        elif self._scanned == self._held:
            self._clear()

    # Framing

    def _scan(self, data: bytes) -> None:
        """Walk over the whole messages that arrived since the last look."""
        position, size = self._scanned, self._held
        while True:
            if position + 5 > size:
                self._wanted = position + 5
                break
            length = _LENGTH_AT(data, position + 1)[0]
            end = position + 1 + length
            if length < 4 or length > MESSAGE_LIMIT_BYTES:
                self._break_off(length)
                break
            if end > size:
                self._wanted = end
                break
            kind = data[position]
            if kind == _TAG:
                self._tag_at = position
            elif kind not in _PASSED_ON:
                self._note(kind, data, position)
            position = end
            if self._ended:
                break
        self._scanned = position

    def _note(self, kind: int, data: bytes, position: int) -> None:
        if kind == _READY:
            self.status = data[position + 5]
            self._ended = self._in_flight
        elif kind == _ERROR:
            self._error_at = position
            self._last_error = error_fields(message_at(data, position))
        elif kind == _PARAMETER:
            name, value = parameter_status(message_at(data, position))
            self.parameters[name] = value
        elif kind == _KEY:
            message = message_at(data, position)
            self.process_id = int.from_bytes(message[5:9], "big")
            self.secret_key = message[9:]
        elif kind in _COPY_IN and self.copies_in:
            self._copying = True
        elif kind in _COPY_IN:
            self._send(frontend.copy_fail("COPY FROM STDIN is not possible here"))
        elif kind == _AUTHENTICATION:
            self._authenticate(message_at(data, position))

    def _authenticate(self, message: bytes) -> None:
        code = int.from_bytes(message[5:9], "big")
        if code == 0:
            return
        if self._authenticator is None:
            self._lose(MirrorUnavailable("the catalogue server asks for a password and none is configured"))
            return
        try:
            self._send(self._authenticator.respond(code, message[9:]))
        except Exception as error:
            self._lose(MirrorUnavailable(f"authentication at the catalogue server failed: {error}"))

    def _send(self, message: bytes) -> None:
        if self._transport is not None and message:
            self._transport.write(message)

    def _deliver(self) -> None:
        """Give what has arrived to whoever waits, if it is a whole answer or enough for a part."""
        if not self._ended and self._scanned < (1 if self._copying else PART_BYTES):
            return
        waiter = self._waiter
        if waiter is None or waiter.done():
            self._pause()
            return
        self._waiter = None
        data, scanned, wanted = self._chunks[0], self._scanned, self._wanted
        error_at, tag_at = self._error_at, self._tag_at
        self._clear()
        if self._ended:
            self._ended = self._in_flight = False
            self._last_error = None
            reply = Reply(data[:scanned], self.status, error_at, tag_at)
            if scanned < len(data):
                self.data_received(data[scanned:])
        else:
            reply = Reply(data[:scanned], None, error_at, tag_at)
            self._chunks, self._held = [data[scanned:]], len(data) - scanned
            self._wanted = wanted - scanned
            self._pause()
        waiter.set_result(reply)

    def _pause(self) -> None:
        # While data are sent, an error is to be seen at once.
        if not self._ended and not self._paused and not self._copying and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def _break_off(self, length: int) -> None:
        if self._transport is not None:
            self._transport.abort()
        self._lose(MirrorUnavailable(f"the catalogue server sent a message of {length} bytes", "54000"))

    def _lose(self, reason: MirrorUnavailable) -> None:
        if self._lost is not None:
            return
        self._lost = reason
        self.resume_writing()
        waiter, self._waiter = self._waiter, None
        self._clear()
        if waiter is not None and not waiter.done():
            waiter.set_exception(reason)
