"""Frontend messages: what the mirror's client says, as bytes.

The counterpart of proxy/wire/messages.py, which builds what a backend says.  Rules: a builder does no IO and
keeps no state; names and texts are UTF-8 without NUL, which the callers have checked; each function returns
one whole message.  Left out: authentication beyond SASL.

Source: PostgreSQL documentation, 54.7 "Message Formats".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import Struct

from proxy.ports import Bind

_INT32 = Struct("!i").pack
_INT16 = Struct("!h").pack
_PROTOCOL_3_0 = 3 << 16
_CANCEL_REQUEST_CODE = 1234 << 16 | 5678

SYNC = b"S\x00\x00\x00\x04"
TERMINATE = b"X\x00\x00\x00\x04"


def _message(kind: bytes, payload: bytes) -> bytes:
    return kind + _INT32(len(payload) + 4) + payload


def _text(value: str) -> bytes:
    return value.encode() + b"\0"


def _codes(formats: Sequence[int]) -> bytes:
    return _INT16(len(formats)) + b"".join(map(_INT16, formats))


def startup(parameters: Mapping[str, str]) -> bytes:
    """StartupMessage; `parameters` must hold `user`."""
    payload = b"".join(_text(name) + _text(value) for name, value in parameters.items())
    return _INT32(len(payload) + 9) + _INT32(_PROTOCOL_3_0) + payload + b"\0"


def cancel_request(process_id: int, secret_key: bytes) -> bytes:
    """CancelRequest, which goes on a connection of its own."""
    return _INT32(12 + len(secret_key)) + _INT32(_CANCEL_REQUEST_CODE) + _INT32(process_id) + secret_key


def sasl_initial_response(mechanism: str, data: bytes) -> bytes:
    return _message(b"p", _text(mechanism) + _INT32(len(data)) + data)


def sasl_response(data: bytes) -> bytes:
    return _message(b"p", data)


def query(sql: str) -> bytes:
    return _message(b"Q", _text(sql))


def parse(name: str, sql: str, param_oids: Sequence[int]) -> bytes:
    oids = _INT16(len(param_oids)) + b"".join(oid.to_bytes(4, "big") for oid in param_oids)
    return _message(b"P", _text(name) + _text(sql) + oids)


def bind(statement: str, values: Bind) -> bytes:
    """Bind of the unnamed portal."""
    parts = [_text(""), _text(statement), _codes(values.formats), _INT16(len(values.values))]
    for value in values.values:
        parts.append(_INT32(-1) if value is None else _INT32(len(value)) + value)
    parts.append(_codes(values.result_formats))
    return _message(b"B", b"".join(parts))


def describe_statement(name: str) -> bytes:
    return _message(b"D", b"S" + _text(name))


def describe_portal() -> bytes:
    """Describe of the unnamed portal."""
    return _message(b"D", b"P\0")


def execute(max_rows: int = 0) -> bytes:
    """Execute of the unnamed portal; 0 rows means all."""
    return _message(b"E", b"\0" + _INT32(max_rows))


def close_statement(name: str) -> bytes:
    return _message(b"C", b"S" + _text(name))


def copy_data(data: bytes) -> bytes:
    return _message(b"d", data)


COPY_DONE = b"c\x00\x00\x00\x04"


def copy_fail(reason: str) -> bytes:
    return _message(b"f", _text(reason.replace("\0", "")))
