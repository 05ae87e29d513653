"""A portal: one bound statement and how far its rows have been read.

Execute with a row limit, FETCH and MOVE all take rows from the same place.  A portal opens its result on the first
pull, holds at most one batch, and closes the result at the end or when it is closed, whichever comes first.
Scrolling back is left out: rows stream, and nothing behind the reader is kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from proxy.plan import Prepared
from proxy.ports import Bind, Field, ResultStream, RowBatch
from proxy.sqlstate import Refused


def check_row_limit(rows: int, most: int | None) -> None:
    """Raises: Refused 53400.  A result is never cut off in silence."""
    if most is not None and rows > most:
        raise Refused(
            "53400",
            f"the statement returns more than {most} rows, the limit of this role",
            hint="Aggregate, filter, or add a LIMIT.",
        )


if TYPE_CHECKING:
    from proxy.audit import Record


class Portal:
    """Rows of one statement, handed out by count.

    Shapes: `formats` has one code per column once the portal is open.
    """

    __slots__ = (
        "_batch",
        "_max_rows",
        "_open",
        "_position",
        "_stream",
        "bind",
        "committed",
        "declared_binary",
        "ended",
        "fetched",
        "fields",
        "formats",
        "hold",
        "on_end",
        "prepared",
        "record",
    )

    def __init__(
        self,
        prepared: Prepared,
        bind: Bind,
        open_stream: Callable[[Prepared, Bind, Sequence[int]], Awaitable[ResultStream]],
        fields: tuple[Field, ...] | None,
        formats: Sequence[int],
        max_rows: int | None = None,
    ) -> None:
        self.prepared = prepared
        self.bind = bind
        self._open = open_stream
        self._stream: ResultStream | None = None
        self._batch: RowBatch | None = None
        self._position = 0
        self._max_rows = max_rows
        self.fields = fields
        self.formats = formats
        self.hold = False
        self.committed = False
        """Whether a cursor WITH HOLD has outlasted the transaction that declared it."""
        self.declared_binary = False
        self.ended = False
        self.fetched = 0
        self.record: Record | None = None
        """Its audit record, where it came by Bind."""
        self.on_end: Callable[[], None] | None = None

    @property
    def started(self) -> bool:
        """Whether anything of it ran."""
        return self._stream is not None or self.ended

    async def start(self) -> ResultStream:
        """The running result, started now if it was not.  Raises: whatever the engine raises."""
        if self._stream is None:
            self._stream = await self._open(self.prepared, self.bind, self.formats)
        return self._stream

    async def pull(self, limit: int) -> RowBatch | None:
        """The next rows, at most `limit` of them (0: as many as come together); None at the end.

        Raises: Refused 53400 past the role's limit, and whatever the engine raises.
        """
        if self.ended and self._batch is None:
            # Executed to its end: a second Execute gets no rows, and runs nothing again.
            return None
        stream = await self.start()
        while True:
            batch = self._batch
            if batch is None:
                if self.ended:
                    return None
                batch = await stream.next_batch()
                if batch is None:
                    self.ended = True
                    await stream.close()
                    return None
                self._position = 0
                self._batch = batch
            rest = batch.row_count - self._position
            if rest <= 0:
                self._batch = None
                continue
            take = rest if limit <= 0 else min(rest, limit)
            if take == rest:
                self._batch = None
            piece = batch if take == batch.row_count else batch.slice(self._position, self._position + take)
            self._position += take
            self.fetched += take
            check_row_limit(self.fetched, self._max_rows)
            return piece

    async def close(self) -> None:
        """Free the result.  Idempotent."""
        self.ended = True
        self._batch = None
        told, self.on_end = self.on_end, None
        if told is not None:
            told()
        if self._stream is not None:
            await self._stream.close()
