"""The judgement of any text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker.context import InjectionLimits
from checker.injection import judge_text, score
from checker.injection.text import MAX_CHARS

_HERE = Path(__file__).parent
_PIECES = ("'", '"', "`", "(", ")", "--", "#", "/*", "*/", ";", " ", "\n", "or", "and", "union", "select", "1", "=",
           "x",           "||", "from", "case", "when", "not", "in", "%27", "&#39;", "\\", ",", "@@a", "0x41",
           "like", "between", "[", "]")  # fmt: skip


def _rows() -> list[tuple[str, str]]:
    rows = []
    for line in (_HERE / "values.txt").read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            verdict, text = line.split(" | ", 1)
            rows.append((verdict, text))
    return rows


@pytest.mark.parametrize(("verdict", "text"), [pytest.param(*row, id=row[1][:70]) for row in _rows()])
def test_values(verdict: str, text: str) -> None:
    weight, findings = judge_text(text)
    assert (weight >= InjectionLimits().deny_at) == (verdict == "attack"), findings
    assert all(f.position is None or 1 <= f.position <= len(text) + 1 for f in findings)


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(), st.lists(st.sampled_from(_PIECES), max_size=60).map("".join)))
def test_any_text_is_judged(text: str) -> None:
    weight, findings = judge_text(text)
    assert 0 <= weight <= 1
    assert weight == pytest.approx(score(findings))


def test_a_text_that_is_too_long_is_an_attack() -> None:
    weight, findings = judge_text("x" * (MAX_CHARS + 1))
    assert (weight, [finding.code for finding in findings]) == (1.0, ["too_long"])


def test_an_empty_text_is_none() -> None:
    assert judge_text("") == (0.0, ())
    assert judge_text(" -- ")[0] < 0.9
