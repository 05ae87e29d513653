"""What a clumsy or hostile client does with its session, statement by statement, as real PostgreSQL answers it.

Each script is a list of simple queries; a query may hold several statements.  Compared are the rows, command tags and
SQLSTATEs of every statement and the transaction status after every query.
"""

from __future__ import annotations

import random
import time

import psycopg
import pytest
from psycopg import pq

from tests.clients.place import Place

SCRIPTS = [
    # Each statement is analysed when those before it have run.
    ["SET search_path TO pg_catalog; SELECT count(*) FROM patent"],
    ["SET search_path TO pg_catalog", "SET search_path = patents; SELECT count(*) FROM patent"],
    ["SELECT 1; SELECT * FROM nonesuch"],
    ["PREPARE q(int) AS SELECT $1 + 1; EXECUTE q(2)", "DEALLOCATE q; EXECUTE q(2)"],
    # A block inside one query.
    ["BEGIN; SET application_name = 'x'; ROLLBACK", "SHOW application_name"],
    ["BEGIN; SET application_name = 'x'; COMMIT; SELECT 1/0", "SHOW application_name"],
    ["SET application_name = 'x'; ROLLBACK", "SHOW application_name"],
    ["SET application_name = 'x'; COMMIT; SELECT 1/0", "SHOW application_name"],
    ["SET application_name = 'x'; SELECT * FROM nonesuch", "SHOW application_name"],
    ["BEGIN; SET LOCAL application_name = 'x'; SHOW application_name; COMMIT", "SHOW application_name"],
    # A failed block refuses before it looks at names.
    ["BEGIN", "SELECT 1/0", "SELECT * FROM nonesuch", "SHOW nonesuch", "SELECT 1 FROM", "ROLLBACK"],
    # set_config and transactions.
    ["BEGIN", "SELECT set_config('application_name', 'x', true)", "SHOW application_name", "COMMIT",
     "SHOW application_name"],
    ["SELECT set_config('my.x', '1', false)", "SELECT current_setting('my.x')"],
    ["BEGIN", "SELECT set_config('my.x', '1', false), set_config('my.y', '2', true)", "SAVEPOINT s",
     "SELECT set_config('my.x', '5', false)", "SELECT 1/0", "ROLLBACK TO s",
     "SELECT current_setting('my.x'), current_setting('my.y')", "COMMIT", "SELECT current_setting('my.x')"],
    # Cursors and what ends them.
    ["BEGIN", "DECLARE c CURSOR FOR SELECT 1", "SAVEPOINT s", "SELECT 1/0", "ROLLBACK TO s", "FETCH c", "COMMIT"],
    ["BEGIN", "DECLARE a CURSOR FOR SELECT 1", "SAVEPOINT s", "DECLARE b CURSOR FOR SELECT 2", "ROLLBACK TO s",
     "FETCH a", "FETCH b"],
    ["BEGIN", "DECLARE c CURSOR WITH HOLD FOR SELECT 1", "ROLLBACK", "FETCH c"],
    ["BEGIN", "DECLARE c CURSOR WITH HOLD FOR SELECT 1", "SELECT 1/0", "COMMIT", "FETCH c"],
    ["DECLARE c CURSOR WITH HOLD FOR SELECT 1; SELECT 1/0", "FETCH c"],
    ["DECLARE c CURSOR WITH HOLD FOR SELECT 1", "SELECT 1/0", "FETCH c", "CLOSE c", "CLOSE c"],
    # A timeout that is short can be taken back.
    ["SET statement_timeout = '50ms'", "SHOW statement_timeout", "SET statement_timeout = 0", "SELECT 1"],
    ["SET statement_timeout = '1.5s'", "SET application_name = 'x'", "SHOW statement_timeout",
     "RESET application_name", "SHOW statement_timeout", "RESET statement_timeout", "SELECT 1"],
    ["BEGIN; SET LOCAL statement_timeout = '2min'", "SHOW statement_timeout", "ROLLBACK",
     "SELECT current_setting('statement_timeout') = '2min'"],
    ["SET statement_timeout = '1 parsec'", "SET statement_timeout = -1", "SET statement_timeout = 1, 2"],
    # A session that cancels itself lives on.
    ["SELECT pg_cancel_backend(pg_backend_pid())", "SELECT 1"],
    ["SELECT count(*) FROM pg_stat_activity WHERE pid = pg_backend_pid()"],
]  # fmt: skip


def answers(place: Place, script: list[str]) -> list[object]:
    connection = pq.PGconn.connect(place.conninfo.encode())
    assert connection.status == pq.ConnStatus.OK, connection.error_message
    found: list[object] = []
    for text in script:
        connection.send_query(text.encode())
        while (result := connection.get_result()) is not None:
            if result.status == pq.ExecStatus.TUPLES_OK:
                found.append(
                    [[result.get_value(i, j) for j in range(result.nfields)] for i in range(result.ntuples)]
                )
            else:
                found.append(result.error_field(pq.DiagnosticField.SQLSTATE) or result.command_status)
        found.append(connection.transaction_status)
    connection.finish()
    return found


@pytest.mark.parametrize("script", SCRIPTS, ids=" | ".join)
def test_a_session_goes_as_in_postgresql(server: Place, oracle: Place, script: list[str]) -> None:
    assert answers(server, script) == answers(oracle, script)


def test_settings_are_under_no_timeout(server: Place) -> None:
    """PostgreSQL too lets a timeout of 1 ms be lifted, where its SET takes less."""
    with psycopg.connect(
        f"{server.conninfo} options='-c statement_timeout=1ms'", autocommit=True
    ) as connection:
        for number in range(50):
            connection.execute(f"SET application_name = 'x{number}'")
            connection.execute("SET statement_timeout = 1")
        connection.execute("SET statement_timeout = 0")
        assert connection.execute("SHOW application_name").fetchone() == ("x49",)


@pytest.mark.parametrize(
    "option",
    ["standard_conforming_strings=off", "role=streamlink", "session_authorization=x", "spark.sql.x=1"],
)
def test_options_cannot_do_what_set_cannot(server: Place, option: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"permission denied|can only be on"):
        psycopg.connect(f"{server.conninfo} options='-c {option}'")


def test_cancels_while_names_are_looked_up_leave_the_engine_whole(server: Place) -> None:
    chance = random.Random(1)
    for number in range(24):
        with psycopg.connect(server.conninfo, autocommit=True) as connection:
            sql = f"SELECT title, {number} FROM patent WHERE title LIKE '{number}%'"
            connection.pgconn.send_prepare(b"s", sql.encode())
            time.sleep(chance.random() / 4)
            connection.cancel_safe(timeout=10)
            while (result := connection.pgconn.get_result()) is not None:
                assert result.error_field(pq.DiagnosticField.SQLSTATE) in (None, b"57014")
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        connection.execute("SET statement_timeout = '60s'")
        assert connection.execute("SELECT count(*) > 0 FROM patent").fetchone() == (True,)


def test_many_suspended_portals_leave_connections_for_others(server: Place) -> None:
    with psycopg.connect(server.conninfo) as greedy, psycopg.connect(server.conninfo) as other:
        cursors = [greedy.cursor(f"c{number}") for number in range(40)]
        for cursor in cursors:
            cursor.execute("SELECT generate_series(1, 10)")
            assert cursor.fetchone() == (1,)
        assert other.execute("SELECT 42").fetchone() == (42,)
        assert [cursor.fetchone() for cursor in cursors] == [(2,)] * 40
