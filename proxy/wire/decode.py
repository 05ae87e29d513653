"""Payloads of frontend messages: bytes to events.

Rules: a decoder gets the payload (without type byte and length word) and consumes it exactly; what is missing
or left over is a `ProtocolError` in PostgreSQL's own words (libpq/pqformat.c, tcop/postgres.c).  Decoders
know no state.  A truncated integer surfaces as `struct.error`, which `decode` turns into PostgreSQL's error
in one place.

Source: PostgreSQL 18 documentation, chapter 54.7 "Message Formats".
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, TypeVar, cast

from proxy.wire.errors import (
    FEATURE_NOT_SUPPORTED,
    INVALID_AUTHORIZATION,
    INVALID_PARAMETER_VALUE,
    INVALID_TEXT,
    PROTOCOL_VIOLATION,
    ProtocolError,
)
from proxy.wire.events import (
    BindReceived,
    CancelRequested,
    CloseReceived,
    CopyDataReceived,
    CopyDoneReceived,
    CopyFailReceived,
    DescribeReceived,
    ExecuteReceived,
    FlushReceived,
    FunctionCallReceived,
    GssEncRequested,
    ParseReceived,
    PasswordReceived,
    QueryReceived,
    SaslInitialReceived,
    SaslResponded,
    SslRequested,
    StartupReceived,
    SyncReceived,
    TargetKind,
    TerminateReceived,
)

MAJOR: Final = 3
NEWEST_MINOR: Final = 2
"""PostgreSQL 18 brought 3.2: cancel keys longer than 4 bytes."""

# "The most significant 16 bits are 1234, to avoid confusion with a protocol version" (chapter 54.7).
CANCEL_CODE: Final = 1234 << 16 | 5678
SSL_CODE: Final = 1234 << 16 | 5679
GSS_CODE: Final = 1234 << 16 | 5680

CANCEL_KEY_BYTES: Final = 256
"""Source: chapter 54.7, CancelRequest: "The maximum key length is 256 bytes"."""

_E = TypeVar("_E")

_UINT16 = struct.Struct("!H")
_INT32 = struct.Struct("!i")
_UINT32 = struct.Struct("!I")

_FORMATS: Final[dict[bytes, tuple[int, ...]]] = {
    b"\x00\x00": (),
    b"\x00\x01\x00\x00": (0,),
    b"\x00\x01\x00\x01": (1,),
}
"""The format lists that drivers send nearly always, ready made."""


def decode(decoder: Callable[[bytes], _E], payload: bytes) -> _E:
    """Run one decoder.  Raises: ProtocolError 08P01, 22021 or 22023."""
    try:
        return decoder(payload)
    except struct.error:
        raise ProtocolError(PROTOCOL_VIOLATION, "insufficient data left in message", fatal=False) from None


def _invalid(message: str) -> ProtocolError:
    return ProtocolError(PROTOCOL_VIOLATION, message, fatal=False)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise invalid_utf8(raw, error.start) from None


def invalid_utf8(raw: bytes, start: int) -> ProtocolError:
    """Names the bytes of the whole character that the first one announces (report_invalid_encoding)."""
    lead = raw[start]
    size = 2 if lead & 0xE0 == 0xC0 else 3 if lead & 0xF0 == 0xE0 else 4 if lead & 0xF8 == 0xF0 else 1
    shown = " ".join(f"0x{byte:02x}" for byte in raw[start : start + size])
    return ProtocolError(INVALID_TEXT, f'invalid byte sequence for encoding "UTF8": {shown}', fatal=False)


def _string(payload: bytes, at: int) -> tuple[str, int]:
    end = payload.find(b"\0", at)
    if end < 0:
        raise _invalid("invalid string in message")
    return (_text(payload[at:end]) if end > at else ""), end + 1


def _end(payload: bytes, at: int) -> None:
    if at != len(payload):
        raise _invalid("invalid message format")


def _formats(payload: bytes, at: int) -> tuple[tuple[int, ...], int]:
    (count,) = _UINT16.unpack_from(payload, at)
    end = at + 2 + 2 * count
    known = _FORMATS.get(payload[at:end])
    if known is not None:
        return known, end
    codes = struct.unpack_from(f"!{count}h", payload, at + 2)
    for code in codes:
        if code not in (0, 1):
            raise ProtocolError(INVALID_PARAMETER_VALUE, f"unsupported format code: {code}", fatal=False)
    return codes, end


# Packets without a type byte.


def first_packet(
    packet: bytes, parameters_limit: int
) -> SslRequested | GssEncRequested | CancelRequested | StartupReceived:
    """What follows the length word of a first packet.  Raises: ProtocolError, always fatal."""
    (code,) = _UINT32.unpack_from(packet)
    body = packet[4:]
    if code == SSL_CODE and not body:
        return SslRequested()
    if code == GSS_CODE and not body:
        return GssEncRequested()
    if code == CANCEL_CODE:
        return _cancel(body)
    return _startup(code >> 16, code & 0xFFFF, body, parameters_limit)


def _cancel(body: bytes) -> CancelRequested:
    key = body[4:]
    if not 0 < len(key) <= CANCEL_KEY_BYTES:
        raise ProtocolError(PROTOCOL_VIOLATION, "invalid length of cancel key", fatal=True, reply=False)
    return CancelRequested(_INT32.unpack_from(body)[0], key)


def unsupported_protocol(major: int, minor: int) -> ProtocolError:
    served = f"{MAJOR}.0 to {MAJOR}.{NEWEST_MINOR}"
    message = f"unsupported frontend protocol {major}.{minor}: server supports {served}"
    return ProtocolError(FEATURE_NOT_SUPPORTED, message, fatal=True)


def _startup(major: int, minor: int, body: bytes, parameters_limit: int) -> StartupReceived:
    if major != MAJOR:
        raise unsupported_protocol(major, minor)
    # Names and values, each with its NUL, then one NUL more.  An empty name ends the list, so only that NUL
    # may be one.
    words = body.split(b"\0", 2 * parameters_limit + 2)
    if len(words) > 2 * parameters_limit + 2:
        raise ProtocolError(PROTOCOL_VIOLATION, "too many startup parameters", fatal=True)
    if len(words) % 2 or words[-1] or words[-2] or not all(words[:-2:2]):
        raise ProtocolError(
            PROTOCOL_VIOLATION, "invalid startup packet layout: expected terminator as last byte", fatal=True
        )
    parameters: dict[str, str] = {}
    unsupported: list[str] = []
    try:
        for name, value in zip(words[:-2:2], words[1:-2:2], strict=True):
            if name.startswith(b"_pq_."):
                unsupported.append(name.decode())
            else:
                parameters[name.decode()] = value.decode()
    except UnicodeDecodeError as error:
        wrong = invalid_utf8(error.object, error.start)
        raise ProtocolError(wrong.sqlstate, wrong.message, fatal=True) from None
    if not parameters.get("user"):
        message = "no PostgreSQL user name specified in startup packet"
        raise ProtocolError(INVALID_AUTHORIZATION, message, fatal=True)
    return StartupReceived(major, minor, parameters, tuple(unsupported))


# Message type 'p', read by what was asked for.


def password(payload: bytes) -> PasswordReceived:
    if not payload or payload.find(b"\0") != len(payload) - 1:
        raise _invalid("invalid password packet size")
    return PasswordReceived(payload[:-1])


def sasl_initial(payload: bytes) -> SaslInitialReceived:
    mechanism, at = _string(payload, 0)
    (size,) = _INT32.unpack_from(payload, at)
    at += 4
    if size == -1:
        _end(payload, at)
        return SaslInitialReceived(mechanism, None)
    data = payload[at:]
    if size < 0 or size > len(data):
        raise _invalid("insufficient data left in message")
    _end(payload, at + size)
    return SaslInitialReceived(mechanism, data)


def sasl_response(payload: bytes) -> SaslResponded:
    return SaslResponded(payload)


# The session.


def query(payload: bytes) -> QueryReceived:
    sql, at = _string(payload, 0)
    _end(payload, at)
    return QueryReceived(sql)


def parse(payload: bytes) -> ParseReceived:
    name, at = _string(payload, 0)
    sql, at = _string(payload, at)
    (count,) = _UINT16.unpack_from(payload, at)
    oids = struct.unpack_from(f"!{count}I", payload, at + 2) if count else ()
    _end(payload, at + 2 + 4 * count)
    return ParseReceived(name, sql, oids)


def bind(payload: bytes) -> BindReceived:
    portal, at = _string(payload, 0)
    statement, at = _string(payload, at)
    param_formats, at = _formats(payload, at)
    (count,) = _UINT16.unpack_from(payload, at)
    at += 2
    if len(param_formats) > 1 and len(param_formats) != count:
        raise _invalid(f"bind message has {len(param_formats)} parameter formats but {count} parameters")
    values: list[bytes | None] = []
    for _ in range(count):
        (size,) = _INT32.unpack_from(payload, at)
        at += 4
        if size == -1:
            values.append(None)
            continue
        if size < 0 or size > len(payload) - at:
            raise _invalid("insufficient data left in message")
        values.append(payload[at : at + size])
        at += size
    result_formats, at = _formats(payload, at)
    _end(payload, at)
    return BindReceived(portal, statement, param_formats, tuple(values), result_formats)


def describe(payload: bytes) -> DescribeReceived:
    return DescribeReceived(*_target(payload, "DESCRIBE"))


def close(payload: bytes) -> CloseReceived:
    return CloseReceived(*_target(payload, "CLOSE"))


def _target(payload: bytes, word: str) -> tuple[TargetKind, str]:
    if not payload:
        raise _invalid("no data left in message")
    name, at = _string(payload, 1)
    _end(payload, at)
    kind = payload[:1]
    if kind not in (b"S", b"P"):
        raise _invalid(f"invalid {word} message subtype {payload[0]}")
    return cast(TargetKind, kind.decode()), name


def execute(payload: bytes) -> ExecuteReceived:
    portal, at = _string(payload, 0)
    (max_rows,) = _INT32.unpack_from(payload, at)
    _end(payload, at + 4)
    # "if (max_rows <= 0) max_rows = FETCH_ALL" (exec_execute_message).
    return ExecuteReceived(portal, max(max_rows, 0))


def flush(payload: bytes) -> FlushReceived:
    _end(payload, 0)
    return FlushReceived()


def sync(payload: bytes) -> SyncReceived:
    _end(payload, 0)
    return SyncReceived()


def function_call(payload: bytes) -> FunctionCallReceived:
    return FunctionCallReceived()


def copy_data(payload: bytes) -> CopyDataReceived:
    return CopyDataReceived(payload)


def copy_done(payload: bytes) -> CopyDoneReceived:
    return CopyDoneReceived()


def copy_fail(payload: bytes) -> CopyFailReceived:
    # No _end(): PostgreSQL reads the reason and looks no further (copyfromparse.c).
    return CopyFailReceived(_string(payload, 0)[0])


def terminate(payload: bytes) -> TerminateReceived:
    return TerminateReceived()
