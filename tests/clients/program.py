"""Client programs in other languages: how they are built, run and compared.

A program reads its job, one JSON document, from standard input, connects to where libpq's variables say, and prints one
line {"name": ..., "result": ...} for each thing that it tried.  It runs on the server and on the oracle, and each
result must be the same.  An error is {"error": {"sqlstate", "message", "severity", "position"}}.  Built programs lie in
the cache folder; a toolchain that is missing is a failure that names it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.place import Place, libpq_environment
from tests.clients.queries import QUERIES

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "streamlink-sql" / "clients"
BUILD_TIMEOUT_S = 600
RUN_TIMEOUT_S = 240
ZONE = "Europe/Berlin"
"""The clients' own time zone: not the server's, and with a summer time."""

STATEMENTS: dict[str, dict[str, Any]] = json.loads((HERE / "parameters.json").read_text("utf-8"))[
    "statements"
]
CHOSEN = (
    "top assignees", "the wide table", "nulls and booleans", "bigints", "average by group",
    "case and string functions", "dates", "arithmetic", "no row", "every kind", "null of every kind", "quoted alias",
    "untyped null and constants", "casts to text", "without a table", "the catalogue", "information_schema", "settings",
)  # fmt: skip
"""Those of queries.sql whose values or columns are of kinds of their own; all the others run through libpq."""
JOB = {"queries": {name: QUERIES[name] for name in CHOSEN}, "statements": STATEMENTS}

OWN_WORDS = {
    "permission denied for table patent": r"permission denied: (DELETE|INSERT|COPY FROM) is not allowed",
    "integer out of range": r"overflow\. Use 'try_add' to tolerate overflow and return NULL instead",
}
"""What PostgreSQL says, and what the server says instead, with the same SQLSTATE."""


@dataclass(frozen=True)
class Compared:
    """What one program got from the server and from the oracle, by the name of what it tried."""

    ours: Mapping[str, Any]
    theirs: Mapping[str, Any]


def toolchain(program: str, packages: str) -> str:
    """The path of a program, which the test fails without."""
    path = shutil.which(program)
    if path is None:
        pytest.fail(f"missing: {program} (apt install {packages})")
    return path


def built(client: str, build: Callable[[Path, Path], None]) -> Path:
    """The folder of a built client; `build(sources, folder)` runs when a source is not what it was."""
    sources, folder = HERE / client, CACHE / client
    digest = hashlib.sha256()
    for file in sorted(path for path in sources.rglob("*") if path.is_file()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    mark = folder / "built"
    if not mark.is_file() or mark.read_text() != digest.hexdigest():
        folder.mkdir(parents=True, exist_ok=True)
        mark.unlink(missing_ok=True)
        build(sources, folder)
        mark.write_text(digest.hexdigest())
    return folder


def command(*words: str | Path, cwd: Path, **environment: str) -> None:
    """One step of a build; its output is the failure."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S,
    )  # fmt: skip
    if done.returncode:
        pytest.fail(f"{words[0]} {words[1]} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


def assert_same(ours: Any, theirs: Any) -> None:
    """Value by value; only an error that the server tells in its own words may read otherwise."""
    assert ours == _in_our_words(ours, theirs)


def _in_our_words(ours: Any, theirs: Any) -> Any:
    """`theirs` with the message and the position of `ours` in errors that OWN_WORDS lists."""
    if isinstance(theirs, list) and isinstance(ours, list) and len(ours) == len(theirs):
        return [_in_our_words(our, their) for our, their in zip(ours, theirs, strict=True)]
    if not (isinstance(theirs, dict) and isinstance(ours, dict)):
        return theirs
    words = OWN_WORDS.get(str(theirs.get("message")))
    if words is not None and re.fullmatch(words, str(ours.get("message"))):
        return {**theirs, "message": ours["message"], "position": ours["position"]}
    return {key: _in_our_words(ours.get(key), value) for key, value in theirs.items()}


def compared(
    program: Sequence[str | Path], server: Place, oracle: Place, job: Mapping[str, Any] = JOB
) -> Compared:
    return Compared(results_of(program, server, job), results_of(program, oracle, job))


def results_of(program: Sequence[str | Path], place: Place, job: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the program printed, by name."""
    done = subprocess.run(
        [str(word) for word in program],
        input=json.dumps(job), env={**os.environ, **libpq_environment(place), "TZ": ZONE},
        capture_output=True, encoding="utf-8", timeout=RUN_TIMEOUT_S,
    )  # fmt: skip
    assert done.returncode == 0, f"{program[0]} ended with {done.returncode}:\n{done.stderr[-6000:]}"
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len({line["name"] for line in lines}) == len(lines), "one name twice"
    return {line["name"]: line["result"] for line in lines}
