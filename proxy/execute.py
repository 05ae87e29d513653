"""Carrying out prepared statements for one session: rows and command tags, out of either engine.

A row-returning plan runs behind a Portal, so that Execute with a row limit, FETCH and COPY take rows from one place.
A small catalogue statement takes the short way: the mirror's bytes go to the client as they came.
The session's Spark session is opened with its first statement for Spark and closed with it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from checker.session_statements import Discard, Reset, SessionStatement, Set
from checker.write_statements import WriteStatement
from nl_frontend.empty import conditions_of
from nl_frontend.follow_up import Conversation
from proxy.bind_values import NotInSpark
from proxy.binds import BindError
from proxy.commands import Commands, ends_failed_block
from proxy.control import Turn
from proxy.copyout import CopyOut
from proxy.mirror import frontend
from proxy.mirror.effects import Effect
from proxy.mirror.errors import MirrorError
from proxy.mirror.lease import Lease
from proxy.mirror.pool import STATEMENT_TIMEOUT
from proxy.pipeline import bound_values
from proxy.plan import Act, Answer, ExplainSpark, Nothing, OnMirror, OnSpark, Plan, Prepared, Write
from proxy.portal import Portal, check_row_limit
from proxy.ports import BINARY, TEXT, Bind, CopyOptions, Field, ResultStream
from proxy.records import Records
from proxy.signals import CHANNEL, received, without_notifications
from proxy.sqlstate import Refused
from proxy.startup import check_own, check_setting
from proxy.streams import LineStream, MirrorStatement, SparkRows
from proxy.transaction import Status, lowered
from proxy.wire import messages as msg
from proxy.wire.errors import ErrorFields
from proxy.writes import Writes
from spark_thrift.dialect import tables
from spark_thrift.errors import EngineUnavailable, SparkError
from spark_thrift.explained import as_json
from spark_thrift.operation import Operation
from spark_thrift.scan import scanned_bytes
from spark_thrift.session import SparkSession

if TYPE_CHECKING:
    from proxy.session import Session

NO_BIND = Bind()
BEGIN, COMMIT = frontend.query("BEGIN"), frontend.query("COMMIT")
BEGIN_WRITING = frontend.query("BEGIN READ WRITE")
LISTEN = frontend.query(f"LISTEN {CHANNEL}")
PATIENCE_S = 1.0
"""How long a client that does not read keeps its statement's place on Spark."""
QUERY_PLAN = (Field("QUERY PLAN", 25, -1),)
ANEW_S = 10.0
"""A statement that an engine was lost under is begun once more elsewhere if it is younger: an older one may be what the
engine died of.
"""
_T = TypeVar("_T")


class Executor:
    """One session's way to the engines."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._io = session.io
        self._service = session.service
        self.commands = Commands(session, self)
        self.writes = Writes(session, self)
        self._spark: SparkSession | None = None
        self._spark_zone: str | None = None
        self._seen_serial = 0
        self.records = Records(session)
        self.conversation = Conversation()
        self.turn = Turn(session.service.control, session)
        """Held while Spark works on the statement in hand."""

    # --- simple query

    async def simple(self, prepared: Prepared) -> None:
        """Run one statement of a simple query and write everything but ReadyForQuery."""
        self.check_allowed(prepared)
        self._begin(prepared)
        if isinstance(prepared.plan, OnMirror):
            # The mirror keeps the session's statement_timeout itself, and the lease the server's.
            await self._relay(prepared, prepared.plan, NO_BIND, simple=True)
        else:
            portal = self.portal(prepared, self.commands.simple_bind(prepared.plan))
            if portal.fields is not None:
                self._io.write(msg.row_description(portal.fields, portal.formats))
            try:
                async with self._deadline(prepared.plan):
                    await self._run(portal, 0)
            finally:
                self.turn.release()
                await portal.close()
        self.records.finished()

    # --- extended query

    def portal(self, prepared: Prepared, bind: Bind) -> Portal:
        """A portal over the statement; nothing runs yet.  Raises: Refused for a wrong number of result formats."""
        fields = self.fields_of(prepared)
        formats = _formats(bind.result_formats, 0 if fields is None else len(fields))
        return Portal(prepared, bind, self._open, fields, formats, self._session.grants.max_rows)

    def fields_of(self, prepared: Prepared) -> tuple[Field, ...] | None:
        """The columns that the client is told; a FETCH has those of its cursor."""
        if isinstance(prepared.plan, Act):
            return self.commands.fields_of(prepared.plan)
        return prepared.description.fields

    async def execute(self, portal: Portal, max_rows: int) -> None:
        """Run a portal, or go on with it, and write rows and CommandComplete or PortalSuspended."""
        prepared = portal.prepared
        self.records.resumed(portal)
        self.check_allowed(prepared)
        if not portal.started:
            self.check_firewall(prepared)
            self._begin(prepared)
        else:
            self.records.begin(prepared)
        if isinstance(prepared.plan, OnMirror) and max_rows == 0 and not portal.started:
            portal.ended = True
            await self._relay(prepared, prepared.plan, portal.bind, simple=False)
        else:
            try:
                async with self._deadline(prepared.plan):
                    await self._run(portal, max_rows)
            finally:
                self.turn.release()
        if portal.ended:
            self.records.finished()
        else:
            self.records.suspended()

    def check_firewall(self, prepared: Prepared) -> None:
        """For what was prepared a while ago: a list may have changed since.  Raises: DeniedByGate."""
        if prepared.reviewed is not None:
            self._service.firewall.check(self._session, prepared.reviewed, prepared.query or prepared.text)

    def check_allowed(self, prepared: Prepared) -> None:
        """The same for a statement that is planned."""
        plan = prepared.plan
        if not isinstance(plan, Nothing):
            self.check_allowed_now(plan.statement if isinstance(plan, Act) else None)

    def check_allowed_now(self, statement: SessionStatement | WriteStatement | None) -> None:
        """Raises: Refused 25P02 in a failed transaction block, for all but what ends it."""
        if self._session.transaction.status is Status.FAILED and not ends_failed_block(statement):
            raise Refused(
                "25P02", "current transaction is aborted, commands ignored until end of transaction block"
            )

    def check_values(self, prepared: Prepared, bind: Bind) -> None:
        """Read every value, so that a wrong one is Bind's error and not Execute's.  Raises: BindError."""
        if not bind.values:
            return
        try:
            for _ in bound_values(prepared, bind):
                pass
        except BindError as error:
            # The mirror knows what Spark has nothing like: regclass, oidvector, a numeric of 40 digits.
            # And it reads dates and times that we do not.
            if not isinstance(prepared.plan, OnMirror | Write):
                raise
            by_mirror = isinstance(error, NotInSpark) or error.sqlstate == "0A000"
            if not by_mirror and not (isinstance(prepared.plan, Write) and error.sqlstate == "22007"):
                raise

    # --- the two ways

    async def _relay(self, prepared: Prepared, plan: OnMirror, bind: Bind, *, simple: bool) -> None:
        """The mirror's answer, byte for byte; in simple query with its RowDescription."""
        session, io = self._session, self._io
        async with self._service.mirror.lease(session.user, session.settings) as lease:
            if plan.signals:
                await lease.exchange(LISTEN)
            if plan.reviews:
                # Sessions are read only; who may write what is for the functions' own privileges to say.
                await lease.exchange(BEGIN_WRITING)
            if plan.sets and session.transaction.in_block:
                # So that what set_config lays over the transaction can still be read after the statement.
                await lease.exchange(BEGIN, Effect.SETTINGS)
            try:
                if simple:
                    reply = await lease.query(plan.sql)
                else:
                    reply = await lease.run(plan.sql, prepared.description.param_oids, bind)
            except asyncio.CancelledError:
                if simple and prepared.description.fields:
                    # It would have come before the rows that there are none of now.
                    io.write(msg.row_description(prepared.description.fields))
                await lease.cancel()
                raise
            if plan.signals:
                for name, pid in received(reply.raw):
                    self._service.registry.signal(name, pid, session)
                # A session that signals itself ends here, while there is a statement to end.
                await asyncio.sleep(0)
                reply = reply._replace(raw=without_notifications(reply.raw))
            while True:
                if reply.error_at >= 0:
                    io.write(reply.raw[: reply.error_at])
                    error = reply.error
                    assert error is not None
                    raise MirrorError(error)
                if reply.status is not None and plan.reviews:
                    committed = await lease.exchange(COMMIT)
                    if committed.error is not None:
                        raise MirrorError(committed.error)
                if _begins_with_rows(reply.raw):
                    self.records.row()
                io.write(reply.body)
                if reply.status is not None:
                    break
                await io.drain()
                reply = await lease.more()
            if self.records.current is not None:
                # The tag ends in the number of rows, where there are rows.
                count = (reply.tag or "").rpartition(" ")[2]
                self.records.current.rows = int(count) if count.isdigit() else 0
            if plan.sets:
                await self._settings_set(lease, plan.sets)

    async def _settings_set(self, lease: Lease, names: Sequence[str]) -> None:
        """Take over what set_config has done on the lease's connection.  Raises: Refused."""
        transaction = self._session.transaction
        custom = {*self._session.custom_settings(), *(name for name in names if "." in name)}
        inside = lowered(await lease.settings_after(custom))
        for name in names:
            if name in inside:
                check_own(name, inside[name])
                check_setting(name, inside[name])
        if not transaction.in_block:
            transaction.set(inside, local=False)
            return
        await lease.exchange(COMMIT, Effect.SETTINGS)
        transaction.set(lowered(await lease.settings_after(custom)), local=False)
        transaction.set(inside, local=True)

    async def _run(self, portal: Portal, max_rows: int) -> None:
        io = self._io
        prepared = portal.prepared
        plan = prepared.plan
        for notice in prepared.notices:
            io.write(msg.notice_response(notice))
        if isinstance(plan, Nothing):
            io.write(msg.empty_query_response())
            return
        if isinstance(plan, Act | Write):
            run = self.commands.run if isinstance(plan, Act) else self.writes.run
            io.write(msg.command_complete(await run(plan, portal)))  # type: ignore[arg-type]
            portal.ended = True
            return
        rows = await self.write_rows(portal, max_rows)
        if prepared.query is not None and portal.ended and not portal.fetched:
            conditions = conditions_of(prepared.query)
            if conditions:
                told = f"Its conditions: {'; '.join(conditions)}"
                hint = "A name may be written otherwise in the data."
                fields = ErrorFields("NOTICE", "00000", "the answer to this question has no rows", told, hint)
                io.write(msg.notice_response(fields))
        if max_rows and rows == max_rows and not portal.ended:
            io.write(msg.portal_suspended())
        else:
            io.write(
                msg.command_complete(f"{prepared.tag} {rows}" if prepared.tag == "SELECT" else prepared.tag)
            )

    async def write_rows(self, portal: Portal, limit: int, formats: Sequence[int] | None = None) -> int:
        """DataRow messages, waiting whenever the client does not read.  Units: rows; 0 is no limit."""
        io = self._io
        wanted = portal.formats if formats is None else formats
        rows = 0
        while not limit or rows < limit:
            batch = await portal.pull(limit - rows if limit else 0)
            if batch is None:
                break
            io.write(batch.data_rows(wanted))
            rows += batch.row_count
            self.count(batch.row_count)
            await self._drain()
        return rows

    async def _drain(self) -> None:
        """Wait until the client has read; when that takes long, somebody else gets the place on Spark."""
        if self._io.is_behind and self.turn.held:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self._io.drain()
            except TimeoutError:
                self.turn.release()
        await self._io.drain()

    def count(self, rows: int) -> None:
        record = self.records.current
        if record is not None:
            record.rows += rows
            self.records.row()

    async def copy_out(self, inner: Prepared, options: CopyOptions) -> int:
        """COPY (query) TO STDOUT: the messages from CopyOutResponse to CopyDone.  Units: rows."""
        io = self._io
        binary = options.format == "binary"
        fields = inner.description.fields or ()
        stream = await self._open(inner, NO_BIND, [BINARY if binary else TEXT] * len(fields))
        most = self._session.grants.max_rows
        rows = 0
        copy = CopyOut(fields, options)
        try:
            io.write(msg.copy_out_response(binary=binary, column_formats=[int(binary)] * len(fields)))
            io.write(copy.begin())
            while (batch := await stream.next_batch()) is not None:
                rows += batch.row_count
                check_row_limit(rows, most)
                io.write(copy.rows(batch))
                self.count(batch.row_count)
                await self._drain()
            io.write(copy.end())
        finally:
            await stream.close()
        io.write(msg.copy_done())
        return rows

    async def _open(self, prepared: Prepared, bind: Bind, formats: Sequence[int]) -> ResultStream:
        plan = prepared.plan
        session = self._session
        match plan:
            case OnMirror():
                return await MirrorStatement.open(
                    self._service.mirror.lease(session.user, session.settings),
                    plan.sql,
                    prepared.description.param_oids,
                    replace(bind, result_formats=tuple(formats)),
                    self._io.write,
                )
            case OnSpark():
                sql, encoder = self._service.pipeline.spark_statement(prepared, plan, bind, session)

                async def begin(spark: SparkSession) -> Operation:
                    await check_scan(spark, sql, session.grants.max_scan_bytes)
                    await self.turn.hold()
                    try:
                        return await spark.execute(self.named(sql))
                    except Exception as error:
                        raise self._service.pipeline.placed(error, prepared, sql) from error

                begun = time.monotonic()
                operation = await self.on_spark(begin)
                return SparkRows(operation, encoder, self.turn, partial(self._anew, begin, begun))
            case ExplainSpark():
                sql, _ = self._service.pipeline.spark_statement(prepared, plan.query, bind, session)
                rows = await self.on_spark(lambda spark: spark.run_command(f"EXPLAIN {plan.words} {sql}"))
                text = "\n".join(row[0] or "" for row in rows)
                if plan.json:
                    return LineStream(QUERY_PLAN, [as_json(text)])
                return LineStream(QUERY_PLAN, text.split("\n"))
            case Answer():
                return LineStream(QUERY_PLAN, plan.lines)
        raise AssertionError(f"{type(plan).__name__} has no rows")

    # --- the engines' sessions

    async def spark(self) -> SparkSession:
        """This session's Spark session, in step with its TimeZone.  Raises: EngineUnavailable."""
        zone = self._session.settings.get("timezone") or self._service.settings.session.timezone
        if self._spark is not None and self._spark.broken:
            await self.close()
        if self._spark is None:
            self._seen_serial = self._service.ledger.serial
            session = self._session
            self._spark = await self._service.open_spark(session.user, session.grants.roles, zone)
            self._spark_zone = zone
        elif zone != self._spark_zone:
            await self._service.set_zone(self._spark, zone)
            self._spark_zone = zone
        await self._catch_up(self._spark)
        return self._spark

    async def on_spark(self, work: Callable[[SparkSession], Awaitable[_T]]) -> _T:
        """What `work` does on this session's Spark session; once more on another one when the engine has lost this.

        For work that changes nothing.  Raises: EngineUnavailable, and as `work`.
        """
        begun = time.monotonic()
        try:
            return await work(await self.spark())
        except EngineUnavailable as error:
            return await self._anew(work, begun, error)

    async def _anew(
        self, work: Callable[[SparkSession], Awaitable[_T]], begun: float, error: EngineUnavailable
    ) -> _T:
        """Raises: `error` itself, where no session is lost, or what was under way may be what the engine died of."""
        if self._spark is None or not self._spark.broken or time.monotonic() - begun > ANEW_S:
            raise error
        self._service.nodes.lost(error)
        return await work(await self.spark())

    async def _catch_up(self, spark: SparkSession) -> None:
        """Tell it which tables other sessions have written: it keeps a list of each table's files."""
        ledger = self._service.ledger
        serial, stale = ledger.serial, ledger.since(self._seen_serial, spark)
        for name in stale:
            with suppress(SparkError):  # it may be gone
                await spark.run_command(tables.refresh(name))
        self._seen_serial = serial

    async def close(self) -> None:
        """End the Spark session and whatever runs in it."""
        spark, self._spark = self._spark, None
        if spark is not None:
            await spark.close()

    # --- time and the record

    def _deadline(self, plan: Plan) -> AbstractAsyncContextManager[Any]:
        """The time that is left to a statement.

        A SET has none: one that is too short could not be taken back.
        """
        if isinstance(plan, Act) and isinstance(plan.statement, Set | Reset | Discard):
            return nullcontext()
        seconds = self.limit_s
        return asyncio.timeout(seconds) if seconds else nullcontext()

    @property
    def limit_s(self) -> float | None:
        """How long a statement may take, and how long its planning may; None for ever.

        The session's statement_timeout (ms), the role's or the server's own limit, whichever is shortest; 0 is none.
        """
        own = self._session.settings.get(STATEMENT_TIMEOUT, "0")
        limits = (
            int(own) / 1000 if own.isdecimal() else 0,
            self._session.grants.max_seconds or 0,
            self._service.settings.limits.statement_deadline_s,
        )
        return min((seconds for seconds in limits if seconds), default=None)

    def _begin(self, prepared: Prepared) -> None:
        self.records.begin(prepared)
        if prepared.reviewed is not None:
            self._service.firewall.ran(self._session, prepared.reviewed, prepared.query or prepared.text)

    @property
    def statement_id(self) -> str | None:
        """The id of the statement in hand, as its audit record has it."""
        record = self.records.current
        return None if record is None else record.id

    def named(self, sql: str) -> str:
        """The text for Spark with the statement's id before it: Spark shows it in a job's description."""
        return sql if self.statement_id is None else f"/* streamlink {self.statement_id} */ {sql}"


def _begins_with_rows(raw: bytes) -> bool:
    """Whether a DataRow comes first, or right behind the RowDescription."""
    at = 1 + int.from_bytes(raw[1:5], "big") if raw[:1] == b"T" else 0
    return raw[at : at + 1] == b"D"


async def check_scan(spark: SparkSession, sql: str, most: int | None) -> None:
    """Raises: Refused 53400 for a query that would read more than the role's limit, or that cannot be estimated."""
    if most is None:
        return
    estimate = await scanned_bytes(spark, sql)
    if estimate is None or estimate > most:
        reads = "an unknown number of" if estimate is None else f"about {estimate}"
        raise Refused(
            "53400",
            f"the statement would read {reads} bytes, and the limit of this role is {most}",
            hint="Filter by a partition column, or read fewer tables.",
        )


def _formats(codes: Sequence[int], columns: int) -> Sequence[int]:
    if len(codes) == columns:
        return codes
    if len(codes) > 1:
        raise Refused(
            "08P01", f"bind message has {len(codes)} result formats but query has {columns} columns"
        )
    return [codes[0] if codes else TEXT] * columns
