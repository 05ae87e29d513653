"""What a rule gets to work with: the scope, and the way back into the translator.

A rule is a function of (Context, node) that returns a Term.  Rule modules export `RULES` by node class and
`FUNCTIONS` by PostgreSQL's function name; what neither holds is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from spark_thrift.dialect.scope import Scope
from spark_thrift.dialect.terms import Term

if TYPE_CHECKING:
    from spark_thrift.dialect.queries import Query

Schema = Mapping[tuple[str, str], Sequence[tuple[str, str]]]
"""(schema, table) -> (column, Spark type as DESCRIBE prints it) in order."""

Rule = Callable[["Context", Any], Term]
FunctionRule = Callable[["Context", Sequence[Any]], Term]


@dataclass(frozen=True, slots=True)
class Context:
    """One query's surroundings.  `windows` are its WINDOW clause's definitions; `subscript_base`
    is the first index of an array in the tree, see `to_spark`."""

    schema: Schema | None
    scope: Scope
    translate: Callable[[Context, exp.Expr], Term]
    subquery: Callable[[Context, exp.Expr], Query]
    windows: Mapping[str, exp.Window] = field(default_factory=dict)
    subscript_base: int = 0

    def term(self, node: exp.Expr) -> Term:
        return self.translate(self, node)

    def terms(self, nodes: Sequence[exp.Expr]) -> list[Term]:
        return [self.translate(self, node) for node in nodes]

    def query(self, node: exp.Expr) -> Query:
        """A subquery that sees this scope."""
        return self.subquery(self, node)

    def within(self, scope: Scope) -> Context:
        return replace(self, scope=scope, windows={})


def present(node: exp.Expr, *allowed: str) -> None:
    """Refuse a node that carries an argument its rule does not read."""
    from spark_thrift.dialect.errors import Untranslatable

    for key, value in node.args.items():
        if key not in allowed and value not in (None, False, [], ()):
            raise Untranslatable(f"{type(node).__name__} with {key.rstrip('_')}")
