"""Compiling the class that checks the embedded server's password, with a program that only pretends to be Java."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spark_thrift import password
from spark_thrift.errors import EngineStartFailed
from spark_thrift.java import Java

JARS = ("janino-3.1.9.jar", "commons-compiler-3.1.9.jar", "spark-hive-thriftserver_2.13-4.3.0.jar")


def pretend(folder: Path, script: str) -> Java:
    program = folder / "java"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    for name in JARS:
        (folder / name).touch()
    return Java(program, 17, frozenset())


def test_passwords_differ_and_are_long() -> None:
    assert len({password.new_password() for _ in range(100)}) == 100
    assert len(password.new_password()) >= 43


async def test_the_compiler_is_the_one_that_spark_brings(tmp_path: Path) -> None:
    java = pretend(tmp_path, f'echo "$*" > {tmp_path}/asked')
    await password.compile_provider(java, tmp_path, tmp_path / "classes")
    asked = (tmp_path / "asked").read_text()
    assert f"-cp {tmp_path / JARS[0]}:{tmp_path / JARS[1]} " in asked
    assert f"-d {tmp_path}/classes -classpath {tmp_path / JARS[2]} " in asked
    assert asked.strip().endswith("/CustomAuthenticationProviderImpl.java")


async def test_a_compiler_that_fails_tells_why(tmp_path: Path) -> None:
    java = pretend(tmp_path, "echo 'CompileException: no such class' >&2; exit 1")
    with pytest.raises(EngineStartFailed, match="no such class"):
        await password.compile_provider(java, tmp_path, tmp_path)


async def test_a_compiler_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "_COMPILE_TIMEOUT_S", 0.1)
    java = pretend(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60")
    with pytest.raises(EngineStartFailed, match="does not come to an end"):
        await password.compile_provider(java, tmp_path, tmp_path)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_a_pyspark_without_its_jars_is_refused(tmp_path: Path) -> None:
    java = pretend(tmp_path, "exit 0")
    (tmp_path / JARS[0]).unlink()
    with pytest.raises(EngineStartFailed, match="pyspark lacks janino-"):
        await password.compile_provider(java, tmp_path, tmp_path)
