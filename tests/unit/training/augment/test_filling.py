"""SQL and questions of a template with its choices."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.augment.filling import Fillings, bind, question_of, sql_of
from training.augment.profile import Profile
from training.augment.slots import Choice, Numbers, Options
from training.augment.template import Template

TEXT = Choice({"": "O'Neil"}, {"": ("O'Neil", "Neil")}, literal=True, quoted=True)
MORE = Choice({"": ">"}, {"": ("more than",), "adj": ("bigger",)})


def template(sql: str, *phrasings: str, **slots: Options | Numbers) -> Template:
    return Template("a", sql, phrasings, slots, frozenset(), False, "x:1")


@pytest.mark.parametrize(
    ("sql", "filled"),
    [("SELECT {x}", "SELECT 'O''Neil'"), ("a ILIKE '%{x}%'", "a ILIKE '%O''Neil%'"), ("n {more} 3", "n > 3"),
     ("'it''s' {more} '{x}'", "'it''s' > 'O''Neil'")],
)  # fmt: skip
def test_a_value_is_a_literal_and_within_quotes_a_text(sql: str, filled: str) -> None:
    assert sql_of(template(sql), {"x": TEXT, "more": MORE}) == filled


@given(st.integers())
def test_a_question_says_one_word_for_each_choice_and_one_alternative(seed: int) -> None:
    made = template("{x} {more}", x=Options((TEXT,)), more=Options((MORE,)))
    phrasing = "which (toys|tools) are {more.adj} than a {x.plural}"
    asked = (
        question_of(made, phrasing, {"x": TEXT, "more": MORE}, random.Random(seed)).text.lower().rstrip("?.")
    )
    ways = [f"which {t} are bigger than {w}" for t in ("toys", "tools") for w in ("an o'neil", "a neil")]
    assert asked in ways


def test_two_slots_of_one_kind_differ(profile: Profile) -> None:
    years = Options(tuple(Choice({"": y}, {"": (y,)}) for y in ("2001", "2002")))
    made = template("{a} {b} {n}", a=years, b=years, n=Numbers((2001,)))
    fillings = Fillings()
    for seed in range(20):
        bound = bind(made, profile, fillings, random.Random(seed))
        assert bound is not None
        assert bound["a"] != bound["b"]
    assert (
        bind(template("{a} {b} {c}", a=years, b=years, c=years), profile, fillings, random.Random(0)) is None
    )
