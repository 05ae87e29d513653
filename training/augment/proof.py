"""Whether a statement is fit to be learnt: the product must run it, and it must find something.

Rules: the gate allows it, the dialect translates it, PostgreSQL runs it on the data.  A result is empty when it has no
row, or one row of nothing but NULL and zero: such a pair teaches little, and often its values do not belong together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlglot import exp

from checker.gate import Gate
from checker.verdict import Denied
from spark_thrift.dialect import Untranslatable, to_spark
from training.augment.data import Database
from training.augment.postgres import Engine

SUBSCRIPT_BASE = 1
"""The gate's trees hold array subscripts as they are written."""
ROWS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Proven:
    """It ran.  Units: `rows` counts up to ROWS_MAX.  `constructs` are the SQL's parts, for the census."""

    rows: int
    empty: bool
    constructs: tuple[str, ...]
    shape: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not; `by` is the gate, the dialect or the engine."""

    by: str
    reason: str


Outcome = Proven | Failed


@dataclass(frozen=True, slots=True)
class Prover:
    """Judges statements over one loaded database."""

    database: Database
    engine: Engine
    gate: Gate = field(default_factory=Gate)

    def prove(self, sql: str) -> Outcome:
        """The outcome; it never raises."""
        verdict = self.gate.check(sql)
        if isinstance(verdict, Denied):
            return Failed("gate", verdict.reason)
        if verdict.tree is None:
            return Failed("gate", f"{verdict.kind.value} is no query")
        try:
            to_spark(self._qualified(verdict.tree), self._schema(), subscript_base=SUBSCRIPT_BASE)
        except Untranslatable as error:
            return Failed("dialect", str(error))
        try:
            found = self.engine.rows(verdict.sql, ROWS_MAX).rows
        except psycopg.Error as error:
            return Failed("engine", error.diag.message_primary or str(error))
        return Proven(len(found), is_empty(found), constructs_of(verdict.tree), shape_of(verdict.tree))

    def _schema(self) -> Mapping[tuple[str, str], Sequence[tuple[str, str]]]:
        return {(t.schema, t.name): [(c.name, c.spark_type) for c in t.columns] for t in self.database.tables}

    def _qualified(self, tree: exp.Expr) -> exp.Expr:
        """A copy in which the database's tables carry their schema, as the server's planner sees them."""
        tree = tree.copy()
        made = {cte.alias for cte in tree.find_all(exp.CTE)}
        for table in tree.find_all(exp.Table):
            if not table.db and table.name not in made and self.database.table(table.name):
                table.set("db", exp.to_identifier(self.database.name, quoted=True))
                if not table.alias:
                    table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
        return tree


def is_empty(rows: Sequence[Sequence[Any]]) -> bool:
    """No row, or one of nothing but NULL and zero."""
    return not rows or (len(rows) == 1 and all(value is None or value == 0 for value in rows[0]))


def shape_of(tree: exp.Expr) -> str:
    """The statement without its values: what two statements share that differ in those alone."""
    tree = tree.copy()
    for literal in list(tree.find_all(exp.Literal)):
        literal.replace(exp.Placeholder())
    return tree.sql(dialect="postgres", normalize=True)


_CONSTRUCTS: tuple[tuple[str, tuple[type[exp.Expr], ...]], ...] = (
    ("join", (exp.Join,)), ("group by", (exp.Group,)), ("having", (exp.Having,)), ("order by", (exp.Order,)),
    ("limit", (exp.Limit,)), ("distinct", (exp.Distinct,)), ("window", (exp.Window,)), ("with", (exp.CTE,)),
    ("set operation", (exp.SetOperation,)), ("pattern", (exp.Like, exp.ILike)), ("negation", (exp.Not, exp.NEQ)),
    ("between", (exp.Between,)), ("or", (exp.Or,)), ("null check", (exp.Is,)), ("exists", (exp.Exists,)),
    ("subquery", (exp.Subquery,)), ("case", (exp.Case,)), ("filter", (exp.Filter,)), ("ratio", (exp.Div,)),
    ("date part", (exp.Extract,)), ("interval", (exp.Interval,)), ("where", (exp.Where,)),
)  # fmt: skip


def constructs_of(tree: exp.Expr) -> tuple[str, ...]:
    """The SQL's parts, by the field's names."""
    there = {type(node) for node in tree.walk()}
    found = [name for name, kinds in _CONSTRUCTS if any(issubclass(t, kinds) for t in there)]
    if any(
        isinstance(node, exp.AggFunc) or getattr(node, "name", "") in ("count", "avg", "sum")
        for node in tree.walk()
    ):
        found.append("aggregate")
    return tuple(found)
