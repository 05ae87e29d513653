"""A HiveServer2 of a few lines: real sockets and real Thrift messages, scripted answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TMessageType
from thrift.transport.TTransport import TMemoryBuffer

from spark_thrift.gen.TCLIService import TCLIService
from spark_thrift.gen.TCLIService import ttypes as t
from spark_thrift.transport import Endpoint

OK = t.TStatus(t.TStatusCode.SUCCESS_STATUS)
HANDLE = t.TOperationHandle(t.THandleIdentifier(b"o" * 16, b"s" * 16), 0, True)


class FakeEngine:
    """Answers each call with what `answers[call](request)` returns; a returned awaitable is awaited first."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.logins: list[bytes] = []
        self.chunk_bytes = 1 << 20
        self.framed = True
        self.port = 0
        self.login_answer = (5, b"")
        self.rows = 0
        self.state = t.TOperationState.FINISHED_STATE
        self.answers: dict[str, Callable[[Any], Any]] = {
            "OpenSession": lambda _: t.TOpenSessionResp(
                OK, 9, t.TSessionHandle(t.THandleIdentifier(b"g" * 16, b"s" * 16)), {}
            ),
            "CloseSession": lambda _: t.TCloseSessionResp(OK),
            "ExecuteStatement": lambda _: t.TExecuteStatementResp(OK, HANDLE),
            "GetOperationStatus": lambda _: t.TGetOperationStatusResp(OK, self.state),
            "GetResultSetMetadata": lambda _: t.TGetResultSetMetadataResp(OK, None),
            "FetchResults": self.fetch,
            "CancelOperation": lambda _: t.TCancelOperationResp(OK),
            "CloseOperation": lambda _: t.TCloseOperationResp(OK),
        }
        self._writers: list[asyncio.StreamWriter] = []

    def fetch(self, request: Any) -> Any:
        count = min(self.rows, request.maxRows)
        self.rows -= count
        column = t.TColumn(i32Val=t.TI32Column(list(range(count)), b""))
        return t.TFetchResultsResp(OK, False, t.TRowSet(0, [], [column]))

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            if self.framed:
                await self._log_in(reader, writer)
            while True:
                await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _log_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            header = await reader.readexactly(5)
            self.logins.append(header[:1] + await reader.readexactly(int.from_bytes(header[1:], "big")))
        status, payload = self.login_answer
        await self._write(writer, bytes([status]) + len(payload).to_bytes(4, "big") + payload)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.framed:
            size = int.from_bytes(await reader.readexactly(4), "big")
            message = await reader.readexactly(size)
        else:
            message = await reader.read(1 << 16)  # One write, one message: good enough on loopback.
            if not message:
                raise asyncio.IncompleteReadError(b"", 1)
        protocol = TBinaryProtocol(TMemoryBuffer(message))
        name, _, sequence = protocol.readMessageBegin()
        arguments = getattr(TCLIService, name + "_args")()
        arguments.read(protocol)
        self.calls.append((name, arguments.req))
        answer = self.answers[name](arguments.req)
        if asyncio.iscoroutine(answer):
            answer = await answer
        buffer = TMemoryBuffer()
        protocol = TBinaryProtocol(buffer)
        protocol.writeMessageBegin(name, TMessageType.REPLY, sequence)
        getattr(TCLIService, name + "_result")(success=answer).write(protocol)
        protocol.writeMessageEnd()
        reply = buffer.getvalue()
        await self._write(writer, (len(reply).to_bytes(4, "big") if self.framed else b"") + reply)

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        for at in range(0, len(data), self.chunk_bytes):
            writer.write(data[at : at + self.chunk_bytes])
            await writer.drain()
            if self.chunk_bytes < len(data):
                await asyncio.sleep(0)


@pytest.fixture
async def fake_engine() -> AsyncIterator[FakeEngine]:
    engine = FakeEngine()
    server = await asyncio.start_server(engine.serve, "127.0.0.1", 0)
    engine.port = server.sockets[0].getsockname()[1]
    yield engine
    engine.hang_up()
    server.close()
    await server.wait_closed()


@pytest.fixture
def fake_endpoint(fake_engine: FakeEngine) -> Endpoint:
    return Endpoint("127.0.0.1", fake_engine.port)
