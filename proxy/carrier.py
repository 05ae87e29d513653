"""How JSON lines reach Spark: in a file where it shares our disk, else inside the statements themselves.

Rules: what is written is gone when the block ends, whatever happened; no statement is longer than one chunk and a line.
Lines that need more than one chunk gather in a table that nobody sees (spark_thrift.catalogue.STAGE_PREFIX) first, so
that the table which they are for gets them in one statement or not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from proxy.settings import Settings
from spark_thrift.catalogue import STAGE_PREFIX
from spark_thrift.dialect import tables
from spark_thrift.dialect.tables import Name
from spark_thrift.errors import EngineError
from spark_thrift.transfer import lines_of_file, lines_of_text

CHUNK_BYTES = 1 << 20
FOLDER = "transfer"
LEFT_OVER_S = 86_400.0
"""No statement runs for so long: what is older was left by a server that ended in the middle."""

Command = Callable[[str], Awaitable[object]]
"""Runs one statement in Spark."""


@asynccontextmanager
async def carried(
    lines: AsyncIterator[bytes], settings: Settings, schema: str, command: Command
) -> AsyncIterator[str]:
    """The lines as a relation of Spark's with one column, `value`.  `schema` may hold a table of ours meanwhile."""
    if settings.spark_shares_disk:
        async with _file(lines, settings.data.folder / "spark" / FOLDER) as path:
            yield lines_of_file(path.as_uri())
        return
    held = b""
    async for piece in lines:
        held += piece
        if len(held) > CHUNK_BYTES:
            break
    else:
        yield lines_of_text(held.decode().removesuffix("\n"))
        return
    name = (schema, hidden_name())
    try:
        await command(tables.create_table(name, [tables.NewColumn("value", "STRING")], "parquet"))
        while held:
            chunk, held = _whole_lines(held)
            while len(held) <= CHUNK_BYTES and (piece := await anext(lines, b"")):
                held += piece
            query = f"SELECT value FROM {lines_of_text(chunk.decode().removesuffix(chr(10)))}"
            await command(tables.insert(name, (), query))
        yield tables.qualified(name)
    finally:
        await forget(name, command)


def clean(settings: Settings) -> None:
    """Delete the files that a server left which ended in the middle; nobody else uses the data folder by now."""
    shutil.rmtree(settings.data.folder / "spark" / FOLDER, ignore_errors=True)


def hidden_name() -> str:
    """A name for a table that nobody sees; it tells when it was made, so that one that was left over can be found."""
    return f"{STAGE_PREFIX}{int(time.time()):x}_{secrets.token_hex(6)}"


def left_over(name: str, now: float) -> bool:
    """Whether a hidden table is so old that whoever made it has gone.  Units: `now` in seconds since the epoch."""
    made = name.removeprefix(STAGE_PREFIX).partition("_")[0]
    return re.fullmatch(r"[0-9a-f]{1,12}", made) is not None and now - int(made, 16) > LEFT_OVER_S


async def forget(name: Name, command: Command) -> None:
    """Drop a table of ours, if it is there.  Never raises for the engine's sake."""
    with contextlib.suppress(EngineError):
        await command(tables.drop_if_exists(name))


@asynccontextmanager
async def _file(lines: AsyncIterator[bytes], folder: Path) -> AsyncIterator[Path]:
    path = folder / f"{secrets.token_hex(12)}.jsonl"
    file = await asyncio.to_thread(_made, path)
    try:
        with file:
            async for piece in lines:
                await asyncio.to_thread(file.write, piece)
        yield path
    finally:
        await asyncio.to_thread(path.unlink)


def _made(path: Path) -> BinaryIO:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    return open(descriptor, "wb", buffering=CHUNK_BYTES)


def _whole_lines(held: bytes) -> tuple[bytes, bytes]:
    """A chunk that ends with a line, and the rest."""
    cut = held.rfind(b"\n", 0, CHUNK_BYTES) + 1 or held.find(b"\n") + 1 or len(held)
    return held[:cut], held[cut:]
