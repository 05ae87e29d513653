"""What a failure is put down to."""

from __future__ import annotations

import pytest

from training.causes import CAUSES, cause

GOLD = "SELECT name FROM singer WHERE age > 20"


@pytest.mark.parametrize(
    ("predicted", "error", "why"),
    [
        ("SELECT name FROM", 'near "": syntax error', "syntax"),
        ("SELECT nam FROM singer", "no such column: nam", "schema"),
        ("SELECT nam FROM singer", 'column "nam" does not exist', "schema"),
        ("SELECT id FROM singer WHERE age > 20", None, "schema"),
        ("SELECT name FROM singer WHERE age > (SELECT 20)", None, "nesting"),
        ("SELECT name FROM singer UNION SELECT name FROM singer", None, "nesting"),
        ("SELECT s.name FROM singer AS s JOIN song ON true WHERE s.age > 20", None, "join"),
        ("SELECT name FROM singer WHERE age > 20 GROUP BY name", None, "grouping"),
        ("SELECT max(name) FROM singer WHERE age > 20", None, "grouping"),
        ("SELECT name FROM singer WHERE age > 21", None, "value"),
        ("SELECT name FROM singer WHERE age < 20", None, "other"),
        ("SELECT DISTINCT name FROM singer WHERE age > 20", None, "other"),
    ],
)
def test_cause(predicted: str, error: str | None, why: str) -> None:
    assert cause(predicted, GOLD, error=error, dialect="sqlite") == why
    assert why in CAUSES
