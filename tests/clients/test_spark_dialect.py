"""SET streamlink.dialect = 'spark' on the live server: rows, errors, rights, settings, cursors."""

from __future__ import annotations

import datetime
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest
from psycopg import errors

from spark_thrift.transport import Endpoint
from tests.live import ROOT, LiveServer, over, start_server

POLICY = """
default_roles = ["reader"]
[users]
counsel = ["counsel"]
app = ["app"]
boss = ["boss"]
judged = ["judged"]
brief = ["brief"]
[roles.reader]
read = ["*.*"]
[roles.brief]
read = ["*.*"]
max_rows = 10
max_scan_bytes = 4_000_000
[roles.counsel]
read = ["patents.*"]
deny = ["patents.inventor"]
functions = ["*"]
deny_functions = ["upper"]
[roles.counsel.filters]
"patents.patent" = "grant_year >= 2015"
[roles.app]
read = ["*.*"]
firewall = "enforce"
[roles.judged]
read = ["*.*"]
judge = { when = "always" }
[roles.boss]
read = ["*.*"]
admin = true
"""

ROWS: list[tuple[str, list[tuple[object, ...]]]] = [
    ("SELECT 7 / 2, 7 DIV 2, 1 <=> NULL, 'it\\'s', r'\\d'", [(3.5, 3, False, "it's", "\\d")]),
    ("SELECT `a b` FROM (SELECT 1 AS `a b`)", [(1,)]),
    ("SELECT count(*) FROM patent", [(59931,)]),
    ("SELECT count(*) AS n FROM Patents.PATENT p WHERE p.patent_id RLIKE '^[a-z]{99}'", [(0,)]),
    ("SELECT transform(array(1, 2), x -> x + 1), exists(array(1), x -> x > 1)", [([2, 3], False)]),
    ("SELECT aggregate(array(1, 2, 3), 0, (acc, x) -> acc + x)", [(6,)]),
    ("SELECT id, x FROM VALUES (1, array(10, 20)) AS t(id, xs) LATERAL VIEW explode(xs) e AS x ORDER BY x",
     [(1, 10), (1, 20)]),
    ("SELECT p, x FROM VALUES (array('a')) AS t(xs) LATERAL VIEW OUTER posexplode(xs) e AS p, x", [(0, "a")]),
    ("SELECT k, sort_array(collect_list(v)) FROM VALUES ('a', 2), ('a', 1) AS t(k, v) GROUP BY k", [("a", [1, 2])]),
    ("SELECT DATE_TRUNC('MONTH', TIMESTAMP_NTZ '2024-02-29 10:00:00'), DATE '2024-01-31' + INTERVAL 1 MONTH",
     [(datetime.datetime(2024, 2, 1, tzinfo=datetime.UTC), datetime.date(2024, 2, 29))]),
    ("SELECT CAST(1.5 AS DECIMAL(5, 2)), 1L, 1.5D, CAST(NULL AS STRING), true",
     [(Decimal("1.50"), 1, 1.5, None, True)]),
    ("SELECT X'00ff', CAST('2024-01-01' AS DATE)", [(b"\x00\xff", datetime.date(2024, 1, 1))]),
    ("WITH C AS (SELECT 1 AS a) SELECT a FROM c UNION ALL SELECT 2 ORDER BY a DESC", [(2,), (1,)]),
    ("SELECT a FROM VALUES (1), (2), (NULL) AS t(a) LEFT ANTI JOIN VALUES (1) AS u(b) ON a = b ORDER BY a",
     [(None,), (2,)]),
    ("SELECT id FROM range(3) DISTRIBUTE BY id SORT BY id DESC LIMIT 1", [(2,)]),
    ("SELECT v, sum(v) OVER (ORDER BY v) FROM VALUES (1), (2) AS t(v) ORDER BY v", [(1, 1), (2, 3)]),
    ("SELECT a, sum(v) FROM VALUES ('x', 1), ('y', 2) AS t(a, v) GROUP BY ROLLUP (a) ORDER BY a",
     [(None, 3), ("x", 1), ("y", 2)]),
    ("SELECT map('a', 1)['a'], named_struct('a', 5).a, element_at(array(1, 2), -1)", [(1, 5, 2)]),
    ("SELECT '${env:PATH}', '$' || '{x}', 'a -- b', 'a;b'", [("${env:PATH}", "${x}", "a -- b", "a;b")]),
    ("SELECT numbers[0], words[1], tags['a'], thing.size FROM clients.kinds WHERE id = 1", [(1, "b c", 1, 7)]),
    ("VALUES (1, 'a'), (2, 'b')", [(1, "a"), (2, "b")]),
    ("SELECT /*+ BROADCAST(t) */ a -- c\n FROM VALUES (1) AS t(a)", [(1,)]),
    ("SELECT current_date = current_date(), current_timestamp IS NOT NULL", [(True, True)]),
]  # fmt: skip


def connect(server: LiveServer, user: str = "demo", **more: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=server.host, port=server.port, dbname=server.database, user=user, autocommit=True, **more
    )


@pytest.fixture
def spark(server: LiveServer) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with connect(server, options="-c streamlink.dialect=spark") as connection:
        yield connection


def one(connection: psycopg.Connection[tuple[object, ...]], query: str, *values: object) -> object:
    row = connection.execute(query, values or None).fetchone()
    assert row is not None
    return row[0]


def test_rows(spark: psycopg.Connection[tuple[object, ...]]) -> None:
    for sql, expected in ROWS:
        assert spark.execute(sql).fetchall() == expected, sql
        # Prepared and in binary, the same.
        assert spark.execute(sql, prepare=True, binary=True).fetchall() == expected, sql


def test_columns_have_sparks_names_and_postgresqls_types(
    spark: psycopg.Connection[tuple[object, ...]],
) -> None:
    cursor = spark.execute(
        "SELECT count(1), upper('x') AS Up, 1L, array('a'), 1.5BD, named_struct('a', 1) AS s"
    )
    assert [(c.name, c.type_code) for c in cursor.description or ()][:5] == [
        ("count(1)", 20), ("Up", 25), ("1", 20), ("array(a)", 1009), ("1.5", 1700),
    ]  # fmt: skip


def test_values_are_bound(spark: psycopg.Connection[tuple[object, ...]]) -> None:
    query = "SELECT id FROM range(10) WHERE id > %s AND 'x' = %s ORDER BY id LIMIT %s"
    for _ in range(7):  # psycopg prepares the statement after the fifth
        assert spark.execute(query, (2, "x", 3)).fetchall() == [(3,), (4,), (5,)]
    day = datetime.date(2024, 2, 29)
    assert one(spark, "SELECT %s = DATE'2024-02-29' AND array_contains(%s, 2)", day, [1, 2]) is True
    hostile = "') UNION SELECT '${env:PATH}\\' -- `"
    assert one(spark, "SELECT %s || ''", hostile) == hostile
    with pytest.raises(errors.UndefinedParameter):
        spark.execute("SELECT $1")


def test_prepared_statements_and_cursors(spark: psycopg.Connection[tuple[object, ...]]) -> None:
    spark.execute("PREPARE p (int) AS SELECT transform(array($1), x -> x + 1)")
    assert one(spark, "EXECUTE p (4)") == [5]
    # It stays what it was read as.
    spark.execute("SET streamlink.dialect = 'postgres'")
    assert one(spark, "EXECUTE p (5)") == [6]
    assert one(spark, "SELECT 7 / 2") == 3
    spark.execute("RESET streamlink.dialect")
    assert one(spark, "SELECT 7 / 2") == 3.5
    with spark.transaction(), spark.cursor("c") as cursor:
        cursor.execute("SELECT id FROM range(100) ORDER BY id")
        assert cursor.fetchmany(3) == [(0,), (1,), (2,)]
        assert len(cursor.fetchall()) == 97
    with spark.cursor() as cursor, cursor.copy("COPY (SELECT explode(array('a', 'b'))) TO STDOUT") as copy:
        assert [bytes(row) for row in copy] == [b"a\n", b"b\n"]  # type: ignore[call-overload]


def test_explain(spark: psycopg.Connection[tuple[object, ...]]) -> None:
    assert "Physical Plan" in str(one(spark, "EXPLAIN SELECT explode(array(1)) FROM patent"))
    plan = one(spark, "EXPLAIN (FORMAT JSON) SELECT count(*) FROM patent LIMIT 1")
    assert "Plan" in str(plan)


@pytest.mark.parametrize(
    ("sql", "sqlstate", "position"),
    [
        ("SELECT * FROM nothing", "42P01", 15),
        ("SELECT nothing FROM patent", "42703", None),
        ("SELECT 1 / 0", "22012", None),
        ("SELECT CAST('x' AS INT)", "22P02", None),
        ("SELECT FROM patent WHERE", "42601", None),
        ("SELECT reflect('java.lang.System', 'getenv', 'PATH')", "42501", 8),
        ("SELECT my_udf(1)", "42883", 8),
        ("SELECT * FROM csv.`/etc/passwd`", "42501", 15),
        ('SELECT "x"', "0A000", 8),
        ("SELECT * FROM patent, pg_class", "0A000", 23),
        ("INSERT INTO patent SELECT 1", "0A000", 1),
        ("ADD JAR '/tmp/x.jar'", "42501", 1),
        ("SET spark.sql.ansi.enabled = false", "42501", 5),
        ("SELECT 1; SELECT reflect('a', 'b')", "42501", 18),
    ],
)
def test_errors(
    spark: psycopg.Connection[tuple[object, ...]], sql: str, sqlstate: str, position: int | None
) -> None:
    with pytest.raises(psycopg.Error) as caught:
        spark.execute(sql)
    assert caught.value.sqlstate == sqlstate
    if position is not None:
        assert caught.value.diag.statement_position == str(position)
    assert one(spark, "SELECT 1") == 1


def test_drivers_statements_stay_postgresqls(spark: psycopg.Connection[tuple[object, ...]]) -> None:
    assert "PostgreSQL" in str(one(spark, "SELECT version()"))
    assert one(spark, "SELECT current_user") == "demo"
    assert one(spark, 'SELECT count(*) FROM "pg_catalog"."pg_class" WHERE "relname" ~ \'^patent$\'') == 1
    assert one(spark, "SELECT count(*) FROM information_schema.tables WHERE table_name = 'patent'") == 1
    assert one(spark, "SHOW search_path") == 'patents, "default"'
    assert one(spark, "SELECT set_config('application_name', 'x', false)") == "x"


def test_the_setting(server: LiveServer) -> None:
    def divided(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
        return one(connection, "SELECT 7 / 2") == 3.5

    with connect(server) as connection:
        assert not divided(connection)
        connection.execute("SET streamlink.dialect = spark")
        assert one(connection, "SHOW streamlink.dialect") == "spark"
        assert divided(connection)
        connection.execute("RESET streamlink.dialect")
        assert not divided(connection)
        connection.execute("BEGIN")
        connection.execute("SET LOCAL streamlink.dialect = 'spark'")
        assert divided(connection)
        connection.execute("COMMIT")
        assert not divided(connection)
        connection.execute("BEGIN")
        connection.execute("SET streamlink.dialect = 'spark'")
        assert divided(connection)
        connection.execute("ROLLBACK")
        assert not divided(connection)
        connection.execute("SELECT set_config('streamlink.dialect', 'spark', false)")
        assert divided(connection)
        connection.execute("DISCARD ALL")
        assert not divided(connection)
        with pytest.raises(errors.InvalidParameterValue):
            connection.execute("SET streamlink.dialect = 'mysql'")
        assert not divided(connection)
    with pytest.raises(psycopg.OperationalError, match="invalid value"):
        connect(server, options="-c streamlink.dialect=mysql")


@pytest.fixture(scope="module")
def governed(spark_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("dialect")
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


def test_roles(governed: LiveServer) -> None:
    with connect(governed, "counsel", options="-c streamlink.dialect=spark") as counsel:
        assert one(counsel, "SELECT count(*) > 0 FROM cpc") is True
        for sql, said in (
            ("SELECT count(*) FROM patent", "your role's rights cannot be applied to Spark SQL"),
            (
                "SELECT p.title FROM cpc c JOIN Patents.PATENT p ON p.patent_id = c.patent_id",
                "your role's rights cannot be applied",
            ),
            ("SELECT count(*) FROM inventor", "permission denied for table inventor"),
            ("SELECT upper(cpc_code) FROM cpc", "permission denied for function upper"),
            ("EXPLAIN SELECT 1 FROM inventor", "permission denied for table inventor"),
        ):
            with pytest.raises(errors.InsufficientPrivilege, match=said):
                counsel.execute(sql)
    with connect(governed, "brief", options="-c streamlink.dialect=spark") as brief:
        with pytest.raises(errors.ConfigurationLimitExceeded, match="more than 10 rows"):
            brief.execute("SELECT id FROM range(100)")
        with pytest.raises(errors.ConfigurationLimitExceeded, match="would read about"):
            brief.execute("SELECT abstract FROM google_full")
    with (
        connect(governed, "judged", options="-c streamlink.dialect=spark") as judged,
        pytest.raises(errors.InsufficientPrivilege, match="judged"),
    ):
        judged.execute("SELECT cpc_code FROM cpc LIMIT 1")


def test_a_shape_that_was_allowed_in_one_dialect_is_not_in_the_other(governed: LiveServer) -> None:
    query = "SELECT cpc_code FROM cpc LIMIT 1"
    with connect(governed, "app") as app, connect(governed, "boss") as boss:
        with pytest.raises(errors.InsufficientPrivilege, match="firewall"):
            app.execute(query)
        time.sleep(2.5)  # the lists are looked at once a second
        boss.execute("SELECT streamlink.allow_shape(id) FROM streamlink.shapes WHERE role = 'app'")
        time.sleep(2.5)
        assert app.execute(query).fetchone() is not None
        app.execute("SET streamlink.dialect = 'spark'")
        with pytest.raises(errors.InsufficientPrivilege, match="firewall"):
            app.execute(query)
        time.sleep(2.5)
        seen = boss.execute(
            "SELECT text FROM streamlink.shapes WHERE role = 'app' AND state = 'pending'"
        ).fetchall()
        assert ("spark: select cpc_code from patents . cpc limit $1",) in seen


def test_the_command_says_it_too() -> None:
    for dialect, status in (("spark", 0), ("postgres", 1)):
        outcome = subprocess.run(
            [
                sys.executable,
                "-m",
                "proxy",
                "check",
                "--dialect",
                dialect,
                "SELECT `a` FROM t LATERAL VIEW explode(b)",
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome.returncode == status, outcome.stderr
