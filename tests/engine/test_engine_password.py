"""Who does not know the embedded server's password does not get in, by no way that a HiveServer2 has."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from spark_thrift import launcher
from spark_thrift.client import SparkClient
from spark_thrift.errors import EngineRefused, EngineUnavailable
from spark_thrift.launcher import EmbeddedSpark
from spark_thrift.transport import Endpoint

pytestmark = pytest.mark.spark


@pytest.mark.parametrize("guess", ["", "x", "anonymous", "{}x", "x{}", " {}", "{0}\0{0}"])
async def test_a_wrong_password_is_refused(spark_endpoint: Endpoint, guess: str) -> None:
    guess = guess.format(spark_endpoint.password)
    client = SparkClient(replace(spark_endpoint, password=guess))
    with pytest.raises((EngineRefused, EngineUnavailable)):
        await client.open_session("streamlink")
    await client.close()


async def test_there_is_no_way_without_a_password(spark_endpoint: Endpoint) -> None:
    client = SparkClient(replace(spark_endpoint, auth="NOSASL"), connect_timeout_s=3)
    with pytest.raises(EngineUnavailable):
        await client.open_session("streamlink")
    await client.close()


async def test_beeline_without_it_is_refused(spark_endpoint: Endpoint, spark_engine: EmbeddedSpark) -> None:
    java = psutil.Process(spark_engine.pid)
    beeline = await asyncio.create_subprocess_exec(
        *(
            java.exe(),
            "-cp",
            java.cmdline()[java.cmdline().index("-cp") + 1],
            "org.apache.hive.beeline.BeeLine",
        ),
        *(
            "-u",
            f"jdbc:hive2://{spark_endpoint.host}:{spark_endpoint.port}",
            "-n",
            "demo",
            "-e",
            "SHOW SCHEMAS",
        ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await beeline.communicate()
    assert b"Peer indicated failure: Error validating the login" in said
    assert b"patents" not in said


async def test_the_password_is_seen_nowhere(spark_endpoint: Endpoint, spark_engine: EmbeddedSpark) -> None:
    client = SparkClient(replace(spark_endpoint, password=spark_endpoint.password + "x"))
    with pytest.raises(EngineRefused) as caught:
        await client.open_session("streamlink")
    password = spark_endpoint.password
    java = psutil.Process(spark_engine.pid)
    assert password not in f"{caught.value.message} {java.cmdline()} {java.environ()} {spark_endpoint}"
    files = [path for path in spark_engine.data_dir.rglob("*") if path.is_file()]
    assert not [path for path in files if password.encode() in path.read_bytes()]
    await client.close()


async def test_only_its_owner_enters_its_folder(spark_engine: EmbeddedSpark) -> None:
    assert spark_engine.data_dir.stat().st_mode & 0o077 == 0


async def test_each_start_has_a_password_of_its_own(tmp_path: Path, spark_endpoint: Endpoint) -> None:
    engine = EmbeddedSpark(tmp_path, memory="1g")
    mine = await engine.start()
    try:
        assert mine.password != spark_endpoint.password
        client = SparkClient(replace(mine, password=spark_endpoint.password))
        with pytest.raises(EngineRefused):
            await client.open_session("u")
        client.endpoint = mine
        # The first sessions of a new engine, at once: Hive makes some of its folders only then.
        sessions = await asyncio.gather(*(client.open_session(f"user{n}") for n in range(20)))
        users = await asyncio.gather(*(s.run_command("SELECT current_user()") for s in sessions))
        assert users == [[(f"user{n}",)] for n in range(20)]
        await asyncio.gather(*(s.close() for s in sessions))
        await client.close()
    finally:
        await engine.stop()


async def test_without_the_class_nobody_gets_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object) -> None: ...

    monkeypatch.setattr(launcher, "compile_provider", nothing)
    engine = EmbeddedSpark(tmp_path, memory="1g")
    client = SparkClient(await engine.start())
    try:
        with pytest.raises(EngineUnavailable):
            await client.open_session("u")
        await client.close()
    finally:
        await engine.stop()
