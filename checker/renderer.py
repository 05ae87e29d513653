"""How a node of the tree becomes text: the table of rules, and the walk over the tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from checker.errors import Unrenderable

Node = Any
_Rule = Callable[["Renderer", Node], str]
_RULES: dict[type, tuple[_Rule, frozenset[str]]] = {}
_F = TypeVar("_F", bound=_Rule)


def rule(*arguments: str, of: type | tuple[type, ...]) -> Callable[[_F], _F]:
    """Registers how a node class is written, and which of its arguments that covers."""

    def register(function: _F) -> _F:
        for kind in of if isinstance(of, tuple) else (of,):
            _RULES[kind] = (function, frozenset(arguments))
        return function

    return register


class Renderer:
    """Writes trees.  Raises: Unrenderable for a node, or an argument of one, that no rule covers."""

    def sql(self, node: Node) -> str:
        found = _RULES.get(type(node))
        if found is None:
            raise Unrenderable(type(node).__name__, node)
        function, covered = found
        for name, value in node.args.items():
            if value and name not in covered:
                raise Unrenderable(f"{type(node).__name__} with {name}", node)
        return function(self, node)

    def list(self, nodes: Iterable[Node]) -> str:
        return ", ".join([self.sql(node) for node in nodes])

    def optional(self, node: Node, name: str, before: str = "", after: str = "") -> str:
        """The argument `name` between `before` and `after`, or nothing where the node lacks it."""
        value = node.args.get(name)
        return f"{before}{self.sql(value)}{after}" if value else ""


_REPLACES = "replaces"


def mark_replacement(node: Node, tokens: int) -> None:
    """Say that a node stands in the place of so many of the client's tokens, see faithful.map_position."""
    node.meta[_REPLACES] = tokens


def replacement(node: Node, text: str) -> str:
    """The node's text, between two comments where it is a replacement."""
    tokens = node.meta.get(_REPLACES) if node._meta else None
    return text if tokens is None else f"/*<{tokens}*/{text}/*>*/"


def quote_identifier(name: str) -> str:
    """A name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def quote_string(value: str) -> str:
    """A string literal whose meaning does not depend on standard_conforming_strings."""
    quoted = "'" + value.replace("'", "''") + "'"
    return " E" + quoted.replace("\\", "\\\\") if "\\" in value else quoted
