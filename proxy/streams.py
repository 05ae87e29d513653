"""Results as ports.ResultStream: Spark's frames, a mirror statement, and lines that are already here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from proxy.control import Turn
from proxy.mirror.lease import Lease, MirrorStream
from proxy.ports import Bind, CopyOptions, Field, RowBatch
from proxy.rows import RowEncoder
from proxy.sqlstate import Refused
from proxy.wire import messages as msg
from spark_thrift.errors import EngineUnavailable
from spark_thrift.operation import Operation

Anew = Callable[[EngineUnavailable], Awaitable[Operation]]


class SparkRows:
    """The rows of one Spark operation, a frame at a time; the session has a place on Spark until the last is here."""

    __slots__ = ("_anew", "_encoder", "_operation", "_turn", "fields")

    def __init__(self, operation: Operation, encoder: RowEncoder, turn: Turn, anew: Anew) -> None:
        """`anew`: what begins the statement again elsewhere, as long as none of its rows is here."""
        self.fields = encoder.fields
        self._operation = operation
        self._encoder = encoder
        self._turn = turn
        self._anew: Anew | None = anew

    async def next_batch(self) -> RowBatch | None:
        if self._operation.works:
            await self._turn.hold(again=True)
        anew, self._anew = self._anew, None
        try:
            frame = await self._operation.fetch()
        except EngineUnavailable as error:
            if anew is None:
                raise
            await self._operation.close()
            self._operation = await anew(error)
            frame = await self._operation.fetch()
        if not self._operation.works:
            self._turn.release()
        if frame is None:
            return None
        return self._encoder.decode(frame)

    async def close(self) -> None:
        await self._operation.close()


class MirrorStatement:
    """A mirror statement that keeps its lease until its answer is here, or it is closed.

    Most answers come whole: a suspended portal over one holds no connection that others may wait for.
    """

    __slots__ = ("_lease", "_stream", "fields")

    def __init__(self, lease: Lease, stream: MirrorStream) -> None:
        self._lease = lease
        self._stream = stream
        self.fields = stream.fields

    @classmethod
    async def open(
        cls, lease: Lease, sql: str, param_oids: tuple[int, ...], bind: Bind, aside: Callable[[bytes], None]
    ) -> MirrorStatement:
        """Raises: MirrorError, MirrorUnavailable."""
        await lease.__aenter__()
        try:
            statement = cls(lease, await lease.execute(sql, param_oids, bind, aside=aside))
        except BaseException:
            lease.release()
            raise
        statement._release_if_received()
        return statement

    async def next_batch(self) -> RowBatch | None:
        batch = await self._stream.next_batch()
        self._release_if_received()
        return batch

    def _release_if_received(self) -> None:
        if self._stream.received:
            self._lease.release()

    async def close(self) -> None:
        await self._stream.close()
        self._lease.release()


class LineBatch:
    """Rows of one text column; implements ports.RowBatch."""

    __slots__ = ("_lines", "row_count")

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self.row_count = len(lines)

    def slice(self, start: int, stop: int) -> LineBatch:
        return LineBatch(self._lines[start:stop])

    def data_rows(self, formats: Sequence[int]) -> bytes:
        return b"".join(msg.data_row([line.encode("utf-8", "replace")]) for line in self._lines)

    def copy_rows(self, options: CopyOptions) -> bytes:
        raise Refused("0A000", "EXPLAIN cannot be copied")


class LineStream:
    """EXPLAIN's answer: lines of text, all known."""

    __slots__ = ("_lines", "fields")

    def __init__(self, fields: tuple[Field, ...], lines: Sequence[str]) -> None:
        self.fields = fields
        self._lines: Sequence[str] | None = lines

    async def next_batch(self) -> RowBatch | None:
        lines, self._lines = self._lines, None
        return LineBatch(lines) if lines else None

    async def close(self) -> None:
        self._lines = None
