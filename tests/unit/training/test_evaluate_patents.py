"""Held-out questions about the patents, end to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.unit.training.endpoint import Endpoint, last_line
from training import evaluate, evaluate_patents
from training.augment.postgres import Rows
from training.augment.propagate import Pair


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
    trained = Pair(
        "number of the patents that there are", "SELECT count(*) AS n FROM patent", "t",
        "number of the patents that there are", "train", "patents", "prose-sql", (), "s", 1, False,
    )  # fmt: skip
    (tmp_path / "train.jsonl").write_text(json.dumps(asdict(trained)) + "\n")
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
    # The examples that ship are of all parts, so here those of the train part stand in their place.
    assert trained.question in prompts[0]
    causes = [
        json.loads(line)["cause"] for line in (tmp_path / "out" / "failures.jsonl").read_text().splitlines()
    ]
    assert causes == ["value", "schema"]
    predictions = str(tmp_path / "out" / "predictions.jsonl")
    again = ["--pairs", str(tmp_path), "--predictions", predictions, "--limit", "1", "--out", str(tmp_path)]
    assert evaluate_patents.main(again) == 0


class NoEngine:
    """Fails when something other than the gold statement reaches it."""

    def rows(self, statement: str, limit: int = 0) -> Rows:
        assert statement == "SELECT 1"
        return Rows(("a",), ((1,),))


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SET work_mem = 1",
        "DROP TABLE patent",
        "SELECT pg_read_file('x')",
        "SELECT 1; SELECT 2",
        "SELEC 1",
    ],
)
def test_what_the_gate_denies_is_wrong_and_does_not_run(sql: str) -> None:
    scored = evaluate_patents.score(
        NoEngine(), evaluate_patents.Held(0, "templates", "one?", "SELECT 1"), sql
    )
    assert scored.cause == "syntax"
    assert scored.error is not None
    assert scored.error.startswith("denied: ")
