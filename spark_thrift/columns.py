"""A HiveServer2 FetchResults reply, read where it lies: bytes in, numpy views out, no value touched.

Wire: a Thrift binary-protocol reply whose TRowSet is columnar (protocol V6 and later).  A fixed-width column
is a big-endian array; a string or binary column is `[u32 big-endian length][bytes]` back to back, which is
PostgreSQL's own field encoding; NULLs are a bitmap, least significant bit first, whose trailing zero bytes
may be missing.

Rules: every position is checked against the frame before it is used, whatever the frame says of itself, and a
reply that is anything but the expected one raises.  The views keep the frame alive and share its memory.

Left out: asking for frames (the client's), and what the values mean (the type map's and the encoders').
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spark_thrift.prefixes import Bytes, MalformedFrame, Offsets, walk_prefixes

__all__ = [
    "FetchFailed",
    "FixedColumn",
    "FrameBatch",
    "FrameColumn",
    "MalformedFrame",
    "Nulls",
    "VarColumn",
    "decode_frame",
]

Nulls = npt.NDArray[np.bool_]


class FetchFailed(Exception):
    """The reply is whole, and says that the fetch failed."""

    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate


@dataclass(frozen=True, slots=True)
class FixedColumn:
    """Shapes: `values` (n,) big-endian, or uint8 for booleans; `nulls` (n,), None when there is none."""

    values: npt.NDArray[Any]
    nulls: Nulls | None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def nbytes(self) -> int:
        return self.values.nbytes

    def slice(self, start: int, stop: int) -> FixedColumn:
        return FixedColumn(self.values[start:stop], _cut(self.nulls, start, stop))


@dataclass(frozen=True, slots=True)
class VarColumn:
    """Length-prefixed values.

    Shapes: value i's prefix begins at `data[starts[i]]` and its bytes end at `starts[i + 1]`; `starts` is (n
    + 1,). A NULL has length 0.
    """

    data: Bytes
    starts: Offsets
    nulls: Nulls | None

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def nbytes(self) -> int:
        return int(self.starts[-1]) - int(self.starts[0])

    def slice(self, start: int, stop: int) -> VarColumn:
        return VarColumn(self.data, self.starts[start : stop + 1], _cut(self.nulls, start, stop))


FrameColumn = FixedColumn | VarColumn


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """The columns of one frame, all of `row_count` rows."""

    columns: tuple[FrameColumn, ...]
    row_count: int

    @property
    def nbytes(self) -> int:
        """Bytes of the frame that these rows take."""
        return sum(column.nbytes for column in self.columns)

    def slice(self, start: int, stop: int) -> FrameBatch:
        """Rows start..stop, sharing the frame."""
        start, stop, _ = slice(start, stop).indices(self.row_count)
        stop = max(start, stop)
        return FrameBatch(tuple(c.slice(start, stop) for c in self.columns), stop - start)


def _cut(nulls: Nulls | None, start: int, stop: int) -> Nulls | None:
    if nulls is None:
        return None
    part = nulls[start:stop]
    return part if part.any() else None


# Thrift's TType.  Source: thrift-binary-protocol.md, "Struct" and "List and Set".
_STOP, _BOOL, _BYTE, _DOUBLE, _I16, _I32, _I64, _STRING, _STRUCT, _MAP, _SET, _LIST = (
    0,
    2,
    3,
    4,
    6,
    8,
    10,
    11,
    12,
    13,
    14,
    15,
)
_WIDTH = {_BOOL: 1, _BYTE: 1, _DOUBLE: 8, _I16: 2, _I32: 4, _I64: 8}
_DTYPE = {_BOOL: "u1", _BYTE: "i1", _DOUBLE: ">f8", _I16: ">i2", _I32: ">i4", _I64: ">i8"}

_VERSION_1 = 0x80010000
_REPLY, _EXCEPTION = 2, 3
# TCLIService.thrift, TStatusCode.
_STATUS_ERRORS = {3, 4}
# Nothing that HiveServer2 sends nests deeper than 7; a frame that does is not one of its.
_MAX_DEPTH = 16
# Offsets into a frame are int32, as Arrow's binary arrays have them.
_MAX_FRAME_BYTES = 2**31 - 1

_U32 = struct.Struct(">I")


class _Reader:
    """A position in a frame."""

    __slots__ = ("data", "frame", "position", "size")

    def __init__(self, frame: bytes | bytearray | memoryview) -> None:
        self.frame = frame
        self.data: Bytes = np.frombuffer(frame, np.uint8)
        self.size = len(self.data)
        self.position = 0

    def advance(self, count: int) -> int:
        """Steps over `count` bytes and returns where they begin."""
        start = self.position
        if count < 0 or count > self.size - start:
            raise MalformedFrame(f"{count} bytes wanted at {start} of {self.size}")
        self.position = start + count
        return start

    def byte(self) -> int:
        return self.frame[self.advance(1)]

    def u32(self) -> int:
        return int(_U32.unpack_from(self.frame, self.advance(4))[0])

    def count(self) -> int:
        """A length or an element count, which Thrift declares as a signed i32."""
        value = self.u32()
        if value > _MAX_FRAME_BYTES:
            raise MalformedFrame(f"negative length at {self.position - 4}")
        return value

    def string(self) -> bytes:
        length = self.count()
        start = self.advance(length)
        return bytes(self.frame[start : start + length])

    def field(self) -> tuple[int, int]:
        """The next field's (type, id); (_STOP, 0) ends the struct."""
        kind = self.byte()
        if kind == _STOP:
            return _STOP, 0
        return kind, self.byte() << 8 | self.byte()

    def expect_field(self, kind: int, number: int) -> None:
        found = self.field()
        if found != (kind, number):
            raise MalformedFrame(f"field {(kind, number)} wanted, {found} found at {self.position}")

    def skip(self, kind: int, depth: int = 0) -> None:
        """Steps over one value of a type whose content is not wanted."""
        if depth > _MAX_DEPTH:
            raise MalformedFrame("nested too deep")
        width = _WIDTH.get(kind)
        if width is not None:
            self.advance(width)
        elif kind == _STRING:
            self.advance(self.count())
        elif kind == _STRUCT:
            while (inner := self.field()[0]) != _STOP:
                self.skip(inner, depth + 1)
        elif kind in (_LIST, _SET):
            inner = self.byte()
            count = self.count()
            if (width := _WIDTH.get(inner)) is not None:
                self.advance(width * count)
            else:
                for _ in range(count):
                    self.skip(inner, depth + 1)
        elif kind == _MAP:
            key, value = self.byte(), self.byte()
            for _ in range(self.count()):
                self.skip(key, depth + 1)
                self.skip(value, depth + 1)
        else:
            raise MalformedFrame(f"unknown Thrift type {kind}")


def decode_frame(frame: bytes | bytearray | memoryview) -> FrameBatch:
    """Reads one FetchResults reply (without the transport's own length).

    Raises: FetchFailed when the server reports an error; MalformedFrame for anything that is not such a
    reply.
    """
    if len(frame) > _MAX_FRAME_BYTES:
        raise MalformedFrame("a frame of 2 GiB or more")
    reader = _Reader(frame)
    header = reader.u32()
    if header & 0xFFFF0000 != _VERSION_1:
        raise MalformedFrame("not Thrift's strict binary protocol")
    reader.string()  # the method's name
    reader.u32()  # the sequence number: the client's concern
    if header & 0xFF == _EXCEPTION:
        raise FetchFailed(_application_exception(reader))
    if header & 0xFF != _REPLY:
        raise MalformedFrame("not a reply")
    reader.expect_field(_STRUCT, 0)
    batch: FrameBatch | None = None
    while (field := reader.field())[0] != _STOP:
        match field:
            case (12, 1):
                _check_status(reader)
            case (12, 3):
                batch = _row_set(reader)
            case (kind, _):
                reader.skip(kind)
    if reader.field()[0] != _STOP or reader.position != reader.size:
        raise MalformedFrame("bytes after the end of the reply")
    return batch if batch is not None else FrameBatch((), 0)


def _application_exception(reader: _Reader) -> str:
    message = "the server rejected the call"
    while (field := reader.field())[0] != _STOP:
        if field == (_STRING, 1):
            message = reader.string().decode("utf-8", "replace")
        else:
            reader.skip(field[0])
    return message


def _check_status(reader: _Reader) -> None:
    code, sqlstate, message = 0, None, ""
    while (field := reader.field())[0] != _STOP:
        match field:
            case (8, 1):
                code = reader.u32()
            case (11, 3):
                sqlstate = reader.string().decode("ascii", "replace")
            case (11, 5):
                message = reader.string().decode("utf-8", "replace")
            case (kind, _):
                reader.skip(kind)
    if code in _STATUS_ERRORS:
        raise FetchFailed(message or f"status {code}", sqlstate)


def _row_set(reader: _Reader) -> FrameBatch:
    columns: tuple[FrameColumn, ...] = ()
    while (field := reader.field())[0] != _STOP:
        if field != (_LIST, 3):
            reader.skip(field[0])
            continue
        kind, count = reader.byte(), reader.count()
        if kind != _STRUCT and count:
            raise MalformedFrame("columns are not structs")
        columns = tuple(_column(reader) for _ in range(count))
    counts = {len(column) for column in columns}
    if len(counts) > 1:
        raise MalformedFrame(f"columns of different lengths {sorted(counts)}")
    return FrameBatch(columns, counts.pop() if counts else 0)


def _column(reader: _Reader) -> FrameColumn:
    """One TColumn: a union of one struct {1: list values, 2: binary nulls}."""
    if reader.field()[0] != _STRUCT:
        raise MalformedFrame("a column is not a struct")
    reader.expect_field(_LIST, 1)
    kind, count = reader.byte(), reader.count()
    values: npt.NDArray[Any] | None = None
    starts: Offsets | None = None
    if (width := _WIDTH.get(kind)) is not None:
        start = reader.advance(width * count)
        values = np.frombuffer(reader.frame, _DTYPE[kind], count, start)
    elif kind == _STRING:
        starts = walk_prefixes(reader.data, reader.frame, reader.position, count)
        reader.position = int(starts[-1])
    else:
        raise MalformedFrame(f"a column of Thrift type {kind}")
    reader.expect_field(_STRING, 2)
    nulls = _nulls(reader.string(), count)
    if reader.field()[0] != _STOP or reader.field()[0] != _STOP:
        raise MalformedFrame("a column goes on after its nulls")
    if values is not None:
        return FixedColumn(values, nulls)
    assert starts is not None
    if nulls is not None and (np.diff(starts)[nulls] != 4).any():
        raise MalformedFrame("a NULL that has a value")
    return VarColumn(reader.data, starts, nulls)


def _nulls(bitmap: bytes, count: int) -> Nulls | None:
    if not bitmap.strip(b"\0"):
        return None
    bits = np.unpackbits(np.frombuffer(bitmap, np.uint8), count=count, bitorder="little")
    return bits.view(np.bool_) if bits.any() else None
