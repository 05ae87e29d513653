"""Remembered answers: the same question gives the same SQL, until the role, the tables or the model change.

What a model wrote for a question is kept on the mirror once it has passed the gate and been planned, so a dashboard
does not drift, over restarts and other servers too.  An administrator lists, approves, corrects and forgets answers in
SQL (mirror/state.py); approved and corrected ones are shown to the model as examples, to the same roles alone.

Rules: the key holds the question, the roles, the tables and columns as the role sees them, the search_path and the
model, so nothing is remembered across any of them; an answer is only a draft and passes the gate each time; a look-up
awaits nothing; what is new is written once a second, at most NEW_MAX answers of it; for a role whose records are
redacted nothing is kept.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from checker.context import Grants
from nl_frontend.examples import Example, parse_example
from nl_frontend.prompt import serialise_schema
from nl_frontend.similar import Similar
from proxy.followed import Followed, Place, sayable
from proxy.mirror import Mirror
from proxy.mirror.roles import STATE_SCHEMA
from proxy.mirror.state import ANSWERS_CHANNEL
from proxy.ports import Catalogue, Draft

if TYPE_CHECKING:
    from proxy.session import Session

KEPT_MAX = 20_000
"""Answers that nobody has reviewed; the ones that were not asked for longest go."""
NEW_MAX = 2_000

_READ = f"""
    SELECT key, sql, model, confidence, state, question, roles FROM {STATE_SCHEMA}.answer
    ORDER BY state <> 'given' DESC, last_asked DESC"""
_WRITE = f"""
    INSERT INTO {STATE_SCHEMA}.answer AS a
        (key, question, roles, sql, model, confidence, askers, asked, first_asked, last_asked)
    VALUES ($1, $2, $3, $4, $5, $6, ARRAY[$7], $8, $9, $10)
    ON CONFLICT (key) DO UPDATE SET asked = a.asked + excluded.asked, last_asked = excluded.last_asked,
        askers = CASE WHEN $7 = ANY (a.askers) THEN a.askers ELSE a.askers || $7 END"""
_CLEAN = f"""
    DELETE FROM {STATE_SCHEMA}.answer WHERE id IN (
        SELECT id FROM {STATE_SCHEMA}.answer WHERE state = 'given' ORDER BY last_asked DESC OFFSET {KEPT_MAX})"""


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer that was given before; a ports.Draft.  `state` is given, approved or corrected."""

    sql: str
    model: str
    confidence: float | None
    state: str
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Asked:
    """A question since it was last written."""

    question: str
    roles: tuple[str, ...]
    draft: Draft
    first: datetime
    last: datetime
    count: int = 0


class Answers(Followed[_Asked]):
    """Shared by all sessions.  Shapes: `model` tells one model, with its adapter, from another."""

    channel = ANSWERS_CHANNEL
    what = "remembered answers"
    insert = _WRITE

    def __init__(self, mirror: Mirror, model: str) -> None:
        super().__init__(mirror)
        self._model = model
        self._known: dict[str, Remembered] = {}
        self._examples: dict[tuple[str, ...], Similar] = {}
        self._schemas: dict[tuple[int, Grants, tuple[str, ...]], str] = {}

    def key(self, prose: str, seen: Catalogue, session: Session, search_path: Sequence[str]) -> str | None:
        """What decides the SQL; None where nothing may be kept.  `seen` is the catalogue as the role sees it."""
        if session.grants.redact:
            return None
        place = (seen.version, session.grants, tuple(search_path))
        schema = self._schemas.get(place)
        if schema is None:
            if len(self._schemas) > 1000:
                self._schemas.clear()
            schema = self._schemas[place] = _digest(
                serialise_schema(seen.tables.values(), search_path=search_path)
            )
        return _digest(
            json.dumps([normalised(prose), session.grants.roles, schema, [*search_path], self._model])
        )

    def find(self, key: str | None) -> Remembered | None:
        return None if key is None else self._known.get(key)

    def examples(self, roles: tuple[str, ...]) -> Similar | None:
        """What was approved for just these roles."""
        return self._examples.get(roles)

    def given(self, key: str | None, prose: str, draft: Draft, session: Session) -> None:
        """A draft has passed the gate and been planned."""
        if key is None:
            return
        now = datetime.now(UTC)
        self._known.setdefault(
            key, Remembered(draft.sql, draft.model, draft.confidence, "given", tuple(draft.notes))
        )
        asked = self._waiting.get((key, session.user))
        if asked is None:
            if len(self._waiting) >= NEW_MAX:
                return
            question = " ".join(prose.split())
            asked = self._waiting[key, session.user] = _Asked(question, session.grants.roles, draft, now, now)
        asked.count += 1
        asked.last = now

    # --- in step with the mirror

    async def _clean(self, admin: Any) -> None:
        await admin.execute(_CLEAN)

    async def _read(self, admin: Any) -> None:
        known: dict[str, Remembered] = {}
        approved: dict[tuple[str, ...], list[Example]] = {}
        for row in await admin.fetch(_READ):
            known[row["key"]] = Remembered(
                row["sql"], row["model"], row["confidence"], row["state"], _notes(row["state"])
            )
            if row["state"] != "given":
                try:
                    example = parse_example(row["question"], row["sql"])
                except ValueError:
                    continue  # what was typed as a correction: the gate says so when it is used
                approved.setdefault(tuple(row["roles"]), []).append(example)
        self._known = known
        self._examples = {roles: Similar(examples) for roles, examples in approved.items()}

    def _row(self, place: Place, value: _Asked) -> tuple[object, ...]:
        key, user = place
        draft = value.draft
        return (
            key, sayable(value.question), list(value.roles), sayable(draft.sql), draft.model, draft.confidence, user,
            value.count, value.first, value.last,
        )  # fmt: skip


def normalised(prose: str) -> str:
    """The question without what does not change it: white space, case, marks at its end."""
    return " ".join(prose.split()).casefold().rstrip(" ?.!;")


def _notes(state: str) -> tuple[str, ...]:
    return () if state == "given" else (f"this answer was {state} by an administrator",)


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
