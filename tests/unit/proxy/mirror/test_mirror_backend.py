"""The framing, fed by hand: how the mirror's bytes are cut never changes what is delivered."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.mirror.backend import MESSAGE_LIMIT_BYTES, PART_BYTES, Backend
from proxy.mirror.errors import MirrorUnavailable
from proxy.mirror.replies import Reply

READY = b"Z\x00\x00\x00\x05I"


def framed(kind: bytes, payload: bytes) -> bytes:
    return kind + (len(payload) + 4).to_bytes(4, "big") + payload


ROW = framed(b"D", b"\x00\x01\x00\x00\x00\x06Z\x00\x00\x00\x05I")
TAG = framed(b"C", b"SELECT 1\0")
ERROR = framed(b"E", b"SERROR\0VERROR\0C42703\0Mno such column\0P8\0\0")


class Wire:
    """A transport that remembers."""

    def __init__(self) -> None:
        self.sent = b""
        self.paused = False
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.aborted = True


def connected() -> tuple[Backend, Wire]:
    backend, wire = Backend(asyncio.get_running_loop()), Wire()
    backend.connection_made(wire)  # type: ignore[arg-type]
    return backend, wire


@given(st.lists(st.sampled_from([ROW, TAG, ERROR, framed(b"N", b"\0")]), max_size=6), st.data())
def test_cuts_do_not_change_the_reply(parts: list[bytes], data: Any) -> None:
    raw = b"".join(parts) + READY
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))

    async def deliver() -> Reply:
        backend, _ = connected()
        waiter = backend.exchange(b"")
        for start, stop in zip([0, *cuts], [*cuts, len(raw)], strict=True):
            if start < stop:
                assert not waiter.done()
                backend.data_received(raw[start:stop])
        return await waiter

    reply = asyncio.run(deliver())
    assert reply.raw == raw
    assert reply.status == ord("I")
    assert (reply.error is None) == (ERROR not in parts)
    assert (reply.tag is None) == (TAG not in parts)


async def test_long_reply_comes_in_parts_and_pauses_between_them() -> None:
    backend, wire = connected()
    row = framed(b"D", b"x" * 1000)
    raw = row * 200 + TAG + READY
    waiter = backend.exchange(b"")
    parts = []
    for start in range(0, len(raw), 50_000):
        backend.data_received(raw[start : start + 50_000])
        if waiter.done():
            reply = await waiter
            parts.append(reply)
            assert wire.paused == (reply.status is None)
            if reply.status is None:
                waiter = backend.more()
                assert not wire.paused
    assert b"".join(part.raw for part in parts) == raw
    assert all(len(part.raw) < PART_BYTES + 50_000 for part in parts)
    assert [part.status for part in parts] == [None] * (len(parts) - 1) + [ord("I")]
    assert backend.usable


async def test_error_is_decoded() -> None:
    backend, _ = connected()
    waiter = backend.exchange(b"")
    backend.data_received(ERROR + READY)
    error = (await waiter).error
    assert error is not None
    assert (error.sqlstate, error.message, error.position) == ("42703", "no such column", 8)


async def test_lost_connection_fails_who_waits_and_who_comes_later() -> None:
    backend, _ = connected()
    waiter = backend.exchange(b"")
    backend.data_received(framed(b"E", b"SFATAL\0VFATAL\0C57P01\0Mterminating\0\0"))
    backend.connection_lost(None)
    with pytest.raises(MirrorUnavailable) as caught:
        await waiter
    assert caught.value.cause is not None
    assert caught.value.cause.sqlstate == "57P01"
    with pytest.raises(MirrorUnavailable):
        await backend.more()


async def test_message_beyond_the_limit_ends_the_connection() -> None:
    backend, wire = connected()
    waiter = backend.exchange(b"")
    backend.data_received(b"D" + (MESSAGE_LIMIT_BYTES + 1).to_bytes(4, "big"))
    assert wire.aborted
    with pytest.raises(MirrorUnavailable):
        await waiter


async def test_copy_in_is_refused_and_never_waited_for() -> None:
    backend, wire = connected()
    waiter = backend.exchange(b"Q")
    backend.data_received(framed(b"G", b"\0\0\0"))
    assert wire.sent[1:2] == b"f"
    backend.data_received(ERROR + READY)
    assert (await waiter).error is not None


async def test_messages_between_replies_are_noted_and_not_delivered() -> None:
    backend, _ = connected()
    backend.data_received(framed(b"S", b"TimeZone\0Asia/Tokyo\0")[:11])
    backend.data_received(framed(b"S", b"TimeZone\0Asia/Tokyo\0")[11:])
    assert backend.parameters["TimeZone"] == "Asia/Tokyo"
    waiter = backend.exchange(b"")
    backend.data_received(TAG + READY + framed(b"N", b"\0"))
    assert (await waiter).raw == TAG + READY
    assert backend.usable
