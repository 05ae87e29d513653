"""Statements that change something: what a role with every right may write, from the tables beside this file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from checker.context import READ_ALL, Action, Context, Grants
from checker.gate import Gate
from checker.verdict import Allowed, Denied
from proxy.ports import Catalogue, Column, Table

HERE = Path(__file__).parent
COLUMNS = (Column("a", "int"),)
SCHEMA = Catalogue(
    1,
    {
        ("w", "t"): Table("w", "t", "table", COLUMNS),
        ("w", "v"): Table("w", "v", "view", COLUMNS),
        ("default", "old"): Table("default", "old", "table", COLUMNS),
    },
    frozenset({"w", "default"}),
)
EVERYTHING = replace(
    READ_ALL,
    writes=tuple((action, pattern) for action in Action for pattern in ("*.*", "*")),
)


def context(grants: Grants = EVERYTHING, *, reads_only: bool = False) -> Context:
    return Context(grants, SCHEMA, ("w", "default"), reads_only=reads_only)


def rows(name: str, columns: int) -> list[list[str]]:
    text = (HERE / name).read_text("utf-8").splitlines()
    found = [
        line.replace("\\|", "\0").split(" | ", columns - 1)
        for line in text
        if line.strip() and line[0] != "#"
    ]
    return [[cell.replace("\0", "|").strip() for cell in row] for row in found]


ALLOWED = [pytest.param(*row, id=row[3][:60]) for row in rows("writes.txt", 4)]
DENIED = [pytest.param(*row, id=row[3][:60]) for row in rows("writes_denied.txt", 4)]


@pytest.mark.parametrize(("kind", "changed", "sql", "statement"), ALLOWED)
def test_allowed(kind: str, changed: str, sql: str, statement: str) -> None:
    verdict = Gate().check(statement, context())
    assert isinstance(verdict, Allowed), verdict
    shown = ", ".join(
        f"{w.action.value} {'.'.join(part for part in (w.relation.schema, w.relation.name) if part)}"
        for w in verdict.facts.written
    )
    assert (verdict.kind.name, shown, " ".join(verdict.sql.split())) == (kind, changed, sql)


@pytest.mark.parametrize(("kind", "changed", "sql", "statement"), ALLOWED)
def test_what_goes_on_means_the_same(kind: str, changed: str, sql: str, statement: str) -> None:
    once = Gate().check(statement, context())
    assert isinstance(once, Allowed)
    again = Gate().check(once.sql, context())
    assert isinstance(again, Allowed), again
    assert (again.sql, again.kind) == (once.sql, once.kind)


@pytest.mark.parametrize(("sqlstate", "code", "position", "statement"), DENIED)
def test_denied(sqlstate: str, code: str, position: str, statement: str) -> None:
    verdict = Gate().check(statement, context())
    assert isinstance(verdict, Denied), verdict
    wanted = None if position == "-" else int(position)
    assert (verdict.sqlstate, verdict.code, verdict.position) == (sqlstate, code, wanted), verdict.reason


@pytest.mark.parametrize("statement", [row[3] for row in rows("writes.txt", 4)])
@pytest.mark.parametrize(
    "given",
    [None, context(Grants()), context(READ_ALL), context(reads_only=True)],
    ids=["no context", "no grants", "all reading", "a question"],
)
def test_nobody_writes_without_a_right(given: Context | None, statement: str) -> None:
    if " TO STDOUT" in statement:
        return
    verdict = Gate().check(statement, given)
    assert isinstance(verdict, Denied)
    assert (verdict.sqlstate, verdict.position) == ("42501", 1)
    word = "COPY FROM" if statement.startswith("COPY") else statement.split()[0].upper()
    assert verdict.reason == f"permission denied: {word} is not allowed"
