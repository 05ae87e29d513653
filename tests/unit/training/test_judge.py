"""The fit: a logistic regression that finds what is there, calibrated, and written as the server reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from checker.judge import Reading, parse_calibration
from training.finetune import judged
from training.judge import (
    Seen,
    fit,
    fit_margin,
    fit_state,
    fit_words,
    loss,
    scores_of,
    spider_gold,
    split,
    write,
    write_samples,
)
from training.judge_data import Sample
from training.judge_measure import auc, rates, reliability

SIZE, WIDTH = 600, 12


def sightings(seed: int) -> list[Seen]:
    """States of which two components decide, with noise; the labels' margin says it at half the scale, shifted; a word
    that half of the attacks have and few others.
    """
    rng = np.random.default_rng(seed)
    states = rng.normal(size=(SIZE, WIDTH)) * 5 + 3
    logits = 0.8 * (states[:, 0] - 3) - 0.4 * (states[:, 1] - 3)
    truth = rng.random(SIZE) < 1 / (1 + np.exp(-logits))
    words = ["UNION" if rng.random() < (0.5 if attack else 0.05) else "x" for attack in truth]
    return [
        Seen(Reading(float(logit) / 2 + 1.0, 0.0, tuple(state.tolist())), f"SELECT {word}", bool(attack))
        for logit, state, word, attack in zip(logits, states, words, truth, strict=True)
    ]


def test_the_state_the_words_and_both() -> None:
    seen, new = sightings(1), sightings(2)
    truth = [one.attack for one in new]
    state, words = fit_state(seen, 0.003), fit_words(seen, 0.003)
    both = fit(seen, 0.003)
    assert state.needs_hidden
    assert not words.needs_hidden
    by_state, by_words, by_both = (scores_of(by, new) for by in (state, words, both))
    assert auc(by_state, truth) > 0.9
    assert 0.65 < auc(by_words, truth) < 0.9
    assert auc(by_both, truth) > auc(by_state, truth)
    assert loss(state, new) < 0.4
    assert abs(np.mean(by_state) - np.mean(truth)) < 0.05
    assert all(abs(b["mean"] - b["attacks"]) < 0.25 for b in reliability(by_state, truth) if b["count"] > 25)


def test_a_margin_gets_scale_and_shift() -> None:
    margin = fit_margin(sightings(1))
    assert margin.slope == pytest.approx(2.0, rel=0.3)
    assert margin.bias == pytest.approx(-2.0, rel=0.4)
    assert not margin.needs_hidden


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    seen = sightings(1)
    both = fit(seen, 0.03)
    write(both, tmp_path / "c.json", fingerprint="abc")
    found = parse_calibration((tmp_path / "c.json").read_text())
    assert found.fingerprint == "abc"
    assert scores_of(found, seen) == pytest.approx(scores_of(both, seen), abs=0.01)


def test_a_database_is_on_one_side() -> None:
    made = [Sample("SELECT 1", False, "honest", f"db{n % 50}") for n in range(500)]
    train, held = split(made)
    assert len(train) + len(held) == 500
    assert held
    assert not {s.group for s in train} & {s.group for s in held}


def test_a_rendering_is_tuned_on_once(tmp_path: Path) -> None:
    made = [Sample(f"SELECT a{n} FROM t WHERE id = {n + 2}", False, "honest", "db") for n in range(9)]
    made += [Sample("SELECT a FROM t WHERE id = 1 OR 1 = 1 --", True, "tautology", "db")] * 2
    assert write_samples(made, tmp_path / "judge.jsonl") == 2
    samples = judged(tmp_path / "judge.jsonl")
    assert sorted(sample.answer for sample in samples) == [" attack", " safe"]


def test_spiders_gold(tmp_path: Path) -> None:
    (tmp_path / "dev_gold.sql").write_text("SELECT  a\tdb\n\nSELECT b FROM c\tother\n")
    assert spider_gold(tmp_path, "dev") == [("SELECT a", "db"), ("SELECT b FROM c", "other")]


def test_figures() -> None:
    assert auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]) == 0.75
    assert auc([0.5, 0.5], [False, True]) == 0.5
    found = rates([0.1, 0.6, 0.4, 0.9], [False, False, True, True])
    assert (found["recall"], found["false_positives"]) == (0.5, 0.5)
