"""Casts that are written as calls: `date(x)`, `int4(x)`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from spark_thrift.dialect.casts import convert
from spark_thrift.dialect.context import Context, FunctionRule
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.pgtypes import BOOL, DATE, FLOAT4, FLOAT8, INT2, INT4, INT8, TEXT, Type
from spark_thrift.dialect.terms import Term

_TYPES = {
    "bool": BOOL, "int2": INT2, "int4": INT4, "int8": INT8, "float4": FLOAT4, "float8": FLOAT8, "text": TEXT,
    "date": DATE,
}  # fmt: skip


def _by_name(name: str, kind: Type) -> FunctionRule:
    def rule(ctx: Context, args: Sequence[exp.Expr]) -> Term:
        if len(args) != 1:
            raise Untranslatable(f"{name} with {len(args)} arguments")
        return convert(ctx.term(args[0]), kind)

    return rule


FUNCTIONS: dict[str, FunctionRule] = {name: _by_name(name, kind) for name, kind in _TYPES.items()}
