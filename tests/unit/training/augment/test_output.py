"""What a run leaves, and that the front end reads its examples."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nl_frontend.examples import load_examples
from training.augment.output import choose_examples, like_of, write_examples, write_pairs
from training.augment.propagate import Pair
from training.augment.split import PARTS


def pair(
    question: str, sql: str, template: str, *, split: str = "train", rows: int = 1, slipped: bool = False
) -> Pair:
    shape = sql.rstrip("0123456789")
    return Pair(question, sql, template, question, split, "s", "sql-prose", (), shape, rows, slipped)  # type: ignore[arg-type]


PAIRS = [
    pair('say "a" ä', "SELECT a FROM t WHERE b = 1", "one"),
    pair("another value", "SELECT a FROM t WHERE b = 2", "one"),
    pair("held out", "SELECT z FROM t", "two", split="templates"),
    pair("empty", "SELECT e FROM t", "three", rows=0),
    pair("mistyped", "SELECT m FROM t", "three", slipped=True),
    pair("second shape", "SELECT b FROM t", "one"),
    pair("other template", "SELECT c FROM t", "four"),
]


def test_examples_are_one_a_phrasing_and_every_template_comes_first() -> None:
    assert [p.question for p in choose_examples(PAIRS, 2)] == ["other template", 'say "a" ä']
    again = [
        *PAIRS,
        replace(PAIRS[0], question="the same phrasing and shape", sql="SELECT a FROM t WHERE b = 3"),
    ]
    assert [p.question for p in choose_examples(again, 9)] == [
        "other template", 'say "a" ä', "another value", "second shape",
    ]  # fmt: skip
    assert "held out" in [p.question for p in choose_examples(PAIRS, 9, PARTS)]


@pytest.mark.parametrize(
    ("phrasing", "question", "sql", "like"),
    [
        ("{company} {since} {year}", "IBM before 2010.", "x ILIKE '%Machines%' AND y < 2010", "@ before #"),
        ("the {n} cities", "The seven cities", "LIMIT 7", "the # cities"),
        ("about {topic}", "about  robot arms", "t ILIKE '%robot arms%'", "about @"),
        ("{a} or {b}", "something else", "x = 'else'", "something @"),
    ],
)  # fmt: skip
def test_what_an_example_is_like(phrasing: str, question: str, sql: str, like: str) -> None:
    assert like_of(replace(PAIRS[0], phrasing=phrasing, question=question, sql=sql)) == like


def test_the_front_end_reads_them(tmp_path: Path) -> None:
    write_examples(tmp_path / "made" / "examples.toml", PAIRS)
    read = load_examples(tmp_path / "made" / "examples.toml")
    assert [(e.question, e.sql) for e in read] == [(p.question, p.sql) for p in PAIRS]


def test_each_part_has_its_file(tmp_path: Path) -> None:
    write_pairs(tmp_path, PAIRS)
    lines = (tmp_path / "train.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 6
    first = json.loads(lines[0])
    assert {"question", "sql", "template", "phrasing", "split", "schema"} <= set(first)
    assert first["question"] == 'say "a" ä'
    assert (tmp_path / "phrasings.jsonl").read_text() == ""
