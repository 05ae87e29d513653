"""Whose right a write is: patterns, resolved names, and a renamed table that filters or masks would lose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checker.context import READ_ALL, Action, Mask, RowFilter
from checker.gate import Gate
from checker.verdict import Allowed, Denied
from tests.unit.checker.test_write_grammar import EVERYTHING, context


@pytest.mark.parametrize(
    ("action", "pattern", "statement", "may"),
    [
        (Action.INSERT, "w.t", "INSERT INTO t VALUES (1)", True),
        (Action.INSERT, "w.t", "INSERT INTO w.t VALUES (1)", True),
        (Action.INSERT, "w.t", "COPY t FROM STDIN", True),
        (Action.INSERT, "default.t", "INSERT INTO t VALUES (1)", False),
        (Action.INSERT, "default.old", "INSERT INTO old VALUES (1)", True),
        (Action.INSERT, "w.t", "TRUNCATE t", False),
        (Action.INSERT, "w.t", "DROP TABLE t", False),
        (Action.CREATE_TABLE, "w.*", "CREATE TABLE n (a int)", True),
        (Action.CREATE_TABLE, "w.*", "CREATE TABLE default.n (a int)", False),
        (Action.CREATE_TABLE, "w.*", "CREATE VIEW n AS SELECT 1", False),
        (Action.CREATE_SCHEMA, "s*", "CREATE SCHEMA s1", True),
        (Action.CREATE_SCHEMA, "s*", "CREATE SCHEMA x", False),
        (Action.DROP, "*.*", "DROP SCHEMA s", False),
        (Action.ALTER, "*.*", "ALTER TABLE t RENAME TO n", False),
    ],
)
def test_each_action_is_its_own(action: Action, pattern: str, statement: str, may: bool) -> None:
    verdict = Gate().check(statement, context(replace(READ_ALL, writes=((action, pattern),))))
    assert isinstance(verdict, Allowed if may else Denied)
    assert may or verdict.sqlstate == "42501"  # type: ignore[union-attr]


def test_what_runs_is_the_name_that_was_checked() -> None:
    verdict = Gate().check("INSERT INTO old VALUES (1)", context())
    assert isinstance(verdict, Allowed)
    assert verdict.facts.written[0].relation.schema == "default"


@pytest.mark.parametrize(
    "change",
    [
        {"deny": ("w.t",)},
        {"deny": ("w.*.secret",)},
        {"filters": (RowFilter("*.t", "a > 1"),)},
        {"masks": (Mask("w.t.a"),)},
        {"read": ("default.*",)},
        {"read": ("w.t.a",)},
    ],
)
def test_a_table_that_is_not_wholly_readable_keeps_its_name(change: dict[str, object]) -> None:
    grants = replace(EVERYTHING, **change)  # type: ignore[arg-type]
    verdict = Gate().check("ALTER TABLE t RENAME TO n", context(grants))
    assert isinstance(verdict, Denied)
    assert verdict.sqlstate == "42501"
