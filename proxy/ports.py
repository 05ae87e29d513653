"""The Protocols and value types between the packages.

The pipeline is written against these and nothing else, so a test can put a fake behind any of them and a later
engine, gate or front end can replace the one that is here.  Rules: value types are frozen and slotted; a decision
is a type, never a boolean; nothing here does IO.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from checker.session_statements import CopyOptions
from spark_thrift.catalogue import Column, Reference, Table

__all__ = [
    "BINARY", "TEXT", "Bind", "Catalogue", "Column", "CopyOptions", "Description", "Draft", "Drafter", "Field",
    "Question", "Reference", "ResultStream", "RowBatch", "Table",
]  # fmt: skip

TEXT, BINARY = 0, 1
"""Format codes of Bind and RowDescription (protocol chapter 54.2.3)."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a RowDescription.

    Units: `size` in bytes, negative for variable width; `typmod` as pg_attribute.atttypmod, -1 for none.
    """

    name: str
    oid: int
    size: int
    typmod: int = -1
    table_oid: int = 0
    attnum: int = 0


@dataclass(frozen=True, slots=True)
class Description:
    """What Describe of a statement needs: parameter types, and columns (None: the statement returns no rows)."""

    param_oids: tuple[int, ...]
    fields: tuple[Field, ...] | None


@dataclass(frozen=True, slots=True)
class Bind:
    """The values of one Bind, still as the client sent them.

    Shapes: `formats` is empty (all text), one code for all, or one per value; a value of None is NULL.
    """

    values: tuple[bytes | None, ...] = ()
    formats: tuple[int, ...] = ()
    result_formats: tuple[int, ...] = ()


class RowBatch(Protocol):
    """Some consecutive rows of a result, not yet encoded."""

    @property
    def row_count(self) -> int: ...

    def slice(self, start: int, stop: int) -> RowBatch:
        """Rows start..stop, without a copy of the values."""
        ...

    def data_rows(self, formats: Sequence[int]) -> bytes | memoryview:
        """Concatenated DataRow messages.  Shapes: `formats` has one code per column."""
        ...

    def copy_rows(self, options: CopyOptions) -> bytes | memoryview:
        """Concatenated CopyData messages, without header line or binary signature."""
        ...


class ResultStream(Protocol):
    """One running statement's rows.  Pulling is what makes it go on: there is no unbounded queue behind it."""

    @property
    def fields(self) -> tuple[Field, ...]: ...

    async def next_batch(self) -> RowBatch | None:
        """The next rows, or None at the end.  Raises: the engine's error, see sqlstate.py."""
        ...

    async def close(self) -> None:
        """Stop the work and free it, whatever state it is in.  Idempotent; never raises."""
        ...


class Question(Protocol):
    """Prose that a statement held, and the statement around it."""

    @property
    def prose(self) -> str: ...

    def fill(self, sql: str) -> str:
        """The client's statement with a draft in the place of the prose."""
        ...

    def saying(self, prose: str) -> Question:
        """The same place in the statement, in other words."""
        ...


class Draft(Protocol):
    """The SQL that a model wrote for a question.

    `notes` say what was changed in it.  Units: confidence 0..1, None when the node reports none.
    """

    @property
    def sql(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def confidence(self) -> float | None: ...
    @property
    def notes(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Spark's catalogue at one moment.  `version` grows with every change that the mirror saw."""

    version: int = 0
    tables: dict[tuple[str, str], Table] = field(default_factory=dict)
    schemas: frozenset[str] = frozenset()

    def find(self, schema: str | None, name: str, search_path: Sequence[str]) -> Table | None:
        """The table that an unquoted, already case-folded name means, as PostgreSQL's search_path would say."""
        for candidate in (schema,) if schema else search_path:
            table = self.tables.get((candidate, name))
            if table is not None:
                return table
        return None


class Drafter(Protocol):
    """The front end: question in, draft out; it never executes."""

    def extract(self, statement: str, *, prose: bool) -> Question | None:
        """The question that this one statement is or holds, or None when it is plain SQL."""
        ...

    async def draft(
        self,
        question: Any,
        catalogue: Catalogue,
        *,
        search_path: Sequence[str],
        deadline_s: float,
        approved: Any = None,
        previous: tuple[str, str] | None = None,
        held: Any = None,
    ) -> Draft:
        """`question` is what `extract` gave; `approved` are examples (nl_frontend.similar) for those who ask;
        `previous` is the question and SQL that it goes on from; `held` is what the tables hold, by schema and table
        (nl_frontend.values), as far as those who ask may know.

        Raises: nl_frontend's errors, see sqlstate.py.
        """
        ...
