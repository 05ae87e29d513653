"""PostgreSQL to Spark SQL, or not at all.

`to_spark` takes a checked tree and writes Spark SQL that gives the rows, names and NULL order that PostgreSQL would
give for the same data.  Each node class and each function has a rule that is written here and tried on both engines;
what has none, or what a rule cannot prove equal, raises `Untranslatable`.  The tree is only read, never printed by
sqlglot's generator: Spark's text comes from the rules alone.

Equal means: text compares and sorts by code point (PostgreSQL's C collation) and maps case by full Unicode rules
(its pg_unicode_fast); inexact numerics (quotients, averages, roots) agree to twelve digits, not in trailing zeros, so
that to test one for equality is as unsafe as with doubles; a numeric keeps at least 14 decimals.
"""

from __future__ import annotations

from sqlglot import exp

from spark_thrift.dialect.context import Context, Schema
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.expressions import translate
from spark_thrift.dialect.queries import Query, query
from spark_thrift.dialect.scope import Scope

__all__ = ["Schema", "Untranslatable", "to_spark", "value_to_spark"]


def to_spark(tree: exp.Expr, schema: Schema | None, *, subscript_base: int = 0) -> str:
    """The Spark SQL of a query that was parsed as PostgreSQL.

    Tables are schema-qualified unless they name a CTE; parameters are typed literals already.  Without `schema`, or
    for a table that it lacks, columns have no known type and whatever depends on it is refused.

    The tree's calls may be sqlglot's classes or `exp.Anonymous` with PostgreSQL's names, which say more: the column's
    name, a date template as written.  `subscript_base` is the tree's first array index: 0 as sqlglot's PostgreSQL
    dialect leaves constant subscripts, 1 where they stand as written.

    Raises: Untranslatable (its sqlstate is 0A000, or PostgreSQL's own where PostgreSQL refuses as well).
    """
    if not isinstance(tree, (exp.Query, exp.Values)):
        raise Untranslatable(f"{type(tree).__name__.upper()} as a query")
    try:
        context = Context(schema, Scope(), translate, _subquery, subscript_base=subscript_base)
        return query(context, tree).sql
    except RecursionError:
        raise Untranslatable("a statement nested this deeply", sqlstate="54001") from None


def value_to_spark(node: exp.Expr) -> str:
    """The Spark SQL of one typed constant, as a Bind's values are.  Raises: Untranslatable."""
    return translate(Context(None, Scope(), translate, _subquery), node).sql


def _subquery(ctx: Context, node: exp.Expr) -> Query:
    return query(ctx, node)
