"""Conditions that do not ask anything: always true, never true, or only there to see what the server does.

The same condition can be an attack or a tool's habit: `WHERE 1=1 AND ...` is how programs build statements,
`x = 5 OR 1=1` is how they are broken.  So a weight depends on where the constant stands, beside what, and how it is
written.

Rules: `1=1`, `1=0` and their like are canonical: tools write them.  Habits that weigh nothing or little, with who has
them: `WHERE 1=1 AND`, `WHERE 1=0` (query builders, drivers that ask for columns); `x NOT IN (NULL) OR (1 = 1)` and
`x IN (NULL) AND (1 != 1)` (SQLAlchemy's empty lists); `... AND (1=1)` (Looker's absent filter);
`('all' = 'all' OR region = 'all')` (a report's parameter, filled in); `ON 1=1` (cross joins).

Left out: UNION, subqueries, functions, see queries.py.
"""

from __future__ import annotations

from typing import Any

from sqlglot import expressions as exp

from checker.injection.constants import UNKNOWN, Folder, bare, complementary, flatten
from checker.injection.findings import Findings
from checker.injection.gather import (
    SET_OPERATIONS,
    Gathered,
    is_subquery_of_condition,
    place,
    reads_row,
    walk,
)

_TAUTOLOGY, _CONTRADICTION = "tautology", "contradiction"


def judge(gathered: Gathered, folder: Folder, findings: Findings) -> None:
    """Findings on every WHERE, HAVING and ON of a statement."""
    rule = _Conditions(folder, findings, gathered.is_value)
    for where in gathered.all(exp.Where):
        rule.root(where.this, where, "where")
    for having in gathered.all(exp.Having):
        rule.root(having.this, having, "having")
    for join in gathered.all(exp.Join):
        condition = join.args.get("on")
        if condition is not None and folder.truth(condition) is None:
            rule.group(condition)


def judge_value(condition: Any, folder: Folder, findings: Findings) -> None:
    """Findings on a condition that stood where a value was expected."""
    _Conditions(folder, findings, is_value=True).group(condition)


class _Conditions:
    def __init__(self, folder: Folder, findings: Findings, is_value: bool) -> None:
        self.folder = folder
        self.findings = findings
        self.is_value = is_value

    def root(self, condition: Any, clause: Any, name: str) -> None:
        truth = self.folder.truth(condition)
        if truth is None or type(bare(condition)) in (exp.And, exp.Or):
            self.group(condition)
            return
        weight = self._weight_alone(condition, clause, name, truth)
        self._add(truth, weight, f"a condition of {name.upper()} that is {_always(truth)}", condition)

    def _weight_alone(self, condition: Any, clause: Any, name: str, truth: bool) -> float:
        if self.is_value:
            return 0.95 if _is_comparison_of_constants(condition) else 0.4
        if name == "having":
            query = clause.parent
            return 0.95 if query is None or not query.args.get("group") else 0.5
        query = clause.parent
        is_hidden = query is not None and (_is_later_branch(query) or is_subquery_of_condition(query))
        if _is_canonical(condition):
            return 0.4 if is_hidden and truth else 0.0
        if not _is_comparison_of_constants(condition):
            return 0.1
        return 0.95 if is_hidden else 0.5

    def group(self, condition: Any) -> None:
        """A chain of AND or OR, and what is nested in it."""
        stack = [condition]
        while stack:
            node = bare(stack.pop())
            kind = type(node)
            if kind is exp.Or or kind is exp.Xor:
                operands = list(flatten(node, kind))
                self._alternatives(operands)
            elif kind is exp.And:
                operands = list(flatten(node, kind))
                self._conjunction(operands)
            elif kind is exp.Not:
                operands = [node.this]
            else:
                continue
            stack.extend(operands)

    def _alternatives(self, operands: list[Any]) -> None:
        truths = [self.folder.truth(operand) for operand in operands]
        real = [self._is_real(o, t, i) for i, (o, t) in enumerate(zip(operands, truths, strict=True))]
        for index, (operand, truth) in enumerate(zip(operands, truths, strict=True)):
            if truth is None or (index == 0 and self.is_value) or _is_group_of_columns(operand):
                continue
            if index == 0:
                # A report's parameter is compared with itself and then with a column.
                shared = _literals(operand) & set().union(*map(_literals, operands[1:]))
                weight = 0.2 if shared or not any(real) else 0.6 if truth else 0.0
            elif not any(real[:index]):
                weight = 0.6
            elif truth:
                weight = 0.0 if _is_empty_list(operands[:index], operand) else 0.95
            else:
                weight = 0.3 if _is_canonical(operand) else 0.92
            self._add(truth, weight, f"OR with a condition that is {_always(truth)}", operand)
        for operand in operands[1:]:
            self._head_of_conjunction(operand)
        if complementary(operands):
            about_null = all(type(_positive(operand)) is exp.Is for operand in operands)
            weight = 0.3 if about_null and not self.is_value else 0.92
            self._add(True, weight, "alternatives that fit every row together", operands[-1])

    def _head_of_conjunction(self, operand: Any) -> None:
        """`OR '1'='1' AND ...`: what followed the value binds to the attacker's condition."""
        if type(bare(operand)) is not exp.And:
            return
        head = next(flatten(operand, exp.And))
        truth = self.folder.truth(head)
        if truth is None or not _is_comparison_of_constants(head):
            return
        weight = 0.3 if type(operand) is exp.Paren and _is_canonical(head) else 0.95
        self._add(truth, weight, f"OR with a condition that is {_always(truth)}", head)

    def _conjunction(self, operands: list[Any]) -> None:
        truths = [self.folder.truth(operand) for operand in operands]
        real = [self._is_real(o, t, i) for i, (o, t) in enumerate(zip(operands, truths, strict=True))]
        for index, (operand, truth) in enumerate(zip(operands, truths, strict=True)):
            if truth is None or not any(real[:index]) or _is_group_of_columns(operand):
                continue
            if not _is_comparison_of_constants(operand):
                weight = self._weight_of_odd_conjunct(operand)
            elif self.is_value or not _is_canonical(operand):
                weight = 0.95
            elif type(operand) is exp.Paren:
                weight = 0.5 if truth else 0.2
            else:
                weight = 0.9 if truth else 0.6
            self._add(truth, weight, f"AND with a condition that is {_always(truth)}", operand)

    def _weight_of_odd_conjunct(self, operand: Any) -> float:
        """`AND true`, `AND 1`, `AND x = x`, `AND name LIKE '%'`."""
        if self.is_value:
            return 0.92
        node = bare(operand)
        if type(node) is exp.Literal:
            return 0.92
        return 0.4 if type(node) is exp.Boolean else 0.1

    def _is_real(self, operand: Any, truth: bool | None, index: int) -> bool:
        """Whether an operand asks something of the row, or is the value that stood there before."""
        if truth is None or reads_row(operand):
            return self.is_value or _asks(operand)
        return self.is_value and index == 0

    def _add(self, truth: bool, weight: float, reason: str, node: Any) -> None:
        self.findings.add(_TAUTOLOGY if truth else _CONTRADICTION, weight, reason, place(node))


def _positive(node: Any) -> Any:
    node = bare(node)
    while type(node) is exp.Not:
        node = bare(node.this)
    return node


def _always(truth: bool) -> str:
    return "always true" if truth else "never true"


def _asks(node: Any) -> bool:
    return reads_row(node) or any(type(inner) in (exp.Subquery, exp.Exists) for inner in walk(node))


def _is_later_branch(query: Any) -> bool:
    node = query
    while type(node.parent) in (exp.Subquery, exp.Paren):
        node = node.parent
    while type(node.parent) in SET_OPERATIONS:
        if node.parent.expression is node:
            return True
        node = node.parent
    return False


def _is_comparison_of_constants(condition: Any) -> bool:
    """Not a bare constant, and nothing that reads a column."""
    node = _positive(condition)
    if type(node) in (exp.Literal, exp.Boolean, exp.Null, exp.Neg):
        return False
    return not any(type(inner) is exp.Column for inner in walk(node))


def _is_group_of_columns(operand: Any) -> bool:
    """A chain that is looked into by itself: it is constant by one of its parts only."""
    return type(bare(operand)) in (exp.And, exp.Or) and any(
        type(inner) is exp.Column for inner in walk(operand)
    )


def _is_canonical(condition: Any) -> bool:
    """`1=1`, `1=0`, `0=1`, `1<>1`, `1!=1`, `true`, `false`: as tools write them."""
    node = bare(condition)
    if type(node) in (exp.Boolean, exp.Null):
        return True
    if type(node) not in (exp.EQ, exp.NEQ):
        return False
    sides = [bare(node.this), bare(node.expression)]
    return all(type(side) is exp.Literal and not side.is_string and side.this in ("0", "1") for side in sides)


def _is_empty_list(before: list[Any], operand: Any) -> bool:
    """`x NOT IN (NULL) OR (1 = 1)`."""
    node = bare(before[-1])
    if type(node) is not exp.Not or not _is_canonical(operand):
        return False
    inner = bare(node.this)
    return type(inner) is exp.In and [type(item) for item in inner.expressions] == [exp.Null]


def _literals(node: Any) -> set[str]:
    found = set()
    for inner in walk(node):
        if type(inner) is exp.Literal:
            found.add(str(inner.this))
        elif type(inner) is exp.Null:
            found.add("null")
    return found


def is_constant(node: Any, folder: Folder) -> bool:
    return folder.value(node) is not UNKNOWN
