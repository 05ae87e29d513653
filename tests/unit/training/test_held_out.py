"""What is known to be for measuring."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.held_out import made_of, question_hash, refuse_held_out, shipped


@pytest.mark.parametrize("name", ["train.jsonl", "developers.jsonl", "latest.jsonl", "attestations.jsonl"])
def test_other_files_are_not(name: str) -> None:
    assert refuse_held_out(Path(name)).name == name


def test_the_hashes_are_of_the_published_sets(streamlink_data: Path) -> None:
    text = made_of(streamlink_data)
    shipped_file = Path(__file__).parents[3] / "training" / "held_out.txt"
    assert shipped_file.read_text("utf-8") == text
    assert question_hash("How many singers do we have?") in text


def test_a_question_has_one_hash_however_it_is_written() -> None:
    assert question_hash("How many singers do we have?") == question_hash(" how MANY singers, do we have")
    assert question_hash("How many singers do we have?") != question_hash("How many songs do we have?")
    assert shipped().has("How many singers do we have?")
    more = shipped().with_questions(["what is new"])
    assert more.has("What is new?")
    assert not shipped().has("What is new?")
