"""Roles on the live server: who gets in, what each may do, and a policy that changes while clients are connected."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from proxy.service import REFRESH_PAUSE_S
from spark_thrift.transport import Endpoint
from tests.clients import recorded
from tests.clients.bi.answers import ask
from tests.clients.conftest import run_on_spark
from tests.clients.queries import ENDLESS
from tests.live import ROOT, LiveServer, over, start_server

POLICY = """
default_roles = ["reader"]
[users]
brief = ["brief"]
hasty = ["hasty"]
boss = ["boss"]
counsel = ["counsel"]
stray = ["reader"]
[roles.reader]
read = ["*.*"]
[roles.brief]
read = ["*.*"]
max_rows = 100
max_scan_bytes = 4_000_000
[roles.hasty]
read = ["*.*"]
max_seconds = 3
[roles.counsel]
read = ["patents.*", "default.*"]
deny = ["patents.inventor", "patents.patent.abstract"]
[roles.counsel.filters]
"patents.patent" = "grant_year >= 2015 AND current_user = 'counsel'"
[roles.counsel.masks]
"patents.patent.title" = "left(title, 5) || '...'"
"patents.patent.num_claims" = "NULL"
[roles.boss]
read = ["*.*"]
admin = true
"""
SMALL = "SELECT cpc_code FROM cpc"
"""Reads less than brief's 4 MB."""


@pytest.fixture(scope="module")
def governed(spark_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("governed")
    (folder / "policy.toml").write_text(POLICY)
    live = start_server(
        folder,
        spark=over(spark_endpoint, folder),
        policy={"file": folder / "policy.toml"},
        auth={"rules": ["host all all loopback trust"]},
    )
    try:
        yield live
    finally:
        live.stop()


@pytest.fixture
def policy(governed: LiveServer) -> Iterator[Path]:
    """The server's policy file; what a test makes of it is undone."""
    path = governed.folder / "policy.toml"
    yield path
    change(path, POLICY)


def change(path: Path, text: str) -> None:
    path.write_text(text)
    # The server looks every two seconds.
    time.sleep(2.5)


def connect(server: LiveServer, user: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=server.host, port=server.port, dbname=server.database, user=user, autocommit=True
    )


def copied(connection: psycopg.Connection[tuple[object, ...]], query: str) -> list[object]:
    with connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
        return list(copy)


def test_more_rows_than_the_role_may_have(governed: LiveServer) -> None:
    with connect(governed, "brief") as connection:
        assert len(connection.execute(f"{SMALL} LIMIT 100").fetchall()) == 100
        with pytest.raises(errors.ConfigurationLimitExceeded, match="more than 100 rows"):
            connection.execute(SMALL)
        with pytest.raises(errors.ConfigurationLimitExceeded):
            copied(connection, SMALL)
        with connection.transaction(), connection.cursor("c") as cursor:
            cursor.execute(SMALL)
            assert len(cursor.fetchmany(60)) == 60
            with pytest.raises(errors.ConfigurationLimitExceeded), connection.transaction():
                cursor.fetchmany(60)
        assert connection.execute("SELECT count(*) FROM cpc").fetchone() is not None


def test_more_time_than_the_role_may_have(governed: LiveServer) -> None:
    with connect(governed, "hasty") as connection:
        started = time.monotonic()
        connection.execute("SET statement_timeout = 0")
        with pytest.raises(errors.QueryCanceled):
            connection.execute(ENDLESS)
        assert time.monotonic() - started < 20
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_more_to_read_than_the_role_may(governed: LiveServer) -> None:
    with connect(governed, "brief") as connection:
        with pytest.raises(errors.ConfigurationLimitExceeded, match="would read about"):
            connection.execute("SELECT count(*) FROM google_full")
        assert connection.execute("SELECT count(*) FROM cpc").fetchone() is not None


def test_rows_columns_and_tables_on_spark(governed: LiveServer) -> None:
    with connect(governed, "counsel") as counsel, connect(governed, "ann") as ann:
        late = "FROM patent WHERE grant_year >= 2015"
        assert one(counsel, "SELECT count(*) FROM patent") == one(ann, f"SELECT count(*) {late}")
        titles = "SELECT patent_id, left(title, 5) || '...' AS title, NULL::int AS num_claims"
        shown = counsel.execute("SELECT patent_id, title, num_claims FROM patent ORDER BY 1 LIMIT 20")
        expected = ann.execute(f"{titles} {late} ORDER BY 1 LIMIT 20")
        assert shown.fetchall() == expected.fetchall()
        assert [(c.name, c.type_code) for c in shown.description or ()] == [
            (c.name, c.type_code) for c in expected.description or ()
        ]
        masked = (
            "SELECT count(*) FROM patent AS p JOIN patent AS q ON p.title = q.title WHERE p.num_claims > 0"
        )
        assert one(counsel, masked) == 0
        for statement, said in (
            ("SELECT abstract FROM patent", 'permission denied for column "abstract"'),
            ("SELECT * FROM patent", "permission denied for table patent"),
            ("SELECT count(*) FROM patent, inventor", "permission denied for table inventor"),
            ("EXPLAIN SELECT 1 FROM inventor", "permission denied for table inventor"),
            ("SELECT 1 FROM patents.nowhere", 'relation "patents.nowhere" does not exist'),
        ):
            with pytest.raises(psycopg.Error, match=said) as caught:
                counsel.execute(statement)
            assert caught.value.diag.statement_position is not None
        rows = copied(counsel, "SELECT title FROM patent LIMIT 3")
        assert all(bytes(row).endswith(b"...\n") for row in rows)  # type: ignore[call-overload]
        assert one(counsel, "SELECT count(*) FROM patent WHERE grant_year < %s", 2015) == 0


def one(connection: psycopg.Connection[tuple[object, ...]], query: str, *values: object) -> object:
    row = connection.execute(query, values or None).fetchone()
    assert row is not None
    return row[0]


def test_views_do_not_get_round_it(governed: LiveServer, spark_endpoint: Endpoint) -> None:
    views = (
        "CREATE VIEW default.open_view AS SELECT cpc_code FROM patents.cpc",
        "CREATE VIEW default.sly_view AS SELECT title FROM patents.patent",
        "CREATE VIEW default.deep_view AS SELECT * FROM default.sly_view",
    )
    drops = ("DROP VIEW IF EXISTS default.deep_view", "DROP VIEW IF EXISTS default.sly_view",
             "DROP VIEW IF EXISTS default.open_view")  # fmt: skip
    asyncio.run(run_on_spark(spark_endpoint, *drops, *views))
    time.sleep(REFRESH_PAUSE_S)  # a reading just before this would keep the next one back
    try:
        with connect(governed, "counsel") as counsel, connect(governed, "ann") as ann:
            assert one(ann, "SELECT count(*) FROM deep_view") == 59931
            assert one(counsel, "SELECT count(*) FROM open_view") is not None
            for view in ("sly_view", "deep_view"):
                with pytest.raises(errors.InsufficientPrivilege, match=f"permission denied for view {view}"):
                    counsel.execute(f"SELECT * FROM {view}")
    finally:
        asyncio.run(run_on_spark(spark_endpoint, *drops))


def test_an_admin_sees_and_ends_everybodys_sessions(governed: LiveServer) -> None:
    others = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'ann'"
    with connect(governed, "ann") as ann, connect(governed, "boss") as boss, connect(governed, "bob") as bob:
        pid = ann.info.backend_pid
        assert bob.execute(others).fetchone() == (0,)
        assert bob.execute("SELECT pg_terminate_backend(%s)", (pid,)).fetchone() == (False,)
        assert ann.execute("SELECT 1").fetchone() == (1,)
        assert boss.execute(others).fetchone() == (1,)
        assert boss.execute("SELECT pg_terminate_backend(%s)", (pid,)).fetchone() == (True,)
        with pytest.raises(psycopg.OperationalError):
            ann.execute("SELECT 1")


def test_a_role_that_the_policy_does_not_have_keeps_its_user_out(governed: LiveServer) -> None:
    command = [sys.executable, "-m", "proxy", "users", "--conf", str(governed.folder / "server.toml")]
    subprocess.run(
        [*command, "add", "lost", "--role", "gone"],
        input="secret\n", text=True, check=True, cwd=ROOT, capture_output=True,
    )  # fmt: skip
    with pytest.raises(psycopg.OperationalError, match="gone"):
        connect(governed, "lost")


def test_a_policy_changes_under_connected_clients(governed: LiveServer, policy: Path) -> None:
    with connect(governed, "stray") as connection:
        connection.prepare_threshold = 0
        query = "SELECT count(*) FROM cpc WHERE sequence > %s"
        count = connection.execute(query, (0,)).fetchone()
        change(
            policy,
            POLICY.replace("max_rows = 100", "max_rows = 1").replace('stray = ["r', 'stray = ["brief", "r'),
        )
        # What was prepared under the old policy is checked under the new one.
        assert connection.execute(query, (0,)).fetchone() == count
        change(policy, POLICY.replace("[roles.reader]", '[roles.reader]\nstatements = ["session"]'))
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(query, (0,))
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("SELECT 1")
        change(policy, POLICY + "wrong = 1\n")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("SELECT 1")
        assert "[roles.boss] wrong: unknown" in governed.log()
        change(policy, POLICY)
        assert connection.execute(query, (0,)).fetchone() == count


def test_what_was_prepared_by_sql_is_checked_again_after_a_change(governed: LiveServer, policy: Path) -> None:
    with connect(governed, "ann") as connection:
        connection.execute("PREPARE q AS SELECT count(*) FROM cpc")
        assert connection.execute("EXECUTE q").fetchone() is not None
        change(policy, POLICY.replace("max_rows = 100", "max_rows = 2"))
        assert connection.execute("EXECUTE q").fetchone() is not None
        change(policy, POLICY.replace("[roles.reader]", '[roles.reader]\ndeny = ["*.cpc"]'))
        with pytest.raises(errors.InsufficientPrivilege, match="permission denied for table cpc"):
            connection.execute("EXECUTE q")


def test_the_catalogue_shows_what_the_role_may_read(governed: LiveServer, policy: Path) -> None:
    def psql(*commands: str, user: str = "counsel") -> str:
        arguments = [part for command in commands for part in ("-c", command)]
        place = ["-h", governed.host, "-p", str(governed.port), "-U", user, "-d", governed.database]
        done = subprocess.run(
            ["psql", "-XAt", *place, *arguments], text=True, capture_output=True, check=False
        )
        return done.stdout + done.stderr

    assert "patents|inventor|table" in psql(r"\dt patents.*", user="stray")
    assert "inventor" not in psql(r"\dt *.*")
    assert "patents|patent|table" in psql(r"\dt patents.*")
    assert 'Did not find any relation named "patents.inventor"' in psql(r"\d patents.inventor")
    described = psql(r"\d patents.patent")
    assert "title" in described
    assert "abstract" not in described
    assert "clients" not in psql(r"\dn")
    change(policy, POLICY.replace('deny = ["patents.inventor",', 'deny = ["patents.cpc",'))
    tables = psql(r"\dt patents.*")
    assert "inventor" in tables
    assert "cpc" not in tables


@pytest.mark.parametrize(("name", "sql"), recorded.statements(), ids=[n for n, _ in recorded.statements()])
def test_a_recorded_statement_of_a_role_with_restrictions(governed: LiveServer, name: str, sql: str) -> None:
    with connect(governed, "stray") as plain, connect(governed, "counsel") as restricted:
        expected, found = ask(plain, sql), ask(restricted, sql)
    assert (found.sqlstate, found.message) == (expected.sqlstate, expected.message)
    assert (found.names, found.oids) == (expected.names, expected.oids)
    assert not any(value == "inventor" for row in found.rows for value in row)
