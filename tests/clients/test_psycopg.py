"""psycopg 3: sync and async, text and binary, pipelines, cursors, COPY, prepared statements, cancelling."""

from __future__ import annotations

import psycopg
import pytest

from tests.clients.place import Oracle, Place
from tests.clients.queries import QUERIES
from tests.live import LiveServer


def columns_and_rows(place: Place, sql: str, *, binary: bool) -> tuple[list[object], list[str]]:
    """What a cursor gives: repr tells 1 from 1.0, and NaN is itself."""
    with psycopg.connect(place.conninfo) as connection, connection.cursor(binary=binary) as cursor:
        cursor.execute(sql)
        assert cursor.description is not None
        columns = [(c.name, c.type_code, c.display_size, c.precision, c.scale) for c in cursor.description]
        return columns, [repr(row) for row in cursor]


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize("sql", QUERIES.values(), ids=list(QUERIES))
def test_query(server: LiveServer, oracle: Oracle, sql: str, binary: bool) -> None:
    columns, rows = columns_and_rows(server, sql, binary=binary)
    assert (columns, rows) == columns_and_rows(oracle, sql, binary=binary)
