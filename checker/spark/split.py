"""One query string -> its statements, by Spark's lexical rules; see checker/split.py.

Rules: what begins with `nl:` is prose, as there.  A text that Spark's rules cannot read is split by PostgreSQL's, since
drivers send PostgreSQL's statements between the queries.
"""

from __future__ import annotations

from checker.errors import SyntaxProblem
from checker.spark.lexer import lex, semicolons
from checker.split import PROSE, Statement
from checker.split import split as split_postgres

_BLANK = " \t\n\r\f\v"


def split(text: str) -> list[Statement]:
    """Raises: SyntaxProblem, that of Spark's rules."""
    try:
        ends = [*semicolons(text), len(text)]
        pieces = _pieces(text, ends)
    except SyntaxProblem as problem:
        try:
            return split_postgres(text)
        except SyntaxProblem:
            raise problem from None
    if any(PROSE.match(piece.text) for piece in pieces):
        return split_postgres(text)
    return pieces


def _pieces(text: str, ends: list[int]) -> list[Statement]:
    pieces, begin = [], 0
    for end in ends:
        start = begin + len(text[begin:end]) - len(text[begin:end].lstrip(_BLANK))
        if start < end:
            kept = text[start:end].rstrip(_BLANK)
            pieces.append(Statement(kept, start, end, "sql" if lex(kept, doubly_quoted=True) else "empty"))
        begin = end + 1
    return pieces
