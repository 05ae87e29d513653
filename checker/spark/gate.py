"""The gate for sessions that speak Spark SQL (SET streamlink.dialect = 'spark').

A query, alone or in EXPLAIN, DECLARE, PREPARE or COPY TO, is read as Spark's.  Statements on the session itself, and
what asks the catalogue alone, stay PostgreSQL's, because drivers send them unasked; nothing else runs.  The layers are
those of checker/gate.py, in the same order.

Rules: a text is either read as PostgreSQL's or as Spark's, and passes all layers of that reading.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable

from sqlglot import expressions as exp
from sqlglot.tokens import Token, TokenType

from checker.errors import AT_END, Denial, SyntaxProblem, Unrenderable
from checker.facts import deny_paths
from checker.functions import DENIED, function_kinds, spark_function_kinds
from checker.injection.gather import place
from checker.lexer import lex as lex_postgres
from checker.session_grammar import PARSERS, parse_session_statement
from checker.spark.desugar import desugar
from checker.spark.enforce import TO_POSTGRES
from checker.spark.facts import Found, collect
from checker.spark.faithful import same_tokens
from checker.spark.lexer import check_quotes, lex
from checker.spark.parse import parse
from checker.spark.render import to_spark_text
from checker.spark.words import LITERAL_FUNCTIONS
from checker.verdict import CATALOGUE_SCHEMAS, Allowed, StatementKind
from checker.write_statements import WriteStatement

QUERY_WORDS = frozenset({"select", "values", "with", "("})
_WRAPPERS = frozenset({"explain", "declare", "prepare", "copy"})
_STATE_SCHEMA = "streamlink"
_OF_THE_SESSION = frozenset({"catalogue", "session", "admin"})
"""Kinds of PostgreSQL's functions that speak of the server and not of data."""
_TABLE_FUNCTION = "table"
_WRITE_WORDS = """
insert update delete merge create drop alter truncate replace comment analyze copy load grant revoke
"""
_WRITES = frozenset(_WRITE_WORDS.split())
_COMMAND_WORDS = """
add list cache uncache refresh clear use describe desc msck repair call execute immediate kill unset from table map
reduce transform export import lock unlock
"""
_COMMANDS = frozenset(_COMMAND_WORDS.split())


def stays_postgres(allowed: Allowed) -> bool:
    """Whether a statement that PostgreSQL's reading lets through is none for Spark."""
    if allowed.kind is StatementKind.EMPTY:
        return True
    if isinstance(allowed.statement, WriteStatement):
        return False
    if allowed.statement is not None and (
        allowed.tree is None or allowed.kind in (StatementKind.EXECUTE, StatementKind.SHOW)
    ):
        return True
    facts = allowed.facts
    if facts.relations:
        return all(_is_catalogue(relation.schema, relation.name) for relation in facts.relations)
    kinds = function_kinds()
    return any(kinds.get(function.name) in _OF_THE_SESSION for function in facts.functions)


def _is_catalogue(schema: str | None, name: str) -> bool:
    return name.startswith("pg_") if schema is None else schema in CATALOGUE_SCHEMAS | {_STATE_SCHEMA}


def read(
    text: str, check_tokens: Callable[[list[Token]], None], depth_max: int
) -> tuple[Allowed, list[Token]]:
    """The statement in Spark's reading, and all of its tokens.

    Raises: Denial, SyntaxProblem, Refused.
    """
    lexed = lex(text, doubly_quoted=True)
    tokens = lexed.copy()
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise SyntaxProblem(AT_END, None)
    check_tokens(tokens)
    word = _word(tokens[0])
    if word in QUERY_WORDS:
        return _query(tokens, text, depth_max), lexed
    if word in _WRAPPERS:
        return _wrapped(tokens, text, depth_max), lexed
    raise _no_query(tokens[0], text)


def first_word(text: str) -> str:
    """The first word, in either reading; empty where there is none."""
    for reading in (lex, lex_postgres):
        try:
            tokens = reading(text)
        except SyntaxProblem:
            continue
        return _word(tokens[0]) if tokens else ""
    return ""


def is_session_word(word: str) -> bool:
    """Whether the word begins a statement that PostgreSQL's reading alone knows."""
    return word in PARSERS and word not in _WRAPPERS


def _word(token: Token) -> str:
    return "" if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER) else token.text.lower()


def _no_query(token: Token, text: str) -> Exception:
    word = _word(token)
    if word in _WRITES:
        return _not_spark(word.upper(), "0A000", f"{TO_POSTGRES} to write", token.start + 1)
    if word in _COMMANDS:
        hint = "Only queries run as Spark SQL."
        return Denial(
            "statement_kind",
            "42501",
            f"permission denied: {word.upper()} is not allowed",
            token.start + 1,
            hint,
        )
    return SyntaxProblem(f'syntax error at or near "{text[token.start : token.end + 1]}"', token.start)


def _not_spark(what: str, sqlstate: str, hint: str, position: int | None = 1) -> Denial:
    return Denial("spark_statement", sqlstate, f"{what} does not run as Spark SQL", position, hint)


def _wrapped(tokens: list[Token], text: str, depth_max: int) -> Allowed:
    parsed = parse_session_statement([_folded(token) for token in tokens], text)
    if parsed is None or parsed[1] is None:
        raise _no_query(tokens[0], text)
    statement, folded = parsed
    if not folded:
        raise SyntaxProblem(AT_END, None)
    inner = [token for token in tokens if folded[0].start <= token.start <= folded[-1].start]
    if _word(inner[0]) not in QUERY_WORDS:
        raise _no_query(inner[0], text)
    query = _query(inner, text, depth_max)
    return Allowed(
        statement.kind, statement.to_sql(query.sql), query.tree, statement, query.facts, dialect="spark"
    )


def _folded(token: Token) -> Token:
    """As the statements' parsers want words: in lower case."""
    if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
        return token
    return Token(token.token_type, token.text.lower(), token.line, token.col, token.start, token.end)


def _query(tokens: list[Token], text: str, depth_max: int) -> Allowed:
    check_quotes(tokens, text)
    try:
        return _read_query(tokens, text, depth_max)
    except Unrenderable as problem:
        position = place(problem.node) if isinstance(problem.node, exp.Expression) else None
        reason = f"{problem.construct} is not supported in Spark SQL here"
        raise Denial("unsupported_syntax", "0A000", reason, position) from None


def _read_query(tokens: list[Token], text: str, depth_max: int) -> Allowed:
    written = desugar(tokens, text)
    tree = parse(written, text)
    if not isinstance(tree, exp.Query | exp.Values):
        raise Denial("not_a_query", "0A000", f"{type(tree).__name__} is not supported", tokens[0].start + 1)
    found = collect(tree)
    if found.facts.depth > depth_max:
        raise Denial("too_deep", "54001", f"stack depth limit exceeded: more than {depth_max} levels")
    sql = to_spark_text(tree)
    same, lost = same_tokens(written, desugar(lex(sql), sql))
    if not same or to_spark_text(parse(desugar(lex(sql), sql), sql)) != sql:
        near = f' at or near "{text[lost.start : lost.end + 1]}"' if lost is not None else ""
        place = lost.start + 1 if lost is not None else None
        raise Denial("unfaithful", "0A000", f"syntax that is not supported in Spark SQL here{near}", place)
    deny_paths(found.facts)
    _check_functions(found)
    _check_calls(written, found)
    kind = StatementKind.VALUES if isinstance(tree, exp.Values) else StatementKind.SELECT
    return Allowed(kind, sql, tree, None, found.facts, dialect="spark")


def _check_functions(found: Found) -> None:
    kinds = spark_function_kinds()
    for function in found.facts.functions:
        kind = kinds.get(function.name)
        if kind == DENIED:
            hint = None
            if function.name in LITERAL_FUNCTIONS:
                hint = f"A column of this name needs its table's: t.{function.name}."
            raise Denial(
                "function",
                "42501",
                f"permission denied for function {function.name}",
                function.position,
                hint,
            )
        if kind is None:
            near = difflib.get_close_matches(
                function.name, [n for n, k in kinds.items() if k != DENIED], 1, 0.8
            )
            raise Denial(
                "unknown_function",
                "42883",
                f"function {function.name} does not exist in Spark SQL, or is not allowed",
                function.position,
                f"Perhaps you meant {near[0]}." if near else None,
            )
    for function in found.rows:
        if kinds.get(function.name) != _TABLE_FUNCTION:
            reason = f"permission denied: function {function.name} cannot stand for a table"
            raise Denial("function", "42501", reason, function.position)


def _check_calls(tokens: list[Token], found: Found) -> None:
    """That no word before a parenthesis has got past the facts: as an alias it may, else it was to be a call."""
    called = {function.position for function in found.facts.functions}
    for token in tokens:
        if token.text.endswith("\x00") and token.start + 1 not in called | found.named:
            shown = token.text[:-1]
            raise Denial(
                "unfaithful", "0A000", f"{shown} is not supported in Spark SQL here", token.start + 1
            )
