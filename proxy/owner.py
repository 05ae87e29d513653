"""What the owner of the data folder may ask of a running server, past the gate: so far to load files.

A Unix socket in the data folder, which only its owner can enter; the kernel says who is at the other end, and anyone
else is cut off.  One request a connection, a JSON object in a line; the answer is a line a step and one at the end:

    {"do": "load", ...}      ->  {"progress": "..."} ...  {"done": {...}} or {"error": "..."}

Who hangs up stops what was asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

log = logging.getLogger("streamlink.owner")

NAME = "owner.sock"
REQUEST_BYTES = 1 << 20
Serve = Callable[[Mapping[str, Any], Callable[[str], None]], Any]
"""A request and where progress goes -> an awaitable of the answer.  Raises: Unanswerable."""


class Unanswerable(Exception):
    """What is wrong with a request, or went wrong with it, in one line for a person."""


class NoServer(Exception):
    """Nobody listens in this data folder."""


@asynccontextmanager
async def listening(folder: Path, serve: Serve) -> AsyncIterator[None]:
    """Answer the owner for as long as the block lasts."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            try:
                if _uid(writer) in (os.getuid(), 0):
                    await _answer(reader, writer, serve)
            finally:
                writer.close()

    with contextlib.suppress(FileNotFoundError):
        (folder / NAME).unlink()
    with _short(folder) as path:
        server = await asyncio.start_unix_server(answer, path, limit=REQUEST_BYTES)
    (folder / NAME).chmod(0o600)
    try:
        yield
    finally:
        server.close()
        with contextlib.suppress(FileNotFoundError):
            (folder / NAME).unlink()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, serve: Serve) -> None:
    def send(line: Mapping[str, Any]) -> None:
        writer.write(json.dumps(line).encode() + b"\n")

    try:
        request = json.loads(await reader.readline())
        if not isinstance(request, dict):
            raise ValueError
    except ValueError:
        send({"error": "the request is no JSON object in one line"})
        return
    work = asyncio.ensure_future(serve(request, lambda text: send({"progress": text})))
    gone = asyncio.ensure_future(reader.read(1))
    try:
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            send({"done": work.result()})
    except Unanswerable as problem:
        send({"error": str(problem)})
    except Exception as failure:
        log.exception("a request of the owner failed")
        send({"error": f"it failed in the server: {type(failure).__name__}"})
    finally:
        gone.cancel()
        work.cancel()
        await asyncio.wait((work, gone))
        await writer.drain()


def asked(folder: Path, request: Mapping[str, Any], progress: Callable[[str], None]) -> Any:
    """Put a request to the server of this data folder and wait for its answer.

    Raises: NoServer, before anything was asked; Unanswerable.
    """
    try:
        with _short(folder) as path:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(path)
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        raise NoServer from None
    except PermissionError:
        raise Unanswerable(f"{folder} belongs to another user, who may ask its server") from None
    with connection, connection.makefile("rwb") as lines:
        lines.write(json.dumps(request).encode() + b"\n")
        lines.flush()
        for line in lines:
            reply = json.loads(line)
            if "progress" in reply:
                progress(reply["progress"])
            elif "done" in reply:
                return reply["done"]
            else:
                raise Unanswerable(reply["error"])
    raise Unanswerable("the server ended before it had done this")


@contextlib.contextmanager
def _short(folder: Path) -> Any:
    """The socket's path by way of the open folder: the path of a Unix socket has 107 bytes at most."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{NAME}"
    finally:
        os.close(descriptor)


def _uid(writer: asyncio.StreamWriter) -> int:
    credentials = writer.get_extra_info("socket").getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
    )
    return int(struct.unpack("3i", credentials)[1])
