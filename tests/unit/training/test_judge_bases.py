"""Honest statements of tools and programs: through the gate, of many structures, and with payloads in them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from checker.rendering import render
from training.grammar import is_readable
from training.judge_bases import catalogue_samples, program_pool, program_query, tool_query
from training.judge_data import FAMILIES


@pytest.mark.parametrize("query", [tool_query, program_query])
def test_most_of_them_pass_the_gate(query: Callable[[random.Random], str]) -> None:
    draw = random.Random(1)
    made = [query(draw) for _ in range(200)]
    assert sum(is_readable(text) for text in made) > 190
    assert len({render(text) for text in made}) > 120


def test_samples_are_drawn_from_the_seed() -> None:
    made = list(catalogue_samples(seed=5, attacks=24, benign=30))
    assert made == list(catalogue_samples(seed=5, attacks=24, benign=30))
    assert Counter(sample.family for sample in made if sample.attack) == dict.fromkeys(FAMILIES, 4)
    assert {sample.family for sample in made if not sample.attack} == {"honest, tool"}
    assert sum(not sample.attack for sample in made) == 30
    assert all(is_readable(sample.text) for sample in made)


def test_a_pool_is_drawn_from_the_seed() -> None:
    pool = program_pool(seed=1, count=50)
    assert pool == program_pool(seed=1, count=50)
    assert any("SELECT * FROM" in text for text, _ in pool)
