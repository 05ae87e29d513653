"""For whom a statement is checked, and against which tables: what every layer behind the grammar decides by.

Rules: everything here is frozen, so it may be part of a key.  A default is the least that may be given: a `Grants()`
of defaults reads nothing.  `Schema` is the caller's catalogue, seen through the few attributes that the layers need.

Left out: how grants are written down and put together of a user's roles (policy.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, Protocol

from checker.verdict import StatementKind


class SchemaColumn(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def spark_type(self) -> str: ...
    @property
    def pg_type(self) -> str:
        """PostgreSQL's name of the type, fit for a cast."""
        ...


class SchemaTable(Protocol):
    """One table or view.

    `kind` is "table" or "view"; `view_text` is a view's query in Spark's words, None where it is not known, and
    `view_schema` the schema that its bare names are looked up in.
    """

    @property
    def schema(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def columns(self) -> Sequence[SchemaColumn]: ...
    @property
    def view_text(self) -> str | None: ...
    @property
    def view_schema(self) -> str | None: ...


class Schema(Protocol):
    """The catalogue at one moment."""

    def find(self, schema: str | None, name: str, search_path: Sequence[str]) -> SchemaTable | None:
        """The table that an already case-folded name means, as PostgreSQL's search_path would say."""
        ...


class Action(Enum):
    """What a role can be granted on tables besides reading them."""

    INSERT = "insert"
    CREATE_TABLE = "create table"
    CREATE_VIEW = "create view"
    CREATE_SCHEMA = "create schema"
    ALTER = "alter"
    DROP = "drop"
    TRUNCATE = "truncate"
    ANALYZE = "analyze"


@dataclass(frozen=True, slots=True)
class InjectionLimits:
    """Weights (0..1, added up as independent probabilities) from which findings deny, and from which they are
    uncertain.
    """

    deny_at: float = 0.9
    uncertain_at: float = 0.4


@dataclass(frozen=True, slots=True)
class JudgeRule:
    """When the language model judges a statement, and what counts while it cannot.

    Units: `deny_at` is a calibrated probability of an attack, 0..1; `deadline_s` seconds.
    """

    when: Literal["never", "uncertain", "always"] = "never"
    deny_at: float = 0.5
    unavailable: Literal["deny", "allow"] = "deny"
    deadline_s: float = 2.0


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Rows of the tables that fit `table` are seen only where `condition` holds.

    Shapes: `condition` is an SQL expression over the table's own columns, already checked by the grammar.
    """

    table: str
    condition: str


@dataclass(frozen=True, slots=True)
class Mask:
    """Columns that fit `column` show `expression` instead: SQL over the table's own columns, or NULL."""

    column: str
    expression: str = "NULL"


@dataclass(frozen=True, slots=True)
class DatabaseRights:
    """What a user may read in the databases that fit `database`, which is not the one that the other rights are about.

    Shapes: as the fields of Grants with the same names.
    """

    database: str
    read: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    filters: tuple[RowFilter, ...] = ()
    masks: tuple[Mask, ...] = ()


@dataclass(frozen=True, slots=True)
class Grants:
    """What one user may do: the union of the roles' rights, less what any of them denies.

    Filters and masks of all the roles hold together: a row is seen where every filter on its table holds, and the
    first mask that fits a column counts.
    Shapes: patterns are "schema.table" or "schema.table.column" with * and ? within a part; they are compared without
    regard to case.
    """

    roles: tuple[str, ...] = ()
    statements: frozenset[StatementKind] = frozenset()
    read: tuple[str, ...] = ()
    """A pattern of three parts grants the columns that fit and no others of that table."""
    deny: tuple[str, ...] = ()
    """Tables (two parts) and columns (three) that may not be read, whatever `read` says."""
    functions: tuple[str, ...] = ()
    """Names, or "kind:NAME" of functions.txt; * for all that the gate knows."""
    deny_functions: tuple[str, ...] = ()
    catalogue: bool = True
    """May read pg_catalog and information_schema."""
    filters: tuple[RowFilter, ...] = ()
    masks: tuple[Mask, ...] = ()
    trusted_views: tuple[str, ...] = ()
    """Views that are read by their own right: what they read is not checked for their reader."""
    max_rows: int | None = None
    max_seconds: int | None = None
    max_scan_bytes: int | None = None
    """By the engine's estimate, before it runs."""
    max_running: tuple[tuple[str, int], ...] = ()
    """(role, how many of its users' statements the engine may work on at a time), for each role that has a limit."""
    writes: tuple[tuple[Action, str], ...] = ()
    """(action, pattern of schema.table); CREATE SCHEMA has the schema's name and no dot."""
    databases: tuple[DatabaseRights, ...] = ()
    """Of Spark's other catalogues; nothing is written there."""
    prose: bool = True
    injection: InjectionLimits = field(default_factory=InjectionLimits)
    judge: JudgeRule = field(default_factory=JudgeRule)
    firewall: Literal["off", "learn", "enforce"] = "off"
    audit: Literal["none", "own", "all"] = "own"
    """Whose records of streamlink.audit are shown."""
    redact: bool = False
    """Audit records hold the statement's shape in the place of its text."""
    application: bool = False
    """A program's role: reading the catalogue counts as a sign of harvesting."""
    admin: bool = False
    """May review the firewall's shapes, and see, cancel and end everybody's sessions."""


@dataclass(frozen=True, slots=True)
class Context:
    """`reads_only`: the statement was written by a model, and a question can only read."""

    grants: Grants
    schema: Schema
    search_path: tuple[str, ...] = ("default",)
    database: str = "spark_catalog"
    reads_only: bool = False


READ_ALL = Grants(statements=frozenset(StatementKind), read=("*.*",), functions=("*",))
"""Reads whatever there is and writes nothing: what a user may do where no policy says otherwise."""
