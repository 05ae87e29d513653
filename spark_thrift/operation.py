"""One statement that the engine runs: its state, its rows, and how it is made to stop.

Rules: at most two frames are in memory, the one that the caller holds and the one being read ahead.  The end
of `fetch`, an error, `cancel` and `close` all lead to exactly one CloseOperation.  An operation whose
awaiting task is cancelled is cancelled in the engine too.
Left out: what is inside a frame (columns.py), and retries: a statement runs once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spark_thrift.deadline import Deadline
from spark_thrift.errors import DeadlineExceeded, EngineError, StatementCancelled
from spark_thrift.gen.TCLIService import ttypes as t
from spark_thrift.messages import FetchCall, count_rows, decode_reply, encode_call, spark_error
from spark_thrift.reaper import JOB_STARTED_S, Reaper

if TYPE_CHECKING:
    from spark_thrift.transport import Reply, Transport

_FIRST_FETCH_ROWS: Final = 1_000
_FRAME_TARGET_BYTES: Final = 4 << 20
"""Later fetches ask for so many rows as fill this at the width of the last frame's rows."""

_PLANS_PER_START: Final = 10
_LEAST_START_S: Final = 0.5
"""A fetch is taken to have started its job after ten times what the statement's planning took, which tells
how
slow the engine is just now, and after half a second at least; see reaper.py for why it matters."""

_State = t.TOperationState
_UNFINISHED: Final = (_State.INITIALIZED_STATE, _State.RUNNING_STATE, _State.PENDING_STATE)


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """One column as GetResultSetMetadata tells it; `type_id` is a TTypeId, coarser than Spark's own type."""

    name: str
    type_id: int


class Operation:
    """Made by SparkSession.execute, when the statement has FINISHED.

    With incremental collection that means that its rows can be fetched; the jobs that make them are still
    to run.
    """

    def __init__(
        self, transport: Transport, reaper: Reaper, handle: Any, deadline: Deadline, fetch_rows: int
    ) -> None:
        self._transport = transport
        self._reaper = reaper
        self._handle = handle
        self._deadline = deadline
        self._fetch_rows = fetch_rows
        self._fetch_call = FetchCall(handle)
        self._asked = min(_FIRST_FETCH_ROWS, fetch_rows)
        self._asked_at = 0.0
        self._plan_s: float | None = None
        self._ahead: Reply | None = None
        self._closed = False
        self._cancelled = False
        self.columns: tuple[ResultColumn, ...] = ()

    async def run(self) -> None:
        """Wait until there are rows to fetch, and ask for the first of them.

        The status request is answered when the statement is done: the engine long-polls, five seconds at a
        time. The metadata is asked for then and not earlier, because Spark fixes that answer when it is
        first asked, finished or not; and ahead of the fetch, which may take as long as a job.

        Raises: SparkError, StatementCancelled, DeadlineExceeded, EngineUnavailable.
        """
        began = asyncio.get_running_loop().time()
        async with self._ended_on_error():
            status_call = encode_call("GetOperationStatus", t.TGetOperationStatusReq(self._handle))
            while True:
                (status,) = self._transport.ask(status_call)
                if self._finished(decode_reply("GetOperationStatus", await status)):
                    break
            metadata, self._ahead = self._transport.ask(
                encode_call("GetResultSetMetadata", t.TGetResultSetMetadataReq(self._handle)),
                self._fetch_call.request(self._asked),
            )
            self._asked_at = asyncio.get_running_loop().time()
            self._plan_s = self._asked_at - began
            schema = decode_reply("GetResultSetMetadata", await metadata).schema
            self.columns = tuple(_result_column(c) for c in schema.columns) if schema else ()

    @property
    def closed(self) -> bool:
        """Whether nobody wants it any more."""
        return self._closed

    @property
    def works(self) -> bool:
        """Whether the engine still has something to do for it: `fetch` would wait."""
        return self._ahead is not None

    async def fetch(self) -> bytearray | None:
        """The next FetchResults reply, whole and raw, or None at the end; the one after it is then on its
        way.

        Fewer rows than were asked for are the last ones: Spark answers with the next `maxRows` of its
        iterator. (hasMoreRows is always false.)

        Raises: SparkError, StatementCancelled, DeadlineExceeded, EngineUnavailable.
        """
        if self._cancelled:
            raise StatementCancelled
        if self._ahead is None:
            return None
        async with self._ended_on_error():
            frame = await self._ahead
            rows = count_rows(frame)
        if rows < self._asked:
            self._ahead = None
        else:
            fitting = max(1, _FRAME_TARGET_BYTES * rows // len(frame))
            self._asked = min(self._fetch_rows, fitting)
            (self._ahead,) = self._transport.ask(self._fetch_call.request(self._asked))
            self._asked_at = asyncio.get_running_loop().time()
        return frame if rows else None

    async def cancel(self) -> None:
        """Stop the work in the engine; who awaits `fetch` gets StatementCancelled.  Never raises."""
        self._cancelled = True
        self._stop()

    async def close(self) -> None:
        """Free the operation, stopping it first if it still works.  Idempotent; never raises."""
        if self._ahead is not None and not self._ahead.done():
            self._stop()
        self._free()

    @asynccontextmanager
    async def _ended_on_error(self) -> AsyncIterator[None]:
        try:
            async with self._deadline.enforced():
                yield
        except DeadlineExceeded:
            self._stop()
            raise
        except EngineError as error:
            self._free()
            if self._cancelled and not isinstance(error, StatementCancelled):
                raise StatementCancelled from error
            raise
        except BaseException:
            self._stop()
            raise

    def _finished(self, status: Any) -> bool:
        """Raises: as `run`."""
        state = status.operationState
        if state == _State.FINISHED_STATE:
            return True
        if state in _UNFINISHED:
            return False
        if state == _State.TIMEDOUT_STATE:
            raise DeadlineExceeded
        if state in (_State.CANCELED_STATE, _State.CLOSED_STATE):
            raise StatementCancelled
        raise spark_error(status.errorMessage, status.sqlState)

    def _stop(self) -> None:
        if not self._closed:
            self._closed = True
            self._forget_ahead()
            starts_in_s = None
            if self._plan_s is not None:
                fetching_s = asyncio.get_running_loop().time() - self._asked_at
                starts_in_s = (
                    min(max(_PLANS_PER_START * self._plan_s, _LEAST_START_S), JOB_STARTED_S) - fetching_s
                )
            self._reaper.stop(self._handle, self._transport, starts_in_s=starts_in_s)

    def _free(self) -> None:
        """Nothing of it runs any more, so CloseOperation can go the short way; nobody awaits its answer."""
        if not self._closed:
            self._closed = True
            self._forget_ahead()
            if not self._transport.broken:
                self._transport.ask(encode_call("CloseOperation", t.TCloseOperationReq(self._handle)))

    def _forget_ahead(self) -> None:
        if self._ahead is not None and not self._cancelled:
            self._ahead.cancel()
            self._ahead = None


def _result_column(column: Any) -> ResultColumn:
    entry = column.typeDesc.types[0].primitiveEntry
    return ResultColumn(column.columnName, entry.type if entry else t.TTypeId.STRING_TYPE)
