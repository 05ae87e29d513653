"""The gate: one statement's text -> Allowed or Denied.

The layers, each of which can only deny: limits on the text; PostgreSQL's lexical rules; the statement's kind; the
grammar; the proof that the tree, written out again, is what the client wrote; the functions that it calls; what of it
an attacker would write (injection/); and, where it is known who asks, that user's grants (write_rights.py, enforce.py),
which may also rewrite the tree.

Rules: unknown is denied, and so is anything that goes wrong in here: `check` never raises.  A denial says which words
it disliked, with their place in the client's text.

Left out: the judge.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import expressions as exp
from sqlglot.tokens import Token, TokenType

from checker import dialect as pg
from checker.context import Context, InjectionLimits
from checker.desugar import desugar
from checker.enforce import enforce
from checker.errors import AT_END, Denial, Refused, SyntaxProblem, Unrenderable
from checker.facts import collect, deny_paths, position_of
from checker.functions import ADMIN, DENIED, FIELD, function_kinds
from checker.injection import judge_statement, judge_text, moved, score
from checker.lexer import lex
from checker.render import same_tokens, to_postgres
from checker.session_grammar import parse_session_statement
from checker.session_statements import Explain, SessionStatement, Set
from checker.settings_grammar import check_setting
from checker.spark import enforce as spark_rights
from checker.spark import gate as spark
from checker.verdict import Allowed, Denied, Dialect, Facts, StatementKind, Verdict
from checker.words import OTHER_COMMANDS
from checker.write_grammar import PARSERS, parse_write_statement
from checker.write_rights import may_write, written
from checker.write_statements import AddColumn, CreateTable, CreateTableAs, Insert, WriteStatement

_QUERY_WORDS = frozenset({"select", "values", "with", "table", "("})
_WRITES = frozenset({"insert", "update", "delete", "merge"})
_LOCKS = frozenset({"update", "share", "no", "key"})
_FUNCTION_SCHEMAS = frozenset({None, "pg_catalog", "information_schema"})
STATE_SCHEMA = "streamlink"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a statement may be before it is parsed.

    Units: characters, tokens, open parentheses (brackets and CASE count too), tree nodes, tree levels.
    """

    statement_chars: int = 65_536
    tokens: int = 20_000
    nesting: int = 200
    prefixes: int = 50
    depth: int = 2_000


@dataclass(frozen=True, slots=True)
class Gate:
    """The first gate: by allowlists of syntax and functions, and by the rights to write."""

    limits: Limits = field(default_factory=Limits)

    def check(
        self,
        statement: str,
        context: Context | None = None,
        *,
        base_position: int = 0,
        parameters_allowed: bool = True,
        dialect: Dialect = "postgres",
    ) -> Verdict:
        """The verdict on one statement, as `split` cuts them.

        Without a context it speaks of the statement alone: what nobody may run is denied, nobody may write, and what a
        role with the default limits on injection may not run is denied.
        Units: `base_position` is the statement's offset in the client's text, added to every position.
        """
        try:
            check = self._check if dialect == "postgres" else self._check_spark
            verdict = check(statement, context, parameters_allowed)
            _check_administrator(verdict, context)
            if context is not None and isinstance(verdict, Allowed) and verdict.dialect == "spark":
                verdict = spark_rights.enforce(verdict, context)
            elif context is not None and isinstance(verdict, Allowed):
                asked, verdict = verdict.tree, enforce(verdict, context)
                if isinstance(verdict, Allowed) and verdict.tree is not asked:
                    verdict = replace(verdict, asked=asked)
        except Denial as denial:
            verdict = denial.verdict
        except (SyntaxProblem, Refused) as problem:
            verdict = _denied_by(problem, statement)
        except Unrenderable as problem:
            verdict = Denied(
                "unsupported_syntax",
                "0A000",
                f"{problem.construct} is not supported",
                position_of(problem.node) if problem.node is not None else None,
            )
        except RecursionError:
            verdict = Denied(
                "too_deep", "54001", "stack depth limit exceeded: the statement is nested too deeply"
            )
        except Exception as failure:  # a gate that fails is closed
            verdict = Denied(
                "gate_failure", "XX000", f"the gate could not check this statement ({type(failure).__name__})"
            )
        if isinstance(verdict, Denied) and not verdict.findings:
            verdict = _with_suspicion(verdict, statement, context)
        return _moved(verdict, base_position) if base_position else verdict

    def _check(self, text: str, context: Context | None, parameters_allowed: bool) -> Verdict:
        self._check_text(text)
        tokens = lex(text)
        end = tokens[-1].end + 1 if tokens else 0
        while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
            tokens.pop()
        if not tokens:
            return _with_injection(Allowed(StatementKind.EMPTY, ""), text, end, context)
        self._check_tokens(tokens)
        first = tokens[0]
        word = "" if first.token_type in (TokenType.STRING, TokenType.IDENTIFIER) else first.text
        if word in _QUERY_WORDS:
            verdict = self._query(tokens, text)
        elif context is not None and may_write(context) and (parsed := parse_write_statement(tokens, text)):
            verdict = self._write(*parsed, text, context)
        else:
            verdict = self._session_statement(tokens, text, word, writes=may_write(context))
        if not parameters_allowed:
            _check_parameters(verdict, tokens)
        return _with_injection(verdict, text, end, context)

    def _check_spark(self, text: str, context: Context | None, parameters_allowed: bool) -> Verdict:
        """A query in Spark SQL; what is none for Spark in PostgreSQL's reading."""
        self._check_text(text)
        try:
            verdict = self._check(text, context, parameters_allowed)
            if isinstance(verdict, Allowed) and spark.stays_postgres(verdict):
                return verdict
        except (SyntaxProblem, Refused, Unrenderable, Denial):
            if spark.is_session_word(spark.first_word(text)):
                raise
        allowed, tokens = spark.read(text, self._check_tokens, self.limits.depth)
        if not parameters_allowed:
            _check_parameters(allowed, tokens)
        return _with_injection(allowed, text, tokens[-1].end + 1, context)

    # -- before parsing ------------------------------------------------------------------------------------

    def _check_text(self, text: str) -> None:
        if len(text) > self.limits.statement_chars:
            raise Denial(
                "too_long",
                "54000",
                f"statement of {len(text)} characters is longer than the limit of {self.limits.statement_chars}",
            )
        if "\x00" in text:
            raise Denial(
                "nul", "22021", 'invalid byte sequence for encoding "UTF8": 0x00', text.index("\x00") + 1
            )
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise Denial(
                "encoding", "22021", 'invalid byte sequence for encoding "UTF8"', error.start + 1
            ) from None

    def _check_tokens(self, tokens: list[Token]) -> None:
        if len(tokens) > self.limits.tokens:
            raise Denial("too_many_tokens", "54000", f"statement has more than {self.limits.tokens} tokens")
        depth = prefixes = 0
        for token in tokens:
            kind = token.token_type
            if kind not in _COUNTED:
                prefixes = 0
                continue
            if kind is TokenType.SEMICOLON:
                raise Denial("stacked", "42601", 'syntax error at or near ";"', token.start + 1)
            if kind in _OPENERS:
                depth += 1
                if depth > self.limits.nesting:
                    raise Denial(
                        "too_deep",
                        "54001",
                        f"stack depth limit exceeded: more than {self.limits.nesting} levels of nesting",
                        token.start + 1,
                    )
            elif kind in _CLOSERS and depth:
                depth -= 1
            prefixes = prefixes + 1 if kind in _PREFIXES else 0
            if prefixes > self.limits.prefixes:
                raise Denial("too_deep", "54001", "too many operators in a row", token.start + 1)

    # -- kinds ---------------------------------------------------------------------------------------------

    def _query(self, tokens: list[Token], text: str) -> Allowed:
        _refuse_writes(tokens)
        desugared = desugar(tokens, text)
        first = _first_word(desugared)
        tree = pg.parse(desugared, text)
        if not isinstance(tree, exp.Query | exp.Values):
            raise Denial(
                "not_a_query", "0A000", f"{type(tree).__name__} is not supported", tokens[0].start + 1
            )
        facts = collect(tree)
        if facts.depth > self.limits.depth:
            raise Denial(
                "too_deep", "54001", f"stack depth limit exceeded: more than {self.limits.depth} levels"
            )
        sql = to_postgres(tree)
        same, lost = same_tokens(desugared, pg.unmark(desugar(lex(sql), sql)))
        if not same:
            near = f' at or near "{text[lost.start : lost.end + 1]}"' if lost is not None else ""
            raise Denial(
                "unfaithful",
                "0A000",
                f"syntax that is not supported{near}",
                lost.start + 1 if lost is not None else None,
                "A JOIN needs ON or USING." if lost is not None and lost.text == "join" else None,
            )
        deny_paths(facts)
        _check_functions(facts)
        _check_set_config(tree, facts)
        kind = StatementKind.VALUES if first == "values" else StatementKind.SELECT
        return Allowed(kind, sql, tree, None, facts)

    def _session_statement(self, tokens: list[Token], text: str, word: str, *, writes: bool) -> Allowed:
        parsed = parse_session_statement(tokens, text)
        if parsed is None:
            raise _unknown_statement(tokens[0], text, word)
        statement, inner = parsed
        if inner is None:
            settings = (statement.name,) if isinstance(statement, Set) else ()
            facts = Facts(settings_written=settings)
            return Allowed(_kind_of(statement), statement.to_sql(), None, statement, facts)
        return self._wrapped(statement, inner, text, writes=writes)

    def _write(
        self, statement: WriteStatement, inner: list[Token] | None, text: str, context: Context
    ) -> Allowed:
        changes = written(statement, context)
        if inner is None:
            return Allowed(statement.kind, statement.to_sql(), None, statement, Facts(written=changes))
        if not inner:
            raise SyntaxProblem("syntax error at end of input", None)
        word = inner[0].text if inner[0].token_type is not TokenType.IDENTIFIER else ""
        if word not in _QUERY_WORDS:
            raise _unknown_statement(inner[0], text, word)
        query = self._query(inner, text)
        tree = query.tree
        assert tree is not None
        if isinstance(statement, CreateTable | AddColumn):
            sql = statement.to_sql(defaults=tuple(to_postgres(item) for item in tree.expressions))
        else:
            sql = statement.to_sql(query.sql)
        if query.facts.parameters and not isinstance(statement, Insert | CreateTableAs):
            number = query.facts.parameters[0]
            raise Denial("parameter", "42P02", f"there is no parameter ${number}")
        facts = replace(query.facts, written=changes)
        return Allowed(statement.kind, sql, tree, statement, facts)

    def _wrapped(
        self, statement: SessionStatement, inner: list[Token], text: str, *, writes: bool
    ) -> Allowed:
        if not inner:
            raise SyntaxProblem(AT_END, None)
        word = inner[0].text if inner[0].token_type is not TokenType.IDENTIFIER else ""
        if word not in _QUERY_WORDS:
            if isinstance(statement, Explain) and parse_session_statement(inner, text) is not None:
                raise Denial(
                    "explain", "0A000", f"EXPLAIN of {word.upper()} is not supported", inner[0].start + 1
                )
            if writes and word in PARSERS:
                what = f"{statement.kind.value} of {word.upper()} is not supported"
                raise Denial("unsupported_write", "0A000", what, inner[0].start + 1)
            raise _unknown_statement(inner[0], text, word)
        query = self._query(inner, text)
        sql = statement.to_sql(query.sql)
        return Allowed(_kind_of(statement), sql, query.tree, statement, query.facts)


_UNSUSPECTED = frozenset({"too_long", "too_many_tokens", "gate_failure"})
"""Denials of texts that nobody should spend more time on."""


def _limits(context: Context | None) -> InjectionLimits:
    return InjectionLimits() if context is None else context.grants.injection


def _with_injection(verdict: Allowed, text: str, end: int, context: Context | None) -> Verdict:
    """An allowed statement with its findings, or its denial if they weigh enough.

    Units: `end` is the offset of the end of the last token.
    """
    is_application = context is not None and (context.grants.application or not context.grants.catalogue)
    findings = judge_statement(verdict.tree, text, end, is_application=is_application)
    if not findings:
        return verdict
    if score(findings) < _limits(context).deny_at:
        return replace(verdict, findings=findings)
    first = findings[0]
    return Denied(
        "injection",
        "42501",
        f"permission denied: this looks like an injection: {first.reason}",
        first.position,
        "An administrator can raise the role's limit on injection.",
        findings,
    )


def _with_suspicion(verdict: Denied, text: str, context: Context | None) -> Denied:
    """A denial with the findings on its text, where they tell an attack from a mistake."""
    if verdict.code in _UNSUSPECTED:
        return verdict
    try:
        weight, findings = judge_text(text)
    except Exception:  # it is denied anyway
        return verdict
    return replace(verdict, findings=findings) if weight >= _limits(context).uncertain_at else verdict


def _moved(verdict: Verdict, offset: int) -> Verdict:
    if verdict.findings:
        verdict = replace(verdict, findings=moved(verdict.findings, offset))
    if isinstance(verdict, Denied) and verdict.position is not None:
        verdict = replace(verdict, position=verdict.position + offset)
    return verdict


_OPENERS = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.CASE})
_CLOSERS = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.END})
_PREFIXES = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE})
_COUNTED = _OPENERS | _CLOSERS | _PREFIXES | {TokenType.SEMICOLON}


def _denied_by(problem: SyntaxProblem | Refused, text: str) -> Denied:
    if isinstance(problem, Refused):
        return Denied(problem.code, problem.sqlstate, problem.message, problem.offset + 1)
    offset = len(text) if problem.offset is None else problem.offset
    code = {"0A000": "unsupported_syntax", "54001": "too_deep"}.get(problem.sqlstate, "syntax")
    return Denied(code, problem.sqlstate, problem.message, offset + 1, problem.hint)


def _kind_of(statement: SessionStatement) -> StatementKind:
    return statement.kind


def _check_parameters(verdict: Allowed, tokens: list[Token]) -> None:
    """In simple query `$n` has no meaning; PREPARE's parameters are its own."""
    if verdict.facts.parameters and verdict.kind is not StatementKind.PREPARE:
        number = verdict.facts.parameters[0]
        place = next(t.start for t in tokens if t.token_type is TokenType.PARAMETER)
        raise Denial("parameter", "42P02", f"there is no parameter ${number}", place + 1)


def _first_word(tokens: list[Token]) -> str:
    return next((t.text for t in tokens if t.token_type is not TokenType.L_PAREN), "")


def _unknown_statement(token: Token, text: str, word: str) -> Exception:
    if word in OTHER_COMMANDS:
        return Denial(
            "statement_kind",
            "42501",
            f"permission denied: {word.upper()} is not allowed",
            token.start + 1,
            "This server lets clients read only.",
        )
    return SyntaxProblem(f'syntax error at or near "{text[token.start : token.end + 1]}"', token.start)


_MAY_WRITE = frozenset({TokenType.INTO, TokenType.FOR, TokenType.L_PAREN, TokenType.R_PAREN})


def _refuse_writes(tokens: list[Token]) -> None:
    """Writes inside a query: a data-modifying WITH, SELECT INTO, row locks."""
    for index, token in enumerate(tokens):
        kind = token.token_type
        if kind not in _MAY_WRITE:
            continue
        if kind is TokenType.INTO:
            raise _not_allowed("SELECT INTO", token)
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if following is None or following.token_type is TokenType.IDENTIFIER:
            continue
        if (
            kind is TokenType.FOR
            and following.text in _LOCKS
            and following.token_type is not TokenType.STRING
        ):
            raise _not_allowed(f"FOR {following.text.upper()}", token)
        if (
            kind is TokenType.L_PAREN
            and following.text in _WRITES
            and index
            and following.token_type is TokenType.VAR
        ):
            before = tokens[index - 1].text
            if before in ("as", "materialized"):
                raise _not_allowed(following.text.upper(), following)
        if kind is TokenType.R_PAREN and following.text in _WRITES and tokens[0].text == "with":
            raise _not_allowed(following.text.upper(), following)


def _not_allowed(words: str, token: Token) -> Denial:
    return Denial(
        "statement_kind",
        "42501",
        f"permission denied: {words} is not allowed",
        token.start + 1,
        "This server lets clients read only.",
    )


def _check_functions(facts: Facts) -> None:
    kinds = function_kinds()
    for function in facts.functions:
        kind = kinds.get(function.name)
        if kind == ADMIN and function.schema in (None, STATE_SCHEMA):
            continue  # see _check_administrator
        if kind in (ADMIN, DENIED) or function.schema not in _FUNCTION_SCHEMAS:
            shown = f"{function.schema}.{function.name}" if function.schema else function.name
            raise Denial("function", "42501", f"permission denied for function {shown}", function.position)
        if kind is None or kind == FIELD:
            near = difflib.get_close_matches(
                function.name, [n for n, k in kinds.items() if k not in (DENIED, FIELD)], 1, 0.8
            )
            raise Denial(
                "unknown_function",
                "42883",
                f"function {function.name} does not exist, or is not allowed",
                function.position,
                f"Perhaps you meant {near[0]}." if near else None,
            )


def _check_administrator(verdict: Verdict, context: Context | None) -> None:
    """Functions that change the product's own state: never in a statement that a model wrote."""
    if not isinstance(verdict, Allowed) or (
        context is not None and context.grants.admin and not context.reads_only
    ):
        return
    kinds = function_kinds()
    for function in verdict.facts.functions:
        if kinds.get(function.name) == ADMIN:
            raise Denial(
                "function", "42501", f"permission denied for function {function.name}", function.position
            )


def _check_set_config(tree: exp.Expression, facts: Facts) -> None:
    if not facts.settings_written:
        return
    for call in tree.find_all(exp.Anonymous):
        if call.name != "set_config":
            continue
        place = (position_of(call) or 1) - 1
        arguments: list[Any] = call.expressions
        first, second = [*arguments, None, None][:2]
        if not (isinstance(first, exp.Literal) and first.is_string):
            raise Refused(
                "setting", "permission denied: set_config needs the setting's name as a literal", place
            )
        if isinstance(second, exp.Literal):
            check_setting(first.this, (second.this,), place)
        elif first.this.lower() in ("client_encoding", "standard_conforming_strings"):
            raise Refused("setting", f'permission denied to set parameter "{first.this}"', place)
        else:
            check_setting(first.this, None, place)
