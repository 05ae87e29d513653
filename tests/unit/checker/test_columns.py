"""What a query reads, from the table beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checker.columns import read
from checker.gate import Gate
from checker.reading import Elsewhere, Reading, blind
from checker.verdict import Allowed
from proxy.ports import Catalogue, Column, Table
from training.grammar import GRAMMAR_ALONE


def _table(name: str, *columns: str, schema: str = "s") -> Table:
    return Table(schema, name, "table", tuple(Column(column, "int") for column in columns))


TABLES = (
    _table("t", "a", "b", "c"),
    _table("u", "a", "d"),
    _table("T", "A"),
    _table("long", "l" * 70),
    _table("t", "a", "x", schema="other"),
)
SCHEMA = Catalogue(1, {(t.schema, t.name): t for t in TABLES})


def _find(node: Any) -> Table | Elsewhere:
    found = SCHEMA.find(node.args["db"].name if node.args.get("db") else None, node.this.name, ("s",))
    return found if found is not None else Elsewhere.UNKNOWN


def _reading(sql: str) -> Reading:
    verdict = Gate().check(sql, GRAMMAR_ALONE)
    assert isinstance(verdict, Allowed), verdict
    assert verdict.tree is not None
    return read(verdict.tree.copy(), _find)


def _shown(reading: Reading) -> str:
    found = set()
    for use in reading.uses:
        table = use.table.name if use.table.schema == "s" else f"{use.table.schema}.{use.table.name}"
        found |= {f"{table}.*"} if use.starred else {f"{table}.{column}" for column in use.columns}
    found |= {f"?{name.name}" for name in reading.unresolved} | {f"!{n.this.name}" for n in reading.unknown}
    return " ".join(sorted(found)) or "-"


def _rows() -> list[tuple[str, str]]:
    lines = (Path(__file__).parent / "columns.txt").read_text("utf-8").splitlines()
    pairs = [line.split(" | ", 1) for line in lines if line.strip() and not line.startswith("#")]
    return [(reads, sql) for reads, sql in pairs]


@pytest.mark.parametrize(("reads", "sql"), [pytest.param(*row, id=row[1][:70]) for row in _rows()])
def test_reads(reads: str, sql: str) -> None:
    reading = _reading(sql)
    assert not reading.strays
    assert _shown(reading).split() == sorted(reads.split())


def test_places_are_positions_in_the_text() -> None:
    use = _reading("SELECT a, x.b, x.* FROM t AS x").uses[0]
    assert (use.position, use.columns, use.star_position) == (25, {"a": 8, "b": 11}, 16)
    assert [name.position for name in _reading("SELECT nope, x.nope FROM t AS x").unresolved] == [8, 14]


def test_a_later_sibling_is_refused() -> None:
    """PostgreSQL reads the WITH's own `u` there, Spark would read the table."""
    reading = _reading("WITH RECURSIVE x AS (SELECT * FROM u), u AS (SELECT 1 AS a) SELECT * FROM x")
    assert [node.this.name for node in reading.strays] == ["u"]


def test_a_node_that_no_rule_visits_is_a_stray() -> None:
    verdict = Gate().check("SELECT a FROM t", GRAMMAR_ALONE)
    assert isinstance(verdict, Allowed)
    assert verdict.tree is not None
    tree = verdict.tree.copy()
    tree.set("somewhere", tree.args["from_"].this.copy())
    assert len(read(tree, _find).strays) == 1


def test_names_without_regard_to_case() -> None:
    """As Spark reads a view's query."""
    verdict = Gate().check('SELECT "A", x."B" FROM t AS "X"', GRAMMAR_ALONE)
    assert isinstance(verdict, Allowed)
    assert verdict.tree is not None
    reading = read(verdict.tree.copy(), _find, blind)
    assert _shown(reading) == "t.a t.b"


def test_five_hundred_unions_are_not_deep() -> None:
    reading = _reading("SELECT a FROM t" + " UNION ALL SELECT a FROM t" * 500)
    assert len(reading.uses) == 501
