"""Protocol messages as JSON: frontend messages to bytes, backend messages to dicts.

Written apart from `proxy/wire` on purpose, so that a mistake there is not made here as well.  Names are those
of pgproto3, as in CockroachDB's pgtest files.  Decoders are strict: a message that they don't consume exactly
is an error, because a backend that sends one is broken.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]

SSL_CODE, GSS_CODE, CANCEL_CODE = 80877103, 80877104, 80877102


class BrokenMessage(Exception):
    """The backend sent bytes that are not a message."""


# Frontend messages.


def _string(text: str) -> bytes:
    return text.encode() + b"\0"


def _value(value: Json | str | None) -> bytes | None:
    """A value is a string (text), {"binary": hex}, or null."""
    if value is None:
        return None
    return value.encode() if isinstance(value, str) else bytes.fromhex(value["binary"])


def _sized(value: bytes | None) -> bytes:
    return struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value


def _counted(code: str, numbers: list[int]) -> bytes:
    return struct.pack(f"!H{len(numbers)}{code}", len(numbers), *numbers)


def _bind(m: Json) -> bytes:
    values = [_sized(_value(value)) for value in m.get("Parameters", [])]
    return (
        _string(m.get("DestinationPortal", ""))
        + _string(m.get("PreparedStatement", ""))
        + _counted("h", m.get("ParameterFormatCodes", []))
        + struct.pack("!H", len(values))
        + b"".join(values)
        + _counted("h", m.get("ResultFormatCodes", []))
    )


def _parse(m: Json) -> bytes:
    return _string(m.get("Name", "")) + _string(m["Query"]) + _counted("I", m.get("ParameterOIDs", []))


def _target(m: Json) -> bytes:
    return str(m["ObjectType"]).encode() + _string(m.get("Name", ""))


def _sasl_initial(m: Json) -> bytes:
    data = m.get("Data")
    return _string(m["AuthMechanism"]) + _sized(None if data is None else data.encode())


_FRONTEND: dict[str, tuple[str, Callable[[Json], bytes]]] = {
    "Bind": ("B", _bind),
    "Close": ("C", _target),
    "CopyData": ("d", lambda m: m["Data"].encode()),
    "CopyDone": ("c", lambda m: b""),
    "CopyFail": ("f", lambda m: _string(m["Message"])),
    "Describe": ("D", _target),
    "Execute": ("E", lambda m: _string(m.get("Portal", "")) + struct.pack("!i", m.get("MaxRows", 0))),
    "Flush": ("H", lambda m: b""),
    "Parse": ("P", _parse),
    "PasswordMessage": ("p", lambda m: _string(m["Password"])),
    "Query": ("Q", lambda m: _string(m["String"])),
    "SASLInitialResponse": ("p", _sasl_initial),
    "SASLResponse": ("p", lambda m: m["Data"].encode()),
    "Sync": ("S", lambda m: b""),
    "Terminate": ("X", lambda m: b""),
}


def _startup(m: Json) -> bytes:
    major, minor = map(int, m.get("ProtocolVersion", "3.0").split("."))
    pairs = b"".join(_string(name) + _string(value) for name, value in m.get("Parameters", {}).items())
    return _packet(major << 16 | minor, pairs + b"\0")


def _packet(code: int, body: bytes = b"") -> bytes:
    return struct.pack("!ii", len(body) + 8, code) + body


def encode(name: str, message: Json) -> bytes:
    """One frontend message.

    Wire: `Raw` sends its `hex` (or `text`) as it stands; `Message` frames them with the type byte `Type` and,
    where `Length` is given, that length word instead of the true one.
    """
    if name == "Raw":
        return _raw(message)
    if name == "Message":
        body = _raw(message)
        length = message.get("Length", len(body) + 4)
        return str(message["Type"]).encode("latin-1") + struct.pack("!I", length & 0xFFFFFFFF) + body
    if name == "StartupMessage":
        return _startup(message)
    if name == "SSLRequest":
        return _packet(SSL_CODE)
    if name == "GSSEncRequest":
        return _packet(GSS_CODE)
    if name == "CancelRequest":
        key = bytes.fromhex(message["SecretKey"])
        return _packet(CANCEL_CODE, struct.pack("!i", message["ProcessID"]) + key)
    kind, body_of = _FRONTEND[name]
    body = body_of(message)
    return kind.encode() + struct.pack("!i", len(body) + 4) + body


def _raw(message: Json) -> bytes:
    return bytes.fromhex(message.get("hex", "")) + str(message.get("text", "")).encode()


# Backend messages.


class _Reader:
    """A payload being read from left to right."""

    def __init__(self, payload: bytes) -> None:
        self.payload, self.at = payload, 0

    def numbers(self, code: str) -> tuple[int, ...]:
        numbers = struct.unpack_from("!" + code, self.payload, self.at)
        self.at += struct.calcsize("!" + code)
        return numbers

    def number(self, code: str) -> int:
        return self.numbers(code)[0]

    def take(self, size: int) -> bytes:
        if not 0 <= size <= len(self.payload) - self.at:
            raise BrokenMessage(f"{size} bytes announced, {len(self.payload) - self.at} there")
        self.at += size
        return self.payload[self.at - size : self.at]

    def rest(self) -> bytes:
        return self.take(len(self.payload) - self.at)

    def string(self) -> str:
        end = self.payload.index(b"\0", self.at)
        text = self.payload[self.at : end].decode()
        self.at = end + 1
        return text

    def strings(self) -> list[str]:
        """Strings up to an empty one."""
        found = []
        while text := self.string():
            found.append(text)
        return found


ERROR_FIELDS = {
    "S": "Severity",
    "V": "SeverityUnlocalized",
    "C": "Code",
    "M": "Message",
    "D": "Detail",
    "H": "Hint",
    "P": "Position",
    "p": "InternalPosition",
    "q": "InternalQuery",
    "W": "Where",
    "s": "SchemaName",
    "t": "TableName",
    "c": "ColumnName",
    "d": "DataTypeName",
    "n": "ConstraintName",
    "F": "File",
    "L": "Line",
    "R": "Routine",
}


def _error(r: _Reader) -> Json:
    return {ERROR_FIELDS[field[0]]: field[1:] for field in r.strings()}


def _authentication(r: _Reader) -> Json:
    code = r.number("i")
    if code == 10:
        return {"Type": "AuthenticationSASL", "AuthMechanisms": r.strings()}
    name = {0: "Ok", 3: "CleartextPassword", 5: "MD5Password", 11: "SASLContinue", 12: "SASLFinal"}[code]
    data = r.rest()
    return {"Type": "Authentication" + name, **({"Data": data.decode("latin-1")} if data else {})}


def _row_description(r: _Reader) -> Json:
    keys = ("TableOID", "TableAttributeNumber", "DataTypeOID", "DataTypeSize", "TypeModifier", "Format")
    fields = []
    for _ in range(r.number("h")):
        name = r.string()
        fields.append({"Name": name, **dict(zip(keys, r.numbers("IhIhih"), strict=True))})
    return {"Fields": fields}


def _data_row(r: _Reader) -> Json:
    sizes = r.number("h")
    return {"Values": [None if (size := r.number("i")) == -1 else r.take(size) for _ in range(sizes)]}


def _copy_response(r: _Reader) -> Json:
    overall, count = r.numbers("bh")
    return {"OverallFormat": overall, "ColumnFormatCodes": list(r.numbers(f"{count}h"))}


def _key_data(r: _Reader) -> Json:
    process_id, key = r.number("i"), r.rest()
    return {"ProcessID": process_id, "SecretKey": key.hex(), "SecretKeyBytes": len(key)}


def _negotiation(r: _Reader) -> Json:
    newest, count = r.numbers("Ii")
    options = [r.string() for _ in range(count)]
    return {"NewestVersion": f"{newest >> 16}.{newest & 0xFFFF}", "UnrecognizedOptions": options}


_BACKEND: dict[str, tuple[str, Callable[[_Reader], Json]]] = {
    "1": ("ParseComplete", lambda r: {}),
    "2": ("BindComplete", lambda r: {}),
    "3": ("CloseComplete", lambda r: {}),
    "A": (
        "NotificationResponse",
        lambda r: {"PID": r.number("i"), "Channel": r.string(), "Payload": r.string()},
    ),
    "C": ("CommandComplete", lambda r: {"CommandTag": r.string()}),
    "D": ("DataRow", _data_row),
    "E": ("ErrorResponse", _error),
    "G": ("CopyInResponse", _copy_response),
    "H": ("CopyOutResponse", _copy_response),
    "I": ("EmptyQueryResponse", lambda r: {}),
    "K": ("BackendKeyData", _key_data),
    "N": ("NoticeResponse", _error),
    "R": ("", _authentication),
    "S": ("ParameterStatus", lambda r: {"Name": r.string(), "Value": r.string()}),
    "T": ("RowDescription", _row_description),
    "V": (
        "FunctionCallResponse",
        lambda r: {"Result": None if (size := r.number("i")) == -1 else r.take(size)},
    ),
    "Z": ("ReadyForQuery", lambda r: {"TxStatus": r.take(1).decode()}),
    "c": ("CopyDone", lambda r: {}),
    "d": ("CopyData", lambda r: {"Data": r.rest()}),
    "n": ("NoData", lambda r: {}),
    "s": ("PortalSuspended", lambda r: {}),
    "t": ("ParameterDescription", lambda r: {"ParameterOIDs": list(r.numbers(f"{r.number('H')}I"))}),
    "v": ("NegotiateProtocolVersion", _negotiation),
}


def decode(kind: str, payload: bytes) -> Json:
    """One backend message; values stay bytes.  Raises: BrokenMessage."""
    if kind not in _BACKEND:
        raise BrokenMessage(f"unknown message type {kind!r}")
    name, body_of = _BACKEND[kind]
    reader = _Reader(payload)
    try:
        message = {"Type": name, **body_of(reader)}
    except (struct.error, ValueError, KeyError) as error:
        raise BrokenMessage(f"{name}: {error!r} in {payload!r}") from error
    if reader.at != len(payload):
        raise BrokenMessage(f"{name}: {len(payload) - reader.at} bytes left over")
    return message
