"""What is recorded of statements for Spark."""

from __future__ import annotations

import time
from typing import Any

import psycopg
import pytest

from tests.live import LiveServer


def records(server: LiveServer, mark: str) -> list[tuple[Any, ...]]:
    time.sleep(1)
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        return connection.execute(
            "SELECT engine, kind, rows, outcome, sqlstate, first_row_ms > 0 AND first_row_ms <= total_ms, plan_ms > 0 "
            "FROM streamlink.audit WHERE position(%s in statement) > 0 ORDER BY id",
            [mark],
        ).fetchall()


def test_statements_for_spark(server: LiveServer) -> None:
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        connection.execute("SELECT title AS sparked FROM patents.patent LIMIT 7")
        with connection.cursor().copy(
            "COPY (SELECT title AS sparked FROM patents.patent LIMIT 5) TO STDOUT"
        ) as copy:
            assert len(list(copy.rows())) == 5
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT 1 / (length(title) - length(title)) AS sparked FROM patents.patent")
    assert records(server, "sparked") == [
        ("spark", "SELECT", 7, "ok", None, True, True),
        ("spark", "COPY", 5, "ok", None, True, True),
        ("spark", "SELECT", 0, "error", "22012", None, True),
    ]


def test_a_cursor_and_one_that_is_cancelled(server: LiveServer) -> None:
    heavy = "SELECT count(*) AS stopped FROM patents.cpc AS a CROSS JOIN patents.inventor AS b WHERE cpc_code > b.name"
    with psycopg.connect(server.conninfo) as connection:
        with connection.cursor("fetched") as cursor:
            cursor.execute("SELECT title FROM patents.patent")
            cursor.fetchmany(10)
            cursor.fetchmany(20)
        connection.commit()
        connection.execute("SET statement_timeout = 2000")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(heavy)
    assert [row[1:4] for row in records(server, '"fetched"')] == [
        ("DECLARE", 0, "ok"), ("FETCH", 10, "ok"), ("FETCH", 20, "ok"), ("CLOSE", 0, "ok"),
    ]  # fmt: skip
    assert [row[1:5] for row in records(server, "AS stopped")] == [("SELECT", 0, "timeout", "57014")]
