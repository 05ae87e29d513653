"""Exact match, held against the official evaluator's verdicts and against what each rule means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from training.spider_data import Spider, open_spider
from training.spider_match import exact_match, key_groups
from training.spider_run import compare

VERDICTS = [
    line.split("\t")
    for line in (Path(__file__).parent / "spider_verdicts.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.fixture(scope="module")
def spider(streamlink_data: Path) -> Iterator[Spider]:
    with open_spider(streamlink_data) as opened:
        yield opened


def test_the_table_has_every_kind_of_verdict() -> None:
    kinds = {(exact, right): 0 for exact in "01" for right in "01"}
    for _, exact, right, *_ in VERDICTS:
        kinds[exact, right] += 1
    assert len(VERDICTS) > 500
    assert min(kinds.values()) > 100


def test_exact_match_is_the_official_one(spider: Spider) -> None:
    keys = {database: spider.keys(database) for database, *_ in VERDICTS}
    wrong = [
        (official, predicted, gold)
        for database, official, _, predicted, gold in VERDICTS
        if exact_match(predicted, gold, spider.columns(database), keys[database]) != (official == "1")
    ]
    assert wrong == []


def test_execution_match_is_the_official_one(spider: Spider) -> None:
    wrong = [
        (official, predicted, gold)
        for database, _, official, predicted, gold in VERDICTS
        if compare(spider.file(database), predicted, gold).right != (official == "1")
    ]
    assert wrong == []


def test_gold_matches_itself(spider: Spider) -> None:
    questions, published = spider.questions()
    assert (len(questions), published) == (972, 1034)
    keys = {q.database: spider.keys(q.database) for q in questions}
    for q in questions:
        assert exact_match(q.gold, q.gold, spider.columns(q.database), keys[q.database]), q.gold
        assert compare(spider.file(q.database), q.gold, q.gold).right, q.gold


SCHEMA = {"singer": ["id", "name", "age", "country"], "song": ["id", "singer_id", "title"]}
KEYS = {"song.singer_id": "singer.id", "singer.id": "singer.id"}


@pytest.mark.parametrize(
    ("predicted", "gold", "same"),
    [
        ("SELECT name , age FROM singer", "SELECT age , name FROM singer", True),
        ("SELECT name FROM singer WHERE age > 3", "SELECT name FROM singer WHERE age > 20", True),
        ("SELECT DISTINCT name FROM singer", "SELECT name FROM singer", True),
        (
            "SELECT name FROM singer WHERE age > 3 AND id = 1",
            "SELECT name FROM singer WHERE id = 1 AND age > 3",
            True,
        ),
        (
            "SELECT name FROM singer WHERE age > 3 OR id = 1",
            "SELECT name FROM singer WHERE age > 3 AND id = 1",
            False,
        ),
        ("SELECT name FROM singer ORDER BY age ASC", "SELECT name FROM singer ORDER BY age", True),
        ("SELECT name FROM singer ORDER BY age DESC", "SELECT name FROM singer ORDER BY age", False),
        ("SELECT name FROM singer LIMIT 3", "SELECT name FROM singer LIMIT 1", True),
        ("SELECT name FROM singer", "SELECT name FROM singer LIMIT 1", False),
        ("SELECT max(age) FROM singer", "SELECT min(age) FROM singer", False),
        (
            "SELECT T2.singer_id FROM singer AS T1 JOIN song AS T2 ON T1.id = T2.singer_id",
            "SELECT T1.id FROM singer AS T1 JOIN song AS T2 ON T2.singer_id = T1.id",
            True,
        ),
        ("SELECT name FROM singer WHERE name='x'", "SELECT name FROM singer WHERE name = 'x'", False),
        ("SELECT name FROM singer WHERE age IS NULL", "SELECT name FROM singer", False),
        (
            "SELECT name FROM singer UNION SELECT title FROM song",
            "SELECT name FROM singer EXCEPT SELECT title FROM song",
            False,
        ),
        ("", "SELECT name FROM singer", False),
        ("not SQL at all", "SELECT name FROM singer", False),
        ('SELECT name FROM singer WHERE name = "it\'s"', "SELECT name FROM singer WHERE name = 'x'", False),
    ],
)
def test_what_counts(predicted: str, gold: str, same: bool) -> None:
    assert exact_match(predicted, gold, SCHEMA, KEYS) is same


def test_groups_of_keys_grow_and_do_not_join() -> None:
    entry = {
        "table_names_original": ["A", "B"],
        "column_names_original": [[-1, "*"], [0, "X"], [0, "Y"], [1, "X"], [1, "Y"]],
        "foreign_keys": [[3, 1], [4, 2], [2, 1]],
    }
    # The third pair meets both groups and goes to the first.
    assert key_groups(entry) == {"a.x": "a.x", "b.x": "a.x", "a.y": "a.y", "b.y": "a.y"}
