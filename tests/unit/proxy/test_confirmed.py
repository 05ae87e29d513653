"""What counts as a table in the text of Spark's plan."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlglot import expressions as exp

from checker.gate import Gate
from checker.verdict import Allowed
from proxy.confirmed import confirm_tables, names_of, relations_of
from proxy.sqlstate import Refused, fields_of
from spark_thrift.errors import SparkError

PLAN = """== Parsed Logical Plan ==
CTE [q]
:  +- 'SubqueryAlias q
:     +- 'Project ['a]
:        +- 'UnresolvedRelation [pub, t 1], [], false
+- 'Project [unresolvedalias(scalar-subquery#0 [])]
   :  +- 'Project [unresolvedalias('max('y))]
   :     +- 'UnresolvedRelation [q], [], false
   +- OneRowRelation

== Analyzed Logical Plan ==
a: int
Project [a#1]
"""


def test_every_relation_is_seen() -> None:
    assert relations_of(PLAN) == {"pub, t 1", "q"}
    assert relations_of("== Parsed Logical Plan ==\nOneRowRelation\n") == frozenset()


@pytest.mark.parametrize(
    "plan",
    [
        "",
        "org.apache.spark.sql.AnalysisException: no",
        PLAN.replace("[], false", "...", 1),
        PLAN.replace("'max('y)", "UnresolvedRelation ["),
    ],
)
def test_what_does_not_look_like_a_plan_tells_nothing(plan: str) -> None:
    assert relations_of(plan) is None


def test_a_text_in_the_statement_can_only_add_tables() -> None:
    assert relations_of(PLAN.replace("'max('y)", "x\nUnresolvedRelation [z], [], false\n")) == {
        "pub, t 1",
        "q",
        "z",
    }


@dataclass
class Engine:
    """Answers every EXPLAIN with the same text."""

    answer: str

    async def run_command(self, sql: str, *, deadline_s: float | None) -> list[tuple[str]]:
        assert sql.startswith("EXPLAIN EXTENDED SELECT")
        return [(self.answer,)]


async def test_another_table_denies() -> None:
    verdict = Gate().check("SELECT a FROM pub.`t 1`", dialect="spark")
    assert isinstance(verdict, Allowed)
    assert verdict.tree is not None
    plan = PLAN.replace("[q]", "[pub, t 1]")
    await confirm_tables(Engine(plan), verdict.sql, verdict.tree, deadline_s=None)  # type: ignore[arg-type]
    failed = "Error occurred during query planning: \n[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012"
    for answer, raised, sqlstate in (
        (PLAN, Refused, "42501"),
        ("", Refused, "42501"),
        (failed, SparkError, "22012"),
    ):
        with pytest.raises(raised) as caught:
            await confirm_tables(Engine(answer), verdict.sql, verdict.tree, deadline_s=None)  # type: ignore[arg-type]
        assert fields_of(caught.value).sqlstate == sqlstate


def test_names_are_written_as_in_plans() -> None:
    verdict = Gate().check(
        "WITH Q AS (SELECT a FROM pub.`t 1`) SELECT (SELECT max(a) FROM q)", dialect="spark"
    )
    assert isinstance(verdict, Allowed)
    assert isinstance(verdict.tree, exp.Expression)
    assert names_of(verdict.tree) == {"pub, t 1", "q"}
