"""Spark's plans in PostgreSQL's JSON, from plans that Spark makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from spark_thrift.explained import as_json
from spark_thrift.session import SparkSession


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


async def explained(session: SparkSession, sql: str) -> list[dict[str, Any]]:
    rows = await session.run_command(f"EXPLAIN {sql}")
    text = as_json("\n".join(row[0] or "" for row in rows))
    assert "file:" not in text
    return list(nodes(json.loads(text)[0]["Plan"]))


@pytest.mark.spark
@pytest.mark.parametrize(
    ("sql", "types"),
    [
        ("SELECT 1", {"Result"}),
        ("SELECT title FROM patents.patent WHERE grant_year = 2012", {"Seq Scan"}),
        (
            "SELECT assignee, count(*) FROM patents.google_full GROUP BY 1 ORDER BY 2 DESC LIMIT 10",
            {"Limit", "Aggregate", "Gather", "Seq Scan"},
        ),
        (
            "SELECT p.title FROM patents.patent p LEFT JOIN patents.assignee a ON a.patent_id = p.patent_id",
            {"Seq Scan"},
        ),
        ("SELECT row_number() OVER (ORDER BY title) FROM patents.patent", {"WindowAgg", "Sort"}),
        ("SELECT title FROM patents.patent UNION ALL SELECT organization FROM patents.assignee", {"Append"}),
        ("SELECT * FROM patents.patent a, patents.cpc b WHERE a.title < b.cpc_code", {"Nested Loop"}),
    ],
)
async def test_plans_have_postgresqls_nodes(spark_session: SparkSession, sql: str, types: set[str]) -> None:
    found = await explained(spark_session, sql)
    assert types <= {node["Node Type"] for node in found}, found


@pytest.mark.spark
async def test_what_the_nodes_say(spark_session: SparkSession) -> None:
    found = await explained(
        spark_session,
        "SELECT a.organization, count(*) FROM patents.patent p LEFT JOIN patents.assignee a "
        "ON a.patent_id = p.patent_id WHERE p.grant_year > 2009 GROUP BY 1",
    )
    aggregates = [node for node in found if node["Node Type"] == "Aggregate"]
    assert {node["Partial Mode"] for node in aggregates} == {"Partial", "Simple"}
    assert aggregates[0]["Group Key"] == ["organization"]
    join = next(node for node in found if node["Node Type"] in ("Hash Join", "Merge Join"))
    assert join["Join Type"] == "Left"
    scans = {node["Relation Name"]: node for node in found if node["Node Type"] == "Seq Scan"}
    assert set(scans) == {"patent", "assignee"}
    assert scans["patent"]["Schema"] == "patents"
    assert "grant_year > 2009" in scans["patent"]["Filter"]


def test_a_text_without_a_plan() -> None:
    assert json.loads(as_json("")) == [{"Plan": {}}]
    assert (
        json.loads(as_json("== Physical Plan ==\nCommand result: x"))[0]["Plan"]["Node Type"] == "Custom Scan"
    )
