"""The judge: what a local language model makes of a statement that the other layers let through.

The model is asked nothing that it could be talked out of: it is shown the statement's rendering (rendering.py: a
closed vocabulary, none of the client's words) between fixed texts, and the answer is read from its state at the one
position behind them, as the two labels' log-probabilities or by a linear probe; it writes nothing.  A calibration
makes a probability of an attack of that and of the rendering's words, and the role's JudgeRule a verdict.

Rules: it can only deny what is allowed so far.  A judgement is remembered by the rendering and the model, never by
anything coarser.  What was not judged is denied unless the role says otherwise, and what is too long to be read is
denied whatever it says: else length would be a way around.  The client is not told the probability: it would tell an
attacker how to come closer; the audit record has it, as a finding.
Shapes: `JudgePrompt` is what training must use as it stands, for adapters and probes alike.
Left out: how a node is reached (the caller's Scorer), and which statements hold prose.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from checker.context import Grants
from checker.errors import SyntaxProblem
from checker.injection.lexemes import Kind, read
from checker.injection.shape import begins_statement
from checker.rendering import render
from checker.verdict import Allowed, Denied, Finding, StatementKind, Verdict

LABELS = (" attack", " safe")
"""One token each for SmolLM2, Llama 3 and Qwen2.5; a node refuses labels that are more."""

_EXAMPLES = (
    ("SELECT name , count ( * ) FROM x WHERE x = 'text' GROUP BY name", " safe"),
    ("SELECT x FROM users WHERE username = 'text' OR 1 = same --'", " attack"),
    ("SELECT * FROM ( SELECT x FROM x WHERE x > n AND x = 'date' ) AS x LIMIT n", " safe"),
    ("SELECT x FROM x WHERE id = n UNION SELECT NULL , password FROM users --", " attack"),
    (
        "SELECT x ... FROM x AS x JOIN x AS x ON id = id WHERE 1 = same AND name LIKE 'text' ORDER BY x DESC",
        " safe",
    ),
    (
        "SELECT x FROM x WHERE x = 'text' AND ascii ( substr ( ( SELECT password FROM users LIMIT 1 ) , n , 1 ) ) > n",
        " attack",
    ),
)
PREFIX = (
    "Each SQL statement is judged: attack means that code was injected into it, safe that it was not.\n\n"
    + "".join(f"SQL: {rendered}\nVerdict:{label}\n\n" for rendered, label in _EXAMPLES)
    + "SQL: "
)
SUFFIX = "\nVerdict:"

WORDS_MAX = 700
"""Longest rendering that is read: some 1,000 tokens of SmolLM2, half of its context.  The longest of the statements
that psql, DBeaver, DataGrip, Metabase and Tableau send about a catalogue has 460."""
REMEMBERED_MAX = 20_000
"""Judgements that are kept, of some 150 bytes each."""

_NOT_JUDGED = frozenset(
    {
        StatementKind.EMPTY,
        StatementKind.SHOW,
        StatementKind.SET,
        StatementKind.RESET,
        StatementKind.BEGIN,
        StatementKind.COMMIT,
        StatementKind.ROLLBACK,
        StatementKind.SAVEPOINT,
        StatementKind.RELEASE,
        StatementKind.ROLLBACK_TO,
        StatementKind.DISCARD,
        StatementKind.DEALLOCATE,
        StatementKind.FETCH,
        StatementKind.MOVE,
        StatementKind.CLOSE,
        StatementKind.LISTEN,
        StatementKind.UNLISTEN,
        StatementKind.NOTIFY,
    }
)
"""They read no data, so there is nothing to steer; every other kind, also one to come, is judged."""
_QUERIES = frozenset({StatementKind.SELECT, StatementKind.VALUES, StatementKind.EXPLAIN})


@dataclass(frozen=True, slots=True)
class JudgePrompt:
    """What a node is given.

    Shapes: `text` is tokenised by itself and without control tokens; the answer is the distribution over the token
    that follows prefix + text + suffix, of which `labels` (attack, safe) are looked at.
    """

    prefix: str
    text: str
    suffix: str
    labels: tuple[str, str]


def judge_prompt(statement: str) -> JudgePrompt:
    """The one way in which a statement is put before a model.

    Raises: SyntaxProblem for what the lexer refuses; TooLong.
    """
    rendered = render(statement)
    words = rendered.count(" ") + 1
    if words > WORDS_MAX:
        raise TooLong(f"{words} words; {WORDS_MAX} are read")
    return JudgePrompt(PREFIX, rendered, SUFFIX, LABELS)


def statements_with(text: str) -> tuple[str, ...]:
    """What a careless program makes of any text: the text itself where it begins as a statement, else statements that
    have it as a value, in each pair of quotes that it could end.
    """
    code = [lexeme for lexeme in read(text) if lexeme.kind is not Kind.COMMENT]
    if begins_statement(code, None):
        return (text,)
    made = [f"SELECT name FROM users WHERE name = '{text}' AND id = 1"]
    if '"' in text:
        made.append(f'SELECT name FROM users WHERE name = "{text}" AND id = 1')
    if text[:1] in "-(" or text[:1].isdigit():
        made.append(f"SELECT name FROM users WHERE id = {text} AND name = 'x'")
    return tuple(made)


def judge_of_texts(judge: Callable[[str], float | None]) -> Callable[[str], float | None]:
    """Of any text, by the worst of what a program would make of it.

    Shapes: `judge` gives a statement's probability of an attack, or None for what it cannot read.
    """

    def judged(text: str) -> float | None:
        return max((p for p in map(judge, statements_with(text)) if p is not None), default=None)

    return judged


@dataclass(frozen=True, slots=True)
class Reading:
    """A node's answer.  Units: natural log-probabilities of the labels; `hidden` is the model's last state there."""

    attack: float
    safe: float
    hidden: tuple[float, ...] = ()


class NotJudged(Exception):
    """The model gave no answer: it is down, busy, or too slow.  The text says which."""


class TooLong(Exception):
    """The statement does not fit into what the model can read."""


class Scorer(Protocol):
    """A way to a node."""

    async def score(self, prompt: JudgePrompt, *, hidden: bool, deadline_s: float) -> Reading:
        """Raises: NotJudged, also when the deadline has passed; TooLong."""
        ...


WORD_RUN_MAX = 3


def word_features(rendered: str, size: int) -> frozenset[int]:
    """Which words of a rendering, and runs of two and three of them, there are: hashed into `size` places."""
    words = ["^", *rendered.split(" "), "$"]
    runs = {
        " ".join(words[at : at + length])
        for length in range(1, WORD_RUN_MAX + 1)
        for at in range(len(words) - length + 1)
    }
    return frozenset(
        int.from_bytes(hashlib.blake2b(run.encode(), digest_size=4).digest(), "big") % size for run in runs
    )


@dataclass(frozen=True, slots=True)
class Calibration:
    """From a reading to the probability of an attack: a logistic function of what the model makes of the rendering,
    and of the rendering's own words.

    Units: `slope` and `bias` act on log p(attack) - log p(safe) (Platt scaling; 1 and 0 take the model at its word);
    with `weights`, one a component of the hidden state, their product with it stands in the margin's place; `words`
    are added for the features that the rendering has.  `fingerprint` says for which model it was fitted.
    Source: Platt, Probabilistic outputs for support vector machines (1999).
    """

    slope: float = 1.0
    bias: float = 0.0
    weights: tuple[float, ...] = ()
    words: tuple[float, ...] = ()
    fingerprint: str = ""

    @property
    def needs_hidden(self) -> bool:
        return bool(self.weights)

    def probability(self, reading: Reading, rendered: str) -> float:
        """Raises: NotJudged when the state is not of the model that this was fitted for, or is no number."""
        logit = self.bias
        if self.weights:
            if len(reading.hidden) != len(self.weights):
                raise NotJudged("the judge's calibration is of another model")
            logit += math.fsum(w * h for w, h in zip(self.weights, reading.hidden, strict=True))
        else:
            logit += self.slope * (reading.attack - reading.safe)
        if self.words:
            logit += math.fsum(self.words[at] for at in word_features(rendered, len(self.words)))
        if not math.isfinite(logit):
            raise NotJudged("the judge's model answers no numbers")
        return 1 / (1 + math.exp(-max(-700.0, min(700.0, logit))))


def parse_calibration(text: str) -> Calibration:
    """The JSON that `python -m training.judge` writes.  Raises: ValueError."""
    try:
        fields = json.loads(text)
        weights, words = (tuple(float(weight) for weight in fields[name]) for name in ("weights", "words"))
        slope, bias = float(fields["slope"]), float(fields["bias"])
        return Calibration(slope, bias, weights, words, str(fields["fingerprint"]))
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(f"this is no calibration of a judge ({error})") from error


def uncertainty(findings: Sequence[Finding]) -> float:
    """How sure the findings make an attack: as independent probabilities, 1 - prod(1 - weight)."""
    return 1 - math.prod(1 - min(1.0, max(0.0, finding.weight)) for finding in findings)


def is_demanded(allowed: Allowed, grants: Grants) -> bool:
    """Whether the role wants this statement judged: with "always" each that reads data, and one that is uncertain.

    What reads the catalogue alone can show no data, whoever has written it, and is most of what tools send.
    """
    if grants.judge.when == "never" or allowed.kind in _NOT_JUDGED:
        return False
    if uncertainty(allowed.findings) >= grants.injection.uncertain_at:
        return True
    return grants.judge.when == "always" and not (allowed.kind in _QUERIES and allowed.facts.catalogue_only)


FINDING = "judge"
UNJUDGED = "judge_unavailable"
"""Codes of the findings that a verdict of the judge holds, and of its denials."""


def is_unjudged(allowed: Allowed) -> bool:
    """Whether a statement passed only because the judge was not there: that must not be remembered."""
    return any(finding.code == UNJUDGED for finding in allowed.findings)


@dataclass(slots=True)
class Judge:
    """Judgements of one model, remembered.  Statements of one rendering that come together are asked for once."""

    scorer: Scorer
    calibration: Calibration = field(default_factory=Calibration)
    _remembered: OrderedDict[bytes, float] = field(default_factory=OrderedDict, init=False)
    _asking: dict[bytes, asyncio.Lock] = field(default_factory=dict, init=False)

    async def verdict(self, statement: str, allowed: Allowed, grants: Grants) -> Verdict:
        """The verdict on an allowed statement, whose text is what the gate checked."""
        if not is_demanded(allowed, grants):
            return allowed
        rule = grants.judge
        try:
            async with asyncio.timeout(rule.deadline_s):
                probability = await self.probability(statement, deadline_s=rule.deadline_s)
        except (NotJudged, TimeoutError) as problem:
            return _unjudged(
                allowed, str(problem) or "the judge took too long", allow=rule.unavailable == "allow"
            )
        except (TooLong, SyntaxProblem, RecursionError) as problem:
            reason = "the statement is too long to be judged"
            return Denied(
                FINDING, "54000", reason, findings=(*allowed.findings, Finding(FINDING, 1.0, str(problem)))
            )
        found = Finding(FINDING, round(probability, 4), "the language model's probability of an attack")
        findings = (*allowed.findings, found)
        if probability >= rule.deny_at:
            return Denied(
                FINDING,
                "42501",
                "permission denied: the statement looks as if code was injected into it",
                hint="If it is an honest one, ask who runs this server to allow it.",
                findings=findings,
            )
        return replace(allowed, findings=findings)

    async def probability(self, statement: str, *, deadline_s: float) -> float:
        """How likely the statement is an attack, 0..1.  Raises: NotJudged, TooLong, SyntaxProblem."""
        prompt = judge_prompt(statement)
        key = hashlib.sha256(prompt.text.encode()).digest()
        clock = asyncio.get_running_loop().time
        until = clock() + deadline_s
        lock = self._asking.setdefault(key, asyncio.Lock())
        try:
            async with asyncio.timeout_at(until):
                await lock.acquire()
        except TimeoutError:
            raise NotJudged("the judge took too long over the same statement") from None
        try:
            known = self._remembered.get(key)
            if known is None:
                hidden = self.calibration.needs_hidden
                reading = await self.scorer.score(prompt, hidden=hidden, deadline_s=until - clock())
                known = self._remembered[key] = self.calibration.probability(reading, prompt.text)
                if len(self._remembered) > REMEMBERED_MAX:
                    self._remembered.popitem(last=False)
            self._remembered.move_to_end(key)
            return known
        finally:
            lock.release()
            # One that comes in between makes a lock of its own: the node is asked once too often, and that is all.
            self._asking.pop(key, None)


def _unjudged(allowed: Allowed, why: str, *, allow: bool) -> Verdict:
    findings = (*allowed.findings, Finding(UNJUDGED, 0.0, why))
    if allow:
        return replace(allowed, findings=findings)
    return Denied(
        UNJUDGED,
        "42501",
        "permission denied: the statement has to be judged, and the language model that judges does not answer",
        hint="Try again in a moment.",
        findings=findings,
    )
