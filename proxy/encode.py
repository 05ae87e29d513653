"""One column of a HiveServer2 frame to PostgreSQL's text or binary fields: the choice of encoder by wire
kind.

Rules: both functions have one case a kind and no default that guesses; a column whose layout is not what the
type map says is refused (XX000) rather than read as something else.
"""

from __future__ import annotations

import numpy as np

from proxy import encode_nested as nested
from proxy import encode_numbers as numbers
from proxy import encode_times as times
from proxy.encode_floats import float_text
from proxy.encode_parts import DataError, Encoded, Fixed, Var, offsets_of, unprefixed
from proxy.timezones import TimeZone
from spark_thrift.columns import FixedColumn, FrameColumn, VarColumn
from spark_thrift.types import PgType, WireKind


def encode_text(kind: PgType, column: FrameColumn, zone: TimeZone) -> Encoded:
    """Raises: DataError."""
    match kind.wire, column:
        case WireKind.BOOL, FixedColumn():
            return Fixed(np.where(column.values != 0, np.uint8(ord("t")), np.uint8(ord("f"))), column.nulls)
        case WireKind.INT, FixedColumn():
            return numbers.int_text(column)
        case WireKind.FLOAT8, FixedColumn():
            return float_text(column, 64)
        case WireKind.FLOAT4, FixedColumn():
            return float_text(column, 32)
        case WireKind.TEXT, VarColumn():
            return _checked_text(column)
        case ((WireKind.NUMERIC | WireKind.TIME), VarColumn()):
            return column
        case WireKind.BYTEA, VarColumn():
            return _hex(column)
        case WireKind.DATE, VarColumn():
            return times.date_text(column)
        case WireKind.TIMESTAMP, VarColumn():
            return times.timestamp_text(column)
        case WireKind.TIMESTAMPTZ, FixedColumn():
            return times.timestamptz_text(column, zone)
        case ((WireKind.YEAR_MONTH | WireKind.DAY_TIME | WireKind.CALENDAR), VarColumn()):
            return nested.interval_text(kind.wire, column)
        case WireKind.JSONB, VarColumn():
            return nested.jsonb_text(column)
        case WireKind.ARRAY, VarColumn():
            return nested.array_text(kind, column, lambda k, c: encode_text(k, c, zone))
        case WireKind.VOID, _:
            return _all_null(len(column))
        case _:
            raise _unexpected(kind, column)


def encode_binary(kind: PgType, column: FrameColumn) -> Encoded:
    """Raises: DataError."""
    match kind.wire, column:
        case WireKind.BOOL, FixedColumn():
            return Fixed((column.values != 0).astype(np.uint8), column.nulls)
        case WireKind.INT, FixedColumn():
            return Fixed(column.values.astype(f">i{kind.size}", copy=False), column.nulls)
        case WireKind.FLOAT8, FixedColumn():
            return Fixed(column.values, column.nulls)
        case WireKind.FLOAT4, FixedColumn():
            with np.errstate(over="ignore", invalid="ignore"):
                return Fixed(column.values.astype(">f4"), column.nulls)
        case WireKind.TEXT, VarColumn():
            return _checked_text(column)
        case WireKind.BYTEA, VarColumn():
            return column
        case WireKind.NUMERIC, VarColumn():
            return numbers.numeric_binary(column, kind.scale)
        case WireKind.DATE, VarColumn():
            return times.date_binary(column)
        case WireKind.TIME, VarColumn():
            return times.time_binary(column)
        case WireKind.TIMESTAMP, VarColumn():
            return times.timestamp_binary(column)
        case WireKind.TIMESTAMPTZ, FixedColumn():
            return times.timestamptz_binary(column)
        case ((WireKind.YEAR_MONTH | WireKind.DAY_TIME | WireKind.CALENDAR), VarColumn()):
            return nested.interval_binary(kind.wire, column)
        case WireKind.JSONB, VarColumn():
            return nested.jsonb_binary(column)
        case WireKind.ARRAY, VarColumn():
            return nested.array_binary(kind, column, encode_binary)
        case WireKind.VOID, _:
            return _all_null(len(column))
        case _:
            raise _unexpected(kind, column)


def _unexpected(kind: PgType, column: FrameColumn) -> DataError:
    layout = column.values.dtype.str if isinstance(column, FixedColumn) else "length-prefixed"
    return DataError("XX000", f"the engine sent {layout} values for a column of type {kind.name}")


def _checked_text(column: VarColumn) -> VarColumn:
    """PostgreSQL's text has no U+0000: every zero byte of the column must belong to a length."""
    begin, end = int(column.starts[0]), int(column.starts[-1])
    zeros = end - begin - int(np.count_nonzero(column.data[begin:end]))
    lengths = np.diff(column.starts) - 4
    # NULLs may already be marked by a length of -1, and their zeros counted away with it.
    if column.nulls is not None:
        at = column.starts[:-1][column.nulls]
        zeros += sum(int(np.count_nonzero(column.data[at + byte])) for byte in range(4))
    in_lengths = 4 * len(lengths) - int(np.count_nonzero(lengths.view(np.uint8)))
    if zeros != in_lengths:
        raise DataError("22021", 'invalid byte sequence for encoding "UTF8": 0x00')
    return column


_HEX = np.frombuffer(b"".join(b"%02x" % i for i in range(256)), np.uint16)


def _hex(column: VarColumn) -> Var:
    """bytea_output = hex."""
    bare = unprefixed(column)
    lengths = np.diff(bare.offsets)
    shown = 2 + 2 * lengths
    if bare.nulls is not None:
        shown[bare.nulls] = 0
    offsets = offsets_of(shown)
    text = np.empty(int(offsets[-1]), np.uint8)
    heads = offsets[:-1] if bare.nulls is None else offsets[:-1][~bare.nulls]
    digits = np.ones(len(text), np.bool_)
    digits[heads] = digits[heads + 1] = False
    text[heads], text[heads + 1] = ord("\\"), ord("x")
    text[digits] = _HEX[bare.data].view(np.uint8)
    return Var(text, offsets, bare.nulls)


def _all_null(rows: int) -> Var:
    return Var(b"", np.zeros(rows + 1, np.int32), np.ones(rows, np.bool_))
