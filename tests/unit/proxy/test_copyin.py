"""COPY FROM STDIN's data from the wire core: bytes in, pieces out, and the ways in which they end."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.copyin import received
from proxy.sqlstate import Refused
from proxy.staging import CopyFailed
from proxy.wire.connection import Connection
from proxy.wire.errors import ProtocolError
from proxy.wire.events import NEED_DATA, QueryReceived
from proxy.wire.state import State
from tests.transcripts import pgmessages

COPY = ("Query", {"String": "COPY t FROM STDIN"})


class Io:
    """A client whose messages are all here."""

    def __init__(self, *messages: tuple[str, dict[str, object]]) -> None:
        self.wire = Connection()
        self.wire._state = State.IDLE
        self.wire.receive_data(b"".join(pgmessages.encode(name, body) for name, body in messages))
        assert isinstance(self.wire.next_event(), QueryReceived)
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def flush(self) -> None:
        self.written.append(b"flushed")

    async def next_event(self) -> Any:
        event = self.wire.next_event()
        assert event is not NEED_DATA
        return event


async def pieces(io: Any, *, binary: bool = False) -> list[bytes]:
    return [piece async for piece in received(io, binary=binary, columns=2)]


async def test_pieces_up_to_the_end() -> None:
    io = Io(
        COPY, ("CopyData", {"Data": "1\t"}), ("Flush", {}), ("CopyData", {"Data": "x\n"}), ("CopyDone", {})
    )
    assert await pieces(io) == [b"1\t", b"x\n"]
    assert io.written == [b"G\x00\x00\x00\x0b\x00\x00\x02\x00\x00\x00\x00", b"flushed"]
    assert io.wire.state is State.SIMPLE


async def test_binary_says_so() -> None:
    io = Io(COPY, ("CopyDone", {}))
    assert await pieces(io, binary=True) == []
    assert io.written[0] == b"G\x00\x00\x00\x0b\x01\x00\x02\x00\x01\x00\x01"


async def test_the_client_gives_up() -> None:
    with pytest.raises(CopyFailed) as failed:
        await pieces(Io(COPY, ("CopyFail", {"Message": "no more"})))
    assert failed.value.reason == "no more"


async def test_a_message_that_has_no_place_there() -> None:
    with pytest.raises(Refused) as refused:
        await pieces(Io(COPY, ("Query", {"String": "SELECT 1"})))
    assert refused.value.fields.message == "unexpected message type 0x51 during COPY from stdin"


async def test_garbage_ends_the_connection() -> None:
    io = Io(COPY)
    io.wire.receive_data(b"\xff\x00\x00\x00\x04")
    with pytest.raises(ProtocolError) as broken:
        await pieces(io)
    assert broken.value.fatal
