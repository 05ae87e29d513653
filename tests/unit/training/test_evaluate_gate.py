from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.evaluate import main
from training.evaluate_gate import judge_sample, measure, normalised, roc


def test_measures_are_the_papers() -> None:
    found = measure([0.95, 0.2, 0.9, 0.1], [True, True, False, False], 0.9)
    assert (found.precision, found.recall, found.escape, found.misintercept) == (0.5, 0.5, 0.5, 0.5)
    empty = measure([], [], 0.9)
    assert (empty.precision, empty.recall, empty.escape, empty.misintercept) == (0, 0, 0, 0)


def test_roc() -> None:
    curve, area = roc([0.9, 0.8, 0.3, 0.1], [True, True, False, False])
    assert area == 1.0
    assert (curve[0], curve[-1]) == ((0.0, 0.0), (1.0, 1.0))
    assert roc([0.5, 0.5], [True, False])[1] == 0.5


def test_a_text_counts_for_all_that_it_was_drawn_from() -> None:
    rules = [0.95, 0.0, 0.95, 0.0, 0.0, 0.0]
    labels = [True, True, True, False, False, False]
    texts = ["caught", "missed", "caught too", "a", "b", "c"]
    said = {"caught": None, "missed": 0.8, "a": 0.6}
    judged = judge_sample(texts, rules, labels, threshold=0.9, most=1, judge=said.get)
    assert judged.weights == [2.0, 1.0, 3.0]
    assert judged.judge == [0.0, 0.8, 0.6]
    alone = measure(judged.judge, judged.labels, 0.5, judged.weights)
    assert (alone.recall, alone.misintercept) == (pytest.approx(1 / 3), 1.0)
    assert measure(judged.both, judged.labels, 0.9, judged.weights).recall == 1.0
    assert roc(judged.judge, judged.labels, judged.weights)[1] == pytest.approx(1 / 3)


def test_doubled_spaces_are_no_sign() -> None:
    assert normalised(" a  b \n  c ") == "a b\nc"


def test_a_set_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "set.csv"
    path.write_text("statement,malicious\nAnna,0\n1' OR '1'='1,1\nSELECT a FROM t,0\n42,0\n", "utf-8")
    assert main(["gate", "--data", str(path), "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    report = json.loads(lines[-1])
    assert (report["statements"], report["attacks"]) == (4, 1)
    assert (report["precision"], report["recall"], report["misintercept"], report["auc"]) == (1, 1, 0, 1)
    assert main(["gate", "--data", str(tmp_path / "none.csv")]) == 1


def test_wrong_usage() -> None:
    assert main([]) == 2
    assert main(["--help"]) == 0
