"""Tree -> Spark SQL, and the dialect's allowlist of syntax: a node or an argument without a rule is refused.

Rules: names come out in backquotes, strings in one form, words of the grammar bare; nothing is rewritten, left out or
reordered (faithful.py proves it).  Parameters stay `$n`; `filled` puts values in their places.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from sqlglot import expressions as exp
from sqlglot.tokens import TokenType

from checker.spark import write_expressions, write_queries
from checker.spark.lexer import lex
from checker.spark.writer import query

# Importing them is what fills the writer's table.
assert write_expressions
assert write_queries


def to_spark_text(tree: exp.Expression) -> str:
    """Spark SQL that says just what the tree says.  Raises: Unrenderable."""
    return query(tree)


def filled(sql: str, values: Mapping[int, str]) -> str:
    """A written query with `$n` replaced by the values' own Spark SQL.  Raises: KeyError for one that is missing."""
    pieces, at = [], 0
    tokens = lex(sql)
    for token, number in pairwise(tokens):
        if token.token_type is TokenType.PARAMETER:
            pieces += [sql[at : token.start], f"({values[int(number.text)]})"]
            at = token.end + 1
    return "".join([*pieces, sql[at:]])


def limit_parameters(tree: exp.Expression) -> frozenset[int]:
    """The parameters that stand in LIMIT and OFFSET, where Spark takes an INT and nothing else."""
    bounds = [node.expression for node in tree.find_all(exp.Limit, exp.Offset)]
    return frozenset(int(bound.this.this) for bound in bounds if isinstance(bound, exp.Parameter))
