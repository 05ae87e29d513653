"""VALUES without the DEFAULTs that Spark fills in, and as a query."""

from __future__ import annotations

import pytest
from sqlglot import expressions as exp

from checker.gate import Gate
from checker.render import to_postgres
from checker.verdict import Allowed
from proxy.ports import Column, Table
from proxy.sqlstate import Refused
from proxy.targets import Target, as_query, without_defaults

TABLE = Table("w", "t", "table", tuple(Column(name, "int") for name in "abc"))
TARGET = Target(TABLE, frozenset(), frozenset({"b"}))


def values(sql: str) -> exp.Values:
    verdict = Gate().check(sql)
    assert isinstance(verdict, Allowed)
    assert isinstance(verdict.tree, exp.Values)
    return verdict.tree


@pytest.mark.parametrize(
    ("sql", "names", "left", "expected"),
    [
        ("VALUES (1, 2, 3)", "abc", "abc", "VALUES (1, 2, 3)"),
        ("VALUES (1, DEFAULT, 3), (4, DEFAULT, 6)", "abc", "ac", "VALUES (1, 3), (4, 6)"),
        ("VALUES (1, DEFAULT), (DEFAULT, DEFAULT)", "ab", "a", "VALUES (1), (NULL)"),
        ("VALUES (1, 2, DEFAULT), (1, 2, 3)", "abc", "abc", "VALUES (1, 2, NULL), (1, 2, 3)"),
        ("VALUES ($1, DEFAULT, $2)", "abc", "ac", "VALUES ($1, $2)"),
    ],
)
def test_without_defaults(sql: str, names: str, left: str, expected: str) -> None:
    tree = values(sql)
    before = to_postgres(tree)
    kept, found = without_defaults(tree, tuple(names), TARGET)
    assert ("".join(kept), to_postgres(found)) == (left, expected)
    assert to_postgres(tree) == before


def test_rows_of_defaults_alone() -> None:
    kept, found = without_defaults(values("VALUES (DEFAULT), (DEFAULT)"), ("b",), TARGET)
    assert (kept, len(found.expressions)) == ((), 2)


def test_a_default_that_is_no_null_in_some_rows_only() -> None:
    with pytest.raises(Refused, match='DEFAULT of column "b" in some rows only'):
        without_defaults(values("VALUES (1, DEFAULT), (1, 2)"), ("a", "b"), TARGET)


def test_as_query() -> None:
    assert to_postgres(as_query(values("VALUES (1, 'x')"))) == "SELECT 1, 'x'"
    assert (
        to_postgres(as_query(values("VALUES (1), (2), (3)")))
        == "SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3"
    )


def test_columns_by_name() -> None:
    assert [column.name for column in TARGET.columns(["c", "a"])] == ["c", "a"]
    with pytest.raises(Refused, match='column "z" of relation "t" does not exist'):
        TARGET.columns(["z"])
