"""The hand-written parts of the call encoding agree with Thrift's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TMessageType
from thrift.transport.TTransport import TMemoryBuffer

from spark_thrift.errors import EngineProtocolError, EngineUnavailable, SparkError
from spark_thrift.gen.TCLIService import TCLIService
from spark_thrift.gen.TCLIService import ttypes as t
from spark_thrift.messages import FetchCall, count_rows, decode_reply, encode_call, text_rows

HANDLE = t.TOperationHandle(t.THandleIdentifier(b"a" * 16, b"b" * 16), 0, True)
STATUS_OK = t.TStatus(t.TStatusCode.SUCCESS_WITH_INFO_STATUS, infoMessages=["x" * 70, ""])


def fetch_reply(response: object, name: str = "FetchResults") -> bytes:
    buffer = TMemoryBuffer()
    protocol = TBinaryProtocol(buffer)
    protocol.writeMessageBegin(name, TMessageType.REPLY, 1)
    getattr(TCLIService, name + "_result")(success=response).write(protocol)
    protocol.writeMessageEnd()
    return bytes(buffer.getvalue())


def row_set(*columns: t.TColumn) -> bytes:
    return fetch_reply(t.TFetchResultsResp(STATUS_OK, False, t.TRowSet(0, [], list(columns))))


@pytest.mark.parametrize("rows", [0, 1, 10_000, 2**31 - 1])
def test_a_fetch_request_is_thrift_s(rows: int) -> None:
    assert FetchCall(HANDLE).request(rows) == encode_call(
        "FetchResults", t.TFetchResultsReq(HANDLE, 0, rows, 0)
    )


@pytest.mark.parametrize("rows", [0, 1, 300])
@pytest.mark.parametrize("first", ["stringVal", "i32Val", "doubleVal", "boolVal", "binaryVal"])
def test_rows_are_counted(first: str, rows: int) -> None:
    column = {
        "stringVal": lambda: t.TStringColumn([b"x"] * rows, b""),
        "binaryVal": lambda: t.TBinaryColumn([b"x"] * rows, b""),
        "i32Val": lambda: t.TI32Column([1] * rows, b""),
        "doubleVal": lambda: t.TDoubleColumn([1.0] * rows, b""),
        "boolVal": lambda: t.TBoolColumn([True] * rows, b""),
    }[first]()
    assert count_rows(row_set(t.TColumn(**{first: column}))) == rows


def test_no_columns_are_no_rows() -> None:
    assert count_rows(row_set()) == 0


def test_null_bits_count_from_the_lowest() -> None:
    frame = row_set(
        t.TColumn(stringVal=t.TStringColumn([b"a", b"", b"c"], b"\x02")),
        t.TColumn(i64Val=t.TI64Column([1, 2, 3], b"\x04")),
    )
    assert text_rows(frame) == [("a", "1"), (None, "2"), ("c", None)]


def test_an_error_in_place_of_rows() -> None:
    status = t.TStatus(
        t.TStatusCode.ERROR_STATUS, errorMessage="[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012"
    )
    with pytest.raises(SparkError) as caught:
        count_rows(fetch_reply(t.TFetchResultsResp(status)))
    assert caught.value.sqlstate == "22012"


def test_a_handle_that_means_nothing_is_a_lost_session() -> None:
    status = t.TStatus(
        t.TStatusCode.ERROR_STATUS, errorMessage="Invalid OperationHandle: OperationHandle [1]"
    )
    with pytest.raises(EngineUnavailable):
        count_rows(fetch_reply(t.TFetchResultsResp(status)))


def test_an_answer_to_something_else_is_refused() -> None:
    reply = fetch_reply(t.TCloseSessionResp(STATUS_OK), "CloseSession")
    with pytest.raises(EngineProtocolError):
        decode_reply("OpenSession", reply)
    with pytest.raises(EngineProtocolError):
        count_rows(reply)


FRAME = row_set(t.TColumn(stringVal=t.TStringColumn([b"abc", b"d"], b"\x01")))


@given(cut=st.integers(0, len(FRAME) - 1))
def test_a_cut_frame_is_an_error_or_still_counts(cut: int) -> None:
    try:
        assert count_rows(FRAME[:cut]) == 2
    except EngineProtocolError:
        pass


@given(at=st.integers(0, len(FRAME) - 1), byte=st.integers(0, 255))
def test_a_damaged_frame_is_an_error_or_counts_something(at: int, byte: int) -> None:
    damaged = bytearray(FRAME)
    damaged[at] = byte
    try:
        assert count_rows(damaged) >= 0
    except (EngineUnavailable, SparkError):
        pass
