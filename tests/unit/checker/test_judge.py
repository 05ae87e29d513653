"""The judge's decisions, memory and calibration, with a scorer that answers as it is told."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from checker.context import Grants, JudgeRule
from checker.gate import Gate
from checker.judge import (
    WORDS_MAX,
    Calibration,
    Judge,
    JudgePrompt,
    NotJudged,
    Reading,
    TooLong,
    is_unjudged,
    judge_prompt,
    uncertainty,
    word_features,
)
from checker.verdict import Allowed, Denied, Finding
from training.grammar import GRAMMAR_ALONE

STATEMENT = "SELECT a FROM t WHERE b = 'c' OR 1 = 1"


def logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


@dataclass
class StubScorer:
    """Answers `answer`: a margin, or an exception; None keeps silent until `release`, or the deadline."""

    answer: float | Exception | None = 0.0
    asked: list[JudgePrompt] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    left: int = 0

    async def score(self, prompt: JudgePrompt, *, hidden: bool, deadline_s: float) -> Reading:
        self.asked.append(prompt)
        if self.answer is None:
            try:
                async with asyncio.timeout(deadline_s):
                    await self.release.wait()
            except TimeoutError:
                raise NotJudged("too slow") from None
            except asyncio.CancelledError:
                self.left += 1
                raise
            return Reading(0.0, 0.0)
        if isinstance(self.answer, Exception):
            raise self.answer
        return Reading(self.answer, 0.0)


def allowed(statement: str = STATEMENT, *weights: float) -> Allowed:
    verdict = Gate().check(statement, GRAMMAR_ALONE)
    assert isinstance(verdict, Allowed)
    findings = tuple(Finding("test", weight, "for the test") for weight in weights)
    return Allowed(verdict.kind, verdict.sql, verdict.tree, verdict.statement, verdict.facts, findings)


def grants(when: str = "always", unavailable: str = "deny", deadline_s: float = 5.0) -> Grants:
    return Grants(judge=JudgeRule(when, 0.5, unavailable, deadline_s))  # type: ignore[arg-type]


ROWS = [
    line
    for line in Path(__file__).with_name("judge_decisions.txt").read_text().splitlines()
    if line.strip() and not line.startswith("#")
]


@pytest.mark.parametrize("row", ROWS)
async def test_the_decision_table(row: str) -> None:
    given, _, expected = row.partition("|")
    when, weights, answer, unavailable = given.split()
    answers: dict[str, float | Exception | None] = {
        "down": NotJudged("no node"),
        "slow": None,
        "long": TooLong("9 words"),
        "nan": math.nan,
    }
    scorer = StubScorer(answers[answer] if answer in answers else logit(float(answer)))
    weighed = [float(weight) for weight in weights.split(",")] if weights != "-" else []
    verdict = await Judge(scorer).verdict(
        STATEMENT, allowed(STATEMENT, *weighed), grants(when, unavailable, 0.05)
    )
    last = verdict.findings[-1] if len(verdict.findings) > len(weighed) else None
    shown = "allowed" if isinstance(verdict, Allowed) else f"{verdict.sqlstate} {verdict.code}"
    found = "-" if last is None else f"{last.code} {last.weight:g}"
    assert f"{shown} {found}" == " ".join(expected.split())
    assert bool(scorer.asked) == (found != "-")
    if isinstance(verdict, Allowed):
        assert is_unjudged(verdict) == (found == "judge_unavailable 0")


def test_findings_add_up_as_independent_probabilities() -> None:
    assert uncertainty(()) == 0
    assert uncertainty([Finding("a", 0.5, ""), Finding("b", 0.5, "")]) == pytest.approx(0.75)
    assert uncertainty([Finding("a", 1.5, ""), Finding("b", -2, "")]) == 1


async def test_the_client_is_not_told_the_probability() -> None:
    verdict = await Judge(StubScorer(logit(0.87))).verdict(STATEMENT, allowed(), grants())
    assert isinstance(verdict, Denied)
    assert "87" not in f"{verdict.reason}{verdict.hint}"


@pytest.mark.parametrize("statement", ["SHOW all", "BEGIN", "SET search_path = x", "DISCARD ALL", "COMMIT"])
async def test_statements_that_read_nothing_are_not_judged(statement: str) -> None:
    scorer = StubScorer(NotJudged("down"))
    verdict = await Judge(scorer).verdict(statement, allowed(statement), grants())
    assert isinstance(verdict, Allowed)
    assert scorer.asked == []


@pytest.mark.parametrize(
    "statement",
    [
        "EXPLAIN SELECT a FROM t",
        "COPY (SELECT a FROM t) TO STDOUT",
        "DECLARE c CURSOR FOR SELECT a FROM t",
        "SELECT relname FROM pg_class WHERE relname IN (SELECT a FROM t)",
        "SELECT a FROM pg_catalogue.t",
    ],
)
async def test_whatever_holds_a_query_is(statement: str) -> None:
    verdict = await Judge(StubScorer(9.0)).verdict(statement, allowed(statement), grants())
    assert isinstance(verdict, Denied)


@pytest.mark.parametrize(
    "statement",
    ["SELECT relname FROM pg_catalog.pg_class", "SELECT 1", "VALUES (1)", "EXPLAIN SELECT version()"],
)
async def test_what_reads_the_catalogue_alone_is_judged_only_when_uncertain(statement: str) -> None:
    scorer = StubScorer(9.0)
    judge = Judge(scorer)
    assert isinstance(await judge.verdict(statement, allowed(statement), grants()), Allowed)
    assert scorer.asked == []
    for when in ("always", "uncertain"):
        assert isinstance(await judge.verdict(statement, allowed(statement, 0.5), grants(when)), Denied)


async def test_a_dashboard_pays_once() -> None:
    scorer = StubScorer(-3.0)
    judge = Judge(scorer)
    for value in ("a", "b", "c d e"):
        statement = f"SELECT a FROM t WHERE b = '{value}' AND c = {len(value) + 4}"
        assert isinstance(await judge.verdict(statement, allowed(statement), grants()), Allowed)
    assert len(scorer.asked) == 1


@pytest.mark.parametrize(
    "attack",
    [
        "SELECT a FROM t WHERE b = 'c' OR 1 = 1",
        "SELECT a FROM t WHERE b = 'c' --'",
        "SELECT a FROM t WHERE b = 'union select a from b'",
        "SELECT a FROM t WHERE b = ''",
        "SELECT a FROM users WHERE b = 'c'",
        "SELECT password FROM t WHERE b = 'c'",
        "SELECT a FROM t WHERE b = 'c' AND 'c' = 'c'",
        "SELECT a/**/FROM t WHERE b = 'c'",
    ],
)
async def test_an_honest_statement_vouches_for_no_other(attack: str) -> None:
    scorer = StubScorer(-3.0)
    judge = Judge(scorer)
    honest = "SELECT a FROM t WHERE b = 'c'"
    await judge.verdict(honest, allowed(honest), grants())
    scorer.answer = 3.0
    assert isinstance(await judge.verdict(attack, allowed(attack), grants()), Denied)


async def test_what_comes_together_is_asked_once() -> None:
    scorer = StubScorer(None)
    judge = Judge(scorer)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(judge.verdict(STATEMENT, allowed(), grants())) for _ in range(5)]
        await asyncio.sleep(0.01)
        scorer.release.set()
    assert len(scorer.asked) == 1
    assert all(isinstance(task.result(), Denied) for task in tasks)  # probability one half


async def test_what_was_not_judged_is_asked_again() -> None:
    scorer = StubScorer(NotJudged("down"))
    judge = Judge(scorer)
    assert isinstance(await judge.verdict(STATEMENT, allowed(), grants()), Denied)
    scorer.answer = -4.0
    assert isinstance(await judge.verdict(STATEMENT, allowed(), grants()), Allowed)


async def test_leaving_leaves_the_scorer_and_lets_the_next_one_ask() -> None:
    scorer = StubScorer(None)
    judge = Judge(scorer)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(judge.verdict(STATEMENT, allowed(), grants()))
        second = group.create_task(judge.verdict(STATEMENT, allowed(), grants()))
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.sleep(0.01)
        assert scorer.left == 1
        assert len(scorer.asked) == 2
        scorer.release.set()
    assert isinstance(second.result(), Denied)


async def test_waiting_for_the_same_statement_has_the_deadline_too() -> None:
    judge = Judge(StubScorer(None))
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(judge.verdict(STATEMENT, allowed(), grants(deadline_s=5.0)))
        await asyncio.sleep(0.01)
        verdict = await judge.verdict(STATEMENT, allowed(), grants(deadline_s=0.05))
        assert isinstance(verdict, Denied)
        assert verdict.code == "judge_unavailable"
        slow.cancel()


async def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checker.judge.REMEMBERED_MAX", 2)
    scorer = StubScorer(-3.0)
    judge = Judge(scorer)
    for where in ("a = 'b'", "a > 'b'", "a < 'b'", "a = 'b'"):
        statement = f"SELECT 1 FROM t WHERE {where}"
        await judge.verdict(statement, allowed(statement), grants())
    assert len(scorer.asked) == 4


async def test_what_is_too_long_to_read_is_denied_whatever_the_role_says() -> None:
    columns = ", ".join(f"f{n}(a + '{n}')" for n in range(3)) + ", (a - b), c * d"
    statement = f"SELECT {', '.join([columns, 'x > y'] * 60)} FROM t"
    assert len(judge_prompt("SELECT 1").text) < 20
    with pytest.raises(TooLong):
        judge_prompt(statement)
    scorer = StubScorer(-9.0)
    padded = allowed()
    verdict = await Judge(scorer).verdict(statement, padded, grants(unavailable="allow"))
    assert isinstance(verdict, Denied)
    assert verdict.sqlstate == "54000"
    assert scorer.asked == []
    assert WORDS_MAX > 460


def test_calibrations() -> None:
    reading, rendered = Reading(-1.0, -3.0, (1.0, -2.0)), "SELECT 1"
    assert Calibration().probability(reading, rendered) == pytest.approx(1 / (1 + math.exp(-2)))
    assert Calibration(slope=0.5, bias=-1.0).probability(reading, rendered) == pytest.approx(0.5)
    probe = Calibration(weights=(2.0, 1.0), bias=0.0)
    assert probe.needs_hidden
    assert probe.probability(reading, rendered) == pytest.approx(0.5)
    with pytest.raises(NotJudged):
        probe.probability(Reading(0.0, 0.0), rendered)
    for value in (math.nan, math.inf):
        with pytest.raises(NotJudged):
            Calibration().probability(Reading(value, 0.0), rendered)
    assert Calibration().probability(Reading(1e6, 0.0), rendered) == pytest.approx(1.0)
    assert Calibration().probability(Reading(-1e6, 0.0), rendered) == pytest.approx(0.0)


def test_words_count_once_and_by_their_neighbours() -> None:
    size = 1000
    plain = word_features("SELECT x FROM x", size)
    assert plain == word_features("SELECT x FROM x", size)
    assert plain != word_features("FROM x SELECT x", size)
    at = min(plain)
    words = tuple(2.0 if place == at else 0.0 for place in range(size))
    by_word = Calibration(slope=0.0, words=words)
    assert by_word.probability(Reading(5.0, 0.0), "SELECT x FROM x") == pytest.approx(1 / (1 + math.exp(-2)))
    assert not by_word.needs_hidden
