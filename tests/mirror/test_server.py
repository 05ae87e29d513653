"""The embedded server's life: it keeps its state, comes back when killed, and goes when we go."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.mirror import Mirror, MirrorError, MirrorNotStarted, MirrorOptions, MirrorUnavailable
from proxy.ports import Column, Table

pytestmark = [pytest.mark.mirror, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="mirror-life-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def test_state_outlives_the_server(folder: Path) -> None:
    # A folder too deep for a socket's name, and one that only its owner can enter.
    deep = folder / ("d" * 100)
    first = Mirror(MirrorOptions(deep))
    await first.start()
    async with first.admin() as admin:
        await admin.execute("CREATE TABLE streamlink.kept (a int); INSERT INTO streamlink.kept VALUES (7)")
    await first.sync([Table("s", "t", "table", (Column("a", "int"),))])
    with pytest.raises(MirrorNotStarted, match="in use"):
        await Mirror(MirrorOptions(deep)).start()
    await first.stop()
    await first.stop()
    second = Mirror(MirrorOptions(deep))
    await second.start()
    try:
        async with second.admin() as admin:
            assert await admin.fetchval("SELECT a FROM streamlink.kept") == 7
            assert await admin.fetchval("SELECT count(*) FROM s.t") == 0
    finally:
        await second.stop()


async def test_killed_server_fails_its_clients_at_once_and_comes_back(folder: Path) -> None:
    mirror = Mirror(MirrorOptions(folder))
    await mirror.start()
    try:
        async with asyncio.TaskGroup() as group:
            supervision = group.create_task(mirror.supervise())

            async def sleep() -> None:
                async with mirror.lease("ann", {}) as lease:
                    await lease.query("SELECT pg_sleep(60)")

            sleepers = [asyncio.ensure_future(sleep()) for _ in range(3)]
            await asyncio.sleep(0.3)
            pid = mirror.server.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            begun = time.monotonic()
            for sleeper in sleepers:
                with pytest.raises(MirrorUnavailable):
                    await sleeper
            assert time.monotonic() - begun < 2
            refusals = []
            while time.monotonic() - begun < 15:
                try:
                    async with mirror.lease("ann", {}) as lease:
                        assert (await lease.query("SELECT 1")).tag == "SELECT 1"
                    break
                except MirrorUnavailable as error:
                    refusals.append(error.fields.sqlstate)
                    await asyncio.sleep(0.05)
            else:
                pytest.fail("the mirror did not come back")
            assert set(refusals) <= {"57P03", "08006", "57P01"}
            supervision.cancel()
    finally:
        await mirror.stop()


async def test_server_dies_with_its_parent(folder: Path) -> None:
    script = (
        "import asyncio, sys, pathlib\n"
        "from proxy.mirror import Mirror, MirrorOptions\n"
        "async def main():\n"
        "    mirror = Mirror(MirrorOptions(pathlib.Path(sys.argv[1])))\n"
        "    await mirror.start()\n"
        "    print(mirror.server.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[2]
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script, str(folder)), stdout=asyncio.subprocess.PIPE, cwd=root
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert is_alive(pid)
    if os.geteuid() == 0:
        assert os.stat(f"/proc/{pid}").st_uid != 0
    parent.kill()
    await parent.wait()
    # The successor may come while the orphan is still going.
    successor = Mirror(MirrorOptions(folder))
    await successor.start()
    try:
        assert not is_alive(pid)
    finally:
        await successor.stop()


async def test_folder_that_cannot_be_used_is_one_plain_line(folder: Path) -> None:
    mirror = Mirror(MirrorOptions(folder))
    await mirror.start()
    await mirror.stop()
    (folder / "cluster" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(MirrorNotStarted, match="did not start"):
        await mirror.start()
    assert mirror.server.pid is None


async def test_log_holds_no_statement(folder: Path) -> None:
    mirror = Mirror(MirrorOptions(folder))
    await mirror.start()
    try:
        async with mirror.lease("ann", {}) as lease:
            await lease.query("SELECT 'secret'::int")
            await lease.query("SELECT secret")
        with pytest.raises(MirrorError):
            async with mirror.lease("ann", {"TimeZone": "secret"}):
                pass
    finally:
        await mirror.stop()
    assert "secret" not in (folder / "log").read_text()
