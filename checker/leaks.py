"""Whether a statement holds anything that may raise an error on some value: PostgreSQL's `leakproof`, by allowlist.

An error tells that a row with a certain value was seen.  Rules: unknown may raise.  Arithmetic may (overflow, division
by zero), casts of columns may, a scalar subquery may (more than one row); comparisons, boolean operators and
aggregates, which no engine moves below a filter, may not.
Source: pg_proc.proleakproof of PostgreSQL 18, and ANSI mode of Spark 4.
"""

from __future__ import annotations

from sqlglot import expressions as exp

_STRUCTURE = (
    exp.Select, exp.Subquery, exp.SetOperation, exp.Values, exp.Tuple, exp.With, exp.CTE, exp.From, exp.Join, exp.Where,
    exp.Having, exp.Group, exp.GroupingSets, exp.Rollup, exp.Cube, exp.Order, exp.Ordered, exp.Limit, exp.Offset,
    exp.Distinct, exp.Table, exp.TableAlias, exp.Alias, exp.Lateral, exp.Window, exp.WindowSpec, exp.Filter,
    exp.WithinGroup, exp.Column, exp.Identifier, exp.Star, exp.Literal, exp.Null, exp.Boolean, exp.Paren, exp.Var,
    exp.DataType, exp.DataTypeParam, exp.Parameter,
)  # fmt: skip
_OPERATORS = (
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.Is, exp.In, exp.Between, exp.Exists, exp.Case, exp.If, exp.DPipe,
    exp.CurrentDate, exp.CurrentTimestamp, exp.Localtimestamp, exp.CurrentUser, exp.SessionUser,
)  # fmt: skip
_SAFE = frozenset((*_STRUCTURE, *_OPERATORS))
_CALLS = """
    count sum avg min max any_value bool_and bool_or every stddev stddev_pop stddev_samp variance var_pop var_samp
    string_agg array_agg row_number rank dense_rank percent_rank cume_dist lag lead first_value last_value
    coalesce nullif greatest least lower upper length char_length character_length btrim ltrim rtrim concat
    replace starts_with now
    """
_SAFE_CALLS = frozenset(_CALLS.split())
_AROUND_QUERIES = (
    exp.From,
    exp.Join,
    exp.Subquery,
    exp.In,
    exp.Exists,
    exp.SetOperation,
    exp.CTE,
    exp.Lateral,
)


def may_raise(tree: exp.Expression) -> bool:
    """Whether something in the query may raise on a value of a row."""
    return any(not _is_safe(node) for node in tree.walk())


def _is_safe(node: exp.Expr) -> bool:
    kind = type(node)
    if isinstance(node, exp.Query) and node.parent is not None:
        return isinstance(node.parent, _AROUND_QUERIES)  # elsewhere it is a scalar
    if kind in _SAFE or isinstance(node, exp.SetOperation):
        return True
    if kind is exp.Anonymous:
        return isinstance(node.this, str) and node.this in _SAFE_CALLS
    if isinstance(node, exp.Cast):
        return isinstance(node.this, exp.Literal | exp.Null)
    if isinstance(node, exp.Like | exp.ILike):
        pattern = node.expression
        return isinstance(pattern, exp.Literal) and "\\" not in pattern.this
    return False
