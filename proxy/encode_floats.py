"""Floats as PostgreSQL prints them: the shortest text that reads back as the same float.

Rules: exponent notation below 1e-4 and from 1e15 (float4: 1e6) on, its exponent with two digits at least.
Arrow finds the same digits, but chooses the notation by other limits, so the ranges where the two differ are
set anew: by whole columns where data may well lie, value by value above 2**53 (float4: above 1e6), where also
a few digits differ (_inside).

Source: PostgreSQL's d2s.c and f2s.c (to_chars, and acceptBounds).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from proxy.encode_numbers import arrow_text
from proxy.encode_parts import Var, arrow_binary, arrow_flags, arrow_values, offsets_in, offsets_of
from spark_thrift.columns import FixedColumn

Mask = npt.NDArray[np.bool_]

# Arrow writes decimals below this and from 1e-6, else exponents of as many digits as they need.
_ARROW_EXPONENT_FROM = 1e10
# Exponents of two digits begin here, and both write them alike.
_LONG_EXPONENT_BELOW = 1e-9
# Where PostgreSQL goes over to exponents.
_EXPONENT_FROM = {64: 1e15, 32: 1e6}
# Only between these can the midpoint of two floats be as short as their texts: below, it has too many places;
# above, its mantissa lacks the factors of five.
_MIDPOINTS = {64: (2.0**53, 1e40), 32: (2.0**20, 1e20)}
_MOST_DIGITS = {64: 17, 32: 9}
_MANTISSA_BITS = {64: 53, 32: 24}


@np.errstate(over="ignore", invalid="ignore")
def float_text(column: FixedColumn, bits: int) -> Var:
    """Units: `bits` is 64 for float8, 32 for float4 (HiveServer2 sends both as doubles)."""
    values: npt.NDArray[Any] = column.values.astype(np.float64 if bits == 64 else np.float32)
    text = arrow_text(values, pa.float64() if bits == 64 else pa.float32(), column)
    size = np.abs(values)
    # NaN compares false throughout.
    alike = ((size >= 1e-4) & (size < min(_EXPONENT_FROM[bits], _ARROW_EXPONENT_FROM))) | (size == 0)
    if column.nulls is not None:
        alike |= column.nulls
    if alike.all():
        return text
    array = arrow_binary(text.data, text.offsets)
    present = ~alike
    finite = np.isfinite(values)
    array = _put(array, present & ~finite, lambda part, chosen: _named(values[chosen]))
    present &= finite
    array = _put(
        array, present & (size < 1e-4) & (size >= _LONG_EXPONENT_BELOW), lambda part, chosen: _small(part)
    )
    large = present & (size >= _ARROW_EXPONENT_FROM) & (size < _EXPONENT_FROM[bits])
    whole = large & (values == np.rint(values))
    array = _put(array, whole, lambda part, chosen: _whole(values[chosen]))
    array = _put(array, large & ~whole, lambda part, chosen: _moved(part, values[chosen]))
    # float4 from 1e6 to 1e10 stands in decimals, too.
    low = _EXPONENT_FROM[32] if bits == 32 else _MIDPOINTS[64][0]
    high = _MIDPOINTS[bits][1]
    array = _put(
        array,
        present & (size >= low) & (size < high),
        lambda part, chosen: arrow_values(
            [_reset(t, v, bits) for t, v in zip(part.to_pylist(), values[chosen].tolist(), strict=True)]
        ),
    )
    _, offsets, data = array.buffers()
    return Var(data, offsets_in(offsets, len(values)), column.nulls)


def _put(array: pa.Array, chosen: Mask, convert: Callable[[pa.Array, Mask], pa.Array]) -> pa.Array:
    """The array with the chosen texts converted."""
    if not chosen.any():
        return array
    mask = arrow_flags(chosen)
    return pc.replace_with_mask(array, mask, convert(array.filter(mask), chosen))


def _named(values: npt.NDArray[Any]) -> pa.Array:
    names = np.where(np.isnan(values), b"NaN", np.where(values > 0, b"Infinity", b"-Infinity"))
    return arrow_values(names.tolist())


# Arrow's texts from 1e-9 to 1e-4, and PostgreSQL's for them.
_SMALL = (
    (r"^(-?)0\.0000([1-9])$", r"\1\2e-05"),
    (r"^(-?)0\.0000([1-9])(\d+)$", r"\1\2.\3e-05"),
    (r"^(-?)0\.00000([1-9])$", r"\1\2e-06"),
    (r"^(-?)0\.00000([1-9])(\d+)$", r"\1\2.\3e-06"),
    (r"e-(\d)$", r"e-0\1"),
)


def _small(texts: pa.Array) -> pa.Array:
    for pattern, replacement in _SMALL:
        texts = pc.replace_substring_regex(texts, pattern, replacement)
    return texts


def _whole(values: npt.NDArray[Any]) -> pa.Array:
    whole = pa.py_buffer(values.astype(np.int64))
    return pa.Array.from_buffers(pa.int64(), len(values), [None, whole]).cast(pa.string()).cast(pa.binary())


def _moved(texts: pa.Array, values: npt.NDArray[Any]) -> pa.Array:
    """`1.23456789012345e+12`, which has a fraction, as `1234567890123.45`: the point moves, the exponent
    goes."""
    offsets = offsets_in(texts.buffers()[1], len(texts))
    data = np.frombuffer(texts.buffers()[2], np.uint8)
    lengths = np.diff(offsets)
    width = int(lengths.max())
    columns = np.arange(width)
    matrix = data[np.minimum(offsets[:-1, None] + columns, len(data) - 1)]
    negative = values < 0
    power = np.searchsorted(10.0 ** np.arange(16), np.abs(values), side="right") - 1
    for sign in (0, 1):
        for places in range(10, 15):
            rows = np.flatnonzero((negative == bool(sign)) & (power == places))
            if len(rows):
                point = sign + 1
                part = matrix[rows]
                part[:, point : point + places] = part[:, point + 1 : point + 1 + places]
                part[:, point + places] = ord(".")
                matrix[rows] = part
    lengths = lengths - len("e+12")
    kept = columns < lengths[:, None]
    return arrow_binary(matrix[kept], offsets_of(lengths))


def _reset(text: bytes, value: float, bits: int) -> bytes:
    """A large float in exponent notation, with the digits that PostgreSQL takes."""
    sign, text = (b"-", text[1:]) if text.startswith(b"-") else (b"", text)
    mantissa, _, exponent = text.partition(b"e")
    whole, _, fraction = mantissa.partition(b".")
    point = len(whole) + int(exponent or 0)
    digits = whole + fraction
    digits = digits.rstrip(b"0")
    if abs(value) >= _MIDPOINTS[bits][0]:
        digits, point = _inside(digits, point, abs(value), bits)
    power = point - 1
    tail = b"." + digits[1:] if len(digits) > 1 else b""
    return b"%s%s%se+%02d" % (sign, digits[:1], tail, power)


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
