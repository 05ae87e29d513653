"""The ablation over mixes, on a tiny model; and what it measures on."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from training.ablation import MeasuringFailed, ablate, execution, hold, main
from training.datasets import Pair, Ratio
from training.finetune import Tuning

SCHEMA = "CREATE TABLE t (\n  a text,\n);"


def pair(number: int, *, domain: bool) -> Pair:
    return Pair(f"question {number}", f"SELECT {number % 5}", SCHEMA, "postgres", domain)


PAIRS = [pair(i, domain=i < 20) for i in range(60)]


def test_what_is_measured_on_is_trained_on_by_none() -> None:
    pairs = [*PAIRS, pair(3, domain=False)]
    training, held = hold(pairs, seed=1)
    questions = {p.question for p in training}
    assert held[True]
    assert held[False]
    assert not questions & {p.question for side in held.values() for p in side}
    assert hold(pairs, seed=1) == (training, held)
    assert hold([], seed=1) == ([], {True: [], False: []})


def test_a_figure_is_an_evaluations_last_line() -> None:
    def measured(arguments: Sequence[str]) -> int:
        print("a table")
        print(json.dumps({"execution_accuracy": 61.5}))
        return 0 if "--json" in arguments else 2

    assert execution(measured, ["--limit", "3"]) == 61.5
    with pytest.raises(MeasuringFailed):
        execution(lambda arguments: 1, [])


def test_answers_need_a_model_that_a_node_serves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--base", str(tmp_path), "--data", "approved:x", "--out", str(tmp_path), "--spider", "x"]
    assert main(arguments) == 2
    assert "has to be a GGUF" in capsys.readouterr().err


@pytest.mark.train
@pytest.mark.filterwarnings("default")
def test_one_adapter_for_each_ratio(tiny: Callable[..., Path], tmp_path: Path) -> None:
    from training.base import load_base

    base = tiny("llama")
    tuning = Tuning(steps=3, tokens=1024, accumulate=1, rank=4, alpha=8, learning_rate=1e-2)
    rows = ablate(
        lambda: load_base(base),
        PAIRS,
        [Ratio(0, 1), Ratio(1, 1), Ratio(1, 0)],
        tuning,
        tmp_path,
        measure=lambda adapter: {"patents_execution": float(adapter.stat().st_size > 0)},
    )
    assert [row["ratio"] for row in rows] == ["0:1", "1:1", "1:0"]
    assert len({row["pairs"] for row in rows}) == 1
    with (tmp_path / "results.csv").open() as file:
        written = list(csv.DictReader(file))
    assert all(float(row["domain_loss"]) > 0 and float(row["open_loss"]) > 0 for row in written)
    assert [row["patents_execution"] for row in written] == ["1.0"] * 3
    assert (tmp_path / "results.png").stat().st_size > 1_000
