"""Backend messages: values to bytes, one function per message.

Rules: a builder knows no state and returns one whole message; what moves the connection's state as well is a
method of `Connection`, which calls these.  Text never breaks the framing: NUL characters are dropped and lone
surrogates become '?', because an error text from an engine must reach the frontend whatever it holds.  Left
out: messages that a relay passes on as bytes, and rows in bulk, which `proxy/rows.py` encodes by column.

Source: PostgreSQL 18 documentation, chapter 54.7 "Message Formats".
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, Literal, Protocol

from proxy.wire.errors import ErrorFields

TransactionStatus = Literal["I", "T", "E"]
"""Idle, in a transaction block, in a failed transaction block."""

_INT16 = struct.Struct("!h")
_INT32 = struct.Struct("!i")
_FIELD = struct.Struct("!IhIhih")
_NULL = b"\xff\xff\xff\xff"


class FieldLike(Protocol):
    """A column of a RowDescription; `proxy.ports.Field` is one."""

    @property
    def name(self) -> str: ...
    @property
    def oid(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def typmod(self) -> int: ...
    @property
    def table_oid(self) -> int: ...
    @property
    def attnum(self) -> int: ...


def _message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + _INT32.pack(len(body) + 4) + body


def _string(text: str) -> bytes:
    return text.replace("\0", "").encode("utf-8", "replace") + b"\0"


# Starting up.


def authentication_ok() -> bytes:
    return _message(b"R", _INT32.pack(0))


def authentication_cleartext_password() -> bytes:
    return _message(b"R", _INT32.pack(3))


def authentication_sasl(mechanisms: Sequence[str]) -> bytes:
    """The mechanisms in the order of our preference."""
    return _message(b"R", _INT32.pack(10) + b"".join(map(_string, mechanisms)) + b"\0")


def authentication_sasl_continue(data: bytes) -> bytes:
    return _message(b"R", _INT32.pack(11) + data)


def authentication_sasl_final(data: bytes) -> bytes:
    return _message(b"R", _INT32.pack(12) + data)


def negotiate_protocol_version(newest_minor: int, unsupported_options: Sequence[str]) -> bytes:
    """Wire: the newest version is a whole protocol number, 3.minor, as PostgreSQL 18 sends it."""
    options = b"".join(map(_string, unsupported_options))
    return _message(b"v", struct.pack("!ii", 3 << 16 | newest_minor, len(unsupported_options)) + options)


def parameter_status(name: str, value: str) -> bytes:
    return _message(b"S", _string(name) + _string(value))


def backend_key_data(process_id: int, secret_key: bytes) -> bytes:
    """Units: `secret_key` must have 4 bytes for a 3.0 frontend, and 4 to 256 for a 3.2 one."""
    return _message(b"K", _INT32.pack(process_id) + secret_key)


_READY: Final = {status: _message(b"Z", status.encode()) for status in ("I", "T", "E")}


def ready_for_query(status: TransactionStatus) -> bytes:
    return _READY[status]


# Answers.

_PARSE_COMPLETE: Final = _message(b"1")
_BIND_COMPLETE: Final = _message(b"2")
_CLOSE_COMPLETE: Final = _message(b"3")
_NO_DATA: Final = _message(b"n")
_PORTAL_SUSPENDED: Final = _message(b"s")
_EMPTY_QUERY_RESPONSE: Final = _message(b"I")
_COPY_DONE: Final = _message(b"c")


def parse_complete() -> bytes:
    return _PARSE_COMPLETE


def bind_complete() -> bytes:
    return _BIND_COMPLETE


def close_complete() -> bytes:
    return _CLOSE_COMPLETE


def no_data() -> bytes:
    return _NO_DATA


def portal_suspended() -> bytes:
    return _PORTAL_SUSPENDED


def empty_query_response() -> bytes:
    return _EMPTY_QUERY_RESPONSE


def parameter_description(oids: Sequence[int]) -> bytes:
    """Wire: the count is 16 bits without a sign, as PostgreSQL writes it: 65,535 parameters are legal."""
    return _message(b"t", struct.pack(f"!H{len(oids)}I", len(oids), *oids))


def row_description(fields: Sequence[FieldLike], formats: Sequence[int] = ()) -> bytes:
    """Shapes: `formats` is empty (all text), one code for all columns, or one per column."""
    if len(formats) != len(fields):
        formats = tuple(formats or (0,)) * len(fields)
    body = [_INT16.pack(len(fields))]
    for field, code in zip(fields, formats, strict=True):
        body.append(_string(field.name))
        body.append(_FIELD.pack(field.table_oid, field.attnum, field.oid, field.size, field.typmod, code))
    return _message(b"T", b"".join(body))


def data_row(values: Sequence[bytes | None]) -> bytes:
    body = [_INT16.pack(len(values))]
    for value in values:
        body.append(_NULL if value is None else _INT32.pack(len(value)) + value)
    return _message(b"D", b"".join(body))


def command_complete(tag: str) -> bytes:
    return _message(b"C", _string(tag))


def copy_out_response(*, binary: bool, column_formats: Sequence[int]) -> bytes:
    """Shapes: one format code per column, all 0 for a text COPY and all 1 for a binary one."""
    return _copy_response(b"H", binary, column_formats)


def copy_in_response(*, binary: bool, column_formats: Sequence[int]) -> bytes:
    return _copy_response(b"G", binary, column_formats)


def _copy_response(kind: bytes, binary: bool, formats: Sequence[int]) -> bytes:
    return _message(kind, struct.pack(f"!bh{len(formats)}h", binary, len(formats), *formats))


def copy_data(data: bytes) -> bytes:
    return _message(b"d", data)


def copy_done() -> bytes:
    return _COPY_DONE


# Asynchronous ones.

_FIELD_CODES: Final = (
    (b"M", "message"),
    (b"D", "detail"),
    (b"H", "hint"),
    (b"P", "position"),
    (b"p", "internal_position"),
    (b"q", "internal_query"),
    (b"W", "where"),
    (b"s", "schema"),
    (b"t", "table"),
    (b"c", "column"),
    (b"d", "data_type"),
    (b"n", "constraint"),
)


def error_response(fields: ErrorFields) -> bytes:
    return _message(b"E", _fields(fields))


def notice_response(fields: ErrorFields) -> bytes:
    return _message(b"N", _fields(fields))


def _fields(fields: ErrorFields) -> bytes:
    # 'S' may be localised and 'V' never is (since 9.6); we don't localise, so both say the same.
    severity = _string(fields.severity)
    body = [b"S", severity, b"V", severity, b"C", _string(fields.sqlstate)]
    for code, name in _FIELD_CODES:
        value = getattr(fields, name)
        if value is not None:
            body += (code, _string(str(value)))
    body.append(b"\0")
    return b"".join(body)


def notification_response(process_id: int, channel: str, payload: str) -> bytes:
    return _message(b"A", _INT32.pack(process_id) + _string(channel) + _string(payload))
