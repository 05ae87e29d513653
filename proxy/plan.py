"""What `prepare` makes of one statement and `run` carries out.

A plan names its engine by its type.  Plans are frozen and hold nothing of a session, so one may serve many sessions
and many executions; what is a session's own (its process id, its cursors) is read when the plan runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import expressions as exp

from checker.session_statements import SessionStatement
from checker.shape import Shape
from proxy.ports import Description
from proxy.reconcile import OutputColumn
from proxy.wire.errors import ErrorFields


@dataclass(frozen=True, slots=True)
class Nothing:
    """A statement of blanks and comments."""


@dataclass(frozen=True, slots=True)
class OnMirror:
    """Text generated from an allowed tree, for the mirror.

    `sets`: the settings that it may change (set_config).  `signals`: it may cancel or end sessions.  `reviews`: it
    may write the firewall's lists.
    """

    sql: str
    sets: tuple[str, ...] = ()
    signals: bool = False
    reviews: bool = False


@dataclass(frozen=True, slots=True)
class OnSpark:
    """A query for Spark.

    `tree` has its tables qualified and its parameters still open; `sql` is its translation where it has none.
    """

    tree: exp.Expression
    sql: str | None
    columns: tuple[OutputColumn, ...]


@dataclass(frozen=True, slots=True)
class ExplainSpark:
    """EXPLAIN of a query for Spark.  `words` is Spark's own variant: empty, EXTENDED or FORMATTED."""

    query: OnSpark
    words: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Lines that are known before anything runs, as EXPLAIN of a question has them."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """A statement on the session itself: transaction, setting, cursor, prepared statement, COPY's wrapper."""

    statement: SessionStatement
    inner: Prepared | None = None


Plan = Nothing | OnMirror | OnSpark | ExplainSpark | Answer | Act


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
    when a model wrote it.  `tag` is the command tag; a plan that returns rows appends their number.
    """

    text: str
    start: int
    plan: Plan
    description: Description
    tag: str
    query: str | None = None
    notices: tuple[ErrorFields, ...] = ()
    reviewed: Reviewed | None = None
