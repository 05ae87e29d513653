"""`streamlink-sql load` beside a running server: its sessions see the rows at once, and go on while it works."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from spark_thrift.transport import Endpoint
from tests.clients.conftest import run_on_spark
from tests.live import ROOT, LiveServer


def run(server: LiveServer, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "proxy", "load", "--conf", str(server.folder / "server.toml"), *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=server.folder, timeout=120
    )


@pytest.fixture(autouse=True)
def nothing_left(server: LiveServer, spark_endpoint: Endpoint) -> Iterator[None]:
    """Other tests compare the whole catalogue."""
    yield
    asyncio.run(run_on_spark(spark_endpoint, "DROP SCHEMA IF EXISTS loaded CASCADE"))
    end = time.monotonic() + 15
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        while connection.execute("SELECT FROM pg_namespace WHERE nspname = 'loaded'").fetchall():
            assert time.monotonic() < end
            with pytest.raises(psycopg.Error):  # what is unknown has the catalogue read anew
                connection.execute("SELECT * FROM loaded.nothing")
            time.sleep(0.3)


def test_a_csv_file_becomes_a_table_and_is_replaced(server: LiveServer, tmp_path: Path) -> None:
    file = tmp_path / "fruit.csv"
    file.write_text("name,weight\napple,150\npear,180\n")
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        done = run(server, str(file), "--table", "loaded.fruit")
        assert (done.returncode, done.stdout) == (0, "2 rows of 2 columns in loaded.fruit\n"), done.stderr
        query = "SELECT name, weight FROM loaded.fruit ORDER BY 1"
        assert connection.execute(query).fetchall() == [("apple", 150), ("pear", 180)]
        estimated = "SELECT reltuples, relpages > 0 FROM pg_class WHERE oid = 'loaded.fruit'::regclass"
        assert connection.execute(estimated).fetchall() == [(2, True)], "tools show how large it is"
        statistics = (
            "SELECT attname, null_frac, n_distinct, avg_width FROM pg_stats WHERE tablename = 'fruit'"
        )
        assert sorted(connection.execute(statistics).fetchall()) == [
            ("name", 0.0, -1.0, 5), ("weight", 0.0, -1.0, 4)
        ]  # fmt: skip
        again = run(server, str(file), "--table", "loaded.fruit")
        assert again.returncode == 1
        assert again.stderr == "streamlink-sql: the table loaded.fruit exists; replace it, or append to it\n"
        file.write_text("name,weight\nplum,40\n")
        assert run(server, str(file), "--table", "loaded.fruit", "--replace").returncode == 0
        assert connection.execute(query).fetchall() == [("plum", 40)]
        file.write_text("name,weight\nfig,heavy,1,2\n")
        wrong = run(server, str(file), "--table", "loaded.fruit", "--append")
        assert wrong.returncode == 1
        assert len(wrong.stderr.splitlines()) == 1
        assert connection.execute(query).fetchall() == [("plum", 40)]


def test_sizes_of_tables_that_others_made_are_found_out(server: LiveServer, spark_endpoint: Endpoint) -> None:
    asyncio.run(
        run_on_spark(
            spark_endpoint,
            "CREATE SCHEMA loaded",
            "CREATE TABLE loaded.past USING parquet AS SELECT id FROM range(30)",
            "ANALYZE TABLE loaded.past COMPUTE STATISTICS",
        )
    )
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        end = time.monotonic() + 60
        sql = "SELECT reltuples FROM pg_class WHERE relname = 'past'"
        while connection.execute(sql).fetchall() != [(30,)]:
            assert time.monotonic() < end
            with contextlib.suppress(psycopg.Error):  # what is unknown has the catalogue read anew
                connection.execute("SELECT * FROM loaded.nothing")
            time.sleep(0.3)


def test_what_cannot_be_loaded_is_said_in_a_line(server: LiveServer, tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").touch()
    for words, said in [
        ((str(tmp_path / "none.csv"), "--table", "a.b"), "not exist"),
        ((str(tmp_path / "x.xlsx"), "--table", "a.b"), "does not tell its format"),
        ((str(tmp_path), "--format", "csv", "--table", "a.b.c"), "is not a table's name"),
        ((str(tmp_path), "--format", "csv", "--table", "a.b", "--option", "sep"), "is not KEY=VALUE"),
    ]:
        done = run(server, *words)
        assert done.returncode in (1, 2)
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
