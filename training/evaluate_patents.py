"""`python -m training.evaluate patents`: the whole front end on questions about the patents that were held out.

The questions are what training.augment kept from training: other phrasings of templates that were trained on, and
templates that were not.  Draft and gold run on a PostgreSQL over the same data, and their rows are compared.

Rules: the draft comes from the front end as the server has it, with its checks, its amendments and, without an
adapter, examples (those that are chosen by the question are of the train part alone), and passes the server's gate;
one that either refuses is wrong; what runs is what the gate made of it.
Units: percent of the questions asked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Protocol

from checker.gate import Gate
from checker.verdict import Allowed
from nl_frontend.drafter import FrontEnd
from nl_frontend.errors import FrontEndError
from nl_frontend.examples import parse_example
from nl_frontend.forms import Question
from nl_frontend.models import load_catalogue
from nl_frontend.prompt import Table
from nl_frontend.similar import Similar
from nl_frontend.values import TableValues
from training.augment.data import DataError, read_parquet
from training.augment.output import choose_examples, like_of
from training.augment.postgres import EngineMissing, running, values_of
from training.augment.propagate import Pair
from training.causes import cause
from training.predict import (
    CONTEXT_TOKENS,
    DEADLINE_S,
    Answer,
    ModelChoice,
    Prediction,
    PredictionsMismatch,
    add_arguments,
    predict,
    read_all,
)
from training.report import causes_table, keep_failures, percent, reliability_table, table
from training.rows import same_rows

PARTS = ("phrasings", "templates")
SCHEMA = "patents"
ROWS_MAX = 200_000


class Rows(Protocol):
    """As training.augment.postgres.Rows."""

    @property
    def rows(self) -> Sequence[Sequence[object]]: ...


class Runs(Protocol):
    """What runs a statement, as training.augment.postgres.Engine."""

    def rows(self, statement: str, limit: int = ...) -> Rows: ...


@dataclass(frozen=True, slots=True)
class Held:
    """One held-out question.  Shapes: `number` counts over the parts in their order."""

    number: int
    part: str
    prose: str
    gold: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """As nl_frontend.drafter.Catalogue."""

    tables: dict[tuple[str, str], Table]


@dataclass(frozen=True, slots=True)
class Scored:
    """Shapes: `cause` is empty when the rows are right; `error` is the engine's."""

    held: Held
    sql: str
    cause: str
    error: str | None

    def failure(self) -> dict[str, object]:
        """For failures.jsonl."""
        asked = {"part": self.held.part, "question": self.held.prose, "gold": self.held.gold}
        return {"cause": self.cause, **asked, "sql": self.sql, "error": self.error}


def read_held(folder: Path) -> list[Held]:
    """The held-out parts of what training.augment made.  Raises: FileNotFoundError."""
    lines = [
        (part, line) for part in PARTS for line in (folder / f"{part}.jsonl").read_text("utf-8").splitlines()
    ]
    rows = [(part, json.loads(line)) for part, line in lines]
    return [Held(i, part, row["question"], row["sql"]) for i, (part, row) in enumerate(rows)]


def read_similar(folder: Path) -> Similar:
    """The front end's examples, of the train part alone: those that ship are of all.  Raises: FileNotFoundError."""
    lines = (folder / "train.jsonl").read_text("utf-8").splitlines()
    pairs = [Pair(**{**json.loads(line), "constructs": ()}) for line in lines]
    chosen = choose_examples(pairs, len(pairs))
    return Similar(parse_example(pair.question, pair.sql, like_of(pair)) for pair in chosen)


def score(engine: Runs, held: Held, sql: str) -> Scored:
    """A draft that the gate denies is wrong, and does not run.

    Raises: psycopg.Error when the gold statement does not run.
    """
    import psycopg

    wanted = engine.rows(held.gold, ROWS_MAX).rows
    verdict = Gate().check(sql)
    if not isinstance(verdict, Allowed) or verdict.tree is None:
        said = f"denied: {'no query' if isinstance(verdict, Allowed) else verdict.reason}"
        return Scored(held, sql, cause(sql, held.gold, error=said, dialect="postgres"), said)
    try:
        got = engine.rows(verdict.sql, len(wanted) + 1).rows
    except psycopg.Error as error:
        said = str(error).split("\n")[0]
        return Scored(held, sql, cause(sql, held.gold, error=said, dialect="postgres"), said)
    if same_rows(got, wanted, ordered="order by" in held.gold.lower()):
        return Scored(held, sql, "", None)
    return Scored(held, sql, cause(sql, held.gold, error=None, dialect="postgres"), None)


async def ask(
    catalogue: Catalogue,
    values: Mapping[tuple[str, str], TableValues],
    held: Sequence[Held],
    choice: ModelChoice,
    path: Path,
    similar: Similar,
) -> dict[int, Prediction]:
    """Drafts of the front end.  Raises: FrontEndError, PredictionsMismatch."""
    async with AsyncExitStack() as stack:
        models = load_catalogue()
        spec = models.models.get(choice.model or "", models.spec(models.default))
        front_end = FrontEnd(
            await choice.start(stack),
            spec,
            examples=() if choice.lora else None,
            similar=similar,
            context_tokens=CONTEXT_TOKENS,
        )
        stack.push_async_callback(front_end.close)

        def answer(question: Held) -> Answer:
            async def asked() -> tuple[str, float | None]:
                draft = await front_end.draft(
                    Question(question.prose),
                    catalogue,
                    search_path=(SCHEMA,),
                    deadline_s=DEADLINE_S,
                    held=values,
                )
                return draft.sql, draft.confidence

            return asked

        heading = {"set": "patents", "model": choice.name}
        return await predict([(h.number, answer(h)) for h in held], path, heading)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m training.evaluate patents", description=(__doc__ or "").split("\n")[0]
    )
    made.add_argument("--pairs", type=Path, required=True, help="what `python -m training.augment` wrote")
    made.add_argument("--data", type=Path, help="the parquet files that they ask about (the sample)")
    add_arguments(made, ".streamlink/evaluate-patents")
    return made


def main(arguments: Sequence[str]) -> int:
    """Exit status: 0 measured, 1 failed, 2 wrong usage."""
    options = parser().parse_args(arguments)
    try:
        return _measure(options)
    except (DataError, EngineMissing, FrontEndError, PredictionsMismatch, OSError) as error:
        print(f"evaluate patents: {getattr(error, 'message', error)}", file=sys.stderr)
        return 1


def _measure(options: argparse.Namespace) -> int:
    begun = time.perf_counter()
    held = read_held(options.pairs)
    if options.limit is not None:
        drawn = random.Random(options.seed).sample(held, min(options.limit, len(held)))
        held = sorted(drawn, key=lambda h: h.number)
    database = read_parquet(options.data or Path(str(files("conf") / "sample")), SCHEMA)
    choice = ModelChoice.of(options)
    with running() as engine:
        loaded = engine.load(database)
        catalogue = Catalogue({(t.schema, t.name): t for t in loaded.with_references()})
        if options.predictions:
            known = read_all(options.predictions, [h.number for h in held])
        else:
            similar = Similar(()) if choice.lora else read_similar(options.pairs)
            path = options.out / "predictions.jsonl"
            known = asyncio.run(ask(catalogue, values_of(engine, loaded), held, choice, path, similar))
        scored = [score(engine, h, known[h.number].sql) for h in held]
    name = options.predictions.name if options.predictions else choice.name
    figures: dict[str, object] = {"set": "patents", "model": name, "n": len(scored)}
    rows: list[Sequence[object]] = []
    for part in (*PARTS, "all"):
        of_part = [s for s in scored if part in (s.held.part, "all")]
        right = percent(sum(not s.cause for s in of_part), len(of_part))
        rows.append((f"held-out {part}" if part != "all" else "all", len(of_part), right))
        figures["execution_accuracy" if part == "all" else f"execution_accuracy_{part}"] = right
    figures["seconds"] = round(time.perf_counter() - begun, 1)
    print(table((f"patents, {name}", "questions", "execution"), rows))
    print()
    print(causes_table(s.cause for s in scored if s.cause))
    print()
    print(reliability_table((known[s.held.number].confidence, not s.cause) for s in scored))
    keep_failures(options.out / "failures.jsonl", (s.failure() for s in scored if s.cause))
    if options.json:
        print(json.dumps(figures))
    return 0
