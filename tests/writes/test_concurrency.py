"""Several writers and readers at once, and writes that end before their end: all rows or none, counted exactly."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from spark_thrift.catalogue import STAGE_PREFIX
from spark_thrift.transport import Endpoint
from tests.writes.conftest import Place, run_on_spark
from tests.writes.test_oracle import drop_tables


@pytest.fixture
def table(server: Place) -> Iterator[Place]:
    drop_tables(server, "t")
    with server.connect() as connection:
        connection.execute("CREATE TABLE t (a int, b text)")
    yield server
    drop_tables(server, "t")


def count(place: Place, table: str = "t") -> int:
    with place.connect() as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert row is not None
        return int(str(row[0]))


def tag_rows(cursor: psycopg.Cursor[Any]) -> int:
    return int((cursor.statusmessage or "").rpartition(" ")[2])


def at_once(*jobs: Callable[[], int]) -> list[int]:
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(job) for job in jobs]]


def test_two_writers_and_a_reader(table: Place) -> None:
    done = threading.Event()
    seen: list[int] = []

    def insert() -> int:
        with table.connect() as connection:
            rows = [
                connection.execute("INSERT INTO t SELECT n, 'x' FROM generate_series(1, 7) AS n")
                for _ in range(4)
            ]
            return sum(map(tag_rows, rows))

    def copy() -> int:
        total = 0
        with table.connect() as connection:
            for _ in range(4):
                with connection.cursor() as cursor:
                    with cursor.copy("COPY t FROM STDIN") as piece:
                        piece.write("1\ta\n2\tb\n")
                    total += tag_rows(cursor)
        return total

    def read() -> int:
        with table.connect() as connection:
            while not done.is_set():
                row = connection.execute("SELECT count(*) FROM t").fetchone()
                assert row is not None
                seen.append(int(str(row[0])))
        return 0

    with ThreadPoolExecutor(1) as reader:
        reading = reader.submit(read)
        try:
            assert at_once(insert, copy) == [28, 8]
        finally:
            done.set()
        reading.result()
    assert seen == sorted(seen)
    assert set(seen) <= {7 * inserts + 2 * copies for inserts in range(5) for copies in range(5)}
    assert count(table) == 36


def test_insert_select_counts_its_own_rows(table: Place) -> None:
    """Whatever others write meanwhile, the tag tells what this statement wrote."""

    def double() -> int:
        with table.connect() as connection:
            return sum(tag_rows(connection.execute("INSERT INTO t SELECT a, b FROM t")) for _ in range(2))

    def add() -> int:
        with table.connect() as connection:
            return sum(
                tag_rows(connection.execute("INSERT INTO t VALUES (1, 'x'), (2, 'y')")) for _ in range(4)
            )

    assert sum(at_once(add, double, double)) == count(table)


def test_another_session_sees_rows_at_once(table: Place) -> None:
    with table.connect() as writer, table.connect("demo") as reader:
        for expected in (1, 2, 3):
            writer.execute("INSERT INTO t VALUES (1, 'x')")
            assert reader.execute("SELECT count(*) FROM t").fetchone() == (expected,)
        writer.execute("TRUNCATE t")
        assert reader.execute("SELECT count(*) FROM t").fetchone() == (0,)
        writer.execute("ALTER TABLE t ADD COLUMN c int")
        writer.execute("INSERT INTO t (c) VALUES (5)")
        assert reader.execute("SELECT c FROM t").fetchone() == (5,)
        writer.execute("DROP TABLE t")
        writer.execute("CREATE TABLE t (z text)")
        writer.execute("INSERT INTO t VALUES ('new')")
        assert reader.execute("SELECT * FROM t").fetchall() == [("new",)]


def test_a_view_of_a_written_table_is_fresh(table: Place) -> None:
    with table.connect() as writer, table.connect("demo") as reader:
        writer.execute("CREATE VIEW seen AS SELECT count(*) AS n FROM t")
        try:
            assert reader.execute("SELECT n FROM seen").fetchone() == (0,)
            writer.execute("INSERT INTO t VALUES (1, 'x')")
            assert reader.execute("SELECT n FROM seen").fetchone() == (1,)
        finally:
            writer.execute("DROP VIEW seen")


def hidden_tables(endpoint: Endpoint) -> list[str]:
    rows = asyncio.run(run_on_spark(endpoint, f"SHOW TABLES IN w LIKE '{STAGE_PREFIX}*'"))
    return [str(row[1]) for row in rows]


def after_a_while(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.3)
    return condition()


# Numbers come in batches, between which Spark can stop.
SLOW = "INSERT INTO t SELECT t.a, t.b FROM t, generate_series(1, 90000000000) AS g(n) WHERE g.n % 1000003 + 9 = -t.a"


@pytest.fixture
def full(table: Place) -> Place:
    with table.connect() as connection:
        connection.execute("INSERT INTO t SELECT n, 'row ' || n FROM generate_series(1, 400) AS n")
    return table


def test_a_cancelled_insert_leaves_the_table(full: Place, spark_endpoint: Endpoint) -> None:
    with full.connect() as connection:
        threading.Timer(2.0, connection.cancel).start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(SLOW)
        assert connection.execute("INSERT INTO t VALUES (0, 'after')").statusmessage == "INSERT 0 1"
    assert count(full) == 401
    assert after_a_while(lambda: not hidden_tables(spark_endpoint))


def test_statement_timeout(full: Place, spark_endpoint: Endpoint) -> None:
    with full.connect() as connection:
        connection.execute("SET statement_timeout = 2000")
        with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
            connection.execute(SLOW)
        with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
            connection.execute("INSERT INTO t SELECT n, 'x' FROM generate_series(1, 1000000000) AS n")
    assert count(full) == 400
    assert after_a_while(lambda: not hidden_tables(spark_endpoint))


def test_a_failure_half_way_leaves_the_table(full: Place, spark_endpoint: Endpoint) -> None:
    with full.connect() as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("INSERT INTO t SELECT a / (a - 399), b FROM t")
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("CREATE TABLE u AS SELECT a / (a - 399) AS a FROM t")
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM u")
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("INSERT INTO t SELECT 1 / (n - 90000) FROM generate_series(1, 100000) AS n")
    assert count(full) == 400
    assert not hidden_tables(spark_endpoint)


def copy_slowly(connection: psycopg.Connection[Any]) -> None:
    with connection.cursor().copy("COPY t FROM STDIN") as copy:
        for _ in range(100):
            copy.write("1\tx\n" * 1000)
            time.sleep(0.05)


def copy_and_give_up(connection: psycopg.Connection[Any]) -> None:
    with connection.cursor().copy("COPY t FROM STDIN") as copy:
        copy.write("1\tx\n")
        raise ValueError("the client gives up")


def copy_and_vanish(connection: psycopg.Connection[Any]) -> None:
    with connection.cursor().copy("COPY t FROM STDIN") as copy:
        copy.write("1\tx\n")
        connection.pgconn.finish()


def test_a_copy_that_is_cancelled_or_abandoned(full: Place) -> None:
    with full.connect() as connection:
        with pytest.raises(ValueError, match="gives up"):
            copy_and_give_up(connection)
        threading.Timer(0.5, connection.cancel).start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            copy_slowly(connection)
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        copy_and_vanish(full.connect())
    assert count(full) == 400


def test_a_large_copy_is_one_write_in_little_memory(table: Place) -> None:
    assert table.live is not None
    piece = "".join(f"{n}\t{'long text ' * 20}{n}\n" for n in range(10_000))
    with table.connect() as connection, connection.cursor() as cursor:
        before = table.live.rss_bytes()
        with cursor.copy("COPY t FROM STDIN") as copy:
            for _ in range(20):
                copy.write(piece)
        assert cursor.statusmessage == "COPY 200000"
        assert table.live.rss_bytes() - before < 150_000_000
    assert count(table) == 200_000
