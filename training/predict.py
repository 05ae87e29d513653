"""Lets a model answer questions, and keeps the answers in a file.

Rules: a file of predictions holds a JSON object a line, {"number", "sql", "seconds", "confidence"}; what it holds
already is not asked again, so a run that was cut off goes on; it belongs to one model and one set, whose names stand in
its first line; a question that gets no answer has an empty statement, which is wrong, and is asked again by the next
run.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nl_frontend.client import Node, RemoteNode
from nl_frontend.errors import FrontEndError
from nl_frontend.models import adapter_of, default_cache_dir, load_catalogue, model_path
from nl_frontend.supervisor import EmbeddedNode

Answer = Callable[[], Awaitable[tuple[str, float | None]]]
DEADLINE_S = 300.0
CONTEXT_TOKENS = 4096


class PredictionsMismatch(Exception):
    """The file of predictions was made by another model, for another set or for fewer questions."""


def add_arguments(parser: argparse.ArgumentParser, out: str) -> None:
    """What every set has: which questions, which model, and where the results go."""
    parser.add_argument("--limit", type=int, metavar="N", help="a sample of N questions")
    parser.add_argument("--seed", type=int, default=1, help="draws the sample (1)")
    parser.add_argument("--url", help="an OpenAI-style completion endpoint; without it a node is started")
    parser.add_argument(
        "--model", help="for that node: a name of models.toml or a GGUF file (the default model)"
    )
    parser.add_argument("--lora", type=Path, metavar="FILE", help="for that node: an adapter's GGUF file")
    parser.add_argument("--untuned", action="store_true", help="without the adapter that ships for the model")
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="score these, ask nobody")
    parser.add_argument("--out", type=Path, default=Path(out), help=f"folder of what is kept ({out})")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object, last")


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model answers: an endpoint, or a GGUF with an adapter that a node of our own serves."""

    url: str | None = None
    model: str | None = None
    own_lora: Path | None = None
    untuned: bool = False

    @staticmethod
    def of(options: argparse.Namespace) -> ModelChoice:
        """What the command line says."""
        return ModelChoice(options.url, options.model, options.lora, options.untuned)

    @property
    def lora(self) -> Path | None:
        """The adapter: the one that is named, or the one that ships for the model."""
        model = self.model or load_catalogue().default
        return None if self.url else adapter_of(model, own=self.own_lora, untuned=self.untuned)

    @property
    def name(self) -> str:
        if self.url:
            return self.url
        name = Path(self.model or load_catalogue().default).name
        return f"{name} + {self.lora.name}" if self.lora else name

    async def start(self, stack: AsyncExitStack) -> Node:
        """The node, which lives as long as `stack`.  Raises: FrontEndError."""
        if self.url:
            return RemoteNode(self.url.rstrip("/").removesuffix("/v1"))
        path = model_path(self.model or load_catalogue().default, default_cache_dir())
        node = EmbeddedNode(path, name=self.name, context_tokens=CONTEXT_TOKENS, lora=self.lora)
        await node.start(lambda line: print(line, file=sys.stderr))
        stack.push_async_callback(node.stop)
        return node


@dataclass(frozen=True, slots=True)
class Prediction:
    """Units: `seconds` from the question to its answer; `confidence` 0..1, None when the node reports none."""

    sql: str
    seconds: float
    confidence: float | None = None


def read_all(path: Path, numbers: Sequence[int]) -> dict[int, Prediction]:
    """Predictions of these questions.  Raises: PredictionsMismatch when one is missing."""
    known = read_predictions(path)
    if missing := len(set(numbers) - known.keys()):
        raise PredictionsMismatch(f"{path} lacks {missing} of {len(numbers)} questions")
    return known


def read_predictions(path: Path, heading: Mapping[str, Any] | None = None) -> dict[int, Prediction]:
    """Shapes: number of the question -> prediction.  Raises: PredictionsMismatch when its heading is another."""
    found = {}
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        if "number" in row:
            found[int(row["number"])] = Prediction(
                row["sql"], float(row.get("seconds", 0.0)), row.get("confidence")
            )
        elif heading is not None and row != heading:
            raise PredictionsMismatch(f"{path} holds predictions of {row}, not of {dict(heading)}")
    return found


async def predict(
    asked: Sequence[tuple[int, Answer]], path: Path, heading: Mapping[str, Any]
) -> dict[int, Prediction]:
    """Answer what `path` does not hold yet, one question after the other.

    Shapes: `asked` has the number of a question and what answers it, with SQL and a confidence.
    Raises: PredictionsMismatch; FrontEndError when the node is gone for good.
    """
    known = _known(path, heading)
    with path.open("a", encoding="utf-8") as file:
        if file.tell() == 0:
            file.write(json.dumps(dict(heading)) + "\n")
        left = [(number, answer) for number, answer in asked if not known.get(number, Prediction("", 0)).sql]
        for i, (number, answer) in enumerate(left):
            begun = time.perf_counter()
            try:
                sql, confidence = await answer()
            except FrontEndError as error:
                if error.sqlstate == "57P03":  # the node is down: every other question would fail alike
                    raise
                sql, confidence = "", None
            known[number] = Prediction(" ".join(sql.split()), time.perf_counter() - begun, confidence)
            row = {"number": number, "sql": known[number].sql, "seconds": round(known[number].seconds, 3)}
            row["confidence"] = None if confidence is None else round(confidence, 4)
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            if sys.stderr.isatty() or i % 20 == 19 or i + 1 == len(left):
                print(f"\r{i + 1} of {len(left)} questions", end="", file=sys.stderr)
    if left:
        print(file=sys.stderr)
    return {number: known[number] for number, _ in asked}


def _known(path: Path, heading: Mapping[str, Any]) -> dict[int, Prediction]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return read_predictions(path, heading) if path.exists() else {}
