"""A stage: a temporary table on the mirror that PostgreSQL itself fills with what a client writes.

So every value is read, cast and checked as PostgreSQL does it, with PostgreSQL's errors, and counted exactly; then its
rows leave as JSON lines for Spark (spark_thrift/transfer.py).  Rules: the stage lives in one transaction on a
connection of the writer's, which ends with it; rows stream in both directions and are never held here.

Left out: what reads Spark's tables, which never comes here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from proxy.mirror import frontend
from proxy.mirror.errors import MirrorError
from proxy.mirror.lease import Lease
from proxy.mirror.mirror import Mirror
from proxy.mirror.replies import Reply, messages
from proxy.mirror.roles import quote_identifier
from proxy.ports import Bind, Column
from proxy.sqlstate import Refused
from spark_thrift.transfer import FLAT_ARRAYS, encoded_row
from spark_thrift.types import pg_type

SCHEMA = "pg_temp"
_BEGIN = (
    "BEGIN READ WRITE; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL transaction_timeout = 0;"
    " SET LOCAL idle_in_transaction_session_timeout = 0"
)
_NOT_FOR_STAGES = frozenset(
    {"statement_timeout", "lock_timeout", "transaction_timeout", "idle_in_transaction_session_timeout"}
)
# Characters that JSON text never holds, so that csv leaves the lines as they are.
_AS_LINES = r"(FORMAT csv, DELIMITER E'\x02', QUOTE E'\x01', ESCAPE E'\x01')"
_NO_BIND = Bind()
_DATA, _ROW, _NOTICE = b"dDN"


class Stage:
    """Use as `async with Stage(mirror, settings, table, notify) as stage`.

    `table` is the written table's own name, which PostgreSQL's errors tell; `notify` gets its notices, as messages.
    """

    def __init__(
        self, mirror: Mirror, settings: Mapping[str, str], table: str, notify: Callable[[bytes], None]
    ) -> None:
        kept = {name: value for name, value in settings.items() if name not in _NOT_FOR_STAGES}
        self._lease: Lease = mirror.writer(kept)
        self._notify = notify
        self.name = f"{SCHEMA}.{quote_identifier(table)}"

    async def __aenter__(self) -> Self:
        await self._lease.acquire()
        try:
            await self._answer(frontend.query(_BEGIN))
        except BaseException:
            self._lease.release()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lease.release()

    async def create(self, columns: Sequence[Column], not_null: Collection[str]) -> None:
        """Make it with a Spark table's columns.  Raises: MirrorError."""
        defined = (
            f"{quote_identifier(c.name)} {pg_type(c.spark_type).name}{' NOT NULL' if c.name in not_null else ''}"
            for c in columns
        )
        await self._answer(frontend.query(f"CREATE TEMPORARY TABLE {self.name} ({', '.join(defined)})"))

    async def run(self, sql: str, param_oids: tuple[int, ...] = (), bind: Bind = _NO_BIND) -> str:
        """One statement; its command tag.  Raises: MirrorError, without a place: the text is ours."""
        request = frontend.parse("", sql, param_oids) + frontend.bind("", bind) + frontend.execute()
        reply = await self._answer(request + frontend.SYNC)
        return reply.tag or ""

    async def columns(self) -> list[tuple[str, str]]:
        """(name, type) of each column, as PostgreSQL writes the type."""
        sql = (
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            f" WHERE attrelid = '{self.name.replace(chr(39), chr(39) * 2)}'::regclass AND attnum > 0 ORDER BY attnum"
        )
        reply = await self._answer(frontend.query(sql))
        return [_two_texts(message) for message in messages(reply.raw) if message[0] == _ROW]

    async def copy_in(self, sql: str, incoming: AsyncIterator[bytes]) -> str:
        """COPY FROM STDIN with what `incoming` yields; its command tag.

        A CopyFailed of `incoming` ends it with PostgreSQL's own error, which says where in the data it stood.
        Raises: MirrorError; whatever else `incoming` raises.
        """
        backend = self._lease.backend
        backend.copies_in = True
        reply = await self._lease.exchange(frontend.query(sql))
        if reply.status is None:
            try:
                async for data in incoming:
                    if backend.answered:
                        break
                    await backend.send(frontend.copy_data(data))
                await backend.send(frontend.COPY_DONE)
            except CopyFailed as failed:
                await backend.send(frontend.copy_fail(failed.reason))
        return (await self._whole(reply)).tag or ""

    async def lines(self, columns: Sequence[Column]) -> AsyncIterator[bytes]:
        """The stage's rows as JSON lines, many at a time.  Raises: MirrorError, Refused, Untranslatable."""
        row = encoded_row([(quote_identifier(c.name), c.spark_type) for c in columns])
        await self._answer(frontend.query("SET LOCAL extra_float_digits = 1"))
        query = f"SELECT row_to_json(r) FROM (SELECT {row} FROM {self.name}) AS r"
        try:
            reply = await self._lease.exchange(frontend.query(f"COPY ({query}) TO STDOUT {_AS_LINES}"))
            while True:
                _raise(reply)
                yield b"".join(_payloads(reply.raw))
                if reply.status is not None:
                    return
                reply = await self._lease.more()
        except MirrorError as error:
            if FLAT_ARRAYS in error.fields.message:
                raise Refused("0A000", FLAT_ARRAYS) from error
            raise

    async def _answer(self, request: bytes) -> Reply:
        try:
            return await self._whole(await self._lease.exchange(request))
        except asyncio.CancelledError:
            await self._lease.cancel()
            raise

    async def _whole(self, reply: Reply) -> Reply:
        while reply.status is None:
            reply = reply.followed_by(await self._lease.more())
        _raise(reply)
        for message in messages(reply.raw):
            if message[0] == _NOTICE:
                self._notify(message)
        return reply


class CopyFailed(Exception):
    """The client has given up its COPY."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _raise(reply: Reply) -> None:
    error = reply.error
    if error is not None:
        # Places are in our text, and the schema is the stage's.
        raise MirrorError(
            replace(error, position=None, internal_position=None, internal_query=None, schema=None)
        )


def _payloads(raw: bytes) -> list[bytes]:
    """What CopyData messages hold."""
    found = []
    at, size = 0, len(raw)
    while at < size:
        end = at + 1 + int.from_bytes(raw[at + 1 : at + 5], "big")
        if raw[at] == _DATA:
            found.append(raw[at + 5 : end])
        at = end
    return found


def _two_texts(message: bytes) -> tuple[str, str]:
    first = int.from_bytes(message[7:11], "big")
    return message[11 : 11 + first].decode(), message[15 + first :].decode()
