"""What is held out, and that it stays out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from training.augment.split import SAME_WORDS, alike, family, shared, split, words
from training.augment.template import Template

WORDS = [
    "how",
    "many",
    "patents",
    "of",
    "{company}",
    "in",
    "{year}",
    "list",
    "show",
    "number",
    "count",
    "which",
    "top",
]
PHRASINGS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=7).map(" ".join)


def template(name: str, sql: str, phrasings: list[str]) -> Template:
    return Template(name, sql, tuple(phrasings), {}, frozenset(), False, "x:1")


@st.composite
def templates(draw: st.DrawFn) -> list[Template]:
    sizes = draw(st.lists(st.integers(3, 8), min_size=2, max_size=25))
    sqls = st.sampled_from([f"SELECT {i} FROM t{chr(97 + i)} WHERE a = '{{x}}'" for i in range(15)])
    return [
        template(f"t{i}", draw(sqls), draw(st.lists(PHRASINGS, min_size=size, max_size=size, unique=True)))
        for i, size in enumerate(sizes)
    ]


@given(templates(), st.integers(0, 99))
def test_nothing_held_out_is_trained_on(made: list[Template], seed: int) -> None:
    parts = split(made, seed)
    trained = {family(t) for t in made if "train" in parts.parts[t.id].values()}
    for one in made:
        of = parts.parts[one.id]
        assert set(of) == set(one.phrasings)
        if "templates" in of.values():
            assert set(of.values()) == {"templates"}
            assert family(one) not in trained
        else:
            assert "train" in of.values()
        for held in (p for p, part in of.items() if part == "phrasings"):
            assert all(
                shared(words(held), words(p)) < SAME_WORDS for p, part in of.items() if part == "train"
            )


@given(templates(), st.integers(0, 99), st.randoms(use_true_random=False))
def test_the_order_of_the_file_changes_nothing(made: list[Template], seed: int, rng: object) -> None:
    assert split(made, seed) == split(made[::-1], seed)


def test_phrasings_that_share_their_words_are_one() -> None:
    near = [
        "how many patents of {company} are there",
        "how many patents of {company} there are",
        "list {company}",
    ]
    assert sorted(map(len, alike(near))) == [1, 2]


def test_a_family_is_the_sql_without_values() -> None:
    one = template("a", "SELECT 1 FROM t WHERE a ILIKE '%{x}%' LIMIT 3", [])
    assert family(one) == family(template("b", "select 2 FROM t WHERE a ILIKE '{y}' LIMIT {n}", []))
    assert family(one) != family(template("b", "SELECT 1 FROM s WHERE a ILIKE '%{x}%' LIMIT 3", []))
