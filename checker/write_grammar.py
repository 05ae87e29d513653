"""Tokens -> statements that change rows: INSERT, COPY FROM STDIN, TRUNCATE; what these tables cannot do is refused.

Rules: as in session_grammar.py; a construct that PostgreSQL has and a table of parquet files cannot keep is
`Refused` with 0A000 and names it.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot.tokens import Token, TokenType

from checker import ddl_grammar as ddl
from checker.copy_in_grammar import copy_in_options
from checker.errors import Refused, SyntaxProblem
from checker.reader import Reader
from checker.table_grammar import column_list, relation, unsupported
from checker.write_statements import Analyze, CopyIn, Insert, Truncate, WriteStatement

Parsed = tuple[WriteStatement, list[Token] | None]
"""A statement, and the tokens of the query or of the expressions inside it."""

ROW_CHANGES = frozenset({"update", "delete", "merge"})
_FILES = "tables are files that are only added to"


def parse_write_statement(tokens: list[Token], text: str) -> Parsed | None:
    """None when this is no statement that changes anything.  Raises: SyntaxProblem; Refused."""
    reader = Reader(tokens, text)
    word = reader.word()
    if word in ROW_CHANGES:
        raise Refused(
            "unsupported_write", f"{word.upper()} is not supported: {_FILES}", tokens[0].start, "0A000"
        )
    parser = PARSERS.get(word)
    if parser is None or (word == "copy" and not _copies_in(reader)):
        return None
    reader.at = 1
    parsed = parser(reader)
    reader.end()
    return parsed


def _insert(reader: Reader) -> Parsed:
    reader.expect("into")
    target = relation(reader)
    if reader.word() == "as":
        raise unsupported(reader, "an alias in INSERT")
    columns: tuple[str, ...] = ()
    if reader.word() == "(" and reader.word(1) not in ("select", "values", "with", "table", "("):
        columns = column_list(reader)
    if reader.word() == "overriding":
        raise unsupported(reader, "OVERRIDING")
    if reader.take("default", "values"):
        _refuse_tail(reader, reader.tokens[reader.at :])
        return Insert(target, columns, default_values=True), None
    if reader.word() not in ("select", "values", "with", "table", "("):
        raise reader.unexpected("Expected VALUES or a query.")
    query = reader.rest()
    _refuse_tail(reader, query)
    return Insert(target, columns), query


def _refuse_tail(reader: Reader, tokens: list[Token]) -> None:
    """RETURNING and ON CONFLICT, which end an INSERT."""
    depth = 0
    for index, token in enumerate(tokens):
        if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            continue
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        following = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if depth == 0 and token.text == "returning":
            raise Refused("unsupported_write", f"RETURNING is not supported: {_FILES}", token.start, "0A000")
        if depth == 0 and (token.text, following) == ("on", "conflict"):
            raise Refused(
                "unsupported_write",
                "ON CONFLICT is not supported: tables have no unique keys",
                token.start,
                "0A000",
            )


def _copies_in(reader: Reader) -> bool:
    """Whether this COPY reads from the client: the first FROM or TO outside parentheses says so."""
    depth = 0
    for token in reader.tokens[1:]:
        if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            continue
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 and token.text in ("from", "to"):
            return token.text == "from"
    return False


def _copy(reader: Reader) -> Parsed:
    start = reader.tokens[0].start
    if reader.word() == "binary":  # COPY BINARY t FROM ..., of PostgreSQL before 7.3
        raise unsupported(reader, "COPY BINARY")
    target = relation(reader)
    columns = column_list(reader) if reader.word() == "(" else ()
    reader.expect("from")
    if not reader.take("stdin"):
        where = "PROGRAM" if reader.word() == "program" else "a file"
        raise Refused("copy_file", f"permission denied: COPY FROM {where} is not allowed", start)
    return CopyIn(target, columns, copy_in_options(reader)), None


def _truncate(reader: Reader) -> Parsed:
    reader.take("table")
    reader.take("only")
    target = relation(reader)
    reader.take("*")
    if reader.word() == ",":
        raise unsupported(reader, "TRUNCATE of several tables")
    if reader.take_any("restart", "continue"):
        reader.expect("identity")
    reader.take_any("cascade", "restrict")
    return Truncate(target), None


def _analyze(reader: Reader) -> Parsed:
    if reader.take("("):
        while True:
            name = reader.name()
            if name not in ("verbose", "skip_locked", "buffer_usage_limit"):
                raise SyntaxProblem(
                    f'unrecognized ANALYZE option "{name}"', reader.tokens[reader.at - 1].start
                )
            if reader.word() not in (",", ")"):
                reader.at += 1
            if not reader.take(","):
                break
        reader.expect(")")
    else:
        reader.take("verbose")
    if reader.token is None:
        return Analyze(), None
    reader.take("only")
    target = relation(reader)
    columns = column_list(reader) if reader.word() == "(" else ()
    if reader.word() == ",":
        raise unsupported(reader, "ANALYZE of several tables")
    return Analyze(target, columns), None


PARSERS: dict[str, Callable[[Reader], Parsed]] = {
    "insert": _insert,
    "copy": _copy,
    "truncate": _truncate,
    "analyze": _analyze,
    "analyse": _analyze,
    "create": ddl.create,
    "alter": ddl.alter,
    "drop": ddl.drop,
    "comment": ddl.comment,
}
