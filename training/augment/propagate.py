"""Pairs by propagation in both directions (arXiv 2505.21575, section 3.1).

Prose -> SQL: each phrasing in turn is filled with other values, operators, columns and tables, which gives new SQL.
SQL -> prose: each new statement is asked in the template's other phrasings, the first one in all of them.

Rules: a statement is proven before it is asked for; every template has the same number of turns; the run depends on
seed, templates and data alone; empty results are at most EMPTY_SHARE of the statements; a template that never finds
anything is told, unless it says that it may be empty.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from training.augment.census import Census
from training.augment.filling import Fillings, bind, question_of, sql_of
from training.augment.profile import Profile
from training.augment.proof import Failed, Proven, Prover
from training.augment.slots import Bound
from training.augment.split import Part, Split, shared, words
from training.augment.template import Template

EMPTY_SHARE = 0.05
PHRASINGS_A_STATEMENT = 4
SAME_QUESTION = 0.9
"""Two questions for the same SQL are one from this Jaccard index of their words on."""
EMPTY_TOLD = 5
"""A template whose statements found nothing, so many of them, is told."""
FRUITLESS_MAX = 12
"""Turns without a new statement, after which a template is used up."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and its SQL.

    Shapes: `phrasing` is the pattern as the file has it; `direction` tells what was made from what; `values` is what
    the server's prompt says of the columns that hold what the question names (nl_frontend.values).
    Units: `rows` counts the result's rows, up to proof.ROWS_MAX.
    """

    question: str
    sql: str
    template: str
    phrasing: str
    split: Part
    schema: str
    direction: str
    constructs: tuple[str, ...]
    shape: str
    rows: int
    slipped: bool
    values: str = ""


@dataclass(slots=True)
class _Turns:
    """How far one template is."""

    template: Template
    rng: random.Random
    taken: int = 0
    fruitless: int = 0
    empty: int = 0
    found: bool = False

    def phrasing(self) -> str:
        return self.template.phrasings[self.taken % len(self.template.phrasings)]


class Propagation:
    """One run over one database."""

    def __init__(
        self, templates: Sequence[Template], parts: Split, profile: Profile, prover: Prover, *, seed: int
    ) -> None:
        self.census = Census(templates=len(templates), phrasings=sum(len(t.phrasings) for t in templates))
        self._parts = parts
        self._profile = profile
        self._prover = prover
        self._fillings = Fillings()
        self._turns = [_Turns(t, random.Random(f"{seed}:{profile.database.name}:{t.id}")) for t in templates]
        # A short run takes templates from anywhere, not the file's first.
        random.Random(f"{seed}:{profile.database.name}").shuffle(self._turns)
        self._statements: set[str] = set()
        self._asked: dict[str, str] = {}
        self._worded: dict[str, list[frozenset[str]]] = {}

    def run(self, count: int, progress: Callable[[int], object] = lambda made: None) -> list[Pair]:
        """`count` pairs, or as many as there are, less those that leak."""
        pairs: list[Pair] = []
        while len(pairs) < count and (active := [t for t in self._turns if t.fruitless < FRUITLESS_MAX]):
            for turns in active:
                made = list(self._turn(turns))
                turns.fruitless = 0 if made else turns.fruitless + 1
                pairs += made
                progress(len(made))
                if len(pairs) >= count:
                    break
        for turns in self._turns:
            if turns.empty >= EMPTY_TOLD and not turns.found and not turns.template.may_be_empty:
                reason = f"found nothing in {turns.empty} statements"
                self.census.failures.setdefault(turns.template.id, reason)
        return self._without_leaks(pairs[:count])

    def _turn(self, turns: _Turns) -> Iterator[Pair]:
        template, rng = turns.template, turns.rng
        bound = bind(template, self._profile, self._fillings, rng)
        if bound is None:
            turns.fruitless = FRUITLESS_MAX
            self.census.unfit += turns.taken == 0
            return
        first = turns.taken == 0
        phrasing = turns.phrasing()
        turns.taken += 1
        sql = sql_of(template, bound)
        if sql in self._statements:
            self.census.repeated += 1
            return
        self._statements.add(sql)
        proven = self._proven(turns, sql)
        if proven is None:
            return
        others = [p for p in template.phrasings if p != phrasing]
        if not first:
            others = rng.sample(others, min(PHRASINGS_A_STATEMENT - 1, len(others)))
        for direction, wording in (("prose-sql", phrasing), *(("sql-prose", p) for p in others)):
            yield from self._pair(template, wording, bound, sql, proven, direction, rng)

    def _proven(self, turns: _Turns, sql: str) -> Proven | None:
        outcome = self._prover.prove(sql)
        census = self.census
        if isinstance(outcome, Failed):
            census.failed[outcome.by] += 1
            census.failures.setdefault(turns.template.id, f"{outcome.by}: {outcome.reason} in {sql}")
            return None
        census.executed += 1
        turns.found = turns.found or not outcome.empty
        if outcome.empty:
            turns.empty += 1
            census.empty += 1
            if census.empty_kept + 1 > EMPTY_SHARE * census.executed:
                return None
            census.empty_kept += 1
        return outcome

    def _pair(
        self, template: Template, phrasing: str, bound: Bound, sql: str, proven: Proven, direction: str,
        rng: random.Random,
    ) -> Iterator[Pair]:  # fmt: skip
        question = question_of(template, phrasing, bound, rng)
        plain = plainly(question.text)
        if self._asked.setdefault(plain, sql) != sql:
            self.census.ambiguous += 1
            return
        spoken = words(plain)
        known = self._worded.setdefault(sql, [])
        if any(shared(spoken, other) >= SAME_QUESTION for other in known):
            self.census.near += 1
            return
        known.append(spoken)
        part = self._parts.part(template.id, phrasing)
        yield Pair(
            question.text, sql, template.id, phrasing, part, self._profile.database.name, direction,
            proven.constructs, proven.shape, proven.rows, question.slipped,
        )  # fmt: skip

    def _without_leaks(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Held-out templates must not share a statement's shape with a template that is trained on."""
        trained = {p.shape for p in pairs if p.split != "templates"}
        kept = [p for p in pairs if p.split != "templates" or p.shape not in trained]
        census = self.census
        census.leaking = len(pairs) - len(kept)
        for pair in kept:
            census.pairs[pair.split] += 1
            census.constructs.update(pair.constructs)
            census.slipped += pair.slipped
        for part in census.pairs:
            census.statements[part] = len({p.sql for p in kept if p.split == part})
        return kept


def plainly(question: str) -> str:
    """A question without case, marks and spacing, as two readers would call it the same."""
    return " ".join(re.findall(r"[^\W_]+", question.lower()))
