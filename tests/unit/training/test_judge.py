"""The fit: a logistic regression that finds what is there, calibrated, and written as the server reads it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from checker.judge import Reading, parse_calibration
from training.judge import fit_margin, fit_probe, loss, spider_gold, split, write
from training.judge_data import Sample
from training.judge_measure import auc, rates, reliability, word_features

SIZE, WIDTH = 600, 12


def readings(seed: int) -> tuple[list[Reading], list[bool]]:
    """States of which two components decide, with noise; the labels' margin says it at half the scale, shifted."""
    rng = np.random.default_rng(seed)
    states = rng.normal(size=(SIZE, WIDTH)) * 5 + 3
    logits = 0.8 * (states[:, 0] - 3) - 0.4 * (states[:, 1] - 3)
    truth = rng.random(SIZE) < 1 / (1 + np.exp(-logits))
    return [
        Reading(float(logit) / 2 + 1.0, 0.0, tuple(state.tolist()))
        for logit, state in zip(logits, states, strict=True)
    ], [bool(value) for value in truth]


def test_a_probe_finds_the_direction_and_is_calibrated() -> None:
    seen, truth = readings(1)
    probe = fit_probe(seen, truth, 0.003, "f")
    new, wanted = readings(2)
    scores = [probe.probability(reading) for reading in new]
    assert auc(scores, wanted) > 0.9
    assert loss(probe, new, wanted) < 0.4
    assert abs(np.mean(scores) - np.mean(wanted)) < 0.05
    assert all(abs(b["mean"] - b["attacks"]) < 0.25 for b in reliability(scores, wanted) if b["count"] > 25)


def test_a_margin_gets_scale_and_shift() -> None:
    seen, truth = readings(1)
    margin = fit_margin(seen, truth, "f")
    assert margin.slope == pytest.approx(2.0, rel=0.3)
    assert margin.bias == pytest.approx(-2.0, rel=0.4)
    assert not margin.needs_hidden


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    seen, truth = readings(1)
    probe = fit_probe(seen, truth, 0.03, "abc")
    write(probe, tmp_path / "c.json")
    assert parse_calibration((tmp_path / "c.json").read_text()) == probe


def test_a_database_is_on_one_side() -> None:
    made = [Sample("SELECT 1", False, "honest", f"db{n % 50}") for n in range(500)]
    train, held = split(made)
    assert len(train) + len(held) == 500
    assert held
    assert not {s.group for s in train} & {s.group for s in held}


def test_spiders_gold(tmp_path: Path) -> None:
    (tmp_path / "dev_gold.sql").write_text("SELECT  a\tdb\n\nSELECT b FROM c\tother\n")
    assert spider_gold(tmp_path, "dev") == [("SELECT a", "db"), ("SELECT b FROM c", "other")]


def test_figures() -> None:
    assert auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]) == 0.75
    assert auc([0.5, 0.5], [False, True]) == 0.5
    found = rates([0.1, 0.6, 0.4, 0.9], [False, False, True, True])
    assert (found["recall"], found["false_positives"]) == (0.5, 0.5)
    rows = word_features(["SELECT a FROM t", "SELECT b FROM u", "SELECT a FROM t WHERE 1 = 1"])
    assert (rows[0] == rows[1]).all()
    assert not math.isclose(float(rows[0].sum()), float(rows[2].sum()))
