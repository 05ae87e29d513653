"""The nodes of trees that the rules ask for, and what can be asked of one: where it stands, what it reads.

One walk over the tree serves every rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlglot import expressions as exp

from checker.injection.names import belongs

MARKED: frozenset[type[exp.Expression]] = frozenset(
    {
        exp.Where, exp.Having, exp.Join, exp.Case, exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Anonymous,
        exp.Cast, exp.Order, exp.Limit, exp.Offset, exp.Table, exp.DPipe, exp.Div, exp.Parameter, exp.CTE,
    }
)  # fmt: skip
"""The node types that `gather` sorts; a walk that is made anyway may collect them on its way."""
_LEAVES: frozenset[type[Any]] = frozenset(
    {exp.Identifier, exp.Literal, exp.Column, exp.Star, exp.Null, str, bool, int}
)
SET_OPERATIONS = (exp.Union, exp.Except, exp.Intersect)
COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like, exp.ILike, exp.In, exp.Between)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Marked nodes by type.  `is_value`: they were read from a text that stood where a value was expected."""

    by_type: dict[type[exp.Expression], list[Any]] = field(default_factory=dict)
    is_value: bool = False

    def all(self, *types: type[exp.Expression]) -> Iterator[Any]:
        for kind in types:
            yield from self.by_type.get(kind, ())


def gather(trees: Iterable[Any], is_value: bool = False) -> Gathered:
    """The marked nodes of the trees, from left to right as far as the tree tells."""
    by_type: dict[type[exp.Expression], list[Any]] = {}
    stack = [*trees][::-1]
    while stack:
        node = stack.pop()
        kind = type(node)
        if kind in MARKED:
            by_type.setdefault(kind, []).append(node)
        children: list[Any] = []
        for value in node.args.values():
            if type(value) is list:
                children += value
            elif value is not None:
                children.append(value)
        # Names and literals are most of a tree, and nothing is marked in them.
        stack += [
            child
            for child in reversed(children)
            if type(child) not in _LEAVES and isinstance(child, exp.Expression)
        ]
    return Gathered(by_type, is_value)


def walk(tree: Any) -> Iterator[Any]:
    """Every node, parents first."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        children = []
        for value in node.args.values():
            if isinstance(value, exp.Expression):
                children.append(value)
            elif isinstance(value, list):
                children.extend(item for item in value if isinstance(item, exp.Expression))
        stack.extend(reversed(children))


def place(node: Any) -> int | None:
    """The 1-based place of a node, or of the first one in it that has a place."""
    for inner in walk(node):
        if inner._meta and "start" in inner._meta:
            return int(inner._meta["start"]) + 1
    return None


def clause_of(node: Any) -> str:
    """The clause in which a node stands: where, having, on, order, bound, items, source, group or value."""
    child, parent = node, node.parent
    while parent is not None:
        found = _CLAUSES.get(type(parent))
        if found is not None:
            return "items" if found == "select" and child in parent.expressions else found
        if type(parent) is exp.Join:
            return "on" if parent.args.get("on") is child else "source"
        child, parent = parent, parent.parent
    return "value"


_CLAUSES: dict[type[exp.Expression], str] = {
    exp.Where: "where",
    exp.Having: "having",
    exp.Order: "order",
    exp.Limit: "bound",
    exp.Offset: "bound",
    exp.Group: "group",
    exp.From: "source",
    exp.With: "source",
    exp.Select: "select",
}


def query_of(node: Any) -> Any:
    """The SELECT around a node, None at the top."""
    parent = node.parent
    while parent is not None and type(parent) is not exp.Select:
        parent = parent.parent
    return parent


def is_subquery_of_condition(select: Any) -> bool:
    """Whether a SELECT stands in an expression, not as a source of rows or as the statement itself."""
    node = select
    while type(node.parent) in SET_OPERATIONS or type(node.parent) is exp.Subquery:
        node = node.parent
    return node.parent is not None and clause_of(node) not in ("source",)


def branches(operation: Any) -> list[Any]:
    """The SELECTs of a chain of set operations, from left to right."""
    found: list[Any] = []
    stack = [operation]
    while stack:
        node = stack.pop()
        if type(node) in SET_OPERATIONS:
            stack.append(node.expression)
            stack.append(node.this)
        elif type(node) in (exp.Subquery, exp.Paren):
            stack.append(node.this)
        elif type(node) is exp.Select:
            found.append(node)
    return found


def items(select: Any) -> list[Any]:
    """The columns of a SELECT, without their aliases."""
    return [item.this if type(item) is exp.Alias else item for item in select.expressions]


def relations(select: Any) -> list[str]:
    """The dotted lower-case names that a SELECT reads by itself."""
    source = select.args.get("from_")
    found = [source.this] if source is not None else []
    found += [join.this for join in select.args.get("joins") or []]
    return [name for table in found if type(table) is exp.Table and (name := table_name(table))]


def table_name(table: Any) -> str:
    """The dotted, lower-case name of a table; empty for a table function."""
    if type(table.this) is not exp.Identifier:
        return ""
    parts = (table.args.get("catalog"), table.args.get("db"), table.this)
    return ".".join(part.name.lower() for part in parts if part is not None)


def reads_catalogue(select: Any) -> bool:
    return any(belongs(name, "catalogue") for name in relations(select))


def call_name(node: Any) -> str:
    """The lower-case name of a function call."""
    name = node.this.name if isinstance(node.this, exp.Expression) else str(node.this)
    return name.lower()


def contains(node: Any, *types: type[exp.Expression]) -> bool:
    return any(type(inner) in types for inner in walk(node))


def reads_row(node: Any) -> bool:
    """Whether an expression reads a column of the query that it stands in; its subqueries are not looked into."""
    stack = [node]
    while stack:
        inner = stack.pop()
        if type(inner) in (exp.Column, exp.Placeholder, exp.Star):
            return True
        if type(inner) in (exp.Subquery, exp.Select, exp.Exists):
            continue
        for value in inner.args.values():
            if isinstance(value, exp.Expression):
                stack.append(value)
            elif isinstance(value, list):
                stack.extend(item for item in value if isinstance(item, exp.Expression))
    return False


def is_correlated(select: Any) -> bool:
    """Whether a subquery names a table of the query around it, or may read its columns."""
    inner = {name.rpartition(".")[2] for name in relations(select)}
    for node in walk(select):
        if (type(node) is exp.Table and node.alias) or (type(node) is exp.Subquery and node.alias):
            inner.add(node.alias.lower())
    return any(
        _compares_columns(node) if type(node) is exp.EQ else _is_of_another(node, inner)
        for node in walk(select)
    )


def _compares_columns(node: Any) -> bool:
    """`l_orderkey = o_orderkey`: without the tables' columns nobody knows, but constants are what attackers have."""
    return (
        type(node.this) is exp.Column and type(node.expression) is exp.Column and node.this != node.expression
    )


def _is_of_another(node: Any, tables: set[str]) -> bool:
    return type(node) is exp.Column and bool(node.table) and node.table.lower() not in tables
