"""A translated expression: Spark text together with its PostgreSQL type.

Text is only ever made here and in the rules, from names that went through `identifier` and values that went
through `string`; a client's text is never copied.
"""

from __future__ import annotations

from dataclasses import dataclass

from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.pgtypes import BOOL, INT4, INT8, TEXT, UNKNOWN, Type, decimal, spark_name

MAX_TERM_CHARS = 262_144
"""A rule may write an operand twice; nested, that doubles each time, so the text has a bound."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A constant interval, in PostgreSQL's three fields."""

    months: int = 0
    days: int = 0
    micros: int = 0


@dataclass(frozen=True, slots=True)
class Term:
    """One expression.

    `simple` means that it can stand as an operand without parentheses.  `text` is the value of a string constant,
    `integer` that of an integer constant, `interval` that of an interval constant; `null` marks the NULL constant.
    """

    sql: str
    type: Type
    simple: bool = True
    text: str | None = None
    integer: int | None = None
    interval: Interval | None = None
    null: bool = False
    items: tuple[Term, ...] = ()

    @property
    def operand(self) -> str:
        """The text to put beside an operator."""
        if len(self.sql) > MAX_TERM_CHARS:
            raise Untranslatable("an expression this long", sqlstate="54001")
        return self.sql if self.simple else f"({self.sql})"

    def typed(self, kind: Type) -> Term:
        """The same text under another type; it stops being a constant."""
        return Term(self.sql, kind, self.simple)


def identifier(name: str) -> str:
    """A quoted Spark identifier.

    Spark replaces `${name}` by settings and environment variables anywhere in a statement before it parses it.
    """
    if "${" in name or "\0" in name:
        raise Untranslatable(f"the name {name!r}")
    return "`" + name.replace("`", "``") + "`"


def string(value: str) -> str:
    """A Spark string constant: backslash escapes there, and `${` would be substituted (see identifier)."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\u0024{")
    return f"'{escaped}'"


def literal(value: str) -> Term:
    """A string constant that nothing has typed yet."""
    return Term(string(value), UNKNOWN, text=value)


def text(value: str) -> Term:
    return Term(string(value), TEXT, text=value)


def integer(value: int) -> Term:
    """An integer constant, in the narrowest type that PostgreSQL's grammar gives it."""
    simple = value >= 0
    if -(2**31) <= value < 2**31:
        return Term(str(value), INT4, simple, integer=value)
    if -(2**63) <= value < 2**63:
        return Term(f"{value}L", INT8, simple, integer=value)
    digits = len(str(abs(value)))
    if digits > 38:
        raise Untranslatable("a number with more than 38 digits")
    return Term(f"{value}BD", decimal(digits, 0), simple)


NULL = Term("NULL", UNKNOWN, null=True)


def call(function: str, *args: Term | str) -> str:
    return f"{function}({', '.join(arg if isinstance(arg, str) else arg.sql for arg in args)})"


def infix(left: Term, operator: str, right: Term, kind: Type) -> Term:
    return Term(f"{left.operand} {operator} {right.operand}", kind, simple=False)


def cast(term: Term, spark_type: str, kind: Type) -> Term:
    return Term(f"CAST({term.sql} AS {spark_type})", kind)


def boolean(sql: str) -> Term:
    return Term(sql, BOOL, simple=False)


def guarded(condition: str, message: str, value: Term, sqlstate: str = "22023") -> Term:
    """`value`, or a run-time error where PostgreSQL raises one and Spark answers NULL, NaN or something else.

    The SQLSTATE travels in Spark's message, where errors.parse_error finds it.
    """
    raised = string(f"[{sqlstate}] {message}")
    sql = f"CASE WHEN {condition} THEN raise_error({raised}) ELSE {value.sql} END"
    if len(sql) > MAX_TERM_CHARS:
        raise Untranslatable("an expression this long", sqlstate="54001")
    return Term(sql, value.type)


def null_of(kind: Type) -> Term:
    """What a strict function answers to a NULL argument: parameters are NULL while a statement is described."""
    return Term(f"CAST(NULL AS {spark_name(kind)})", kind, null=True)
