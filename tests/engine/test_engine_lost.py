"""An engine that dies: who waits is told at once, and what comes after a restart finds its tables again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from spark_thrift.client import SparkClient
from spark_thrift.errors import EngineUnavailable
from spark_thrift.launcher import EmbeddedSpark

pytestmark = pytest.mark.spark

SECRET = "geheimnis"


async def test_killed_in_mid_query_and_started_again_on_its_data(tmp_path: Path) -> None:
    engine = EmbeddedSpark(tmp_path, memory="1g")
    await engine.start()
    client = SparkClient(engine.endpoint)
    session = await client.open_session("u")
    await session.run_command("CREATE TABLE kept USING parquet AS SELECT 42 AS answer")
    for failing in (
        f"SELECT CAST('{SECRET}' AS INT)",
        f"SELECT CAST(concat('{SECRET}', id) AS INT) FROM range(3)",
    ):
        with pytest.raises(Exception, match=SECRET):
            await session.run_command(failing)
    running = asyncio.ensure_future(
        session.execute("SELECT count(*) FROM range(100000000000000) WHERE hash(id) = 5")
    )
    await asyncio.sleep(2)

    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGKILL)
    killed = time.monotonic()
    with pytest.raises(EngineUnavailable) as caught:
        await asyncio.wait_for(running, 10)
    assert time.monotonic() - killed < 2
    assert caught.value.sqlstate == "08006"
    assert session.broken
    with pytest.raises(EngineUnavailable):
        await client.open_session("u")
    await session.close()
    assert await engine.wait() == -signal.SIGKILL

    port = engine.endpoint.port
    engine = EmbeddedSpark(tmp_path, memory="1g", port=port)
    await engine.start()
    # The same client goes on with the new password: it keeps no connection that could be stale.
    client.endpoint = engine.endpoint
    session = await client.open_session("u")
    assert await session.run_command("SELECT answer FROM kept") == [("42",)]
    await session.close()
    await client.close()
    await engine.stop()
    assert not engine.running

    logs = [file for file in (tmp_path / "logs").iterdir() if SECRET in file.read_text("utf-8", "replace")]
    assert not logs, "no statement's text or values in a log"


def test_the_engine_dies_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from spark_thrift.launcher import EmbeddedSpark\n"
        "async def main():\n"
        f"    engine = EmbeddedSpark({str(tmp_path)!r}, memory='1g')\n"
        "    task = asyncio.ensure_future(engine.start())\n"
        "    while not engine.pid: await asyncio.sleep(0.02)\n"
        "    print(engine.pid, flush=True)\n"
        "    await task\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        deadline = time.monotonic() + 30
        while "java" not in child.name() and time.monotonic() < deadline:
            time.sleep(0.05)
        parent.kill()
        parent.wait()
    _, alive = psutil.wait_procs([child], timeout=30)
    assert not alive
