"""Roles on the live server: who gets in, what each may do, and a policy that changes while clients are connected."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from spark_thrift.transport import Endpoint
from tests.clients.queries import ENDLESS
from tests.live import ROOT, LiveServer, over, start_server

POLICY = """
default_roles = ["reader"]
[users]
brief = ["brief"]
hasty = ["hasty"]
boss = ["boss"]
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
