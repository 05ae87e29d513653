"""The way to the judge's node: what counts as no answer, the breaker, and that what it denies reaches no engine."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from checker.context import Grants, JudgeRule
from checker.gate import Gate
from checker.judge import Calibration, NotJudged, Reading, TooLong, judge_prompt
from checker.verdict import Allowed
from nl_frontend.client import ScoreReply
from nl_frontend.errors import DraftTimeout, NodeBusy, NodeUnavailable, PromptTooLarge
from nl_frontend.node import NodeServer
from nl_frontend.scorer import Score, ScoreRequest
from proxy.audit import Audit
from proxy.firewall import Firewall
from proxy.judging import (
    FAILURES_MAX,
    PAUSE_S,
    Breaker,
    Judging,
    NodeScorer,
    read_calibration,
    shipped_calibration,
)
from proxy.pipeline import Pipeline
from proxy.ports import Catalogue, Column, Table
from proxy.records import Records
from proxy.settings import Judge as JudgeSettings
from proxy.settings import Settings
from proxy.sqlstate import DeniedByGate
from training.grammar import GRAMMAR_ALONE

PROMPT = judge_prompt("SELECT 1")


@dataclass
class StubClient:
    """Raises or answers what it is told."""

    outcome: Any = None
    asked: int = 0

    async def score(self, body: dict[str, Any], *, deadline_s: float) -> ScoreReply:
        self.asked += 1
        assert set(body) == {"prefix", "text", "suffix", "labels", "hidden"}
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return ScoreReply((-0.1, -2.0), (), 9, 4)


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def scorer_over(client: StubClient, clock: Clock) -> NodeScorer:
    return NodeScorer(client, Breaker(clock))  # type: ignore[arg-type]


async def ask(scorer: NodeScorer) -> Reading:
    return await scorer.score(PROMPT, hidden=False, deadline_s=1)


@pytest.mark.parametrize(
    ("outcome", "raised", "counts"),
    [
        (NodeUnavailable("down"), NotJudged, True),
        (DraftTimeout("slow"), NotJudged, True),
        (NodeBusy("full"), NotJudged, False),
        (PromptTooLarge("long"), TooLong, False),
    ],
)
async def test_what_a_node_does_wrong(outcome: Exception, raised: type[Exception], counts: bool) -> None:
    client, clock = StubClient(outcome), Clock()
    scorer = scorer_over(client, clock)
    for _ in range(FAILURES_MAX + 2):
        with pytest.raises(raised):
            await ask(scorer)
    assert client.asked == (FAILURES_MAX if counts else FAILURES_MAX + 2)


async def test_a_broken_node_is_left_alone_then_tried_by_one() -> None:
    client, clock = StubClient(NodeUnavailable("down")), Clock()
    scorer = scorer_over(client, clock)
    for _ in range(FAILURES_MAX + 1):
        with pytest.raises(NotJudged):
            await ask(scorer)
    clock.now += PAUSE_S
    for _ in range(3):
        with pytest.raises(NotJudged):
            await ask(scorer)
    assert client.asked == FAILURES_MAX + 1
    clock.now += PAUSE_S
    client.outcome = None
    assert await ask(scorer) == Reading(-0.1, -2.0)
    assert await ask(scorer) == Reading(-0.1, -2.0)


@dataclass
class StubScorer:
    """A node's scorer: a statement with `same` is an attack; one on table `users` is held."""

    release: threading.Event = field(default_factory=threading.Event)
    started: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    asked: int = 0

    def score(self, request: ScoreRequest, cancelled: Callable[[], bool]) -> Score:
        from nl_frontend.generator import Cancelled

        self.asked += 1
        while "users" in request.text and not self.release.wait(0.01):
            self.started.set()
            if cancelled():
                self.cancelled.set()
                raise Cancelled
        return Score((-0.1, -5.0) if "same" in request.text else (-5.0, -0.1), (), 9, 4)


@dataclass
class Place:
    scorer: StubScorer
    settings: JudgeSettings


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    scorer = StubScorer()
    server = NodeServer(scorer, model="stub", port=0, waiting_max=8)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    calibration = tmp_path / "plain.json"
    calibration.write_text('{"fingerprint": "", "slope": 1, "bias": 0, "weights": [], "words": []}')
    url = f"http://127.0.0.1:{server.server_address[1]}"
    yield Place(scorer, JudgeSettings(urls=(url,), calibration=calibration))
    scorer.release.set()
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Untouchable:
    """A mirror that no statement may reach."""

    touched: int = 0

    def lease(self, user: str, settings: Any) -> Any:
        self.touched += 1
        raise AssertionError("a denied statement reached the mirror")


def pipeline_with(judging: Judging, rule: JudgeRule) -> tuple[Pipeline, Any]:
    grants = replace(GRAMMAR_ALONE.grants, judge=rule)
    service: Any = SimpleNamespace(
        mirror=Untouchable(),
        catalogue=Catalogue(),
        settings=Settings(),
        judging=judging,
        policies=SimpleNamespace(version=1),
    )
    session: Any = SimpleNamespace(
        settings={"search_path": "public"}, user="ann", database="db", pid=7, given_roles=(), grants=grants,
        service=service,
    )  # fmt: skip
    service.audit = Audit(Settings().with_values("audit", enabled=False))
    service.firewall = Firewall(service.mirror)
    session.executor = SimpleNamespace(records=Records(session))
    return Pipeline(service, Gate(), None), session


ATTACK = "SELECT a FROM t WHERE b = 'c' OR 1 = 1"
ALWAYS = JudgeRule("always")


async def test_the_pipeline_asks_and_denies(place: Place) -> None:
    judging = Judging(place.settings)
    pipeline, session = pipeline_with(judging, ALWAYS)
    judging.begin()
    assert await judging.started()
    (checked,) = await pipeline.check("SELECT a FROM t", session, None)
    assert checked.allowed.findings[-1].code == "judge"  # type: ignore[union-attr]
    with pytest.raises(DeniedByGate) as denied:
        await pipeline.check(f"SELECT 1; {ATTACK}", session, None)
    assert (denied.value.denied.code, denied.value.denied.sqlstate) == ("judge", "42501")
    assert denied.value.denied.findings[-1].weight > 0.9
    await judging.stop()


async def test_spark_sql_is_not_judged_and_so_denied(place: Place) -> None:
    judging = Judging(place.settings)
    pipeline, session = pipeline_with(judging, ALWAYS)
    session.settings["streamlink.dialect"] = "spark"
    t = Table("public", "t", "table", (Column("a", "int"),))
    session.service.catalogue = Catalogue(1, {("public", "t"): t}, frozenset({"public"}))
    with pytest.raises(DeniedByGate) as denied:
        await pipeline.check("SELECT `a` FROM t", session, None)
    assert (denied.value.denied.code, denied.value.denied.sqlstate) == ("unjudged_dialect", "42501")
    assert not judging.begun
    await judging.stop()


async def test_before_the_model_is_there_the_rule_decides(place: Place) -> None:
    judging = Judging(place.settings)
    pipeline, session = pipeline_with(judging, ALWAYS)
    with pytest.raises(DeniedByGate) as denied:
        await pipeline.check("SELECT a FROM t", session, None)
    assert denied.value.denied.code == "judge_unavailable"
    assert await judging.started(), "the first statement that needs a judge has it started"
    assert await pipeline.check("SELECT a FROM t", session, None)
    await judging.stop()


async def test_nobody_who_needs_none_has_one_started(place: Place) -> None:
    judging = Judging(place.settings)
    for rule in (JudgeRule("never"), JudgeRule("uncertain")):
        pipeline, session = pipeline_with(judging, rule)
        assert await pipeline.check(ATTACK, session, None)
    assert not await judging.started()
    assert place.scorer.asked == 0
    await judging.stop()


async def test_cancel_frees_the_node(place: Place) -> None:
    judging = Judging(place.settings)
    pipeline, session = pipeline_with(judging, JudgeRule("always", deadline_s=60))
    judging.begin()
    assert await judging.started()
    task = asyncio.get_running_loop().create_task(pipeline.check("SELECT a FROM users", session, None))
    await asyncio.to_thread(place.scorer.started.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(place.scorer.cancelled.wait, 5)
    assert await pipeline.check("SELECT a FROM t", session, None)
    await judging.stop()


async def test_a_full_queue_is_no_answer(place: Place) -> None:
    judging = Judging(replace(place.settings, waiting=1))
    pipeline, session = pipeline_with(judging, JudgeRule("always", deadline_s=60))
    judging.begin()
    assert await judging.started()
    task = asyncio.get_running_loop().create_task(pipeline.check("SELECT a FROM users", session, None))
    await asyncio.to_thread(place.scorer.started.wait, 10)
    with pytest.raises(DeniedByGate) as denied:
        await pipeline.check("SELECT b FROM t", session, None)
    assert denied.value.denied.code == "judge_unavailable"
    place.scorer.release.set()
    assert await task
    await judging.stop()


async def test_no_node_at_all() -> None:
    settings = JudgeSettings(urls=("http://127.0.0.1:9",))
    judging = Judging(settings)
    judging.begin()
    assert not await judging.started()
    gate = Gate().check("SELECT a FROM t")
    assert isinstance(gate, Allowed)
    rule = JudgeRule("always", unavailable="allow")
    passed = await judging.passed("SELECT a FROM t", gate, Grants(judge=rule))
    assert [finding.code for finding in passed.findings] == ["judge_unavailable"]
    with pytest.raises(DeniedByGate):
        await judging.passed("SELECT a FROM t", gate, Grants(judge=ALWAYS))
    await judging.stop()


async def test_a_model_file_that_is_not_there(tmp_path: Path) -> None:
    judging = Judging(JudgeSettings(file=tmp_path / "none.gguf"))
    judging.begin()
    assert not await judging.started()
    await judging.stop()


def test_calibration_files(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(
        json.dumps({"fingerprint": "f", "slope": 2, "bias": -1, "weights": [0.5], "words": [1, 2]})
    )
    assert read_calibration(path) == Calibration(2.0, -1.0, (0.5,), (1.0, 2.0), "f")
    for wrong in (
        "{}",
        '{"fingerprint": "f", "slope": "x", "bias": 0, "weights": [], "words": []}',
        "[]",
        "{",
    ):
        path.write_text(wrong)
        with pytest.raises(ValueError):
            read_calibration(path)


def test_what_ships_is_for_the_models_own_file(tmp_path: Path) -> None:
    from nl_frontend.models import load_catalogue

    shipped = shipped_calibration(JudgeSettings())
    assert shipped.fingerprint == load_catalogue().spec("smollm2-135m").fingerprint
    assert shipped.needs_hidden
    assert shipped_calibration(JudgeSettings(adapter=tmp_path / "a.gguf")) == Calibration()
    assert shipped_calibration(JudgeSettings(file=tmp_path / "a.gguf")) == Calibration()
