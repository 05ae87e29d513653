"""Statements on the session itself: transactions, settings, cursors, SQL-level prepared statements, COPY TO STDOUT.

Each has its plan (made while preparing) and its run.  What a setting means PostgreSQL decides: SET runs on a mirror
connection, and what that connection then has is what the session has.  Scrolling backwards is left out: rows stream.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from checker import session_statements as st
from checker.render import to_postgres
from checker.spark.render import to_spark_text
from checker.verdict import StatementKind
from checker.write_statements import WriteStatement
from nl_frontend.follow_up import Conversation
from proxy.mirror.errors import MirrorError
from proxy.mirror.pool import STATEMENT_TIMEOUT
from proxy.plan import Act, ExplainSpark, OnMirror, OnSpark, Plan, Prepared
from proxy.portal import Portal
from proxy.ports import Bind, Description, Field
from proxy.sqlstate import Refused
from proxy.startup import check_own, check_setting
from proxy.timezones import load_zone
from proxy.transaction import Settings, Warned, lowered
from proxy.wire import messages as msg
from proxy.wire.errors import ErrorFields

if TYPE_CHECKING:
    from proxy.checking import Checked
    from proxy.execute import Executor
    from proxy.session import Session

NO_COLUMNS = Description((), None)
QUERY_PLAN = Description((), (Field("QUERY PLAN", 25, -1),))
QUERY_PLAN_JSON = Description((), (Field("QUERY PLAN", 114, -1),))


def ends_failed_block(statement: st.SessionStatement | WriteStatement | None) -> bool:
    """Whether a failed transaction block lets this through: only what ends it."""
    if statement is None:
        return False
    return isinstance(statement, st.Commit | st.Rollback) or statement.kind is StatementKind.ROLLBACK_TO


class Commands:
    """One session's."""

    def __init__(self, session: Session, executor: Executor) -> None:
        self._session = session
        self._executor = executor

    # --- plans

    async def plan(
        self, statement: st.SessionStatement, checked: Checked, param_oids: tuple[int, ...]
    ) -> tuple[Plan, Description, str]:
        """Raises: as Pipeline.plan."""
        session = self._session
        allowed = checked.allowed
        pipeline = session.service.pipeline
        match statement:
            case st.Show():
                description = await pipeline.describe_on_mirror(allowed.sql, session, ())
                return OnMirror(allowed.sql), description, "SHOW"
            case st.Explain():
                plan, description, _ = await self.inner(checked, param_oids)
                if isinstance(plan, OnMirror):
                    return (
                        OnMirror(statement.to_sql(plan.sql), live=plan.live),
                        replace(QUERY_PLAN, param_oids=description.param_oids),
                        "EXPLAIN",
                    )
                assert isinstance(plan, OnSpark)
                words, in_json = _explain_words(statement)
                shown = QUERY_PLAN_JSON if in_json else QUERY_PLAN
                oids = description.param_oids
                return ExplainSpark(plan, words, in_json), replace(shown, param_oids=oids), "EXPLAIN"
            case st.CopyOut():
                plan, description, _ = await self.inner(checked, ())
                if isinstance(plan, OnMirror):
                    sql = statement.to_sql(plan.sql)
                    copied = OnMirror(sql, signals=plan.signals, live=plan.live)
                    return copied, NO_COLUMNS, "COPY"
                return Act(statement, Prepared("", 0, plan, description, "SELECT")), NO_COLUMNS, "COPY"
            case st.Declare() | st.Prepare():
                if isinstance(statement, st.Prepare):
                    param_oids = await self._type_oids(statement.types)
                plan, description, tag = await self.inner(checked, param_oids)
                text = checked.source.text if isinstance(statement, st.Prepare) else None
                versions = session.service.pipeline.versions
                inner = Prepared("", 0, plan, description, tag, versions=versions, prepare=text)
                inner = replace(inner, dialect=checked.source.dialect)
                oids = description.param_oids if isinstance(statement, st.Declare) else ()
                return Act(statement, inner), Description(oids, None), ""
            case st.Execute(has_arguments=True):
                assert allowed.tree is not None
                arguments = OnMirror(to_postgres(allowed.tree))
                return Act(statement, Prepared("", 0, arguments, NO_COLUMNS, "")), NO_COLUMNS, ""
            case _:
                return Act(statement), NO_COLUMNS, ""

    async def inner(self, checked: Checked, param_oids: tuple[int, ...]) -> tuple[Plan, Description, str]:
        """The plan of the query inside a statement."""
        allowed = checked.allowed
        assert allowed.tree is not None
        sql = to_postgres(allowed.tree) if allowed.dialect == "postgres" else to_spark_text(allowed.tree)
        query = replace(allowed, kind=StatementKind.SELECT, sql=sql, statement=None)
        try:
            pipeline = self._session.service.pipeline
            return await pipeline.plan_query(replace(checked, allowed=query), self._session, param_oids)
        except MirrorError as error:
            # Positions count from where the whole statement begins.
            before = allowed.sql.find(query.sql)
            if error.fields.position is not None and before > 0:
                error.fields = replace(error.fields, position=error.fields.position + before)
            raise

    async def _type_oids(self, types: tuple[str, ...]) -> tuple[int, ...]:
        """What PostgreSQL calls the types of PREPARE name (types)."""
        if not types:
            return ()
        sql = "SELECT " + ", ".join(f"NULL::{name}" for name in types)
        description = await self._session.service.pipeline.describe_checked(sql, self._session)
        return tuple(field.oid for field in description.fields or ())

    def fields_of(self, plan: Act) -> tuple[Field, ...] | None:
        """FETCH has the columns of its cursor and EXECUTE those of its statement; the others have none."""
        statement = plan.statement
        if isinstance(statement, st.Fetch) and statement.kind is StatementKind.FETCH:
            return self._cursor(statement.name).fields
        if isinstance(statement, st.Execute):
            return self._executor.fields_of(self._session.statement(statement.name))
        return None

    def simple_bind(self, plan: Plan) -> Bind:
        """Simple query has text, except for FETCH from a cursor that was declared BINARY (exec_simple_query)."""
        if isinstance(plan, Act) and isinstance(plan.statement, st.Fetch):
            declared = self._cursor(plan.statement.name).declared_binary
            return Bind(result_formats=(1,)) if declared else Bind()
        return Bind()

    # --- runs

    async def run(self, plan: Act, portal: Portal) -> str:
        """Carry it out and return its command tag.  Raises: Refused, TransactionError, the engines' errors."""
        run: Callable[[Commands, Any, Act, Portal], Awaitable[str]] = _RUNS[type(plan.statement)]
        return await run(self, plan.statement, plan, portal)

    async def _begin(self, statement: st.Begin, plan: Act, portal: Portal) -> str:
        self._warn(self._session.transaction.begin())
        self._isolate(statement.modes)
        return "START TRANSACTION" if statement.started else "BEGIN"

    async def _commit(self, statement: st.Commit, plan: Act, portal: Portal) -> str:
        tag, warned = self._session.transaction.commit(chain=statement.chain)
        self._warn(warned)
        await self._session.close_portals(rolled_back=tag == "ROLLBACK")
        return tag

    async def _rollback(self, statement: st.Rollback, plan: Act, portal: Portal) -> str:
        tag, warned = self._session.transaction.rollback(chain=statement.chain)
        self._warn(warned)
        await self._session.close_portals(rolled_back=True)
        return tag

    async def _savepoint(self, statement: st.Savepoint, plan: Act, portal: Portal) -> str:
        transaction, portals = self._session.transaction, self._session.portals
        match statement.kind:
            case StatementKind.RELEASE:
                transaction.release(statement.name)
                return "RELEASE"
            case StatementKind.ROLLBACK_TO:
                cursors = transaction.rollback_to(statement.name)
                for name, cursor in list(portals.items()):
                    if cursor not in cursors and not cursor.committed and cursor is not portal:
                        del portals[name]
                        await cursor.close()
                return "ROLLBACK"
            case _:
                transaction.savepoint(statement.name, frozenset(portals.values()))
                return "SAVEPOINT"

    async def _set(self, statement: st.Set, plan: Act, portal: Portal) -> str:
        session = self._session
        name = statement.name.lower()
        if statement.local and not session.transaction.in_block:
            self._warn(Warned("25P01", "SET LOCAL can only be used in transaction blocks"))
            return "SET"
        if statement.values is None:
            return await self._reset_to_start(name, statement.to_sql(), local=statement.local, tag="SET")
        value = ", ".join(map(str, statement.values))
        check_own(name, value)
        check_setting(name, value)
        if name == "client_encoding":
            return "SET"
        settings: Settings
        if name == STATEMENT_TIMEOUT:
            async with session.service.mirror.lease(session.user, {}) as lease:
                settings = {**session.settings, name: await lease.timeout_ms(value)}
        else:
            settings = await self._on_mirror(replace(statement, local=False).to_sql(), extra=name)
        if name == "timezone":
            load_zone(settings.get("timezone", "UTC"))
        session.transaction.set(settings, local=statement.local)
        return "SET"

    async def _set_transaction(self, statement: st.SetTransaction, plan: Act, portal: Portal) -> str:
        # Every statement reads one snapshot of its tables: the isolation level is kept for SHOW alone.
        transaction = self._session.transaction
        if statement.session:
            transaction.set(await self._on_mirror(statement.to_sql()), local=False)
        elif not transaction.in_block:
            self._warn(Warned("25P01", "SET TRANSACTION can only be used in transaction blocks"))
        else:
            self._isolate(statement.modes)
        return "SET"

    def _isolate(self, modes: tuple[str, ...]) -> None:
        """What SHOW transaction_isolation says, and whether a write is refused, until the transaction ends."""
        transaction = self._session.transaction
        for mode in modes:
            level = mode.removeprefix("ISOLATION LEVEL ")
            if level != mode:
                changed = {"default_transaction_isolation": level.lower()}
            elif mode == "READ ONLY":
                changed = {"default_transaction_read_only": "on"}
            else:
                continue
            transaction.set({**transaction.settings, **changed}, local=True)

    async def _reset(self, statement: st.Reset, plan: Act, portal: Portal) -> str:
        if statement.name == "all":
            self._session.transaction.set(self._session.startup_settings, local=False)
            return "RESET"
        return await self._reset_to_start(
            statement.name.lower(), statement.to_sql(), local=False, tag="RESET"
        )

    async def _reset_to_start(self, name: str, sql: str, *, local: bool, tag: str) -> str:
        session = self._session
        settings = dict(await self._on_mirror(sql))
        settings.pop(name, None)
        if name in session.startup_settings:
            settings[name] = session.startup_settings[name]
        session.transaction.set(settings, local=local)
        return tag

    async def _on_mirror(self, sql: str, extra: str = "") -> Settings:
        """Run one SET or RESET there; the session's settings after it.  Raises: MirrorError.

        Outside the session's statement_timeout: under one that is too short nothing could be set any more.
        """
        session = self._session
        before = dict(session.settings)
        limit = before.pop(STATEMENT_TIMEOUT, None)
        async with session.service.mirror.lease(session.user, before) as lease:
            reply = await lease.query(sql)
            if reply.error is not None:
                raise MirrorError(reply.error)
            custom = session.custom_settings()
            after = dict(lowered(await lease.settings_after([*custom, extra] if "." in extra else custom)))
        return after if limit is None else {**after, STATEMENT_TIMEOUT: limit}

    async def _discard(self, statement: st.Discard, plan: Act, portal: Portal) -> str:
        session = self._session
        if statement.what == "ALL":
            if session.transaction.status.value != "I":
                raise Refused("25001", "DISCARD ALL cannot run inside a transaction block")
            await session.close_portals(all_of_them=True)
            session.drop_statement(None)
            session.transaction.set(session.startup_settings, local=False)
            session.executor.conversation = Conversation()
        return f"DISCARD {statement.what}"

    async def _deallocate(self, statement: st.Deallocate, plan: Act, portal: Portal) -> str:
        if statement.name is None:
            self._session.drop_statement(None)
            return "DEALLOCATE ALL"
        self._session.statement(statement.name)
        self._session.drop_statement(statement.name)
        return "DEALLOCATE"

    async def _prepare(self, statement: st.Prepare, plan: Act, portal: Portal) -> str:
        assert plan.inner is not None
        self._session.check_new_statement(statement.name)
        self._session.statements[statement.name] = plan.inner
        return "PREPARE"

    async def _execute(self, statement: st.Execute, plan: Act, portal: Portal) -> str:
        session = self._session
        prepared = await session.current_statement(statement.name)
        self._executor.check_firewall(prepared)
        values: tuple[bytes | None, ...] = ()
        if plan.inner is not None and isinstance(plan.inner.plan, OnMirror):
            values = await session.service.pipeline.row_on_mirror(plan.inner.plan.sql, session)
        expected = len(prepared.description.param_oids)
        if len(values) != expected:
            raise Refused(
                "42601",
                f'wrong number of parameters for prepared statement "{statement.name}"',
                detail=f"Expected {expected} parameters but got {len(values)}.",
            )
        inner = self._executor.portal(prepared, Bind(values, (), portal.bind.result_formats))
        try:
            if inner.fields is None and isinstance(prepared.plan, Act):
                return await self.run(prepared.plan, inner)
            rows = await self._executor.write_rows(inner, 0)
        finally:
            await inner.close()
        return f"SELECT {rows}"

    async def _declare(self, statement: st.Declare, plan: Act, portal: Portal) -> str:
        session = self._session
        assert plan.inner is not None
        if not statement.hold and not session.transaction.in_block:
            raise Refused("25P01", "DECLARE CURSOR can only be used in transaction blocks")
        session.check_new_portal(statement.name)
        formats = (1,) if statement.binary else ()
        cursor = self._executor.portal(plan.inner, replace(portal.bind, result_formats=formats))
        cursor.hold = statement.hold
        cursor.declared_binary = statement.binary
        session.portals[statement.name] = cursor
        return "DECLARE CURSOR"

    async def _fetch(self, statement: st.Fetch, plan: Act, portal: Portal) -> str:
        cursor = self._cursor(statement.name)
        skip, take = _forward(statement, cursor.fetched)
        while skip > 0 and (batch := await cursor.pull(skip)) is not None:
            skip -= batch.row_count
        rows = 0
        if statement.kind is StatementKind.MOVE:
            while take is None or rows < take:
                batch = await cursor.pull(0 if take is None else take - rows)
                if batch is None:
                    break
                rows += batch.row_count
        elif take != 0:
            if not cursor.started:
                cursor.formats = portal.formats
            rows = await self._executor.write_rows(cursor, take or 0, portal.formats)
        return f"{statement.kind.value} {rows}"

    async def _close(self, statement: st.Close, plan: Act, portal: Portal) -> str:
        session = self._session
        if statement.name is None:
            await session.close_portals(all_of_them=True)
            return "CLOSE CURSOR ALL"
        await self._cursor(statement.name).close()
        del session.portals[statement.name]
        return "CLOSE CURSOR"

    async def _copy(self, statement: st.CopyOut, plan: Act, portal: Portal) -> str:
        assert plan.inner is not None
        return f"COPY {await self._executor.copy_out(plan.inner, statement.options)}"

    async def _channel(self, statement: st.Channel, plan: Act, portal: Portal) -> str:
        if statement.kind is not StatementKind.UNLISTEN:
            raise Refused(
                "0A000", f"{statement.kind.value} is not supported", hint="There is nothing to be told of."
            )
        return "UNLISTEN"

    # --- helpers

    def _cursor(self, name: str) -> Portal:
        cursor = self._session.portals.get(name)
        if cursor is None:
            raise Refused("34000", f'cursor "{name}" does not exist')
        return cursor

    def _warn(self, warned: Warned | None) -> None:
        if warned is not None:
            fields = ErrorFields("WARNING", warned.sqlstate, warned.message)
            self._session.io.write(msg.notice_response(fields))


_RUNS: dict[type[Any], Callable[[Commands, Any, Act, Portal], Awaitable[str]]] = {
    st.Begin: Commands._begin,
    st.Commit: Commands._commit,
    st.Rollback: Commands._rollback,
    st.Savepoint: Commands._savepoint,
    st.Set: Commands._set,
    st.SetTransaction: Commands._set_transaction,
    st.Reset: Commands._reset,
    st.Discard: Commands._discard,
    st.Deallocate: Commands._deallocate,
    st.Prepare: Commands._prepare,
    st.Execute: Commands._execute,
    st.Declare: Commands._declare,
    st.Fetch: Commands._fetch,
    st.Close: Commands._close,
    st.CopyOut: Commands._copy,
    st.Channel: Commands._channel,
}


def _forward(statement: st.Fetch, position: int) -> tuple[int, int | None]:
    """Rows to skip and rows to take (None: all).  Raises: Refused where the cursor would have to go back."""
    count = statement.count
    match statement.direction, count:
        case "FORWARD", None:
            return 0, None
        case "FORWARD", int(n) if n > 0:
            return 0, n
        case "ABSOLUTE", int(n) if n > position:
            return n - position - 1, 1
        case "RELATIVE", int(n) if n > 0:
            return n - 1, 1
        case _:
            raise Refused(
                "55000",
                "cursor can only scan forward",
                hint="Rows stream; read them again with a new cursor.",
            )


def _explain_words(statement: st.Explain) -> tuple[str, bool]:
    """Spark's variant, and whether the answer is in JSON."""
    if statement.analyze:
        raise Refused(
            "0A000", "EXPLAIN ANALYZE is not supported for data", hint="EXPLAIN shows Spark's plan."
        )
    options = dict(statement.options)
    form = options.get("FORMAT", "TEXT")
    if form not in ("TEXT", "JSON"):
        raise Refused(
            "0A000", f"EXPLAIN (FORMAT {form}) is not supported for data", hint="FORMAT JSON and TEXT are."
        )
    if form == "JSON":
        return "", True
    return "EXTENDED" if options.get("VERBOSE", "FALSE") in ("", "TRUE", "ON", "1") else "", False
