"""node-postgres, pg-cursor and pg-query-stream: text, binary, cursors, cancel by SQL, against PostgreSQL's answers."""

from __future__ import annotations

import shutil
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
    "cursor", "cursor closed early", "cursor with an error", "two cursors", "query stream", "query stream destroyed",
    "cancel by pg_cancel_backend", "end by pg_terminate_backend", "statement timeout", "rows as arrays",
    "several statements", "failed transaction", "dates as parameters", "objects as parameters", "types of every kind",
    "notices", "pool",
)  # fmt: skip
BINARY = ("nulls and booleans", "bigints", "dates", "null of every kind", "no row", "the catalogue")
NAMES = (
    *(f"simple: {name}" for name in CHOSEN),
    *(f"binary: {name}" for name in BINARY),
    *(f"parameters: {name}" for name in STATEMENTS),
    *SCENARIOS,
)


def build(sources: Path, folder: Path) -> None:
    # Node looks for packages beside the file that imports them.
    shutil.copytree(sources, folder, dirs_exist_ok=True)
    command(toolchain("npm", "npm"), "ci", "--ignore-scripts", cwd=folder)


def program() -> list[str]:
    return [toolchain("node", "nodejs"), str(built("node", build) / "client.js")]


@pytest.fixture(scope="module")
def node_postgres(server: LiveServer, oracle: Oracle) -> Compared:
    return compared(program(), server, oracle)


def test_nothing_is_left_out(node_postgres: Compared) -> None:
    assert set(node_postgres.ours) == set(node_postgres.theirs) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_same_as_postgresql(node_postgres: Compared, name: str) -> None:
    assert_same(node_postgres.ours[name], node_postgres.theirs[name])
