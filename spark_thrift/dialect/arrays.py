"""Arrays: constructors, subscripts, lengths.

PostgreSQL counts from 1 and answers NULL outside; Spark's subscript counts from 0 and raises.
Left out: slices, several dimensions, array_position, array_agg's multi-dimensional forms, assignment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from spark_thrift.dialect import regex
from spark_thrift.dialect.casts import coerce, to_text, unify
from spark_thrift.dialect.context import Context, FunctionRule, present
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.literals import array_of
from spark_thrift.dialect.pgtypes import BOOL, INT4, TEXT, array, spark_name
from spark_thrift.dialect.terms import Term, string


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
    if element is None or element.name == "bool":
        raise Untranslatable(f"array_to_string of {value.type}")
    instead = coerce(ctx.term(args[2]), TEXT) if len(args) > 2 else None
    shown = value.sql
    if element.name not in ("text", "varchar"):
        shown = f"transform({value.sql}, item -> {to_text(Term('item', element)).sql})"
    joined = f"array_join({shown}, {separator.sql})"
    if instead is not None and not instead.null:
        joined = f"array_join({shown}, {separator.sql}, {instead.sql})"
    return Term(joined, TEXT)


def appended(array: Term, item: Term, *, first: bool = False) -> Term:
    """`array || item`; a NULL array is an empty one."""
    element = array.type.element
    assert element is not None
    value = coerce(item, element)
    if value.type != element:
        raise Untranslatable(f"{array.type} || {item.type}")
    listed = f"coalesce({array.sql}, CAST(array() AS {spark_name(array.type)}))"
    alone = f"array({value.sql})"
    return Term(f"concat({alone}, {listed})" if first else f"concat({listed}, {alone})", array.type)


def concatenated(left: Term, right: Term) -> Term:
    """`array || array`: a NULL array is an empty one unless both are."""
    empty = f"CAST(array() AS {spark_name(left.type)})"
    joined = f"concat(coalesce({left.sql}, {empty}), coalesce({right.sql}, {empty}))"
    return Term(
        f"CASE WHEN {left.operand} IS NOT NULL OR {right.operand} IS NOT NULL THEN {joined} END", left.type
    )


def contains(whole: Term, part: Term) -> Term:
    """`whole @> part`: a NULL in an array equals nothing."""
    whole, part = _alike(whole, part)
    found = f"array_contains(array_compact({whole.sql}), item)"
    known = f"{whole.operand} IS NOT NULL"
    return Term(f"CASE WHEN {known} THEN forall({part.sql}, item -> item IS NOT NULL AND {found}) END", BOOL)


def overlaps(left: Term, right: Term) -> Term:
    """`left && right`"""
    left, right = _alike(left, right)
    return Term(f"arrays_overlap(array_compact({left.sql}), array_compact({right.sql}))", BOOL)


def _alike(left: Term, right: Term) -> tuple[Term, Term]:
    if left.type.name == "array" and right.type.name == "unknown":
        right = coerce(right, left.type)
    if right.type.name == "array" and left.type.name == "unknown":
        left = coerce(left, right.type)
    element = left.type.element
    if left.type != right.type or element is None or element.name in ("opaque", "any", "array", "bpchar"):
        raise Untranslatable(f"an array operator on {left.type} and {right.type}")
    return left, right


def _array_append(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    return appended(array_argument(ctx, args[0]), ctx.term(args[1]))


def _array_prepend(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    return appended(array_argument(ctx, args[1]), ctx.term(args[0]), first=True)


def _array_cat(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    left, right = (array_argument(ctx, arg) for arg in (args[0], args[1]))
    if left.type != right.type:
        raise Untranslatable(f"array_cat of {left.type} and {right.type}")
    return concatenated(left, right)


def _array_remove(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    array = array_argument(ctx, args[0])
    assert array.type.element is not None
    value = coerce(ctx.term(args[1]), array.type.element)
    if value.type != array.type.element:
        raise Untranslatable(f"array_remove of {value.type} from {array.type}")
    return Term(f"filter({array.sql}, item -> NOT (item <=> {value.sql}))", array.type)


def _bound(sql: str) -> FunctionRule:
    def rule(ctx: Context, args: Sequence[exp.Expr]) -> Term:
        array = array_argument(ctx, args[0])
        if len(args) != 2 or ctx.term(args[1]).integer != 1:
            raise Untranslatable("a bound of another dimension than 1")
        return Term(f"CASE WHEN array_size({array.sql}) > 0 THEN {sql.format(array.sql)} END", INT4)

    return rule


def _string_to_array(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    value, separator = coerce(ctx.term(args[0]), TEXT), ctx.term(args[1])
    if not separator.text:
        raise Untranslatable("string_to_array at anything but a constant that is not empty")
    parts = f"split({value.sql}, {string(''.join(map(regex.quoted, separator.text)))}, -1)"
    empty = "CAST(array() AS ARRAY<STRING>)"
    if len(args) > 2:
        null = ctx.term(args[2])
        if null.text is not None:
            parts = f"transform({parts}, item -> nullif(item, {null.sql}))"
        elif not null.null:
            raise Untranslatable("string_to_array with a NULL that is not a constant")
    return Term(f"CASE WHEN {value.operand} = '' THEN {empty} ELSE {parts} END", array(TEXT))


FUNCTIONS: dict[str, FunctionRule] = {
    "array_length": _array_length,
    "cardinality": _cardinality,
    "array_to_string": _array_to_string,
    "array_append": _array_append,
    "array_prepend": _array_prepend,
    "array_cat": _array_cat,
    "array_remove": _array_remove,
    "array_upper": _bound("array_size({0})"),
    "array_lower": _bound("1"),
    "string_to_array": _string_to_array,
}
RULES: dict[type[exp.Expr], Callable[..., Term]] = {exp.Array: _array, exp.Bracket: _subscript}
