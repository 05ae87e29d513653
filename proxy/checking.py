"""From a client's text to statements that may run: split, ask the model, gate, firewall, judge.

Rules: all statements of a text pass the gate before any of them goes on; typed SQL and a model's draft enter at the
same place, and a draft can only read; each layer says in the statement's record what it found.

Left out: what is done with a statement that may run (pipeline.py).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checker.context import Context
from checker.enforce import UNKNOWN_TABLE
from checker.firewall import is_exempt
from checker.gate import Gate
from checker.shape import shape_of
from checker.spark.split import split as split_spark
from checker.split import SyntaxProblem, error_at_end, split
from checker.verdict import Allowed, Denied, Dialect, StatementKind
from proxy.answers import Remembered
from proxy.plan import Reviewed
from proxy.ports import Draft, Drafter, Question
from proxy.routing import Route, qualified, route
from proxy.sqlstate import DeniedByGate, Refused
from proxy.startup import dialect_of, is_on, split_path
from proxy.visible import visible

if TYPE_CHECKING:
    from proxy.audit import Record
    from proxy.service import Service
    from proxy.session import Session

EXPLAIN = re.compile(r"\s*explain\b\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """One statement on its way: the client's text and, when a model wrote the SQL, that SQL."""

    text: str
    start: int
    draft: Draft | None = None
    sql: str | None = None
    end: int = 0
    prose: str | None = None
    told: str | None = None
    """How a question that goes on from the last one was understood."""
    answer: str | None = None
    """The key under which the draft is remembered, once it is planned."""
    dialect: Dialect = "postgres"
    """Of the text; a draft is always PostgreSQL's."""

    @property
    def checked(self) -> str:
        return self.text if self.sql is None else self.sql

    @property
    def notes(self) -> tuple[str, ...]:
        """What its asker is told of how the question was understood and what was changed in the draft."""
        return tuple(note for note in (self.told, *(self.draft.notes if self.draft else ())) if note)


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement that the gate has let through and that is not planned yet.

    `context` is what the verdict rests on: it holds for that catalogue, that search_path and those grants alone.
    """

    source: Source
    allowed: Allowed
    context: Context
    parameters: bool
    reviewed: Reviewed | None = None


class Checking:
    """Shared by all sessions."""

    def __init__(self, service: Service, gate: Gate, drafter: Drafter | None) -> None:
        self._service = service
        self._gate = gate
        self.drafter = drafter

    async def check(
        self,
        text: str,
        session: Session,
        *,
        parameters: bool,
        again: bool = False,
        dialect: Dialect | None = None,
    ) -> tuple[Checked, ...]:
        """Every statement in the text, all in one dialect: the session's, as it is before the first of them runs.

        `parameters`: whether `$n` has a meaning.  `again`: the text was checked before and is in no client's hand,
        so it has no record of its own;
        `dialect` is the one that it was read in.
        Raises: DeniedByGate, FrontEndError, Refused.
        """
        gated, checked = [], []
        read_as = dialect or dialect_of(session.settings)
        for index, source in enumerate(await self._sources(text, session, read_as, again=again)):
            with _gating(session, index, again=again) as record:
                one = self._with_shape(await self._gated(source, text, session, parameters), session)
                if record is not None:
                    record.reviewed = one.reviewed
                gated.append(one)
        for index, one in enumerate(gated):
            with _gating(session, index, again=again) as record:
                one = await self._passed(one, session)
                if record is not None:
                    record.reviewed = one.reviewed
                checked.append(one)
        return tuple(checked)

    async def _gated(self, source: Source, text: str, session: Session, parameters: bool) -> Checked:
        """The gate's verdict, with the tables as they are now.  Raises: DeniedByGate."""
        try:
            return self._check(source, session, parameters)
        except DeniedByGate as error:
            if error.denied.code == UNKNOWN_TABLE and await self._service.refresh_catalogue():
                return self._check(source, session, parameters)
            if source.draft is None:
                error.denied = error_at_end(error.denied, text, source.end)
            raise

    def _with_shape(self, checked: Checked, session: Session) -> Checked:
        """With what the record and the firewall say of it."""
        allowed, context = checked.allowed, checked.context
        # What the client wrote: filters and masks are not of its shape.
        tree = allowed.asked or allowed.tree
        if (
            tree is not None
            and allowed.dialect == "postgres"
            and any(
                self._service.catalogue.find(None, r.name, context.search_path)
                for r in allowed.facts.relations
                if not r.schema
            )
        ):
            # By whole names: a search_path must not give a known shape other tables.
            tree = qualified(tree, self._service.catalogue, context.search_path, session.database)
        reviewed = Reviewed(
            allowed.kind.value,
            shape_of(replace(allowed, tree=tree)),
            is_exempt(allowed),
            tuple(finding.code for finding in allowed.findings),
            checked.source.prose,
        )
        return replace(checked, reviewed=reviewed)

    async def _sources(self, text: str, session: Session, dialect: Dialect, *, again: bool) -> list[Source]:
        """The statements in a text; those of comments alone only when the comment is a question."""
        prose = is_on(session.settings, "streamlink.prose")
        try:
            statements = split(text) if dialect == "postgres" else split_spark(text)
        except SyntaxProblem as problem:
            # With streamlink.prose on, an apostrophe need not be a quote.
            if not prose or (question := self._question(text, prose)) is None:
                raise DeniedByGate(
                    Denied("syntax", problem.sqlstate, problem.message, problem.position)
                ) from None
            record = None if again else session.executor.records.current
            return [await self._drafted(text, 0, question, session, record, again=again)]
        found = [(s, self._question(s.text, prose)) for s in statements]
        found = [(s, question) for s, question in found if question is not None or s.kind != "empty"]
        records = session.executor.records
        if not again:
            records.split([statement.text for statement, _ in found])
        sources = []
        for index, (statement, question) in enumerate(found):
            if not again:
                records.turn(index)
            if question is not None:
                record = None if again else records.current
                drafted = await self._drafted(
                    statement.text, statement.start, question, session, record, again=again
                )
                sources.append(drafted)
            else:
                sources.append(Source(statement.text, statement.start, end=statement.end, dialect=dialect))
        return sources

    def _question(self, text: str, prose: bool) -> Question | None:
        if self.drafter is None:
            return None
        explain = EXPLAIN.match(text)
        return self.drafter.extract(text[explain.end() :] if explain else text, prose=prose)

    async def _drafted(
        self,
        text: str,
        start: int,
        question: Question,
        session: Session,
        record: Record | None,
        *,
        again: bool,
    ) -> Source:
        """The SQL that the model wrote for a question, in the place of the question.  Raises: Refused 42501."""
        assert self.drafter is not None
        if record is not None:
            record.question = question.prose
        if not session.grants.prose:
            raise Refused("42501", "permission denied: asking in prose is not allowed", hint="Ask in SQL.")
        answers, search_path = self._service.answers, split_path(session.settings.get("search_path", ""))
        seen = visible(self._service.catalogue, session.grants)
        conversation, said, previous = session.executor.conversation, question.prose, None
        if is_on(session.settings, "streamlink.follow_up"):
            understood, previous = conversation.understood(said, again=again)
            question = question.saying(understood)
        key = answers.key(question.prose, seen, session, search_path)
        draft: Draft | None = answers.find(key)
        if draft is None:
            draft = await self.drafter.draft(
                question,
                seen,
                search_path=search_path,
                deadline_s=self._service.settings.model.deadline_s,
                approved=answers.examples(session.grants.roles),
                previous=previous,
                held=self._service.values.seen_by(session.grants),
            )
        sql = question.fill(draft.sql)
        if record is not None:
            record.draft = sql
        if not (EXPLAIN.match(text) or is_on(session.settings, "streamlink.explain_only")):
            self._certain_enough(draft)
        if not again:
            conversation.answered(said, question.prose, draft.sql)
        told = None if previous is None else f"understood as: {question.prose}"
        return Source(text, start, draft, sql, prose=question.prose, answer=key, told=told)

    def _certain_enough(self, draft: Draft) -> None:
        """Raises: Refused 0A000 for an answer that [model] confidence_percent does not let pass."""
        least = self._service.settings.model.confidence_percent / 100
        reviewed = isinstance(draft, Remembered) and draft.state != "given"
        if draft.confidence is not None and draft.confidence < least and not reviewed:
            raise Refused(
                "0A000",
                f"the model is not certain enough of its answer: {draft.confidence:.2f} of {least:.2f}",
                detail=f"SQL: {draft.sql}",
                hint="Ask in other words, or read the SQL and run it yourself.",
            )

    async def current(self, checked: Checked, session: Session) -> Checked:
        """The statement checked anew where what its verdict rests on has changed, or had not been read yet."""
        context = checked.context
        unknown = route(checked.allowed.facts, self._service.catalogue, context.search_path) is Route.UNKNOWN
        if unknown:
            await self._service.refresh_catalogue()
        if context == self._context(session, reads_only=context.reads_only):
            return checked
        fresh = self._check(checked.source, session, checked.parameters)
        return await self._passed(self._with_shape(fresh, session), session)

    def _context(self, session: Session, *, reads_only: bool) -> Context:
        return Context(
            session.grants,
            self._service.catalogue,
            split_path(session.settings.get("search_path", "")),
            session.database,
            reads_only=reads_only,
        )

    def _check(self, source: Source, session: Session, parameters: bool) -> Checked:
        """The gate's verdict.  Raises: DeniedByGate, with a position in the client's text."""
        context = self._context(session, reads_only=source.draft is not None)
        if source.draft is None:
            verdict = self._gate.check(
                source.text,
                context,
                base_position=source.start,
                parameters_allowed=parameters,
                dialect=source.dialect,
            )
        else:
            # By itself first: a draft must not mean something else inside the client's statement.
            verdict = self._read_only(source.draft.sql, context, parameters)
            if isinstance(verdict, Allowed):
                verdict = self._read_only(source.checked, context, parameters)
        if isinstance(verdict, Denied):
            raise DeniedByGate(verdict)
        return Checked(source, verdict, context, parameters)

    async def _passed(self, checked: Checked, session: Session) -> Checked:
        """What the firewall and the role's judge let pass, with what the judge found.  Raises: DeniedByGate."""
        reviewed, written = checked.reviewed, checked.source.checked
        assert reviewed is not None
        self._service.firewall.check(session, reviewed, written)
        allowed = await self._service.judging.passed(written, checked.allowed, session.grants)
        if allowed is checked.allowed:
            return checked
        codes = tuple(finding.code for finding in allowed.findings)
        return replace(checked, allowed=allowed, reviewed=replace(reviewed, codes=codes))

    def _read_only(self, sql: str, context: Context, parameters: bool) -> Allowed | Denied:
        """The verdict on SQL that a model wrote; without a position, since the client has not seen it."""
        verdict = self._gate.check(sql, context, parameters_allowed=parameters)
        if isinstance(verdict, Denied):
            return replace(verdict, position=None, hint=verdict.hint or f"SQL: {sql}")
        if verdict.kind not in (StatementKind.SELECT, StatementKind.VALUES):
            return Denied("question_writes", "42501", "a question can only read")
        return verdict


@contextmanager
def _gating(session: Session, index: int, *, again: bool) -> Iterator[Record | None]:
    """The record of a text's statement of this index, which says how long the gate took; None where there is none."""
    records = session.executor.records
    if not again:
        records.turn(index)
    record = None if again else records.current
    begun = time.perf_counter()
    try:
        yield record
    finally:
        if record is not None:
            record.gate_s = (record.gate_s or 0.0) + time.perf_counter() - begun
