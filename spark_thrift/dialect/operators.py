"""Arithmetic, bitwise, boolean and concatenation operators.

Kept: PostgreSQL's result type of each operator, since the next operator depends on it (`/` truncates integers).
Numerics are DECIMAL as long as 38 digits hold them with 14 decimals, otherwise DOUBLE.
Left out: operators on bit strings, geometry, ranges, JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlglot import exp

from spark_thrift.dialect import datetimes
from spark_thrift.dialect.casts import NUMERIC_SCALE, coerce, convert, to_text
from spark_thrift.dialect.context import Context, Rule, present
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.pgtypes import (
    BOOL,
    FLOAT8,
    INT8,
    INTEGERS,
    MAX_PRECISION,
    NUMBERS,
    NUMERIC,
    STRINGS,
    TEXT,
    Type,
    as_decimal,
    decimal,
    spark_name,
)
from spark_thrift.dialect.terms import Term, cast, guarded, infix, integer

SAFE_SCALE = 14
"""Decimals below which a product or sum is not rounded; Spark itself would go down to 6."""


def no_operator(left: Term, operator: str, right: Term) -> Untranslatable:
    if "any" in (left.type.name, right.type.name):
        return Untranslatable(f'operator "{operator}" on a column whose type is not known')
    return Untranslatable(f"operator does not exist: {left.type} {operator} {right.type}", sqlstate="42883")


def pair(ctx: Context, node: exp.Expr) -> tuple[Term, Term]:
    """Both operands; an untyped constant takes the other's type, as PostgreSQL's first rule for operators has it."""
    left, right = ctx.term(node.this), ctx.term(node.expression)
    return left, right


def _typed(left: Term, right: Term) -> tuple[Term, Term]:
    if left.type.name == "unknown" and right.type.name in NUMBERS:
        return coerce(left, right.type), right
    if right.type.name == "unknown" and left.type.name in NUMBERS:
        return left, coerce(right, left.type)
    return left, right


def arithmetic(operator: str) -> Rule:
    def rule(ctx: Context, node: exp.Expr) -> Term:
        present(node, "this", "expression", "typed", "safe")
        left, right = pair(ctx, node)
        if moved := datetimes.arithmetic(left, operator, right):
            return moved
        left, right = _typed(left, right)
        if left.type.name not in NUMBERS or right.type.name not in NUMBERS:
            raise no_operator(left, operator, right)
        return compute(left, operator, right)

    return rule


def compute(left: Term, operator: str, right: Term) -> Term:
    """Number (+ - * / %) number."""
    name = max(left.type.name, right.type.name, key=NUMBERS.index)
    if name in INTEGERS:
        return _integers(left, operator, right, Type(name))
    if name in ("float4", "float8"):
        kind = Type(name) if left.type.name == right.type.name else FLOAT8
        if operator == "%":
            raise no_operator(left, operator, right)
        value = infix(_as(left, kind), operator, _as(right, kind), kind)
        # Spark divides and sums FLOAT as DOUBLE or FLOAT by operator: pin it.
        return cast(value, "FLOAT", kind) if name == "float4" and kind.name == "float4" else value
    if left.type.is_double or right.type.is_double:
        return infix(_as(left, FLOAT8), operator, _as(right, FLOAT8), NUMERIC)
    return _decimals(left, operator, right)


def _as(term: Term, kind: Type) -> Term:
    if term.type.name == kind.name or (kind == FLOAT8 and term.type.is_double):
        return term
    return cast(term, spark_name(kind), kind)


def _integers(left: Term, operator: str, right: Term, kind: Type) -> Term:
    if operator == "/":
        # Spark's `/` is a DOUBLE, and its `div` always a BIGINT.
        quotient = infix(left, "div", right, INT8)
        return quotient if kind == INT8 else cast(quotient, spark_name(kind), kind)
    return infix(left, operator, right, kind)


def _decimals(left: Term, operator: str, right: Term) -> Term:
    a, b = _digits(left), _digits(right)
    scale_a, scale_b = a.scale or 0, b.scale or 0
    if operator == "/":
        if scale_b > 6:
            return infix(_as(left, FLOAT8), "/", _as(right, FLOAT8), NUMERIC)
        # The quotient of DECIMAL(38, 18 + s2) and DECIMAL(p2, s2) has 18 decimals by Spark's rule.
        wide = decimal(MAX_PRECISION, NUMERIC_SCALE + scale_b)
        quotient = decimal(MAX_PRECISION, NUMERIC_SCALE, printed=False)
        return infix(cast(left, spark_name(wide), wide), "/", right, quotient)
    scale = scale_a + scale_b if operator == "*" else max(scale_a, scale_b)
    if operator == "*":
        digits = a.integer_digits + b.integer_digits + 1
    elif operator == "%":
        digits = min(a.integer_digits, b.integer_digits)
    else:
        digits = max(a.integer_digits, b.integer_digits) + 1
    printed = a.printed and b.printed
    if digits + scale <= MAX_PRECISION:
        return infix(left, operator, right, decimal(digits + scale, scale, printed=printed))
    kept = max(MAX_PRECISION - digits, min(scale, 6))
    if kept >= min(scale, SAFE_SCALE) and operator != "%":
        return infix(left, operator, right, decimal(MAX_PRECISION, kept, printed=printed and kept == scale))
    if operator in "+-":
        room = MAX_PRECISION - 1 - scale
        return infix(
            _narrow(left, room),
            operator,
            _narrow(right, room),
            decimal(MAX_PRECISION, scale, printed=printed),
        )
    return infix(_as(left, FLOAT8), operator, _as(right, FLOAT8), NUMERIC)


def _digits(term: Term) -> Type:
    """The DECIMAL that Spark computes with: for an integer constant no wider than its digits."""
    return as_decimal(term.type) if term.integer is None else decimal(len(str(abs(term.integer))), 0)


def _narrow(term: Term, digits: int) -> Term:
    """The same value with fewer digits before the point; one that does not fit is an error at run time."""
    kind = as_decimal(term.type)
    if kind.integer_digits <= digits:
        return term
    narrow = decimal(digits + (kind.scale or 0), kind.scale or 0, printed=kind.printed)
    return cast(term, spark_name(narrow), narrow)


def _neg(ctx: Context, node: exp.Neg) -> Term:
    term = ctx.term(node.this)
    if term.integer is not None:
        return integer(-term.integer)
    if term.interval is not None or term.type.name == "interval":
        return datetimes.negated(term)
    if term.type.name not in NUMBERS:
        raise Untranslatable(f"operator does not exist: - {term.type}", sqlstate="42883")
    return Term(
        f"-{term.operand}" if not term.operand.startswith("-") else f"-({term.sql})", term.type, simple=False
    )


def _pow(ctx: Context, node: exp.Pow) -> Term:
    left, right = _typed(*pair(ctx, node))
    return power(left, right)


def power(left: Term, right: Term) -> Term:
    """`^` and power(): numeric where an operand is numeric and none is floating point."""
    if left.type.name == "unknown" or right.type.name == "unknown":
        left, right = coerce(left, FLOAT8), coerce(right, FLOAT8)
    if left.type.name not in NUMBERS or right.type.name not in NUMBERS:
        raise no_operator(left, "^", right)
    names = {left.type.name, right.type.name}
    kind = NUMERIC if "numeric" in names and not names & {"float4", "float8"} else FLOAT8
    base, exponent = _as(left, FLOAT8), _as(right, FLOAT8)
    value = Term(f"power({base.sql}, {exponent.sql})", kind)
    if right.integer is not None and right.integer > 0:
        return value
    undefined = f"{base.operand} = 0 AND {exponent.operand} < 0"
    complex_result = f"{base.operand} < 0 AND {exponent.operand} <> rint({exponent.sql})"
    wrong = f"({undefined}) OR ({complex_result})"
    return guarded(wrong, "zero or a negative number raised to this power is not a number", value, "2201F")


def _bitwise(operator: str) -> Rule:
    def rule(ctx: Context, node: exp.Expr) -> Term:
        left, right = _typed(*pair(ctx, node))
        if left.type.name not in INTEGERS or right.type.name not in INTEGERS:
            raise no_operator(left, operator, right)
        kind = Type(max(left.type.name, right.type.name, key=INTEGERS.index))
        return infix(left, "^" if operator == "#" else operator, right, kind)

    return rule


def _bitwise_not(ctx: Context, node: exp.BitwiseNot) -> Term:
    term = ctx.term(node.this)
    if term.type.name not in INTEGERS:
        raise Untranslatable(f"operator does not exist: ~ {term.type}", sqlstate="42883")
    return Term(f"~{term.operand}", term.type, simple=False)


def truth(ctx: Context, node: exp.Expr) -> Term:
    """A condition.  PostgreSQL takes boolean only; Spark would cast."""
    term = ctx.term(node)
    if term.type.name in ("bool", "any"):
        return term
    if term.type.name == "unknown":
        return convert(term, BOOL)
    raise Untranslatable(
        f"argument of a condition must be type boolean, not type {term.type}", sqlstate="42804"
    )


def _connector(word: str) -> Rule:
    def rule(ctx: Context, node: exp.Expr) -> Term:
        # A chain of a thousand conditions is flattened, so that it does not nest a thousand calls.
        parts = [truth(ctx, part) for part in node.flatten(unnest=False)]
        return Term(f" {word} ".join(part.operand for part in parts), BOOL, simple=False)

    return rule


def _paren(ctx: Context, node: exp.Paren) -> Term:
    return ctx.term(node.this)


def _concatenate(ctx: Context, node: exp.DPipe) -> Term:
    left, right = pair(ctx, node)
    names = {left.type.name, right.type.name}
    if "array" in names:
        return _concatenate_arrays(left, right)
    if not names & {*STRINGS, "unknown"} or names & {"opaque", "bytea", "record"}:
        raise no_operator(left, "||", right)
    return infix(to_text(left), "||", to_text(right), TEXT)


def _concatenate_arrays(left: Term, right: Term) -> Term:
    from spark_thrift.dialect import arrays

    if left.type == right.type:
        return arrays.concatenated(left, right)
    if "unknown" in (left.type.name, right.type.name):
        # A text constant there is an array to PostgreSQL.
        array = left.type if left.type.name == "array" else right.type
        return arrays.concatenated(coerce(left, array), coerce(right, array))
    if left.type.name == "array":
        return arrays.appended(left, right)
    return arrays.appended(right, left, first=True)


def _shift(function: str, left: Term, right: Term) -> Term:
    if left.type.name not in ("int4", "int8") or right.type.name not in ("int2", "int4"):
        raise Untranslatable(f"{left.type} {'<<' if function == 'shiftleft' else '>>'} {right.type}")
    return Term(f"{function}({left.sql}, {right.sql})", left.type)


def _starts(left: Term, right: Term) -> Term:
    return Term(f"startswith({coerce(left, TEXT).sql}, {coerce(right, TEXT).sql})", BOOL)


def _on_arrays(operator: str, left: Term, right: Term) -> Term:
    from spark_thrift.dialect import arrays

    if "array" not in (left.type.name, right.type.name):
        raise Untranslatable(f'operator "{operator}" on {left.type}')
    if operator == "&&":
        return arrays.overlaps(left, right)
    return arrays.contains(left, right) if operator == "@>" else arrays.contains(right, left)


def _operator(ctx: Context, node: exp.Operator) -> Term:
    """OPERATOR(x): how the gate's tree holds what sqlglot would interpret."""
    present(node, "this", "operator", "expression")
    name = str(node.args["operator"])
    if (build := _BUILT.get(name)) is not None:
        return build(ctx.term(node.this), ctx.term(node.expression))
    rule = _NAMED.get(name)
    if rule is None:
        raise Untranslatable(f'operator "{name}"')
    negated, kind = rule
    plain = kind(this=node.this.copy(), expression=node.expression.copy())
    term = ctx.term(plain)
    return Term(f"NOT {term.operand}", BOOL, simple=False) if negated else term


def _collate(ctx: Context, node: exp.Collate) -> Term:
    name = node.expression.name
    if name not in ("C", "POSIX", "ucs_basic", "default", "C.UTF-8", "pg_c_utf8"):
        raise Untranslatable(f'COLLATE "{name}"')
    return coerce(ctx.term(node.this), TEXT)


_NAMED: dict[str, tuple[bool, type[exp.Expr]]] = {
    "~": (False, exp.RegexpLike),
    "~*": (False, exp.RegexpILike),
    "!~": (True, exp.RegexpLike),
    "!~*": (True, exp.RegexpILike),
    "~~": (False, exp.Like),
    "~~*": (False, exp.ILike),
    "!~~": (True, exp.Like),
    "!~~*": (True, exp.ILike),
    "&": (False, exp.BitwiseAnd),
    "|": (False, exp.BitwiseOr),
    "#": (False, exp.BitwiseXor),
}
_BUILT: dict[str, Callable[[Term, Term], Term]] = {
    "<<": partial(_shift, "shiftleft"),
    ">>": partial(_shift, "shiftright"),
    "^@": _starts,
    "@>": partial(_on_arrays, "@>"),
    "<@": partial(_on_arrays, "<@"),
    "&&": partial(_on_arrays, "&&"),
}
RULES: dict[type[exp.Expr], Callable[..., Term]] = {
    exp.Add: arithmetic("+"),
    exp.Sub: arithmetic("-"),
    exp.Mul: arithmetic("*"),
    exp.Div: arithmetic("/"),
    exp.Mod: arithmetic("%"),
    exp.Neg: _neg,
    exp.Pow: _pow,
    exp.BitwiseAnd: _bitwise("&"),
    exp.BitwiseOr: _bitwise("|"),
    exp.BitwiseXor: _bitwise("#"),
    exp.BitwiseNot: _bitwise_not,
    exp.And: _connector("AND"),
    exp.Or: _connector("OR"),
    exp.Paren: _paren,
    exp.DPipe: _concatenate,
    exp.Collate: _collate,
    exp.Operator: _operator,
}
