"""Finding the values of a length-prefixed column: the one part of a frame that has no fixed stride.

Wire: `[u32 big-endian length][bytes]`, back to back, nothing around it.
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int32]


class MalformedFrame(ValueError):
    """The reply breaks the Thrift encoding or is not the columnar one that was agreed on."""


_U32 = struct.Struct(">I")

# Below this many values the vectorised walk costs more than it saves, and above this mean length the bytes
# do.
_SHORT_COLUMN_VALUES = 64
_LONG_VALUE_BYTES = 256
_SAMPLE_VALUES = 32
# A window's scratch arrays stay in the second-level cache and off the kernel's page-fault path.
_WINDOW_BYTES = 96 * 1024
# A window that gives fewer values than this costs more than walking them; so many of those, and the rest is
# walked.
_POOR_WINDOW_VALUES = 64
_MAX_POOR_WINDOWS = 4


def walk_prefixes(data: Bytes, frame: bytes | bytearray | memoryview, start: int, count: int) -> Offsets:
    """Where each of `count` length-prefixed values begins, and where the last one ends.

    Each prefix is found from the one before it, so the plain way is a loop.  But text holds no zero byte,
    while every prefix of less than 16 MiB begins with one: the zero bytes of the column are its prefixes.  So
    candidates are found all at once, then checked as a chain from the first: what is returned follows from
    the prefixes alone, never from the guess.

    Raises: MalformedFrame when a value reaches past the frame.
    """
    if count > (len(data) - start) >> 2:
        raise MalformedFrame(f"{count} values in {len(data) - start} bytes")
    starts = np.empty(count + 1, np.int32)
    starts[0] = start
    if count == 0:
        return starts
    if _uniform(data, start, count, starts):
        return starts
    done = _walk(frame, starts, 0, min(count, _SAMPLE_VALUES))
    mean = (int(starts[done]) - start) / done
    poor = 0
    while count - done > _SHORT_COLUMN_VALUES and mean < _LONG_VALUE_BYTES and poor < _MAX_POOR_WINDOWS:
        begin = int(starts[done])
        reach = begin + min(_WINDOW_BYTES, int((count - done) * mean * 1.1) + 256)
        ends = _chain(data[begin:reach], count - done)
        np.add(ends, begin, out=starts[done + 1 : done + 1 + len(ends)], casting="same_kind")
        done += len(ends)
        poor += len(ends) < _POOR_WINDOW_VALUES
    _walk(frame, starts, done, count)
    return starts


def _uniform(data: Bytes, start: int, count: int, starts: Offsets) -> bool:
    """All values of one length, as dates and padded text are: one strided comparison."""
    if start + 4 > len(data):
        return False
    step = 4 + _U32.unpack_from(data.data, start)[0]
    if start + step * count > len(data):
        return False
    prefixes = np.ndarray((count,), ">u4", data.data, start, (step,))
    if not (prefixes == step - 4).all():
        return False
    starts[:] = np.arange(start, start + step * count + 1, step, dtype=np.int32)
    return True


def _walk(frame: bytes | bytearray | memoryview, starts: Offsets, first: int, last: int) -> int:
    """Fills starts[first + 1 .. last] one by one; returns `last`."""
    position, size, unpack = int(starts[first]), len(frame), _U32.unpack_from
    found = []
    for _ in range(last - first):
        if position + 4 > size:
            raise MalformedFrame(f"a length wanted at {position} of {size}")
        position += 4 + unpack(frame, position)[0]
        if position > size:
            raise MalformedFrame(f"a value reaches to {position} of {size}")
        found.append(position)
    starts[first + 1 : last + 1] = found
    return last


def _chain(window: Bytes, limit: int) -> npt.NDArray[np.int64]:
    """Ends of the values that begin at window[0] and follow each other, at most `limit`, all inside the
    window."""
    zero = window == 0
    edge = np.empty(len(zero), np.bool_)
    edge[0] = zero[0]
    np.greater(zero[1:], zero[:-1], out=edge[1:])
    begins = np.flatnonzero(edge)
    begins = begins[: np.searchsorted(begins, len(window) - 4, side="right")]
    if len(begins) == 0 or begins[0] != 0:
        return begins[:0]
    lengths = _lengths(window, begins)
    if not lengths.all():
        # A run of zeros is some empty values' prefixes and the leading zeros of one more prefix.
        np.greater(zero[:-1], zero[1:], out=edge[1:])
        edge[0] = False
        stops = np.flatnonzero(edge)[: len(begins)]
        if len(stops) < len(begins):
            stops = np.append(stops, len(window))
        per_run = (stops - begins + 3) >> 2
        before = np.cumsum(per_run) - per_run
        begins = np.repeat(begins - 4 * before, per_run)
        begins += np.arange(0, 4 * len(begins), 4)
        begins = begins[: np.searchsorted(begins, len(window) - 4, side="right")]
        lengths = _lengths(window, begins)
    ends = begins + 4
    ends += lengths
    broken = np.flatnonzero(ends[:-1] != begins[1:])
    inside = int(np.searchsorted(ends, len(window), side="right")) if len(broken) == 0 else len(ends)
    if len(broken) == 0 or broken[0] >= limit - 1:
        return ends[: min(limit, inside)]
    return _follow(begins, ends, broken, len(window), limit)


def _lengths(window: Bytes, begins: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The prefixes at `begins`, each of which is known to begin with a zero byte."""
    lengths = window[begins + 3].astype(np.int64)
    lengths |= window[begins + 2].astype(np.int64) << 8
    lengths |= window[begins + 1].astype(np.int64) << 16
    return lengths


def _follow(
    begins: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    broken: npt.NDArray[np.int64],
    size: int,
    limit: int,
) -> npt.NDArray[np.int64]:
    """The true chain among candidates some of which are false: lengths such as 256 have a zero inside."""
    parts, current, total, k = [], 0, 0, 0
    while total < limit:
        while k < len(broken) and broken[k] < current:
            k += 1
        last = int(broken[k]) if k < len(broken) else len(ends) - 1
        part = ends[current : last + 1]
        part = part[: np.searchsorted(part, size, side="right")]
        parts.append(part)
        total += len(part)
        if len(part) < last + 1 - current or k == len(broken):
            break
        following = int(np.searchsorted(begins, ends[last]))
        if following == len(begins) or begins[following] != ends[last]:
            break
        current = following
    return np.concatenate(parts)[:limit]
