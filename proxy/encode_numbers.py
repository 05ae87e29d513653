"""Numbers: integer and float text as PostgreSQL prints it, numeric's binary digits.

Rules: a float is the shortest text that reads back as the same float, in exponent notation below 1e-4 and
from 1e15 (float4: 1e6) on, the exponent with two digits at least.  Arrow writes the same digits; where its
choice of notation differs, the text is set anew.

Source: PostgreSQL's d2s.c and f2s.c (to_chars), numeric.c (numeric_send: base-10000 digits, most significant
first, without leading and trailing zero digits).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from proxy.encode_parts import DataError, Var, offsets_in, offsets_of, to_list, validity
from spark_thrift.columns import FixedColumn, VarColumn

_ARROW_INTS = {1: pa.int8(), 2: pa.int16(), 4: pa.int32(), 8: pa.int64()}


def arrow_text(values: npt.NDArray[Any], kind: pa.DataType, column: FixedColumn) -> Var:
    native = np.ascontiguousarray(values)
    array = pa.Array.from_buffers(kind, len(native), [validity(column.nulls), pa.py_buffer(native)])
    _, offsets, data = array.cast(pa.string()).buffers()
    return Var(data or b"", offsets_in(offsets, len(native)), column.nulls)


def int_text(column: FixedColumn) -> Var:
    width = column.values.dtype.itemsize
    return arrow_text(column.values.astype(f"=i{width}"), _ARROW_INTS[width], column)


# Keep the last k of four digits that were read as a little-endian word.
_KEEP = np.array([0, 0xFF000000, 0xFFFF0000, 0xFFFFFF00, 0xFFFFFFFF], np.uint32)


def _four_digits(words: npt.NDArray[np.uint32], at: npt.NDArray[Any], count: Any) -> Any:
    """The value of the last `count` (0 to 4) of the four ASCII digits that begin at `at`."""
    word: Any = words[at]
    word &= 0x0F0F0F0F
    word &= _KEEP[count]
    word = (word * 10 + (word >> 8)) & 0x00FF00FF
    word = word * 100 + (word >> 16)
    word &= 0xFFFF
    return word


def numeric_binary(column: VarColumn, scale: int) -> Var:
    """From plain decimal text with `scale` digits after the point."""
    rows = len(column)
    shown = max(scale, 0)
    begins, ends = column.starts[:-1] + 4, column.starts[1:]
    absent = column.nulls
    first = column.data[np.minimum(begins, len(column.data) - 1)]
    negative = first == ord("-")
    if absent is not None:
        negative &= ~absent
    point = ends - shown - 1 if shown else ends
    whole_digits = point - begins - negative
    if absent is not None:
        whole_digits[absent] = 0
    if rows and whole_digits.min() < (0 if absent is not None else 1):
        return _slow_numeric(column, shown)
    if shown:
        dots = column.data[np.maximum(point, 0)] == ord(".")
        if not (dots if absent is None else dots | absent).all():
            return _slow_numeric(column, shown)

    whole_groups = (int(whole_digits.max(initial=0)) + 3) // 4
    fraction_groups = (shown + 3) // 4
    groups = whole_groups + fraction_groups
    words = np.ndarray((max(len(column.data) - 3, 0),), np.uint32, column.data.data, 0, (1,))
    # int16 words: the header's four, then the digits.
    matrix = np.empty((rows, 4 + groups), ">i2")
    digits = matrix[:, 4:]
    for group in range(whole_groups):
        count = np.clip(whole_digits - 4 * group, 0, 4)
        # Where no digit is left the word is masked away, but it is read, so it must lie in the frame.
        at = np.maximum(point - 4 * (group + 1), begins - 4)
        digits[:, whole_groups - 1 - group] = _four_digits(words, at, count)
    for group in range(fraction_groups):
        left = shown - 4 * group
        if left >= 4:
            at = ends - left
            value = _four_digits(words, at if absent is None else np.maximum(at, begins - 4), 4)
        else:
            value = _four_digits(words, ends - 4, left) * np.uint32(10 ** (4 - left))
        digits[:, whole_groups + group] = value
    if absent is not None:
        digits[absent] = 0

    # numeric_send drops zero digits at both ends.
    filled = digits != 0
    any_digit = filled.any(axis=1)
    leading = np.where(any_digit, filled.argmax(axis=1) if groups else 0, groups)
    trailing = np.where(any_digit, filled[:, ::-1].argmax(axis=1) if groups else 0, 0)
    count = groups - leading - trailing
    matrix[:, 0] = count
    matrix[:, 1] = np.where(any_digit, whole_groups - 1 - leading, 0)
    matrix[:, 2] = np.where(negative & any_digit, 0x4000, 0)
    matrix[:, 3] = shown
    column_index = np.arange(4 + groups)
    kept = (column_index < 4) | (
        (column_index >= 4 + leading[:, None]) & (column_index < 4 + groups - trailing[:, None])
    )
    lengths = 8 + 2 * count
    if absent is not None:
        kept[absent] = False
        lengths[absent] = 0
    return Var(matrix[kept].view(np.uint8), offsets_of(lengths), absent)


def _slow_numeric(column: VarColumn, shown: int) -> Var:
    """Text that is not as the column's scale says: read digit by digit (a negative scale, or a future
    notation)."""
    from decimal import Decimal, InvalidOperation

    values: list[str | None] = []
    for value in to_list(column):
        try:
            values.append(None if value is None else f"{Decimal(value.decode()):.{shown}f}")
        except (InvalidOperation, UnicodeDecodeError) as error:
            raise DataError("22P02", 'invalid number from the engine for type "numeric"') from error
    texts = [b"\0\0\0\0" + (value or "").encode() for value in values]
    starts = offsets_of(np.fromiter(map(len, texts), np.int64, len(texts)))
    data = b"".join(texts)
    return numeric_binary(VarColumn(np.frombuffer(data, np.uint8), starts, column.nulls), shown)
