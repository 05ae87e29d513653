"""psycopg2: parameters that the client writes into the text, named cursors, COPY, transactions, cancelling."""

from __future__ import annotations

import datetime as dt
import io
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import psycopg2.extras
import pytest

from tests.clients.place import Oracle, Place
from tests.clients.queries import ENDLESS, QUERIES
from tests.live import LiveServer

VALUES: dict[str, object] = {
    "flag": False,
    "number": -2147483648,
    "big": 9223372036854775807,
    "double": 2.5,
    "amount": Decimal("12.30"),
    "word": "back\\slash",
    "short": "it's",
    "bytes": b"\x00\xff\x10",
    "day": dt.date(2024, 2, 29),
    "instant": dt.datetime(2024, 2, 29, 12, 34, 56, 789012, dt.UTC),
    "moment": dt.datetime(2024, 2, 29, 12, 34, 56, 789012),
    "span": dt.timedelta(days=3, hours=4, minutes=5, seconds=6, milliseconds=789),
    "numbers": [1, 2, 3],
    "words": ["a", "b c", '"q"'],
}
"""Column of clients.kinds: a value that a row of it has."""


def same_on(places: tuple[Place, Place], run: Callable[[Any], object]) -> object:
    results = []
    for place in places:
        connection = psycopg2.connect(place.conninfo)
        try:
            results.append(run(connection))
        finally:
            connection.close()
    assert plain(results[0]) == plain(results[1])
    return results[0]


def plain(value: object) -> object:
    """bytea comes as a memoryview, whose repr is its address."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return repr(bytes(value) if isinstance(value, memoryview) else value)


@pytest.mark.parametrize("sql", QUERIES.values(), ids=list(QUERIES))
def test_query(server: LiveServer, oracle: Oracle, sql: str) -> None:
    def run(connection: Any) -> object:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return [column[:6] for column in cursor.description], cursor.rowcount, cursor.fetchall()

    same_on((server, oracle), run)


@pytest.mark.parametrize("column", VALUES)
def test_parameter(server: LiveServer, oracle: Oracle, column: str) -> None:
    def run(connection: Any) -> object:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, {column} FROM clients.kinds WHERE {column} = %s ORDER BY id", (VALUES[column],)
            )
            return cursor.fetchall()

    assert same_on((server, oracle), run) != []


def test_named_cursor(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: Any) -> object:
        with connection.cursor("many", cursor_factory=psycopg2.extras.DictCursor) as cursor:
            cursor.itersize = 1000
            cursor.execute("SELECT * FROM inventor WHERE country = %s ORDER BY 1, 2, 3", ("US",))
            return cursor.fetchmany(5), [dict(row) for row in cursor]

    same_on((server, oracle), run)


def test_named_cursor_with_hold(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: Any) -> object:
        cursor = connection.cursor("held", withhold=True)
        cursor.execute("SELECT patent_id FROM patent ORDER BY 1 LIMIT 10")
        connection.commit()
        first = cursor.fetchmany(4)
        cursor.scroll(2)
        rest = cursor.fetchall()
        cursor.close()
        return first, rest

    same_on((server, oracle), run)


def test_named_cursor_never_goes_back(server: LiveServer) -> None:
    connection = psycopg2.connect(server.conninfo)
    cursor = connection.cursor("back", scrollable=True)
    cursor.execute("SELECT patent_id FROM patent ORDER BY 1")
    cursor.fetchmany(3)
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="can only scan forward"):
        cursor.scroll(-1)
    connection.close()


def test_copy_expert(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: Any) -> object:
        out = io.StringIO()
        with connection.cursor() as cursor:
            cursor.copy_expert(
                "COPY (SELECT * FROM clients.kinds ORDER BY id) TO STDOUT WITH CSV HEADER", out
            )
            return out.getvalue(), cursor.rowcount

    same_on((server, oracle), run)


def test_copy_of_a_table(server: LiveServer, oracle: Oracle) -> None:
    """As copy_to writes it, and pg_dump: COPY of a name, not of a query."""

    def run(connection: Any) -> object:
        out = io.StringIO()
        with connection.cursor() as cursor:
            cursor.copy_to(out, "inventor", columns=("patent_id", "sequence", "name"))
        return sorted(out.getvalue().splitlines())

    same_on((server, oracle), run)


def test_values_list(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: Any) -> object:
        with connection.cursor() as cursor:
            sql = "SELECT v.k, count(*) FROM (VALUES %s) AS v(k) JOIN patent ON kind = v.k GROUP BY 1 ORDER BY 1"
            return psycopg2.extras.execute_values(cursor, sql, [("A",), ("B1",), ("B2",)], fetch=True)

    same_on((server, oracle), run)


def test_transactions(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: Any) -> object:
        seen = []
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM patent")
            seen.append((cursor.fetchall(), connection.info.transaction_status))
        with connection.cursor() as cursor:
            with pytest.raises(psycopg2.errors.UndefinedTable) as caught:
                cursor.execute("SELECT * FROM nowhere")
            seen.append((caught.value.pgcode, caught.value.diag.statement_position))
            with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
                cursor.execute("SELECT 1")
            connection.rollback()
            cursor.execute("SELECT 1")
            seen.append(cursor.fetchall())
        return seen

    same_on((server, oracle), run)


def test_cancel(server: LiveServer) -> None:
    connection = psycopg2.connect(server.conninfo)
    connection.autocommit = True
    timer = threading.Timer(1.5, connection.cancel)
    timer.start()
    with connection.cursor() as cursor:
        with pytest.raises(psycopg2.errors.QueryCanceled):
            cursor.execute(ENDLESS)
        cursor.execute("SELECT count(*) FROM cpc")
        assert cursor.fetchone() == (184_022,)
    timer.join()
    connection.close()
