"""What clients do to write: \\copy, \\d, executemany, binary parameters, transactions, rights, definitions."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.transcripts import harness
from tests.writes.conftest import Place
from tests.writes.test_oracle import drop_tables

TRANSCRIPTS = Path(__file__).parent.parent / "transcripts"


@pytest.fixture
def table(server: Place) -> Iterator[Place]:
    drop_tables(server, "t", "u")
    with server.connect() as connection:
        connection.execute(
            "CREATE TABLE t (a int NOT NULL, b varchar(10), c numeric(8,3), d timestamptz, e text[])"
        )
    yield server
    drop_tables(server, "t", "u")


@pytest.mark.parametrize("name", ["copy_in", "writes"])
def test_transcript(server: Place, name: str) -> None:
    assert server.live is not None
    harness.run_transcript(
        TRANSCRIPTS / f"{name}.pgt", server.live.host, server.live.port,
        user="writer", password="", database=server.live.database,
        features=frozenset({"trust", "write"}), timeout_s=60,
    )  # fmt: skip


def psql(place: Place, *arguments: str, script: str = "") -> str:
    command = ["psql", "-X", "-v", "ON_ERROR_STOP=1", f"{place.conninfo} user=writer", *arguments]
    done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_psql(table: Place, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text('a,b,e\n1,"x, y","{p,q}"\n2,,\n', "utf-8")
    assert psql(table, "-c", f"\\copy t (a, b, e) from '{file}' csv header") == "COPY 2\n"
    shown = psql(table, "-c", "\\d t")
    for line in ("character varying(10)", "numeric(8,3)", "timestamp with time zone", "text[]"):
        assert line in shown
    script = "COPY t (a, b) FROM STDIN;\n3\tthree\n\\.\nINSERT INTO t (a) VALUES (4);\n"
    assert psql(table, "-q", "-A", "-t", script=script + "SELECT a, b FROM t ORDER BY a;") == (
        "1|x, y\n2|\n3|three\n4|\n"
    )


def test_parameters_of_every_kind(table: Place) -> None:
    moment = dt.datetime(2024, 2, 29, 12, 34, 56, 123456, dt.UTC)
    row = (1, "ünï", decimal.Decimal("12.345"), moment, ["a", None, "b,c"])
    with table.connect() as connection:
        for form in ("%s", "%b", "%t"):
            connection.execute(f"INSERT INTO t VALUES ({', '.join([form] * 5)})", row)
        for prepare in range(7):
            connection.execute("INSERT INTO t (a) VALUES (%s)", (prepare + 10,), prepare=True)
        rows = connection.execute("SELECT * FROM t WHERE a < 5").fetchall()
        assert rows == [row] * 3
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (10,)
        connection.execute("INSERT INTO t (a, b) SELECT a + %s, %s FROM t WHERE a >= %s", (100, "moved", 10))
        assert connection.execute("SELECT count(*) FROM t WHERE b = 'moved'").fetchone() == (7,)
        done = connection.execute("CREATE TABLE u AS SELECT a FROM t WHERE a > %s", (100,))
        assert done.statusmessage == "SELECT 7"


def test_executemany(table: Place) -> None:
    with table.connect() as connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO t (a, b) VALUES (%s, %s)", [(n, f"row {n}") for n in range(5)])
        assert cursor.rowcount == 5
        assert cursor.execute("SELECT count(*) FROM t").fetchone() == (5,)


def test_in_a_transaction_block(table: Place) -> None:
    with psycopg.connect(f"{table.conninfo} user=writer") as connection:
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="could not be rolled back"):
            connection.execute("INSERT INTO t (a) VALUES (1)")
        connection.rollback()
    with table.connect() as connection:
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            connection.execute("INSERT INTO t (a) VALUES (1); SELECT 1")
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            connection.execute("SET streamlink.writes_in_transactions = maybe")
        notices: list[str] = []
        connection.add_notice_handler(lambda diag: notices.append(f"{diag.severity}: {diag.message_primary}"))
        connection.execute("SET streamlink.writes_in_transactions = immediate")
        with connection.transaction(force_rollback=True):
            connection.execute("INSERT INTO t (a) VALUES (1)")
        assert notices == ["WARNING: this write is done at once and cannot be rolled back"]
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (1,)
        connection.execute("BEGIN READ ONLY")
        with pytest.raises(
            psycopg.errors.ReadOnlySqlTransaction, match="cannot execute INSERT in a read-only"
        ):
            connection.execute("INSERT INTO t (a) VALUES (1)")


@pytest.mark.parametrize(
    ("user", "statement", "message"),
    [
        ("demo", "INSERT INTO w.t (a) VALUES (1)", "permission denied: INSERT is not allowed"),
        ("demo", "COPY w.t FROM STDIN", "permission denied: COPY FROM is not allowed"),
        ("demo", "CREATE TABLE w.u (a int)", "permission denied: CREATE is not allowed"),
        ("inserter", "CREATE TABLE w.u (a int)", "permission denied for table u"),
        ("inserter", "TRUNCATE w.t", "permission denied for table t"),
        ("inserter", "INSERT INTO patents.inventor VALUES (1)", "permission denied for table inventor"),
    ],
)
def test_rights(table: Place, user: str, statement: str, message: str) -> None:
    with table.connect(user) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match=message):
            connection.execute(statement)
        if user == "inserter":
            assert connection.execute("INSERT INTO w.t (a) VALUES (1)").statusmessage == "INSERT 0 1"


def test_each_write_has_its_record(table: Place) -> None:
    assert table.live is not None
    with table.connect() as connection:
        connection.execute("INSERT INTO t (a) VALUES (1), (2)")
        with pytest.raises(psycopg.errors.NotNullViolation):
            connection.execute("INSERT INTO t (b) VALUES ('kept here')")
    lines = (table.live.folder / "data" / "audit.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines[-3:]]
    assert [
        (r["statement"], r["rows"], r.get("sqlstate"), r["engine"])
        for r in records
        if "INSERT" in r["statement"]
    ] == [
        ("INSERT INTO t (a) VALUES (1), (2)", 2, None, "spark"),
        ("INSERT INTO t (b) VALUES ('kept here')", 0, "23502", "spark"),
    ]
    assert "kept here" not in table.live.log()


def test_definitions(table: Place) -> None:
    """What the mirror shows is what was said."""
    with table.connect() as connection, table.connect("demo") as other:
        connection.execute("COMMENT ON TABLE t IS 'it''s a table'")
        connection.execute("COMMENT ON COLUMN t.a IS 'a ''column'''")
        connection.execute(
            "CREATE TABLE u (a smallint, b char(3), c real, d date[], e numeric, f boolean DEFAULT true)"
        )
        shown = other.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = 'w.u'::regclass AND attnum > 0 ORDER BY attnum"
        ).fetchall()
        assert shown == [
            ("a", "smallint"), ("b", "character(3)"), ("c", "real"), ("d", "date[]"),
            ("e", "numeric(38,18)"), ("f", "boolean"),
        ]  # fmt: skip
        assert other.execute(
            "SELECT obj_description('w.t'::regclass), col_description('w.t'::regclass, 1)"
        ).fetchone() == (
            "it's a table",
            "a 'column'",
        )
        for kind in (
            "uuid",
            "jsonb",
            "interval",
            "timestamp(3)",
            "numeric(40,2)",
            "time",
            "money",
            "int4range",
        ):
            with pytest.raises(psycopg.errors.FeatureNotSupported, match="not supported"):
                connection.execute(f"CREATE TABLE w.no (a {kind})")
        connection.execute("CREATE VIEW seen AS SELECT a, b FROM t WHERE a > 1")
        try:
            assert other.execute("SELECT * FROM seen").fetchall() == []
            with pytest.raises(psycopg.errors.DependentObjectsStillExist, match="cannot drop table t"):
                connection.execute("DROP TABLE t")
        finally:
            connection.execute("DROP VIEW seen")


def test_a_prepared_statement_outlives_a_change(table: Place) -> None:
    """It is planned anew; when its columns are others, it is refused as PostgreSQL refuses it."""
    with table.connect() as connection, table.connect() as other:
        for _ in range(2):
            assert connection.execute("SELECT * FROM t", prepare=True).fetchall() == []
            connection.execute("INSERT INTO t (a) VALUES (%s)", (1,), prepare=True)
            other.execute("TRUNCATE t")
        other.execute("COMMENT ON TABLE t IS 'a change that changes nothing'")
        assert connection.execute("SELECT * FROM t", prepare=True).fetchall() == []
        other.execute("ALTER TABLE t ADD COLUMN z int")
        with pytest.raises(
            psycopg.errors.FeatureNotSupported, match="cached plan must not change result type"
        ):
            connection.execute("SELECT * FROM t", prepare=True)
        connection.execute("INSERT INTO t (a) VALUES (%s)", (1,), prepare=True)
        assert other.execute("SELECT a, z FROM t").fetchall() == [(1, None)]


def test_who_may_write_is_told_so(table: Place) -> None:
    """libpq's target_session_attrs=read-write finds its server by this."""
    for user, expected in (("writer", "off"), ("demo", "on")):
        with table.connect(user) as connection:
            assert connection.info.parameter_status("default_transaction_read_only") == expected
            assert connection.execute("SHOW transaction_read_only").fetchone() == (expected,)
    with (
        table.connect(options="-c default_transaction_read_only=on") as connection,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        connection.execute("INSERT INTO t (a) VALUES (1)")
