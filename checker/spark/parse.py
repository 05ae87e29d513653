"""Desugared tokens -> sqlglot's tree, and the facts that positions in errors rest on."""

from __future__ import annotations

from typing import Any

from sqlglot import expressions as exp
from sqlglot.dialects.dialect import DialectType
from sqlglot.dialects.spark import Spark
from sqlglot.errors import ParseError
from sqlglot.parsers.spark import SparkParser
from sqlglot.tokens import Token, TokenType

from checker.errors import AT_END, SyntaxProblem


class CheckedSpark(Spark):
    """sqlglot's Spark, for tokens that `desugar` made."""

    INDEX_OFFSET = 0  # subscripts stay as they were written

    def tokenize(self, sql: str, dialect: DialectType = None) -> list[Token]:
        """The parser asks for this where a name may be a type: types are atoms, so none is."""
        return [Token(TokenType.VAR, sql)]

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        """For `a -> 'b'`, which is refused later: it would log what it cannot read."""
        return path


_DIALECT = CheckedSpark()
# The parser may start again where it guessed wrong.  This many nodes, those thrown away included, bound that.
_FIXED_NODES = 2_000
_NODES_PER_TOKEN = 12


def parse(tokens: list[Token], text: str) -> exp.Expression:
    """The tree of one query.  Raises: SyntaxProblem."""
    parser = SparkParser(dialect=_DIALECT, max_nodes=_FIXED_NODES + _NODES_PER_TOKEN * len(tokens))
    try:
        trees = parser.parse(tokens, text)
    except ParseError as error:
        raise _syntax_problem(error, tokens, text) from None
    except (TypeError, AttributeError):
        # Its own nodes do not take what it has read.
        raise SyntaxProblem("syntax error", tokens[0].start if tokens else None) from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Expression):
        raise SyntaxProblem(AT_END, None)
    return trees[0]


def _syntax_problem(error: ParseError, tokens: list[Token], text: str) -> SyntaxProblem:
    detail: dict[str, Any] = dict(error.errors[0]) if error.errors else {}
    if str(detail.get("description") or "").startswith("Maximum number"):
        return SyntaxProblem("statement is too complex", None, "54001")
    # lexer.py has put the offset where sqlglot keeps the line.
    blamed = next((token for token in tokens if token.start == detail.get("line")), None)
    if blamed is None:
        return SyntaxProblem(AT_END, None)
    return SyntaxProblem(f'syntax error at or near "{text[blamed.start : blamed.end + 1]}"', blamed.start)
