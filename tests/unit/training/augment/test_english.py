"""Names as English: english.txt has the cases."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from training.augment.english import date_words, name_words, number_words, plural, singular

CASES = [
    [part.strip() for part in line.split("|")]
    for line in (Path(__file__).parent / "english.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(("written", "words", "many", "one"), CASES, ids=lambda case: case)
def test_names(written: str, words: str, many: str, one: str) -> None:
    assert name_words(written) == words
    assert plural(words) == many
    assert singular(words) == one
    assert plural(many) == many


def test_numbers_and_days() -> None:
    assert number_words(3) == ("3", "three")
    assert number_words(12500) == ("12500", "12,500")
    assert number_words(2006) == ("2006",)
    assert date_words(datetime.date(2015, 3, 9))[:2] == ("2015-03-09", "March 9, 2015")
