"""The judge's node, and the way of a statement to it.

The node is a process of its own with a small model of its own (conf: [judge]), so a question's draft and a judgement
do not wait for each other.  It is started when a statement first has to be judged, or by `begin` before, and started
again when it dies.

Rules: while there is no answer the role's rule decides, and that denies unless it says otherwise; after some failures
in a row nobody waits for the node for a while; leaving (cancel, deadline) closes the request, which frees the node.
Left out: what is judged and what is remembered (checker.judge).
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from checker.context import Grants
from checker.judge import (
    Calibration,
    Judge,
    JudgePrompt,
    NotJudged,
    Reading,
    TooLong,
    is_demanded,
    judge_prompt,
    parse_calibration,
)
from checker.verdict import Allowed, Denied
from nl_frontend.client import Node, NodeClient, RemoteNode
from nl_frontend.errors import FrontEndError, ModelUnavailable, NodeBusy, PromptTooLarge
from nl_frontend.models import adapter_of, fingerprint
from nl_frontend.supervisor import EmbeddedNode
from proxy.engines import Later, access_to, found_or_pulled
from proxy.settings import Judge as JudgeSettings
from proxy.settings import shipped
from proxy.sqlstate import DeniedByGate

log = logging.getLogger("streamlink.judge")

CONTEXT_TOKENS = 2048
FAILURES_MAX = 3
"""So many in a row, and the node is left alone."""
PAUSE_S = 5.0
"""For so long; then one statement tries it."""
START_AGAIN_S = 30.0
"""A node that did not start at all is tried again no sooner."""
WARMING_S = 60.0


@dataclass(slots=True)
class Breaker:
    """Whether a node may be asked.  Units: seconds of a monotonic clock."""

    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    open_until: float = 0.0

    def check(self) -> None:
        """Raises: NotJudged while it is open.  The first one after that tries, and the others wait for the outcome."""
        if self.failures < FAILURES_MAX:
            return
        now = self.clock()
        if now < self.open_until:
            raise NotJudged("the judge has failed several times and is left alone for some seconds")
        self.open_until = now + PAUSE_S

    def succeeded(self) -> None:
        self.failures = 0

    def failed(self) -> None:
        self.failures += 1
        if self.failures >= FAILURES_MAX:
            self.open_until = self.clock() + PAUSE_S


class NodeScorer:
    """checker.judge's Scorer over a node."""

    def __init__(self, client: NodeClient, breaker: Breaker | None = None) -> None:
        self._client = client
        self._breaker = breaker or Breaker()

    async def score(self, prompt: JudgePrompt, *, hidden: bool, deadline_s: float) -> Reading:
        """Raises: NotJudged, TooLong."""
        self._breaker.check()
        body = {**asdict(prompt), "hidden": hidden}
        try:
            reply = await self._client.score(body, deadline_s=deadline_s)
        except PromptTooLarge as error:
            raise TooLong(error.message) from error
        except NodeBusy as error:
            raise NotJudged(error.message) from error  # it works, and has too much to do
        except FrontEndError as error:
            self._breaker.failed()
            raise NotJudged(error.message) from error
        self._breaker.succeeded()
        return Reading(*reply.logprobs, reply.hidden)


class Judging:
    """What the sessions share of the judge."""

    def __init__(self, settings: JudgeSettings, progress: Callable[[str], None] = lambda line: None) -> None:
        self._settings = settings
        self._progress = progress
        self._later = Later()
        nodes: list[Node] = [RemoteNode(url) for url in settings.urls] or [self._later]
        access = access_to("judge", settings.token_file, settings.tls_ca)
        self._client = NodeClient(*nodes, waiting_max=settings.waiting, access=access)
        self._scorer = NodeScorer(self._client)
        self._judge: Judge | None = None
        self._starting: asyncio.Task[None] | None = None
        self._tried_at = -START_AGAIN_S

    @property
    def client(self) -> NodeClient:
        return self._client

    @property
    def begun(self) -> bool:
        """Whether a judge was needed so far."""
        return self._starting is not None

    async def passed(self, statement: str, allowed: Allowed, grants: Grants) -> Allowed:
        """The statement, with what the judge found when the role wants it judged.  Raises: DeniedByGate.

        Shapes: `statement` is the text that the gate checked.
        """
        if not is_demanded(allowed, grants):
            return allowed
        if allowed.dialect == "spark":
            # It was taught on PostgreSQL's words, and reads a text by PostgreSQL's rules.
            reason = "permission denied: your role's statements are judged, and Spark SQL cannot be"
            hint = "SET streamlink.dialect = 'postgres'"
            raise DeniedByGate(Denied("unjudged_dialect", "42501", reason, hint=hint))
        self.begin()
        judge = self._judge or Judge(_Absent())
        verdict = await judge.verdict(statement, allowed, grants)
        if isinstance(verdict, Denied):
            raise DeniedByGate(verdict)
        return verdict

    def begin(self) -> None:
        """See that the node is started; returns at once.  Whoever knows that a role needs a judge calls it early."""
        if self._judge is not None or (self._starting is not None and not self._starting.done()):
            return
        if time.monotonic() - self._tried_at >= START_AGAIN_S:
            self._tried_at = time.monotonic()
            self._starting = asyncio.get_running_loop().create_task(
                self._start(), name="judge", context=contextvars.Context()
            )

    async def started(self) -> bool:
        """Wait for what `begin` began; whether there is a judge."""
        if self._starting is not None:
            await asyncio.wait({self._starting})
        return self._judge is not None

    async def stop(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait({self._starting})
        await self._client.close()
        if self._later.node is not None:
            await self._later.node.stop()

    async def _start(self) -> None:
        try:
            calibration = await self._calibrated() if self._settings.urls else await self._embedded()
            # A node that cannot read the labels, or has another model's width, is found out here and not by a client.
            prompt = judge_prompt("SELECT 1")
            async with asyncio.timeout(WARMING_S):
                reading = await self._scorer.score(
                    prompt, hidden=calibration.needs_hidden, deadline_s=WARMING_S
                )
            calibration.probability(reading, prompt.text)
        except (FrontEndError, NotJudged, TooLong, ValueError, OSError) as error:
            log.error("statements cannot be judged: %s", error)
            if self._later.node is not None:
                node, self._later.node = self._later.node, None
                await node.stop()
            return
        self._judge = Judge(self._scorer, calibration)
        log.info("the judge is ready")

    async def _embedded(self) -> Calibration:
        """Start the node.  Raises: ModelUnavailable, NodeUnavailable, ValueError for a calibration of another model."""
        settings = self._settings
        path = await found_or_pulled(
            settings.name, settings.file, pulls=settings.pull, progress=self._progress
        )
        adapter = judging_adapter(settings)
        if adapter is not None and not adapter.is_file():
            raise ModelUnavailable(f"no adapter at {adapter}")
        calibration = await self._calibrated(path)
        node = EmbeddedNode(
            path,
            name=settings.name,
            threads=settings.threads,
            context_tokens=CONTEXT_TOKENS,
            waiting_max=settings.waiting,
            lora=adapter,
            judge=True,
        )
        self._later.node = node
        await node.start(self._progress)
        return calibration

    async def _calibrated(self, model: Path | None = None) -> Calibration:
        settings = self._settings
        if settings.calibration is not None:
            calibration = read_calibration(settings.calibration)
        else:
            calibration = shipped_calibration(settings)
        if model is not None and calibration.fingerprint:
            found = await asyncio.to_thread(fingerprint, model, judging_adapter(settings))
            if found != calibration.fingerprint:
                raise ValueError(
                    f"the calibration is for model {calibration.fingerprint}, this one is {found}"
                )
        return calibration


class _Absent:
    """The judge before its node has ever been up."""

    async def score(self, prompt: JudgePrompt, *, hidden: bool, deadline_s: float) -> Reading:
        raise NotJudged("the judge's model is not loaded yet")


def judging_adapter(settings: JudgeSettings) -> Path | None:
    """One's own, or the one that ships for a model of conf/models.toml."""
    return adapter_of(settings.name, file=settings.file, own=settings.adapter, judge=True)


def shipped_calibration(settings: JudgeSettings) -> Calibration:
    """The one that comes with a model of conf/models.toml; the labels as they are for anything else."""
    path = shipped(f"judge-{settings.name}.json")
    if settings.file is None and settings.adapter is None and path.is_file():
        return read_calibration(path)
    return Calibration()


def read_calibration(path: Path) -> Calibration:
    """A file as `python -m training.judge` writes it.  Raises: ValueError, OSError."""
    try:
        return parse_calibration(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
