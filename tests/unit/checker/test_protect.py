"""What filters, masks and hidden columns make of a statement: the table beside this file, and policies that fail."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from checker.context import READ_ALL, Context, Grants, Mask, RowFilter
from checker.gate import Gate
from checker.render import map_position
from checker.verdict import Allowed, ColumnRead, Denied, Relation
from proxy.ports import Catalogue, Column, Table

TABLES = (
    Table("s", "t", "table", (Column("a", "int"), Column("b", "string"), Column("n", "decimal(12,2)"))),
    Table("s", "u", "table", (Column("a", "int"),)),
    Table("s", "T", "table", (Column("A", "int"),)),
)
SCHEMA = Catalogue(1, {(t.schema, t.name): t for t in TABLES})
ROLES = {
    "rows": replace(READ_ALL, filters=(RowFilter("s.t", "a > 0"),)),
    "two": replace(
        READ_ALL, filters=(RowFilter("*.t", "a > 0"), RowFilter("S.T", "b = 'x' OR b IS NULL -- or"))
    ),
    "acl": replace(
        READ_ALL,
        filters=(
            RowFilter("s.t", "EXISTS (SELECT 1 FROM s.u AS u WHERE u.a = t.a AND current_user = 'ann')"),
        ),
    ),
    "mask": replace(READ_ALL, masks=(Mask("s.t.b", "'*'"), Mask("s.t.n"), Mask("s.t.*", "'second'"))),
    "less": replace(READ_ALL, deny=("s.t.b",)),
    "odd": replace(READ_ALL, filters=(RowFilter("s.t", '"A" > 1'),), masks=(Mask("*.*.a", '"A" + 1'),)),
}
MARK = re.compile(r"/\*[<>]\d*\*/")


def _context(grants: Grants, path: tuple[str, ...] = ("s",)) -> Context:
    return Context(grants, SCHEMA, path)


def _allowed(sql: str, grants: Grants) -> Allowed:
    verdict = Gate().check(sql, _context(grants))
    assert isinstance(verdict, Allowed), verdict
    return verdict


def _rows() -> list[tuple[str, str, str]]:
    lines = (Path(__file__).parent / "rewritten.txt").read_text("utf-8").splitlines()
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    return [(*head.split(" | ", 1), body.strip()) for head, body in zip(lines[::2], lines[1::2], strict=True)]


@pytest.mark.parametrize(
    ("role", "sql", "expected"), [pytest.param(*r, id=f"{r[0]} {r[1][:60]}") for r in _rows()]
)
def test_rewritten(role: str, sql: str, expected: str) -> None:
    grants = ROLES[role]
    if role == "mask":
        grants = replace(grants, masks=grants.masks[:2])
    if role == "odd":
        # Patterns are blind to case, so they would fit t as well.
        assert isinstance(Gate().check("SELECT a FROM t", _context(grants)), Denied)
    assert MARK.sub("", _allowed(sql, grants).sql) == expected


def test_the_first_mask_counts() -> None:
    assert '("t"."b") ' not in _allowed("SELECT b FROM t", ROLES["mask"]).sql
    assert "second" in _allowed("SELECT a FROM t", ROLES["mask"]).sql


def test_what_was_rewritten_is_allowed_and_written_the_same_again() -> None:
    for role, sql, _ in _rows():
        verdict = _allowed(sql, ROLES[role])
        again = Gate().check(verdict.sql, _context(READ_ALL))
        assert isinstance(again, Allowed), again
        assert again.sql == MARK.sub("", verdict.sql)


def test_the_search_path_is_settled_with_the_verdict() -> None:
    """What was found in one schema cannot be found in another by the time it runs."""
    other = Table("first", "u", "table", (Column("a", "int"),))
    schema = Catalogue(1, {**SCHEMA.tables, ("first", "u"): other})
    verdict = Gate().check("SELECT a FROM u", Context(ROLES["rows"], schema, ("first", "s")))
    assert isinstance(verdict, Allowed)
    assert MARK.sub("", verdict.sql) == 'SELECT a FROM "first"."u"'


def test_facts_of_what_is_read() -> None:
    facts = _allowed("SELECT a FROM t WHERE b = 'x'", ROLES["acl"]).facts
    assert set(facts.columns) == {ColumnRead("s", "t", "a"), ColumnRead("s", "t", "b")}
    assert Relation("s", "u", True) in facts.relations


@pytest.mark.parametrize(
    "grants",
    [
        replace(READ_ALL, filters=(RowFilter("s.t", condition),))
        for condition in (
            "nope = 1",
            "u.a = 1",
            "a IN (SELECT a FROM u)",
            "a IN (SELECT x FROM s.u)",
            "a IN (SELECT a FROM s.nope)",
            "a > 0) OR (true",
            "a > 0; DROP TABLE t",
            "a = $1",
            "pg_sleep(1) IS NULL",
            "frobnicate(a)",
            "a >",
            "",
            "a > 0 /*",
        )
    ]
    + [
        replace(READ_ALL, masks=(Mask("s.t.b", "nope"),)),
        replace(READ_ALL, masks=(Mask("s.t.b", "b) AS b, (b"),)),
    ],
)
def test_a_policy_that_does_not_fit_closes_the_table(grants: Grants) -> None:
    """Even where the client's own query has a name for the condition to bind to."""
    for sql in ("SELECT a FROM t", "SELECT (SELECT max(a) FROM t) FROM (SELECT 1 AS nope, 2 AS x) u"):
        verdict = Gate().check(sql, _context(grants))
        assert isinstance(verdict, Denied)
        assert (verdict.code, verdict.sqlstate) == ("policy_failure", "XX000")
    assert isinstance(Gate().check("SELECT a FROM u", _context(grants)), Allowed)


@pytest.mark.parametrize("role", ["rows", "mask"])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT @@ FROM t",
        "SELECT a FROM t WHERE @@ = 1",
        "SELECT x.a FROM t AS x (a, b) JOIN u ON u.a = x.a WHERE @@ = 1",
        "SELECT 1 FROM t, u JOIN t AS v USING (a) ORDER BY @@",
        "SELECT 1 FROM (t JOIN u ON @@ = 1)",
        "SELECT 1 FROM t UNION SELECT @@ FROM s.t AS y",
        "WITH t AS (SELECT a FROM t) SELECT @@ FROM t",
        "SELECT '/*<1*/' || @@ || '/*>*/' FROM t AS x WHERE a = 1",
        "SELECT a /* t */ FROM t -- it's\n x\n  WHERE @@ IS NULL",
    ],
)
def test_places_come_back(role: str, sql: str) -> None:
    """An engine's complaint about a word of the client's points to that word, whatever was put in before it."""
    generated = _allowed(sql.replace("@@", "'here'"), ROLES[role]).sql
    assert (
        map_position(sql.replace("@@", "'here'"), generated, generated.index("'here'") + 1)
        == sql.index("@@") + 1
    )


def test_a_place_within_the_policy_is_the_tables() -> None:
    sql = "SELECT x.b FROM u, t AS x WHERE x.a = 1"
    generated = _allowed(sql, ROLES["rows"]).sql
    assert map_position(sql, generated, generated.index("a > 0") + 1) == sql.index("t AS x") + 1


def test_a_sample_of_filtered_rows_is_refused() -> None:
    """Which of the visible rows are drawn would tell how many hidden ones lie between."""
    verdict = Gate().check(
        "SELECT a FROM t TABLESAMPLE BERNOULLI (1) REPEATABLE (7)", _context(ROLES["rows"])
    )
    assert isinstance(verdict, Denied)
    assert (verdict.code, verdict.sqlstate, verdict.position) == ("row_filter", "0A000", 15)


def test_a_lateral_subquery_has_no_barrier() -> None:
    sql = "SELECT x.c FROM u, LATERAL (SELECT 1 / a AS c FROM t) AS x"
    verdict = Gate().check(sql, _context(ROLES["rows"]))
    assert isinstance(verdict, Denied)
    assert (verdict.code, verdict.sqlstate, verdict.position) == ("row_filter", "0A000", 52)
    _allowed("SELECT x.c FROM t, LATERAL (SELECT 1 / a AS c FROM u) AS x", ROLES["rows"])
    _allowed(sql, ROLES["mask"])
