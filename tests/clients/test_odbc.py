"""psqlODBC (Debian's odbc-postgresql) through pyodbc: the catalogue functions, parameters, cursors."""

from __future__ import annotations

import datetime as dt
import glob
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyodbc
import pytest

from tests.clients.place import Oracle, Place
from tests.clients.queries import QUERIES
from tests.live import LiveServer

DRIVERS = "/usr/lib/*/odbc/psqlodbcw.so"
VALUES: dict[str, object] = {
    "number": 3,
    "small": -32768,
    "big": 9223372036854775807,
    "double": 2.5,
    "amount": Decimal("12.30"),
    "word": "näïve ☃ 𝄞\ttab\nline",
    "short": "it's",
    "bytes": b"\x00\xff\x10",
    "day": dt.date(2024, 2, 29),
    "moment": dt.datetime(2024, 2, 29, 12, 34, 56, 789012),
}
"""Column of clients.kinds: a value that a row of it has."""


def connect(place: Place, **options: object) -> Any:
    [driver] = glob.glob(DRIVERS) or ["the package odbc-postgresql is missing"]
    options = {"BoolsAsChar": 0, "TextAsLongVarchar": 0, "MaxVarcharSize": 8190, **options}
    where = (
        f"Driver={driver};Server={place.host};Port={place.port};UID={place.user};Database={place.database}"
    )
    given = ";".join(f"{key}={value}" for key, value in options.items())
    return pyodbc.connect(f"{where};SSLmode=disable;{given}", autocommit=True)


def same_on(places: tuple[Place, Place], run: Callable[[Any], object], **options: object) -> object:
    results = []
    for place in places:
        connection = connect(place, **options)
        results.append(run(connection))
        connection.close()
    assert repr(results[0]) == repr(results[1])
    return results[0]


@pytest.mark.parametrize("sql", QUERIES.values(), ids=list(QUERIES))
def test_query(server: LiveServer, oracle: Oracle, sql: str) -> None:
    def run(connection: Any) -> object:
        cursor = connection.execute(sql)
        return cursor.description, cursor.fetchall()

    same_on((server, oracle), run)


@pytest.mark.parametrize("column", VALUES)
@pytest.mark.parametrize("options", [{}, {"UseServerSidePrepare": 0}], ids=["prepared", "by the client"])
def test_parameter(server: LiveServer, oracle: Oracle, column: str, options: dict[str, object]) -> None:
    def run(connection: Any) -> object:
        sql = f"SELECT id, {column} FROM clients.kinds WHERE {column} = ? ORDER BY id"
        return connection.execute(sql, VALUES[column]).fetchall()

    assert same_on((server, oracle), run, **options) != []


def test_catalogue_functions(server: LiveServer, oracle: Oracle) -> None:
    """SQLTables, SQLColumns, SQLPrimaryKeys, SQLStatistics, SQLGetTypeInfo."""

    def run(connection: Any) -> object:
        cursor = connection.cursor()
        tables = [row[:4] for schema in ("patents", "clients") for row in cursor.tables(schema=schema)]
        columns = [
            [row[:4], row[4:11], row[12:18]]
            for schema in ("patents", "clients")
            for row in cursor.columns(schema=schema)
        ]
        keys = cursor.primaryKeys("patent", schema="patents").fetchall()
        indexes = cursor.statistics("patent", schema="patents", unique=True).fetchall()
        types = [row[0] for row in cursor.getTypeInfo()]
        return sorted(map(tuple, tables)), columns, keys, len(indexes), types

    same_on((server, oracle), run)


def test_use_declare_fetch(server: LiveServer, oracle: Oracle) -> None:
    """The driver's cursors: DECLARE and FETCH of 100 rows at a time."""

    def run(connection: Any) -> object:
        connection.autocommit = False
        cursor = connection.execute("SELECT * FROM inventor WHERE sequence < ? ORDER BY 1, 2, 3", 3)
        head = cursor.fetchmany(150)
        rows = cursor.fetchall()
        connection.rollback()
        return head, rows

    same_on((server, oracle), run, UseDeclareFetch=1, Fetch=100)


def test_several_statements(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: Any) -> object:
        cursor = connection.execute("SELECT count(*) FROM patent; SELECT 2")
        first = cursor.fetchall()
        assert cursor.nextset()
        return first, cursor.fetchall()

    same_on((server, oracle), run)


def test_error(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: Any) -> object:
        states = []
        for sql in ("SELECT nothing FROM patent", "SELECT * FROM nowhere", "SELECT 1/0", "SELEC 1"):
            with pytest.raises(pyodbc.Error) as caught:
                connection.execute(sql).fetchall()
            states.append(caught.value.args[0])
        return states, connection.execute("SELECT count(*) FROM patent").fetchall()

    same_on((server, oracle), run)


def test_transaction(server: LiveServer, oracle: Oracle) -> None:
    def run(connection: Any) -> object:
        connection.autocommit = False
        first = connection.execute("SELECT count(*) FROM cpc").fetchall()
        connection.commit()
        connection.autocommit = True
        return first, connection.getinfo(pyodbc.SQL_DBMS_NAME), connection.getinfo(pyodbc.SQL_DATABASE_NAME)

    same_on((server, oracle), run)
