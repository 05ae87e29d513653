"""Constants: what PostgreSQL's input functions make of a text, checked here instead of left to Spark's casts.

Spark's casts accept other texts than PostgreSQL's (a bare year as a date, `1d` as a double), so a constant is only
translated where its text is in the form that both read alike; the rest is refused, or is PostgreSQL's own error.
Left out: `now`, `today`, `infinity`, BC dates, month names, hours above 23 and further spellings of zones.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

from sqlglot import exp

from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.instants import instant
from spark_thrift.dialect.intervals import interval_term, parse_interval
from spark_thrift.dialect.pgtypes import BOOL, INT8, NUMERIC, TEXT, TIMESTAMP, Type, decimal, spark_name
from spark_thrift.dialect.terms import Term, integer, literal, string

NUMERIC_DIGITS = 38
SMALL_HOURS = ("00", "01", "02", "03")
_INTEGER_BITS = {"int2": 15, "int4": 31, "int8": 63}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_TIMESTAMP = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2})(?:[T ](\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?"
)
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def string_constant(node: exp.Expr) -> Term:
    """'...', E'...', $$...$$ and U&'...'.

    sqlglot decodes only some of E''s escapes and keeps the others' backslashes, so a backslash that is left says
    that the value is not known.
    """
    if isinstance(node, exp.ByteString) and "\\" in node.this:
        raise Untranslatable("this escape in an E'' string", "write the character itself")
    if isinstance(node, exp.UnicodeString) and ("\\" in node.this or node.args.get("escape")):
        raise Untranslatable("escapes in a U&'' string", "write the character itself")
    return literal(str(node.this))


def number(text: str) -> Term:
    """A numeric constant.  An exponent makes a DOUBLE in Spark but a numeric in PostgreSQL: it is written out."""
    if re.fullmatch(r"\d+", text):
        return integer(int(text))
    if not _NUMBER.fullmatch(text):
        raise Untranslatable(f"the number {text}")
    value = Decimal(text)
    if "e" in text.lower() and not -NUMERIC_DIGITS < value.adjusted() < NUMERIC_DIGITS:
        # Beyond DECIMAL; PostgreSQL's numeric could hold it, and every use of such a size is approximate.
        return Term(f"CAST({string(text)} AS DOUBLE)", NUMERIC)
    return _exact(value)


def _exact(value: Decimal) -> Term:
    if value.adjusted() > 38 or -value.as_tuple().exponent > 38:  # type: ignore[operator]
        raise Untranslatable("a number with more than 38 digits")
    plain = format(value, "f")
    whole, _, fraction = plain.lstrip("-").partition(".")
    digits = len(whole.lstrip("0")) + len(fraction)
    if digits > 38:
        raise Untranslatable("a number with more than 38 digits")
    kind = decimal(max(digits, 1), len(fraction))
    return Term(f"{plain}BD", kind, simple=value >= 0)


def invalid(text: str, kind: Type) -> Untranslatable:
    return Untranslatable(f'invalid input syntax for type {kind}: "{text}"', sqlstate="22P02")


def literal_as(value: str, kind: Type) -> Term:
    """An untyped constant in the type that its context gives it."""
    trimmed = value.strip(" \t\n\r\f\v")
    match kind.name:
        case "text" | "varchar":
            return Term(string(value), kind, text=value)
        case "bpchar":
            return Term(string(value.rstrip(" ")), TEXT, text=value.rstrip(" "))
        case "int2" | "int4" | "int8":
            return _integer_text(trimmed, kind)
        case "numeric":
            return _numeric_text(trimmed, kind)
        case "float4" | "float8":
            return _float_text(trimmed, kind)
        case "bool":
            return _boolean_text(trimmed)
        case "date" | "timestamp" | "timestamptz":
            return _datetime_text(trimmed, kind)
        case "interval":
            return interval_term(parse_interval(value))
        case "bytea":
            if re.fullmatch(r"\\x([0-9a-fA-F]{2})*", value):
                return Term(f"X'{value[2:]}'", kind)
            raise Untranslatable("a bytea constant other than '\\x...'")
        case "array" if kind.element:
            return _array_text(trimmed, kind, kind.element)
    raise Untranslatable(f"a constant of type {kind}")


def _integer_text(text: str, kind: Type) -> Term:
    if not re.fullmatch(r"[+-]?\d+", text):
        raise invalid(text, kind)
    value, bits = int(text), _INTEGER_BITS[kind.name]
    if not -(2**bits) <= value < 2**bits:
        raise Untranslatable(f'value "{text}" is out of range for type {kind}', sqlstate="22003")
    term = integer(value)
    if kind == term.type:
        return term
    if kind == INT8:
        return Term(f"{value}L", kind, value >= 0, integer=value)
    return Term(f"CAST({value} AS {spark_name(kind)})", kind, integer=value)


def _numeric_text(text: str, kind: Type) -> Term:
    if not _NUMBER.fullmatch(text):
        if text.lower() in ("nan", "infinity", "-infinity", "inf", "-inf"):
            raise Untranslatable(f"numeric '{text}'")
        raise invalid(text, kind)
    return _exact(Decimal(text))


def _float_text(text: str, kind: Type) -> Term:
    if not _NUMBER.fullmatch(text) and text.lower() not in ("nan", "infinity", "-infinity", "inf", "-inf"):
        raise invalid(text, kind)
    return Term(f"CAST({string(text)} AS {spark_name(kind)})", kind)


def _boolean_text(text: str) -> Term:
    folded = text.lower()
    # PostgreSQL takes any unambiguous prefix; "o" could be on or off.
    if folded and folded != "o":
        if any(word.startswith(folded) for word in _TRUE):
            return Term("TRUE", BOOL)
        if any(word.startswith(folded) for word in _FALSE):
            return Term("FALSE", BOOL)
    raise invalid(text, BOOL)


def _datetime_text(text: str, kind: Type) -> Term:
    found = _TIMESTAMP.fullmatch(text)
    if not found:
        raise Untranslatable(
            f"the {kind} constant '{text}'",
            "write it as 'YYYY-MM-DD' or 'YYYY-MM-DD HH:MM:SS'",
            sqlstate="0A000",
        )
    day, clock, zone = found.groups()
    year, month, dom = (int(part) for part in day.split("-"))
    try:
        day = date(year, month, dom).isoformat()
        if clock:
            hour, rest = clock.split(":", 1)
            clock = f"{int(hour):02}:{rest}" if ":" in rest else f"{int(hour):02}:{rest}:00"
            datetime.fromisoformat(f"{day}T{clock.partition('.')[0]}")
    except ValueError:
        raise Untranslatable(f'date/time field value out of range: "{text}"', sqlstate="22008") from None
    if kind.name == "date":
        return Term(f"DATE'{day}'", kind)
    clock = clock or "00:00:00"
    if kind.name == "timestamp":
        # PostgreSQL drops a zone that it meets here.
        return Term(f"TIMESTAMP_NTZ'{day} {clock}'", kind)
    if zone is None and clock[:2] in SMALL_HOURS and not clock.startswith("00:00:00"):
        # Clocks are set back in these hours, and PostgreSQL's choice differs from Spark's.
        return instant(Term(f"TIMESTAMP_NTZ'{day} {clock}'", TIMESTAMP))
    return Term(f"TIMESTAMP_LTZ'{day} {clock}{_offset(zone)}'", kind)


def _offset(zone: str | None) -> str:
    if zone is None:
        return ""
    if zone in ("Z", "UTC"):
        return "Z"
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return f"{zone[0]}{digits[:2]}:{digits[2:]}"


_ITEM = r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s",{}\\](?:[^",{}\\]*[^\s",{}\\])?))\s*'
_ITEM_RE = re.compile(_ITEM, re.DOTALL)
_NAMELESS = re.sub(r"\?P<\w+>", "?:", _ITEM)
_ARRAY_RE = re.compile(rf"\{{(?:{_NAMELESS}(?:,{_NAMELESS})*|\s*)\}}", re.DOTALL)


def _array_text(text: str, kind: Type, element: Type) -> Term:
    """array_in, for one dimension and without a backslash outside quotes."""
    if _ARRAY_RE.fullmatch(text) is None:
        if re.search(r"[\\{}]", text[1:-1]) or text[:1] != "{":
            raise Untranslatable("this array constant", "write ARRAY[...]")
        raise Untranslatable(f'malformed array literal: "{text}"', sqlstate="22P02")
    items = tuple(
        Term(f"CAST(NULL AS {spark_name(element)})", element, null=True)
        if (item["bare"] or "").lower() == "null"
        else literal_as(item["bare"] or re.sub(r"(?s)\\(.)", r"\1", item["quoted"]), element)
        for item in _ITEM_RE.finditer(text, 1, len(text) - 1)
    )
    return array_of(items, kind, element)


def array_of(items: tuple[Term, ...], kind: Type, element: Type) -> Term:
    if not items:
        return Term(f"CAST(array() AS {spark_name(kind)})", kind)
    return Term(f"array({', '.join(item.sql for item in items)})", kind, items=items)
