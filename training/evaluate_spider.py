"""`python -m training.evaluate spider`: a model on Spider dev, asked through the front end's own prompt.

Rules: questions of one database stand together, so that a node reads its schema once; `--limit` draws the same sample
for the same seed; a prediction is the first statement of the reply, its operators set apart by blanks, since Spider's
parser reads no others; it is scored as it is, and after those of the front end's rules that write no PostgreSQL.
Units: percent of the questions whose database is there (972 of 1,034 in the data that is at hand).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from sqlglot.errors import SqlglotError

from nl_frontend.amend import amend_columns
from nl_frontend.amend_by_question import amend_by_question
from nl_frontend.client import NodeClient
from nl_frontend.drafter import DRAFT_TOKENS_MAX, first_statement
from nl_frontend.errors import FrontEndError
from nl_frontend.prompt import FENCE, build_prompt, select_tables, serialise_schema, tokens_of
from nl_frontend.values import find, told
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
from training.report import causes_table, keep_failures, percent, published_table, reliability_table
from training.spider_data import Question, Spider, open_spider
from training.spider_match import exact_match
from training.spider_run import compare

DATA = Path(os.environ.get("STREAMLINK_DATA", "."))
_OPERATORS = re.compile(r"""('[^']*'|"[^"]*")|\s*(<=|>=|!=|<>|=|<|>)\s*""")


@dataclass(frozen=True, slots=True)
class Scored:
    """One question's verdicts.  Shapes: `cause` is empty when the rows are right."""

    question: Question
    sql: str
    exact: bool
    right: bool
    cause: str
    error: str | None

    def failure(self) -> dict[str, object]:
        """For failures.jsonl."""
        asked = self.question
        return {
            "cause": self.cause,
            "database": asked.database,
            "question": asked.prose,
            "gold": asked.gold,
            "sql": self.sql,
            "error": self.error,
        }


def prompt_for(spider: Spider, question: Question) -> str:
    """What a node completes: the schema with its first values, then the question."""
    tables = spider.tables(question.database)
    around = tokens_of(build_prompt("", question.prose, dialect="sqlite"))
    budget = CONTEXT_TOKENS - DRAFT_TOKENS_MAX - around
    chosen = select_tables(tables, question.prose, search_path=("",), budget=budget)
    if not chosen:  # no table of this database fits with its values
        chosen = select_tables(
            spider.tables(question.database, values=0), question.prose, search_path=("",), budget=budget
        )
    values = told(find(question.prose, chosen, spider.held(question.database)), chosen, ("",))
    schema = serialise_schema(chosen, search_path=("",))
    return build_prompt(schema, question.prose, values=values, dialect="sqlite")


def spaced(sql: str) -> str:
    """Comparison operators between blanks; strings stay as they are."""
    return _OPERATORS.sub(lambda m: m[1] or f" {'!=' if m[2] == '<>' else m[2]} ", sql)


def score(spider: Spider, question: Question, sql: str) -> Scored:
    """Both verdicts, and the cause of a failure."""
    columns, keys = spider.columns(question.database), spider.keys(question.database)
    exact = exact_match(sql, question.gold, columns, keys)
    outcome = compare(spider.file(question.database), sql, question.gold)
    why = "" if outcome.right else cause(sql, question.gold, error=outcome.error, dialect="sqlite")
    return Scored(question, sql, exact, outcome.right, why, outcome.error)


def mended(spider: Spider, question: Question, sql: str) -> str:
    """The prediction after those of the front end's rules that any dialect has a use for, where it can be read."""
    tables, path = spider.tables(question.database, values=0), ("",)
    held = spider.held(question.database)
    try:
        amended = amend_columns(sql, tables, search_path=path).sql
        found = find(question.prose, tables, held)
        amended = amend_by_question(amended, question.prose, found, tables, held, search_path=path).sql
    except (SqlglotError, RecursionError):
        return sql
    return spaced(amended)


def sample(questions: Sequence[Question], limit: int | None, seed: int) -> list[Question]:
    """All, or `limit` drawn ones, by database."""
    drawn = questions if limit is None else random.Random(seed).sample(questions, min(limit, len(questions)))
    return sorted(drawn, key=lambda q: (q.database, q.number))


async def ask(
    spider: Spider, questions: Sequence[Question], choice: ModelChoice, path: Path
) -> dict[int, Prediction]:
    """Predictions of a model for some questions.  Raises: FrontEndError, PredictionsMismatch."""
    async with AsyncExitStack() as stack:
        client = NodeClient(await choice.start(stack))
        stack.push_async_callback(client.close)

        def answer(question: Question) -> Answer:
            async def asked() -> tuple[str, float | None]:
                body = {
                    "prompt": prompt_for(spider, question),
                    "max_tokens": DRAFT_TOKENS_MAX,
                    "temperature": 0.0,
                    "stop": [FENCE, ";\n"],
                    "logprobs": 1,
                }
                reply = await client.complete(body, deadline_s=DEADLINE_S)
                return spaced(first_statement(reply.text)), reply.confidence

            return asked

        heading = {"set": "spider dev", "model": choice.name}
        return await predict([(q.number, answer(q)) for q in questions], path, heading)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m training.evaluate spider", description=(__doc__ or "").split("\n")[0]
    )
    made.add_argument("--data", type=Path, default=DATA, help="Spider's folder or archive ($STREAMLINK_DATA)")
    add_arguments(made, ".streamlink/evaluate-spider")
    made.add_argument(
        "--stage",
        choices=("predict", "score", "all"),
        default="all",
        help="only ask, only score, or both (all)",
    )
    return made


def main(arguments: Sequence[str]) -> int:
    """Exit status: 0 measured, 1 failed, 2 wrong usage."""
    options = parser().parse_args(arguments)
    begun = time.perf_counter()
    try:
        with open_spider(options.data) as spider:
            return _measure(spider, options, begun)
    except (FrontEndError, PredictionsMismatch, FileNotFoundError) as error:
        print(f"evaluate spider: {getattr(error, 'message', error)}", file=sys.stderr)
        return 1


def _measure(spider: Spider, options: argparse.Namespace, begun: float) -> int:
    questions, published = spider.questions()
    chosen = sample(questions, options.limit, options.seed)
    choice = ModelChoice.of(options)
    path = options.predictions or options.out / "predictions.jsonl"
    if options.predictions or options.stage == "score":
        known = read_all(path, [q.number for q in chosen])
    else:
        known = asyncio.run(ask(spider, chosen, choice, path))
    if options.stage == "predict":
        print(f"{len(chosen)} predictions in {path}")
        return 0
    scored = [score(spider, q, known[q.number].sql) for q in chosen]
    after = [
        was if (sql := mended(spider, was.question, was.sql)) == was.sql else score(spider, was.question, sql)
        for was in scored
    ]
    n, right, exact = len(scored), sum(s.right for s in scored), sum(s.exact for s in scored)
    name = options.predictions.name if options.predictions else choice.name
    figures = {
        "set": "spider dev",
        "model": name,
        "n": n,
        "of": published,
        "execution_accuracy": percent(right, n),
        "exact_match": percent(exact, n),
        "execution_accuracy_mended": percent(sum(s.right for s in after), n),
        "exact_match_mended": percent(sum(s.exact for s in after), n),
        "seconds": round(time.perf_counter() - begun, 1),
        "seconds_a_question": round(sum(known[q.number].seconds for q in chosen) / max(n, 1), 2),
    }
    print(published_table(name, percent(exact, n), percent(right, n), n))
    print()
    changed = [(was, now) for was, now in zip(scored, after, strict=True) if was is not now]
    became = sum(now.right and not was.right for was, now in changed)
    spoilt = sum(was.right and not now.right for was, now in changed)
    print(
        f"after the front end's rules: execution {figures['execution_accuracy_mended']}, exact match"
        f" {figures['exact_match_mended']}; {len(changed)} changed, {became} to right, {spoilt} to wrong"
    )
    print()
    print(causes_table(s.cause for s in scored if s.cause))
    print()
    print(reliability_table((known[s.question.number].confidence, s.right) for s in scored))
    keep_failures(options.out / "failures.jsonl", (s.failure() for s in scored if s.cause))
    if options.json:
        print(json.dumps(figures))
    return 0
