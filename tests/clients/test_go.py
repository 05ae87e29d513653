"""pgx: every way that it executes a statement, batches, pipelines, cancel, COPY, against PostgreSQL's answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.place import Oracle
from tests.clients.program import (
    CHOSEN,
    STATEMENTS,
    Compared,
    assert_same,
    built,
    command,
    compared,
    toolchain,
)
from tests.live import LiveServer

MODES = ("cache statement", "describe exec", "exec", "simple")
SCENARIOS = (
    "batch", "batch with an error", "batch in a transaction", "pipeline", "cancel by context", "cancel request",
    "copy as text", "copy as csv", "copy as binary", "copy from", "result formats", "prepare and deallocate",
    "failed transaction", "nested transaction", "read only transaction", "ping",
)  # fmt: skip
NAMES = (
    *(f"query: {name}" for name in CHOSEN),
    *(f"{mode}: {name}" for mode in MODES for name in STATEMENTS),
    *SCENARIOS,
)


def build(sources: Path, folder: Path) -> None:
    command(
        toolchain("go", "golang-go, version 1.25 or later"),
        "build",
        "-o",
        folder / "client",
        ".",
        cwd=sources,
    )


def program() -> list[Path]:
    return [built("go", build) / "client"]


@pytest.fixture(scope="module")
def pgx(server: LiveServer, oracle: Oracle) -> Compared:
    return compared(program(), server, oracle)


def test_nothing_is_left_out(pgx: Compared) -> None:
    assert set(pgx.ours) == set(pgx.theirs) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_same_as_postgresql(pgx: Compared, name: str) -> None:
    assert_same(pgx.ours[name], pgx.theirs[name])
