"""Where a reply ends: length-prefixed frames (SASL) and bare Thrift messages (NOSASL).

Rules: no IO.  A receiver lends the buffer that the socket reads into, so that a large reply is read straight
into the bytearray that is handed on; what came along with a reply's first bytes is copied once.  A frame is
announced before it is allocated and refused when it is longer than the limit.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator, Iterator
from typing import Final

from spark_thrift.errors import EngineProtocolError

FRAME_LIMIT_BYTES: Final = 256 << 20
"""The largest reply that is accepted; operation.py asks for far less, but it cannot know one row's width."""

_SCRATCH_BYTES: Final = 8192
_u32 = struct.Struct(">I").unpack_from


class FrameReceiver:
    """Frames of a u32 length and so many bytes, as thrift's TSaslTransport writes them after negotiation.

    Bytes arrive in a small scratch buffer; once a length is known and its frame is larger than what is
    there, the rest is read straight into the frame.
    """

    def __init__(self, limit_bytes: int = FRAME_LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._scratch = bytearray(_SCRATCH_BYTES)
        self._filled = 0
        self._frame: bytearray | None = None
        self._have = 0

    def buffer(self) -> memoryview:
        if self._frame is not None:
            return memoryview(self._frame)[self._have :]
        return memoryview(self._scratch)[self._filled :]

    def received(self, count: int) -> Iterator[bytearray]:
        """Frames that `count` more bytes in `buffer()` completed."""
        if self._frame is not None:
            self._have += count
            if self._have < len(self._frame):
                return
            frame, self._frame = self._frame, None
            yield frame
            return
        self._filled += count
        start = 0
        while self._filled - start >= 4:
            (length,) = _u32(self._scratch, start)
            if length > self._limit:
                raise EngineProtocolError(
                    f"the engine sent a reply of {length} bytes; the limit is {self._limit}"
                )
            start += 4
            there = min(length, self._filled - start)
            if there == length:
                yield self._scratch[start : start + length]
                start += length
                continue
            self._frame = bytearray(length)
            self._frame[:there] = memoryview(self._scratch)[start : start + there]
            self._have = there
            start = self._filled
        left = self._filled - start
        self._scratch[:left] = self._scratch[start : self._filled]
        self._filled = left


class MessageReceiver:
    """Bare Thrift messages: their end is found by walking them, which a generator does as bytes arrive.

    It costs a Python step per text value; take SASL PLAIN where rows matter.
    """

    def __init__(self, limit_bytes: int = FRAME_LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._data = bytearray(_SCRATCH_BYTES)
        self._filled = 0
        self._wanted = 0
        self._walk = self._start_walk()

    def buffer(self) -> memoryview:
        if self._filled == len(self._data):
            if self._filled > self._limit:
                raise EngineProtocolError(
                    f"the engine's reply is longer than the limit of {self._limit} bytes"
                )
            # A new object, not `extend`: the old one may still be exported to the event loop.
            self._data = self._data + bytes(len(self._data))
        return memoryview(self._data)[self._filled :]

    def received(self, count: int) -> Iterator[bytearray]:
        self._filled += count
        while self._filled and self._filled >= self._wanted:
            try:
                self._wanted = next(self._walk)
                continue
            except StopIteration as done:
                end: int = done.value
            except (KeyError, RecursionError) as error:
                raise EngineProtocolError("the engine's reply is not a Thrift message") from error
            yield self._data[:end]
            rest = self._data[end : self._filled]
            self._data = rest + bytes(max(_SCRATCH_BYTES - len(rest), 1))
            self._filled = len(rest)
            self._wanted, self._walk = 0, self._start_walk()

    def _start_walk(self) -> Walk:
        return _walk_message(lambda: self._data, lambda: self._filled)


Walk = Generator[int, None, int]
_WIDTH: Final = {2: 1, 3: 1, 4: 8, 6: 2, 8: 4, 10: 8}
_STRING, _STRUCT, _MAP, _SET, _LIST = 11, 12, 13, 14, 15


def _walk_message(data: Callable[[], bytearray], filled: Callable[[], int]) -> Walk:
    """Yields the number of bytes that it wants to be there, returns where the message ends.

    Wire: u32 version and type, string name, i32 sequence id, struct.  While it walks, `offset` may lie beyond
    the bytes that are there: only what is looked at is waited for.
    """

    def wait(end: int) -> Walk:
        while filled() < end:
            yield end
        return end

    def string_end(offset: int) -> Walk:
        yield from wait(offset + 4)
        return offset + 4 + int(_u32(data(), offset)[0])

    def value_end(offset: int, kind: int) -> Walk:
        if kind in _WIDTH:
            return offset + _WIDTH[kind]
        if kind == _STRING:
            return (yield from string_end(offset))
        if kind == _STRUCT:
            return (yield from struct_end(offset))
        header = {_MAP: 2, _SET: 1, _LIST: 1}[kind]
        yield from wait(offset + header + 4)
        kinds = bytes(data()[offset : offset + header])
        count = int(_u32(data(), offset + header)[0])
        offset += header + 4
        if all(k in _WIDTH for k in kinds):
            return offset + count * sum(_WIDTH[k] for k in kinds)
        if kinds == bytes([_STRING]):
            # The hot loop: no generator is made for a value that is there.
            have, current = filled(), data()
            for _ in range(count):
                if offset + 4 > have:
                    yield from wait(offset + 4)
                    have, current = filled(), data()
                offset += 4 + int(_u32(current, offset)[0])
            return offset
        for _ in range(count):
            for k in kinds:
                offset = yield from value_end(offset, k)
        return offset

    def struct_end(offset: int) -> Walk:
        while True:
            yield from wait(offset + 1)
            kind = data()[offset]
            if not kind:
                return offset + 1
            offset = yield from value_end(offset + 3, kind)

    yield from wait(4)
    if data()[:2] != b"\x80\x01":
        raise KeyError("version")
    return (yield from wait((yield from struct_end((yield from string_end(4)) + 4))))
