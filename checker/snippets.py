"""SQL that does not come from a client: conditions of a policy and views' queries, read by the same grammar.

Rules: the same proof as for a client's statement, that the tree holds the text's tokens and no others; functions that
the gate does not know are refused here too.  What cannot be read raises Unreadable; who asks decides what that means.
"""

from __future__ import annotations

from functools import lru_cache

from sqlglot import expressions as exp
from sqlglot.tokens import TokenType

from checker import dialect as pg
from checker.desugar import desugar
from checker.errors import Refused, SyntaxProblem, Unrenderable
from checker.facts import collect
from checker.faithful import same_tokens
from checker.functions import DENIED, FIELD, function_kinds
from checker.lexer import lex
from checker.render import to_postgres

_KEPT = 512


class Unreadable(Exception):
    """A text that our grammar does not take, or takes differently."""


@lru_cache(_KEPT)
def query_tree(text: str) -> exp.Expression:
    """The tree of one query, not to be changed.  Raises: Unreadable."""
    try:
        desugared = desugar(lex(text), text)
        tree = pg.parse(desugared, text)
        written = to_postgres(tree)
        same, _ = same_tokens(desugared, pg.unmark(desugar(lex(written), written)))
    except (SyntaxProblem, Refused, Unrenderable, RecursionError) as problem:
        raise Unreadable(str(problem)) from None
    if not same or not isinstance(tree, exp.Query | exp.Values):
        raise Unreadable("not a query that can be written again")
    facts, kinds = collect(tree), function_kinds()
    for function in facts.functions:
        if function.schema is not None or kinds.get(function.name) in (None, DENIED, FIELD):
            raise Unreadable(f"function {function.name}")
    if facts.parameters or facts.settings_written:
        raise Unreadable("a parameter or a setting")
    return tree


@lru_cache(_KEPT)
def expression_text(text: str) -> str:
    """One expression in parentheses, which cannot reach out of them.  Raises: Unreadable."""
    try:
        tokens = lex(text)
    except SyntaxProblem as problem:
        raise Unreadable(str(problem)) from None
    depth = 0
    for token in tokens:
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth < 0 or token.token_type is TokenType.SEMICOLON:
            raise Unreadable("unbalanced parentheses")
    if depth or not tokens:
        raise Unreadable("unbalanced parentheses")
    return f"({text}\n)"
