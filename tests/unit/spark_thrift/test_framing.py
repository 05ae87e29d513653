"""How bytes are chunked never changes the frames; what is no message is an error, never a hang."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TMessageType
from thrift.transport.TTransport import TMemoryBuffer

from spark_thrift.errors import EngineProtocolError
from spark_thrift.framing import FrameReceiver, MessageReceiver
from spark_thrift.gen.TCLIService import TCLIService
from spark_thrift.gen.TCLIService import ttypes as t
from spark_thrift.messages import encode_call

Receiver = FrameReceiver | MessageReceiver


def reply_of_every_type() -> bytes:
    columns = [
        t.TColumn(stringVal=t.TStringColumn([b"x" * n for n in range(200)], b"\1")),
        t.TColumn(doubleVal=t.TDoubleColumn([1.5, 2.5], b"")),
        t.TColumn(boolVal=t.TBoolColumn([True, False], b"")),
    ]
    rows = [t.TRow([t.TColumnValue(boolVal=t.TBoolValue(True))])]
    response = t.TFetchResultsResp(t.TStatus(0, ["info"]), False, t.TRowSet(0, rows, columns))
    buffer = TMemoryBuffer()
    protocol = TBinaryProtocol(buffer)
    protocol.writeMessageBegin("FetchResults", TMessageType.REPLY, 1)
    TCLIService.FetchResults_result(success=response).write(protocol)
    return bytes(buffer.getvalue())


MESSAGES = [
    encode_call(
        "CloseSession", t.TCloseSessionReq(t.TSessionHandle(t.THandleIdentifier(b"g" * 16, b"s" * 16)))
    ),
    encode_call("OpenSession", t.TOpenSessionReq(9, "u", "p", {"a": "b" * 9000, "c": ""})),
    encode_call("GetInfo", t.TGetInfoReq(None, 1)),
    reply_of_every_type(),
]


def feed(receiver: Receiver, data: bytes, sizes: list[int]) -> list[bytes]:
    got: list[bytes] = []
    at, turn = 0, 0
    while at < len(data):
        buffer = receiver.buffer()
        assert len(buffer) > 0
        size = min(len(buffer), len(data) - at, sizes[turn % len(sizes)])
        buffer[:size] = data[at : at + size]
        got += [bytes(frame) for frame in receiver.received(size)]
        at, turn = at + size, turn + 1
    return got


@settings(deadline=None)
@given(
    frames=st.lists(st.binary(max_size=20_000), max_size=6),
    sizes=st.lists(st.integers(1, 9_000), min_size=1, max_size=8),
)
def test_frames_come_whole(frames: list[bytes], sizes: list[int]) -> None:
    data = b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)
    assert feed(FrameReceiver(), data, sizes) == frames


@settings(deadline=None)
@given(
    numbers=st.lists(st.integers(0, len(MESSAGES) - 1), max_size=6),
    sizes=st.lists(st.integers(1, 9_000), min_size=1, max_size=8),
)
def test_messages_come_whole(numbers: list[int], sizes: list[int]) -> None:
    messages = [MESSAGES[number] for number in numbers]
    assert feed(MessageReceiver(), b"".join(messages), sizes) == messages


@given(garbage=st.binary(min_size=4, max_size=400))
def test_garbage_is_refused_or_waits_for_more(garbage: bytes) -> None:
    try:
        feed(MessageReceiver(limit_bytes=10_000), garbage, [100])
    except EngineProtocolError:
        pass


def test_a_frame_is_refused_before_it_is_allocated() -> None:
    with pytest.raises(EngineProtocolError, match="limit"):
        feed(FrameReceiver(limit_bytes=1_000), b"\x7f\xff\xff\xff", [4])


def test_a_message_that_does_not_end_is_refused() -> None:
    endless = MESSAGES[0][:24] + b"\x0b\x00\x01" + (1 << 30).to_bytes(4, "big") + bytes(40_000)
    with pytest.raises(EngineProtocolError, match="limit"):
        feed(MessageReceiver(limit_bytes=20_000), endless, [8_000])
