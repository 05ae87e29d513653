"""Arrays, jsonb and intervals: the kinds that go value by value.

Rules: an array's elements of a whole batch are encoded as one column by the same encoders as plain columns,
so an element can never look different from a column of its type; only the braces are ours.  jsonb is printed
as PostgreSQL prints it: keys by length then bytes, the last of equal keys, numbers as numeric keeps them.

Source: PostgreSQL's arrayfuncs.c (array_out, array_send), jsonb.c and json.c (escape_json), datetime.c
(EncodeInterval, style postgres).
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from proxy.encode_parts import DataError, Encoded, Var, map_values, to_list, var_of
from spark_thrift.columns import FixedColumn, FrameColumn, VarColumn
from spark_thrift.types import PgType, WireKind

Encode = Callable[[PgType, FrameColumn], Encoded]

# PostgreSQL's MAXDIM.
_MAX_DIMENSIONS = 6


def _no_constant(name: str) -> Any:
    raise DataError("22P02", f"invalid JSON from the engine: {name}")


def _load(text: bytes, parse_float: Callable[[str], Any], parse_int: Callable[[str], Any]) -> Any:
    try:
        return json.loads(text, parse_float=parse_float, parse_int=parse_int, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise DataError("22P02", "invalid JSON from the engine") from error


# escape_json: the short escapes that JSON has, \u00xx for the other control characters, everything else as it
# is.
_ESCAPES = {i: f"\\u{i:04x}" for i in range(32)}
_ESCAPES |= {
    ord(c): e for c, e in (("\b", "\\b"), ("\f", "\\f"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))
}
_ESCAPES |= {ord('"'): '\\"', ord("\\"): "\\\\"}


def _json_string(value: str) -> str:
    if "\0" in value:
        raise DataError(
            "22P05", "unsupported Unicode escape sequence", detail="\\u0000 cannot be converted to text."
        )
    return '"' + value.translate(_ESCAPES) + '"'


def _json_number(text: str) -> str:
    """As numeric_out: no exponent, no sign on zero."""
    number = Decimal(text)
    plain = f"{number:f}"
    return plain.lstrip("-") if number == 0 else plain


def _print_json(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case _Number():
            return str(value)
        case str():
            return _json_string(value)
        case list():
            return "[" + ", ".join(_print_json(item) for item in value) + "]"
        case _:
            keys = sorted(
                value,
                key=lambda key: (
                    len(key.encode("utf-8", "surrogatepass")),
                    key.encode("utf-8", "surrogatepass"),
                ),
            )
            return "{" + ", ".join(f"{_json_string(key)}: {_print_json(value[key])}" for key in keys) + "}"


class _Number(str):
    """A number that is already printed."""

    __slots__ = ()


def _parse_number(text: str) -> _Number:
    return _Number(_json_number(text))


def json_text(value: bytes) -> bytes:
    try:
        return _print_json(_load(value, _parse_number, _parse_number)).encode()
    except UnicodeEncodeError as error:
        raise DataError("22P02", "invalid JSON from the engine: a lone surrogate") from error


def jsonb_text(column: VarColumn) -> Var:
    return map_values(column, json_text)


def jsonb_binary(column: VarColumn) -> Var:
    return map_values(column, lambda value: b"\x01" + json_text(value))


# ---- arrays


def _flatten(value: list[Any], leaves: list[Any]) -> tuple[int, ...]:
    """Appends the leaves in order and returns the dimensions.

    Raises: DataError 2202E for what PostgreSQL's arrays cannot be: ragged, or with a NULL or an empty array
    inside.
    """
    if not any(isinstance(item, list) for item in value):
        leaves.extend(value)
        return (len(value),) if value else ()
    shapes = {_flatten(item, leaves) if isinstance(item, list) else None for item in value}
    inner = shapes.pop()
    if shapes or not inner:
        raise DataError(
            "2202E",
            "multidimensional arrays must have array expressions with matching dimensions",
            hint="to_json() of the column keeps arrays of any shape.",
        )
    if len(inner) >= _MAX_DIMENSIONS:
        raise DataError(
            "54000", f"number of array dimensions exceeds the maximum allowed ({_MAX_DIMENSIONS})"
        )
    return (len(value), *inner)


def _element_column(element: PgType, leaves: Sequence[Any]) -> FrameColumn:
    """The elements as HiveServer2 would have sent a column of them."""
    nulls = np.fromiter((leaf is None for leaf in leaves), np.bool_, len(leaves))
    marked = nulls if nulls.any() else None
    match element.wire:
        case WireKind.BOOL:
            return FixedColumn(np.array([bool(leaf) for leaf in leaves], np.uint8), marked)
        case WireKind.INT | WireKind.TIMESTAMPTZ:
            return FixedColumn(np.array([0 if leaf is None else int(leaf) for leaf in leaves], ">i8"), marked)
        case WireKind.FLOAT4 | WireKind.FLOAT8:
            return FixedColumn(
                np.array([0.0 if leaf is None else float(leaf) for leaf in leaves], ">f8"), marked
            )
        case WireKind.BYTEA:
            values = [bytes.fromhex(leaf or "") for leaf in leaves]
        case _:
            values = [(leaf or "").encode("utf-8", "surrogatepass") for leaf in leaves]
    starts = np.zeros(len(values) + 1, np.int32)
    np.cumsum([4 + len(value) for value in values], out=starts[1:])
    data = bytearray().join(struct.pack(">I", len(value)) + value for value in values)
    return VarColumn(np.frombuffer(data, np.uint8), starts, marked)


def _encode_arrays(
    kind: PgType,
    column: VarColumn,
    encode: Encode,
    assemble: Callable[[tuple[int, ...], list[bytes | None]], bytes],
) -> Var:
    assert kind.element is not None
    leaves: list[Any] = []
    shapes: list[tuple[int, ...] | None] = []
    spans = [0]
    for value in to_list(column):
        shapes.append(None if value is None else _flatten(_load(value, float, int), leaves))
        spans.append(len(leaves))
    elements = to_list(encode(kind.element, _element_column(kind.element, leaves))) if leaves else []
    return var_of(
        [
            None if shape is None else assemble(shape, elements[begin:end])
            for shape, begin, end in zip(shapes, spans, spans[1:], strict=False)
        ]
    )


# array_out quotes these, and what array_isspace() calls a space.
_NEEDS_QUOTES = re.compile(rb'[{}",\\ \t\n\r\v\f]|\A\Z|\A[Nn][Uu][Ll][Ll]\Z')
_TO_ESCAPE = re.compile(rb'(["\\])')


def _literal(value: bytes | None) -> bytes:
    if value is None:
        return b"NULL"
    if _NEEDS_QUOTES.search(value) is None:
        return value
    return b'"' + _TO_ESCAPE.sub(rb"\\\1", value) + b'"'


def _array_literal(shape: tuple[int, ...], elements: list[bytes | None]) -> bytes:
    texts = [_literal(element) for element in elements]
    for size in shape[:0:-1]:
        texts = [b"{" + b",".join(texts[i : i + size]) + b"}" for i in range(0, len(texts), size)]
    return b"{" + b",".join(texts) + b"}"


def array_text(kind: PgType, column: VarColumn, encode: Encode) -> Var:
    return _encode_arrays(kind, column, encode, _array_literal)


def array_binary(kind: PgType, column: VarColumn, encode: Encode) -> Var:
    """int32 dimensions, int32 "has NULLs", element OID, (int32 size, int32 lower bound 1) each, then the
    fields."""
    assert kind.element is not None
    oid = kind.element.oid

    def assemble(shape: tuple[int, ...], elements: list[bytes | None]) -> bytes:
        parts = [struct.pack(">iiI", len(shape), any(e is None for e in elements), oid)]
        parts += [struct.pack(">ii", size, 1) for size in shape]
        for element in elements:
            parts.append(
                b"\xff\xff\xff\xff" if element is None else struct.pack(">i", len(element)) + element
            )
        return b"".join(parts)

    return _encode_arrays(kind, column, encode, assemble)


# ---- intervals

Interval = tuple[int, int, int]
"""Months, days, microseconds: PostgreSQL's three parts."""

_YEAR_MONTH = re.compile(rb"(-?)(\d+)-(\d+)")
_DAY_TIME = re.compile(rb"(-?)(\d+) (\d+):(\d+):(\d+)(?:\.(\d+))?")
_CALENDAR_PART = re.compile(rb"(-?)(\d+)(?:\.(\d+))? (year|month|week|day|hour|minute|second)s?")
_CALENDAR_UNITS = {
    b"year": (12, 0, 0), b"month": (1, 0, 0), b"week": (0, 7, 0), b"day": (0, 1, 0),
    b"hour": (0, 0, 3_600_000_000), b"minute": (0, 0, 60_000_000), b"second": (0, 0, 1_000_000),
}  # fmt: skip


def _bad_interval(value: bytes) -> DataError:
    return DataError("22007", f"invalid interval from the engine: {value[:60].decode('utf-8', 'replace')!r}")


def parse_interval(kind: WireKind, value: bytes) -> Interval:
    if value.startswith(b"INTERVAL '"):
        # The same behind a cast to string, as an array's elements come: INTERVAL '1 02:03:04' DAY TO SECOND.
        value = value.split(b"'")[1]
    if kind is WireKind.YEAR_MONTH:
        if (match := _YEAR_MONTH.fullmatch(value)) is None:
            raise _bad_interval(value)
        months = int(match[2]) * 12 + int(match[3])
        return (-months if match[1] else months), 0, 0
    if kind is WireKind.DAY_TIME:
        if (match := _DAY_TIME.fullmatch(value)) is None:
            raise _bad_interval(value)
        sign = -1 if match[1] else 1
        seconds = (int(match[3]) * 60 + int(match[4])) * 60 + int(match[5])
        micros = seconds * 1_000_000 + int((match[6] or b"")[:6].ljust(6, b"0"))
        return 0, sign * int(match[2]), sign * micros
    totals = [0, 0, 0]
    at = 0
    while at < len(value):
        match = _CALENDAR_PART.match(value, at)
        if match is None:
            raise _bad_interval(value)
        sign = -1 if match[1] else 1
        micros = int((match[3] or b"")[:6].ljust(6, b"0"))
        for i, unit in enumerate(_CALENDAR_UNITS[match[4]]):
            totals[i] += sign * int(match[2]) * unit
        totals[2] += sign * micros if match[4] == b"second" else 0
        at = match.end() + (match.end() < len(value))
    return totals[0], totals[1], totals[2]


def print_interval(interval: Interval) -> bytes:
    """IntervalStyle postgres."""
    months, days, micros = interval
    text, before = "", False
    years = abs(months) // 12 * (-1 if months < 0 else 1)
    for value, unit in ((years, "year"), (months - 12 * years, "mon"), (days, "day")):
        if value:
            plus = "+" if before and value > 0 else ""
            text += f"{' ' if text else ''}{plus}{value} {unit}{'' if value == 1 else 's'}"
            before = value < 0
    if micros or not text:
        sign = "-" if micros < 0 else "+" if before else ""
        seconds, fraction = divmod(abs(micros), 1_000_000)
        minutes, seconds = divmod(seconds, 60)
        clock = f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
        tail = f".{fraction:06d}".rstrip("0") if fraction else ""
        text += f"{' ' if text else ''}{sign}{clock}{tail}"
    return text.encode()


def interval_text(kind: WireKind, column: VarColumn) -> Var:
    return map_values(column, lambda value: print_interval(parse_interval(kind, value)))


def interval_binary(kind: WireKind, column: VarColumn) -> Var:
    """int64 microseconds, int32 days, int32 months."""

    def pack(value: bytes) -> bytes:
        months, days, micros = parse_interval(kind, value)
        try:
            return struct.pack(">qii", micros, days, months)
        except struct.error as error:
            raise DataError("22008", "interval out of range") from error

    return map_values(column, pack)
