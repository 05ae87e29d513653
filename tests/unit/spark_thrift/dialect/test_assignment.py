"""Assignment casts in Spark SQL, from the table beside this file; a query and its columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.gate import Gate
from checker.verdict import Allowed
from spark_thrift.dialect import Untranslatable
from spark_thrift.dialect.assignment import assigned_query, default_value

SCHEMA = {
    ("s", "f"): [
        ("i", "int"), ("b", "bigint"), ("n", "decimal(12,4)"), ("d", "double"), ("t", "string"),
        ("v", "varchar(9)"), ("c", "char(3)"), ("day", "date"), ("clock", "timestamp_ntz"),
        ("moment", "timestamp"), ("ok", "boolean"), ("list", "array<int>"), ("doc", "map<string,int>"),
    ]
}  # fmt: skip
ROWS = [
    tuple(part.strip() for part in line.split(" | "))
    for line in (Path(__file__).parent / "assignments.txt").read_text("utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]


def tree(sql: str):  # type: ignore[no-untyped-def]
    verdict = Gate().check(sql)
    assert isinstance(verdict, Allowed), verdict
    assert verdict.tree is not None
    return verdict.tree


@pytest.mark.parametrize(("expression", "kind", "expected"), ROWS)
def test_assigned(expression: str, kind: str, expected: str) -> None:
    query = tree(f"SELECT {expression} FROM s.f")
    if expected.startswith("!"):
        with pytest.raises(Untranslatable) as refused:
            assigned_query(query, SCHEMA, [("x", kind)], relation="t")
        assert refused.value.sqlstate == expected[1:]
        return
    sql, width = assigned_query(query, SCHEMA, [("x", kind)], relation="t", subscript_base=1)
    assert width == 1
    assert sql.startswith(f"SELECT {expected} AS `x` FROM (SELECT ")
    assert sql.endswith(") AS `q`(c0)")


def test_not_null_is_checked_where_it_was_declared() -> None:
    sql, _ = assigned_query(
        tree("SELECT i, i FROM s.f"), SCHEMA, [("a", "int"), ("b", "int")], relation="t", not_null=["b"]
    )
    message = r"null value in column \"b\" of relation \"t\" violates not-null constraint".replace("\\", "")
    assert "SELECT `q`.`c0` AS `a`, CASE WHEN `q`.`c1` IS NULL THEN raise_error('[23502] " in sql
    assert message in sql


def test_fewer_columns_than_the_table_has_and_more() -> None:
    columns = [("a", "int"), ("b", "int")]
    assert assigned_query(tree("SELECT i FROM s.f"), SCHEMA, columns, relation="t")[1] == 1
    with pytest.raises(Untranslatable, match="more expressions than target columns"):
        assigned_query(tree("SELECT i, i, i FROM s.f"), SCHEMA, columns, relation="t")


@pytest.mark.parametrize(
    ("expression", "kind", "expected"),
    [
        ("5", "int", "5"),
        ("'it''s'", "string", "'it\\'s'"),
        ("NULL", "int", "NULL"),
        ("'7'", "int", "7"),
        ("1.5", "decimal(5,2)", "CAST(1.5BD AS DECIMAL(5, 2))"),
        ("'{1,2}'", "array<int>", "array(1, 2)"),
    ],
)
def test_defaults(expression: str, kind: str, expected: str) -> None:
    node = tree(f"SELECT {expression}").expressions[0]
    assert default_value(node, kind) == expected
