from __future__ import annotations

from pathlib import Path

import pytest

from proxy.mirror.effects import Effect, effect_of, may_keep_plan

CASES = [
    [part.strip() for part in line.split("|", 2)]
    for line in (Path(__file__).parent / "effects.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(("effect", "plan", "sql"), CASES)
def test_effect_and_plan_of_statement(effect: str, plan: str, sql: str) -> None:
    assert effect_of(sql).name == effect
    assert may_keep_plan(sql) == (plan == "keep")


def test_comment_ends_at_carriage_return() -> None:
    assert effect_of("--\rLISTEN a /*\nSELECT */") is Effect.OTHER
