"""HiveServer2's calls as bytes: one Thrift message (binary protocol, strict) each way.

Rules: no IO.  Calls go through the generated stubs, whose C accelerator costs some 10 us a message, save
FetchResults: its request is written by hand once per operation, and its reply is kept as the raw frame, of
which only the status and the number of rows are read here.
"""

from __future__ import annotations

import struct
from typing import Any, Final

from thrift.protocol.TBinaryProtocol import TBinaryProtocolAccelerated
from thrift.Thrift import TApplicationException, TMessageType
from thrift.transport.TTransport import TMemoryBuffer

from spark_thrift.errors import (
    EngineProtocolError,
    EngineUnavailable,
    SparkError,
    StatementCancelled,
    parse_error,
)
from spark_thrift.gen.TCLIService import TCLIService
from spark_thrift.gen.TCLIService import ttypes as t

Frame = bytes | bytearray

_CALL: Final = 0x80010001
_REPLY: Final = 0x80010002
_FETCH_REPLY: Final = struct.pack(">Ii12s", _REPLY, 12, b"FetchResults")
_FETCH_NEXT: Final = 0
# Thrift's type codes of fixed width -> bytes (thrift-binary-protocol.md)
_WIDTH: Final = {2: 1, 3: 1, 4: 8, 6: 2, 8: 4, 10: 8}
_STRING, _STRUCT, _LIST = 11, 12, 15
_u32 = struct.Struct(">I").unpack_from
_SUCCESS: Final = (t.TStatusCode.SUCCESS_STATUS, t.TStatusCode.SUCCESS_WITH_INFO_STATUS)
# What the engine says when the handle that we hold means nothing to it any more: it was restarted, or timed
# out.
_LOST: Final = ("Invalid SessionHandle", "Invalid OperationHandle")


def encode_call(name: str, request: Any, sequence: int = 0) -> bytes:
    """One call message, unframed."""
    buffer = TMemoryBuffer()
    protocol = TBinaryProtocolAccelerated(buffer)
    protocol.writeMessageBegin(name, TMessageType.CALL, sequence)
    arguments = getattr(TCLIService, name + "_args")(req=request)
    arguments.write(protocol)
    protocol.writeMessageEnd()
    return bytes(buffer.getvalue())


def decode_reply(name: str, frame: Frame) -> Any:
    """The response in a reply message, its status checked.

    Raises: SparkError; EngineUnavailable when the engine lost the session; EngineProtocolError.
    """
    protocol = TBinaryProtocolAccelerated(TMemoryBuffer(frame))
    try:
        got, kind, _ = protocol.readMessageBegin()
        if kind == TMessageType.EXCEPTION:
            failure = TApplicationException()
            failure.read(protocol)
            raise EngineProtocolError(f"the engine refused {name}: {failure.message}")
        result = getattr(TCLIService, name + "_result")()
        result.read(protocol)
    except EngineProtocolError:
        raise
    except Exception as error:
        raise EngineProtocolError(f"the engine's reply to {name} is malformed") from error
    if got != name or result.success is None:
        raise EngineProtocolError(f"the engine answered {got} to {name}")
    check_status(result.success.status)
    return result.success


def check_status(status: Any) -> None:
    """Raises: SparkError; EngineUnavailable when the engine lost the session."""
    if status.statusCode in _SUCCESS:
        return
    if (status.errorMessage or "").startswith(_LOST):
        raise EngineUnavailable("the engine no longer knows this session")
    raise spark_error(status.errorMessage, status.sqlState)


def spark_error(text: str | None, sqlstate: str | None) -> SparkError | StatementCancelled:
    """The error in a message of the engine; a job that somebody cancelled is no failure of the statement."""
    error = parse_error(text, sqlstate)
    if error.error_class == "SPARK_JOB_CANCELLED":
        return StatementCancelled()
    return error


class FetchCall:
    """FetchResults requests of one operation; all but the number of rows is written once."""

    __slots__ = ("_head",)

    def __init__(self, handle: Any) -> None:
        # Any maxRows will do: its 8 bytes and the fetchType field behind them are what `request` replaces.
        call = encode_call("FetchResults", t.TFetchResultsReq(handle, _FETCH_NEXT, 0, 0))
        self._head = call[: -len(_FETCH_TAIL) - 8]
        assert call[-len(_FETCH_TAIL) :] == _FETCH_TAIL

    def request(self, max_rows: int) -> bytes:
        return self._head + max_rows.to_bytes(8, "big") + _FETCH_TAIL


_FETCH_TAIL: Final = (
    b"\x06\x00\x04\x00\x00" + b"\x00\x00"
)  # i16 fetchType = 0, end of request, end of arguments


def count_rows(frame: Frame) -> int:
    """The number of rows in a FetchResults reply.

    Wire: message header; result {0: TFetchResultsResp {1: status, 2: hasMoreRows, 3: TRowSet {1:
    startRowOffset, 2: rows, 3: columns}}}; a column is a union of structs whose field 1 is the list of
    values.

    Raises: as decode_reply.
    """
    if not frame.startswith(_FETCH_REPLY):
        decode_reply("FetchResults", frame)
        raise EngineProtocolError("the engine's reply is not one to FetchResults")
    try:
        response = _enter(frame, len(_FETCH_REPLY) + 4, 0)
        status = _enter(frame, response, 1)
        code = _enter(frame, status, 1)
        if _u32(frame, code)[0] not in _SUCCESS:
            decode_reply("FetchResults", frame)
        columns = _enter(frame, _enter(frame, response, 3), 3)
        if not _u32(frame, columns + 1)[0]:
            return 0
        # columns: element type, count; then the first union's field header, the column's field header, its
        # list
        values = columns + 5 + 3 + 3
        return int(_u32(frame, values + 1)[0])
    except (IndexError, KeyError, RecursionError, struct.error) as error:
        raise EngineProtocolError("the engine's row set is malformed") from error


def _enter(frame: Frame, offset: int, field: int) -> int:
    """Where the value of a field begins, in the struct that begins at `offset`.  Raises: KeyError."""
    while kind := frame[offset]:
        if frame[offset + 1] << 8 | frame[offset + 2] == field:
            return offset + 3
        offset = _skip(frame, offset + 3, kind)
    raise KeyError(field)


def _skip(frame: Frame, offset: int, kind: int) -> int:
    """Where the value of type `kind` at `offset` ends."""
    if kind == _STRING:
        return offset + 4 + int(_u32(frame, offset)[0])
    if kind == _STRUCT:
        while inner := frame[offset]:
            offset = _skip(frame, offset + 3, inner)
        return offset + 1
    if kind == _LIST:
        element, count = frame[offset], int(_u32(frame, offset + 1)[0])
        offset += 5
        if element in _WIDTH:
            return offset + count * _WIDTH[element]
        for _ in range(count):
            offset = _skip(frame, offset, element)
        return offset
    return offset + _WIDTH[kind]


def text_rows(frame: Frame) -> list[tuple[str | None, ...]]:
    """All rows of a small row set of strings and integers: what DESCRIBE, SHOW and Get* answer."""
    columns = []
    for column in decode_reply("FetchResults", frame).results.columns or ():
        filled = next(v for v in vars(column).values() if v is not None)
        nulls = filled.nulls
        columns.append(
            [
                None if row >> 3 < len(nulls) and nulls[row >> 3] >> (row & 7) & 1 else _as_text(value)
                for row, value in enumerate(filled.values)
            ]
        )
    return list(zip(*columns, strict=True))


def _as_text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
