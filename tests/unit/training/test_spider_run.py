"""What a statement may do to one of Spider's databases: read it, for a while."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from training.spider_run import ExecutionFailed, compare, run, without_distinct

COUNT_FOREVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "d.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE t (a INTEGER, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y'), (2, 'y')"
        )
    return path


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM t",
        "INSERT INTO t VALUES (3, 'z')",
        "DROP TABLE t",
        "ATTACH 'other.sqlite' AS other",
        "PRAGMA query_only = 0",
        "SELECT load_extension('x')",
        "SELECT 1; SELECT 2",
        "CREATE TABLE u AS SELECT 1",
        "",
    ],
)
def test_only_reading(database: Path, statement: str) -> None:
    before = database.read_bytes()
    with pytest.raises(ExecutionFailed):
        run(database, statement)
    assert database.read_bytes() == before
    assert list(database.parent.iterdir()) == [database]


def test_an_end_to_what_does_not_end(database: Path) -> None:
    with pytest.raises(ExecutionFailed, match="interrupted"):
        run(database, COUNT_FOREVER, timeout_s=0.1)
    assert run(database, "SELECT 1 FROM t, t, t", rows_max=2) == [(1,), (1,)]


@pytest.mark.parametrize(
    ("predicted", "gold", "right"),
    [
        ("SELECT DISTINCT a FROM t", "SELECT a FROM t", True),
        ("SELECT b, a FROM t", "SELECT a, b FROM t", True),
        ("SELECT a FROM t ORDER BY a DESC", "SELECT a FROM t", True),
        ("SELECT a FROM t ORDER BY a DESC", "SELECT a FROM t ORDER BY a", False),
        ("SELECT a FROM t WHERE a > = 2", "SELECT 2 FROM t WHERE b = 'y'", True),
        ("SELECT a FROM t, t", "SELECT a FROM t", False),
        ("SELECT a FROM t; SELECT 1", "SELECT a FROM t;", True),
    ],
)
def test_compare(database: Path, predicted: str, gold: str, right: bool) -> None:
    assert compare(database, predicted, gold).right is right


def test_why_it_failed(database: Path) -> None:
    outcome = compare(database, "SELECT c FROM t", "SELECT a FROM t")
    assert outcome.error == "no such column: c"
    with pytest.raises(ExecutionFailed):
        compare(database, "SELECT a FROM t", "SELECT c FROM t")


def test_distinct_in_a_string_stays() -> None:
    assert without_distinct("SELECT count(DISTINCT a), 'distinct' FROM \"distinct\"") == (
        "SELECT count( a), 'distinct' FROM \"distinct\""
    )
