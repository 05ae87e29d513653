"""What `prepare` makes of one statement and `run` carries out.

A plan names its engine by its type.  Plans are frozen and hold nothing of a session, so one may serve many sessions
and many executions; what is a session's own (its process id, its cursors) is read when the plan runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import expressions as exp

from checker.session_statements import SessionStatement
from checker.shape import Shape
from checker.verdict import Allowed, Dialect
from proxy.ports import Description, Field
from proxy.reconcile import OutputColumn
from proxy.wire.errors import ErrorFields


@dataclass(frozen=True, slots=True)
class Nothing:
    """A statement of blanks and comments."""


@dataclass(frozen=True, slots=True)
class OnMirror:
    """Text generated from an allowed tree, for the mirror.

    `sets`: the settings that it may change (set_config).  `signals`: it may cancel or end sessions.  `reviews`: it
    may write the firewall's lists.  `live`: the text holds what was known when it was made (relations.py).
    """

    sql: str
    sets: tuple[str, ...] = ()
    signals: bool = False
    reviews: bool = False
    live: bool = False


@dataclass(frozen=True, slots=True)
class OnSpark:
    """A query for Spark.

    `tree` has its tables qualified and its parameters still open; `sql` is its translation where it has none.
    `typed` is the query with its parameters still open where it came in Spark SQL; the tree is Spark's then.
    """

    tree: exp.Expression
    sql: str | None
    columns: tuple[OutputColumn, ...]
    typed: str | None = None


@dataclass(frozen=True, slots=True)
class ExplainSpark:
    """EXPLAIN of a query for Spark.

    `words` is Spark's own variant, empty or EXTENDED; `json` asks for PostgreSQL's FORMAT JSON.
    """

    query: OnSpark
    words: str
    json: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Lines that are known before anything runs, as EXPLAIN of a question has them."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """A statement on the session itself: transaction, setting, cursor, prepared statement, COPY's wrapper."""

    statement: SessionStatement
    inner: Prepared | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """A statement that changes tables.

    `query` is the plan of the query inside it where that reads Spark's tables, and `fields` what PostgreSQL calls its
    columns.
    """

    allowed: Allowed
    query: OnSpark | None = None
    fields: tuple[Field, ...] | None = None


Plan = Nothing | OnMirror | OnSpark | ExplainSpark | Answer | Act | Write


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What the record and the firewall say of an allowed statement.  `parts` remembers its piece of JSON."""

    kind: str
    shape: Shape
    exempt: bool
    codes: tuple[str, ...] = ()
    question: str | None = None
    parts: dict[tuple[bool, str, str | None], str] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Prepared:
    """One statement, ready to be bound.

    `text` and `start` place it in what the client sent (characters, from 0); `query` is the SQL that errors speak of
    when a model wrote it.  `tag` is the command tag; a plan that returns rows appends their number.  `versions` are
    those of the policy and of the catalogue by which it was made, `prepare` is the PREPARE that it is of, `findings`
    are what the gate and the judge found and let pass, for the audit record, `dialect` is the one that it was read in.
    """

    text: str
    start: int
    plan: Plan
    description: Description
    tag: str
    query: str | None = None
    notices: tuple[ErrorFields, ...] = ()
    versions: tuple[int, int] = (0, 0)
    prepare: str | None = None
    reviewed: Reviewed | None = None
    dialect: Dialect = "postgres"
