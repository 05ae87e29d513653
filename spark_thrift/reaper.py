"""What makes an abandoned statement stop: cancels and late closes over a connection of their own.

Why it exists.  A session's own connection is busy with the very call that is to be stopped.  And Spark has a
race: CancelOperation interrupts the thread that plans the statement and cancels the jobs that it has
started; a plan that swallows the interrupt starts its job afterwards, under an operation that is CANCELED
and deaf.  CloseOperation cancels the jobs once more, also those that exist by then, and can be sent
once.  So: cancel now, keep the handle, and close when the job has had time to start.  (With pip's Spark 4.3 a
cancel and a close within 50 ms of the execute left 5 jobs of 5 running; on a busy machine a close 300 ms
after it still left some.)

A FINISHED operation whose fetch runs a job (incremental collection) is deaf to CancelOperation from the
start; there CloseOperation alone stops it, and the same race is with the start of the fetch.

Rules: `stop` and `later` never wait and never raise.  One task, one connection, both made when first needed.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import itertools
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final
from weakref import WeakKeyDictionary

from spark_thrift.errors import EngineError
from spark_thrift.gen.TCLIService import ttypes as t
from spark_thrift.messages import encode_call
from spark_thrift.transport import Reply, Transport

JOB_STARTED_S: Final = 5.0
"""How old a statement or a fetch is, at most, when its job is taken to have started.  Until then the close
waits: a
job that slipped through costs the engine so many seconds."""
_ANSWER_S: Final = 0.1
_CONNECT_TIMEOUT_S: Final = 5.0
_BACKLOG: Final = 10_000
"""Beyond it sessions are dropped instead: the engine then ends their statements itself, race or not."""

_log = logging.getLogger(__name__)
_Job = Callable[[], Awaitable[None]]


class Reaper:
    """Owned by a SparkClient."""

    def __init__(self, connect: Callable[[], Awaitable[Transport]]) -> None:
        self._connect = connect
        self._control: Transport | None = None
        self._jobs: list[tuple[float, int, _Job]] = []
        self._order = itertools.count()
        self._settled_at: WeakKeyDictionary[Transport, float] = WeakKeyDictionary()
        self._last_answer: Reply | None = None
        self._wake, self._idle = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def stop(self, handle: Any, session: Transport, *, starts_in_s: float | None = None) -> None:
        """Make the engine give up an operation.

        `starts_in_s` is None while the statement itself runs; while its rows are fetched, in how long the job
        behind the fetch is sure to have started.
        """
        if session.broken:
            return  # The engine ends a lost session's operations itself.
        if len(self._jobs) >= _BACKLOG:
            session.abort()
            return
        close = encode_call("CloseOperation", t.TCloseOperationReq(handle))
        if starts_in_s is None:
            cancel = encode_call("CancelOperation", t.TCancelOperationReq(handle))
            self.later(0, lambda: self._tell(cancel, session))
            delay_s = JOB_STARTED_S
        else:
            delay_s = max(0.0, starts_in_s)
        self.later(delay_s, lambda: self._tell(close, session))
        now = asyncio.get_running_loop().time()
        self._settled_at[session] = max(self._settled_at.get(session, 0.0), now + delay_s + _ANSWER_S)

    def settled_in_s(self, session: Transport) -> float:
        """How long until all that was stopped in a session has been closed; 0 when nothing is pending."""
        return max(0.0, self._settled_at.get(session, 0.0) - asyncio.get_running_loop().time())

    def later(self, delay_s: float, job: _Job) -> None:
        at = asyncio.get_running_loop().time() + delay_s
        heapq.heappush(self._jobs, (at, next(self._order), job))
        self._idle.clear()
        self._wake.set()
        if self._task is None:
            # The one task that outlives a statement; `aclose` ends it.
            # In a context of its own, so that its log speaks of no statement.
            self._task = asyncio.get_running_loop().create_task(
                self._work(), name="spark-reaper", context=contextvars.Context()
            )

    async def aclose(self) -> None:
        """Do what is still to be done, which may take JOB_STARTED_S and a connection, and end."""
        if self._task is None:
            return
        try:
            async with asyncio.timeout(JOB_STARTED_S + _CONNECT_TIMEOUT_S):
                await self._idle.wait()
                if self._last_answer is not None:
                    await self._last_answer
        except (EngineError, TimeoutError):
            pass
        if self._control is not None:
            self._control.abort()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            wait = self._jobs[0][0] - loop.time() if self._jobs else None
            if wait is None or wait > 0:
                try:
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                continue
            _, _, job = heapq.heappop(self._jobs)
            try:
                await job()
            except Exception:
                _log.exception("a cancelled statement may still be running")
            if not self._jobs:
                self._idle.set()

    async def _tell(self, call: bytes, session: Transport) -> None:
        """Send without waiting for the answer: one slow statement must not keep the next cancel waiting."""
        try:
            if self._control is None or self._control.broken:
                async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                    self._control = await self._connect()
            (self._last_answer,) = self._control.ask(call)
        except (EngineError, TimeoutError) as error:
            _log.warning("cannot cancel over a second connection (%s); dropping the session", error)
            session.abort()
