"""Held-out questions about the patents, end to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.training.endpoint import Endpoint, last_line
from training import evaluate, evaluate_patents


def test_patents_by_the_whole_front_end(
    endpoint: Callable[..., Endpoint], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = {
        "how many patents are there": "SELECT count(*) FROM patent",
        "titles of the year 1999": "SELECT title FROM patent WHERE grant_year = 1999",
        "the newest one": "SELECT title FROM patent ORDER BY grant_date DESC NULLS LAST, title LIMIT 1",
    }
    said = {
        "how many patents are there": "SELECT count(*) FROM google_full",
        "titles of the year 1999": "SELECT title FROM patent WHERE grant_year = 1977",
        "the newest one": "SELECT title FROM nothing",
    }
    rows = [json.dumps({"question": q, "sql": sql}) + "\n" for q, sql in held.items()]
    (tmp_path / "phrasings.jsonl").write_text(rows[0])
    (tmp_path / "templates.jsonl").write_text("".join(rows[1:]))
    url, prompts = endpoint(
        lambda prompt: next(sql for q, sql in said.items() if q in prompt.split("user\n")[1])
    )
    arguments = ["patents", "--pairs", str(tmp_path), "--url", url, "--out", str(tmp_path / "out"), "--json"]
    assert evaluate.main(arguments) == 0
    figures = last_line(capsys)
    assert (figures["n"], figures["execution_accuracy"]) == (3, 33.3)
    assert figures["execution_accuracy_phrasings"] == 100.0
    assert figures["execution_accuracy_templates"] == 0.0
    assert all("Write one PostgreSQL" in prompt for prompt in prompts)
    causes = [
        json.loads(line)["cause"] for line in (tmp_path / "out" / "failures.jsonl").read_text().splitlines()
    ]
    assert causes == ["value", "schema"]
    predictions = str(tmp_path / "out" / "predictions.jsonl")
    again = ["--pairs", str(tmp_path), "--predictions", predictions, "--limit", "1", "--out", str(tmp_path)]
    assert evaluate_patents.main(again) == 0
