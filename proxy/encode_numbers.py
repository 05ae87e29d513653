"""Numbers: integer and float text as PostgreSQL prints it, numeric's binary digits.

Rules: a float is the shortest text that reads back as the same float, in exponent notation below 1e-4 and
from 1e15 (float4: 1e6) on, the exponent with two digits at least.  Arrow writes the same digits; where its
choice of notation differs, the text is set anew.

Source: PostgreSQL's d2s.c and f2s.c (to_chars), numeric.c (numeric_send: base-10000 digits, most significant
first, without leading and trailing zero digits).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from proxy.encode_parts import DataError, Var, arrow_binary, offsets_in, offsets_of, to_list, validity
from spark_thrift.columns import FixedColumn, VarColumn

_ARROW_INTS = {1: pa.int8(), 2: pa.int16(), 4: pa.int32(), 8: pa.int64()}


def _as_text(values: npt.NDArray[Any], kind: pa.DataType, column: FixedColumn) -> Var:
    native = np.ascontiguousarray(values)
    array = pa.Array.from_buffers(kind, len(native), [validity(column.nulls), pa.py_buffer(native)])
    _, offsets, data = array.cast(pa.string()).buffers()
    return Var(data or b"", offsets_in(offsets, len(native)), column.nulls)


def int_text(column: FixedColumn) -> Var:
    width = column.values.dtype.itemsize
    return _as_text(column.values.astype(f"=i{width}"), _ARROW_INTS[width], column)


def float_text(column: FixedColumn, bits: int) -> Var:
    """Units: `bits` is 64 for float8, 32 for float4 (HiveServer2 sends both as doubles)."""
    if bits == 64:
        values: npt.NDArray[Any] = column.values.astype(np.float64)
        text, exponent_from = _as_text(values, pa.float64(), column), 1e15
    else:
        with np.errstate(over="ignore"):
            values = column.values.astype(np.float32)
        text, exponent_from = _as_text(values, pa.float32(), column), 1e6
    magnitude = np.abs(values)
    # NaN compares false, and so counts as odd.
    same = (magnitude >= 1e-4) & (magnitude < min(exponent_from, _ARROW_EXPONENT_FROM))
    same |= values == 0
    if column.nulls is not None:
        same |= column.nulls
    if same.all():
        return text
    odd = ~same
    array = arrow_binary(text.data, text.offsets)
    texts = array.filter(pa.array(odd)).to_pylist()
    reset = [_reset(text, value, bits) for text, value in zip(texts, values[odd].tolist(), strict=True)]
    mended = pc.replace_with_mask(array, pa.array(odd), pa.array(reset, pa.binary()))
    _, offsets, data = mended.buffers()
    return Var(data, offsets_in(offsets, len(values)), column.nulls)


# Arrow (double-conversion's ToShortest) goes over to exponents here.
_ARROW_EXPONENT_FROM = 1e10
_NAMED = {b"nan": b"NaN", b"inf": b"Infinity", b"-inf": b"-Infinity"}


def _reset(text: bytes, value: float, bits: int) -> bytes:
    """The same digits in PostgreSQL's notation."""
    if (named := _NAMED.get(text)) is not None:
        return named
    sign, text = (b"-", text[1:]) if text.startswith(b"-") else (b"", text)
    mantissa, _, exponent = text.partition(b"e")
    whole, _, fraction = mantissa.partition(b".")
    point = len(whole) + int(exponent or 0)
    digits = whole + fraction
    stripped = digits.lstrip(b"0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip(b"0")
    if abs(value) >= _BOUNDARY_FROM[bits]:
        digits, point = _inside(digits, point, abs(value), bits)
    power = point - 1
    if power < -4 or power >= (15 if bits == 64 else 6):
        tail = b"." + digits[1:] if len(digits) > 1 else b""
        return b"%s%s%se%s%02d" % (sign, digits[:1], tail, b"-" if power < 0 else b"+", abs(power))
    if point >= len(digits):
        return sign + digits.ljust(point, b"0")
    if point <= 0:
        return sign + b"0." + b"0" * -point + digits
    return sign + digits[:point] + b"." + digits[point:]


# Below these the midpoint between two floats has more digits than the longest text.
_BOUNDARY_FROM = {64: 2.0**53, 32: 2.0**20}
_MOST_DIGITS = {64: 17, 32: 9}
_MANTISSA_BITS = {64: 53, 32: 24}


# Fractions of one: fine enough for the gap between two float4 at 2 ** 20.
_UNIT = 64


def _inside(digits: bytes, point: int, value: float, bits: int) -> tuple[bytes, int]:
    """PostgreSQL's Ryu takes no text that lies just on the midpoint between two floats (acceptBounds is
    false), though it would be read as the even one; such a value gets more digits.  Exact, in integers."""
    mantissa, exponent = math.frexp(value)
    spare = exponent - _MANTISSA_BITS[bits]
    above = _UNIT << spare if spare >= 0 else _UNIT >> -spare
    below = above // 2 if mantissa == 0.5 else above
    exact = int(value) * _UNIT if value >= 2.0**53 else int(value * _UNIT)
    places = len(str(exact // _UNIT))
    for count in range(len(digits), _MOST_DIGITS[bits]):
        if (
            point < len(digits)
            or -below < 2 * (int(digits) * 10 ** (point - len(digits)) * _UNIT - exact) < above
        ):
            break
        step = 10 ** (places - count - 1) * _UNIT
        rounded = str((2 * exact + step) // (2 * step))
        digits, point = rounded.rstrip("0").encode(), places + len(rounded) - count - 1
    return digits, point


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
    array = pa.array(values, pa.string())
    lengths = pc.fill_null(pc.binary_length(array), 0).to_numpy(zero_copy_only=False)
    starts = offsets_of(lengths + 4)
    data = b"".join(b"\0\0\0\0" + (value or "").encode() for value in values)
    return numeric_binary(VarColumn(np.frombuffer(data, np.uint8), starts, column.nulls), shown)
