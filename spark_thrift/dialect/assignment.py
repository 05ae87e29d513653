"""What a value becomes in a column that it is assigned to: PostgreSQL's assignment casts, in Spark SQL.

An assignment casts where an expression would not (an integer to text, a numeric to fewer decimals) and is stricter than
an explicit cast: a text that is too long for its column is an error, not cut.  Whether the two types may meet at all,
PostgreSQL's own analysis has said before.
Source: PostgreSQL 18 documentation, 10.4 "Value Storage" and 8.3 "Character Types".
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlglot import exp

from spark_thrift.dialect.casts import convert, to_text
from spark_thrift.dialect.context import Context, Schema
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.expressions import translate
from spark_thrift.dialect.pgtypes import STRINGS, from_spark
from spark_thrift.dialect.queries import Query, query
from spark_thrift.dialect.scope import Scope
from spark_thrift.dialect.terms import Term, guarded, identifier
from spark_thrift.type_names import parse_spark_type


def assigned(term: Term, spark_type: str) -> Term:
    """`term` as a value of a column of this type.  Raises: Untranslatable."""
    parsed = parse_spark_type(spark_type)
    target = from_spark(spark_type)
    if target.name in STRINGS:
        return _sized(to_text(term), parsed.name, parsed.args)
    if target.name == "opaque" or (target.name == "array" and term.type == target):
        if term.type != target and not term.null:
            raise Untranslatable(f"a value of type {term.type} for a column of Spark's type {spark_type}")
        return term
    value = convert(term, target)
    if parsed.name == "tinyint":
        return Term(f"CAST({value.sql} AS TINYINT)", value.type)
    return value


def _sized(value: Term, name: str, length: tuple[int, ...]) -> Term:
    """varchar(n) and char(n): blanks beyond the length are dropped, anything else there is an error."""
    if not length:
        return value
    shown = "character varying" if name == "varchar" else "character"
    too_long = f"rtrim(substring({value.sql}, {length[0] + 1})) <> ''"
    return guarded(
        too_long,
        f"value too long for type {shown}({length[0]})",
        Term(f"substring({value.sql}, 1, {length[0]})", value.type),
        "22001",
    )


def assigned_query(
    tree: exp.Expr,
    schema: Schema,
    columns: Sequence[tuple[str, str]],
    *,
    relation: str,
    not_null: Collection[str] = (),
    subscript_base: int = 0,
) -> tuple[str, int]:
    """A query whose columns are values of the first so many of `columns`, with how many that are.

    Shapes: `columns` are (name, Spark type); `relation` is the table's name in an error.
    """
    inner = _query(tree, schema, subscript_base)
    if inner.columns is None:
        raise Untranslatable("INSERT of a query whose columns are not known")
    if len(inner.columns) > len(columns):
        raise Untranslatable("INSERT has more expressions than target columns", sqlstate="42601")
    names = [f"c{i}" for i in range(len(inner.columns))]
    items = []
    for name, info, (column, kind) in zip(names, inner.columns, columns, strict=False):
        value = assigned(Term(f"`q`.`{name}`", info.type), kind)
        if column in not_null:
            message = f'null value in column "{column}" of relation "{relation}" violates not-null constraint'
            value = guarded(f"{value.operand} IS NULL", message, value, "23502")
        items.append(f"{value.sql} AS {identifier(column)}")
    sql = f"SELECT {', '.join(items)} FROM ({inner.sql}) AS `q`({', '.join(names)})"
    return sql, len(names)


def default_value(node: exp.Expr, spark_type: str) -> str:
    """A column's DEFAULT."""
    context = _context(None, 1)
    term = context.term(node)
    if term.null:
        return "NULL"
    return assigned(term, spark_type).sql


def _query(tree: exp.Expr, schema: Schema, subscript_base: int) -> Query:
    try:
        return query(_context(schema, subscript_base), tree)
    except RecursionError:
        raise Untranslatable("a statement nested this deeply", sqlstate="54001") from None


def _context(schema: Schema | None, subscript_base: int) -> Context:
    return Context(
        schema, Scope(), translate, lambda ctx, node: query(ctx, node), subscript_base=subscript_base
    )
