"""The evaluations from end to end, on an endpoint that answers as it is told, and their command lines."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from nl_frontend.prompt import build_prompt, serialise_schema
from training import evaluate, evaluate_patents, evaluate_spider
from training.evaluate_spider import prompt_for, sample, spaced
from training.predict import ModelChoice, PredictionsMismatch, read_predictions
from training.report import published_table
from training.spider_data import Question, open_spider

Endpoint = tuple[str, list[str]]


@pytest.fixture
def endpoint() -> Iterator[Callable[[Callable[[str], str]], Endpoint]]:
    """endpoint(answer) is the address of a completion endpoint, and the prompts that it was sent."""
    servers = []

    def start(answer: Callable[[str], str]) -> Endpoint:
        prompts: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                prompts.append(body["prompt"])
                payload = json.dumps({"choices": [{"text": answer(body["prompt"])}]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, format: str, *args: Any) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}", prompts

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return figures


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
        asked = prompt.split("<|im_start|>user\n")[1].split("<|im_end|>")[0]
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


def test_predictions_belong_to_a_model_and_a_set(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"set": "spider dev", "model": "a"}\n{"number": 3, "sql": "SELECT 1", "seconds": 0.5}\n')
    assert read_predictions(path)[3].seconds == 0.5
    with pytest.raises(PredictionsMismatch):
        read_predictions(path, {"set": "spider dev", "model": "b"})
    assert ModelChoice(model="m.gguf", lora=Path("x/a.gguf")).name == "m.gguf + a.gguf"


def test_published_figures_stand_below_ours() -> None:
    lines = published_table("ours", 50.0, 60.0, 7).splitlines()
    assert lines[2].split() == ["ours", "50.0", "60.0", "measured", "here", "on", "7", "questions"]
    assert any("89.7" in line and "arXiv 2505.21575" in line for line in lines)


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main([]) == evaluate.main(["nothing"]) == 2
    assert evaluate.main(["--help"]) == 0
    assert "spider" in capsys.readouterr().out
