"""FetchResults replies as HiveServer2 sends them, made with Thrift's own writer, for tests and benches.

Wire: CLIService.thrift, TFetchResultsResp: {1: TStatus, 2: hasMoreRows, 3: TRowSet{1: i64, 2: rows, 3:
columns}}. NULLs are LSB-first bitmaps without trailing zero bytes, as java.util.BitSet.toByteArray makes
them.
"""

from __future__ import annotations

from collections.abc import Sequence

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TMessageType, TType
from thrift.transport.TTransport import TMemoryBuffer

# TColumn's union: name -> (field id, element type, the writer's method, what stands for a NULL).
_KINDS = {
    "bool": (1, TType.BOOL, "writeBool", False),
    "byte": (2, TType.BYTE, "writeByte", 0),
    "i16": (3, TType.I16, "writeI16", 0),
    "i32": (4, TType.I32, "writeI32", 0),
    "i64": (5, TType.I64, "writeI64", 0),
    "double": (6, TType.DOUBLE, "writeDouble", 0.0),
    "string": (7, TType.STRING, "writeBinary", b""),
    "binary": (8, TType.STRING, "writeBinary", b""),
}


def null_bitmap(values: Sequence[object]) -> bytes:
    bits = sum(1 << i for i, value in enumerate(values) if value is None)
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def make_frame(
    columns: Sequence[tuple[str, Sequence[object]]], *, status: int = 0, message: str = "", sqlstate: str = ""
) -> bytearray:
    """`columns` are (kind, values), None for NULL; str values are sent as UTF-8."""
    buffer = TMemoryBuffer()
    out = TBinaryProtocol(buffer)
    out.writeMessageBegin("FetchResults", TMessageType.REPLY, 1)
    out.writeFieldBegin("success", TType.STRUCT, 0)

    out.writeFieldBegin("status", TType.STRUCT, 1)
    out.writeFieldBegin("statusCode", TType.I32, 1)
    out.writeI32(status)
    if sqlstate:
        out.writeFieldBegin("sqlState", TType.STRING, 3)
        out.writeString(sqlstate)
    if message:
        out.writeFieldBegin("errorMessage", TType.STRING, 5)
        out.writeString(message)
    out.writeFieldStop()

    out.writeFieldBegin("hasMoreRows", TType.BOOL, 2)
    out.writeBool(False)

    out.writeFieldBegin("results", TType.STRUCT, 3)
    out.writeFieldBegin("startRowOffset", TType.I64, 1)
    out.writeI64(0)
    out.writeFieldBegin("rows", TType.LIST, 2)
    out.writeListBegin(TType.STRUCT, 0)
    out.writeFieldBegin("columns", TType.LIST, 3)
    out.writeListBegin(TType.STRUCT, len(columns))
    for kind, values in columns:
        number, element, method, null = _KINDS[kind]
        out.writeFieldBegin("column", TType.STRUCT, number)
        out.writeFieldBegin("values", TType.LIST, 1)
        out.writeListBegin(element, len(values))
        write = getattr(out, method)
        for value in values:
            sent = null if value is None else value
            write(sent.encode() if isinstance(sent, str) else sent)
        out.writeFieldBegin("nulls", TType.STRING, 2)
        out.writeBinary(null_bitmap(values))
        out.writeFieldStop()
        out.writeFieldStop()
    out.writeFieldStop()  # TRowSet
    out.writeFieldStop()  # TFetchResultsResp
    out.writeFieldStop()  # the call's result
    out.writeMessageEnd()
    return bytearray(buffer.getvalue())
