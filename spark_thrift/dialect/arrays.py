"""Arrays: constructors, subscripts, lengths.

PostgreSQL counts from 1 and answers NULL outside; Spark's subscript counts from 0 and raises.
Left out: slices, several dimensions, containment, array_agg's multi-dimensional forms, assignment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from spark_thrift.dialect.casts import coerce, to_text, unify
from spark_thrift.dialect.context import Context, FunctionRule, present
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.literals import array_of
from spark_thrift.dialect.pgtypes import INT4, TEXT, array
from spark_thrift.dialect.terms import Term


def _array(ctx: Context, node: exp.Array) -> Term:
    if len(node.expressions) == 1 and isinstance(node.expressions[0], (exp.Query, exp.Subquery)):
        raise Untranslatable("ARRAY(subquery)", "use array_agg")
    if not node.expressions:
        raise Untranslatable("cannot determine type of empty array", sqlstate="42P18")
    items, kind = unify(ctx.terms(node.expressions), "ARRAY")
    if kind.name in ("array", "any", "opaque"):
        raise Untranslatable(f"an array of {kind}")
    return array_of(tuple(items), array(kind), kind)


def _subscript(ctx: Context, node: exp.Bracket) -> Term:
    present(node, "this", "expressions", "_type", "returns_list_for_maps")
    value = ctx.term(node.this)
    if value.type.name != "array" or value.type.element is None:
        raise Untranslatable(f"a subscript of {value.type}")
    if len(node.expressions) != 1 or isinstance(node.expressions[0], exp.Slice):
        raise Untranslatable("array slices and several dimensions")
    index = ctx.term(node.expressions[0])
    if index.integer is not None:
        return Term(f"get({value.sql}, {index.integer - ctx.subscript_base})", value.type.element)
    if not ctx.subscript_base or index.type.name not in ("int2", "int4"):
        # sqlglot moves a subscript to 0-based only where it can tell that it is an integer.
        raise Untranslatable("an array subscript that is not a constant integer")
    return Term(f"get({value.sql}, {index.operand} - {ctx.subscript_base})", value.type.element)


def array_argument(ctx: Context, node: exp.Expr) -> Term:
    term = ctx.term(node)
    if term.type.name != "array":
        raise Untranslatable(f"{term.type} where an array is expected", sqlstate="42883")
    return term


def _array_length(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    value = array_argument(ctx, args[0])
    if len(args) != 2 or ctx.term(args[1]).integer != 1:
        raise Untranslatable("array_length of another dimension than 1")
    return Term(f"nullif(array_size({value.sql}), 0)", INT4)


def _cardinality(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    return Term(f"array_size({array_argument(ctx, args[0]).sql})", INT4)


def _array_to_string(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    value, separator = array_argument(ctx, args[0]), coerce(ctx.term(args[1]), TEXT)
    element = value.type.element
    if element is None or len(args) != 2 or element.name == "bool":
        raise Untranslatable("array_to_string of these arguments")
    shown = value.sql
    if element.name not in ("text", "varchar"):
        shown = f"transform({value.sql}, item -> {to_text(Term('item', element)).sql})"
    return Term(f"array_join({shown}, {separator.sql})", TEXT)


FUNCTIONS: dict[str, FunctionRule] = {
    "array_length": _array_length,
    "cardinality": _cardinality,
    "array_to_string": _array_to_string,
}
RULES: dict[type[exp.Expr], Callable[..., Term]] = {exp.Array: _array, exp.Bracket: _subscript}
