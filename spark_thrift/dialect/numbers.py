"""Numeric functions: rounding, roots, logarithms.

PostgreSQL raises where Spark answers NULL or NaN (square roots and logarithms outside their domain), rounds floating
point half to even, and returns double precision from ceil, floor and round of integers.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from spark_thrift.dialect.casts import coerce, convert
from spark_thrift.dialect.context import Context, FunctionRule
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.operators import compute, power
from spark_thrift.dialect.pgtypes import FLOAT8, INTEGERS, NUMBERS, NUMERIC, Type, decimal
from spark_thrift.dialect.terms import Term, cast, guarded, null_of


def number_of(ctx: Context, node: exp.Expr, function: str) -> Term:
    term = ctx.term(node)
    if term.type.name == "unknown":
        return coerce(term, FLOAT8)
    if term.type.name not in NUMBERS:
        if term.type.name == "any":
            raise Untranslatable(f"{function} of a column whose type is not known")
        raise Untranslatable(f"function {function}({term.type}) does not exist", sqlstate="42883")
    return term


def _double(term: Term) -> Term:
    return term if term.type.is_double else cast(term, "DOUBLE", FLOAT8)


def _result(term: Term) -> Type:
    """numeric of a numeric, double precision of everything else; both held as DOUBLE."""
    return NUMERIC if term.type.name == "numeric" else FLOAT8


def _ceiling(function: str) -> FunctionRule:
    def rule(ctx: Context, args: Sequence[exp.Expr]) -> Term:
        term = number_of(ctx, args[0], function)
        kind = term.type
        if kind.name in INTEGERS:
            return cast(term, "DOUBLE", FLOAT8)
        if kind.is_decimal:
            return Term(f"{function}({term.sql})", decimal(kind.integer_digits + 1, 0))
        value = _double(term)
        # Spark's answer is a BIGINT; what lies beyond 2^53 has no fraction anyway.
        rounded = f"CAST({function}({value.sql}) AS DOUBLE)"
        return Term(
            f"CASE WHEN abs({value.sql}) < 9007199254740992D THEN {rounded} ELSE {value.sql} END",
            _result(term),
        )

    return rule


def _round(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    term = number_of(ctx, args[0], "round")
    kind = term.type
    if len(args) == 1:
        if kind.is_decimal:
            return Term(f"round({term.sql})", decimal(kind.integer_digits + 1, 0))
        if kind.name == "numeric":
            return Term(f"round({term.sql}, 0)", kind)
        return Term(f"rint({_double(term).sql})", FLOAT8)
    places = ctx.term(args[1])
    if places.null:
        return null_of(kind if kind.name == "numeric" else decimal(38, 0))
    if kind.name in ("float4", "float8"):
        raise Untranslatable(
            f"function round({kind}, integer) does not exist", "cast the value to numeric", sqlstate="42883"
        )
    if places.integer is None:
        raise Untranslatable("round to a number of places that is not a constant")
    if kind.name in INTEGERS:
        term = convert(term, NUMERIC)
        kind = term.type
    if not kind.is_decimal:
        return Term(f"round({term.sql}, {places.integer})", kind)
    scale = max(min(places.integer, 38), 0)
    kept = min(scale, kind.scale or 0)
    rounded = Term(
        f"round({term.sql}, {places.integer})",
        decimal(kind.integer_digits + 1 + kept, kept, printed=kept == scale),
    )
    return rounded


def _trunc(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    term = number_of(ctx, args[0], "trunc")
    kind = term.type
    places = ctx.term(args[1]).integer if len(args) > 1 else 0
    if len(args) > 1 and kind.name in ("float4", "float8"):
        raise Untranslatable(
            f"function trunc({kind}, integer) does not exist", "cast it to numeric", sqlstate="42883"
        )
    if places is None:
        raise Untranslatable("trunc to a number of places that is not a constant")
    if kind.name in INTEGERS and len(args) == 1:
        return cast(term, "DOUBLE", FLOAT8)
    if kind.name in INTEGERS:
        term = convert(term, NUMERIC)
        kind = term.type
    if kind.is_decimal:
        if places >= (kind.scale or 0):
            return term
        value = f"CASE WHEN {term.operand} < 0 THEN ceil({term.sql}, {places}) ELSE floor({term.sql}, {places}) END"
        kept = max(places, 0)
        return Term(value, decimal(kind.integer_digits + 1 + kept, kept))
    if places:
        raise Untranslatable("trunc of a computed numeric")
    value = _double(term).sql
    toward = f"CAST(CASE WHEN {value} < 0 THEN ceil({value}) ELSE floor({value}) END AS DOUBLE)"
    return Term(f"CASE WHEN abs({value}) < 9007199254740992D THEN {toward} ELSE {value} END", _result(term))


def _sqrt(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    term = number_of(ctx, args[0], "sqrt")
    value = Term(f"sqrt({_double(term).sql})", _result(term))
    return guarded(f"{term.operand} < 0", "cannot take square root of a negative number", value, "2201F")


def _logarithm(function: str) -> FunctionRule:
    def rule(ctx: Context, args: Sequence[exp.Expr]) -> Term:
        if len(args) == 2:
            return _log_base(ctx, args)
        term = number_of(ctx, args[0], function)
        value = Term(f"{function}({_double(term).sql})", _result(term))
        return _positive(term, value)

    return rule


def _log_base(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    # PostgreSQL has it for numeric alone.
    base, term = number_of(ctx, args[0], "log"), number_of(ctx, args[1], "log")
    if {base.type.name, term.type.name} & {"float4", "float8"}:
        raise Untranslatable(f"function log({base.type}, {term.type}) does not exist", sqlstate="42883")
    value = Term(f"log({_double(base).sql}, {_double(term).sql})", NUMERIC)
    if base.integer is None or base.integer < 2:
        value = guarded(f"{base.operand} = 1", "division by zero", _positive(base, value), "22012")
    return _positive(term, value)


def _positive(term: Term, value: Term) -> Term:
    zero = guarded(f"{term.operand} < 0", "cannot take logarithm of a negative number", value, "2201E")
    return guarded(f"{term.operand} = 0", "cannot take logarithm of zero", zero, "2201E")


def _sign(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    term = number_of(ctx, args[0], "sign")
    kind = decimal(1, 0) if term.type.name == "numeric" else FLOAT8
    return Term(f"CAST(signum({term.sql}) AS {'DECIMAL(1, 0)' if kind.is_decimal else 'DOUBLE'})", kind)


def _exp(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    term = number_of(ctx, args[0], "exp")
    value = Term(f"exp({_double(term).sql})", _result(term))
    return guarded(
        f"{term.operand} > 709.78 AND {_double(term).operand} < double('Infinity')",
        "value out of range: overflow",
        value,
        "22003",
    )


def _mod(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    left, right = number_of(ctx, args[0], "mod"), number_of(ctx, args[1], "mod")
    return compute(left, "%", right)


def _div(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    left, right = number_of(ctx, args[0], "div"), number_of(ctx, args[1], "div")
    if any(
        term.type.name in ("float4", "float8") or not (term.type.is_decimal or term.type.name in INTEGERS)
        for term in (left, right)
    ):
        raise Untranslatable("div of floating point numbers")
    return Term(f"CAST({left.operand} div {right.operand} AS DECIMAL(38, 0))", decimal(38, 0))


def _power(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    return power(ctx.term(args[0]), ctx.term(args[1]))


def _arc(function: str) -> FunctionRule:
    def rule(ctx: Context, args: Sequence[exp.Expr]) -> Term:
        value = _double(number_of(ctx, args[0], function))
        return guarded(
            f"abs({value.sql}) > 1",
            "input is out of range",
            Term(f"{function}({value.sql})", FLOAT8),
            "22003",
        )

    return rule


def _width_bucket(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    if len(args) != 4:
        raise Untranslatable("width_bucket over an array")
    terms = [_double(number_of(ctx, arg, "width_bucket")) for arg in args[:3]]
    count = ctx.term(args[3])
    if count.integer is None or count.integer < 1:
        raise Untranslatable("width_bucket with a count that is not a positive constant")
    return Term(
        f"CAST(width_bucket({', '.join(term.sql for term in terms)}, {count.sql}) AS INT)", Type("int4")
    )


FUNCTIONS: dict[str, FunctionRule] = {
    "ceil": _ceiling("ceil"),
    "ceiling": _ceiling("ceil"),
    "floor": _ceiling("floor"),
    "round": _round,
    "trunc": _trunc,
    "sqrt": _sqrt,
    "ln": _logarithm("ln"),
    "log": _logarithm("log10"),
    "log10": _logarithm("log10"),
    "sign": _sign,
    "exp": _exp,
    "mod": _mod,
    "div": _div,
    "power": _power,
    "pow": _power,
    "asin": _arc("asin"),
    "acos": _arc("acos"),
    "width_bucket": _width_bucket,
}
