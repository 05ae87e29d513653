"""The owner's socket: requests and answers, and who may not ask."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from proxy.owner import NAME, NoServer, Unanswerable, asked, listening


async def serve(request: Mapping[str, Any], progress: Callable[[str], None]) -> object:
    if request["do"] == "wait":
        stopped = request_stopped
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.set()
            raise
    if request["do"] != "add":
        raise Unanswerable("cannot do that")
    progress("adding")
    return sum(request["numbers"])


request_stopped = asyncio.Event()


async def test_a_request_its_progress_and_its_answer(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 30)  # longer than the path of a Unix socket may be
    folder.mkdir()
    seen: list[str] = []
    async with listening(folder, serve):
        assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600
        assert await asyncio.to_thread(asked, folder, {"do": "add", "numbers": [1, 2]}, seen.append) == 3
        with pytest.raises(Unanswerable, match="cannot do that"):
            await asyncio.to_thread(asked, folder, {"do": "more"}, seen.append)
        with pytest.raises(Unanswerable, match="failed in the server"):
            await asyncio.to_thread(asked, folder, {"do": "add"}, seen.append)
    assert seen == ["adding", "adding"]


async def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(NoServer):
        asked(tmp_path, {}, print)
    with pytest.raises(NoServer):
        asked(tmp_path / "none", {}, print)
    async with listening(tmp_path, serve):
        pass
    with pytest.raises(NoServer):
        asked(tmp_path, {}, print)


async def test_a_socket_that_a_dead_server_left(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()
    async with listening(tmp_path, serve):
        assert await asyncio.to_thread(asked, tmp_path, {"do": "add", "numbers": []}, print) == 0


async def test_who_hangs_up_stops_the_work(tmp_path: Path) -> None:
    request_stopped.clear()
    async with listening(tmp_path, serve):
        _, writer = await asyncio.open_unix_connection(tmp_path / NAME)
        writer.write(b'{"do": "wait"}\n')
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()
        await asyncio.wait_for(request_stopped.wait(), 5)


@pytest.mark.parametrize("line", [b"nonsense\n", b"[1]\n", b""])
async def test_what_is_no_request(tmp_path: Path, line: bytes) -> None:
    async with listening(tmp_path, serve):
        reader, writer = await asyncio.open_unix_connection(tmp_path / NAME)
        writer.write(line)
        writer.write_eof()
        assert b"no JSON object" in await reader.read()
        writer.close()
