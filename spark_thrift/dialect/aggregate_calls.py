"""An aggregate or window call taken apart: its name, its arguments, and what stands around it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from spark_thrift.dialect.calls import AGGREGATE_NAMES
from spark_thrift.dialect.context import Context
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.pgtypes import NUMBERS
from spark_thrift.dialect.terms import Term


@dataclass(frozen=True, slots=True)
class Tail:
    """What stands around an aggregate: FILTER's condition and the rendered OVER clause."""

    condition: str = ""
    over: str = ""

    def call(
        self, function: str, first: str, rest: str = "", *, distinct: bool = False, within: str = ""
    ) -> str:
        """One aggregate call with everything that belongs to it."""
        if self.condition and self.over:
            first = f"CASE WHEN {self.condition} THEN {'1' if first == '*' else first} END"
        word = "DISTINCT " if distinct else ""
        filtered = f" FILTER (WHERE {self.condition})" if self.condition and not self.over else ""
        return f"{function}({word}{first}{rest}){within}{filtered}{self.over}"


@dataclass(frozen=True, slots=True)
class Arguments:
    """An aggregate's arguments taken apart."""

    nodes: tuple[exp.Expr, ...]
    distinct: bool
    order: tuple[exp.Ordered, ...]


def aggregate_name(node: exp.Expr) -> str:
    """The name of an aggregate or window function, whichever of sqlglot's two forms its call has."""
    return node.name.lower() if isinstance(node, exp.Anonymous) else AGGREGATE_NAMES.get(type(node), "")


def arguments_of(node: exp.Expr) -> Arguments:
    if isinstance(node, exp.Anonymous):
        nodes = list(node.expressions)
    else:
        nodes = [node.this] if node.args.get("this") is not None else []
        for key, value in node.args.items():
            if key in ("expression", "separator") and value is not None:
                nodes.append(value)
            elif key == "expressions":
                nodes += value
            elif key not in ("this", "big_int") and value not in (None, False, []):
                raise Untranslatable(f"{type(node).__name__} with {key}")
    order: tuple[exp.Ordered, ...] = ()
    distinct = False
    for position, argument in enumerate(nodes):
        if isinstance(argument, exp.Order):
            order = tuple(argument.expressions)
            nodes[position] = argument.this
    if nodes and isinstance(nodes[0], exp.Distinct):
        if nodes[0].args.get("on"):
            raise Untranslatable("DISTINCT ON in an aggregate")
        distinct = True
        nodes[:1] = nodes[0].expressions
    return Arguments(tuple(nodes), distinct, order)


def one_argument(ctx: Context, arguments: Arguments, name: str) -> Term:
    if len(arguments.nodes) != 1:
        raise Untranslatable(f"{name} with {len(arguments.nodes)} arguments")
    return ctx.term(arguments.nodes[0])


def number_argument(ctx: Context, arguments: Arguments, name: str) -> Term:
    term = one_argument(ctx, arguments, name)
    if term.type.name == "any":
        raise Untranslatable(f"{name} of a column whose type is not known")
    if term.type.name not in NUMBERS:
        raise Untranslatable(f"function {name}({term.type}) does not exist", sqlstate="42883")
    return term


def ordering(ctx: Context, item: exp.Ordered, term: Term | None = None) -> str:
    """One ORDER BY item with its NULL placement spelled out: Spark's default is the reverse of PostgreSQL's."""
    if item.args.get("with_fill"):
        raise Untranslatable("WITH FILL")
    term = term or ctx.term(item.this)
    if term.type.name in ("opaque", "array", "record"):
        raise Untranslatable(f"ORDER BY {term.type}")
    descending = bool(item.args.get("desc"))
    first = item.args.get("nulls_first")
    first = descending if first is None else bool(first)
    return f"{term.sql}{' DESC' if descending else ''} NULLS {'FIRST' if first else 'LAST'}"
