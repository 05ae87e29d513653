"""What a column encoder hands over, and how encoded columns become messages: a few memory passes, no value
touched.

Wire: a DataRow is `D`, int32 length, int16 count, then int32 length and bytes a value, length -1 for NULL.
One tuple of a binary COPY is the same after the `d` of its CopyData, so both are joined here.

Rules: an encoded column has one of three shapes, chosen by what its values let us skip: fixed width (the
lengths are constants), variable (lengths follow from offsets), or prefixed (the frame's own bytes are already
the field).  A NULL takes no bytes in any of them.

Left out: what a value looks like (encode_text, encode_binary) and COPY's text and csv (copyout).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_thrift.columns import Nulls, VarColumn

Offsets = npt.NDArray[np.int32]


class DataError(Exception):
    """A value that PostgreSQL's type cannot hold, or that its client could not be sent."""

    def __init__(
        self, sqlstate: str, message: str, *, detail: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Fixed:
    """Shapes: `values` (n,), whose bytes are the fields."""

    values: npt.NDArray[Any]
    nulls: Nulls | None

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Var:
    """Shapes: field i is `data[offsets[i]:offsets[i + 1]]`; `offsets` is (n + 1,); a NULL is empty."""

    data: Any
    offsets: Offsets
    nulls: Nulls | None

    def __len__(self) -> int:
        return len(self.offsets) - 1


Encoded = Fixed | Var | VarColumn
"""A VarColumn is the frame's own column: each field still behind its length."""


def validity(nulls: Nulls | None) -> pa.Buffer | None:
    """Arrow's bitmap, a set bit for a value that is there."""
    return None if nulls is None else pa.py_buffer(np.packbits(~nulls, bitorder="little"))


def arrow_binary(data: Any, offsets: Offsets) -> pa.Array:
    buffer = data if isinstance(data, pa.Buffer) else pa.py_buffer(data)
    return pa.Array.from_buffers(pa.binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), buffer])


# pa.array, pa.scalar and a bare value given to pyarrow.compute import pandas where it is installed, which takes 45 MiB:
# Arrow values are made of buffers.


def arrow_values(values: Sequence[bytes | None]) -> pa.Array:
    """Python values as Arrow's; a NULL has no bytes and no mark."""
    sizes = np.fromiter((len(value or b"") for value in values), np.int64, len(values))
    return arrow_binary(b"".join(value or b"" for value in values), offsets_of(sizes))


def arrow_value(value: bytes) -> pa.Scalar:
    return arrow_values([value])[0]


def arrow_flags(flags: npt.NDArray[np.bool_]) -> pa.Array:
    bits = pa.py_buffer(np.packbits(flags, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(flags), [None, bits])


def arrow_records(records: npt.NDArray[Any]) -> pa.Array:
    """An array of structs as Arrow values of their bytes."""
    width = records.dtype.itemsize
    offsets = np.arange(0, width * (len(records) + 1), width, dtype=np.int32)
    return arrow_binary(records.view(np.uint8), offsets)


def offsets_in(buffer: pa.Buffer, count: int) -> Offsets:
    """The offsets of an Arrow array of `count` values."""
    return np.frombuffer(buffer, np.int32, count + 1)


def sizes_of(offsets: Offsets) -> Offsets:
    sizes: Offsets = offsets[1:] - offsets[:-1]
    return sizes


def var_of(values: Sequence[bytes | None]) -> Var:
    """From Python values, for the rare kinds that have no columnar way."""
    _, offsets, data = arrow_values(values).buffers()
    nulls = np.fromiter((value is None for value in values), np.bool_, len(values))
    return Var(
        data if data is not None else b"",
        offsets_in(offsets, len(values)),
        nulls if nulls.any() else None,
    )


def offsets_of(lengths: npt.NDArray[Any]) -> Offsets:
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def narrow(column: Fixed) -> Var:
    """Drops the bytes under the NULLs of a fixed-width column."""
    if column.nulls is None:
        present, lengths = column.values, np.full(len(column), column.values.dtype.itemsize)
    else:
        present = column.values[~column.nulls]
        lengths = np.where(column.nulls, 0, column.values.dtype.itemsize)
    return Var(np.ascontiguousarray(present).view(np.uint8), offsets_of(lengths), column.nulls)


def unprefixed(column: VarColumn) -> Var:
    """A frame's column without its length prefixes."""
    starts = column.starts
    base = int(starts[0])
    kept = np.ones(int(starts[-1]) - base, np.bool_)
    for byte in range(4):
        kept[starts[:-1] + (byte - base)] = False
    offsets: Any = starts - np.arange(base, base + 4 * len(starts), 4, dtype=np.int32)
    return Var(column.data[base : int(starts[-1])][kept], offsets, column.nulls)


def bodies(column: Encoded) -> Var:
    """Any encoded column as bare values."""
    match column:
        case Fixed():
            return narrow(column)
        case Var():
            return column
        case VarColumn():
            return unprefixed(column)


def to_list(column: Encoded) -> list[bytes | None]:
    """Python values, for the rare kinds that have no columnar way."""
    var = bodies(column)
    values: list[bytes | None] = arrow_binary(var.data, var.offsets).to_pylist()
    if var.nulls is not None:
        for i in np.flatnonzero(var.nulls).tolist():
            values[i] = None
    return values


def map_values(column: VarColumn, convert: Callable[[bytes], bytes]) -> Var:
    """Value by value, for the rare kinds that have no columnar way."""
    return var_of([None if value is None else convert(value) for value in to_list(column)])


def _marked(column: VarColumn) -> VarColumn:
    """The same with -1 for length where HiveServer2 sent 0 and a NULL bit.

    The frame is the session's own once it was read, and `starts` is what tells the lengths from here on, so
    the prefixes are written where they lie when they can be.
    """
    assert column.nulls is not None
    base = int(column.starts[0])
    if column.data.flags.writeable:
        data, starts = column.data, column.starts
    else:
        data, starts = column.data[base : int(column.starts[-1])].copy(), column.starts - np.int32(base)
    at = starts[:-1][column.nulls]
    for byte in range(4):
        data[at + byte] = 255
    return VarColumn(data, starts, column.nulls)


EMPTY = arrow_value(b"")


class _Joiner:
    """Collects the parts of each row; neighbours of fixed width share one array of records."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.parts: list[pa.Array] = []
        self.pending: list[tuple[str | np.dtype[Any], Any]] = []
        self.records: list[npt.NDArray[Any]] = []

    def fixed(self, dtype: str | np.dtype[Any], values: Any) -> None:
        self.pending.append((dtype, values))

    def variable(self, array: pa.Array) -> None:
        self.flush()
        self.parts.append(array)

    def flush(self) -> None:
        if not self.pending:
            return
        record = np.empty(self.rows, [(f"f{i}", dtype) for i, (dtype, _) in enumerate(self.pending)])
        for name, (_, values) in zip(record.dtype.names or (), self.pending, strict=True):
            record[name] = values
        self.records.append(record)
        self.parts.append(arrow_records(record))
        self.pending = []

    def join(self) -> memoryview:
        self.flush()
        if len(self.parts) == 1:
            return self.records[0].view(np.uint8).data
        try:
            joined = pc.binary_join_element_wise(*self.parts, EMPTY)
        except pa.ArrowInvalid as error:
            raise DataError("54000", "rows are too large to be sent", detail=str(error)) from error
        offsets = offsets_in(joined.buffers()[1], self.rows)
        return memoryview(joined.buffers()[2])[int(offsets[0]) : int(offsets[-1])]


def join_rows(tag: bytes, columns: Sequence[Encoded], rows: int) -> bytes | memoryview:
    """DataRow messages (tag `D`), or CopyData messages that hold a binary COPY's tuples (tag `d`)."""
    if rows == 0:
        return b""
    # The length counts itself and the int16, not the tag.
    length = np.full(rows, 6, np.int32)
    joiner = _Joiner(rows)
    joiner.fixed("S1", tag)
    joiner.fixed(">i4", length)
    joiner.fixed(">i2", len(columns))
    for column in columns:
        if isinstance(column, Fixed):
            if column.nulls is None:
                width = column.values.dtype.itemsize
                length += 4 + width
                joiner.fixed(">i4", width)
                joiner.fixed(column.values.dtype, column.values)
                continue
            column = narrow(column)
        if isinstance(column, Var):
            sizes = sizes_of(column.offsets)
            length += sizes
            length += 4
            if column.nulls is not None:
                sizes[column.nulls] = -1
            joiner.fixed(">i4", sizes)
            joiner.variable(arrow_binary(column.data, column.offsets))
        else:
            length += sizes_of(column.starts)
            framed = column if column.nulls is None else _marked(column)
            joiner.variable(arrow_binary(framed.data, framed.starts))
    joiner.flush()
    # The lengths were still growing when the record was filled.
    joiner.records[0]["f1"] = length
    return joiner.join()
