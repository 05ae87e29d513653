"""What a run leaves, and that the front end reads its examples."""

from __future__ import annotations

import json
from pathlib import Path

from nl_frontend.examples import load_examples
from training.augment.output import choose_examples, write_examples, write_pairs
from training.augment.propagate import Pair


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


def test_examples_are_one_a_shape_and_every_template_comes_first() -> None:
    assert [p.question for p in choose_examples(PAIRS, 2)] == ["other template", 'say "a" ä']
    assert [p.question for p in choose_examples(PAIRS, 9)] == ["other template", 'say "a" ä', "second shape"]


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
