"""How a node of the tree becomes Spark SQL: the table of rules, and which nodes may stand where.

Rules: a node class or an argument without a rule is refused, and so is a node where Spark's grammar has another kind:
what does not read as it was meant Spark reads in another way, and words bare here are names to it then (`VALUES (),
(t)` is a function and a table).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sqlglot import expressions as exp

from checker.errors import Unrenderable

Node = Any
_Rule = Callable[[Node], str]
_RULES: dict[type, tuple[_Rule, frozenset[str]]] = {}
_F = TypeVar("_F", bound=_Rule)

BINARY = {
    exp.And: "AND",
    exp.Or: "OR",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "<=>",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.IntDiv: "DIV",
    exp.Mod: "%",
    exp.DPipe: "||",
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseXor: "^",
}
MATCHES = {exp.Like: "LIKE", exp.ILike: "ILIKE", exp.RegexpLike: "RLIKE"}
QUERIES = frozenset({exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Values, exp.Subquery})
_RELATIONS = frozenset({exp.Table, exp.Subquery, exp.Values, exp.Lateral})
_VALUES = frozenset({
    exp.Column, exp.Identifier, exp.Dot, exp.Literal, exp.Null, exp.Boolean, exp.Parameter, *BINARY, exp.Is, *MATCHES,
    exp.Escape, exp.Between, exp.In, exp.Not, exp.Neg, exp.BitwiseNot, exp.Paren, exp.Tuple, exp.Bracket, exp.Case,
    exp.Exists, exp.Anonymous, exp.Filter, exp.WithinGroup, exp.Window, exp.IgnoreNulls, exp.RespectNulls, exp.Subquery,
})  # fmt: skip
LISTED = _VALUES | {exp.Star, exp.Alias, exp.Aliases}
"""In a SELECT's list."""
PASSED = _VALUES | {exp.Star, exp.Alias, exp.Lambda, exp.Distinct}
"""As a call's argument."""
GROUPED = _VALUES | {exp.GroupingSets, exp.Rollup, exp.Cube}
"""In GROUP BY."""
ORDERED = _VALUES | {exp.Ordered}
"""In ORDER BY and its like."""
_SHOWN: dict[type, str] = {
    exp.JSONExtract: 'the operator "->"',
    exp.BitwiseRightShift: 'the operator ">>"',
    exp.AtTimeZone: "AT TIME ZONE",
    exp.Array: "ARRAY[...]",
    exp.Star: "*",
    exp.Var: "this word",
    exp.All: "ALL",
    exp.Any: "ANY",
}


def rule(*arguments: str, of: type | tuple[type, ...]) -> Callable[[_F], _F]:
    """Registers how a node class is written, and which of its arguments that covers."""

    def register(function: _F) -> _F:
        for kind in of if isinstance(of, tuple) else (of,):
            _RULES[kind] = (function, frozenset(arguments))
        return function

    return register


def sql(node: Node) -> str:
    """The node's text by its rule, wherever it stands.  Raises: Unrenderable."""
    found = _RULES.get(type(node))
    if found is None:
        raise Unrenderable(_shown(node), node)
    function, covered = found
    for argument, given in node.args.items():
        if given and argument not in covered:
            raise Unrenderable(f"{_shown(node)} with {argument.strip('_').replace('_', ' ').upper()}", node)
    return function(node)


def _shown(node: Node) -> str:
    return _SHOWN.get(type(node)) or getattr(type(node), "__name__", "").upper()


def part(node: Node, *kinds: type) -> str:
    """A part of a statement that can only be of these classes."""
    if type(node) not in kinds:
        raise Unrenderable(f"{_shown(node)} here", node)
    return sql(node)


def name(node: Node) -> str:
    return part(node, exp.Identifier)


def names_of(nodes: Iterable[Node]) -> str:
    """Names, with commas."""
    return " , ".join([name(node) for node in nodes])


def parts_of(nodes: Iterable[Node], *kinds: type) -> str:
    return " , ".join([part(node, *kinds) for node in nodes])


_CLAUSES: dict[str, type] = {
    "with_": exp.With,
    "where": exp.Where,
    "group": exp.Group,
    "having": exp.Having,
    "order": exp.Order,
    "cluster": exp.Cluster,
    "distribute": exp.Distribute,
    "sort": exp.Sort,
    "limit": exp.Limit,
    "offset": exp.Offset,
    "alias": exp.TableAlias,
    "spec": exp.WindowSpec,
}


def optional(node: Node, clause: str, before: str = "", after: str = "") -> str:
    """The clause between `before` and `after`, or nothing where the node lacks it."""
    given = node.args.get(clause)
    return f"{before}{part(given, _CLAUSES[clause])}{after}" if given else ""


def value(node: Node, kinds: frozenset[type] = _VALUES) -> str:
    """An expression."""
    return _of(node, kinds, "here")


def values_of(nodes: Iterable[Node], kinds: frozenset[type] = _VALUES) -> str:
    """Expressions, with commas."""
    return " , ".join([value(node, kinds) for node in nodes])


def optional_value(node: Node, argument: str, before: str = "") -> str:
    given = node.args.get(argument)
    return f"{before}{value(given)}" if given else ""


def query(node: Node) -> str:
    """A query, without a name."""
    return _of(node, QUERIES, "as a query")


def relation(node: Node) -> str:
    """An item of a FROM."""
    if type(node) not in _RELATIONS:
        raise Unrenderable(f"{_shown(node)} as a table", node)
    return sql(node)


def _of(node: Node, kinds: frozenset[type], where: str) -> str:
    if type(node) in _RULES and type(node) not in kinds:
        raise Unrenderable(f"{_shown(node)} {where}", node)
    if isinstance(node, exp.Subquery) and not is_query(node):
        raise Unrenderable(f"a table {where}", node)
    return sql(node)


def is_query(node: Node) -> bool:
    """Whether it is a query within any number of parentheses, and not a table or a join."""
    while isinstance(node, exp.Subquery):
        if any(node.args.get(argument) for argument in ("alias", "joins", "laterals")):
            return False
        node = node.this
    return type(node) in QUERIES
