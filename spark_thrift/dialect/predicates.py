"""Comparisons, IS, IN, BETWEEN, LIKE, EXISTS, ANY/ALL, CASE and its kin.

Spark casts a text to compare it with a number, and compares rows field by field with NULL equal to NULL; here both
sides get PostgreSQL's common type or are refused, and rows are taken apart.
Left out: ANY/ALL over subqueries other than `= ANY` and `<> ALL`, rows in NOT IN over a subquery, VARIADIC.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from spark_thrift.dialect.casts import coerce, common_type, to_text, unify
from spark_thrift.dialect.context import Context, FunctionRule, Rule, present
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.operators import no_operator, truth
from spark_thrift.dialect.pgtypes import BOOL, INT4, NUMBERS, STRINGS, TEXT, Type
from spark_thrift.dialect.terms import NULL, Term, boolean, cast, text

_SPARK_OPERATOR = {"<>": "<>", "=": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_NEGATED = {"<": "<=", ">": ">="}


def comparable(left: Term, operator: str, right: Term) -> tuple[Term, Term]:
    """Both sides in one type.  Raises: 42883 where PostgreSQL has no such operator."""
    names = {left.type.name, right.type.name}
    if "bpchar" in names and names <= {*STRINGS, "unknown"}:
        # Blanks at the end do not count for character(n).
        return _unpadded(left), _unpadded(right)
    kind = common_type([left.type, right.type])
    if kind is None:
        raise no_operator(left, operator, right)
    if operator not in ("=", "<>"):
        ordered(kind, operator)
    if kind.name in ("opaque", "record"):
        raise Untranslatable(f"{left.type} {operator} {right.type}")
    if kind.name in NUMBERS and "float4" in (left.type.name, right.type.name) and left.type != right.type:
        return _doubled(left), _doubled(right)
    (left, right), _ = unify([left, right], operator)
    return left, right


def ordered(kind: Type, construct: str) -> None:
    """Refuse an order that differs: PostgreSQL takes a NULL in an array for the greatest, Spark for the least."""
    if kind.name in ("array", "opaque", "record"):
        raise Untranslatable(f"{construct} of {kind}")


def _unpadded(term: Term) -> Term:
    if term.type.name == "unknown" and term.text is not None:
        return text(term.text.rstrip(" "))
    return Term(f"rtrim({term.sql})", TEXT) if term.type.name == "bpchar" else to_text(term)


def _doubled(term: Term) -> Term:
    return term if term.type.is_double else cast(term, "DOUBLE", Type("float8"))


def compare(ctx: Context, left: exp.Expr, operator: str, right: exp.Expr) -> Term:
    lefts, rights = row_fields(left), row_fields(right)
    if lefts is None and rights is None:
        return boolean(_compare_terms(ctx.term(left), operator, ctx.term(right)))
    if lefts is None or rights is None or len(lefts) != len(rights):
        raise Untranslatable("a row compared with something else than a row of its size")
    pairs = [(ctx.term(a), ctx.term(b)) for a, b in zip(lefts, rights, strict=True)]
    if operator in ("=", "<>"):
        joint = " AND " if operator == "=" else " OR "
        return boolean(joint.join(f"({_compare_terms(a, operator, b)})" for a, b in pairs))
    return boolean(_lexicographic(pairs, operator))


def _lexicographic(pairs: Sequence[tuple[Term, Term]], operator: str) -> str:
    # (a, b) < (c, d) is a < c OR (a = c AND b < d), with SQL's NULL logic in every part.
    (left, right), rest = pairs[0], pairs[1:]
    if not rest:
        return _compare_terms(left, operator, right)
    strict = operator[0]
    return (
        f"({_compare_terms(left, strict, right)}) OR "
        f"(({_compare_terms(left, '=', right)}) AND ({_lexicographic(rest, operator)}))"
    )


def _compare_terms(left: Term, operator: str, right: Term) -> str:
    left, right = comparable(left, operator, right)
    return f"{left.operand} {operator} {right.operand}"


def row_fields(node: exp.Expr) -> list[exp.Expr] | None:
    """The fields of (a, b) and ROW(a, b), else None."""
    if isinstance(node, exp.Paren):
        return row_fields(node.this)
    if isinstance(node, exp.Tuple):
        return list(node.expressions)
    if isinstance(node, exp.Anonymous) and node.name.lower() == "row":
        return list(node.expressions)
    return None


def _comparison(operator: str) -> Rule:
    def rule(ctx: Context, node: exp.Expr) -> Term:
        present(node, "this", "expression")
        other = node.expression
        if isinstance(other, (exp.Any, exp.All)) or _is_all(other):
            return quantified(ctx, node.this, operator, other)
        return compare(ctx, node.this, operator, other)

    return rule


def _is_all(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() in ("all", "some", "any")


def quantified(ctx: Context, left: exp.Expr, operator: str, node: exp.Expr) -> Term:
    """`x = ANY (...)`, `x <> ALL (...)`: a subquery, ARRAY[...], an array constant or an array."""
    every = isinstance(node, exp.All) or (isinstance(node, exp.Anonymous) and node.name.lower() == "all")
    inner = node.expressions[0] if isinstance(node, exp.Anonymous) else node.this
    while isinstance(inner, exp.Paren):
        inner = inner.this
    membership = (operator, every) in (("=", False), ("<>", True))
    if isinstance(inner, (exp.Subquery, exp.Query)):
        if not membership:
            raise Untranslatable(f"{operator} {'ALL' if every else 'ANY'} over a subquery")
        return in_subquery(ctx, left, inner, negated=every)
    value = ctx.term(left)
    array = quantified_array(ctx, inner, value)
    assert array.type.element is not None
    if membership and array.items:
        return in_list(value, array.items, negated=every)
    if value.type.name == "unknown":
        value = coerce(value, array.type.element)
    if not membership:
        return each_of(array, every, lambda item: _compare_terms(value, operator, item))
    if value.type != array.type.element:
        raise Untranslatable(f"{value.type} {operator} ANY ({array.type})")
    found = f"array_contains({array.sql}, {value.sql})"
    # An empty array holds nothing, not even NULL perhaps: Spark answers NULL for a NULL value.
    known = f"CASE WHEN array_size({array.sql}) = 0 THEN FALSE ELSE {found} END"
    return boolean(f"NOT {known}") if every else Term(known, BOOL)


def quantified_array(ctx: Context, node: exp.Expr, value: Term) -> Term:
    """The array behind ANY or ALL; an untyped constant is one of the other side's type."""
    while isinstance(node, exp.Paren):
        node = node.this
    array = ctx.term(node)
    if array.type.name == "unknown" and array.text is not None:
        element = value.type if value.type.name not in ("unknown", "any") else TEXT
        array = coerce(array, Type("array", element=element))
    if array.type.name != "array" or array.type.element is None:
        raise Untranslatable("op ANY/ALL (array) requires array on right side", sqlstate="42809")
    return array


def each_of(array: Term, every: bool, condition: Callable[[Term], str]) -> Term:
    """A condition on any or on every element, with SQL's NULL logic over them; Spark's exists and forall have it."""
    if array.items:
        return boolean((" AND " if every else " OR ").join(f"({condition(item)})" for item in array.items))
    assert array.type.element is not None
    item = Term("item", array.type.element)
    return Term(f"{'forall' if every else 'exists'}({array.sql}, item -> {condition(item)})", BOOL)


def in_subquery(ctx: Context, left: exp.Expr, query: exp.Expr, *, negated: bool) -> Term:
    fields = row_fields(left)
    inner = ctx.query(query)
    kinds = [column.type for column in inner.columns] if inner.columns is not None else None
    if fields is not None:
        if negated or kinds is None or len(kinds) != len(fields):
            raise Untranslatable(
                "a row in NOT IN over a subquery" if negated else "a row in IN over this subquery"
            )
        terms = ctx.terms(fields)
    else:
        terms = [ctx.term(left)]
    if kinds is not None and len(kinds) != len(terms):
        raise Untranslatable("subquery has too many columns", sqlstate="42601")
    values = []
    for position, term in enumerate(terms):
        if kinds is None or kinds[position].name == "any":
            values.append(term)
            continue
        mine, _ = comparable(term, "=", Term("x", kinds[position]))
        _, theirs = comparable(term, "=", Term("x", kinds[position]))
        if theirs.sql != "x":
            raise Untranslatable(f"{term.type} IN a subquery of {kinds[position]}", "cast one of the two")
        values.append(mine)
    shown = values[0].operand if len(values) == 1 else f"({', '.join(value.sql for value in values)})"
    return boolean(f"{shown} {'NOT IN' if negated else 'IN'} ({inner.sql})")


def in_list(value: Term, items: Sequence[Term], *, negated: bool) -> Term:
    kind = common_type([value.type, *(item.type for item in items)])
    if kind is None:
        raise no_operator(
            value, "=", next(item for item in items if common_type([value.type, item.type]) is None)
        )
    if kind.name in ("opaque", "record") or (kind.name == "float4") or "bpchar" in {value.type.name}:
        parts = [f"({_compare_terms(value, '=', item)})" for item in items]
        joined = " OR ".join(parts)
        return boolean(f"NOT ({joined})" if negated else joined)
    if value.type.name == "float4":
        value, items = _doubled(value), [_doubled(item) for item in items]
    (value, *items), _ = unify([value, *items], "IN")
    return boolean(
        f"{value.operand} {'NOT IN' if negated else 'IN'} ({', '.join(item.sql for item in items)})"
    )


def _in(ctx: Context, node: exp.In) -> Term:
    present(node, "this", "expressions", "query")
    if query := node.args.get("query"):
        return in_subquery(ctx, node.this, query, negated=False)
    if row_fields(node.this) is not None:
        parts = [compare(ctx, node.this, "=", item) for item in node.expressions]
        return boolean(" OR ".join(part.operand for part in parts))
    return in_list(ctx.term(node.this), ctx.terms(node.expressions), negated=False)


def _not(ctx: Context, node: exp.Not) -> Term:
    inner = node.this
    if isinstance(inner, exp.In) and inner.args.get("query"):
        return in_subquery(ctx, inner.this, inner.args["query"], negated=True)
    return boolean(f"NOT {truth(ctx, inner).operand}")


def _is(ctx: Context, node: exp.Is) -> Term:
    present(node, "this", "expression", "negate")
    word = "IS NOT" if node.args.get("negate") else "IS"
    if isinstance(node.expression, exp.Null) or node.expression.name.lower() == "unknown":
        if (fields := row_fields(node.this)) is not None:
            # IS NOT NULL of a row is that all of it is not NULL, and not the opposite of IS NULL.
            return boolean(" AND ".join(f"{ctx.term(field).operand} {word} NULL" for field in fields))
        return boolean(f"{ctx.term(node.this).operand} {word} NULL")
    if isinstance(node.expression, exp.Boolean):
        value = "TRUE" if node.expression.this else "FALSE"
        return boolean(f"{truth(ctx, node.this).operand} {word} {value}")
    raise Untranslatable(f"IS {node.expression.sql('postgres')}")


def _distinct_from(negated: bool) -> Rule:
    def rule(ctx: Context, node: exp.Expr) -> Term:
        lefts, rights = row_fields(node.this), row_fields(node.expression)
        if lefts is None or rights is None or len(lefts) != len(rights):
            if lefts is not None or rights is not None:
                raise Untranslatable("a row compared with something else than a row of its size")
            lefts, rights = [node.this], [node.expression]
        parts = []
        for one, other in zip(lefts, rights, strict=True):
            left, right = comparable(ctx.term(one), "=", ctx.term(other))
            parts.append(f"{left.operand} <=> {right.operand}")
        same = " AND ".join(parts)
        return boolean(f"NOT ({same})" if negated else same)

    return rule


def _between(ctx: Context, node: exp.Between) -> Term:
    present(node, "this", "low", "high", "symmetric")
    value, low, high = ctx.term(node.this), ctx.term(node.args["low"]), ctx.term(node.args["high"])

    def within(first: Term, last: Term) -> str:
        return f"{_compare_terms(value, '>=', first)} AND {_compare_terms(value, '<=', last)}"

    if node.args.get("symmetric"):
        return boolean(f"({within(low, high)}) OR ({within(high, low)})")
    return boolean(within(low, high))


def _exists(ctx: Context, node: exp.Exists) -> Term:
    return Term(f"EXISTS ({ctx.query(node.this).sql})", BOOL)


def scalar_subquery(ctx: Context, node: exp.Expr) -> Term:
    query = ctx.query(node)
    if query.columns is None:
        return Term(f"({query.sql})", Type("any"))
    if len(query.columns) != 1:
        raise Untranslatable("subquery must return only one column", sqlstate="42601")
    kind = query.columns[0].type
    return Term(f"({query.sql})", TEXT if kind.name == "unknown" else kind)


def _case(ctx: Context, node: exp.Case) -> Term:
    present(node, "this", "ifs", "default")
    subject = node.args.get("this")
    conditions = []
    for branch in node.args["ifs"]:
        if subject is None:
            conditions.append(truth(ctx, branch.this).sql)
        else:
            conditions.append(compare(ctx, subject, "=", branch.this).sql)
    default = node.args.get("default")
    results = [ctx.term(branch.args["true"]) for branch in node.args["ifs"]]
    values, kind = unify([*results, ctx.term(default) if default is not None else NULL], "CASE")
    whens = " ".join(
        f"WHEN {condition} THEN {value.sql}" for condition, value in zip(conditions, values[:-1], strict=True)
    )
    tail = "" if default is None else f" ELSE {values[-1].sql}"
    return Term(f"CASE {whens}{tail} END", kind)


def _coalesce(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    values, kind = unify(ctx.terms(args), "COALESCE")
    return Term(f"coalesce({', '.join(value.sql for value in values)})", kind)


def _nullif(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    if len(args) != 2:
        raise Untranslatable("NULLIF with other than two arguments", sqlstate="42601")
    left, right = ctx.terms(args)
    mine, theirs = comparable(left, "=", right)
    kept = mine if left.type.name == "unknown" else left
    return Term(f"CASE WHEN {mine.operand} = {theirs.operand} THEN NULL ELSE {kept.sql} END", kept.type)


def _nulls(word: str) -> FunctionRule:
    def rule(ctx: Context, args: Sequence[exp.Expr]) -> Term:
        counted = [f"CAST({ctx.term(arg).operand} {word} NULL AS INT)" for arg in args]
        return Term(" + ".join(counted), INT4, simple=False)

    return rule


def _extreme(function: str) -> FunctionRule:
    def rule(ctx: Context, args: Sequence[exp.Expr]) -> Term:
        values, kind = unify(ctx.terms(args), function.upper())
        ordered(kind, function)
        if len(values) == 1:
            return values[0]
        return Term(f"{function}({', '.join(value.sql for value in values)})", kind)

    return rule


RULES: dict[type[exp.Expr], Callable[..., Term]] = {
    exp.EQ: _comparison("="),
    exp.NEQ: _comparison("<>"),
    exp.LT: _comparison("<"),
    exp.LTE: _comparison("<="),
    exp.GT: _comparison(">"),
    exp.GTE: _comparison(">="),
    exp.In: _in,
    exp.Not: _not,
    exp.Is: _is,
    exp.NullSafeEQ: _distinct_from(negated=False),
    exp.NullSafeNEQ: _distinct_from(negated=True),
    exp.Between: _between,
    exp.Exists: _exists,
    exp.Subquery: scalar_subquery,
    exp.Case: _case,
}
FUNCTIONS: dict[str, FunctionRule] = {
    "coalesce": _coalesce,
    "nullif": _nullif,
    "num_nulls": _nulls("IS"),
    "num_nonnulls": _nulls("IS NOT"),
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
}
