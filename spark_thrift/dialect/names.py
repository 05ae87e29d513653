"""The column names that PostgreSQL gives to unnamed select items.

Source: FigureColname in src/backend/parser/parse_target.c.  A function's name is the one that was written, which
sqlglot keeps only where its dialect sets ORIGINAL_NAME_META_KEY; otherwise the usual spelling stands in.
"""

from __future__ import annotations

from sqlglot import exp

from spark_thrift.dialect.calls import NAMED_BY, as_call

NO_NAME = "?column?"
_TYPE_NAMES = {
    exp.DType.BOOLEAN: "bool",
    exp.DType.SMALLINT: "int2",
    exp.DType.INT: "int4",
    exp.DType.BIGINT: "int8",
    exp.DType.FLOAT: "float4",
    exp.DType.DOUBLE: "float8",
    exp.DType.DECIMAL: "numeric",
    exp.DType.TEXT: "text",
    exp.DType.VARCHAR: "varchar",
    exp.DType.CHAR: "bpchar",
    exp.DType.BPCHAR: "bpchar",
    exp.DType.VARBINARY: "bytea",
    exp.DType.DATE: "date",
    exp.DType.TIMESTAMP: "timestamp",
    exp.DType.TIMESTAMPTZ: "timestamptz",
    exp.DType.INTERVAL: "interval",
}
_FIXED: dict[type[exp.Expr], str] = {
    exp.Exists: "exists",
    exp.Array: "array",
    exp.AtTimeZone: "timezone",
    exp.Interval: "interval",
    exp.Tuple: "row",
    exp.Pad: "lpad",
}
_WEAK = (exp.Interval,)
_OPERATORS = (exp.RegexpLike, exp.RegexpILike, exp.Like, exp.ILike, exp.Sqrt, exp.Mod, exp.Pow)
"""Functions to sqlglot, operators to PostgreSQL unless a call's name says otherwise."""


def output_name(node: exp.Expr) -> str:
    """The name of a select item, given or figured."""
    if isinstance(node, exp.Alias):
        return folded(node.args["alias"])
    return figure(node)[0] or NO_NAME


def folded(node: exp.Expr | str) -> str:
    """An identifier as PostgreSQL stores it: lower case unless quoted."""
    if isinstance(node, exp.Identifier):
        return str(node.this) if node.args.get("quoted") else str(node.this).lower()
    return str(node)


def figure(node: exp.Expr) -> tuple[str | None, int]:
    """The name and its strength: 2 from a column or function, 1 from a type or CASE, 0 none."""
    if isinstance(node, exp.Column):
        return folded(node.this), 2
    if isinstance(node, (exp.Paren, exp.Bracket, exp.Collate, exp.Window, exp.Filter, exp.WithinGroup)):
        return figure(node.this)
    if isinstance(node, exp.Cast) and not isinstance(node.this, exp.IntDiv):
        name, strength = figure(node.this)
        if strength <= 1:
            return _type_name(node.args["to"]) or name, 1
        return name, strength
    if isinstance(node, exp.Case):
        default = node.args.get("default")
        name, strength = figure(default) if default is not None else (None, 0)
        return (name, strength) if strength > 1 else ("case", 1)
    if isinstance(node, exp.Subquery):
        return _subquery_name(node)
    for kind, fixed in _FIXED.items():
        if isinstance(node, kind):
            return fixed, 1 if isinstance(node, _WEAK) else 2
    if isinstance(node, (*_OPERATORS, exp.Connector, exp.Binary)) and not node.meta.get("name"):
        return None, 0
    if isinstance(node, NAMED_BY):
        call = as_call(node)
        if call:
            return call.written, 2
    return None, 0


def _type_name(node: exp.Expr) -> str | None:
    while isinstance(node, exp.DataType) and node.this == exp.DType.ARRAY and node.expressions:
        node = node.expressions[0]
    return _TYPE_NAMES.get(node.this) if isinstance(node, exp.DataType) else None


def _subquery_name(node: exp.Subquery) -> tuple[str | None, int]:
    query = node.this
    while isinstance(query, (exp.Subquery, exp.SetOperation)):
        query = query.this
    if isinstance(query, exp.Select) and len(query.expressions) == 1:
        return output_name(query.expressions[0]), 2
    return None, 0
