"""The only file that touches client sockets, TLS and tasks.

One task a connection.  Before there is a transport the socket is read by exact counts (8 bytes tell SSLRequest,
GSSENCRequest and a startup packet apart), so nothing that came in clear text can be carried into a TLS session
(CVE-2021-23214): what a client sends before the handshake stays in the socket and would have to be TLS itself.

Left out: what statements mean (session.py) and what may run (pipeline.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from proxy import http, loading
from proxy.auth import Peer
from proxy.client_io import ClientIO, Disconnected
from proxy.owner import listening
from proxy.service import Service
from proxy.session import Session
from proxy.settings import Settings
from proxy.wire import messages
from proxy.wire.connection import Connection
from proxy.wire.errors import ErrorFields, ProtocolError
from proxy.wire.events import NEED_DATA, CancelRequested, Event, GssEncRequested, NeedData, SslRequested
from proxy.wire.limits import Limits

log = logging.getLogger("streamlink.server")

TLS_HANDSHAKE = 0x16
"""First byte of a TLS record that holds a handshake: a client that starts TLS directly (PostgreSQL 17)."""
BACKLOG = 512
GOODBYE_S = 2.0
"""What clients get at shut-down to read why their session ends."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Where the server listens, once it does."""

    host: str
    port: int


class Server:
    """Accepts clients until it is stopped."""

    def __init__(self, settings: Settings, service: Service) -> None:
        self._settings = settings
        self._service = service
        self._registry = service.registry
        self._tls = _tls_context(settings)
        self._clients: set[asyncio.Task[None]] = set()

    async def run(self, on_ready: Callable[[Ready], None], leaving: asyncio.Event) -> None:
        """Listen until `leaving` is set and what ran then is done or its grace over, or until cancelled.

        Either way every client that is left is told goodbye (57P01).
        """
        listen = self._settings.listen
        sock = socket.create_server(
            (listen.host, listen.port),
            family=socket.AF_INET6 if ":" in listen.host else socket.AF_INET,
            backlog=BACKLOG,
        )
        sock.setblocking(False)
        host, port = sock.getsockname()[:2]
        on_ready(Ready(host, port))
        try:
            async with asyncio.TaskGroup() as group:
                accepting = group.create_task(self._accept(sock, group))
                try:
                    await leaving.wait()
                    await self._drain()
                finally:
                    accepting.cancel()
                    for session in list(self._registry.sessions.values()):
                        session.terminate()
                    if self._clients:
                        await asyncio.wait(self._clients, timeout=GOODBYE_S)
                    for task in self._clients:
                        task.cancel()
        finally:
            sock.close()

    async def _accept(self, sock: socket.socket, group: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, address = await loop.sock_accept(sock)
            except OSError as error:
                # Out of file descriptors: the clients that are here keep being served.
                log.warning("accept failed: %s", error.strerror)
                await asyncio.sleep(0.2)
                continue
            task = group.create_task(self._client(client, address))
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)

    async def _drain(self) -> None:
        """Let no session in and end each one when nothing of it is under way; return when none is left, or after the
        grace.

        Connections are still accepted: a new one is told why it cannot stay, and a CancelRequest is one, too.
        """
        grace_s = self._settings.control.drain_s
        self._service.draining = True
        sessions = list(self._registry.sessions.values())
        for session in sessions:
            session.leave()
        log.info("shutting down: no new sessions, and %d s for what %d are doing", grace_s, len(sessions))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self._registry.emptied()

    async def _client(self, sock: socket.socket, address: tuple[str, int]) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        io: ClientIO | None = None
        try:
            async with asyncio.timeout(self._settings.auth.deadline_s) as deadline:
                io = await self._negotiate(sock)
                if io is None:
                    return
                await self._serve(io, Peer(address[0], io.extra("ssl_object")), deadline)
        except (Disconnected, ConnectionError, TimeoutError, ssl.SSLError, EOFError):
            pass
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a connection failed")
        finally:
            if io is not None:
                io.close()
            else:
                sock.close()

    async def _negotiate(self, sock: socket.socket) -> ClientIO | None:
        """TLS or not, up to the first bytes of the startup packet; None when there is nothing to serve."""
        size = self._settings.limits.message_bytes
        wire = Connection(Limits(statement_bytes=size, values_bytes=size))
        loop = asyncio.get_running_loop()
        if await _peek(sock) == TLS_HANDSHAKE:
            if self._tls is None:
                return None
            io = await self._secure(sock, wire)
            if io.extra("ssl_object").selected_alpn_protocol() != "postgresql":
                # As PostgreSQL does: without ALPN another protocol's client could be fooled into talking to us.
                io.write(
                    messages.error_response(
                        ErrorFields(
                            "FATAL",
                            "08P01",
                            "received direct SSL connection request without ALPN protocol negotiation extension",
                        )
                    )
                )
                io.close()
                return None
            return io
        while True:
            try:
                event = await _first_packet(sock, wire)
                if event is None:
                    return None
                match event:
                    case SslRequested() | GssEncRequested() if _readable(sock):
                        kind = "SSL" if isinstance(event, SslRequested) else "GSSAPI encryption"
                        raise ProtocolError(
                            "08P01", f"received unencrypted data after {kind} request", fatal=True
                        )
                    case SslRequested() if self._tls is not None:
                        await loop.sock_sendall(sock, wire.accept_tls())
                        return await self._secure(sock, wire)
                    case SslRequested() | GssEncRequested():
                        await loop.sock_sendall(sock, wire.refuse_encryption())
                    case _:
                        # A startup packet of more than 8 bytes: the transport brings the rest.
                        io = ClientIO(wire)
                        await loop.connect_accepted_socket(lambda io=io: io, sock)  # type: ignore[misc]
                        return io
            except ProtocolError as error:
                if error.reply:
                    with contextlib.suppress(OSError):
                        await loop.sock_sendall(sock, messages.error_response(error.fields))
                return None

    async def _secure(self, sock: socket.socket, wire: Connection) -> ClientIO:
        io = ClientIO(wire)
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: io, sock, ssl=self._tls, ssl_handshake_timeout=10
        )
        return io

    async def _serve(self, io: ClientIO, peer: Peer, deadline: asyncio.Timeout) -> None:
        try:
            event = await io.next_event()
            if isinstance(event, CancelRequested):
                self._registry.cancel(event.process_id, event.secret_key)
                return
            self._check_open()
            if len(self._registry.sessions) >= self._settings.limits.connections:
                raise ProtocolError("53300", "sorry, too many clients already", fatal=True)
            session = await Session.open(io, event, peer, self._service, pid=self._registry.new_pid())
            self._check_open()
        except ProtocolError as error:
            if error.reply:
                io.write(messages.error_response(error.fields))
            return
        deadline.reschedule(None)
        self._registry.add(session)
        try:
            await session.run()
        finally:
            self._registry.remove(session)

    def _check_open(self) -> None:
        """Raises: ProtocolError 57P03 while shutting down."""
        if self._service.draining:
            raise ProtocolError("57P03", "the database system is shutting down", fatal=True)


async def _first_packet(sock: socket.socket, wire: Connection) -> Event | NeedData | None:
    """Read 8 bytes and no more: all of an SSLRequest or GSSENCRequest, the start of anything else (NEED_DATA).

    None when the peer closes.  Raises: ProtocolError, for a length that cannot be one as soon as it is there.
    """
    loop = asyncio.get_running_loop()
    wanted = 8
    while wanted:
        chunk = await loop.sock_recv(sock, wanted)
        if not chunk:
            return None
        wire.receive_data(chunk)
        wanted -= len(chunk)
        event = wire.next_event()
        if event is not NEED_DATA:
            return event
    return NEED_DATA


async def _peek(sock: socket.socket) -> int:
    """The first byte, left in the socket.  Raises: EOFError when the peer closes first."""
    await _wait_readable(sock)
    data = sock.recv(1, socket.MSG_PEEK)
    if not data:
        raise EOFError
    return data[0]


def _readable(sock: socket.socket) -> bool:
    try:
        return bool(sock.recv(1, socket.MSG_PEEK))
    except (BlockingIOError, InterruptedError):
        return False


async def _wait_readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not readable.done():
            readable.set_result(None)

    loop.add_reader(sock.fileno(), wake)
    try:
        await readable
    finally:
        loop.remove_reader(sock.fileno())


def _tls_context(settings: Settings) -> ssl.SSLContext | None:
    tls = settings.tls
    if not tls.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = getattr(ssl.TLSVersion, tls.minimum.replace(".", "_"))
    context.set_alpn_protocols(["postgresql"])
    context.load_cert_chain(tls.certificate, tls.key or None)
    if tls.client_ca:
        context.load_verify_locations(tls.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


async def serve(
    settings: Settings,
    *,
    leaving: asyncio.Event,
    on_ready: Callable[[Ready], None] = lambda ready: None,
    progress: Callable[[str], None] = lambda text: None,
) -> None:
    """Start what the settings name (mirror, Spark, node), listen, and run until cancelled, or until `leaving` is set
    and the server has drained."""
    async with (
        Service(settings, progress) as service,
        listening(settings.data.folder, partial(loading.served, service)),
        http.listening(service, settings),
    ):
        await Server(settings, service).run(on_ready, leaving)
