"""What a query in Spark SQL reads and calls.

Rules: every node is visited; names are compared as Spark does, without regard to case.  A name counts as a relation
unless a WITH that is in scope there defines it: later siblings and the query itself see it, the definition does not.
A column whose bare name Spark may take for a call (`current_date`) counts as a call.

Left out: columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlglot import expressions as exp

from checker.errors import Unrenderable
from checker.facts import position_of
from checker.rewriter import CALL_MARK
from checker.spark.words import LITERAL_FUNCTIONS
from checker.verdict import Facts, Function, Relation

CASTS = frozenset({"cast", "try_cast"})
"""Not functions, as in PostgreSQL."""


@dataclass(slots=True)
class Found:
    """`tables` are the nodes that read a table; `rows` the calls that stand where a table could.

    `named` are the places of names that the statement gives, of a WITH or behind AS, and of casts.
    """

    facts: Facts
    tables: list[Any] = field(default_factory=list)
    rows: list[Function] = field(default_factory=list)
    named: set[int | None] = field(default_factory=set)


def collect(tree: exp.Expression) -> Found:
    """The facts of one query.  Raises: Unrenderable."""
    functions: dict[Function, None] = {}
    parameters: set[int] = set()
    tables: list[Any] = []
    rows: list[Function] = []
    named: set[int | None] = set()
    nodes = deepest = 0
    stack: list[tuple[Any, frozenset[str], int]] = [(tree, frozenset(), 1)]
    while stack:
        node, defined, depth = stack.pop()
        nodes += 1
        deepest = max(deepest, depth)
        if isinstance(node, exp.TableAlias | exp.Window) and isinstance(node.this, exp.Identifier):
            named.add(position_of(node.this))
        elif type(node) is exp.Anonymous and _called(node) in CASTS:
            named.add(position_of(node))
        elif type(node) is exp.Anonymous:
            called = Function(None, _called(node), position_of(node))
            functions.setdefault(called)
            if isinstance(node.parent, exp.Table | exp.Lateral):
                rows.append(called)
        elif type(node) is exp.Column and _is_literal_function(node):
            functions.setdefault(Function(None, node.name.lower(), position_of(node.this)))
        elif type(node) is exp.Parameter:
            parameters.add(int(node.this.this))
        elif type(node) is exp.Table and not _is_plain(node):
            raise Unrenderable("this name", node)
        elif (
            type(node) is exp.Table
            and isinstance(node.this, exp.Identifier)
            and (node.args.get("db") or _folded(node.name) not in defined)
        ):
            tables.append(node)
        with_ = node.args.get("with_")
        if with_ is not None:
            names = [_folded(cte.args["alias"].name) for cte in with_.expressions]
            stack += [
                (cte, defined | frozenset(names[:index]), depth + 1)
                for index, cte in enumerate(with_.expressions)
            ]
            defined = defined | frozenset(names)
        for value in node.args.values():
            for child in value if isinstance(value, list) else (value,):
                if isinstance(child, exp.Expression) and child is not with_:
                    stack.append((child, defined, depth + 1))
    relations = sorted({relation_of(table) for table in tables}, key=lambda each: each.position or 0)
    facts = Facts(
        relations=tuple(relations),
        functions=tuple(sorted(functions, key=lambda each: each.position or 0)),
        parameters=tuple(sorted(parameters)),
        nodes=nodes,
        depth=deepest,
    )
    return Found(facts, tables, rows, named)


def _is_plain(table: Any) -> bool:
    """Whether it is a name of at most three parts, or a call."""
    qualifiers = [table.args.get(part) for part in ("db", "catalog")]
    if isinstance(table.this, exp.Anonymous):
        return qualifiers == [None, None]
    return isinstance(table.this, exp.Identifier) and all(
        isinstance(part, exp.Identifier | None) for part in qualifiers
    )


def relation_of(table: Any) -> Relation:
    """A Table node as the catalogue knows names: in lower case."""
    schema, catalog = table.args.get("db"), table.args.get("catalog")
    return Relation(
        schema=schema.name.lower() if schema is not None else None,
        name=table.name.lower(),
        quoted=True,
        position=position_of(schema or table.this),
        catalog=catalog.name.lower() if catalog is not None else None,
    )


def _folded(name: str) -> str:
    """A name as it is compared with a WITH's; outside ASCII Spark's rules are not Python's, and only the same fits."""
    return name.lower() if name.isascii() else name


def _called(node: Any) -> str:
    name = node.this if isinstance(node.this, str) else node.this.name
    return str(name).removesuffix(CALL_MARK).lower()


def _is_literal_function(node: Any) -> bool:
    return not node.args.get("table") and node.name.lower() in LITERAL_FUNCTIONS
