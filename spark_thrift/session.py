"""One session of the engine: one user, one connection, its own settings and temporary views.

Rules: statements always run asynchronously, because a synchronous one cannot be stopped.  A session whose
connection broke, or that the engine forgot, is `broken` for good; the owner opens another.  One task uses a
session at a time; several operations may be open, and their fetches take turns on the connection.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakSet

from spark_thrift.deadline import Deadline
from spark_thrift.errors import DeadlineExceeded, EngineError, EngineUnavailable
from spark_thrift.gen.TCLIService import ttypes as t
from spark_thrift.messages import Frame, count_rows, decode_reply, encode_call, text_rows
from spark_thrift.operation import Operation
from spark_thrift.reaper import Reaper
from spark_thrift.transport import Reply, Transport

_CLOSE_TIMEOUT_S: Final = 2.0
_METADATA_ROWS: Final = 10_000
_CONF_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]*\Z")

Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class DescribedColumn:
    """One column of a statement's result; `spark_type` as Spark prints it: decimal(10,2), array<int>."""

    name: str
    spark_type: str


class SparkSession:
    """Made by SparkClient.open_session."""

    def __init__(self, transport: Transport, reaper: Reaper, handle: Any, user: str, fetch_rows: int) -> None:
        self.user = user
        self._transport = transport
        self._reaper = reaper
        self._handle = handle
        self._fetch_rows = fetch_rows
        self._lost = False
        self._closed = False
        self._operations: WeakSet[Operation] = WeakSet()
        self._unanswered: set[Reply] = set()

    @property
    def broken(self) -> bool:
        """Whether nothing can be run here any more."""
        return self._lost or self._closed or self._transport.broken

    @property
    def running(self) -> int:
        """Statements that somebody still wants something of."""
        return 0 if self.broken else sum(not operation.closed for operation in self._operations)

    async def execute(self, sql: str, *, deadline_s: float | None = None) -> Operation:
        """Run a statement and wait until it has rows to fetch or is done.

        Cancelling the awaiting task stops the statement in the engine.  The deadline spans the operation's
        fetches.

        Raises: SparkError, StatementCancelled, DeadlineExceeded (57014), EngineUnavailable (08006).
        """
        deadline = Deadline(deadline_s)
        request = t.TExecuteStatementReq(self._handle, sql, None, True)
        reply = self._ask(encode_call("ExecuteStatement", request))
        try:
            async with deadline.enforced():
                # Shielded: an abandoned statement's handle is needed to stop it.
                frame = await asyncio.shield(reply)
        except (asyncio.CancelledError, DeadlineExceeded):
            self._unanswered.add(reply)
            reply.add_done_callback(self._abandon)
            raise
        handle = self._decode("ExecuteStatement", frame).operationHandle
        operation = Operation(self._transport, self._reaper, handle, deadline, self._fetch_rows)
        self._operations.add(operation)
        await operation.run()
        return operation

    async def run_command(self, sql: str, *, deadline_s: float | None = None) -> list[Row]:
        """A small statement and its rows as text: SET, USE, SHOW, DESCRIBE, DDL.  Raises: as `execute`."""
        operation = await self.execute(sql, deadline_s=deadline_s)
        rows: list[Row] = []
        try:
            while (frame := await operation.fetch()) is not None:
                rows += text_rows(frame)
        finally:
            await operation.close()
        return rows

    async def set_conf(self, key: str, value: str) -> None:
        """Set one of Spark's settings for this session.

        Spark takes the rest of the line as the value, so there is nothing to quote, and a line break is
        refused.

        Raises: ValueError; as `execute`.
        """
        if not _CONF_KEY.match(key) or any(c in value for c in "\r\n;`"):
            raise ValueError(f"not a setting of Spark: {key!r}")
        await self.run_command(f"SET {key}={value}")

    async def describe(self, sql: str, *, deadline_s: float | None = None) -> tuple[DescribedColumn, ...]:
        """The columns that a query would have; it is analysed, not run.  Raises: as `execute`."""
        rows = await self.run_command("DESCRIBE QUERY " + sql, deadline_s=deadline_s)
        return tuple(DescribedColumn(row[0] or "", row[1] or "") for row in rows)

    async def ping(self) -> None:
        """See that the engine answers.  Raises: SparkError, EngineUnavailable."""
        request = t.TGetInfoReq(self._handle, t.TGetInfoType.CLI_SERVER_NAME)
        self._decode("GetInfo", await self._ask(encode_call("GetInfo", request)))

    async def metadata(self, call: str, request: Any) -> list[Row]:
        """All rows of one of HiveServer2's catalogue calls (GetSchemas, GetTables, GetColumns).

        They run synchronously in the engine and are over in milliseconds; `request` lacks the session handle.

        Raises: SparkError, EngineUnavailable.
        """
        request.sessionHandle = self._handle
        handle = self._decode(call, await self._ask(encode_call(call, request))).operationHandle
        rows: list[Row] = []
        try:
            fetch = encode_call(
                "FetchResults", t.TFetchResultsReq(handle, t.TFetchOrientation.FETCH_NEXT, _METADATA_ROWS)
            )
            while True:
                frame = await self._ask(fetch)
                count = count_rows(frame)
                rows += text_rows(frame) if count else ()
                if count < _METADATA_ROWS:
                    return rows
        finally:
            if not self._transport.broken:
                self._ask(encode_call("CloseOperation", t.TCloseOperationReq(handle)))

    async def close(self) -> None:
        """End the session; what still runs in it is stopped.  Idempotent; never raises."""
        if self._closed:
            return
        self._closed = True
        for operation in tuple(self._operations):
            await operation.close()
        if self._unanswered:
            await asyncio.wait(self._unanswered, timeout=_CLOSE_TIMEOUT_S)
        if self._transport.broken:
            return
        if settled_in_s := self._reaper.settled_in_s(self._transport):
            # Closing the session before its statements are stopped would lose the same race as closing them.
            self._reaper.later(settled_in_s, self._hang_up)
        else:
            await self._hang_up()

    async def _hang_up(self) -> None:
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._ask(encode_call("CloseSession", t.TCloseSessionReq(self._handle)))
        except (EngineError, TimeoutError):
            pass
        finally:
            self._transport.abort()

    def _ask(self, message: bytes) -> Reply:
        (reply,) = self._transport.ask(message)
        return reply

    def _decode(self, call: str, frame: Frame) -> Any:
        try:
            return decode_reply(call, frame)
        except EngineUnavailable:
            self._lost = True
            raise

    def _abandon(self, reply: Reply) -> None:
        """The answer to an ExecuteStatement that nobody awaits any more."""
        self._unanswered.discard(reply)
        if reply.cancelled() or reply.exception() is not None:
            return
        try:
            handle = decode_reply("ExecuteStatement", reply.result()).operationHandle
        except EngineError:
            return
        self._reaper.stop(handle, self._transport)
