"""What the gate answers: `Allowed` or `Denied`, and nothing else.

Rules: everything here is frozen, so a verdict can be remembered by the statement's text and shared between sessions.
A caller that wants to rewrite the tree copies it first.  Positions are 1-based characters of the client's text, as
PostgreSQL's error field P counts them.

Left out: what a role may do, see context.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal

from sqlglot import expressions as exp

if TYPE_CHECKING:
    from checker.context import Action
    from checker.session_statements import SessionStatement
    from checker.write_statements import WriteStatement


Dialect = Literal["postgres", "spark"]
"""Whose SQL a statement is read as."""


class StatementKind(Enum):
    """The kinds of statement that this gate lets through."""

    SELECT = "SELECT"
    VALUES = "VALUES"
    EXPLAIN = "EXPLAIN"
    SHOW = "SHOW"
    SET = "SET"
    RESET = "RESET"
    BEGIN = "BEGIN"
    COMMIT = "COMMIT"
    ROLLBACK = "ROLLBACK"
    SAVEPOINT = "SAVEPOINT"
    RELEASE = "RELEASE"
    ROLLBACK_TO = "ROLLBACK TO"
    DISCARD = "DISCARD"
    DEALLOCATE = "DEALLOCATE"
    PREPARE = "PREPARE"
    EXECUTE = "EXECUTE"
    DECLARE = "DECLARE"
    FETCH = "FETCH"
    MOVE = "MOVE"
    CLOSE = "CLOSE"
    COPY_OUT = "COPY"
    LISTEN = "LISTEN"
    UNLISTEN = "UNLISTEN"
    NOTIFY = "NOTIFY"
    INSERT = "INSERT"
    COPY_IN = "COPY FROM"
    CREATE_TABLE = "CREATE TABLE"
    CREATE_TABLE_AS = "CREATE TABLE AS"
    CREATE_VIEW = "CREATE VIEW"
    CREATE_SCHEMA = "CREATE SCHEMA"
    ALTER_TABLE = "ALTER TABLE"
    DROP = "DROP"
    TRUNCATE = "TRUNCATE"
    ANALYZE = "ANALYZE"
    COMMENT = "COMMENT"
    EMPTY = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation that a statement reads, named as PostgreSQL reads the name: folded unless it was quoted."""

    schema: str | None
    name: str
    quoted: bool = False
    position: int | None = None
    catalog: str | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """One function that a statement calls; `schema` only when it was written."""

    schema: str | None
    name: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """One relation that a statement changes, and the right that it takes.

    `relation` carries the schema that its name was resolved to.  A schema that is made, dropped or commented on is a
    relation without a schema.
    """

    relation: Relation
    action: Action


@dataclass(frozen=True, slots=True)
class ColumnRead:
    """One column of a table or view that a statement reads, under the catalogue's names."""

    schema: str
    table: str
    column: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a policy or a router can speak of.

    Units: `parameters` are the n of the `$n` in the statement, each once, ascending; `depth` counts nested nodes.
    `relations` leaves out names that a WITH of the statement defines, where that definition is in scope.  `columns`
    is filled in where rights made it necessary to resolve them (enforce.py), and else empty.
    """

    relations: tuple[Relation, ...] = ()
    functions: tuple[Function, ...] = ()
    parameters: tuple[int, ...] = ()
    settings_written: tuple[str, ...] = ()
    written: tuple[Written, ...] = ()
    columns: tuple[ColumnRead, ...] = ()
    nodes: int = 0
    depth: int = 0

    @property
    def catalogue_only(self) -> bool:
        """Whether every relation is certainly PostgreSQL's own: the mirror can answer the statement alone."""
        return all(
            relation.schema in CATALOGUE_SCHEMAS
            if relation.schema is not None
            else relation.name.startswith("pg_")
            for relation in self.relations
        )


CATALOGUE_SCHEMAS = frozenset({"pg_catalog", "information_schema"})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a statement that an attacker would write.

    Units: `weight` is the probability, 0..1, that a statement with it is an attack; `position` as in Denied.
    `code` is a fixed name, `reason` says it in words.
    """

    code: str
    weight: float
    reason: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """A statement that may run.

    `sql` is PostgreSQL text generated from `tree` (or from `statement`), proven to hold the client's tokens and no
    others: it is what the mirror gets.  `tree` is the query, None where a session statement has none; `statement`
    says what wraps it (EXPLAIN, DECLARE, COPY, INSERT, ...), None for a plain query.  `findings` were not enough to
    deny it.  `asked` is the client's own tree where grants were written into `tree` (enforce.py), else None.

    With the dialect "spark", `sql` and `tree` are Spark SQL (spark/render.py), with every table's schema where a
    context was given.
    """

    kind: StatementKind
    sql: str
    tree: exp.Expression | None = None
    statement: SessionStatement | WriteStatement | None = None
    facts: Facts = field(default_factory=Facts)
    findings: tuple[Finding, ...] = ()
    asked: exp.Expression | None = None
    dialect: Dialect = "postgres"


@dataclass(frozen=True, slots=True)
class Denied:
    """A statement that may not run, and why.

    Wire: `sqlstate`, `reason`, `position` and `hint` are the fields C, M, P and H of the ErrorResponse.
    `code` is the gate's own name for the finding and stays the same when the wording changes.
    """

    code: str
    sqlstate: str
    reason: str
    position: int | None = None
    hint: str | None = None
    findings: tuple[Finding, ...] = ()


Verdict = Allowed | Denied
