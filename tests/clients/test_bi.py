"""What BI tools and analysts write, on the server and on a real PostgreSQL with the same data: equal, or refused.

The statements and what becomes of them stand in bi/*.sql.  No other answer is right: an error counts only where
PostgreSQL raises the same, or where the file says that the server refuses, and the README's table says so too.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.clients.bi import corpus
from tests.clients.bi.answers import Answer, ask, difference
from tests.clients.place import Oracle, Place
from tests.live import LiveServer

Connection = psycopg.Connection[tuple[object, ...]]
MIN_STATEMENTS = 300
SETTINGS = ("SET timezone = 'America/New_York'", "SET statement_timeout = '60s'")


def _connection(place: Place) -> Connection:
    connection: Connection = psycopg.connect(place.conninfo, autocommit=True)
    for setting in SETTINGS:
        connection.execute(setting)
    return connection


@pytest.fixture(scope="module")
def here(server: LiveServer) -> Iterator[Connection]:
    with _connection(server) as connection:
        yield connection


@pytest.fixture(scope="module")
def there(oracle: Oracle) -> Iterator[Connection]:
    with _connection(oracle) as connection:
        yield connection


@pytest.mark.parametrize("statement", corpus.statements(), ids=lambda statement: statement.label)
def test_a_statement(
    statement: corpus.Statement,
    here: Connection,
    there: Connection,
) -> None:
    expected, found = ask(there, statement.sql), ask(here, statement.sql)
    if statement.error is not None:
        assert (expected.sqlstate, found.sqlstate) == (statement.error, statement.error), found.message
        return
    assert expected.sqlstate is None, f"PostgreSQL: {expected.sqlstate} {expected.message}"
    if statement.refused:
        assert found.sqlstate == "0A000", f"not refused: {found.sqlstate} {found.message}"
        return
    if not statement.ordered and found.sqlstate is None:
        expected, found = expected.sorted(), found.sorted()
    assert difference(expected, found) is None


def test_there_are_enough_of_them() -> None:
    assert sum(not statement.refused for statement in corpus.statements()) >= MIN_STATEMENTS


def test_the_readme_has_the_table_of_these_files() -> None:
    readme = corpus.README.read_text("utf-8")
    assert corpus.with_table(readme) == readme, "run python -m tests.clients.bi.corpus"


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("1.50", "1.5", True),
        ("1.50", "1.51", False),
        ("20.4548268523892437", "20.454826852389243700", True),
        ("20.4548268523892437", "20.4548268523", False),
        ("0.1234", "0.1235", False),
        (None, "0", False),
    ],
)
def test_numerics_are_compared_by_value(one: str | None, other: str | None, equal: bool) -> None:
    rows = [Answer(("n",), (1700,), ((value,),)) for value in (one, other)]
    assert (difference(*rows) is None) == equal
