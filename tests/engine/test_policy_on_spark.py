"""Filters, masks and hidden columns on a real Spark: the rows that come, and the errors that must not.

Spark evaluates what it can where it stands best for speed: on a partition's values while it plans, below a join.  So
an expression that raises would tell of hidden rows, were it not kept above the filter.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from checker import enforce as enforce_module
from checker.context import READ_ALL, Context, Grants, Mask, RowFilter
from checker.gate import Gate
from checker.verdict import Allowed, Denied
from proxy.ports import Catalogue, Column, Table
from proxy.routing import qualified
from spark_thrift.client import SparkClient
from spark_thrift.dialect import to_spark
from spark_thrift.errors import SparkError
from spark_thrift.session import SparkSession
from spark_thrift.transport import Endpoint
from training.grammar import GRAMMAR_ALONE

pytestmark = pytest.mark.spark

SALES = Table(
    "pol",
    "sales",
    "table",
    (
        Column("id", "int"),
        Column("amount", "decimal(12,2)"),
        Column("note", "string"),
        Column("tags", "array<string>"),
        Column("more", "struct<a:int>"),
        Column("tenant", "string"),
        Column("part", "int"),
    ),
)
ACL = Table("pol", "acl", "table", (Column("usr", "string"), Column("tenant", "string")))
SCHEMA = Catalogue(1, {(t.schema, t.name): t for t in (SALES, ACL)}, frozenset({"pol"}))
SETUP = (
    "CREATE SCHEMA IF NOT EXISTS pol",
    "DROP TABLE IF EXISTS pol.sales",
    "DROP TABLE IF EXISTS pol.acl",
    "CREATE TABLE pol.sales (id INT, amount DECIMAL(12,2), note STRING, tags ARRAY<STRING>, more STRUCT<a: INT>,"
    " tenant STRING, part INT) USING parquet PARTITIONED BY (part)",
    "INSERT INTO pol.sales VALUES (1, 10, 'x', array('k'), named_struct('a', 1), 'a', 1),"
    " (2, 20, '2', array(), NULL, 'a', 1), (3, 30, 'not a number', NULL, NULL, 'b', 2)",
    "CREATE TABLE pol.acl (usr STRING, tenant STRING) USING parquet",
    "INSERT INTO pol.acl VALUES ('ann', 'a'), ('bob', 'b')",
)
FILTERED = replace(READ_ALL, filters=(RowFilter("pol.sales", "tenant = 'a'"),))
BY_TABLE = replace(
    READ_ALL,
    filters=(RowFilter("pol.sales", "tenant IN (SELECT a.tenant FROM pol.acl AS a WHERE a.usr = 'ann')"),),
)
MASKED = replace(
    READ_ALL,
    masks=(
        Mask("pol.sales.amount", "round(amount / 100) * 100"),
        Mask("pol.sales.note", "left(note, 1) || '..'"),
        *(Mask(f"pol.sales.{name}") for name in ("tags", "more", "tenant")),
    ),
)


@pytest.fixture(scope="module")
def loaded(spark_endpoint: Endpoint) -> Endpoint:
    asyncio.run(_load(spark_endpoint))
    return spark_endpoint


async def _load(endpoint: Endpoint) -> None:
    client = SparkClient(endpoint)
    session = await client.open_session("policy")
    for statement in SETUP:
        await session.run_command(statement)
    await session.close()
    await client.close()


def to_run(sql: str, grants: Grants) -> str:
    context = Context(replace(grants, injection=GRAMMAR_ALONE.grants.injection), SCHEMA, ("pol",))
    verdict = Gate().check(sql, context)
    assert isinstance(verdict, Allowed), verdict
    assert verdict.tree is not None
    tree = qualified(verdict.tree, SCHEMA, ("pol",), "spark_catalog")
    columns = {key: [(c.name, c.spark_type) for c in t.columns] for key, t in SCHEMA.tables.items()}
    return to_spark(tree, columns, subscript_base=1)


async def rows(session: SparkSession, sql: str, grants: Grants) -> str:
    found = await session.run_command(to_run(sql, grants))
    shown = sorted(",".join("NULL" if value is None else str(value) for value in row) for row in found)
    return " / ".join(shown) or "nothing"


def cases(role: str) -> list[tuple[str, str]]:
    lines = (Path(__file__).parent / "policy_rows.txt").read_text("utf-8").splitlines()
    rows = [line.split(" | ", 2) for line in lines if line.strip() and not line.startswith("#")]
    return [(expected, sql) for who, expected, sql in rows if who == role]


@pytest.mark.parametrize("grants", [FILTERED, BY_TABLE], ids=["by a column", "by another table"])
@pytest.mark.parametrize(("expected", "sql"), cases("filtered"))
async def test_rows_of_a_filtered_table(
    expected: str, sql: str, grants: Grants, loaded: Endpoint, spark_session: SparkSession
) -> None:
    assert await rows(spark_session, sql, grants) == expected


async def test_the_guard_is_needed(
    loaded: Endpoint, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it Spark does raise on values of rows that the filter would drop."""
    monkeypatch.setattr(enforce_module, "may_raise", lambda tree: False)
    probes = [("SELECT id FROM sales WHERE 1 / (part - 2) < 5", FILTERED)]
    probes += [("SELECT id FROM sales WHERE 1 / (id - 3) < 5", BY_TABLE)]
    for sql, grants in probes:
        with pytest.raises(SparkError, match="ivi"):
            await rows(spark_session, sql, grants)


@pytest.mark.parametrize(("expected", "sql"), cases("masked"))
async def test_rows_of_a_masked_table(
    expected: str, sql: str, loaded: Endpoint, spark_session: SparkSession
) -> None:
    assert await rows(spark_session, sql, MASKED) == expected


async def test_types_stay(loaded: Endpoint, spark_session: SparkSession) -> None:
    for grants in (FILTERED, BY_TABLE, MASKED):
        for extra in ("", " WHERE 1 / (id + 1) < 5"):
            described = await spark_session.describe(to_run(f"SELECT * FROM sales{extra}", grants))
            assert [(c.name, c.spark_type) for c in described] == [
                (c.name, c.spark_type) for c in SALES.columns
            ]


def test_a_name_that_only_case_tells_apart_reaches_nothing() -> None:
    """Spark is blind to case: what PostgreSQL does not know must not be found there."""
    context = Context(replace(FILTERED, injection=GRAMMAR_ALONE.grants.injection), SCHEMA, ("pol",))
    for sql in (
        'SELECT median(id) FROM "Sales"',
        'SELECT median(id), (SELECT max(id) FROM pol."SALES") FROM sales',
    ):
        verdict = Gate().check(sql, context)
        assert isinstance(verdict, Denied)
        assert verdict.code == "unknown_table"
