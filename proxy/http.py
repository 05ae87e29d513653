"""Health and metrics over HTTP: what a supervisor, a load balancer and Prometheus ask.

    /healthz   200 while the process serves
    /readyz    200 while statements can be answered; 503 and what is missing, also while the server drains
    /metrics   Prometheus' text format (metrics.py)

Rules: GET and HEAD alone, one request a connection, of bounded size and time, from a bounded number of peers; a body
of a request is never read; nothing here is secret, so nobody has to log in, and it listens on loopback unless told
otherwise.
Source: RFC 9112.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from proxy.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from proxy.service import Service
    from proxy.settings import Settings

log = logging.getLogger("streamlink.http")

REQUEST_BYTES = 8192
REQUEST_S = 5.0
"""For the request and for the answer each."""
PEERS_MAX = 32
TEXT = "text/plain; charset=utf-8"


@asynccontextmanager
async def listening(service: Service, settings: Settings) -> AsyncIterator[None]:
    """Answer for as long as the block lasts, where the settings want it.  Raises: OSError."""
    conf = settings.http
    if not conf.port:
        yield
        return
    peers: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        peers.add(task)
        try:
            if len(peers) <= PEERS_MAX:
                await _answer(reader, writer, service)
        finally:
            peers.discard(task)
            writer.close()

    server = await asyncio.start_server(answer, conf.host, conf.port, limit=REQUEST_BYTES)
    log.info("health and metrics on %s:%d", conf.host, conf.port)
    try:
        yield
    finally:
        server.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, service: Service) -> None:
    with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
        try:
            async with asyncio.timeout(REQUEST_S):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            head = b""
        writer.write(response(head, service))
        async with asyncio.timeout(REQUEST_S):
            await writer.drain()


def response(head: bytes, service: Service) -> bytes:
    """The whole answer to a request up to its blank line; an empty one was too long."""
    if not head:
        return _message(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    method, _, rest = head.split(b"\r\n", 1)[0].partition(b" ")
    target, _, version = rest.partition(b" ")
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        return _message(HTTPStatus.BAD_REQUEST)
    if method not in (b"GET", b"HEAD"):
        return _message(HTTPStatus.METHOD_NOT_ALLOWED, extra="Allow: GET, HEAD\r\n")
    headless = method == b"HEAD"
    match target.split(b"?", 1)[0]:
        case b"/healthz":
            return _message(HTTPStatus.OK, b"ok\n", headless=headless)
        case b"/readyz":
            missing = _missing(service)
            if missing:
                text = f"not ready: {', '.join(missing)}\n".encode()
                return _message(HTTPStatus.SERVICE_UNAVAILABLE, text, headless=headless)
            return _message(HTTPStatus.OK, b"ready\n", headless=headless)
        case b"/metrics":
            return _message(HTTPStatus.OK, service.metrics.text(), kind=CONTENT_TYPE, headless=headless)
    return _message(HTTPStatus.NOT_FOUND, headless=headless)


def _missing(service: Service) -> list[str]:
    """Why statements cannot be answered."""
    missing = []
    for needed in ("spark", "mirror"):
        nodes = [node for node in service.nodes.all() if node.kind == needed]
        if not any(node.state == "up" for node in nodes):  # of several, one will do
            missing += [f"{node.name} is {node.state}" for node in nodes]
    return ["shutting down", *missing] if service.draining else missing


def _message(
    status: HTTPStatus,
    body: bytes | None = None,
    *,
    kind: str = TEXT,
    headless: bool = False,
    extra: str = "",
) -> bytes:
    if body is None:
        body = f"{status.phrase}\n".encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        f"Cache-Control: no-store\r\n{extra}Connection: close\r\n\r\n"
    )
    return head.encode() + (b"" if headless else body)
