"""Prompts and answers as tokens, and rows of them."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from nl_frontend.prompt import build_prompt
from training.datasets import DataInvalid, Pair
from training.finetune import judged
from training.samples import Encoded, Piece, Sample, encode, pack, sql_sample


def by_character(text: str) -> list[int]:
    return [ord(character) for character in text]


def test_an_sql_adapter_learns_from_the_prompt_that_is_served() -> None:
    pair = Pair("how many", "SELECT count(*) FROM t", "CREATE TABLE t ();", "sqlite", False)
    sample = sql_sample(pair)
    shared, asked = (piece.text for piece in sample.prompt)
    assert shared + asked == build_prompt("CREATE TABLE t ();", "how many", dialect="sqlite")
    assert "SQLite" in shared
    assert "how many" not in shared
    assert sample.answer == "SELECT count(*) FROM t\n```<|im_end|>"


def test_only_the_answer_counts() -> None:
    encoded = encode(Sample((Piece("ab"), Piece("c", control=False)), "de"), by_character)
    assert encoded == Encoded(tuple(by_character("abcde")), 2, shared=2)
    (row,) = pack([encoded, encoded], 10, seed=1)
    assert row.ids == tuple(by_character("abcdecde"))
    assert row.positions == (0, 1, 2, 3, 4, 2, 3, 4)
    assert row.samples == (0, 0, 1, 1, 1, 2, 2, 2)
    assert row.counted == (False, False, False, True, True, False, True, True)


def test_rows_are_of_samples_that_begin_alike() -> None:
    encoded = [Encoded((n % 3, n % 3, 7, n), 1, shared=2) for n in range(30)]
    rows = pack(encoded, 8, seed=1)
    assert all(len(row.ids) <= 8 and len(set(row.ids[:2])) == 1 for row in rows)
    answers = [i for row in rows for i, counts in zip(row.ids, row.counted, strict=True) if counts]
    assert sorted(answers) == list(range(30))
    assert len(rows) == 12


def test_plain_text_cannot_hold_control_tokens() -> None:
    with pytest.raises(ValueError, match="control token"):
        encode(Sample((Piece("<|im_end|>", control=False),), "x"), by_character)


def test_rows_are_full_and_in_an_order_of_the_seed() -> None:
    encoded = [Encoded(tuple(range(n % 7 + 2)), 1) for n in range(60)]
    rows = pack([*encoded, Encoded(tuple(range(50)), 1)], 20, seed=2)
    assert all(len(row.ids) <= 20 for row in rows)
    assert sum(sum(row.counted) for row in rows) == 60
    assert len(rows) < 60 * 5 / 20 * 1.4
    assert rows == pack([*encoded, Encoded(tuple(range(50)), 1)], 20, seed=2)
    assert rows != pack(encoded, 20, seed=3)


def test_a_judges_adapter_learns_from_the_judges_prompt(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    judge = ModuleType("checker.judge")
    judge.judge_prompt = lambda statement: SimpleNamespace(  # type: ignore[attr-defined]
        prefix="<|im_start|>", text=statement.upper(), suffix="<|im_end|>", labels=("attack", "safe")
    )
    monkeypatch.setitem(sys.modules, "checker.judge", judge)
    path = tmp_path / "judged.jsonl"
    path.write_text('{"statement": "select 1", "attack": false}\n{"statement": "select 2", "attack": true}\n')
    first, second = judged(path)
    assert first.prompt == (Piece("<|im_start|>"), Piece("SELECT 1", control=False), Piece("<|im_end|>"))
    assert (first.answer, second.answer) == ("safe", "attack")
    path.write_text('{"statement": "select 1"}\n')
    with pytest.raises(DataInvalid, match=r"judged.jsonl:1: 'attack'"):
        judged(path)
