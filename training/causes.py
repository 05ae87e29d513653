"""Why a prediction is wrong, in one word, by what differs first from the gold statement.

Rules: a prediction has one cause, the first that holds in this order: syntax (does not run, and not because of a name),
schema (a name that is not there, or other columns), nesting (other subqueries or set operations), join (other tables),
grouping (other groups, HAVING or aggregates), value (other literals), and "other" for what is left (an operator, the
order, DISTINCT, a LIMIT).  Aliases do not count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

CAUSES = ("syntax", "schema", "nesting", "join", "grouping", "value", "other")
_NAMES = re.compile(
    r"no such (?:table|column)|ambiguous column|does not exist|is ambiguous|missing FROM", re.I
)


def cause(predicted: str, gold: str, *, error: str | None, dialect: str) -> str:
    """Shapes: `error` is the engine's, None when it ran; `dialect` is sqlglot's name, and gold is in it."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    if error is not None and not _NAMES.search(error):
        return "syntax"
    try:
        got, wanted = parse_one(predicted, read=dialect), parse_one(gold, read=dialect)
    except (SqlglotError, RecursionError):
        return "syntax" if error is None else "schema"

    def count(tree: exp.Expr, *kinds: type[exp.Expr]) -> Counter[str]:
        return Counter(type(node).__name__ for node in tree.find_all(*kinds))

    def groups(tree: exp.Expr) -> Counter[str]:
        found = [e.name.lower() for group in tree.find_all(exp.Group) for e in group.expressions]
        return Counter(found) + count(tree, exp.Having, exp.AggFunc)

    def named(nodes: Iterable[exp.Expr]) -> Counter[str]:
        return Counter(node.name.lower() for node in nodes)

    def columns(tree: exp.Expr) -> set[str]:
        made = set(named(tree.find_all(exp.Alias)))
        return {c.name.lower() for c in tree.find_all(exp.Column) if c.name.lower() not in made}

    if error is not None:
        return "schema"
    if count(got, exp.Select, exp.SetOperation) != count(wanted, exp.Select, exp.SetOperation):
        return "nesting"
    if named(got.find_all(exp.Table)) != named(wanted.find_all(exp.Table)):
        return "join"
    if groups(got) != groups(wanted):
        return "grouping"
    if columns(got) != columns(wanted):
        return "schema"
    if named(got.find_all(exp.Literal)) != named(wanted.find_all(exp.Literal)):
        return "value"
    return "other"
