"""Sessions and operations against a real Spark Thrift Server."""

from __future__ import annotations

import asyncio

import pytest

from spark_thrift.catalogue import read_catalogue, read_table
from spark_thrift.client import Endpoint, SparkClient, SparkSession
from spark_thrift.errors import EngineUnavailable, SparkError
from spark_thrift.messages import count_rows, text_rows
from spark_thrift.session import DescribedColumn

pytestmark = pytest.mark.spark


async def rows_of(session: SparkSession, sql: str) -> tuple[int, int]:
    """Rows and frames."""
    operation = await session.execute(sql)
    rows = frames = 0
    while (frame := await operation.fetch()) is not None:
        rows += count_rows(frame)
        frames += 1
    assert await operation.fetch() is None
    await operation.close()
    return rows, frames


async def test_a_session_has_its_user_and_settings(spark_client: SparkClient) -> None:
    session = await spark_client.open_session("alice", {"spark.sql.session.timeZone": "Europe/Berlin"})
    assert await session.run_command("SELECT current_user(), current_timezone()") == [
        ("alice", "Europe/Berlin")
    ]
    assert await session.run_command('SELECT "a" FROM VALUES (7) AS t(a)') == [("7",)]
    for key in ("spark.sql.ansi.enabled", "spark.sql.thriftServer.incrementalCollect"):
        assert await session.run_command(f"SET {key}") == [(key, "true")]
    await session.set_conf("spark.sql.session.timeZone", "America/New_York")
    assert await session.run_command("SELECT current_timezone()") == [("America/New_York",)]
    await session.close()
    await session.close()
    assert session.broken


async def test_sessions_do_not_share_temporary_views(spark_client: SparkClient) -> None:
    one, two = await spark_client.open_session("a"), await spark_client.open_session("b")
    await one.run_command("CREATE TEMPORARY VIEW only_here AS SELECT 1 AS x")
    with pytest.raises(SparkError) as caught:
        await two.execute("SELECT * FROM only_here")
    assert caught.value.sqlstate == "42P01"
    await one.close()
    await two.close()


@pytest.mark.parametrize("count", [0, 1, 999, 1_000, 1_001, 11_000, 11_001, 50_000])
async def test_every_row_arrives_once(spark_session: SparkSession, count: int) -> None:
    rows, _ = await rows_of(spark_session, f"SELECT id, concat('x', id) FROM range({count})")
    assert rows == count


async def test_rows_come_in_order_over_frames(spark_session: SparkSession) -> None:
    operation = await spark_session.execute("SELECT id FROM range(0, 30000, 1, 3) ORDER BY id DESC")
    got: list[int] = []
    while (frame := await operation.fetch()) is not None:
        got += [int(row[0] or -1) for row in text_rows(frame)]
    assert got == list(range(29_999, -1, -1))


async def test_wide_rows_come_in_smaller_frames(spark_session: SparkSession) -> None:
    operation = await spark_session.execute("SELECT repeat('x', 20000) FROM range(5000)")
    sizes = []
    while (frame := await operation.fetch()) is not None:
        sizes.append(len(frame))
    assert sum(sizes) > 5000 * 20_000
    assert max(sizes[1:]) < 6 << 20


async def test_columns_are_known_when_a_statement_is_done(spark_session: SparkSession) -> None:
    operation = await spark_session.execute("SELECT 1 AS a, 'x' AS b")
    assert [c.name for c in operation.columns] == ["a", "b"]
    await operation.close()
    await operation.close()


async def test_describe_runs_nothing(spark_session: SparkSession) -> None:
    described = await spark_session.describe(
        "SELECT array(1, 2) AS a, CAST(1 AS DECIMAL(10, 2)) AS b, 1 / 0 AS c"
    )
    assert described == (
        DescribedColumn("a", "array<int>"),
        DescribedColumn("b", "decimal(10,2)"),
        DescribedColumn("c", "double"),
    )


@pytest.mark.parametrize(
    ("sql", "sqlstate", "line", "column"),
    [
        ("SELECT 1/0", "22012", 1, 8),
        ("SELECT 10/(id-5) FROM range(10)", "22012", 1, 8),
        ("SELECT\n nme FROM (SELECT 1 AS name)", "42703", 2, 2),
        ("SELECT * FROM nope.t", "42P01", 1, 15),
        ("SELEC 1", "42601", 1, 1),
        ("SELECT CAST('a' AS INT)", "22P02", 1, 8),
        ("SELECT raise_error('boom')", "P0001", None, None),
    ],
)
async def test_errors_have_a_sqlstate_and_no_java(
    spark_session: SparkSession, sql: str, sqlstate: str, line: int | None, column: int | None
) -> None:
    with pytest.raises(SparkError) as caught:
        await rows_of(spark_session, sql)
    error = caught.value
    assert (error.sqlstate, error.line, error.column) == (sqlstate, line, column)
    assert "org.apache" not in error.message
    assert "SQLSTATE" not in error.message
    assert sql not in f"{error.message} {error.hint}"
    assert await spark_session.run_command("SELECT 1") == [("1",)]


async def test_two_operations_take_turns_on_one_session(spark_session: SparkSession) -> None:
    first = await spark_session.execute("SELECT id FROM range(25000)")
    second = await spark_session.execute("SELECT id FROM range(25000)")
    counts = [0, 0]
    for _ in range(10):
        for index, operation in enumerate((first, second)):
            if (frame := await operation.fetch()) is not None:
                counts[index] += count_rows(frame)
    assert counts == [25_000, 25_000]
    await first.close()
    await second.close()


async def test_many_sessions_at_once(spark_client: SparkClient) -> None:
    async def one(number: int) -> list[tuple[str | None, ...]]:
        session = await spark_client.open_session(f"user{number}")
        try:
            return await session.run_command(f"SELECT current_user(), {number}")
        finally:
            await session.close()

    answers = await asyncio.gather(*(one(n) for n in range(20)))
    assert answers == [[(f"user{n}", str(n))] for n in range(20)]


async def test_sessions_come_and_go_at_once(spark_client: SparkClient) -> None:
    """Hive deletes a session's folders when it closes; what another session has just found must not be among them."""

    async def one(number: int) -> None:
        for _ in range(8):
            session = await spark_client.open_session(f"user{number}")
            await session.close()

    await asyncio.gather(*(one(n) for n in range(16)))


async def test_nobody_listens(unused_port: int) -> None:
    client = SparkClient(Endpoint("127.0.0.1", unused_port))
    with pytest.raises(EngineUnavailable) as caught:
        await client.open_session("x")
    assert caught.value.sqlstate == "08006"
    await client.close()


async def test_the_catalogue_has_every_type_and_comment(spark_session: SparkSession) -> None:
    run = spark_session.run_command
    await run("CREATE SCHEMA cat")
    await run("CREATE SCHEMA `cat_empty`")
    try:
        await run(
            "CREATE TABLE cat.t (a INT COMMENT 'it''s a', B VARCHAR(10), c DECIMAL(10,2), "
            "d ARRAY<STRUCT<fooBar: INT, `y z`: STRING>>, p CHAR(3)) USING parquet PARTITIONED BY (p) COMMENT 'all'"
        )
        await run("CREATE VIEW cat.v COMMENT 'a view' AS SELECT a FROM cat.t")
        await run("CREATE TEMPORARY VIEW passing AS SELECT 1 AS x")
        catalogue = await read_catalogue(spark_session)
        tables = {(table.schema, table.name): table for table in catalogue}
        assert {"default", "cat", "cat_empty"} <= set(catalogue.schemas)
        table, view = tables["cat", "t"], tables["cat", "v"]
        assert [(c.name, c.spark_type, c.comment) for c in table.columns] == [
            ("a", "int", "it's a"),
            ("B", "varchar(10)", ""),
            ("c", "decimal(10,2)", ""),
            ("d", "array<struct<fooBar:int,`y z`:string>>", ""),
            ("p", "char(3)", ""),
        ]
        assert (table.kind, table.comment, view.kind, view.comment) == ("table", "all", "view", "a view")
        assert not [t for t in tables if t[1] == "passing"]
        assert (await read_catalogue(spark_session)).fingerprint == catalogue.fingerprint
        assert view.view_text is None
        with_texts = {t.name: t for t in await read_catalogue(spark_session, view_texts=True)}
        assert (with_texts["v"].view_text, with_texts["v"].view_schema) == ("SELECT a FROM cat.t", "default")
        assert with_texts["t"].view_text is None
        for one in (table, view):
            assert await read_table(spark_session, "cat", one.name) == one
        assert await read_table(spark_session, "cat", "v", view_text=True) == with_texts["v"]
        assert await read_table(spark_session, "cat", "none") is None

        # What GetColumns cannot tell is described, and the fingerprint moves.
        await run("CREATE TABLE cat.w (v VARIANT, p INT) USING parquet PARTITIONED BY (p)")
        changed = await read_catalogue(spark_session)
        assert changed.fingerprint != catalogue.fingerprint
        fresh = await read_table(spark_session, "cat", "w")
        assert fresh == next(each for each in changed if (each.schema, each.name) == ("cat", "w"))
        more = catalogue.with_table("cat", "w", fresh)
        assert fresh in more.tables
        assert more.fingerprint != catalogue.fingerprint
        assert more.with_table("cat", "w", None) == catalogue
        tables = {(table.schema, table.name): table for table in changed}
        assert [(c.name, c.spark_type) for c in tables["cat", "w"].columns] == [
            ("v", "variant"),
            ("p", "int"),
        ]
        assert tables["cat", "t"].columns[2] == table.columns[2]
    finally:
        await run("DROP SCHEMA cat CASCADE")
        await run("DROP SCHEMA cat_empty CASCADE")
