"""What an expression is worth whatever the rows are: constant folding, for conditions that an attacker makes true.

Rules: folding is loose, as the engines that attacks were written for are: `'1' = 1` is true here.  What is not
certainly constant is UNKNOWN.  A comparison of a thing with itself counts as constant, and so does `x OR NOT x`.
Each node is folded once, and at most MAX_DEPTH levels deep.

Left out: what a constant condition means for its statement, see conditions.py.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from sqlglot import expressions as exp


class Unknown(Enum):
    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN
Value = str | int | float | bool | None | Unknown
MAX_DEPTH = 100
"""Levels.  Deeper constants are no honest work, and no attack needs them."""
_LONGEST = 10_000
"""Characters of a folded string."""


class Folder:
    """Folds the nodes of one statement, each once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Value, object]] = {}

    def value(self, node: Any, depth: int = 0) -> Value:
        """The constant that a node is worth, or UNKNOWN."""
        known = self._known.get(id(node))
        if known is not None:
            return known[0]
        found: Value = UNKNOWN
        rule = _RULES.get(type(node))
        if rule is not None and depth < MAX_DEPTH:
            try:
                found = rule(self, node, depth + 1)
            except (ArithmeticError, ValueError, TypeError, LookupError):
                found = UNKNOWN
        self._known[id(node)] = (found, node)  # the node is kept so that its id stays its own
        return found

    def truth(self, node: Any, depth: int = 0) -> bool | None:
        """Whether a condition holds for every row (True), for none (False), or depends on the row (None)."""
        value = self.value(node, depth)
        if value is UNKNOWN:
            return None
        if value is None:
            return False
        return _as_bool(value)


def flatten(node: Any, kind: type[exp.Expression]) -> Iterator[Any]:
    """The operands of a chain of one connective, from left to right; parentheses are looked through."""
    stack = [node]
    while stack:
        current = stack.pop()
        inner = bare(current)
        if type(inner) is kind:
            stack.append(inner.expression)
            stack.append(inner.this)
        else:
            yield current


def bare(node: Any) -> Any:
    """The node without parentheses around it."""
    while type(node) is exp.Paren:
        node = node.this
    return node


def _as_bool(value: Value) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value != 0
    if isinstance(value, str):
        text = value.strip().lower()
        if text in ("t", "true", "y", "yes", "on"):
            return True
        if text in ("f", "false", "n", "no", "off"):
            return False
        number = _number(text)
        return None if number is None else number != 0
    return None


def _number(value: Value) -> int | float | None:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and len(value) < 40:
        try:
            return int(value, 16) if value[:2] in ("0x", "0X") else float(value)
        except ValueError:
            return None
    return None


def _literal(folder: Folder, node: Any, depth: int) -> Value:
    text = str(node.this)
    if node.is_string:
        return text
    if len(text) > 300:
        return UNKNOWN
    try:
        return int(text, 0) if text[:2] in ("0x", "0X") else int(text)
    except ValueError:
        return float(text)


def _connective(folder: Folder, node: Any, depth: int) -> Value:
    decisive = type(node) is exp.Or
    operands = list(flatten(node, type(node)))
    truths = [folder.truth(operand, depth) for operand in operands]
    if decisive in truths:
        return decisive
    if complementary(operands):
        return decisive
    return UNKNOWN if None in truths else not decisive


def complementary(operands: list[Any]) -> bool:
    """`x` and `NOT x` side by side, `x IS NULL` and `x IS NOT NULL` among them."""
    if len(operands) > 20:
        return False
    plain: list[Any] = []
    negated: list[Any] = []
    for operand in map(bare, operands):
        is_negated = False
        while type(operand) is exp.Not:
            operand, is_negated = bare(operand.this), not is_negated
        if type(operand) is exp.Is and operand.args.get("negate"):
            is_negated = not is_negated
        (negated if is_negated else plain).append(operand)
    return any(same(one, other) for one in plain for other in negated)


def same(one: Any, other: Any) -> bool:
    one, other = bare(one), bare(other)
    if type(one) is not type(other):
        return False
    if type(one) is exp.Is:
        return same(one.this, other.this) and bool(one.expression == other.expression)
    if type(one) is exp.Column:
        return [part.name.lower() for part in one.parts] == [part.name.lower() for part in other.parts]
    if type(one) in _COMPARISONS:
        return same(one.this, other.this) and same(one.expression, other.expression)
    return type(one) is exp.Literal and bool(one == other)


def _comparison(folder: Folder, node: Any, depth: int) -> Value:
    left, right = bare(node.this), bare(node.expression)
    if type(left) is exp.Column and same(left, right):
        return type(node) in _REFLEXIVE
    one, other = folder.value(left, depth), folder.value(right, depth)
    if UNKNOWN in (one, other):
        return UNKNOWN
    if type(node) in (exp.NullSafeEQ, exp.NullSafeNEQ) and None in (one, other):
        return (one is other) == (type(node) is exp.NullSafeEQ)
    if None in (one, other):
        return None
    if isinstance(one, str) and isinstance(other, str):
        return bool(_COMPARISONS[type(node)](one, other))
    first, second = _number(one), _number(other)
    if first is None or second is None:
        return UNKNOWN
    return bool(_COMPARISONS[type(node)](first, second))


def _not(folder: Folder, node: Any, depth: int) -> Value:
    value = folder.value(node.this, depth)
    if value is UNKNOWN or value is None:
        return value
    truth = _as_bool(value)
    return UNKNOWN if truth is None else not truth


def _is(folder: Folder, node: Any, depth: int) -> Value:
    value = folder.value(node.this, depth)
    if value is UNKNOWN:
        return UNKNOWN
    wanted = folder.value(node.expression, depth)
    if wanted is UNKNOWN:
        return UNKNOWN
    holds = value is None if wanted is None else _as_bool(value) is wanted
    return holds != bool(node.args.get("negate"))


def _in(folder: Folder, node: Any, depth: int) -> Value:
    items = node.expressions
    left = bare(node.this)
    if not items or len(items) > 100:
        return UNKNOWN
    if type(left) is exp.Column and any(same(left, item) for item in items):
        return True
    value = folder.value(left, depth)
    values = [folder.value(item, depth) for item in items]
    if value is UNKNOWN or value is None:
        return UNKNOWN
    if any(other is not UNKNOWN and str(other) == str(value) for other in values):
        return True
    return UNKNOWN if UNKNOWN in values else False


def _between(folder: Folder, node: Any, depth: int) -> Value:
    left = bare(node.this)
    low, high = bare(node.args.get("low")), bare(node.args.get("high"))
    if type(left) is exp.Column:
        return True if same(left, low) and same(left, high) else UNKNOWN
    values = [folder.value(part, depth) for part in (left, low, high)]
    if UNKNOWN in values or None in values:
        return UNKNOWN
    if all(isinstance(value, str) for value in values):
        return values[1] <= values[0] <= values[2]  # type: ignore[operator]
    numbers = [_number(value) for value in values]
    if None in numbers:
        return UNKNOWN
    return numbers[1] <= numbers[0] <= numbers[2]  # type: ignore[operator]


def _like(folder: Folder, node: Any, depth: int) -> Value:
    value, pattern = folder.value(node.this, depth), folder.value(node.expression, depth)
    if not isinstance(pattern, str):
        return UNKNOWN
    if pattern and not pattern.strip("%"):
        return True  # LIKE '%' fits everything
    if not isinstance(value, str):
        return UNKNOWN
    if not pattern.strip("%_"):
        return UNKNOWN
    parts = [part for part in pattern.replace("_", "%").split("%") if part]
    lower = value.lower() if type(node) is exp.ILike else value
    return all((part.lower() if type(node) is exp.ILike else part) in lower for part in parts)


def _arithmetic(folder: Folder, node: Any, depth: int) -> Value:
    one, other = folder.value(node.this, depth), folder.value(node.expression, depth)
    if type(node) is exp.Add and isinstance(one, str) and isinstance(other, str):
        joined = _joined(one, other)  # SQL Server's concatenation
        return joined if _number(one) is None else UNKNOWN
    if UNKNOWN in (one, other):
        return UNKNOWN
    if None in (one, other):
        return None
    first, second = _number(one), _number(other)
    if first is None or second is None or max(abs(first), abs(second)) > 1e15:
        return UNKNOWN
    found = _ARITHMETIC[type(node)](first, second)
    return found if isinstance(found, int | float) else UNKNOWN


def _concatenation(folder: Folder, node: Any, depth: int) -> Value:
    return _joined(folder.value(node.this, depth), folder.value(node.expression, depth))


def _joined(*values: Value) -> Value:
    if UNKNOWN in values:
        return UNKNOWN
    if None in values:
        return None
    text = "".join(str(value) for value in values)
    return text if len(text) <= _LONGEST else UNKNOWN


def _negative(folder: Folder, node: Any, depth: int) -> Value:
    number = _number(folder.value(node.this, depth))
    return UNKNOWN if number is None else -number


def _cast(folder: Folder, node: Any, depth: int) -> Value:
    value = folder.value(node.this, depth)
    if value is UNKNOWN or value is None:
        return value
    kind = str(node.args["to"]).lower()
    if kind.startswith(("int", "bigint", "smallint", "decimal", "numeric", "double", "float", "signed")):
        number = _number(value)
        return UNKNOWN if number is None else number
    if kind.startswith("bool"):
        truth = _as_bool(value)
        return UNKNOWN if truth is None else truth
    return str(value) if kind.startswith(("text", "varchar", "char")) else UNKNOWN


def _case(folder: Folder, node: Any, depth: int) -> Value:
    subject = node.args.get("this")
    for branch in node.args.get("ifs") or []:
        if subject is None:
            truth = folder.truth(branch.this, depth)
        else:
            one, other = folder.value(subject, depth), folder.value(branch.this, depth)
            truth = None if UNKNOWN in (one, other) else one == other
        if truth is None:
            return UNKNOWN
        if truth:
            return folder.value(branch.args.get("true"), depth)
    default = node.args.get("default")
    return None if default is None else folder.value(default, depth)


def _subquery(folder: Folder, node: Any, depth: int) -> Value:
    """`(SELECT 1)` is 1."""
    query = node.this
    if type(query) is not exp.Select or query.args.get("from_") or query.args.get("where"):
        return UNKNOWN
    items = query.expressions
    return folder.value(_unaliased(items[0]), depth) if len(items) == 1 else UNKNOWN


def _exists(folder: Folder, node: Any, depth: int) -> Value:
    query = node.this.this if type(node.this) is exp.Subquery else node.this
    is_constant = type(query) is exp.Select and not (query.args.get("from_") or query.args.get("where"))
    return True if is_constant else UNKNOWN


def _unaliased(node: Any) -> Any:
    return node.this if type(node) is exp.Alias else node


def _call(folder: Folder, node: Any, depth: int) -> Value:
    function = _FUNCTIONS.get(str(node.name).lower())
    if function is None or len(node.expressions) > 50:
        return UNKNOWN
    values = [folder.value(argument, depth) for argument in node.expressions]
    return UNKNOWN if UNKNOWN in values or None in values else function(*values)


def _substring(text: Any, start: Any = 1, length: Any = None) -> str:
    begin = max(int(start) - 1, 0)
    return str(text)[begin : None if length is None else begin + int(length)]


_COMPARISONS: dict[type[exp.Expression], Callable[[Any, Any], bool]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
    exp.NullSafeEQ: operator.eq,
    exp.NullSafeNEQ: operator.ne,
}
_REFLEXIVE = frozenset({exp.EQ, exp.GTE, exp.LTE, exp.NullSafeEQ})
_ARITHMETIC: dict[type[exp.Expression], Callable[[Any, Any], Any]] = {
    exp.Add: operator.add,
    exp.Sub: operator.sub,
    exp.Mul: operator.mul,
    exp.Div: operator.truediv,
    exp.Mod: operator.mod,
}
_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "abs": lambda x: abs(_number(x) or 0),
    "ascii": lambda x: ord(str(x)[0]),
    "char": lambda *codes: "".join(chr(int(code)) for code in codes),
    "chr": lambda code: chr(int(code)),
    "coalesce": lambda *values: values[0],
    "concat": _joined,
    "ifnull": lambda value, _: value,
    "left": lambda text, count: str(text)[: max(int(count), 0)],
    "length": lambda text: len(str(text)),
    "len": lambda text: len(str(text)),
    "lower": lambda text: str(text).lower(),
    "ltrim": lambda text: str(text).lstrip(),
    "mid": _substring,
    "pi": lambda: 3.141592653589793,
    "reverse": lambda text: str(text)[::-1],
    "right": lambda text, count: str(text)[-int(count) :] if int(count) > 0 else "",
    "rtrim": lambda text: str(text).rstrip(),
    "sign": lambda x: ((_number(x) or 0) > 0) - ((_number(x) or 0) < 0),
    "substr": _substring,
    "substring": _substring,
    "trim": lambda text: str(text).strip(),
    "upper": lambda text: str(text).upper(),
}
_RULES: dict[type[exp.Expression], Callable[[Folder, Any, int], Value]] = {
    exp.Literal: _literal,
    exp.BitString: lambda folder, node, depth: str(node.this),
    exp.HexString: lambda folder, node, depth: str(node.this),
    exp.Boolean: lambda folder, node, depth: bool(node.this),
    exp.Null: lambda folder, node, depth: None,
    exp.Paren: lambda folder, node, depth: folder.value(node.this, depth),
    exp.And: _connective,
    exp.Or: _connective,
    exp.Not: _not,
    exp.Is: _is,
    exp.In: _in,
    exp.Between: _between,
    exp.Like: _like,
    exp.ILike: _like,
    exp.DPipe: _concatenation,
    exp.Neg: _negative,
    exp.Cast: _cast,
    exp.Case: _case,
    exp.Subquery: _subquery,
    exp.Exists: _exists,
    exp.Anonymous: _call,
    **dict.fromkeys(_COMPARISONS, _comparison),
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
}
