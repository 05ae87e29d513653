"""One client's hold on one mirror connection, for a statement or a transaction.

Rules: the mirror's bytes are handed on as they are; an answer longer than backend.PART_BYTES comes in parts
and the next is read when it is asked for; what a lease did to its connection is noted, so that nothing of it
reaches the next client; a statement ends after the pool's limit whatever the session's statement_timeout is.
Left out: transactions as the client sees them (session.py) and what may be asked at
all (the gate).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from proxy.mirror import frontend
from proxy.mirror.backend import IDLE, Backend
from proxy.mirror.effects import Effect, effect_of, may_keep_plan, may_keep_text_plan
from proxy.mirror.errors import MirrorError
from proxy.mirror.replies import (
    MirrorBatch,
    Reply,
    message_at,
    messages,
    parameter_oids,
    row_fields,
    row_offsets,
)
from proxy.mirror.statements import StatementKey, Surroundings
from proxy.ports import Bind, Description, Field
from proxy.wire.errors import ErrorFields

if TYPE_CHECKING:
    from proxy.mirror.pool import Place, Pool

_BIND_COMPLETE = b"2\x00\x00\x00\x04"
_PARSE_COMPLETE = ord("1")
_DATA_ROW, _ERROR, _TAG, _SUSPENDED = b"DECs"
_ASIDE = frozenset(b"NSA")
_NO_BIND = Bind()


class Lease:
    """Use as `async with mirror.lease(user, settings) as lease`."""

    __slots__ = ("_backend", "_deadline_s", "_effect", "_key", "_place", "_pool", "_settings", "_timed_there")

    def __init__(self, pool: Pool, place: Place, settings: Mapping[str, str]) -> None:
        self._pool = pool
        self._place = place
        self._settings = settings
        self._backend: Backend | None = None
        self._effect = Effect.NOTHING
        self._key: Surroundings | None = None
        self._timed_there = _timed_there(settings.get("statement_timeout"), pool.statement_limit_s)
        self._deadline_s = 0.0

    async def acquire(self) -> Lease:
        """Hold a connection until release().  Raises: MirrorError, MirrorUnavailable."""
        self._backend = self._pool.take(self._place, self._settings) or await self._pool.acquire(
            self._place, self._settings
        )
        self._key = self._backend.surroundings
        return self

    __aenter__ = acquire

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Give the connection back.  Idempotent, never raises; an answer half read costs the connection."""
        backend, self._backend = self._backend, None
        if backend is not None:
            self._pool.release(self._place, backend, self._effect)

    # State

    @property
    def backend(self) -> Backend:
        if self._backend is None:
            raise RuntimeError("the lease is not held")
        return self._backend

    @property
    def status(self) -> int:
        """ReadyForQuery's last byte."""
        return self.backend.status

    @property
    def parameters(self) -> Mapping[str, str]:
        """What the mirror reported by ParameterStatus, with this lease's settings in force."""
        return self.backend.parameters

    @property
    def settings_changed(self) -> bool:
        """Whether a statement of this lease may have changed session settings: then ask settings_after()."""
        return self._effect is not Effect.NOTHING

    # Statements

    async def exchange(self, request: bytes, effect: Effect = Effect.OTHER) -> Reply:
        """Frontend messages that end in one Sync or are one Query, as they are.

        `effect`: the most that they leave behind; the default costs the connection when the lease ends.
        Raises: MirrorUnavailable.
        """
        self._touch(effect)
        return await self._first(request)

    async def more(self) -> Reply:
        """The next part of a reply whose status was None."""
        return await self._in_time(self.backend.more())

    async def query(self, sql: str) -> Reply:
        """One statement as simple query answers it: RowDescription, DataRows, CommandComplete, all in text.

        Errors are in the reply.  Raises: MirrorUnavailable.
        """
        backend = self.backend
        if self._key is None or not may_keep_text_plan(sql):
            self._touch(effect_of(sql))
            closing = backend.statements.take_closing()
            reply = await self._first(closing + frontend.query(sql))
            return reply.without_opening() if closing else reply
        key = (sql, (), self._key)
        statement = backend.statements.find(key)
        if statement is None:
            return await self._prepare_and_run(key, _NO_BIND, frontend.describe_portal(), 0)
        reply = await self._first(statement.text_request)
        if reply.error_at >= 0 and self._outdated(reply, key):
            return await self._prepare_and_run(key, _NO_BIND, frontend.describe_portal(), 0)
        return _without_bind_complete(reply)

    async def run(
        self, sql: str, param_oids: tuple[int, ...] = (), bind: Bind = _NO_BIND, max_rows: int = 0
    ) -> Reply:
        """One statement as Bind, Execute, Sync answer it: DataRows and CommandComplete (or PortalSuspended).

        Errors are in the reply.  Raises: MirrorUnavailable.
        """
        backend = self.backend
        if self._key is None or not may_keep_plan(sql):
            self._touch(effect_of(sql))
            request = frontend.parse("", sql, param_oids) + frontend.bind("", bind)
            request += frontend.execute(max_rows) + frontend.SYNC
            return (await self._first(backend.statements.take_closing() + request)).without_opening()
        key = (sql, param_oids, self._key)
        statement = backend.statements.find(key)
        if statement is None:
            return await self._prepare_and_run(key, bind, b"", max_rows)
        request = frontend.bind(statement.name, bind) + frontend.execute(max_rows) + frontend.SYNC
        reply = await self._first(request)
        if reply.error_at >= 0 and self._outdated(reply, key):
            return await self._prepare_and_run(key, bind, b"", max_rows)
        return _without_bind_complete(reply)

    async def describe(self, sql: str, param_oids: tuple[int, ...] = ()) -> Description:
        """Parameter types and columns, by Parse and Describe; nothing is executed.

        Raises: MirrorError with PostgreSQL's own fields, position included; MirrorUnavailable.
        """
        if self._key is not None:
            known = self._pool.descriptions.find(self._place.database, (sql, param_oids, self._key))
            if known is not None:
                return known
        request = frontend.parse("", sql, param_oids) + frontend.describe_statement("") + frontend.SYNC
        reply = await self._first(self.backend.statements.take_closing() + request)
        while reply.status is None:
            reply = reply.followed_by(await self.more())
        if reply.error is not None:
            raise MirrorError(reply.error)
        oids: tuple[int, ...] = ()
        fields: tuple[Field, ...] | None = None
        for message in messages(reply.raw):
            if message[:1] == b"t":
                oids = parameter_oids(message)
            elif message[:1] == b"T":
                fields = row_fields(message)
        description = Description(oids, fields)
        if self._key is not None and may_keep_plan(sql):
            self._pool.descriptions.add(self._place.database, (sql, param_oids, self._key), description)
        return description

    async def execute(
        self,
        sql: str,
        param_oids: tuple[int, ...] = (),
        bind: Bind = _NO_BIND,
        max_rows: int = 0,
        *,
        aside: Callable[[bytes], None] | None = None,
    ) -> MirrorStream:
        """One statement as a stream of batches; `aside` gets each notice and ParameterStatus, as a message.

        Raises: MirrorError, MirrorUnavailable.
        """
        description = await self.describe(sql, param_oids)
        reply = await self.run(sql, param_oids, bind, max_rows)
        return MirrorStream(self, description.fields or (), reply, aside)

    async def timeout_ms(self, text: str) -> str:
        """A statement_timeout as pg_settings has it, in ms, for what a client may write ('1min').

        Nothing is set, so no later statement of the lease is under it.  Raises: MirrorError, MirrorUnavailable.
        """
        return await self._pool.timeout_ms(self.backend, text)

    async def cancel(self) -> None:
        """Ask the mirror to stop what this lease is running: it then ends with 57014.  Never raises."""
        await self._pool.cancel(self._place, self.backend)

    async def settings_after(self, custom: Iterable[str] = ()) -> dict[str, str]:
        """The session settings now in force, as the next lease of this session wants them.

        `custom`: names with a dot that the session has set; PostgreSQL lists those nowhere.
        Only outside a transaction.  Raises: MirrorError, MirrorUnavailable.
        """
        found = await self._pool.read_settings(self.backend, custom)
        if self._effect is Effect.SETTINGS:
            self._effect = Effect.NOTHING
            self._key = self.backend.surroundings
        return found

    # Inside

    def _touch(self, effect: Effect) -> None:
        if effect == Effect.NOTHING:
            return
        self._effect = max(self._effect, effect)
        self._key = None
        self.backend.settings = None
        if effect is Effect.OTHER:
            self.backend.statements.forget_all()

    async def _first(self, request: bytes) -> Reply:
        """Send a statement; the first part of its answer.  Raises: as _in_time."""
        if not self._timed_there:
            self._deadline_s = asyncio.get_running_loop().time() + self._pool.statement_limit_s
        return await self._in_time(self.backend.exchange(request))

    async def _in_time(self, reply: asyncio.Future[Reply]) -> Reply:
        """The reply, unless the statement takes too long: then it is stopped, and the connection given up.

        Raises: MirrorError 57014, MirrorUnavailable.
        """
        if self._timed_there:
            return await reply
        try:
            async with asyncio.timeout_at(self._deadline_s):
                return await reply
        except TimeoutError:
            await self.cancel()
            self.backend.abort()
            late = ErrorFields("ERROR", "57014", "canceling statement due to statement timeout")
            raise MirrorError(late) from None

    async def _prepare_and_run(self, key: StatementKey, bind: Bind, describe: bytes, max_rows: int) -> Reply:
        backend = self.backend
        statement = backend.statements.new()
        request = frontend.parse(statement.name, key[0], key[1]) + frontend.bind(statement.name, bind)
        request += describe + frontend.execute(max_rows) + frontend.SYNC
        reply = await self._first(backend.statements.take_closing() + request)
        if any(message[0] == _PARSE_COMPLETE for message in messages(reply.raw)):
            backend.statements.add(key, statement)
        return reply.without_opening()

    def _outdated(self, reply: Reply, key: StatementKey) -> bool:
        """Whether a kept statement failed only because the catalogue changed under it: make it anew."""
        error = reply.error
        if error is None or reply.status != IDLE:
            return False
        if error.sqlstate == "0A000" and error.message.startswith("cached plan"):
            self.backend.statements.forget(key)
            return True
        if error.sqlstate == "26000":
            self.backend.statements.forget_all()
            return True
        return False


class MirrorStream:
    """The rows of one statement; implements ports.ResultStream.

    After the end `tag` is CommandComplete's text, or None when max_rows were reached before it.
    """

    __slots__ = ("_aside", "_lease", "_reply", "fields", "tag")

    def __init__(
        self, lease: Lease, fields: tuple[Field, ...], first: Reply, aside: Callable[[bytes], None] | None
    ) -> None:
        self.fields = fields
        self.tag: str | None = None
        self._lease = lease
        self._reply: Reply | None = first
        self._aside = aside

    async def next_batch(self) -> MirrorBatch | None:
        while (reply := self._reply) is not None:
            rows = self._sort_out(reply)
            error = reply.error
            self._reply = None if reply.status is not None else await self._lease.more()
            if error is not None:
                raise MirrorError(error)
            if rows:
                return MirrorBatch(rows, row_offsets(rows))
        return None

    @property
    def received(self) -> bool:
        """Whether the mirror has said all: what is left is here, and the lease may end."""
        return self._reply is None or self._reply.status is not None

    async def close(self) -> None:
        """Give up what is left; an answer that is still coming costs the connection."""
        reply, self._reply = self._reply, None
        if reply is not None and reply.status is None:
            self._lease.backend.abort()

    def __aiter__(self) -> AsyncIterator[MirrorBatch]:
        return self._batches()

    async def _batches(self) -> AsyncIterator[MirrorBatch]:
        while (batch := await self.next_batch()) is not None:
            yield batch

    def _sort_out(self, reply: Reply) -> bytes:
        """The part's rows; asides are passed on and the tag is kept."""
        if reply.tag_at >= 0:
            self.tag = reply.tag
        rows = []
        start = end = 0
        raw = reply.raw
        size = len(raw)
        while end < size:
            at = end
            end = at + 1 + int.from_bytes(raw[at + 1 : at + 5], "big")
            if raw[at] == _DATA_ROW:
                continue
            rows.append(raw[start:at])
            start = end
            if raw[at] in _ASIDE and self._aside is not None:
                self._aside(message_at(raw, at))
        rows.append(raw[start:end])
        return b"".join(rows)


def _timed_there(statement_timeout_ms: str | None, limit_s: float) -> bool:
    """Whether the mirror itself ends a statement in time, as it does where the session has not lifted the limit."""
    if statement_timeout_ms is None:
        return True
    return statement_timeout_ms.isdecimal() and 0 < int(statement_timeout_ms) <= limit_s * 1000


def _without_bind_complete(reply: Reply) -> Reply:
    raw, status, error_at, tag_at = reply
    if raw.startswith(_BIND_COMPLETE):
        return Reply(raw[5:], status, max(error_at - 5, -1), max(tag_at - 5, -1))
    return reply.without_opening()
