"""Scalar values of a Bind, one reader a type: text as PostgreSQL's input function, binary as its receive
function.

Rules: a value is read completely or refused with PostgreSQL's own error; a struct.error means that the binary
length is wrong, and decode_bind makes it 22P03.

Source: the *_in and *_recv functions of src/backend/utils/adt.
"""

from __future__ import annotations

import binascii
import re
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sqlglot import expressions as exp

from proxy import bind_times as times


class BindError(Exception):
    """A bound value that is not of its type.  Shapes: `index` counts from 1, None where the caller gave
    none."""

    def __init__(
        self, sqlstate: str, message: str, *, index: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.index = index
        self.hint = hint


class NotInSpark(BindError):
    """PostgreSQL has the value and Spark has no type for it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`name` as PostgreSQL's messages have it; `sql` the type of the literal."""

    name: str
    sql: str
    from_text: Callable[[str], exp.Expression]
    from_binary: Callable[[bytes], exp.Expression]


def utf8_text(data: bytes) -> str:
    """UTF-8 without U+0000 (22021)."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        shown = " ".join(
            f"0x{byte:02x}" for byte in data[error.start : error.start + 4][: max(error.end - error.start, 1)]
        )
        raise BindError("22021", f'invalid byte sequence for encoding "UTF8": {shown}') from error
    if "\0" in text:
        raise BindError("22021", 'invalid byte sequence for encoding "UTF8": 0x00')
    return text


def cast(literal: exp.Expression, sql: str) -> exp.Expression:
    return exp.Cast(this=literal, to=exp.DataType.build(sql, dialect="postgres"))


def _string(text: str, sql: str) -> exp.Expression:
    return cast(exp.Literal.string(text), sql)


def _syntax(name: str, text: str) -> BindError:
    return BindError("22P02", f'invalid input syntax for type {name}: "{text}"')


# ---- boolean, integers, floats, numeric

# isspace() of the C locale, which PostgreSQL's input functions skip.
SPACES = " \t\n\r\v\f"
_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


def _bool_text(text: str) -> exp.Expression:
    """Any unique beginning of the words will do (boolin)."""
    word = text.strip(SPACES).lower()
    if word and word != "o":
        if any(full.startswith(word) for full in _TRUE):
            return exp.Boolean(this=True)
        if any(full.startswith(word) for full in _FALSE):
            return exp.Boolean(this=False)
    raise _syntax("boolean", text)


def _bool_binary(data: bytes) -> exp.Expression:
    return exp.Boolean(this=struct.unpack(">B", data)[0] != 0)


_INT = re.compile(
    r"([+-]?)(?:0x((?:_?[0-9a-f])+)|0o((?:_?[0-7])+)|0b((?:_?[01])+)|(\d(?:_?\d)*))", re.I | re.A
)


def _int_node(value: int, sql: str) -> exp.Expression:
    return cast(exp.Literal.number(value), sql)


def _int_kind(name: str, sql: str, code: str, low: int, high: int) -> Kind:
    def from_text(text: str) -> exp.Expression:
        match = _INT.fullmatch(text.strip(SPACES))
        if match is None:
            raise _syntax(name, text)
        sign, *digits = match.groups()
        base, number = next((b, d) for b, d in zip((16, 8, 2, 10), digits, strict=True) if d is not None)
        # Too long for any integer, and int() takes quadratic time.
        value = (
            high + 1 if len(number) > 256 else int(number.replace("_", ""), base) * (-1 if sign == "-" else 1)
        )
        if not low <= value <= high:
            raise BindError("22003", f'value "{text}" is out of range for type {name}')
        return _int_node(value, sql)

    return Kind(name, sql, from_text, lambda data: _int_node(struct.unpack(code, data)[0], sql))


_FLOAT = re.compile(r"[+-]?(?:inf(?:inity)?|nan|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)", re.I | re.A)
_DIGIT = re.compile(r"[1-9]")


def _float_node(value: float, sql: str, shown: str) -> exp.Expression:
    if value != value:
        return _string("NaN", sql)
    return _string({float("inf"): "Infinity", float("-inf"): "-Infinity"}.get(value, shown), sql)


def _float_kind(name: str, sql: str, code: str) -> Kind:
    def from_text(text: str) -> exp.Expression:
        stripped = text.strip(SPACES)
        if _FLOAT.fullmatch(stripped) is None:
            raise _syntax(name, text)
        value = float(stripped)
        named = "n" in stripped.lower()
        try:
            (stored,) = struct.unpack(code, struct.pack(code, value))
        except OverflowError:
            stored = float("inf")
        mantissa = re.split("[eE]", stripped)[0]
        lost = stored == 0 and _DIGIT.search(mantissa) is not None
        if not named and (abs(stored) == float("inf") or lost):
            raise BindError("22003", f'"{text}" is out of range for type {name}')
        return _float_node(stored, sql, stripped.lower().lstrip("+"))

    def from_binary(data: bytes) -> exp.Expression:
        (value,) = struct.unpack(code, data)
        return _float_node(value, sql, repr(value))

    return Kind(name, sql, from_text, from_binary)


_NUMERIC = re.compile(r"[+-]?(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:e[+-]?\d{1,6})?", re.I | re.A)
# Spark's widest decimal.
MAX_PRECISION = 38


def _numeric_node(value: Decimal) -> exp.Expression:
    """The literal's type has just the digits that it needs: Spark's unqualified decimal would drop a
    fraction."""
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    if exponent > 100_000 or len(digits) - exponent > 200_000:
        raise too_wide()
    text = f"{value:f}"
    scale = max(-exponent, 0)
    precision = max(len(text.lstrip("-").replace(".", "").lstrip("0")), scale, 1)
    if precision > MAX_PRECISION:
        raise too_wide()
    return _string(text, f"numeric({precision},{scale})")


def too_wide() -> BindError:
    return NotInSpark("22003", f"a numeric of more than {MAX_PRECISION} digits has no Spark type")


def _not_finite(name: str) -> BindError:
    return BindError("0A000", f'numeric "{name}" has no value in Spark')


def _numeric_text(text: str) -> exp.Expression:
    stripped = text.strip(SPACES)
    if stripped.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        raise _not_finite(stripped)
    if _NUMERIC.fullmatch(stripped) is None:
        raise _syntax("numeric", text)
    try:
        return _numeric_node(Decimal(stripped.replace("_", "")))
    except InvalidOperation as error:
        raise _syntax("numeric", text) from error


_NUMERIC_SPECIAL = {0xC000: "NaN", 0xD000: "Infinity", 0xF000: "-Infinity"}


def _numeric_binary(data: bytes) -> exp.Expression:
    """Source: numeric_recv."""
    count, weight, sign, scale = struct.unpack_from(">HhHH", data)
    digits = struct.unpack_from(f">{count}H", data, 8)
    if len(data) != 8 + 2 * count:
        raise struct.error
    if sign in _NUMERIC_SPECIAL:
        raise _not_finite(_NUMERIC_SPECIAL[sign])
    if sign not in (0, 0x4000):
        raise BindError("22P03", 'invalid sign in external "numeric" value')
    if scale > 0x3FFF:
        raise BindError("22P03", 'invalid scale in external "numeric" value')
    if any(digit > 9999 for digit in digits):
        raise BindError("22P03", 'invalid digit in external "numeric" value')
    if count > 64 or abs(weight) > 64 or scale > 256:
        raise too_wide()
    unscaled = int("".join(f"{digit:04d}" for digit in digits) or "0")
    # Digit i stands for 10000 ** (weight - i).
    exponent = 4 * (weight - count + 1)
    shifted = unscaled * 10 ** max(exponent + scale, 0) // 10 ** max(-exponent - scale, 0)
    return _numeric_node(Decimal((1 if sign else 0, tuple(int(d) for d in str(shifted)), -scale)))


# ---- text, bytea, uuid


def _text_kind(name: str, sql: str) -> Kind:
    return Kind(name, sql, lambda text: _string(text, sql), lambda data: _string(utf8_text(data), sql))


_ESCAPED_BYTE = re.compile(r"\\(?:(\\)|([0-3][0-7][0-7]))|\\|[^\\]+")


def _bytea_text(text: str) -> exp.Expression:
    """Both of bytea's input forms (byteain)."""
    if text.startswith("\\x"):
        digits = "".join(text[2:].split())
        if (bad := re.search("[^0-9a-fA-F]", digits)) is not None:
            raise BindError("22023", f'invalid hexadecimal digit: "{bad[0]}"')
        if len(digits) % 2:
            raise BindError("22023", "invalid hexadecimal data: odd number of digits")
        return _bytea_binary(binascii.unhexlify(digits))
    value = bytearray()
    for part in _ESCAPED_BYTE.finditer(text):
        if part[1] is not None:
            value += b"\\"
        elif part[2] is not None:
            value.append(int(part[2], 8))
        elif part[0] == "\\":
            raise BindError("22P02", "invalid input syntax for type bytea")
        else:
            value += part[0].encode()
    return _bytea_binary(bytes(value))


def _bytea_binary(data: bytes) -> exp.Expression:
    return _string("\\x" + data.hex(), "bytea")


_UUID = re.compile(r"\{?[0-9a-f]{4}(?:-?[0-9a-f]{4}){7}\}?", re.I | re.A)


def _uuid_text(text: str) -> exp.Expression:
    """Spark keeps a uuid as text, in the form that PostgreSQL prints."""
    if _UUID.fullmatch(text) is None or text.startswith("{") != text.endswith("}"):
        raise _syntax("uuid", text)
    return _string(str(uuid.UUID(text.strip("{}").replace("-", ""))), "text")


def _uuid_binary(data: bytes) -> exp.Expression:
    return _string(str(uuid.UUID(bytes=struct.unpack("16s", data)[0])), "text")


def _jsonb_binary(data: bytes) -> exp.Expression:
    if data[:1] != b"\x01":
        raise BindError("22P03", f"unsupported jsonb version number {data[0] if data else 0}")
    return _string(utf8_text(data[1:]), "text")


# ---- dates and times


def _time_kind(name: str, sql: str, read: Callable[[str], str], receive: Callable[[bytes], str]) -> Kind:
    def checked(convert: Callable[[], str], shown: str) -> exp.Expression:
        try:
            return _string(convert(), sql)
        except times.TimeSyntaxError as error:
            raise BindError(
                "22007", f'invalid input syntax for type {name}: "{shown}"', hint="Send it in ISO 8601 form."
            ) from error
        except times.TimeRangeError as error:
            what = "interval field value" if sql == "interval" else "date/time field value"
            raise BindError("22008", f'{what} out of range: "{shown}"') from error
        except times.TimeUnsupported as error:
            raise BindError("0A000", f'{name} value "{error}" is not supported as a parameter') from error

    return Kind(
        name,
        sql,
        lambda text: checked(lambda: read(text), text),
        lambda data: checked(lambda: receive(data), "0x" + data.hex()),
    )


KINDS: dict[int, Kind] = {
    16: Kind("boolean", "boolean", _bool_text, _bool_binary),
    17: Kind("bytea", "bytea", _bytea_text, _bytea_binary),
    18: _text_kind('"char"', "text"),
    19: _text_kind("name", "text"),
    20: _int_kind("bigint", "bigint", ">q", -(2**63), 2**63 - 1),
    21: _int_kind("smallint", "smallint", ">h", -(2**15), 2**15 - 1),
    23: _int_kind("integer", "int", ">i", -(2**31), 2**31 - 1),
    25: _text_kind("text", "text"),
    26: _int_kind("oid", "bigint", ">I", 0, 2**32 - 1),
    114: _text_kind("json", "text"),
    700: _float_kind("real", "real", ">f"),
    701: _float_kind("double precision", "double precision", ">d"),
    1042: _text_kind("character", "text"),
    1043: _text_kind("character varying", "text"),
    1082: _time_kind("date", "date", times.date_from_text, times.date_from_binary),
    1083: _time_kind("time", "time", times.time_from_text, times.time_from_binary),
    1114: _time_kind("timestamp", "timestamp", times.timestamp_from_text, times.timestamp_from_binary),
    1184: _time_kind(
        "timestamp with time zone", "timestamptz", times.timestamptz_from_text, times.timestamptz_from_binary
    ),
    1186: _time_kind("interval", "interval", times.interval_from_text, times.interval_from_binary),
    1700: Kind("numeric", "numeric", _numeric_text, _numeric_binary),
    2950: Kind("uuid", "text", _uuid_text, _uuid_binary),
    3802: Kind("jsonb", "text", lambda text: _string(text, "text"), _jsonb_binary),
}
