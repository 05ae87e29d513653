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
    program.write_text(f'#!/bin/sh\ncase "$*" in *CompilerDemo*) exit 0;; esac\n{script}')
    program.chmod(0o755)
    (folder / "jdk" / "release").write_text('JAVA_VERSION="17.0.1"\nMODULES="java.base"\n')
    return program


def everything_in(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.rglob("*") if path.is_file())


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


async def test_nobody_else_may_look_into_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    with pytest.raises(EngineStartFailed):
        await EmbeddedSpark(folder, java=pretend_java(tmp_path, "exit 1")).start()
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_a_second_start_leaves_the_running_engine_its_scratch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "_LOCK_TIMEOUT_S", 0.1)
    scratch = tmp_path / "tmp" / "in use"
    scratch.mkdir(parents=True)
    with (tmp_path / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(EngineStartFailed, match="another Spark"):
            await EmbeddedSpark(tmp_path, java=pretend_java(tmp_path, "exit 1")).start()
    assert scratch.is_dir()


async def test_the_password_goes_by_standard_input_alone(tmp_path: Path) -> None:
    java = pretend_java(tmp_path, f'(cat; echo " $*"; env) > "{tmp_path}/told"; exec sleep 60')
    engine = EmbeddedSpark(tmp_path / "data", java=java, start_timeout_s=0.5)
    with pytest.raises(EngineStartFailed):
        await engine.start()
    password, _, elsewhere = (tmp_path / "told").read_text().partition(" ")
    assert len(password) > 40
    assert "hive.server2.authentication=CUSTOM" in elsewhere
    assert password not in elsewhere
    assert password not in everything_in(tmp_path / "data")


@pytest.mark.parametrize(("master", "asks"), [("local[2]", True), ("spark://host:7077", False)])
def test_sparks_own_ports_ask_for_a_secret_where_spark_makes_it(
    tmp_path: Path, master: str, asks: bool
) -> None:
    (tmp_path / "tmp").mkdir()
    engine = EmbeddedSpark(tmp_path, conf={"spark.master": master})
    command = engine._command(launcher.Java(Path("/j/bin/java"), 17, frozenset()), 4711)
    assert ("-Dspark.authenticate=true" in command) is asks


def test_the_command_keeps_everything_in_the_data_folder(tmp_path: Path) -> None:
    engine = EmbeddedSpark(tmp_path, memory="3g", cores=2, conf={"spark.ui.enabled": "true"})
    (tmp_path / "tmp").mkdir()
    command = engine._command(launcher.Java(Path("/j/bin/java"), 25, frozenset()), 4711)
    assert command[:2] == ["/j/bin/java", "-Xmx3g"]
    assert "--sun-misc-unsafe-memory-access=allow" in command
    assert "--add-modules=jdk.incubator.vector" not in command
    assert "-Dspark.ui.enabled=true" in command
    assert "hive.server2.thrift.port=4711" in command
    # What checks the password stands before Hive's class of the same name.
    assert command[command.index("-cp") + 1].startswith(f"{tmp_path}/tmp/classes:")
    assert "hive.server2.thrift.bind.host=127.0.0.1" in command
    assert f"-Djava.io.tmpdir={tmp_path}/tmp" in command
    assert not [word for word in command if word.startswith("-D") and "=/tmp/hive" in word]
