"""Question to draft: the front end as the proxy sees it.

Rules: a draft is one PostgreSQL SELECT, without comments, or there is none; the same question over the same
tables and model has the same draft; nothing here executes SQL or trusts it: a draft goes through the gate
like typed text.
Leaves out: remembering across restarts, examples, repair and more than one candidate.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nl_frontend import forms
from nl_frontend.client import Node, NodeClient
from nl_frontend.errors import DraftRefused, QuestionInvalid
from nl_frontend.lexer import tokens
from nl_frontend.models import ModelSpec
from nl_frontend.prompt import (
    CHARACTERS_PER_TOKEN,
    FENCE,
    Table,
    build_prompt,
    select_tables,
    serialise_schema,
)

PROSE_CHARACTERS_MAX = 4_000
DRAFT_TOKENS_MAX = 400
REMEMBERED_MAX = 1_024


class Catalogue(Protocol):
    """As proxy.ports.Catalogue."""

    @property
    def tables(self) -> Mapping[tuple[str, str], Table]: ...


class Asked(Protocol):
    """A question, ours or proxy.ports.Question."""

    @property
    def prose(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Draft:
    """The SQL that a model wrote for a question.

    Units: `confidence` is the geometric mean of its tokens' probabilities, not calibrated; None when unknown.
    """

    sql: str
    model: str
    confidence: float | None = None
    notes: tuple[str, ...] = ()


class FrontEnd:
    """One model behind one node.  It satisfies proxy.ports.Drafter."""

    def __init__(
        self,
        node: Node,
        model: ModelSpec,
        *,
        prose_characters_max: int = PROSE_CHARACTERS_MAX,
        draft_tokens_max: int = DRAFT_TOKENS_MAX,
        waiting_max: int = 16,
    ) -> None:
        self._client = NodeClient(node, waiting_max=waiting_max)
        self._model = model
        self._prose_characters_max = prose_characters_max
        self._draft_tokens_max = draft_tokens_max
        self._remembered: OrderedDict[tuple[str, str], Draft] = OrderedDict()

    def extract(self, statement: str, *, prose: bool) -> forms.Question | None:
        """See forms.extract."""
        return forms.extract(statement, prose=prose)

    async def draft(
        self, question: Asked, catalogue: Catalogue, *, search_path: Sequence[str], deadline_s: float
    ) -> Draft:
        """Raises: QuestionInvalid, DraftRefused, NodeBusy, NodeUnavailable, DraftTimeout; see errors.py."""
        prose = self._checked(question.prose)
        schema = self._schema(prose, catalogue, search_path)
        key = (" ".join(prose.split()), hashlib.sha256(schema.encode()).hexdigest())
        if (known := self._remembered.get(key)) is not None:
            self._remembered.move_to_end(key)
            return known
        reply = await self._client.complete(self._request(schema, prose), deadline_s=deadline_s)
        if reply.finish == "length":
            raise DraftRefused("the draft for this question does not end", hint="Ask more simply.")
        draft = Draft(checked_sql(reply.text), self._model.name, reply.confidence)
        self._remembered[key] = draft
        if len(self._remembered) > REMEMBERED_MAX:
            self._remembered.popitem(last=False)
        return draft

    async def warm(self, catalogue: Catalogue, *, search_path: Sequence[str], deadline_s: float) -> None:
        """Let the node read the schema ahead, so that the first question pays for its own words only."""
        if catalogue.tables:
            body = self._request(self._schema("", catalogue, search_path), "")
            await self._client.complete(body | {"max_tokens": 1, "logprobs": None}, deadline_s=deadline_s)

    async def close(self) -> None:
        await self._client.close()

    def _checked(self, prose: str) -> str:
        if not any(character.isalnum() for character in prose):
            raise QuestionInvalid(
                "the question is empty", hint="Write it behind the mark, as in: nl: how many patents;"
            )
        if len(prose) > self._prose_characters_max:
            raise QuestionInvalid(
                f"the question has {len(prose)} characters, at most {self._prose_characters_max} can be read",
                hint="Ask more shortly.",
                sqlstate="54000",
            )
        return prose

    def _schema(self, prose: str, catalogue: Catalogue, search_path: Sequence[str]) -> str:
        if not catalogue.tables:
            raise QuestionInvalid("there are no tables to ask about", sqlstate="42P01")
        around = len(build_prompt("", prose, template=self._model.template)) / CHARACTERS_PER_TOKEN
        budget = int(self._model.context_tokens - self._draft_tokens_max - around)
        chosen = select_tables(catalogue.tables.values(), prose, search_path=search_path, budget=budget)
        if not chosen:
            raise QuestionInvalid("question and tables do not fit into the model's context", sqlstate="54000")
        return serialise_schema(chosen, search_path=search_path)

    def _request(self, schema: str, prose: str) -> dict[str, Any]:
        return {
            "prompt": build_prompt(schema, prose, template=self._model.template),
            "max_tokens": self._draft_tokens_max,
            "temperature": 0.0,
            "stop": [FENCE, ";\n"],
            "logprobs": 1,
        }


def checked_sql(reply: str) -> str:
    """The first statement of a reply, when it is a query that only reads; without comments and semicolon.

    Raises: DraftRefused, 42501 for a statement that would write, else 0A000.
    """
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    sql = first_statement(reply)
    if not sql:
        raise DraftRefused(
            "the model wrote no SQL for this question", hint="Ask about the data in the tables."
        )
    try:
        tree = parse_one(sql, read="postgres")
    except (SqlglotError, RecursionError):
        raise DraftRefused(
            "the model wrote no valid SQL for this question", hint="Ask in other words."
        ) from None
    writes = (
        exp.DML,
        exp.DDL,
        exp.Command,
        exp.Into,
        exp.Lock,
        exp.Drop,
        exp.Alter,
        exp.TruncateTable,
        exp.Set,
    )
    if any(isinstance(node, writes) and not isinstance(node, exp.Query) for node in tree.walk()):
        raise DraftRefused(
            "a question can only read, and this one was understood as something else",
            hint="Ask for data, or type the statement as SQL.",
            sqlstate="42501",
        )
    if not isinstance(tree, exp.Query):
        raise DraftRefused(
            "the model wrote no query for this question", hint="Ask about the data in the tables."
        )
    if forms.extract(sql, prose=False) is not None:
        raise DraftRefused("the model answered with another question", hint="Ask in other words.")
    return sql


def first_statement(text: str) -> str:
    """Up to the first semicolon that is one, with a blank for every comment."""
    parts: list[str] = []
    for token in tokens(text):
        if token.text == ";" and "".join(parts).strip():
            break
        if token.text != ";":
            parts.append(" " if token.kind == "comment" else token.text)
    return "".join(parts).strip()
