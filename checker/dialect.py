"""PostgreSQL's grammar on sqlglot's parser.

sqlglot's compiled parser cannot be subclassed, and as it stands it forgets things: `SUBSTRING(a FROM b)` and
`substring(a, b)` are one node, `to_char`'s format is rewritten, array subscripts are shifted, a unary plus and
`SELECT ALL` vanish.  So the work is done before it, on the tokens:

- `desugar` puts PostgreSQL's synonyms into one spelling (see desugar.py);
- a called function's name carries CALL_MARK through the parser, so that the call stays a call of just this name
  with just these arguments; `parse` takes the mark off again;
- operators that sqlglot would interpret become `OPERATOR(name)`.

What the parser then drops or changes all the same is found by comparing the rendered tokens with what the client
wrote: see faithful.py.

Left out: session statements, see session_statements.py.
"""

from __future__ import annotations

from typing import Any

from sqlglot import expressions as exp
from sqlglot.dialects.dialect import DialectType
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.tokens import Token, TokenType

from checker.errors import AT_END, SyntaxProblem
from checker.lexer import lex
from checker.rewriter import CALL_MARK


class CheckedPostgres(Postgres):
    """sqlglot's PostgreSQL, for tokens that `desugar` made."""

    INDEX_OFFSET = 0  # subscripts stay as they were written

    def tokenize(self, sql: str, dialect: DialectType = None) -> list[Token]:
        """The parser asks for this where a type may be user-defined: only PostgreSQL's own names are types."""
        return lex(sql)


# The parser may start again where it guessed wrong.  This many nodes, those thrown away included, bound that.
_FIXED_NODES = 2_000
_NODES_PER_TOKEN = 12

_CHECKED = CheckedPostgres()


def parse(tokens: list[Token], text: str) -> exp.Expression:
    """The tree of one query from desugared tokens; the tokens lose their CALL_MARK.  Raises: SyntaxProblem."""
    tree = _parse(_CHECKED, tokens, text)
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        for key, value in node.args.items():
            kind = type(value)
            if kind is str:
                if key == "this" and value.endswith(CALL_MARK):
                    node.args["this"] = value[:-1]
            elif kind is list:
                stack += [item for item in value if isinstance(item, exp.Expression)]
            elif isinstance(value, exp.Expression):
                stack.append(value)
    unmark(tokens)
    return tree


def unmark(tokens: list[Token]) -> list[Token]:
    """Take CALL_MARK off the tokens, in place."""
    for token in tokens:
        if token.text.endswith(CALL_MARK):
            token.text = token.text[:-1]
    return tokens


def _parse(dialect: Postgres, tokens: list[Token], text: str) -> exp.Expression:
    parser = PostgresParser(dialect=dialect, max_nodes=_FIXED_NODES + _NODES_PER_TOKEN * len(tokens))
    try:
        trees = parser.parse(tokens, text)
    except ParseError as error:
        raise _syntax_problem(parser, error, tokens, text) from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Expression):
        raise SyntaxProblem(AT_END, None)
    return trees[0]


def _syntax_problem(
    parser: PostgresParser, error: ParseError, tokens: list[Token], text: str
) -> SyntaxProblem:
    # At the end of its tokens the parser blames the last one: one more tells which of the two it meant.
    if tokens and error.errors and error.errors[0].get("line") == tokens[-1].line:
        end = Token(TokenType.BLOCK_END, "", len(text), 0, len(text), len(text))
        try:
            parser.parse([*tokens, end], text)
        except ParseError as again:
            error = again
    detail = error.errors[0] if error.errors else {}
    description = str(detail.get("description") or "")
    if description.startswith("Maximum number"):
        return SyntaxProblem("statement is too complex", None, "54001")
    expected = f"{description.rstrip('.')}." if description.startswith("Expect") else None
    offset = detail.get("line")  # where lexer.py put the offset
    if description.endswith("after CASE"):  # the parser blames the word before
        offset = next((token.start for token in tokens if token.start > (offset or 0)), None)
    blamed = next((token for token in tokens if token.start == offset), None)
    if blamed is None:
        return SyntaxProblem(AT_END, None, hint=expected)
    word = text[blamed.start : blamed.end + 1]
    return SyntaxProblem(f'syntax error at or near "{word}"', blamed.start, hint=expected)
