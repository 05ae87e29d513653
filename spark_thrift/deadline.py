"""A statement's time as a budget that is passed down, not a timeout per call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from spark_thrift.errors import DeadlineExceeded


class Deadline:
    """A moment of the event loop's clock, or none.  Units: seconds."""

    __slots__ = ("_at",)

    def __init__(self, budget_s: float | None) -> None:
        self._at = None if budget_s is None else asyncio.get_running_loop().time() + budget_s

    @asynccontextmanager
    async def enforced(self) -> AsyncIterator[None]:
        """Raises: DeadlineExceeded, after what runs inside was cancelled."""
        try:
            async with asyncio.timeout_at(self._at):
                yield
        except TimeoutError:
            raise DeadlineExceeded from None
