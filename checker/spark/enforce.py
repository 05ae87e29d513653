"""What a role may read in Spark SQL: as enforce.py, but whole tables or nothing.

Filters, masks and hidden columns are written into PostgreSQL's trees alone, so a role that has any of them on a table
of the statement is refused here.  Every table gets the schema that its name was found in, so the engine looks nothing
up by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlglot import expressions as exp

from checker.context import Context, SchemaTable
from checker.enforce import (
    functions_denied,
    is_elsewhere,
    no_table,
    statement_denied,
    unknown_table,
    views_denied,
)
from checker.functions import spark_function_kinds
from checker.reading import Reading, Use
from checker.rights import table_rights, unrestricted
from checker.spark.facts import collect, relation_of
from checker.spark.render import to_spark_text
from checker.verdict import Allowed, Denied, Relation

TO_POSTGRES = "SET streamlink.dialect = 'postgres'"


def enforce(allowed: Allowed, context: Context) -> Allowed | Denied:
    """What becomes of a query in Spark SQL when this user sends it."""
    denied = statement_denied(allowed, context) or functions_denied(
        allowed.facts.functions, context.grants, spark_function_kinds()
    )
    if denied is not None:
        return denied
    assert allowed.tree is not None
    tree = allowed.tree.copy()
    uses: list[Use] = []
    problems: list[Denied] = []
    for node in collect(tree).tables:
        table = _found(node, context)
        if isinstance(table, Denied):
            problems.append(table)
        elif (refused := _refused(table, node, context)) is not None:
            problems.append(refused)
        else:
            uses.append(Use(node, table))
    if problems:
        return min(problems, key=lambda problem: problem.position or 0)
    if not unrestricted(context.grants) and (denied := views_denied(Reading(uses=uses), context)):
        return denied
    relations = [Relation(use.table.schema, use.table.name, True, use.position) for use in uses]
    for use in uses:
        use.node.set("catalog", None)
        use.node.set("db", exp.to_identifier(use.table.schema, quoted=True))
        use.node.set("this", exp.to_identifier(use.table.name, quoted=True))
    sql, statement = to_spark_text(tree), allowed.statement
    return replace(
        allowed,
        sql=sql if statement is None else statement.to_sql(sql),
        tree=tree,
        facts=replace(allowed.facts, relations=tuple(sorted(relations, key=lambda each: each.position or 0))),
    )


def _found(node: Any, context: Context) -> SchemaTable | Denied:
    relation = relation_of(node)
    if relation.catalog is not None and relation.catalog != context.database:
        return unknown_table(node, context)
    if is_elsewhere(relation.schema, relation.name, context):
        reason = "Spark SQL cannot read the system catalogue together with data"
        return Denied(
            "catalogue", "0A000", reason, relation.position, "Ask the catalogue in a query of its own."
        )
    return context.schema.find(relation.schema, relation.name, context.search_path) or unknown_table(
        node, context
    )


def _refused(table: SchemaTable, node: Any, context: Context) -> Denied | None:
    if unrestricted(context.grants):
        return None
    rights, position = table_rights(context.grants, table), relation_of(node).position
    if not rights.readable:
        return no_table(table.name, position)
    if rights.whole:
        return None
    reason = f"permission denied for table {table.name}: your role's rights cannot be applied to Spark SQL"
    return Denied("spark_rights", "42501", reason, position, TO_POSTGRES)
