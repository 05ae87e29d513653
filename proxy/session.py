"""One client's session: the events of its connection in, messages out.

The protocol's own rules live here: implicit transactions, prepared statements and portals, skipping to Sync after an
error, one ReadyForQuery for each Query and each Sync.  What a statement is, the pipeline knows; how it is carried out,
execute.py.  A statement runs in this very task; `cancel` ends the statement, never the connection.

Source: PostgreSQL documentation, chapter 54.2 "Message Flow".
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from checker.context import Grants
from checker.verdict import Denied
from proxy import sqlstate
from proxy.auth import Peer, authenticate
from proxy.client_io import ClientIO, Disconnected
from proxy.execute import Executor
from proxy.mirror.errors import MirrorUnavailable
from proxy.plan import Nothing, Prepared
from proxy.portal import Portal
from proxy.ports import Bind
from proxy.sqlstate import Refused
from proxy.startup import read_parameters, reported
from proxy.transaction import Settings, Status, Transaction
from proxy.wire import events as ev
from proxy.wire import messages as msg
from proxy.wire.errors import ErrorFields, ProtocolError
from proxy.wire.state import State
from spark_thrift.errors import EngineUnavailable

if TYPE_CHECKING:
    from proxy.service import Service

SHUTDOWN = ErrorFields("FATAL", "57P01", "terminating connection due to administrator command")
STATEMENTS_MAX = 10_000
"""Prepared statements of one session; a client that leaks them gets an error, not the server's memory."""
PORTALS_MAX = 1_000


class Session:
    """State of one connection after its startup."""

    def __init__(
        self, io: ClientIO, service: Service, *, user: str, database: str, peer: Peer, pid: int
    ) -> None:
        self.io = io
        self.service = service
        self.user = user
        self.database = database
        self.peer = peer
        self.pid = pid
        self.given_roles: tuple[str, ...] = ()
        self.secret_key = b""
        self.transaction = Transaction({})
        self.statements: dict[str, Prepared] = {}
        self.portals: dict[str, Portal] = {}
        self.executor = Executor(self)
        io.wire.on_skipped = self.executor.records.skipped
        self.startup_settings: Settings = {}
        self._task: asyncio.Task[Any] | None = None
        self._busy = False
        self.started = datetime.now(UTC)
        self._ending: ErrorFields | None = None
        self._leaving = False
        self._reading = False
        self._cancelled: str | None = None
        self._reported: dict[str, str] = {}

    @classmethod
    async def open(cls, io: ClientIO, event: ev.Event, peer: Peer, service: Service, *, pid: int) -> Session:
        """From the startup message to the first ReadyForQuery.  Raises: ProtocolError, always fatal."""
        if not isinstance(event, ev.StartupReceived):
            raise ProtocolError("08P01", "expected a startup message", fatal=True)
        settings = service.settings
        user = event.parameters["user"]
        database = event.parameters.get("database") or user
        io.write(io.wire.negotiate_version(event))
        await authenticate(io, event, database, peer, settings, service.users)
        here = service.of_database(database)
        if here is None:
            raise ProtocolError(
                "3D000",
                f'database "{database}" does not exist',
                fatal=True,
                detail=f'The database is "{settings.session.database}".',
            )
        service = here
        session = cls(io, service, user=user, database=database, peer=peer, pid=pid)
        session.take_roles()
        session.startup_settings = await read_parameters(event.parameters, session)
        session.transaction = Transaction(session.startup_settings)
        await service.admit(session)
        session.secret_key = secrets.token_bytes(32 if io.wire.minor >= 2 else 4)
        io.write(io.wire.authenticate())
        session.report_settings()
        io.write(msg.backend_key_data(pid, session.secret_key))
        io.write(io.wire.ready("I"))
        io.flush()
        return session

    async def run(self) -> None:
        """Serve events until the client leaves."""
        self._task = asyncio.current_task()
        self.io.on_lost = self._task.cancel if self._task else None
        try:
            while True:
                if self._leaving and self.idle:
                    self._fail(SHUTDOWN)
                    return
                self._reading = True
                try:
                    event = await self.io.next_event()
                except ProtocolError as error:
                    if error.fatal:
                        raise
                    await self._statement_failed(error.fields)
                    continue
                finally:
                    self._reading = False
                handler = _HANDLERS.get(type(event))
                if handler is None:
                    return
                await self._guarded(handler, event)
        except ProtocolError as error:
            self._fail(error.fields)
        except asyncio.CancelledError:
            if self._ending is not None:
                self._fail(sqlstate.with_id(self._ending, self.executor.statement_id))
            elif not self.io.lost:
                raise
        finally:
            self.io.on_lost = None
            # The client does not wait until the engine has let go of its statement.
            self.io.close()
            await self._close()

    async def _guarded(self, handler: Callable[[Session, Any], Awaitable[None]], event: ev.Event) -> None:
        """Run one event; whatever goes wrong becomes an ErrorResponse and the connection lives on."""
        self._busy = True
        try:
            await handler(self, event)
        except (Disconnected, ProtocolError):
            raise
        except asyncio.CancelledError:
            if self._cancelled is None or self.io.lost or self._ending is not None:
                raise
            reason, self._cancelled = self._cancelled, None
            if self._task is not None:
                self._task.uncancel()
            await self._statement_failed(ErrorFields("ERROR", "57014", reason))
        except Exception as error:
            if isinstance(error, EngineUnavailable | MirrorUnavailable):
                self.service.nodes.lost(error)
            denied = error.denied if isinstance(error, sqlstate.DeniedByGate) else None
            await self._statement_failed(sqlstate.fields_of(error, self.executor.statement_id), denied)
        finally:
            self._busy = False

    async def _statement_failed(self, fields: ErrorFields, denied: Denied | None = None) -> None:
        # From here on there is nothing to cancel.
        self._busy = False
        self.executor.records.failed(fields, denied)
        self.transaction.fail()
        if self.transaction.status is Status.IDLE:
            await self.close_portals(rolled_back=True)
        self._fail(fields)
        if self.io.wire.state in (State.SIMPLE, State.SYNCING):
            await self._end_of_cycle()
        else:
            # In a pipeline an error is not kept back until Sync.
            self.io.flush()

    def _fail(self, fields: ErrorFields) -> None:
        self.io.write(self.io.wire.fail(fields))

    # --- from other connections

    def cancel(self, reason: str = "canceling statement due to user request") -> None:
        """CancelRequest and pg_cancel_backend: end the running statement, if one runs."""
        if self._busy and self._task is not None and self._cancelled is None:
            self._cancelled = reason
            self._task.cancel()

    def terminate(self, fields: ErrorFields | None = None) -> None:
        """pg_terminate_backend and shut-down: end the session with a FATAL error."""
        if self._ending is None and self._task is not None:
            self._ending = fields or SHUTDOWN
            self._task.cancel()

    def leave(self) -> None:
        """Drain: end the session (57P01) as soon as no statement and no transaction of it is under way."""
        self._leaving = True
        if self._reading and self.idle:
            self.terminate()

    @property
    def idle(self) -> bool:
        """Whether nothing would be cut off by its end: the next message would be the first of a new transaction."""
        return self.io.wire.state is State.IDLE and self.transaction.status is Status.IDLE

    # --- simple query

    async def _on_query(self, event: ev.QueryReceived) -> None:
        self.transaction.begin_implicit()
        self.drop_statement("")
        records = self.executor.records
        records.received(event.sql)
        pipeline = self.service.pipeline
        statements = await pipeline.check(event.sql, self, None)
        self.transaction.begin_implicit(several=len(statements) > 1)
        if not statements:
            self.io.write(msg.empty_query_response())
        for index, checked in enumerate(statements):
            records.turn(index)
            await self.executor.simple(await pipeline.plan(checked, self, None))
        await self._end_of_cycle()

    async def _end_of_cycle(self) -> None:
        """The end of a Query, or Sync: close what does not outlast its transaction, report, be ready."""
        transaction = self.transaction
        transaction.end_implicit()
        if self.portals and transaction.status is not Status.OPEN and not transaction.has_savepoints:
            await self.close_portals(rolled_back=transaction.status is Status.FAILED)
        self.report_settings()
        self._busy = False
        self._cancelled = None
        self.io.write(self.io.wire.ready(self.transaction.status.value))
        self.io.flush()
        await self.io.drain()

    async def close_portals(self, *, rolled_back: bool = False, all_of_them: bool = False) -> None:
        """Portals end with their transaction, except cursors WITH HOLD of one that is committed."""
        for name, portal in list(self.portals.items()):
            if all_of_them or not portal.hold or (rolled_back and not portal.committed):
                del self.portals[name]
                await portal.close()
            else:
                portal.committed = True

    # --- extended query

    async def _on_parse(self, event: ev.ParseReceived) -> None:
        self.transaction.begin_implicit()
        if not event.name:
            # "Unnamed statements are replaced": also when the new one turns out to be wrong.
            self.drop_statement("")
        records = self.executor.records
        records.received(event.sql)
        pipeline = self.service.pipeline
        prepared = pipeline.nothing
        statements = await pipeline.check(event.sql, self, event.param_oids)
        if len(statements) > 1:
            raise Refused("42601", "cannot insert multiple commands into a prepared statement")
        for checked in statements:
            prepared = await pipeline.plan(checked, self, event.param_oids)
            self.executor.check_allowed(prepared)
        if event.name:
            self.check_new_statement(event.name)
        self.statements[event.name] = prepared
        records.parsed(event.name)
        self.io.write(msg.parse_complete())

    async def _on_bind(self, event: ev.BindReceived) -> None:
        self.transaction.begin_implicit()
        prepared = await self.current_statement(event.statement)
        self.executor.records.bound(event.statement, prepared)
        self.executor.check_allowed(prepared)
        expected = len(prepared.description.param_oids)
        if len(event.values) != expected:
            raise Refused(
                "08P01",
                f"bind message supplies {len(event.values)} parameters, "
                f'but prepared statement "{event.statement}" requires {expected}',
            )
        if not event.portal and (old := self.portals.pop("", None)) is not None:
            await old.close()
        self.check_new_portal(event.portal)
        bind = Bind(event.values, event.param_formats, event.result_formats)
        self.executor.check_values(prepared, bind)
        portal = self.portals[event.portal] = self.executor.portal(prepared, bind)
        self.executor.records.held(portal)
        self.io.write(msg.bind_complete())

    async def _on_describe(self, event: ev.DescribeReceived) -> None:
        self.transaction.begin_implicit()
        if event.kind == "S":
            prepared = self.statement(event.name)
            self.io.write(msg.parameter_description(prepared.description.param_oids))
            fields = self.executor.fields_of(prepared)
            self.io.write(msg.no_data() if fields is None else msg.row_description(fields))
            return
        portal = self.portal(event.name)
        self.io.write(
            msg.no_data() if portal.fields is None else msg.row_description(portal.fields, portal.formats)
        )

    async def _on_execute(self, event: ev.ExecuteReceived) -> None:
        self.transaction.begin_implicit()
        portal = self.portal(event.portal)
        if portal.ended and portal.fields is None and not isinstance(portal.prepared.plan, Nothing):
            raise Refused("55000", f'portal "{event.portal}" cannot be run')
        await self.executor.execute(portal, event.max_rows)

    async def _on_close(self, event: ev.CloseReceived) -> None:
        if event.kind == "S":
            self.drop_statement(event.name)
        else:
            portal = self.portals.pop(event.name, None)
            if portal is not None:
                await portal.close()
        self.io.write(msg.close_complete())

    async def _on_flush(self, event: ev.FlushReceived) -> None:
        self.io.flush()
        await self.io.drain()

    async def _on_sync(self, event: ev.SyncReceived) -> None:
        await self._end_of_cycle()

    async def _on_function_call(self, event: ev.FunctionCallReceived) -> None:
        raise Refused("0A000", "the function call protocol is not supported", hint="Call it in a SELECT.")

    # --- what handlers and the executor ask for

    def take_roles(self) -> None:
        """The roles that the user has at login.  Raises: ProtocolError 28000, fatal, for one that nobody defined."""
        known = self.service.users.find(self.user)
        self.given_roles = known.roles if known is not None else ()
        try:
            self.service.policies.roles_of(self.user, self.given_roles)
        except Refused as error:
            raise ProtocolError(error.fields.sqlstate, error.fields.message, fatal=True) from None

    @property
    def grants(self) -> Grants:
        """What the user may do under the policy of now."""
        return self.service.grants(self.user, self.given_roles)

    async def current_statement(self, name: str) -> Prepared:
        """A prepared statement under the policy and the catalogue of now.

        Raises: Refused 26000; as Pipeline.current.
        """
        prepared = self.statement(name)
        current = await self.service.pipeline.current(prepared, self)
        if current is not prepared:
            self.statements[name] = current
        return current

    def statement(self, name: str) -> Prepared:
        prepared = self.statements.get(name)
        if prepared is None:
            which = f'prepared statement "{name}"' if name else "unnamed prepared statement"
            raise Refused("26000", f"{which} does not exist")
        return prepared

    def drop_statement(self, name: str | None) -> None:
        """Forget a prepared statement, if it is there; None: all of them."""
        self.executor.records.dropped(name)
        if name is None:
            self.statements.clear()
        else:
            self.statements.pop(name, None)

    def portal(self, name: str) -> Portal:
        portal = self.portals.get(name)
        if portal is None:
            raise Refused("34000", f'portal "{name}" does not exist')
        return portal

    @property
    def state(self) -> str:
        """As pg_stat_activity.state has it."""
        if self._busy:
            return "active"
        return {
            Status.IDLE: "idle",
            Status.OPEN: "idle in transaction",
            Status.FAILED: "idle in transaction (aborted)",
        }[self.transaction.status]

    def check_new_portal(self, name: str) -> None:
        """Raises: Refused 42P03 for a name in use, 53400 for one portal too many."""
        if name in self.portals:
            raise Refused("42P03", f'cursor "{name}" already exists')
        if len(self.portals) >= PORTALS_MAX:
            raise Refused("53400", f"more than {PORTALS_MAX} open portals", hint="CLOSE some.")

    def check_new_statement(self, name: str) -> None:
        """Raises: Refused 42P05 for a name in use, 53400 for one prepared statement too many."""
        if name in self.statements:
            raise Refused("42P05", f'prepared statement "{name}" already exists')
        if len(self.statements) >= STATEMENTS_MAX:
            raise Refused("53400", f"more than {STATEMENTS_MAX} prepared statements", hint="DEALLOCATE some.")

    def custom_settings(self) -> list[str]:
        """The names with a dot that this session has set: PostgreSQL lists those nowhere."""
        return [name for name in self.settings if "." in name]

    @property
    def settings(self) -> Settings:
        return self.transaction.settings

    def report_settings(self) -> None:
        """ParameterStatus for every reported setting that differs from what the client was told."""
        if self._reported_settings is self.transaction.settings:
            return
        self._reported_settings = self.transaction.settings
        for name, value in reported(self).items():
            if self._reported.get(name) != value:
                self._reported[name] = value
                self.io.write(msg.parameter_status(name, value))

    _reported_settings: Settings | None = None

    async def _close(self) -> None:
        self.executor.records.close(self._ending)
        await self.close_portals(all_of_them=True)
        await self.executor.close()


_HANDLERS: dict[type[Any], Callable[[Session, Any], Awaitable[None]]] = {
    ev.QueryReceived: Session._on_query,
    ev.ParseReceived: Session._on_parse,
    ev.BindReceived: Session._on_bind,
    ev.DescribeReceived: Session._on_describe,
    ev.ExecuteReceived: Session._on_execute,
    ev.CloseReceived: Session._on_close,
    ev.FlushReceived: Session._on_flush,
    ev.SyncReceived: Session._on_sync,
    ev.FunctionCallReceived: Session._on_function_call,
}
"""What is not here (Terminate) ends the session."""
