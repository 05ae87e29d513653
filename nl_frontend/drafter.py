"""Question to draft: the front end as the proxy sees it.

Rules: a draft is one PostgreSQL SELECT, without comments, or there is none; the same question over the same
tables and model has the same draft; nothing here executes SQL or trusts it: a draft goes through the gate
like typed text.
Leaves out: remembering, more than one candidate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from nl_frontend import forms
from nl_frontend.amend import amend
from nl_frontend.amend_by_question import amend_by_question
from nl_frontend.client import Access, Node, NodeClient
from nl_frontend.copied import copied_literals, without_copied
from nl_frontend.errors import DraftRefused, QuestionInvalid
from nl_frontend.examples import Example, load_examples, parse_example
from nl_frontend.intent import asks_to_write
from nl_frontend.lexer import tokens
from nl_frontend.models import ModelSpec
from nl_frontend.prompt import FENCE, Table, build_prompt, select_tables, serialise_schema, tokens_of
from nl_frontend.similar import Similar, load_similar
from nl_frontend.values import TOLD_CHARACTERS_MAX, Held, find, told

PROSE_CHARACTERS_MAX = 4_000
DRAFT_TOKENS_MAX = 400
EXAMPLES_SHARE = 0.3
"""Of the context, at most, for examples: the tables come first."""
EXAMPLE_SIGNS_TOKENS = 4
SIMILAR_MAX = 4
"""Each costs a second of a 1.5B on two cores, since no node has read it before."""
SIMILAR_TOKENS = 540
VALUES_TOKENS = tokens_of(" " * TOLD_CHARACTERS_MAX)


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


@dataclass(frozen=True, slots=True)
class _Context:
    """What stands before the question: of the examples, the same ones for all, and the ones most like this question;
    and what it goes on from, whose names and numbers are its own.
    """

    schema: str
    tables: tuple[Table, ...]
    examples: tuple[Example, ...]
    similar: tuple[Example, ...] = ()
    before: tuple[Example, ...] = ()


class FrontEnd:
    """One model behind one node or several, as proxy.ports.Drafter wants it.

    The examples for all questions, and those of which the most similar are shown, are the shipped ones unless given.
    """

    def __init__(
        self,
        node: Node,
        model: ModelSpec,
        *,
        more: Sequence[Node] = (),
        examples: Sequence[Example] | None = None,
        similar: Similar | None = None,
        context_tokens: int | None = None,
        prose_characters_max: int = PROSE_CHARACTERS_MAX,
        draft_tokens_max: int = DRAFT_TOKENS_MAX,
        waiting_max: int = 16,
        access: Access | None = None,
    ) -> None:
        self._client = NodeClient(node, *more, waiting_max=waiting_max, access=access)
        self._model = model
        self._examples = load_examples() if examples is None else tuple(examples)
        self._similar = load_similar() if similar is None else similar
        self._context_tokens = context_tokens or model.context_tokens
        self._prose_characters_max = prose_characters_max
        self._draft_tokens_max = draft_tokens_max

    @property
    def client(self) -> NodeClient:
        return self._client

    def extract(self, statement: str, *, prose: bool) -> forms.Question | None:
        """See forms.extract."""
        return forms.extract(statement, prose=prose)

    async def draft(
        self,
        question: Asked,
        catalogue: Catalogue,
        *,
        search_path: Sequence[str],
        deadline_s: float,
        approved: Similar | None = None,
        previous: tuple[str, str] | None = None,
        held: Held | None = None,
    ) -> Draft:
        """`approved` are more examples, which go before the others, and `previous` before these: a question and its
        SQL that this one goes on from.  `held` is what the tables hold, by schema and table.

        Raises: QuestionInvalid, DraftRefused, NodeBusy, NodeUnavailable, DraftTimeout; see errors.py.
        """
        prose = self._checked(question.prose)
        context = self._context(prose, catalogue, search_path, approved, previous)
        found = find(prose, context.tables, held or {})
        prompt = self._prompt(context, prose, told(found, context.tables, search_path))
        reply = await self._client.complete(self._request(prompt), deadline_s=deadline_s)
        if reply.finish == "length":
            raise DraftRefused("the draft for this question does not end", hint="Ask more simply.")
        sql = checked_sql(reply.text)
        shown = (*context.examples, *context.similar)
        mended = without_copied(sql, prose, copied_literals(sql, prose, shown))
        if copied_literals(mended.sql, prose, shown):
            raise DraftRefused(
                "the model answered another question than this one",
                hint="Ask in other words, and name what you mean.",
            )
        amended = amend(mended.sql, context.tables, search_path=search_path)
        by_question = amend_by_question(
            amended.sql, prose, found, context.tables, held or {}, search_path=search_path
        )
        notes = mended.notes + amended.notes + by_question.notes
        return Draft(by_question.sql, self._model.name, reply.confidence, notes)

    async def warm(self, catalogue: Catalogue, *, search_path: Sequence[str], deadline_s: float) -> None:
        """Let every node read the schema ahead, so that the first question pays for its own words only.

        Raises: as `draft`.
        """
        if catalogue.tables:
            body = self._request(self._prompt(self._context("", catalogue, search_path), ""))
            body |= {"max_tokens": 1, "logprobs": None}
            # Each goes to the node that has the fewest.
            asked = [self._client.complete(body, deadline_s=deadline_s) for _ in range(self._client.nodes)]
            await asyncio.gather(*asked)

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
        if asks_to_write(prose):
            raise DraftRefused(
                "a question can only read, and this one asks for something else",
                hint="Ask for data, or type the statement as SQL.",
                sqlstate="42501",
            )
        return " ".join(prose.split())

    def _context(
        self,
        prose: str,
        catalogue: Catalogue,
        search_path: Sequence[str],
        approved: Similar | None = None,
        previous: tuple[str, str] | None = None,
    ) -> _Context:
        """What fits beside the question: all tables or the nearest ones, then the examples that hold on them."""
        if not catalogue.tables:
            raise QuestionInvalid("there are no tables to ask about", sqlstate="42P01")
        around = tokens_of(build_prompt("", prose, template=self._model.template))
        budget = self._context_tokens - self._draft_tokens_max - around - SIMILAR_TOKENS - VALUES_TOKENS
        chosen = select_tables(catalogue.tables.values(), prose, search_path=search_path, budget=budget)
        if not chosen:
            raise QuestionInvalid("question and tables do not fit into the model's context", sqlstate="54000")
        schema = serialise_schema(chosen, search_path=search_path)
        left = min(budget - tokens_of(schema), int(self._context_tokens * EXAMPLES_SHARE))
        shown = []
        for example in self._examples:
            if _cost(example) <= left and example.holds(chosen, search_path):
                shown.append(example)
                left -= _cost(example)

        def fits(example: Example) -> bool:
            return _cost(example) <= SIMILAR_TOKENS // SIMILAR_MAX and example.holds(chosen, search_path)

        before: tuple[Example, ...] = ()
        if previous is not None and tokens_of("".join(previous)) <= SIMILAR_TOKENS:
            with suppress(ValueError):  # an administrator's correction need not be SQL
                before = (parse_example(*previous),)
        left_over = SIMILAR_MAX if not before else 0
        own = () if approved is None else approved.nearest(prose, left_over, fits)
        others = self._similar.nearest(prose, left_over - len(own), fits)
        return _Context(schema, tuple(chosen), tuple(shown), (*others, *own), before)

    def _prompt(self, context: _Context, prose: str, values: str = "") -> str:
        pairs = [(example.question, example.sql) for example in context.examples]
        similar = [(example.question, example.sql) for example in (*context.similar, *context.before)]
        return build_prompt(
            context.schema,
            prose,
            examples=pairs,
            similar=similar,
            values=values,
            template=self._model.template,
        )

    def _request(self, prompt: str) -> dict[str, Any]:
        return {
            "prompt": prompt,
            "max_tokens": self._draft_tokens_max,
            "temperature": 0.0,
            "stop": [FENCE, ";\n"],
            "logprobs": 1,
        }


def _cost(example: Example) -> int:
    """Units: tokens."""
    return tokens_of(example.question + example.sql) + EXAMPLE_SIGNS_TOKENS


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
    writes = (exp.DML, exp.DDL, exp.Command, exp.Into, exp.Lock)
    is_query = isinstance(tree, exp.Query)
    is_statement = sql.split(maxsplit=1)[0].lower() in forms.STATEMENT_WORDS
    if any(isinstance(node, writes) for node in tree.walk()) or (is_statement and not is_query):
        raise DraftRefused(
            "a question can only read, and this one was understood as something else",
            hint="Ask for data, or type the statement as SQL.",
            sqlstate="42501",
        )
    if not is_query:
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
