"""Spark and the mirror are killed: errors in time, and the same connections work once they are back."""

from __future__ import annotations

import os
import re
import signal
import threading
import time

import psycopg
import pytest

from tests.adversity.conftest import child_of, log_tail
from tests.live import LiveServer

pytestmark = [pytest.mark.client, pytest.mark.spark]

HEAVY = "SELECT count(*) FROM patents.cpc AS a CROSS JOIN patents.inventor AS b WHERE a.cpc_code > b.name"
RETURN_TIMEOUT_S = 120.0


def answers_again(connection: psycopg.Connection[tuple[object, ...]], sql: str) -> object:
    """The statement's answer on the same connection; errors of an engine that is starting are waited out."""
    end = time.monotonic() + RETURN_TIMEOUT_S
    while True:
        try:
            row = connection.execute(sql).fetchone()
            assert row is not None
            return row[0]
        except psycopg.OperationalError:
            assert not connection.closed
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def test_spark_killed_under_load(fragile: LiveServer) -> None:
    connections = [psycopg.connect(fragile.conninfo, autocommit=True) for _ in range(6)]
    errors: list[psycopg.Error | None] = [None] * len(connections)

    def run(index: int) -> None:
        try:
            connections[index].execute(HEAVY)
        except psycopg.Error as error:
            errors[index] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(connections))]
    for thread in threads:
        thread.start()
    time.sleep(4)
    os.kill(child_of(fragile, "HiveThriftServer2"), signal.SIGKILL)
    for thread in threads:
        thread.join(15)
        assert not thread.is_alive(), "a client was left waiting"
    assert [type(e).__name__ for e in errors if e is None] == []
    assert {e.sqlstate for e in errors if e is not None} <= {"08006", "57P01", "57P03"}, errors
    ids = [
        re.fullmatch(r"Statement ([0-9a-f-]{36})\.", e.diag.message_detail or "")
        for e in errors
        if e is not None
    ]
    assert all(
        named is not None and f"[{named[1]}] a statement has lost" in fragile.log() for named in ids
    ), errors
    # What needs no Spark goes on meanwhile.
    assert connections[0].execute("SELECT current_user").fetchone() == ("demo",)
    down = "SELECT state, last_error FROM streamlink.nodes WHERE kind = 'spark'"
    assert connections[0].execute(down).fetchone() in [
        (s, "EngineUnavailable") for s in ("down", "starting", "up")
    ]
    for connection in connections:
        assert answers_again(connection, "SELECT count(*) FROM patents.patent") == 59931, log_tail(
            fragile.folder
        )
        connection.close()
    recorded = "SELECT count(*) FROM streamlink.audit WHERE id = ANY (%s) AND sqlstate IS NOT NULL"
    with psycopg.connect(fragile.conninfo) as connection:
        assert connection.execute(recorded, [[named[1] for named in ids if named]]).fetchone() == (len(ids),)


def test_mirror_killed(fragile: LiveServer) -> None:
    with psycopg.connect(fragile.conninfo, autocommit=True) as connection:
        connection.execute("SET application_name = 'kept'")
        os.kill(child_of(fragile, "postgres"), signal.SIGKILL)
        try:
            connection.execute("SELECT 1")
        except psycopg.OperationalError as error:
            assert error.sqlstate in ("08006", "57P01", "57P03")  # noqa: PT017 - the mirror may be back already
        assert answers_again(connection, "SELECT 3") == 3
        assert connection.execute("SHOW application_name").fetchone() == ("kept",)
        assert answers_again(connection, "SELECT count(*) FROM patents.patent") == 59931
