"""What a draft may not take from an example."""

from __future__ import annotations

import pytest

from nl_frontend.copied import copied_literals, without_copied
from nl_frontend.examples import parse_example

EXAMPLE = parse_example(
    "patents of Bosch after 2012 with 30 claims",
    "SELECT a FROM t WHERE n ILIKE '%Bosch%' AND y > 2012 AND c = 30 AND LEFT(d, 1) = 'G' AND e = '2012-03-01'",
)


@pytest.mark.parametrize(
    ("sql", "question", "copied"),
    [
        ("SELECT a FROM t WHERE n ILIKE '%Bosch%'", "patents of Intel", {"bosch"}),
        ("SELECT a FROM t WHERE n ILIKE '%Bosch%'", "patents of BOSCH", set()),
        ("SELECT a FROM t WHERE y > 2012", "patents of Intel", {"2012"}),
        ("SELECT a FROM t GROUP BY a HAVING count(*) = 30", "more than thirty", set()),
        ("SELECT a FROM t WHERE LEFT(d, 1) = 'G'", "section G", set()),
        ("SELECT a FROM t WHERE e = '2012-03-01'", "on the first of March 2012", set()),
        ("SELECT a FROM t WHERE y > 1999", "patents of Intel", set()),
    ],
)
def test_what_counts_as_copied(sql: str, question: str, copied: set[str]) -> None:
    assert copied_literals(sql, question, [EXAMPLE]) == copied


@pytest.mark.parametrize(
    ("sql", "question", "mended"),
    [
        ("SELECT a FROM t WHERE n = 'Intel' AND y > 2012", "Intel", "SELECT a FROM t WHERE n = 'Intel'"),
        ("SELECT a FROM t WHERE y > 2012 GROUP BY a", "each a", "SELECT a FROM t GROUP BY a"),
        ("SELECT a FROM t WHERE y BETWEEN 2012 AND 2012 AND b", "those with b", "SELECT a FROM t WHERE b"),
    ],
)  # fmt: skip
def test_a_number_that_nobody_said_is_left_out(sql: str, question: str, mended: str) -> None:
    done = without_copied(sql, question, {"2012"})
    assert done.sql == mended
    assert "2012" in done.notes[0]


@pytest.mark.parametrize(
    ("sql", "question"),
    [
        ("SELECT a FROM t WHERE n = 'Intel' OR y > 2012", "of Intel"),
        ("SELECT a FROM t WHERE y > 2012", "after twenty ten"),
        ("SELECT a FROM t WHERE y > 2012", "in 2013"),
        ("SELECT a FROM t WHERE b IN (SELECT b FROM u LIMIT 2012)", "those of u"),
    ],
)
def test_what_cannot_be_mended_stays(sql: str, question: str) -> None:
    assert without_copied(sql, question, {"2012"}) == without_copied(sql, question, {"bosch", "2012"})
    assert without_copied(sql, question, {"2012"}).sql == sql
