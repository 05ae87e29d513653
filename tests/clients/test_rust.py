"""tokio-postgres: binary both ways, streams, pipelines, portals, cancel, COPY, against PostgreSQL's answers."""

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

SCENARIOS = (
    "stream", "dropped stream", "pipelined", "pipelined with an error", "cancel", "copy as text", "copy as binary",
    "copy in", "portal", "prepared types", "batch execute", "read only transaction", "failed transaction", "savepoint",
)  # fmt: skip
NAMES = (
    *(f"query: {name}" for name in CHOSEN),
    "simple: every kind",
    "simple: the catalogue",
    *(f"parameters: {name}" for name in STATEMENTS),
    *SCENARIOS,
)


def build(sources: Path, folder: Path) -> None:
    cargo = toolchain("cargo", "cargo, version 1.85 or later")
    command(cargo, "build", "--locked", "--quiet", "--target-dir", folder / "target", cwd=sources)


def program() -> list[Path]:
    return [built("rust", build) / "target" / "debug" / "client"]


@pytest.fixture(scope="module")
def tokio_postgres(server: LiveServer, oracle: Oracle) -> Compared:
    return compared(program(), server, oracle)


def test_nothing_is_left_out(tokio_postgres: Compared) -> None:
    assert set(tokio_postgres.ours) == set(tokio_postgres.theirs) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_same_as_postgresql(tokio_postgres: Compared, name: str) -> None:
    assert_same(tokio_postgres.ours[name], tokio_postgres.theirs[name])
