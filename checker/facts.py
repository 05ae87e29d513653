"""What a statement's tree says: relations read, functions called, parameters, settings written.

Rules: every node is visited; a name counts as a relation unless a WITH that is in scope there defines it (PostgreSQL's
scoping: a later sibling and the query itself see it, and with RECURSIVE the siblings and the definition too); a field
of a value counts as a function, unless functions.txt knows it as a field.
Positions are offsets into the statement's text, from 0, as sqlglot's tokens have them.

Left out: columns, and whose right it is to read what: that is for a policy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlglot import expressions as exp

from checker.errors import Denial
from checker.functions import FIELD, function_kinds
from checker.verdict import Facts, Function, Relation
from checker.words import FILE_SCHEMAS

_NAME_BYTES = 63
"""PostgreSQL cuts longer names off (NAMEDATALEN - 1), so that is the name which it will look up."""

_WORD_FUNCTIONS = {
    exp.Extract: "extract",
    exp.Trim: "trim",
    exp.StrPosition: "position",
    exp.Overlay: "overlay",
    exp.CurrentDate: "current_date",
    exp.CurrentTime: "current_time",
    exp.CurrentTimestamp: "current_timestamp",
    exp.CurrentUser: "current_user",
    exp.CurrentSchema: "current_schema",
    exp.CurrentCatalog: "current_catalog",
    exp.SessionUser: "session_user",
    exp.Localtime: "localtime",
    exp.Localtimestamp: "localtimestamp",
}
_LEAVES = frozenset({exp.Identifier, exp.Literal})


@dataclass(slots=True)
class _Found:
    relations: dict[Relation, None] = field(default_factory=dict)
    functions: dict[Function, None] = field(default_factory=dict)
    parameters: set[int] = field(default_factory=set)
    settings: list[str] = field(default_factory=list)
    nodes: int = 0
    depth: int = 0


def collect(tree: exp.Expression, base_position: int = 0) -> Facts:
    """The facts of one query.  Units: `base_position` is added to the 1-based positions."""
    found = _Found()
    stack: list[tuple[Any, frozenset[str], int]] = [(tree, frozenset(), 1)]
    while stack:
        node, defined, depth = stack.pop()
        found.nodes += 1
        found.depth = max(found.depth, depth)
        kind = type(node)
        if kind is exp.Table:
            _relation(node, defined, found, base_position)
        elif kind is exp.Anonymous:
            _function(node, found, base_position)
        elif kind is exp.Dot and isinstance(node.expression, exp.Identifier):
            _field(node.expression, found, base_position)
        elif kind is exp.Parameter:
            found.parameters.add(int(node.this.this))
        elif kind in _WORD_FUNCTIONS:
            found.functions.setdefault(Function(None, _WORD_FUNCTIONS[kind]))
        with_ = node.args.get("with_")
        if with_ is not None:
            names, inner = _definitions(with_, defined)
            stack.extend((definition, scope, depth + 1) for definition, scope in inner)
            defined = defined | names
        below = depth + 1
        for value in node.args.values():
            for child in value if type(value) is list else (value,):
                if type(child) in _LEAVES:
                    found.nodes += 1
                    found.depth = max(found.depth, below)
                elif isinstance(child, exp.Expression) and child is not with_:
                    stack.append((child, defined, below))
    return Facts(
        relations=tuple(sorted(found.relations, key=lambda r: r.position or 0)),
        functions=tuple(sorted(found.functions, key=lambda f: f.position or 0)),
        parameters=tuple(sorted(found.parameters)),
        settings_written=tuple(found.settings),
        nodes=found.nodes,
        depth=found.depth,
    )


def _definitions(
    with_: Any, defined: frozenset[str]
) -> tuple[frozenset[str], list[tuple[Any, frozenset[str]]]]:
    names = [cte.args["alias"].this.this for cte in with_.expressions]
    recursive = bool(with_.args.get("recursive"))
    scopes = [
        (cte, defined | frozenset(names if recursive else names[:index]))
        for index, cte in enumerate(with_.expressions)
    ]
    return frozenset(names), scopes


def position_of(node: Any, base_position: int = 0) -> int | None:
    """The 1-based place of a node that the parser gave one."""
    start = node.meta.get("start") if node._meta else None
    return None if start is None else base_position + start + 1


def cut(name: str) -> str:
    """A name as PostgreSQL looks it up."""
    if len(name) <= _NAME_BYTES and name.isascii():
        return name
    return name.encode("utf-8", "surrogatepass")[:_NAME_BYTES].decode("utf-8", "ignore")


def _relation(table: Any, defined: frozenset[str], found: _Found, base_position: int) -> None:
    name, schema, catalog = table.this, table.args.get("db"), table.args.get("catalog")
    if not isinstance(name, exp.Identifier):
        return
    if schema is None and name.this in defined:
        return
    relation = Relation(
        schema=cut(schema.this) if schema is not None else None,
        name=cut(name.this),
        quoted=bool(name.args.get("quoted")),
        position=position_of(schema or name, base_position),
        catalog=catalog.this if catalog is not None else None,
    )
    found.relations.setdefault(relation)


def _function(call: Any, found: _Found, base_position: int) -> None:
    name = call.this.this if isinstance(call.this, exp.Identifier) else call.this
    if name in ("all", "any", "some"):
        return  # `= ALL (array)`, see render.py
    schema: str | None = None
    parent = call.parent
    if isinstance(parent, exp.Dot) and parent.expression is call:
        schema = parent.this.this if isinstance(parent.this, exp.Identifier) else "?"
    elif isinstance(parent, exp.Table):
        qualifier = parent.args.get("db")
        schema = qualifier.this if qualifier is not None else None
    found.functions.setdefault(Function(schema, cut(name), position_of(call, base_position)))
    if name == "set_config":
        first = call.expressions[0] if call.expressions else None
        known = isinstance(first, exp.Literal) and first.is_string
        found.settings.append(str(first.name) if first is not None and known else "?")


def _field(name: Any, found: _Found, base_position: int) -> None:
    """`(x).f` is `f(x)` where x has no field f (PostgreSQL documentation, 8.16.5): it may call a function."""
    if function_kinds().get(name.this) != FIELD:
        found.functions.setdefault(Function(None, cut(name.this), position_of(name, base_position)))


__all__ = ["collect", "cut", "position_of"]


def deny_paths(facts: Facts) -> None:
    """Raises: Denial, 42501, for a path that is read as a table: Spark takes text.`/etc/passwd` for one."""
    for relation in facts.relations:
        if relation.schema is not None and relation.schema.lower() in FILE_SCHEMAS:
            raise Denial(
                "path_as_table",
                "42501",
                f'permission denied: "{relation.schema}" reads files and is not a schema here',
                relation.position,
            )
