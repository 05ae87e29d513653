"""Pairs in both directions, the same under a seed, with nothing that leaks."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from training.augment.data import Database
from training.augment.postgres import Engine
from training.augment.profile import Profile
from training.augment.proof import Prover
from training.augment.propagate import EMPTY_SHARE, SAME_QUESTION, Pair, Propagation, plainly
from training.augment.split import shared, split, words
from training.augment.template import Template, read_templates

GENERIC = Path(str(files("training") / "templates" / "generic.yaml"))


def propagated(
    templates: tuple[Template, ...], profile: Profile, engine: Engine, seed: int, count: int
) -> Propagation:
    return Propagation(
        templates, split(templates, seed), profile, Prover(profile.database, engine), seed=seed
    )


def run(profile: Profile, engine: Engine, seed: int = 1, count: int = 600) -> tuple[list[Pair], Propagation]:
    propagation = propagated(read_templates(GENERIC).templates, profile, engine, seed, count)
    return propagation.run(count), propagation


def test_nothing_held_out_leaks(profile: Profile, engine: Engine) -> None:
    pairs, propagation = run(profile, engine)
    train = [p for p in pairs if p.split == "train"]
    held = {part: [p for p in pairs if p.split == part] for part in ("phrasings", "templates")}
    assert all(len(part) > 20 for part in held.values())
    assert not {p.phrasing for p in train} & {p.phrasing for part in held.values() for p in part}
    assert not {plainly(p.question) for p in train} & {
        plainly(p.question) for part in held.values() for p in part
    }
    assert {p.template for p in held["phrasings"]} <= {p.template for p in train}
    for trained in (train, held["phrasings"]):
        assert not {p.template for p in trained} & {p.template for p in held["templates"]}
        assert not {p.shape for p in trained} & {p.shape for p in held["templates"]}
        assert not {p.sql for p in trained} & {p.sql for p in held["templates"]}
    assert propagation.census.failed.total() == 0


def test_the_same_seed_gives_the_same_pairs(profile: Profile, engine: Engine, shop: Database) -> None:
    first, _ = run(profile, engine, count=200)
    again, _ = run(profile, engine, count=200)
    other, _ = run(profile, engine, seed=2, count=200)
    assert first == again
    assert first != other


def test_every_question_is_asked_once_and_has_one_answer(profile: Profile, engine: Engine) -> None:
    pairs, _ = run(profile, engine)
    asked: dict[str, str] = {}
    for pair in pairs:
        assert asked.setdefault(plainly(pair.question), pair.sql) == pair.sql
    by_sql: dict[str, list[frozenset[str]]] = {}
    for pair in pairs:
        spoken = words(plainly(pair.question))
        assert all(shared(spoken, other) < SAME_QUESTION for other in by_sql.setdefault(pair.sql, []))
        by_sql[pair.sql].append(spoken)


def test_both_directions_are_there(profile: Profile, engine: Engine) -> None:
    pairs, _ = run(profile, engine)
    assert {p.direction for p in pairs} == {"sql-prose", "prose-sql"}
    for template in {p.template for p in pairs}:
        of = [p for p in pairs if p.template == template]
        assert len({p.phrasing for p in of}) > 1


def test_the_census_counts_what_was_made(profile: Profile, engine: Engine) -> None:
    pairs, propagation = run(profile, engine)
    census = propagation.census
    assert census.pairs.total() == len(pairs)
    assert census.executed >= len({p.sql for p in pairs})
    assert census.empty_kept <= EMPTY_SHARE * census.executed
    assert census.constructs["where"] == sum("where" in p.constructs for p in pairs)
    assert census.unfit == 2, "the shop has no column of years, and no two categories of makers"


@pytest.mark.parametrize("sql", ["SELECT nothing FROM maker", "DELETE FROM maker"])
def test_a_template_that_fails_is_told(sql: str, profile: Profile, engine: Engine) -> None:
    broken = Template("broken", sql, ("a", "b", "c"), {}, frozenset(), False, "x:1")
    propagation = propagated((broken,), profile, engine, 0, 10)
    assert propagation.run(10) == []
    assert propagation.census.failed.total() == 1
    assert sql in propagation.census.failures["broken"]
