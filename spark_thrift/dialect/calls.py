"""Function calls: back from sqlglot's classes to PostgreSQL's names, then to the allowlist.

`functions.txt` holds what a template can say, one PostgreSQL signature a line; modules hold the rest under
`FUNCTIONS`.  A name that is in neither is refused, whatever Spark may have under it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import overload

from sqlglot import exp

from spark_thrift.dialect.casts import coerce
from spark_thrift.dialect.context import Context
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.pgtypes import DATETIMES, NUMBERS, STRINGS, Type
from spark_thrift.dialect.terms import Term

CLASSES: dict[type[exp.Expr], tuple[str, tuple[str, ...]]] = {
    exp.Abs: ("abs", ("this",)),
    exp.Ceil: ("ceil", ("this",)),
    exp.Floor: ("floor", ("this",)),
    exp.Round: ("round", ("this", "decimals")),
    exp.Trunc: ("trunc", ("this", "decimals")),
    exp.Sqrt: ("sqrt", ("this",)),
    exp.Cbrt: ("cbrt", ("this",)),
    exp.Exp: ("exp", ("this",)),
    exp.Ln: ("ln", ("this",)),
    exp.Log: ("log", ("this", "expression")),
    exp.Sign: ("sign", ("this",)),
    exp.Pi: ("pi", ()),
    exp.Rand: ("random", ()),
    exp.Degrees: ("degrees", ("this",)),
    exp.Radians: ("radians", ("this",)),
    exp.Sin: ("sin", ("this",)),
    exp.Cos: ("cos", ("this",)),
    exp.Tan: ("tan", ("this",)),
    exp.Cot: ("cot", ("this",)),
    exp.Asin: ("asin", ("this",)),
    exp.Acos: ("acos", ("this",)),
    exp.Atan: ("atan", ("this",)),
    exp.Atan2: ("atan2", ("this", "expression")),
    exp.Sinh: ("sinh", ("this",)),
    exp.Cosh: ("cosh", ("this",)),
    exp.Tanh: ("tanh", ("this",)),
    exp.WidthBucket: ("width_bucket", ("this", "min_value", "max_value", "num_buckets")),
    exp.Lower: ("lower", ("this",)),
    exp.Upper: ("upper", ("this",)),
    exp.Length: ("length", ("this",)),
    exp.Reverse: ("reverse", ("this",)),
    exp.Repeat: ("repeat", ("this", "times")),
    exp.Replace: ("replace", ("this", "expression", "replacement")),
    exp.Translate: ("translate", ("this", "from_", "to")),
    exp.Ascii: ("ascii", ("this",)),
    exp.Chr: ("chr", ("expressions",)),
    exp.MD5: ("md5", ("this",)),
    exp.StartsWith: ("starts_with", ("this", "expression")),
    exp.StrPosition: ("position", ("this", "substr")),
    exp.Substring: ("substring", ("this", "start", "length")),
    exp.Left: ("left", ("this", "expression")),
    exp.Right: ("right", ("this", "expression")),
    exp.SplitPart: ("split_part", ("this", "delimiter", "part_index")),
    exp.Concat: ("concat", ("expressions",)),
    exp.ConcatWs: ("concat_ws", ("expressions",)),
    exp.Overlay: ("overlay", ("this", "expression", "from_", "for_")),
    exp.RegexpReplace: ("regexp_replace", ("this", "expression", "replacement", "modifiers")),
    exp.RegexpCount: ("regexp_count", ("this", "expression")),
    exp.RegexpSubstr: ("regexp_substr", ("this", "expression")),
    exp.TimestampTrunc: ("date_trunc", ("unit", "this")),
    exp.Extract: ("extract", ("this", "expression")),
    exp.TimeToStr: ("to_char", ("this", "format")),
    exp.StrToDate: ("to_date", ("this", "format")),
    exp.StrToTime: ("to_timestamp", ("this", "format")),
    exp.UnixToTime: ("to_timestamp", ("this",)),
    exp.DateFromParts: ("make_date", ("year", "month", "day")),
    exp.CurrentTimestamp: ("current_timestamp", ()),
    exp.Localtimestamp: ("localtimestamp", ()),
    exp.ArraySize: ("array_length", ("this", "expression")),
    exp.ArrayToString: ("array_to_string", ("this", "expression", "null")),
    exp.Coalesce: ("coalesce", ("this", "expressions")),
    exp.Nullif: ("nullif", ("this", "expression")),
    exp.Greatest: ("greatest", ("this", "expressions")),
    exp.Least: ("least", ("this", "expressions")),
}
"""Node class -> PostgreSQL function and its arguments in order.  An argument that is set and not listed is refused."""

IGNORED_ARGS = {
    "ignore_nulls",
    "safe",
    "coalesce",
    "single_replace",
    "charset",
    "big_int",
    "func_name",
    "is_string",
}
"""What sqlglot notes for other dialects; it changes nothing in PostgreSQL's."""

AGGREGATE_NAMES: dict[type[exp.Expr], str] = {
    exp.Count: "count",
    exp.Sum: "sum",
    exp.Avg: "avg",
    exp.Min: "min",
    exp.Max: "max",
    exp.LogicalAnd: "bool_and",
    exp.LogicalOr: "bool_or",
    exp.GroupConcat: "string_agg",
    exp.ArrayAgg: "array_agg",
    exp.Stddev: "stddev",
    exp.StddevPop: "stddev_pop",
    exp.StddevSamp: "stddev_samp",
    exp.Variance: "variance",
    exp.VariancePop: "var_pop",
    exp.Corr: "corr",
    exp.CovarPop: "covar_pop",
    exp.CovarSamp: "covar_samp",
    exp.RegrSlope: "regr_slope",
    exp.RegrIntercept: "regr_intercept",
    exp.RegrR2: "regr_r2",
    exp.RegrCount: "regr_count",
    exp.RegrAvgx: "regr_avgx",
    exp.RegrAvgy: "regr_avgy",
    exp.BitwiseAndAgg: "bit_and",
    exp.BitwiseOrAgg: "bit_or",
    exp.BitwiseXorAgg: "bit_xor",
    exp.AnyValue: "any_value",
    exp.PercentileCont: "percentile_cont",
    exp.PercentileDisc: "percentile_disc",
    exp.Mode: "mode",
    exp.Grouping: "grouping",
    exp.RowNumber: "row_number",
    exp.Rank: "rank",
    exp.DenseRank: "dense_rank",
    exp.PercentRank: "percent_rank",
    exp.CumeDist: "cume_dist",
    exp.Ntile: "ntile",
    exp.Lag: "lag",
    exp.Lead: "lead",
    exp.FirstValue: "first_value",
    exp.LastValue: "last_value",
    exp.NthValue: "nth_value",
    exp.Explode: "unnest",
    exp.ExplodingGenerateSeries: "generate_series",
    exp.CurrentDate: "current_date",
    exp.RegexpLike: "regexp_like",
    exp.Trim: "btrim",
}
"""Classes with rules of their own, for the name of their column."""

NAMED_BY = exp.Func
_SPELLINGS = {"trim": "btrim"}
"""What PostgreSQL's grammar turns into another function, for the column's name too."""
_TRIM_NAMES = {"LEADING": "ltrim", "TRAILING": "rtrim"}


@dataclass(frozen=True, slots=True)
class Call:
    """A call by PostgreSQL's name; `written` is the name that the client wrote, for the column."""

    name: str
    args: tuple[exp.Expr, ...]
    written: str


def as_call(node: exp.Expr) -> Call | None:
    """The call that a node stands for.  Raises: Untranslatable for an argument that its class does not list."""
    written = node.meta.get("name") if node.meta else None
    if isinstance(node, exp.Anonymous):
        name = _SPELLINGS.get(node.name.lower(), node.name.lower())
        return Call(name, tuple(node.expressions), name)
    if type(node) in CLASSES:
        name, keys = CLASSES[type(node)]
        args: list[exp.Expr] = []
        for key in keys:
            value = node.args.get(key)
            args += value if isinstance(value, list) else [value] if value is not None else []
        for key, value in node.args.items():
            if key not in keys and key not in IGNORED_ARGS and value not in (None, False, []):
                raise Untranslatable(f"{name} with {key.rstrip('_')}")
        return Call(name, tuple(args), str(written or name).lower())
    name = AGGREGATE_NAMES.get(type(node), "")
    if isinstance(node, exp.Trim):
        name = _TRIM_NAMES.get(str(node.args.get("position")), "btrim")
    if name:
        return Call(name, (), str(written or name).lower())
    return None


class _Arguments(Sequence[exp.Expr]):
    """A call's arguments, which remember whether a rule has read all of them."""

    def __init__(self, args: tuple[exp.Expr, ...]) -> None:
        self._args = args
        self._unread = set(range(len(args)))

    @overload
    def __getitem__(self, index: int) -> exp.Expr: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[exp.Expr]: ...
    def __getitem__(self, index: int | slice) -> exp.Expr | Sequence[exp.Expr]:
        chosen = range(len(self._args))[index]
        self._unread -= {chosen} if isinstance(chosen, int) else set(chosen)
        return self._args[index]

    def __len__(self) -> int:
        return len(self._args)

    @property
    def all_read(self) -> bool:
        return not self._unread


@dataclass(frozen=True, slots=True)
class Signature:
    """One line of functions.txt."""

    params: tuple[str, ...]
    result: str
    template: str


def translate(ctx: Context, call: Call) -> Term:
    """Raises: Untranslatable for a function that is not on the allowlist, 42883 for argument types."""
    special = special_functions().get(call.name)
    if special is not None:
        given = _Arguments(call.args)
        term = special(ctx, given)
        if not (given.all_read or term.null):  # one NULL is enough for a strict function
            raise Untranslatable(f"function {call.name} with {len(given)} arguments")
        return term
    signatures = table().get(call.name)
    if signatures is None:
        raise Untranslatable(f"function {call.name}")
    args = ctx.terms(call.args)
    for signature in signatures:
        if _accepts(signature, args, exactly=True):
            return _apply(signature, args)
    for signature in signatures:
        if _accepts(signature, args, exactly=False):
            return _apply(signature, args)
    if any(arg.type.name == "any" for arg in args):
        raise Untranslatable(f"function {call.name} on a column whose type is not known")
    shown = ", ".join(str(arg.type) for arg in args)
    raise Untranslatable(f"function {call.name}({shown}) does not exist", sqlstate="42883")


def _accepts(signature: Signature, args: Sequence[Term], *, exactly: bool) -> bool:
    if len(signature.params) != len(args):
        return False
    return all(_matches(param, arg.type, exactly) for param, arg in zip(signature.params, args, strict=True))


def _matches(param: str, kind: Type, exactly: bool) -> bool:
    if kind.name == "unknown" or param == kind.name:
        return True
    if exactly:
        return False
    for tower in (NUMBERS, DATETIMES):
        if param in tower and kind.name in tower:
            return tower.index(kind.name) <= tower.index(param)
    return param == "text" and kind.name in STRINGS


def _apply(signature: Signature, args: Sequence[Term]) -> Term:
    typed = [coerce(arg, Type(param)) for param, arg in zip(signature.params, args, strict=True)]
    sql = signature.template.format(*(arg.operand for arg in typed), *())
    result = typed[int(signature.result)].type if signature.result.isdigit() else Type(signature.result)
    return Term(sql, result)


@cache
def table() -> dict[str, tuple[Signature, ...]]:
    """functions.txt, read once."""
    found: dict[str, list[Signature]] = {}
    text = files("spark_thrift.dialect").joinpath("functions.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        parsed = re.fullmatch(r"(\w+)\(([\w, ]*)\) -> (\w+)\s+= (.+)", line.strip())
        if parsed is None:
            raise ValueError(f"functions.txt: cannot read {line!r}")
        name, params, result, template = parsed.groups()
        names = tuple(param.strip() for param in params.split(",") if param.strip())
        found.setdefault(name, []).append(Signature(names, result, template.strip()))
    return {name: tuple(signatures) for name, signatures in found.items()}


@cache
def special_functions() -> dict[str, Callable[[Context, Sequence[exp.Expr]], Term]]:
    from spark_thrift.dialect import (
        aggregates,
        arrays,
        casts_by_name,
        datefunctions,
        datetimes,
        numbers,
        patterns,
        predicates,
        strings,
    )

    merged: dict[str, Callable[[Context, Sequence[exp.Expr]], Term]] = {}
    for module in (
        *(
            predicates,
            strings,
            patterns,
            numbers,
            datetimes,
            datefunctions,
            arrays,
            aggregates,
            casts_by_name,
        ),
    ):
        merged.update(module.FUNCTIONS)
    return merged
