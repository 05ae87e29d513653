"""The file of predictions."""

from __future__ import annotations

from pathlib import Path

import pytest

from nl_frontend.errors import DraftRefused, NodeUnavailable
from training.predict import Answer, ModelChoice, PredictionsMismatch, predict, read_all, read_predictions

HEADING = {"set": "s", "model": "m"}


def test_predictions_belong_to_a_model_and_a_set(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"set": "spider dev", "model": "a"}\n{"number": 3, "sql": "SELECT 1", "seconds": 0.5}\n')
    assert read_predictions(path)[3].seconds == 0.5
    with pytest.raises(PredictionsMismatch):
        read_predictions(path, {"set": "spider dev", "model": "b"})
    assert ModelChoice(model="m.gguf", own_lora=Path("x/a.gguf")).name == "m.gguf + a.gguf"


async def test_what_has_an_answer_is_not_asked_again(tmp_path: Path) -> None:
    asked: list[int] = []

    def answer(number: int, *replies: str | Exception) -> tuple[int, Answer]:
        left = list(replies)

        async def reply() -> tuple[str, float | None]:
            asked.append(number)
            said = left.pop(0)
            if isinstance(said, Exception):
                raise said
            return said, 0.25

        return number, reply

    path = tmp_path / "deep" / "p.jsonl"
    questions = [answer(0, "SELECT\n 1"), answer(1, DraftRefused("no"), "SELECT 2")]
    first = await predict(questions, path, HEADING)
    assert (first[0].sql, first[1].sql) == ("SELECT 1", "")
    again = await predict(questions, path, HEADING)
    assert again[1].sql == "SELECT 2"
    assert (again[1].confidence, read_predictions(path)[0].confidence) == (0.25, 0.25)
    assert asked == [0, 1, 1]
    assert read_all(path, [0, 1])[1].sql == "SELECT 2"
    with pytest.raises(PredictionsMismatch, match="lacks 1 of 2"):
        read_all(path, [0, 7])


async def test_a_node_that_is_gone_ends_the_run(tmp_path: Path) -> None:
    async def gone() -> tuple[str, float | None]:
        raise NodeUnavailable("gone")

    with pytest.raises(NodeUnavailable):
        await predict([(0, gone)], tmp_path / "p.jsonl", HEADING)
    assert read_predictions(tmp_path / "p.jsonl", HEADING) == {}
