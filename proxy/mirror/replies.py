"""Backend messages as the relay meets them: whole messages in one bytes object, read only where it must.

Rules: nothing is copied that need not be; what the client gets is the mirror's bytes; decoders consume
exactly their payload.  Left out: values inside DataRow, which nobody here looks at.

Source: PostgreSQL documentation, 54.7 "Message Formats", 54.8 "Error and Notice Message Fields".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import NamedTuple, cast

from proxy.ports import CopyOptions, Field
from proxy.wire.errors import ErrorFields, Severity

_LENGTH_AT = Struct("!i").unpack_from
_INT16_AT = Struct("!h").unpack_from
_FIELD_TAIL_AT = Struct("!ihihih").unpack_from
_OPENING_KINDS = b"123tn"
"""ParseComplete, BindComplete, CloseComplete, ParameterDescription, NoData."""


class Reply(NamedTuple):
    """Consecutive whole messages of one answer.

    Wire: `raw` ends with ReadyForQuery exactly when `status` is not None; otherwise Lease.more() has the next
    part.
    `status` is ReadyForQuery's byte (73 idle, 84 in a transaction, 69 in a failed one).
    `error_at` and `tag_at` are offsets of the last ErrorResponse and CommandComplete, -1 for none.
    """

    raw: bytes
    status: int | None
    error_at: int = -1
    tag_at: int = -1

    @property
    def body(self) -> memoryview:
        """The messages without the closing ReadyForQuery."""
        return memoryview(self.raw)[: None if self.status is None else -6]

    @property
    def error(self) -> ErrorFields | None:
        """The fields of the ErrorResponse, if there is one."""
        return None if self.error_at < 0 else error_fields(message_at(self.raw, self.error_at))

    @property
    def tag(self) -> str | None:
        """The last CommandComplete's tag, as `SELECT 1`."""
        if self.tag_at < 0:
            return None
        return message_at(self.raw, self.tag_at)[5:-1].decode()

    def followed_by(self, next_part: Reply) -> Reply:
        """Both parts as one."""
        size = len(self.raw)
        return Reply(
            self.raw + next_part.raw,
            next_part.status,
            size + next_part.error_at if next_part.error_at >= 0 else self.error_at,
            size + next_part.tag_at if next_part.tag_at >= 0 else self.tag_at,
        )

    def without_opening(self) -> Reply:
        """The reply without the messages that only the extended protocol has."""
        kept = [m for m in messages(self.raw) if m[0] not in _OPENING_KINDS]
        raw = b"".join(kept)
        shift = len(self.raw) - len(raw)
        return Reply(raw, self.status, max(self.error_at - shift, -1), max(self.tag_at - shift, -1))


class MirrorBatch:
    """DataRow messages just as the mirror sent them; implements ports.RowBatch."""

    __slots__ = ("_offsets", "_raw", "row_count")

    def __init__(self, raw: bytes | memoryview, offsets: Sequence[int]) -> None:
        """Shapes: `offsets` holds where each row begins and, last, where the last one ends."""
        self._raw = raw
        self._offsets = offsets
        self.row_count = len(offsets) - 1

    def slice(self, start: int, stop: int) -> MirrorBatch:
        return MirrorBatch(self._raw, self._offsets[start : stop + 1])

    def data_rows(self, formats: Sequence[int]) -> memoryview:
        """The rows in the formats that the statement was bound with; `formats` has no say any more."""
        return memoryview(self._raw)[self._offsets[0] : self._offsets[-1]]

    def copy_rows(self, options: CopyOptions) -> bytes:
        """Raises: NotImplementedError; the mirror runs COPY itself and its messages are relayed."""
        raise NotImplementedError


def message_at(raw: bytes, offset: int) -> bytes:
    """The one message that begins at `offset`."""
    return raw[offset : offset + 1 + _LENGTH_AT(raw, offset + 1)[0]]


def messages(raw: bytes) -> Iterator[bytes]:
    """The messages one by one, as copies."""
    offset = 0
    while offset < len(raw):
        message = message_at(raw, offset)
        yield message
        offset += len(message)


def row_offsets(raw: bytes) -> list[int]:
    """Where each message of a run of DataRows begins, and where the last ends."""
    offsets = [0]
    position, size = 0, len(raw)
    while position < size:
        position += 1 + _LENGTH_AT(raw, position + 1)[0]
        offsets.append(position)
    return offsets


def error_fields(message: bytes) -> ErrorFields:
    """An ErrorResponse or NoticeResponse, decoded."""
    found = {part[:1]: part[1:].decode("utf-8", "replace") for part in message[5:].split(b"\0") if part}

    def number(code: bytes) -> int | None:
        return int(found[code]) if code in found else None

    return ErrorFields(
        severity=cast(Severity, found.get(b"V", "ERROR")),
        sqlstate=found.get(b"C", "XX000"),
        message=found.get(b"M", ""),
        detail=found.get(b"D"),
        hint=found.get(b"H"),
        position=number(b"P"),
        internal_position=number(b"p"),
        internal_query=found.get(b"q"),
        where=found.get(b"W"),
        schema=found.get(b"s"),
        table=found.get(b"t"),
        column=found.get(b"c"),
        data_type=found.get(b"d"),
        constraint=found.get(b"n"),
    )


def parameter_status(message: bytes) -> tuple[str, str]:
    """Name and value of a ParameterStatus."""
    name, value, _ = message[5:].split(b"\0")
    return name.decode(), value.decode()


def parameter_oids(message: bytes) -> tuple[int, ...]:
    """The types in a ParameterDescription."""
    return tuple(int.from_bytes(message[at : at + 4], "big") for at in range(7, len(message), 4))


def row_fields(message: bytes) -> tuple[Field, ...]:
    """The columns of a RowDescription."""
    fields = []
    offset = 7
    for _ in range(_INT16_AT(message, 5)[0]):
        end = message.index(b"\0", offset)
        table_oid, attnum, oid, size, typmod, _format = _FIELD_TAIL_AT(message, end + 1)
        name = message[offset:end].decode()
        fields.append(Field(name, oid & 0xFFFFFFFF, size, typmod, table_oid & 0xFFFFFFFF, attnum))
        offset = end + 19
    return tuple(fields)
