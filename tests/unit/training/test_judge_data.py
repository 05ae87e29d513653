"""What the judge is fitted on: drawn from a seed, through the gate, honest and attacking."""

from __future__ import annotations

from collections import Counter

import pytest

from checker.rendering import render
from training.grammar import is_readable
from training.judge_data import (
    FAMILIES,
    Sample,
    classic,
    placed_samples,
    plain_union,
    samples,
    wrapped_samples,
)

GOLD = [
    ("SELECT name FROM head WHERE born_state = 'California'", "a"),
    (
        'SELECT T1.name FROM city AS T1 JOIN farm AS T2 ON T1.id = T2.city WHERE T2.year > 1990 AND T1.k = "it"',
        "b",
    ),
    ("SELECT count(*) FROM department", "c"),
    ("SELECT year FROM visit WHERE price BETWEEN 10 AND 20 ORDER BY year DESC LIMIT 3;", "d"),
]


@pytest.fixture(scope="module")
def made() -> list[Sample]:
    return list(samples(GOLD, seed=3, attacks=120, benign=120))


def test_a_seed_gives_the_same(made: list[Sample]) -> None:
    assert list(samples(GOLD, seed=3, attacks=120, benign=120)) == made
    assert list(samples(GOLD, seed=4, attacks=120, benign=120)) != made


def test_all_pass_the_gate_and_have_their_family(made: list[Sample]) -> None:
    assert all(is_readable(sample.text) for sample in made)
    families = Counter(sample.family for sample in made if sample.attack)
    assert families == dict.fromkeys(FAMILIES, 20)
    assert all(sample.family.startswith("honest") for sample in made if not sample.attack)
    assert {sample.group for sample in made} <= {"a", "b", "c", "d"}


def test_honest_ones_hold_what_attacks_hold(made: list[Sample]) -> None:
    """Neither a comment, nor a condition that is always true, nor a UNION, nor a table's name gives an attack away."""
    honest = [render(sample.text).split(" ") for sample in made if not sample.attack]
    attacks = [render(sample.text).split(" ") for sample in made if sample.attack]
    for word in ("--", "/**/", "same", "UNION", "users", "information_schema_tables"):
        assert any(word in words for words in attacks), word
    for word in ("/**/", "same", "UNION"):
        assert any(word in words for words in honest), word
    assert any(set(words) & {"users", "accounts", "credentials", "members", "employees"} for words in honest)


def test_no_rendering_is_both(made: list[Sample]) -> None:
    honest = {render(sample.text) for sample in made if not sample.attack}
    attacks = {render(sample.text) for sample in made if sample.attack}
    assert not honest & attacks


def test_a_wrapped_attack_is_still_one(made: list[Sample]) -> None:
    wrapped = list(wrapped_samples(made, seed=1, attacks=40))
    assert len(wrapped) == 40
    assert all(sample.attack and sample.family in FAMILIES for sample in wrapped)
    assert all(is_readable(sample.text) for sample in wrapped)
    assert any(sample.text.startswith("WITH q AS (") for sample in wrapped)


def test_the_classic_payload_uses_the_statements_own_quote() -> None:
    placed = list(placed_samples(GOLD, classic, "tautology", seed=1, attacks=30))
    assert len(placed) == 30
    assert any("same" in render(sample.text).split(" ") for sample in placed)
    assert all("--" not in sample.text for sample in placed)


def test_plain_unions() -> None:
    placed = list(placed_samples(GOLD, plain_union, "union", seed=1, attacks=30))
    assert all(" UNION " in sample.text and sample.family == "union" for sample in placed)
