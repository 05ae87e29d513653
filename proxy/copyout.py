"""COPY (query) TO STDOUT: rows as CopyData messages, in PostgreSQL's text, csv and binary formats.

Wire: one CopyData (`d`, int32 length) a row, as PostgreSQL sends them; text and csv lines end in a newline.
A binary copy's signature travels in front of the first row, in the same message, because clients look for it
there.

Rules: values are escaped or quoted by whole columns, and a column without a special character passes as it
is.

Source: PostgreSQL's copyto.c (CopyAttributeOutText, CopyAttributeOutCSV, CopySendEndOfRow).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from proxy.encode_parts import (
    EMPTY,
    Encoded,
    Var,
    arrow_binary,
    arrow_flags,
    arrow_records,
    arrow_value,
    arrow_values,
    bodies,
    offsets_in,
    sizes_of,
)
from proxy.ports import CopyOptions, Field, RowBatch

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TRAILER = struct.pack(">h", -1)


def copy_data(payload: bytes) -> bytes:
    return b"d" + struct.pack(">i", 4 + len(payload)) + payload


class CopyOut:
    """One COPY's CopyData messages in order: begin(), rows() for each batch, end()."""

    def __init__(self, fields: Sequence[Field], options: CopyOptions) -> None:
        self._options = options
        self._fields = tuple(fields)
        self._unsent = _SIGNATURE if options.format == "binary" else b""

    def begin(self) -> bytes:
        """The header line, if one was asked for."""
        if not self._options.header or self._options.format == "binary":
            return b""
        return copy_data(header_line(self._fields, self._options))

    def rows(self, batch: RowBatch) -> bytes | memoryview:
        messages = batch.copy_rows(self._options)
        if not self._unsent or not len(messages):
            return messages
        (length,) = struct.unpack_from(">i", messages, 1)
        first = self._unsent + bytes(messages[5 : 1 + length])
        self._unsent = b""
        return copy_data(first) + bytes(messages[1 + length :])

    def end(self) -> bytes:
        """What a binary copy ends with."""
        if self._options.format != "binary":
            return b""
        return copy_data(self._unsent + _TRAILER)


def header_line(fields: Sequence[Field], options: CopyOptions) -> bytes:
    """Column names, quoted or escaped as values are, but never forced into quotes."""
    names = []
    for field in fields:
        name = arrow_values([field.name.encode()])
        cell = (
            _quoted(name, options, forced=False, lone=len(fields) == 1)
            if _csv(options)
            else _escaped(name, options)
        )
        names.append(cell[0].as_py())
    return options.delimiter.encode().join(names) + b"\n"


def copy_rows(columns: Sequence[Encoded], fields: Sequence[Field], options: CopyOptions) -> memoryview:
    """CopyData messages of text or csv lines; `columns` in text format, at least one row of them."""
    delimiter = options.delimiter.encode()
    cells = [
        _cells(bodies(column), field, options, len(columns))
        for column, field in zip(columns, fields, strict=True)
    ]
    rows = len(columns[0]) if columns else 0
    lengths = np.full(rows, 4 + max(len(cells) - 1, 0) * len(delimiter) + 1, np.int32)
    for cell in cells:
        lengths += sizes_of(offsets_in(cell.buffers()[1], rows))
    head = np.empty(rows, [("tag", "S1"), ("length", ">i4")])
    head["tag"], head["length"] = b"d", lengths
    line = [part for cell in cells for part in (arrow_value(delimiter), cell)][1:]
    joined = pc.binary_join_element_wise(arrow_records(head), *line, arrow_value(b"\n"), EMPTY)
    offsets = offsets_in(joined.buffers()[1], rows)
    return memoryview(joined.buffers()[2])[int(offsets[0]) : int(offsets[-1])]


def _csv(options: CopyOptions) -> bool:
    return options.format == "csv"


def _cells(values: Var, field: Field, options: CopyOptions, columns: int) -> pa.Array:
    array = arrow_binary(values.data, values.offsets)
    if _csv(options):
        forced = options.force_quote == "*" or field.name in options.force_quote
        array = _quoted(array, options, forced=forced, lone=columns == 1)
    else:
        array = _escaped(array, options)
    if values.nulls is None:
        return array
    return pc.if_else(arrow_flags(values.nulls), arrow_value(options.null.encode()), array)


def _holds(array: pa.Array, special: bytes) -> bool:
    """Whether any of these characters occurs in the whole column."""
    data = array.buffers()[2]
    if data is None:
        return False
    offsets = offsets_in(array.buffers()[1], len(array))
    text: npt.NDArray[Any] = np.frombuffer(data, np.uint8)[int(offsets[0]) : int(offsets[-1])]
    marks = np.zeros(256, np.bool_)
    marks[list(special)] = True
    return bool(marks[text].any())


# CopyAttributeOutText: these letters, a backslash for a backslash or a delimiter.
_LETTERS = {b"\b": b"\\b", b"\f": b"\\f", b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t", b"\v": b"\\v"}


def _escaped(array: pa.Array, options: CopyOptions) -> pa.Array:
    delimiter = options.delimiter.encode()
    if not _holds(array, b"\\" + delimiter + b"".join(_LETTERS)):
        return array
    array = pc.replace_substring(array, b"\\", b"\\\\")
    # The delimiter first: a tab that is the delimiter is written as a backslash and the letter, too.
    escapes = dict(_LETTERS)
    if delimiter not in escapes:
        escapes[delimiter] = b"\\" + delimiter
    for special, escape in escapes.items():
        array = pc.replace_substring(array, special, escape)
    return array


def _quoted(array: pa.Array, options: CopyOptions, *, forced: bool, lone: bool) -> pa.Array:
    """CopyAttributeOutCSV: quotes where the value would be read as something else, or where they were asked
    for."""
    quote, escape, delimiter, null = (
        text.encode() for text in (options.quote, options.escape, options.delimiter, options.null)
    )
    if forced:
        needed: Any = arrow_flags(np.ones(len(array), np.bool_))
    else:
        needed = pc.equal(array, arrow_value(null))
        if lone:
            # Alone on its line it would end the copy for clients before PostgreSQL 18.
            needed = pc.or_(needed, pc.equal(array, arrow_value(b"\\.")))
        special = delimiter + quote + b"\n\r"
        if _holds(array, special):
            pattern = "[" + "".join(re.escape(chr(byte)) for byte in special) + "]"
            needed = pc.or_(needed, pc.match_substring_regex(array, pattern))
        if not needed.true_count:
            return array
    inner = array
    if _holds(array, quote + escape):
        if escape != quote:
            inner = pc.replace_substring(inner, escape, escape + escape)
        inner = pc.replace_substring(inner, quote, escape + quote)
    mark = arrow_value(quote)
    return pc.if_else(needed, pc.binary_join_element_wise(mark, inner, mark, EMPTY), array)
