"""Spark's other catalogues as databases: here a real PostgreSQL that Spark reads over JDBC."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors

from tests.clients.bi.answers import ask
from tests.clients.program import built
from tests.clients.test_jdbc import build
from tests.live import ROOT, LiveServer, start_server
from tests.postgres import running_postgres

SHOP = """
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id integer PRIMARY KEY, customer text, amount numeric(10,2), placed date, note text);
INSERT INTO shop.orders SELECT g, 'customer ' || g % 7, g * 1.5, date '2020-01-01' + g,
    CASE WHEN g % 5 = 0 THEN NULL ELSE 'n' || g END FROM generate_series(1, 1000) AS g;
CREATE TABLE shop.staff (id integer, name text);
INSERT INTO shop.staff VALUES (1, 'Ann'), (2, 'Bob');
CREATE TABLE shop."Mixed" (id integer);
CREATE TABLE public.plain (id integer);
INSERT INTO public.plain VALUES (7);
CREATE SCHEMA lake;
CREATE TABLE lake.inner_table (id integer);
"""
POLICY = """
default_roles = ["reader"]
[users]
clerk = ["clerk"]
outsider = ["outsider"]
[roles.reader]
read = ["*.*"]
write = { insert = ["*.*"], "create table" = ["*.*"], drop = ["*.*"] }
[roles.reader.databases."*"]
read = ["*.*"]
[roles.clerk]
read = ["*.*"]
[roles.clerk.databases.lake]
read = ["shop.*"]
deny = ["shop.staff"]
filters = { "shop.orders" = "id <= 10" }
masks = { "shop.orders.note" = "NULL" }
[roles.outsider]
read = ["*.*"]
"""
WAIT_S = 60.0
CATALOGUE = "org.apache.spark.sql.execution.datasources.v2.jdbc.JDBCTableCatalog"


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """A PostgreSQL's conninfo."""
    with running_postgres() as port:
        conninfo = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(SHOP)
        yield conninfo


@pytest.fixture(scope="module")
def server(shop: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("databases")
    (folder / "policy.toml").write_text(POLICY)
    port = psycopg.conninfo.conninfo_to_dict(shop)["port"]
    conf = {
        "spark.jars": ",".join(map(str, (built("jdbc", build) / "jars").glob("postgresql-*.jar"))),
        "spark.sql.catalog.lake": CATALOGUE,
        "spark.sql.catalog.lake.url": f"jdbc:postgresql://127.0.0.1:{port}/postgres?user=postgres",
        "spark.sql.catalog.lake.driver": "org.postgresql.Driver",
        "spark.sql.catalog.broken": "org.example.Nothing",
    }
    live = start_server(
        folder,
        auth={"rules": ["host all all loopback trust"]},
        spark={"memory_mb": 1024, "conf": conf},
        mirror={"sync_interval_s": 1},
        policy={"file": folder / "policy.toml"},
    )
    yield live
    live.stop()


@pytest.fixture(scope="module")
def lake(server: LiveServer) -> LiveServer:
    """The same server's other database, once Spark's tables are there."""
    other = replace(server, database="lake")
    with connected(other) as connection:
        until(lambda: connection.execute("SELECT to_regclass('shop.orders')").fetchone() != (None,))
    return other


def connected(place: LiveServer, user: str = "demo") -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(replace(place, user=user).conninfo, autocommit=True)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.1)


def test_psql_lists_databases_and_tables(lake: LiveServer) -> None:
    def shown(*words: str) -> str:
        command = ["psql", "-XAt", "-h", lake.host, "-p", str(lake.port), "-U", "demo", "-d", "lake", *words]
        return subprocess.run(command, text=True, capture_output=True, check=True).stdout

    # psql 15's own \l asks for a column that PostgreSQL 17 has renamed.
    listed = shown("-c", "SELECT datname FROM pg_database WHERE datallowconn").split()
    assert {"spark_catalog", "lake", "broken"} <= {*listed}
    tables = shown("-c", r"\dt *.*")
    assert "shop|orders|table" in tables
    assert "Mixed" not in tables
    assert "amount|numeric(10,2)" in shown("-c", r"\d shop.orders")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM shop.orders ORDER BY id LIMIT 20",
        "SELECT customer, sum(amount), count(note) FROM shop.orders WHERE placed < date '2021-01-01'"
        " GROUP BY customer ORDER BY customer",
        "SELECT * FROM plain",
        "SELECT o.id, s.name FROM shop.orders o JOIN shop.staff s USING (id) ORDER BY 1",
        "SELECT current_schema(), id FROM plain",
        "SELECT id FROM postgres.shop.orders",
        "SELECT nothing FROM shop.orders",
        "SELECT * FROM shop.gone",
    ],
)
def test_rows_are_the_other_servers(lake: LiveServer, shop: str, sql: str) -> None:
    if "postgres." in sql:
        with connected(lake) as connection, pytest.raises(errors.FeatureNotSupported):
            connection.execute(sql)
        with connected(lake) as connection:
            assert len(connection.execute(sql.replace("postgres.", "lake.")).fetchall()) == 1000
        return
    with psycopg.connect(shop) as theirs, connected(lake) as ours:
        got, wanted = ask(ours, sql), ask(theirs, sql)
        assert (got.sqlstate, got.names, got.oids, got.rows) == (
            wanted.sqlstate, wanted.names, wanted.oids, wanted.rows,
        )  # fmt: skip


def test_each_database_has_its_own_tables(server: LiveServer, lake: LiveServer) -> None:
    with connected(server) as main, connected(lake) as other:
        assert main.execute("SELECT current_database()").fetchone() == ("spark_catalog",)
        assert other.execute("SELECT current_database(), current_catalog").fetchone() == ("lake", "lake")
        for name in ("shop.orders", "lake.shop.orders", "lake.inner_table"):
            with pytest.raises((errors.UndefinedTable, errors.FeatureNotSupported)):
                main.execute(f"SELECT * FROM {name}")
        main.execute('CREATE TABLE "default".here AS SELECT 1 AS a')
        try:
            with pytest.raises(errors.UndefinedTable):
                other.execute('SELECT * FROM "default".here')
        finally:
            main.execute('DROP TABLE "default".here')


def test_a_schema_that_is_named_like_a_catalogue_is_not_shown(server: LiveServer, lake: LiveServer) -> None:
    # Spark would read lake.inner_table as the table inner_table of the catalogue itself.
    with connected(lake) as connection:
        assert connection.execute("SELECT to_regnamespace('lake')").fetchone() == (None,)


def test_an_unknown_database(server: LiveServer) -> None:
    with pytest.raises(psycopg.OperationalError, match='database "nothing" does not exist'):
        connected(replace(server, database="nothing"))


def test_a_catalogue_that_spark_cannot_load_is_empty(server: LiveServer) -> None:
    with connected(replace(server, database="broken")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    until(lambda: "the catalogue cannot be read: Cannot load catalog 'broken'" in server.log())


def test_rights_are_named_for_each_database(server: LiveServer, lake: LiveServer) -> None:
    with connected(lake, "clerk") as clerk:
        assert clerk.execute("SELECT count(*), count(note) FROM shop.orders").fetchone() == (10, 0)
        for table in ("shop.staff", "public.plain"):
            with pytest.raises(errors.InsufficientPrivilege):
                clerk.execute(f"SELECT * FROM {table}")
        seen = clerk.execute("SELECT relname FROM pg_class WHERE relname IN ('orders', 'staff', 'plain')")
        assert seen.fetchall() == [("orders",)]
    with pytest.raises(psycopg.OperationalError, match='permission denied for database "lake"'):
        connected(lake, "outsider")
    with connected(server, "outsider") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_nothing_is_written_there(lake: LiveServer) -> None:
    with connected(lake) as connection:
        for sql in (
            "INSERT INTO plain VALUES (8)",
            "CREATE TABLE shop.made (a integer)",
            "DROP TABLE plain",
            "CREATE SCHEMA other",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(sql)
        assert connection.execute("SELECT * FROM plain").fetchall() == [(7,)]


def test_sessions_of_all_databases(server: LiveServer, lake: LiveServer) -> None:
    with connected(server) as main, connected(lake) as other:
        mine = other.execute("SELECT pg_backend_pid()").fetchone()
        sql = "SELECT a.datname, d.datname FROM pg_stat_activity a JOIN pg_database d ON d.oid = a.datid WHERE pid = %s"
        assert mine is not None
        assert main.execute(sql, mine).fetchone() == ("lake", "lake")
        assert main.execute("SELECT pg_terminate_backend(%s)", mine).fetchone() == (True,)
        with pytest.raises(psycopg.OperationalError):
            other.execute("SELECT 1")


def test_records_say_where(server: LiveServer, lake: LiveServer) -> None:
    with connected(lake) as other:
        other.execute("SELECT max(id) FROM shop.orders")
    with connected(server) as main:
        sql = (
            "SELECT database FROM streamlink.audit WHERE statement LIKE '%max(id)%shop%' AND kind = 'SELECT'"
        )
        until(lambda: main.execute(sql).fetchall()[:1] == [("lake",)])


def test_tools_reflect_it(lake: LiveServer) -> None:
    engine = sa.create_engine(f"postgresql+psycopg://demo@127.0.0.1:{lake.port}/lake")
    inspector = sa.inspect(engine)
    assert {"public", "shop"} <= set(inspector.get_schema_names())
    assert [column["name"] for column in inspector.get_columns("orders", schema="shop")] == [
        "id", "customer", "amount", "placed", "note",
    ]  # fmt: skip
    engine.dispose()


def test_a_table_that_comes_later(lake: LiveServer, shop: str) -> None:
    with psycopg.connect(shop, autocommit=True) as theirs, connected(lake) as ours:
        theirs.execute("CREATE TABLE shop.later (a integer)")
        until(lambda: ours.execute("SELECT to_regclass('shop.later')").fetchone() != (None,))
        assert ours.execute("SELECT * FROM shop.later").fetchall() == []


def test_the_command_line_checks_for_a_database(lake: LiveServer) -> None:
    def check(*words: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "proxy", "check", "--conf", str(lake.folder / "server.toml"), *words]
        done = subprocess.run(command, text=True, capture_output=True, cwd=ROOT, check=False)
        return done.returncode, done.stdout + done.stderr

    assert check("--role", "clerk", "--database", "lake", "SELECT id FROM shop.orders")[0] == 0
    assert check("--role", "clerk", "--database", "lake", "SELECT id FROM shop.staff")[0] == 1
    status, said = check("--role", "outsider", "--database", "lake", "SELECT 1")
    assert status == 2
    assert "may not connect" in said
