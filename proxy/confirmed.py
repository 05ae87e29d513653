"""Spark's own word for which tables a query in Spark SQL reads.

The gate has read the query and written it anew; Spark's parser reads it once more, and words that are no names to the
one may be names to the other.  So its parsed plan is looked at before the query is planned: a table there that the gate
did not see denies the statement.

Rules: every relation of the parsed plan counts, wherever in the text of the plan one seems to be; a plan that does not
look like one denies.  Once for a text, since plans are remembered.
"""

from __future__ import annotations

import re

from sqlglot import expressions as exp

from proxy.sqlstate import Refused
from spark_thrift.errors import parse_error
from spark_thrift.session import SparkSession

_RELATION = re.compile(r"UnresolvedRelation \[(.*)\], \[.*\], (?:true|false)$", re.MULTILINE)
_ANY_RELATION = "UnresolvedRelation ["
PARSED = "== Parsed Logical Plan =="
_FAILED = "Error occurred during query planning:"
"""What EXPLAIN says in the place of a plan when there is none, as of `1 / 0`."""


async def confirm_tables(
    spark: SparkSession, sql: str, tree: exp.Expression, *, deadline_s: float | None
) -> None:
    """`sql` is what Spark is to run and `tree` what the gate has allowed.

    Raises: Refused 42501 where Spark sees another table; SparkError.
    """
    rows = await spark.run_command(f"EXPLAIN EXTENDED {sql}", deadline_s=deadline_s)
    plan = "\n".join(row[0] or "" for row in rows)
    if plan.startswith(_FAILED):
        raise parse_error(plan.removeprefix(_FAILED))
    seen = relations_of(plan)
    if seen is None or not seen <= names_of(tree):
        raise Refused("42501", "permission denied: Spark reads this statement otherwise than it was checked")


def relations_of(plan: str) -> frozenset[str] | None:
    """The names of all relations in the text of EXPLAIN EXTENDED; None where it cannot be told."""
    found = _RELATION.findall(plan)
    if not plan.lstrip().startswith(PARSED) or len(found) != plan.count(_ANY_RELATION):
        return None
    return frozenset(found)


def names_of(tree: exp.Expression) -> frozenset[str]:
    """The names of all tables in the tree, those that a WITH defines included, as Spark's plans write them."""
    return frozenset(
        ", ".join(part.name for part in map(table.args.get, ("catalog", "db", "this")) if part is not None)
        for table in tree.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier)
    )
