"""Which views read a table, from their texts."""

from __future__ import annotations

import pytest

from proxy.dependents import dependents, reads
from proxy.ports import Catalogue, Table
from spark_thrift.errors import SparkError


@pytest.mark.parametrize(
    ("text", "home", "expected"),
    [
        ("SELECT a FROM `w`.`t` AS `t`", "x", True),
        ("SELECT a FROM t", "w", True),
        ("SELECT a FROM t", "x", False),
        ("SELECT t FROM w.u", "w", False),
        ("SELECT 't' FROM w.u", "w", False),
        ("SELECT a FROM w.u WHERE a IN (SELECT b FROM W.T)", "x", True),
        ("WITH q AS (SELECT a FROM w.t) SELECT * FROM q", "x", True),
        ("SELECT a FROM w.tt", "w", False),
        ("this is not SQL and says t (", "w", True),
        ("this is not SQL (", "w", False),
    ],
)
def test_reads(text: str, home: str, expected: bool) -> None:
    assert reads(text, home, ("w", "t")) is expected


async def test_dependents() -> None:
    views = {("w", name): Table("w", name, "view", ()) for name in ("gone", "other", "reader")}
    table = Table("w", "t", "table", ())
    texts = {"reader": "SELECT * FROM t", "other": "SELECT * FROM w.u"}

    async def command(sql: str) -> list[tuple[str | None, ...]]:
        name = sql.rpartition(".")[2].strip("`")
        if name not in texts:
            raise SparkError("it is gone", sqlstate="42P01")
        return [("View Text", texts[name], ""), ("View Catalog and Namespace", "`spark_catalog`.`w`", "")]

    assert await dependents(table, Catalogue(1, {("w", "t"): table, **views}), command) == [("w", "reader")]
