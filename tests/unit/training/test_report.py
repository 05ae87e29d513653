"""Results as text."""

from __future__ import annotations

import json
from pathlib import Path

from training.report import (
    causes_table,
    keep_failures,
    percent,
    published_table,
    reliability_table,
    table,
)


def test_published_figures_stand_below_ours() -> None:
    lines = published_table("ours", 50.0, 60.0, 7).splitlines()
    assert lines[2].split() == ["ours", "50.0", "60.0", "measured", "here", "on", "7", "questions"]
    assert any("89.7" in line and "arXiv 2505.21575" in line for line in lines)


def test_tables() -> None:
    assert table(("a", "name"), [(1.25, "x"), (10, "long")]).splitlines() == [
        "  a  name",
        "---  ----",
        "1.2  x",
        " 10  long",
    ]
    assert causes_table([]) == ""
    assert [line.split() for line in causes_table(["join", "schema", "join"]).splitlines()[2:]] == [
        ["schema", "1"],
        ["join", "2"],
    ]
    assert (percent(1, 3), percent(0, 0)) == (33.3, 0.0)


def test_failures_are_lines(tmp_path: Path) -> None:
    keep_failures(tmp_path / "deep" / "f.jsonl", [{"cause": "join"}, {"cause": "other"}])
    lines = (tmp_path / "deep" / "f.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["cause"] for line in lines] == ["join", "other"]


def test_how_right_answers_are_by_their_confidence() -> None:
    asked = [(0.9, True), (0.5, False), (None, False), (0.8, True), (0.99, True), (0.7, False)]
    rows = [line.split() for line in reliability_table(asked).splitlines()[2:]]
    assert rows == [
        ["0.990", "to", "0.990", "1", "100.0"],
        ["0.900", "to", "0.900", "1", "100.0"],
        ["0.700", "to", "0.800", "2", "50.0"],
        ["0.500", "to", "0.500", "1", "0.0"],
    ]
    assert reliability_table([(None, True)]) == ""
