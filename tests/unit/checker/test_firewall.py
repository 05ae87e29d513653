"""Which shapes pass, in each mode and with several roles."""

from __future__ import annotations

import pytest

from checker.firewall import (
    FORBIDDEN,
    LEARNED,
    PASSED,
    PENDING,
    Decision,
    Mode,
    ShapeList,
    blocked,
    decide,
    is_exempt,
)
from checker.gate import Gate
from checker.verdict import Allowed

KNOWN = ShapeList(allowed=frozenset({"a"}), forbidden=frozenset({"f"}))
OTHER = ShapeList(allowed=frozenset({"b", "f"}), forbidden=frozenset({"a"}))
EMPTY = ShapeList()


@pytest.mark.parametrize(
    ("digest", "mode", "lists", "expected"),
    [
        ("f", "off", [KNOWN], PASSED),
        ("new", "learn", [KNOWN], LEARNED),
        ("a", "learn", [KNOWN], LEARNED),
        ("f", "learn", [KNOWN], FORBIDDEN),
        ("a", "enforce", [KNOWN], PASSED),
        ("f", "enforce", [KNOWN], FORBIDDEN),
        ("new", "enforce", [KNOWN], PENDING),
        ("a", "enforce", [EMPTY], PENDING),
        ("a", "enforce", [], PENDING),
        ("b", "enforce", [KNOWN, OTHER], PASSED),
        ("a", "enforce", [KNOWN, OTHER], FORBIDDEN),
        ("a", "enforce", [EMPTY, KNOWN], PASSED),
    ],
)
def test_decide(digest: str, mode: Mode, lists: list[ShapeList], expected: Decision) -> None:
    assert decide(digest, mode, lists) == expected


@pytest.mark.parametrize(
    ("sql", "exempt"),
    [
        ("SET search_path = a", True),
        ("BEGIN", True),
        ("SHOW server_version", True),
        ("FETCH 10 FROM c", True),
        ("DEALLOCATE ALL", True),
        ("EXECUTE p", True),
        ("EXECUTE p(1, 'x')", True),
        ("EXECUTE p((SELECT a FROM t))", False),
        ("EXECUTE p(version())", False),
        ("SELECT 1", False),
        ("SELECT set_config('a.b', 'c', false)", False),
        ("EXPLAIN SELECT 1", False),
        ("DECLARE c CURSOR FOR SELECT a FROM t", False),
        ("PREPARE p AS SELECT a FROM t", False),
        ("COPY t TO STDOUT", False),
        ("", True),
    ],
)
def test_session_statements_are_exempt(sql: str, exempt: bool) -> None:
    verdict = Gate().check(sql)
    assert isinstance(verdict, Allowed), sql
    assert is_exempt(verdict) is exempt


def test_a_denial_names_the_shape_to_review() -> None:
    for decision in (PENDING, FORBIDDEN):
        denied = blocked(decision, "0123")
        assert (denied.code, denied.sqlstate) == ("firewall", "42501")
        assert denied.hint is not None
        assert "0123" in denied.hint
