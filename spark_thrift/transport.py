"""One connection to a HiveServer2: requests out in one write each, replies in, in the order of the requests.

Rules: this is the only file of the engine client that touches a socket.  Requests are pipelined: HiveServer2
reads the next one after it has answered the last, so several can be sent in one write.  A request is never
retried here. When the connection breaks every waiting caller gets EngineUnavailable at once.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from spark_thrift.errors import EngineError, EngineProtocolError, EngineRefused, EngineUnavailable
from spark_thrift.framing import FRAME_LIMIT_BYTES, FrameReceiver, MessageReceiver
from spark_thrift.sasl import HEADER, NEGOTIATION_LIMIT_BYTES, Auth, Credentials, Negotiation

Reply = asyncio.Future[bytearray]

_KEEPALIVE_IDLE_S: Final = 30
_KEEPALIVE_INTERVAL_S: Final = 10
_KEEPALIVE_PROBES: Final = 3
"""A peer that vanished without a word is noticed within a minute, as asyncpg's and libpq's users set it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an engine listens and how one logs in.

    `username` and `password` are this product's own at the engine.  Without a username each session logs in
    as its own user, which an engine without authentication (hive.server2.authentication=NONE) takes as it
    comes. `proxy_users` asks the engine to act as the session's user all the same
    (hive.server2.proxy.user).
    """

    host: str
    port: int
    auth: Auth = "PLAIN"
    tls: ssl.SSLContext | None = None
    username: str | None = None
    password: str = field(default="x", repr=False)
    principal: str = "hive/_HOST"
    proxy_users: bool = False
    server_hostname: str | None = None
    """The name in the engine's certificate when it is not `host`."""


async def connect(endpoint: Endpoint, user: str, *, frame_limit_bytes: int = FRAME_LIMIT_BYTES) -> Transport:
    """A connection that is ready for its first call, logged in as the endpoint's user or else as `user`.

    The caller sets the deadline.

    Raises: EngineUnavailable, EngineRefused.
    """
    loop = asyncio.get_running_loop()
    try:
        _, transport = await loop.create_connection(
            lambda: Transport(endpoint, frame_limit_bytes),
            endpoint.host,
            endpoint.port,
            ssl=endpoint.tls,
            server_hostname=(endpoint.server_hostname or endpoint.host) if endpoint.tls else None,
        )
    except ssl.SSLError as error:
        raise EngineRefused(f"TLS with the engine failed: {error.reason or error}") from error
    except OSError as error:
        where = f"{endpoint.host}:{endpoint.port}"
        raise EngineUnavailable(
            f"the engine at {where} cannot be reached: {error.strerror or error}"
        ) from error
    if endpoint.auth != "NOSASL":
        try:
            await transport.negotiate(endpoint.username or user)
        except BaseException:
            transport.abort()
            raise
    return transport


class Transport(asyncio.BufferedProtocol):
    """See the module's docstring; made by `connect`."""

    def __init__(self, endpoint: Endpoint, frame_limit_bytes: int) -> None:
        self._endpoint = endpoint
        self._limit = frame_limit_bytes
        self._waiting: deque[Reply] = deque()
        self._receiver: FrameReceiver | MessageReceiver | _NegotiationReceiver = (
            MessageReceiver(frame_limit_bytes) if endpoint.auth == "NOSASL" else _NegotiationReceiver()
        )
        self._framed = endpoint.auth != "NOSASL"
        self._wrap: Callable[[bytes], bytes] | None = None
        self._unwrap: Callable[[bytearray], bytearray] | None = None
        self._lost: EngineUnavailable | None = None
        self._transport: asyncio.Transport

    @property
    def broken(self) -> bool:
        return self._lost is not None

    @property
    def outstanding(self) -> int:
        """Requests whose replies have not arrived yet."""
        return len(self._waiting)

    def ask(self, *messages: bytes) -> Sequence[Reply]:
        """Send messages in one write.  Each reply is a future; to cancel it drops the reply."""
        if self._lost is not None:
            raise self._lost_error()
        loop = asyncio.get_running_loop()
        replies = [loop.create_future() for _ in messages]
        if self._wrap is not None:
            messages = tuple(map(self._wrap, messages))
        if self._framed:
            data = b"".join(part for m in messages for part in (len(m).to_bytes(4, "big"), m))
        else:
            data = b"".join(messages)
        self._waiting.extend(replies)
        self._transport.write(data)
        return replies

    async def negotiate(self, username: str) -> None:
        """SASL, until frames begin.  Raises: EngineRefused, EngineUnavailable."""
        endpoint = self._endpoint
        credentials = Credentials(username, endpoint.password, endpoint.principal)
        negotiation = Negotiation(endpoint.auth, endpoint.host, credentials)
        # Kerberos may ask its key distribution centre, which blocks.
        blocking = endpoint.auth == "KERBEROS"
        out: bytes | None = await asyncio.to_thread(negotiation.begin) if blocking else negotiation.begin()
        while out is not None:
            reply: Reply = asyncio.get_running_loop().create_future()
            self._waiting.append(reply)
            self._transport.write(out)
            answer = await reply
            if blocking:
                out = await asyncio.to_thread(negotiation.answered, answer[0], bytes(answer[1:]))
            else:
                out = negotiation.answered(answer[0], bytes(answer[1:]))
        self._receiver = FrameReceiver(self._limit)
        if negotiation.wraps:
            self._wrap, self._unwrap = negotiation.wrap, negotiation.unwrap

    def abort(self) -> None:
        """Drop the connection now.  Idempotent."""
        self._fail(EngineUnavailable("the connection to the engine was closed"))
        self._transport.abort()

    # asyncio.BufferedProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        sock: socket.socket = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_IDLE_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE_INTERVAL_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _KEEPALIVE_PROBES)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._receiver.buffer()

    def buffer_updated(self, nbytes: int) -> None:
        try:
            for frame in self._receiver.received(nbytes):
                self._deliver(frame)
        except EngineError as error:
            self._fail(error if isinstance(error, EngineUnavailable) else EngineUnavailable(error.message))
            self._transport.abort()

    def eof_received(self) -> None:
        return None

    def connection_lost(self, error: Exception | None) -> None:
        why = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
        self._fail(EngineUnavailable(f"the connection to the engine was lost{why}"))

    def _deliver(self, frame: bytearray) -> None:
        if not self._waiting:
            raise EngineProtocolError("the engine answered a question that nobody asked")
        if self._unwrap is not None:
            frame = self._unwrap(frame)
        reply = self._waiting.popleft()
        if not reply.done():
            reply.set_result(frame)

    def _lost_error(self) -> EngineUnavailable:
        """A new one each time: a raised exception gathers tracebacks."""
        assert self._lost is not None
        return type(self._lost)(self._lost.message)

    def _fail(self, error: EngineUnavailable) -> None:
        if self._lost is None:
            self._lost = error
        while self._waiting:
            reply = self._waiting.popleft()
            if not reply.done():
                reply.set_exception(self._lost_error())
                # A reply may have been asked for and then forgotten; that is no error of its own.
                reply.exception()


class _NegotiationReceiver:
    """SASL messages, as u8 status + payload.  The server says nothing unasked: one a read."""

    def __init__(self) -> None:
        self._data = bytearray(HEADER.size + NEGOTIATION_LIMIT_BYTES)
        self._filled = 0

    def buffer(self) -> memoryview:
        return memoryview(self._data)[self._filled :]

    def received(self, count: int) -> Sequence[bytearray]:
        self._filled += count
        if self._filled < HEADER.size:
            return ()
        status, length = HEADER.unpack_from(self._data)
        if length > NEGOTIATION_LIMIT_BYTES or self._filled > HEADER.size + length:
            raise EngineRefused(
                "the peer does not speak SASL as a HiveServer2 does (is its authentication NOSASL?)"
            )
        if self._filled < HEADER.size + length:
            return ()
        self._filled = 0
        return (bytearray([status]) + self._data[HEADER.size : HEADER.size + length],)
