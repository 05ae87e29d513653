"""Spider dev, end to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nl_frontend.prompt import build_prompt, serialise_schema
from tests.unit.training.endpoint import Endpoint, last_line
from training import evaluate, evaluate_spider
from training.evaluate_spider import prompt_for, sample, spaced
from training.spider_data import Question, open_spider


def test_spider_by_an_endpoint_and_again_by_its_predictions(
    endpoint: Callable[..., Endpoint],
    streamlink_data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with open_spider(streamlink_data) as spider:
        gold = {q.prose: q.gold for q in spider.questions()[0]}

    def answer(prompt: str) -> str:
        """Right for every question of which the gold statement has no GROUP."""
        asked = prompt.split("<|im_start|>user\n")[1].split("<|im_end|>")[0].split("\nValues: ")[0]
        sql = gold[asked]
        return "SELECT 1 FROM nowhere" if "group" in sql.lower() else sql

    url, prompts = endpoint(answer)
    arguments = ["--data", str(streamlink_data), "--limit", "40", "--out", str(tmp_path), "--json"]
    assert evaluate.main(["spider", "--url", f"{url}/v1", *arguments]) == 0
    first = last_line(capsys)
    assert first["n"] == len(prompts) == 40
    assert 0 < first["exact_match"] <= first["execution_accuracy"] < 100
    failures = [json.loads(line) for line in (tmp_path / "failures.jsonl").read_text().splitlines()]
    assert {failure["cause"] for failure in failures} == {"schema"}
    assert len(failures) == round(40 * (1 - first["execution_accuracy"] / 100))

    # What was answered is not asked again, and can be scored without a model.
    assert evaluate.main(["spider", "--url", f"{url}/v1", *arguments]) == 0
    assert last_line(capsys)["execution_accuracy"] == first["execution_accuracy"]
    assert len(prompts) == 40
    assert evaluate.main(["spider", "--stage", "score", *arguments]) == 0
    assert last_line(capsys)["exact_match"] == first["exact_match"]
    assert evaluate.main(["spider", "--url", "http://127.0.0.1:9", *arguments]) == 1
    assert "holds predictions of" in capsys.readouterr().err


def test_spiders_prompt_is_the_front_ends(streamlink_data: Path) -> None:
    with open_spider(streamlink_data) as spider:
        question = spider.questions()[0][0]
        schema = serialise_schema(spider.tables(question.database), search_path=("",))
        assert prompt_for(spider, question) == build_prompt(schema, question.prose, dialect="sqlite")
        assert "stadium_id text, -- refers to stadium.stadium_id; such as '1'" in schema
        assert "one SQLite SELECT" in prompt_for(spider, question)


def test_a_sample_is_drawn_by_the_seed_and_stands_by_database() -> None:
    questions = [Question(i, f"d{i % 3}", "", "") for i in range(30)]
    drawn = sample(questions, 9, 1)
    assert drawn == sample(questions, 9, 1) != sample(questions, 9, 2)
    assert [q.database for q in drawn] == sorted(q.database for q in drawn)
    assert len(sample(questions, None, 1)) == 30


def test_operators_stand_apart_and_strings_stay() -> None:
    assert spaced("SELECT a FROM t WHERE a>=1 AND b<>'x=y'") == "SELECT a FROM t WHERE a >= 1 AND b != 'x=y'"


def test_a_node_that_is_not_there(
    streamlink_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(streamlink_data), "--limit", "2", "--out", str(tmp_path)]
    assert evaluate_spider.main(["--url", "http://127.0.0.1:9", *arguments]) == 1
    assert "broke off" in capsys.readouterr().err
    assert evaluate_spider.main(["--model", "none.gguf", *arguments]) == 1
    assert "no model file" in capsys.readouterr().err
    assert evaluate_spider.main(["--data", str(tmp_path)]) == 1
