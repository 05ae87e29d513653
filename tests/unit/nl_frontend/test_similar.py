"""Which examples are most like a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from nl_frontend.drafter import checked_sql
from nl_frontend.examples import Example, parse_example
from nl_frontend.similar import Similar, load_similar, shape_of, words_of

EXAMPLES = [
    parse_example("how many patents did Sharp get in 2001", "SELECT count(*) FROM g WHERE a = 'Sharp' AND y = 2001"),
    parse_example("patents of Bosch granted in 2003", "SELECT n, t FROM g WHERE a = 'Bosch' AND y = 2003"),
    parse_example("Sony patents granted in 1999", "SELECT n, t FROM g WHERE a = 'Sony' AND y = 1999"),
    parse_example("the 5 inventors with most patents", "SELECT i, count(*) FROM v GROUP BY i ORDER BY 2 DESC LIMIT 5"),
]  # fmt: skip
INDEX = Similar(EXAMPLES)


def questions(found: tuple[Example, ...]) -> list[str]:
    return [example.question for example in found]


@pytest.mark.parametrize(
    ("question", "nearest"),
    [
        ("How many patents did the Acme Rocket Company get in 2015?", EXAMPLES[0]),
        ("list acme patents granted in 1998", EXAMPLES[2]),
        ("twelve inventors having the most patents", EXAMPLES[3]),
    ],
)
def test_names_and_numbers_do_not_count(question: str, nearest: Example) -> None:
    assert INDEX.nearest(question, 1) == (nearest,)


def test_the_nearest_comes_last_and_each_shape_once() -> None:
    found = INDEX.nearest("patents of Acme granted in 2010", 4)
    assert found[-1] == EXAMPLES[1]
    assert EXAMPLES[2] not in found
    assert INDEX.nearest("patents of Acme granted in 2010", 4, lambda e: e != EXAMPLES[1])[-1] == EXAMPLES[2]


@pytest.mark.parametrize("question", ["", "weather", "?", "1999", "😀", "DROP TABLE x; --"])
def test_what_is_like_nothing_finds_nothing(question: str) -> None:
    assert INDEX.nearest(question, 3) == ()
    assert Similar(()).nearest(question, 3) == ()


def test_words() -> None:
    assert words_of("Grants of US-10-B2, filings & 3 cities: A/B") == [
        "grant", "of", "@", "fil", "#", "cit", "a", "b",
    ]  # fmt: skip
    assert (
        shape_of("SELECT a  FROM t WHERE b = 'it''s' AND c > 2.5") == "SELECT a FROM t WHERE b = ? AND c > ?"
    )


def test_the_shipped_examples_are_drafts_themselves() -> None:
    shipped = load_similar().examples
    assert len(shipped) > 500
    for example in shipped:
        assert checked_sql(example.sql) == example.sql
        assert example.like


def test_a_site_has_examples_of_its_own(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[[example]]\nquestion = "churn per region"\nsql = "SELECT r, avg(c) FROM churn GROUP BY r"\n'
    )
    index = load_similar(own)
    assert questions(index.nearest("what is the churn of each region", 1)) == ["churn per region"]
    assert questions(load_similar(own, tuned=True).examples) == ["churn per region"]
    own.write_text('[[example]]\nquestion = "churn"\nsql = "DELETE FROM churn"\n')
    with pytest.raises(ValueError, match="not a query"):
        load_similar(own)
