"""psycopg 3: sync and async, text and binary, pipelines, cursors, COPY, prepared statements, cancelling."""

from __future__ import annotations

import asyncio
import csv
import io
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import psycopg.rows
import pytest

from tests.clients.place import Oracle, Place
from tests.clients.queries import ENDLESS, QUERIES
from tests.live import LiveServer

PARAMETERS: dict[str, object] = {
    "flag": True,
    "tiny": 1,
    "small": -32768,
    "number": 2147483647,
    "big": -9223372036854775808,
    "single": 1.5,
    "double": 1e100,
    "amount": Decimal("-99999999.99"),
    "huge": Decimal("9999999999999999999999999999.9999999999"),
    "word": "näïve ☃ 𝄞\ttab\nline",
    "short": "it's",
    "code": "abc",
    "bytes": b"\x00\xff\x10",
    "day": date(1, 1, 1),
    "instant": datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
    "moment": datetime(1582, 10, 4, 23, 59, 59, 999999),
    "span": timedelta(days=3, hours=4, minutes=5, seconds=6, milliseconds=789),
    "numbers": [1, 2, 3],
    "words": ["", "NULL", "x,y", "back\\slash"],
    "amounts": [Decimal("1.50"), Decimal("-2.25")],
    "days": [date(2000, 1, 1)],
}
"""A value for each kind's column; some row of clients.kinds holds it."""
CASTS = {"numbers": "::int[]"}
"""psycopg calls [1, 2, 3] a smallint[], which PostgreSQL does not compare with an integer[]."""


def columns_and_rows(place: Place, sql: str, *, binary: bool) -> tuple[list[object], list[str]]:
    """What a cursor gives: repr tells 1 from 1.0, and NaN is itself."""
    with psycopg.connect(place.conninfo) as connection, connection.cursor(binary=binary) as cursor:
        cursor.execute(sql)
        assert cursor.description is not None
        columns = [(c.name, c.type_code, c.display_size, c.precision, c.scale) for c in cursor.description]
        return columns, [repr(row) for row in cursor]


def both(server: LiveServer, oracle: Oracle, run: Callable[[psycopg.Connection[Any]], object]) -> object:
    """The same program on either; what it returns on the server, once that is what it returns on the oracle."""
    results = []
    for place in (server, oracle):
        with psycopg.connect(place.conninfo) as connection:
            results.append(run(connection))
    assert repr(results[0]) == repr(results[1])
    return results[0]


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize("sql", QUERIES.values(), ids=list(QUERIES))
def test_query(server: LiveServer, oracle: Oracle, sql: str, binary: bool) -> None:
    columns, rows = columns_and_rows(server, sql, binary=binary)
    assert (columns, rows) == columns_and_rows(oracle, sql, binary=binary)


async def test_async(server: LiveServer, oracle: Oracle) -> None:
    async def run(place: Place) -> list[object]:
        async with (
            await psycopg.AsyncConnection.connect(place.conninfo) as connection,
            connection.cursor(row_factory=psycopg.rows.dict_row) as cursor,
        ):
            await cursor.execute(
                "SELECT * FROM assignee WHERE country = %s ORDER BY patent_id, sequence LIMIT %s", ("DE", 7)
            )
            return [row async for row in cursor]

    ours, theirs = await asyncio.gather(run(server), run(oracle))
    assert len(ours) == 7
    assert ours == theirs


@pytest.mark.parametrize("mark", ["%s", "%t", "%b"], ids=["chosen", "text", "binary"])
@pytest.mark.parametrize("column", PARAMETERS)
def test_parameter(server: LiveServer, oracle: Oracle, column: str, mark: str) -> None:
    value = PARAMETERS[column]

    def run(connection: psycopg.Connection[Any]) -> object:
        condition = f"{column} = {mark}{CASTS.get(column, '')}"
        comparison = f"SELECT id, {column} FROM clients.kinds WHERE {condition} ORDER BY id"
        return connection.execute(comparison, (value,), binary=mark == "%b").fetchall()

    assert both(server, oracle, run) != []


@pytest.mark.parametrize("mark", ["%t", "%b"], ids=["text", "binary"])
def test_a_parameter_is_a_value(server: LiveServer, oracle: Oracle, mark: str) -> None:
    """Of every kind, without a column beside it that tells its type; and nothing in it is ever SQL."""
    values = [
        *PARAMETERS.values(),
        None,
        "'; DROP TABLE patent; --",
        "\\' OR 1=1",
        float("inf"),
        -0.0,
        10**30,
    ]

    def run(connection: psycopg.Connection[Any]) -> object:
        return [
            connection.execute(
                f"SELECT {mark} AS value, id FROM clients.kinds WHERE id = 1", (value,)
            ).fetchall()
            for value in values
        ]

    both(server, oracle, run)


def test_prepared_by_itself_after_five_executions(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: psycopg.Connection[Any]) -> object:
        connection.prepare_threshold = 3
        counts = [
            connection.execute("SELECT count(*) FROM google_full WHERE grant_year = %s", (year,)).fetchone()
            for year in range(2005, 2015)
        ]
        return counts

    both(server, oracle, run)


def test_prepared_statement_on_the_server(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: psycopg.Connection[Any]) -> object:
        sql = "SELECT title FROM patent WHERE num_claims > %s ORDER BY title, patent_id LIMIT %s"
        return [connection.execute(sql, (n, 3), prepare=True).fetchall() for n in (10, 50, 60)]

    both(server, oracle, run)


def test_pipeline_mode(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: psycopg.Connection[Any]) -> object:
        with connection.pipeline() as pipeline:
            first = connection.execute("SELECT count(*) FROM cpc WHERE cpc_subclass = %s", ("G06F",))
            second = connection.execute("SELECT 1 AS one")
            pipeline.sync()
            third = connection.execute("SELECT patent_id FROM patent ORDER BY 1 LIMIT 3")
        return first.fetchall(), second.fetchall(), third.fetchall()

    both(server, oracle, run)


def test_an_error_in_a_pipeline_aborts_it_to_the_next_sync(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: psycopg.Connection[Any]) -> object:
        connection.autocommit = True
        with connection.pipeline() as pipeline:
            good = connection.execute("SELECT count(*) FROM patent").fetchall()
            wrong, skipped = connection.cursor(), connection.cursor()
            wrong.execute("SELECT nothing FROM patent")
            skipped.execute("SELECT 2")
            with pytest.raises(psycopg.errors.UndefinedColumn):
                pipeline.sync()
            with pytest.raises(psycopg.ProgrammingError, match="no result available"):
                skipped.fetchall()
            return good, connection.execute("SELECT 3").fetchall()

    both(server, oracle, run)


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_server_side_cursor(server: LiveServer, oracle: Oracle, binary: bool) -> None:
    def run(connection: psycopg.Connection[Any]) -> object:
        with connection.cursor("many", binary=binary) as cursor:
            cursor.itersize = 700
            cursor.execute("SELECT patent_id, sequence, name FROM inventor WHERE sequence < %s", (2,))
            head = cursor.fetchmany(10)
            rows = sorted(head + cursor.fetchall())
            return len(head), [c.type_code for c in cursor.description or ()], rows

    both(server, oracle, run)


def test_cursor_with_hold_outlives_its_transaction(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: psycopg.Connection[Any]) -> object:
        with connection.cursor("held", withhold=True) as cursor:
            cursor.execute("SELECT patent_id FROM patent ORDER BY 1 LIMIT 20")
            first = cursor.fetchmany(5)
            connection.commit()
            return first, cursor.fetchmany(5), cursor.fetchall(), cursor.fetchone()

    both(server, oracle, run)


def test_cursor_without_hold_ends_with_its_transaction(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: psycopg.Connection[Any]) -> object:
        cursor = connection.cursor("brief")
        cursor.execute("SELECT patent_id FROM patent")
        cursor.fetchone()
        connection.commit()
        with pytest.raises(psycopg.errors.InvalidCursorName) as caught:
            cursor.fetchone()
        connection.rollback()
        return str(caught.value)

    both(server, oracle, run)


def test_cursor_moves_forward(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: psycopg.Connection[Any]) -> object:
        with connection.cursor("moves") as cursor:
            cursor.execute("SELECT patent_id FROM patent ORDER BY 1")
            cursor.scroll(100)
            first = cursor.fetchone()
            cursor.scroll(1000, mode="absolute")
            return first, cursor.fetchone()

    both(server, oracle, run)


def test_cursor_never_goes_back(server: LiveServer) -> None:
    with psycopg.connect(server.conninfo) as connection:
        with connection.cursor("back") as cursor:
            cursor.execute("SELECT patent_id FROM patent ORDER BY 1")
            cursor.fetchmany(3)
            with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="can only scan forward"):
                cursor.scroll(-2)
        connection.rollback()
        # One that is declared to scroll does so forward.
        with connection.cursor("scrolls", scrollable=True) as cursor:
            cursor.execute("SELECT patent_id FROM patent ORDER BY 1")
            cursor.fetchmany(3)
            with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="can only scan forward"):
                cursor.scroll(-2)


@pytest.mark.parametrize("form", ["TEXT", "CSV", "CSV, HEADER", "BINARY", "TEXT, NULL 'n/a', DELIMITER ';'"])
def test_copy_out(server: LiveServer, oracle: Oracle, form: str) -> None:
    def run(connection: psycopg.Connection[Any]) -> object:
        query = "SELECT * FROM clients.kinds ORDER BY id"
        with connection.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT {form})") as copy:
            return b"".join(bytes(chunk) for chunk in copy)

    both(server, oracle, run)


def test_copy_rows(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: psycopg.Connection[Any]) -> object:
        query = "SELECT * FROM cpc ORDER BY patent_id, cpc_code, sequence"
        with connection.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["text", "text", "text", "int4", "bool", "text"])
            return list(copy.rows())

    rows = both(server, oracle, run)
    assert isinstance(rows, list)
    assert len(rows) == 184_022


def test_copy_as_csv_is_what_python_reads(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: psycopg.Connection[Any]) -> object:
        with connection.cursor().copy("COPY (TABLE inventor ORDER BY 1, 2, 3) TO STDOUT CSV HEADER") as copy:
            text = b"".join(bytes(chunk) for chunk in copy).decode()
        return list(csv.reader(io.StringIO(text)))

    both(server, oracle, run)


def test_row_factories(server: LiveServer, oracle: Oracle) -> None:
    factories: list[Any] = [psycopg.rows.dict_row, psycopg.rows.namedtuple_row, psycopg.rows.scalar_row]

    def run(connection: psycopg.Connection[Any]) -> object:
        sql = "SELECT kind, count(*) AS n FROM google_full GROUP BY kind ORDER BY kind"
        return [connection.cursor(row_factory=factory).execute(sql).fetchall() for factory in factories]

    both(server, oracle, run)


def test_several_statements_give_several_results(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: psycopg.Connection[Any]) -> object:
        cursor = connection.execute("SELECT count(*) FROM patent; SHOW TimeZone; SELECT 2 AS two")
        results = [cursor.fetchall()]
        while cursor.nextset():
            results.append(cursor.fetchall())
        return results

    both(server, oracle, run)


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        ("SELECT * FROM no_such_table", ()),
        ("SELECT titel FROM patent", ()),
        ("SELECT count(*) FRM patent", ()),
        ("SELECT title FROM patent WHERE num_claims = %s", ("many",)),
        ("SELECT 1/(num_claims - num_claims) FROM google_full WHERE num_claims > 0", ()),
        ("SELECT no_such_function(title) FROM patent", ()),
        ("SELECT 2147483647 + num_claims FROM google_full WHERE num_claims > 0", ()),
        ("SELECT patent_id FROM patent JOIN inventor ON true", ()),
        ("SELECT title, count(*) FROM patent", ()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_error(server: LiveServer, oracle: Oracle, sql: str, parameters: tuple[object, ...]) -> None:
    """The same class of error at the same place, and the connection lives on."""

    def run(connection: psycopg.Connection[Any]) -> object:
        with pytest.raises(psycopg.Error) as caught:
            connection.execute(sql, parameters).fetchall()
        connection.rollback()
        alive = connection.execute("SELECT count(*) FROM patent").fetchone()
        return caught.value.sqlstate, caught.value.diag.statement_position, alive

    both(server, oracle, run)


def test_error_in_the_data(server: LiveServer) -> None:
    """PostgreSQL's SQLSTATE and words."""
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        with pytest.raises(
            psycopg.errors.InvalidTextRepresentation, match="invalid input syntax for type integer"
        ):
            connection.execute("SELECT title::integer FROM patent").fetchall()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_writing_is_denied(server: LiveServer) -> None:
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        for sql in ("DELETE FROM patent", "DROP TABLE patent", "CREATE TABLE t (a int)", "SELECT 1 INTO t"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(sql)
        assert connection.execute("SELECT count(*) FROM patent").fetchone() == (59931,)


def test_transaction_blocks(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: psycopg.Connection[Any]) -> object:
        seen: list[object] = [connection.info.transaction_status]
        with connection.transaction():
            connection.execute("SET LOCAL TimeZone = 'Asia/Kathmandu'")
            seen.append(connection.execute("SELECT instant FROM clients.kinds WHERE id = 1").fetchone())
            seen.append(connection.info.transaction_status)
            with pytest.raises(psycopg.errors.UndefinedTable), connection.transaction():
                connection.execute("SELECT * FROM nowhere")
            seen.append(connection.execute("SHOW TimeZone").fetchone())
        seen.append(connection.execute("SELECT instant FROM clients.kinds WHERE id = 1").fetchone())
        return seen

    both(server, oracle, run)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York", "UTC", "+05:30", "UTC+3"])
def test_time_zone_of_the_session(server: LiveServer, oracle: Oracle, zone: str) -> None:
    sql = "SELECT instant, instant::timestamp, instant::date, day::timestamptz FROM clients.kinds ORDER BY id"
    for binary in (False, True):

        def run(connection: psycopg.Connection[Any], binary: bool = binary) -> object:
            connection.execute("SELECT set_config('TimeZone', %s, false)", (zone,))
            return connection.execute(sql, binary=binary).fetchall()

        both(server, oracle, run)


def test_cancel(server: LiveServer) -> None:
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        timer = threading.Timer(1.5, connection.cancel_safe)
        timer.start()
        began = time.monotonic()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(ENDLESS)
        assert time.monotonic() - began < 15
        timer.join()
        assert connection.execute("SELECT count(*) FROM cpc").fetchone() == (184_022,)


async def test_cancelling_the_task_cancels_the_statement(server: LiveServer) -> None:
    async with await psycopg.AsyncConnection.connect(server.conninfo, autocommit=True) as connection:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await connection.execute(ENDLESS)
        cursor = await connection.execute("SELECT count(*) FROM inventor")
        assert await cursor.fetchone() == (19_480,)


def test_statement_timeout(server: LiveServer) -> None:
    with psycopg.connect(server.conninfo, autocommit=True, options="-c statement_timeout=1500") as connection:
        with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
            connection.execute(ENDLESS)
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_notice_and_parameter_status(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: psycopg.Connection[Any]) -> object:
        notices: list[tuple[str | None, str | None]] = []
        connection.add_notice_handler(lambda d: notices.append((d.sqlstate, d.message_primary)))
        connection.autocommit = True
        connection.execute("COMMIT")
        connection.execute("SET application_name = 'tést'")
        connection.execute("SET TimeZone = 'europe/berlin'")
        info = connection.info
        return notices, [
            info.parameter_status(name) for name in ("application_name", "TimeZone", "DateStyle")
        ]

    both(server, oracle, run)


def test_dates_are_iso(server: LiveServer) -> None:
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.FeatureNotSupported, match='DateStyle "SQL, DMY" is not supported'):
            connection.execute("SET DateStyle = 'SQL, DMY'")
        assert connection.execute("SHOW DateStyle").fetchone() == ("ISO, MDY",)
