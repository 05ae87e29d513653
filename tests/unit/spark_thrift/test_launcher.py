"""The launcher's own logic, with a program that only pretends to be Java."""

from __future__ import annotations

import asyncio
import fcntl
from pathlib import Path

import pytest

from spark_thrift import launcher
from spark_thrift.errors import EngineStartFailed
from spark_thrift.launcher import EmbeddedSpark


def pretend_java(folder: Path, script: str) -> Path:
    program = folder / "jdk" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    (folder / "jdk" / "release").write_text('JAVA_VERSION="17.0.1"\nMODULES="java.base"\n')
    return program


async def test_an_engine_that_ends_at_once_tells_its_last_words(tmp_path: Path) -> None:
    java = pretend_java(tmp_path, "echo 'Error: Could not create the Java Virtual Machine.' >&2; exit 1")
    engine = EmbeddedSpark(tmp_path / "data", java=java)
    with pytest.raises(EngineStartFailed, match="Could not create the Java Virtual Machine"):
        await engine.start()
    assert not engine.running
    with pytest.raises(EngineStartFailed):
        _ = engine.endpoint


async def test_an_engine_that_never_listens_is_stopped(tmp_path: Path) -> None:
    java = pretend_java(tmp_path, "exec sleep 60")
    engine = EmbeddedSpark(tmp_path / "data", java=java, start_timeout_s=0.3)
    with pytest.raises(EngineStartFailed, match="did not start within"):
        await engine.start()
    assert not engine.running


async def test_two_engines_never_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "_LOCK_TIMEOUT_S", 0.2)
    said: list[str] = []
    (tmp_path / "data").mkdir()
    with (tmp_path / "data" / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        engine = EmbeddedSpark(tmp_path / "data", java=pretend_java(tmp_path, "exec sleep 60"))
        with pytest.raises(EngineStartFailed, match="another Spark uses the data folder"):
            await engine.start(said.append)
    assert said == ["waiting for an earlier Spark on the same data folder to end"]


async def test_the_folder_stays_locked_while_java_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "_LOCK_TIMEOUT_S", 0.2)
    java = pretend_java(tmp_path, "exec sleep 60")
    engine = EmbeddedSpark(tmp_path / "data", java=java)
    task = asyncio.ensure_future(engine.start())
    await asyncio.sleep(0)
    for _ in range(100):
        if not engine.running:
            await asyncio.sleep(0.02)
    with pytest.raises(EngineStartFailed, match="another Spark"):
        await EmbeddedSpark(tmp_path / "data", java=java).start()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not engine.running


def test_the_command_keeps_everything_in_the_data_folder(tmp_path: Path) -> None:
    engine = EmbeddedSpark(tmp_path, memory="3g", cores=2, conf={"spark.ui.enabled": "true"})
    (tmp_path / "tmp").mkdir()
    command = engine._command(launcher.Java(Path("/j/bin/java"), 25, frozenset()), 4711)
    assert command[:2] == ["/j/bin/java", "-Xmx3g"]
    assert "--sun-misc-unsafe-memory-access=allow" in command
    assert "--add-modules=jdk.incubator.vector" not in command
    assert "-Dspark.ui.enabled=true" in command
    assert "hive.server2.thrift.port=4711" in command
    assert "hive.server2.thrift.bind.host=127.0.0.1" in command
    assert f"-Djava.io.tmpdir={tmp_path}/tmp" in command
    assert not [word for word in command if word.startswith("-D") and "=/tmp/hive" in word]
