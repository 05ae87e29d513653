from __future__ import annotations

import pytest

from checker.injection.comments import judge
from checker.injection.findings import Findings, score


def weight(comment: str) -> float:
    findings = Findings()
    judge("SELECT 1" + comment, len("SELECT 1"), findings)
    return score(findings.all())


@pytest.mark.parametrize(
    "comment", [" --'", "--' AND a = 1", " -- %'", "-- x' ORDER BY 1", "--')", " --') OR", '--"']
)
def test_what_closed_a_value(comment: str) -> None:
    assert weight(comment) >= 0.9


@pytest.mark.parametrize(
    "comment",
    ["", "\n", " -- it's all", " -- the user's order", "\n--'", " /* ' */", " -- 'x' is a letter",
     " -- top 10 only", "-- don't"],
)  # fmt: skip
def test_honest_comments(comment: str) -> None:
    assert weight(comment) == 0.0


@pytest.mark.parametrize("comment", ["--", " -- AND a = 1", "-- ORDER BY b"])
def test_uncertain_comments(comment: str) -> None:
    assert 0.4 <= weight(comment) < 0.9
