"""One spelling for PostgreSQL's synonyms, on the tokens.

`CAST(x AS t)`, `DATE 'x'` and `x::t` become `x::t`; `FETCH FIRST n ROWS ONLY` becomes `LIMIT n`; `SUBSTRING(a FROM b)`
becomes `substring(a, b)`; `TABLE t` becomes `SELECT * FROM t`; and so on.  Both what the client wrote and what the
renderer made go through here, so that the two can be compared.

Rules: each token keeps its place in the client's text; a rule never changes what PostgreSQL would do, column names
included; running it again changes nothing.
"""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

from checker import desugar_clauses, desugar_types, desugar_words
from checker.rewriter import Rewriter, Rule

_RULES: dict[TokenType, Rule] = {**desugar_types.RULES, **desugar_words.RULES, **desugar_clauses.RULES}


def desugar(tokens: list[Token], text: str) -> list[Token]:
    """The tokens in one spelling.  Raises: SyntaxProblem."""
    return Rewriter(tokens, text).run(_RULES, desugar_words.before_parenthesis)
