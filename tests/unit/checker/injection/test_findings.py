from __future__ import annotations

import pytest

from checker.injection.findings import Findings, moved, score


def test_weights_add_up_as_independent_probabilities() -> None:
    findings = Findings()
    findings.add("a", 0.5, "one", 3)
    findings.add("b", 0.8, "other")
    assert score(findings.all()) == pytest.approx(0.9)
    assert score(()) == 0.0


def test_a_code_counts_once_with_its_heaviest() -> None:
    findings = Findings()
    for weight, position in ((0.4, 1), (0.9, 2), (0.4, 3), (0.0, 4)):
        findings.add("a", weight, "x", position)
    findings.add("b", 0.0, "nothing")
    (found,) = findings.all()
    assert (found.weight, found.position) == (0.9, 2)


def test_the_heaviest_comes_first_and_positions_move() -> None:
    findings = Findings()
    findings.add("a", 0.1, "x", 1)
    findings.add("b", 0.2, "y")
    assert [(f.code, f.position) for f in moved(findings.all(), 10)] == [("b", None), ("a", 11)]
