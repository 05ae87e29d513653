"""What is told of an answer without rows."""

from __future__ import annotations

import pytest

from nl_frontend.empty import conditions_of


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT a FROM t WHERE b = 'Intel'", ("b = 'Intel'",)),
        (
            "SELECT c.x FROM c JOIN g ON c.id = g.id WHERE g.a ILIKE '%Intel %' AND (g.y > 2009) AND c.id = g.id",
            ("g.a ILIKE '%Intel %'", "g.y > 2009"),
        ),
        (
            "SELECT * FROM (SELECT y, count(*) AS n FROM t WHERE a = 'x' GROUP BY y HAVING count(*) > 3) AS t",
            ("a = 'x'", "COUNT(*) > 3"),
        ),
        ("SELECT a FROM t WHERE b IN (SELECT b FROM u WHERE k = 5)", ("k = 5",)),
        ("SELECT a FROM t WHERE a = 1 OR b = 2", ("a = 1 OR b = 2",)),
        ("SELECT a FROM t", ()),
        ("SELECT * FROM (SELECT a FROM t WHERE b = 1) AS q LIMIT 0", ()),
        ("SELECT * FROM (SELECT a FROM t WHERE b = 1) AS q WHERE 1 = 0", ()),
        ("SELECT * FROM (SELECT a FROM t WHERE b = 1) AS q WHERE FALSE", ()),
        ("SELECT a FROM t WHERE b IS NULL", ()),
        ("no SQL at all (", ()),
    ],
)
def test_conditions(sql: str, told: tuple[str, ...]) -> None:
    assert conditions_of(sql) == told


def test_not_more_than_can_be_read() -> None:
    assert len(conditions_of("SELECT a FROM t WHERE " + " AND ".join(f"b <> {n}" for n in range(50)))) == 5
