"""Each statement of dialect_corpus.sql on PostgreSQL and, translated, on Spark, over the same data.

PostgreSQL is the oracle: equal rows, in its order where the statement has one, under its column names; where it
raises, the translation is refused or Spark raises too.  The session's zone has a summer time, so that a detour
through local clocks shows.  PostgreSQL maps case by full Unicode rules here (pg_unicode_fast), as Spark does.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlglot import parse_one

from checker.gate import Gate
from checker.verdict import Allowed
from spark_thrift.client import SparkClient, SparkSession
from spark_thrift.dialect import Untranslatable, to_spark
from spark_thrift.errors import SparkError
from spark_thrift.transport import Endpoint
from spark_thrift.types import adapted_query, wrap_projection

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from oracle_values import (  # noqa: E402
    Column,
    Table,
    equal,
    from_postgres,
    from_spark,
    read_tables,
    sorting_key,
)
from postgres import running_postgres  # noqa: E402

pytestmark = pytest.mark.spark

ZONE = "America/New_York"
TABLES = read_tables(HERE / "dialect_data.txt")
SCHEMA = {("d", table.name): [(column.name, column.spark) for column in table.columns] for table in TABLES}


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of the corpus."""

    sql: str
    fails: bool


def read_corpus() -> list[Statement]:
    lines = (HERE / "dialect_corpus.sql").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line.strip() and not line.startswith("--")]
    return [Statement(line.removeprefix("error "), line.startswith("error ")) for line in wanted]


@pytest.fixture(scope="module")
def oracle() -> Iterator[psycopg.Connection[Any]]:
    with running_postgres() as port:
        address = f"host=127.0.0.1 port={port} user=postgres"
        with psycopg.connect(f"{address} dbname=postgres", autocommit=True) as admin:
            admin.execute(
                "CREATE DATABASE oracle TEMPLATE template0 LOCALE_PROVIDER builtin"
                " BUILTIN_LOCALE 'PG_UNICODE_FAST' LOCALE 'C'"
            )
        with psycopg.connect(f"{address} dbname=oracle", autocommit=True) as connection:
            connection.execute("CREATE SCHEMA d")
            for table in TABLES:
                _load_postgres(connection, table)
            connection.execute(f"SET timezone = '{ZONE}'")
            yield connection


def _load_postgres(connection: psycopg.Connection[Any], table: Table) -> None:
    listed = ", ".join(f'"{column.name}" {column.postgres}' for column in table.columns)
    connection.execute(f'CREATE TABLE d."{table.name}" ({listed})'.encode())
    marks = ", ".join(f"%s::{column.postgres}" for column in table.columns)
    for row in table.rows:
        values = [
            json.loads(value) if value is not None and column.postgres.endswith("[]") else value
            for column, value in zip(table.columns, row, strict=True)
        ]
        connection.execute(f'INSERT INTO d."{table.name}" VALUES ({marks})'.encode(), values)


@pytest.fixture(scope="module")
def loaded(spark_endpoint: Endpoint) -> Endpoint:
    asyncio.run(_load_spark(spark_endpoint))
    return spark_endpoint


async def _load_spark(endpoint: Endpoint) -> None:
    client = SparkClient(endpoint)
    session = await client.open_session("oracle", {"spark.sql.session.timeZone": "UTC"})
    await session.run_command("CREATE SCHEMA IF NOT EXISTS d")
    for table in TABLES:
        listed = ", ".join(f"`{column.name}` {column.spark}" for column in table.columns)
        await session.run_command(f"DROP TABLE IF EXISTS d.`{table.name}`")
        await session.run_command(f"CREATE TABLE d.`{table.name}` ({listed}) USING parquet")
        rows = ", ".join(f"({', '.join(map(_spark_value, row, table.columns))})" for row in table.rows)
        await session.run_command(f"INSERT INTO d.`{table.name}` VALUES {rows}")
    await session.close()
    await client.close()


def _spark_value(value: str | None, column: Column) -> str:
    if value is None:
        return f"CAST(NULL AS {column.spark})"
    quoted = value.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\u0024{")
    if column.spark.startswith("array"):
        return f"from_json('{quoted}', '{column.spark}')"
    return f"CAST('{quoted}' AS {column.spark})"


def translations(sql: str) -> list[str]:
    """The translation of the gate's tree, and that of sqlglot's own reading where it differs in more than names."""
    verdict = Gate().check(sql)
    if not isinstance(verdict, Allowed) or verdict.tree is None:
        raise Untranslatable(f"{verdict}")
    found = [to_spark(verdict.tree, SCHEMA, subscript_base=1)]
    try:
        other = to_spark(parse_one(sql, read="postgres"), SCHEMA)
    except Untranslatable:
        return found
    unnamed = [re.sub(r" AS `[^`]*`", "", text) for text in (found[0], other)]
    return found if unnamed[0] == unnamed[1] else [*found, other]


async def run(session: SparkSession, sql: str) -> tuple[list[str], list[str], list[list[Any]]]:
    """Names, types and rows, read as the server reads them: described, then with the types' adapters."""
    described = await session.describe(sql)
    types = [column.spark_type for column in described]
    adapters = wrap_projection([(column.name, column.spark_type) for column in described])
    rows = await session.run_command(adapted_query(sql, adapters))
    return (
        [column.name for column in described],
        types,
        [[from_spark(value, kind) for value, kind in zip(row, types, strict=True)] for row in rows],
    )


def ordered(sql: str) -> bool:
    """Whether the statement's own rows have an order: an ORDER BY outside of all parentheses."""
    depth, outside = 0, []
    for character in sql:
        depth += (character == "(") - (character == ")")
        outside.append(character if depth == 0 else "")
    return "ORDER BY" in "".join(outside)


class Engine:
    """One session of Spark's for all statements, behind a loop of its own."""

    def __init__(self, runner: asyncio.Runner, session: SparkSession) -> None:
        self._runner = runner
        self._session = session

    def answer(self, sql: str) -> tuple[list[str], list[str], list[list[Any]]]:
        return self._runner.run(run(self._session, sql))


@pytest.fixture(scope="module")
def engine(loaded: Endpoint) -> Iterator[Engine]:
    with asyncio.Runner() as runner:
        client = SparkClient(loaded)
        session = runner.run(client.open_session("oracle", {"spark.sql.session.timeZone": ZONE}))
        yield Engine(runner, session)
        runner.run(session.close())
        runner.run(client.close())


@pytest.mark.parametrize("statement", read_corpus(), ids=lambda statement: statement.sql[:80])
def test_the_answer_is_postgresqls(
    statement: Statement, oracle: psycopg.Connection[Any], engine: Engine
) -> None:
    if statement.fails:
        with pytest.raises(psycopg.Error):
            oracle.execute(statement.sql.encode())
        with pytest.raises((Untranslatable, SparkError)):
            answers(engine, statement.sql)
        return
    cursor = oracle.execute(statement.sql.encode())
    names = [column.name for column in cursor.description or ()]
    expected = [[from_postgres(value) for value in row] for row in cursor.fetchall()]
    for position, (sql, (spark_names, types, rows)) in enumerate(answers(engine, statement.sql)):
        if position == 0:
            assert spark_names == names, sql
        if not ordered(statement.sql):
            expected.sort(key=sorting_key)
            rows.sort(key=sorting_key)
        assert len(rows) == len(expected), sql
        for wanted, found in zip(expected, rows, strict=True):
            same = [equal(one, other, kind) for one, other, kind in zip(wanted, found, types, strict=True)]
            assert all(same), f"{sql}\nPostgreSQL: {wanted}\nSpark:      {found}"


def answers(engine: Engine, statement: str) -> list[tuple[str, tuple[list[str], list[str], list[list[Any]]]]]:
    return [(sql, engine.answer(sql)) for sql in translations(statement)]


def test_the_corpus_is_large() -> None:
    assert len(read_corpus()) >= 250
