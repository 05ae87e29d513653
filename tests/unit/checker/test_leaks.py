"""What may raise, from the table beside this file."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.gate import Gate
from checker.leaks import may_raise
from checker.verdict import Allowed
from training.grammar import GRAMMAR_ALONE

_ROWS = [
    tuple(line.split(" | ", 1))
    for line in (Path(__file__).parent / "leakproof.txt").read_text("utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]


@pytest.mark.parametrize(("word", "sql"), [pytest.param(*row, id=row[1][:60]) for row in _ROWS])
def test_may_raise(word: str, sql: str) -> None:
    verdict = Gate().check(sql, GRAMMAR_ALONE)
    assert isinstance(verdict, Allowed), verdict
    assert verdict.tree is not None
    assert may_raise(verdict.tree) is (word == "may")
