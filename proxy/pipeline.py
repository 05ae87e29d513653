"""The one way of a statement: what may run (checking.py) is routed, described and planned; then it runs.

It never turns back, and typed SQL and a model's draft enter at the same place.  Rules: `prepare` never executes; only
text generated from an allowed tree leaves here; what is remembered is keyed by everything that decided it, the
catalogue's version included.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import expressions as exp

from checker.functions import ADMIN, function_kinds
from checker.gate import Gate
from checker.judge import is_unjudged
from checker.render import map_position, to_postgres
from checker.rights import unrestricted
from checker.session_statements import Prepare
from checker.spark.render import filled, limit_parameters
from checker.verdict import Allowed, Denied, Dialect, Facts
from checker.write_statements import WriteStatement
from proxy import signals
from proxy.binds import decode_bind, null_of
from proxy.checking import EXPLAIN, Checked, Checking, Source
from proxy.confirmed import confirm_tables
from proxy.mirror.errors import MirrorError
from proxy.plan import Act, Answer, ExplainSpark, Nothing, OnMirror, OnSpark, Plan, Prepared, Write
from proxy.ports import TEXT, Bind, Catalogue, Description, Draft, Drafter, Field
from proxy.reconcile import OutputColumn, reconcile
from proxy.routing import Route, bind_parameters, qualified, route, schema_of, with_session_values
from proxy.rows import RowEncoder
from proxy.sqlstate import DeniedByGate, Refused, fields_of, is_ours
from proxy.startup import dialect_of, is_on
from proxy.streams import MirrorStatement
from proxy.wire.errors import ErrorFields
from spark_thrift.dialect import Untranslatable, to_spark, value_to_spark
from spark_thrift.errors import SparkError
from spark_thrift.session import DescribedColumn, SparkSession
from spark_thrift.types import adapted_query

if TYPE_CHECKING:
    from proxy.service import Service
    from proxy.session import Session

REMEMBERED_MAX = 4096
"""Prepared texts that are kept; a dashboard has some hundreds."""
REMEMBERED_TEXT_CHARS = 16_384
UNKNOWN_TO_MIRROR = frozenset({"42883", "42704"})
"""undefined_function, undefined_object: PostgreSQL has no such thing, Spark may."""
_SPARKS_OWN = frozenset({"42P01", "42703", "42501"})
"""What Spark says of a table that was changed past us, or that it does not let us read."""
TEXT_OID = 25
FIRST_NORMAL_OID = 16_384
"""FirstNormalObjectId (transam.h): PostgreSQL's own objects have smaller ones."""
SUBSCRIPT_BASE = 1
"""The gate's trees keep subscripts as they were written."""
QUERY_PLAN = Description((), (Field("QUERY PLAN", TEXT_OID, -1),))


class Pipeline:
    """Shared by all sessions; holds what may be remembered."""

    nothing = Prepared("", 0, Nothing(), Description((), None), "")

    def __init__(self, service: Service, gate: Gate, drafter: Drafter | None) -> None:
        self._service = service
        self._gate = gate
        self.checking = Checking(service, gate, drafter)
        self._remembered: OrderedDict[tuple[object, ...], Prepared] = OrderedDict()

    @property
    def catalogue(self) -> Catalogue:
        return self._service.catalogue

    # --- prepare

    async def check(
        self, text: str, session: Session, param_oids: tuple[int, ...] | None
    ) -> tuple[Prepared | Checked, ...]:
        """Every statement in the text, through the gate before any of them is planned.

        Shapes: `param_oids` is None in simple query, where `$n` has no meaning.
        Raises: DeniedByGate, FrontEndError, Refused.
        """
        dialect = dialect_of(session.settings)
        known = self._known(self._key(text, 0, session, param_oids, dialect))
        if known is not None:
            session.executor.check_firewall(known)
            return (known,)
        return await self.checking.check(text, session, parameters=param_oids is not None)

    async def plan(
        self, checked: Prepared | Checked, session: Session, param_oids: tuple[int, ...] | None
    ) -> Prepared:
        """A checked statement's plan, under the session's settings of now: those before it in the text have run.

        Raises: MirrorError, SparkError, Untranslatable, Refused.
        """
        if isinstance(checked, Prepared):
            return checked
        source = checked.source
        session.executor.check_allowed_now(checked.allowed.statement)
        key = self._key(source.text, source.start, session, param_oids, source.dialect)
        known = self._known(key)
        if known is not None:
            return known
        begun = time.perf_counter()
        record = session.executor.records.current
        try:
            checked = await self.checking.current(checked, session)
            allowed, versions = checked.allowed, self.versions
            prepared = await self._plan(checked, session, _built_in(param_oids or (), session))
        finally:
            if record is not None:
                record.plan_s = time.perf_counter() - begun
        if source.draft is not None and source.prose is not None:
            self._service.answers.given(source.answer, source.prose, source.draft, session)
        plan = prepared.plan
        if isinstance(plan, Act) and isinstance(plan.statement, Prepare) and plan.inner is not None:
            plan = replace(plan, inner=replace(plan.inner, reviewed=checked.reviewed))
        prepared = replace(
            prepared, plan=plan, versions=versions, reviewed=checked.reviewed, dialect=source.dialect
        )
        if (
            len(source.text) <= REMEMBERED_TEXT_CHARS
            and source.draft is None
            and not isinstance(prepared.plan, Write)
            and not _is_personal(allowed.facts)
            and not is_unjudged(allowed)
        ):
            self._remembered[key] = prepared
            if len(self._remembered) > REMEMBERED_MAX:
                self._remembered.popitem(last=False)
        return prepared

    @property
    def versions(self) -> tuple[int, int]:
        """Of the policy and of the catalogue."""
        return self._service.policies.version, self.catalogue.version

    async def current(self, prepared: Prepared, session: Session) -> Prepared:
        """A prepared statement, checked and planned anew where the policy or the tables have changed since.

        Raises: as `check` and `plan`; Refused 0A000 where its columns have changed, as PostgreSQL does.
        """
        live = _is_live(prepared.plan)
        if prepared.versions == self.versions and not live:
            return prepared
        same_policy = prepared.versions[0] == self.versions[0]
        rests_on_tables = isinstance(prepared.plan, OnSpark | ExplainSpark | Write) and prepared.query is None
        if same_policy and not rests_on_tables and not live:
            return prepared
        text, oids = prepared.prepare or prepared.text, prepared.description.param_oids
        parameters = None if prepared.prepare else oids
        checked = await self.checking.check(
            text, session, parameters=parameters is not None, again=True, dialect=prepared.dialect
        )
        fresh = await self.plan(checked[0], session, parameters) if checked else self.nothing
        if prepared.prepare and isinstance(fresh.plan, Act) and fresh.plan.inner is not None:
            fresh = fresh.plan.inner
        if _seen(fresh.description) != _seen(prepared.description):
            raise Refused("0A000", "cached plan must not change result type")
        return fresh

    def _key(
        self, text: str, start: int, session: Session, param_oids: tuple[int, ...] | None, dialect: Dialect
    ) -> tuple[object, ...]:
        """Everything that decides what a text means."""
        settings = session.settings
        return (
            text,
            start,
            dialect,
            param_oids,
            session.user,
            session.given_roles,
            self._service.policies.version,
            settings.get("search_path"),
            settings.get("streamlink.prose"),
            settings.get("timezone"),
            self.catalogue.version,
        )

    def _known(self, key: tuple[object, ...]) -> Prepared | None:
        known = self._remembered.get(key)
        if known is not None:
            self._remembered.move_to_end(key)
        return known

    async def _plan(self, checked: Checked, session: Session, param_oids: tuple[int, ...]) -> Prepared:
        source, allowed = checked.source, checked.allowed
        try:
            plan, description, tag = await self._planned(checked, session, param_oids)
        except (MirrorError, SparkError) as error:
            raise self._placed_in_source(error, source, allowed.sql) from error
        notices: tuple[ErrorFields, ...] = ()
        if source.draft is not None:
            if EXPLAIN.match(source.text) or is_on(session.settings, "streamlink.explain_only"):
                lines = _explained(source, source.draft, allowed)
                return Prepared(source.text, source.start, Answer(lines), QUERY_PLAN, "EXPLAIN", source.sql)
            detail = "\n".join(source.notes) or None
            notices = (ErrorFields("NOTICE", "00000", f"SQL: {source.sql}", detail),)
        return Prepared(source.text, source.start, plan, description, tag, source.sql, notices)

    async def _planned(
        self, checked: Checked, session: Session, param_oids: tuple[int, ...]
    ) -> tuple[Plan, Description, str]:
        statement = checked.allowed.statement
        if isinstance(statement, WriteStatement):
            return await session.executor.writes.plan(checked, param_oids)
        if statement is not None:
            return await session.executor.commands.plan(statement, checked, param_oids)
        return await self.plan_query(checked, session, param_oids)

    async def plan_query(
        self, checked: Checked, session: Session, param_oids: tuple[int, ...]
    ) -> tuple[Plan, Description, str]:
        """A plain query's plan, for the engine that holds what it reads."""
        allowed, context = checked.allowed, checked.context
        assert allowed.tree is not None
        if allowed.dialect == "spark":
            return await self._plan_typed(allowed, session, param_oids)
        where = route(allowed.facts, context.schema, context.search_path)
        sql = allowed.sql
        if where is Route.MIRROR and _is_personal(allowed.facts):
            sql = to_postgres(signals.rewritten(_with_own_pid(allowed.tree, session.pid), session))
        try:
            description = await self.describe_on_mirror(sql, session, param_oids)
        except MirrorError as error:
            foreign = error.fields.sqlstate in UNKNOWN_TO_MIRROR and "operator" not in error.fields.message
            if not foreign:
                raise
            if where is Route.MIRROR and allowed.facts.relations:
                raise
            description = Description(_padded(param_oids, allowed.facts.parameters), None)
        else:
            if where is Route.MIRROR:
                sets = tuple(name.lower() for name in allowed.facts.settings_written)
                kinds = function_kinds()
                reviews = any(kinds.get(f.name) == ADMIN for f in allowed.facts.functions)
                signalling, live = signals.signals(allowed.facts), signals.concerns(allowed.facts)
                return OnMirror(sql, sets, signalling, reviews, live), description, "SELECT"
        return await self._plan_on_spark(checked, session, description)

    async def describe_on_mirror(
        self, sql: str, session: Session, param_oids: tuple[int, ...]
    ) -> Description:
        """PostgreSQL's own analysis.  Raises: MirrorError."""
        async with self._service.mirror.lease(session.user, session.settings) as lease:
            return await lease.describe(sql, param_oids)

    async def describe_checked(self, sql: str, session: Session) -> Description:
        """The same for text that we put together of words that a client wrote.  Raises: DeniedByGate."""
        verdict = self._gate.check(sql)
        if isinstance(verdict, Denied):
            raise DeniedByGate(replace(verdict, position=None))
        return await self.describe_on_mirror(verdict.sql, session, ())

    async def row_on_mirror(self, sql: str, session: Session) -> tuple[bytes | None, ...]:
        """The one row of a VALUES, in text.  Raises: MirrorError."""
        stream = await MirrorStatement.open(
            self._service.mirror.lease(session.user, session.settings), sql, (), Bind(), lambda message: None
        )
        try:
            batch = await stream.next_batch()
            return () if batch is None else _values(bytes(batch.data_rows(())))
        finally:
            await stream.close()

    async def _plan_on_spark(
        self, checked: Checked, session: Session, description: Description
    ) -> tuple[Plan, Description, str]:
        allowed, context = checked.allowed, checked.context
        assert allowed.tree is not None
        tree = qualified(allowed.tree, context.schema, context.search_path, session.database)
        schemas = self.catalogue.schemas
        tree = with_session_values(
            tree,
            user=session.user,
            database=session.database,
            schema=next((name for name in context.search_path if name in schemas), None),
        )
        nulls = {
            number: null_of(oid or TEXT_OID) for number, oid in enumerate(description.param_oids, start=1)
        }
        schema = schema_of(allowed.facts, context.schema, context.search_path)
        accepted = description.fields is not None
        try:
            sql = to_spark(bind_parameters(tree, nulls), schema, subscript_base=SUBSCRIPT_BASE)
            limit_s = session.executor.limit_s
            described = await session.executor.on_spark(lambda spark: spark.describe(sql, deadline_s=limit_s))
        except (Untranslatable, SparkError) as error:
            if accepted and error.sqlstate.startswith("42") and error.sqlstate not in _SPARKS_OWN:
                # PostgreSQL has nothing against it, so the limit is ours.
                raise Refused("0A000", _unsupported(error.message), hint=error.hint) from error
            raise
        columns = reconcile(description.fields, [(c.name, c.spark_type) for c in described])
        plan = OnSpark(tree, None if description.param_oids else sql, columns)
        fields = tuple(column.field for column in columns)
        return plan, Description(description.param_oids, fields), "SELECT"

    async def _plan_typed(
        self, allowed: Allowed, session: Session, param_oids: tuple[int, ...]
    ) -> tuple[Plan, Description, str]:
        """A query that came in Spark SQL: names and types of its columns are Spark's.  Raises: SparkError, Refused."""
        assert allowed.tree is not None
        oids = _padded(param_oids, allowed.facts.parameters)
        bounds = limit_parameters(allowed.tree)
        nulls = {
            number: "1" if number in bounds else value_to_spark(null_of(oid))
            for number, oid in enumerate(oids, start=1)
        }
        tree, sql = allowed.tree, filled(allowed.sql, nulls)
        limit_s = session.executor.limit_s

        async def analysed(spark: SparkSession) -> tuple[DescribedColumn, ...]:
            columns = await spark.describe(sql, deadline_s=limit_s)
            await confirm_tables(spark, sql, tree, deadline_s=limit_s)
            return columns

        described = await session.executor.on_spark(analysed)
        columns = reconcile(None, [(column.name, column.spark_type) for column in described])
        plan = OnSpark(allowed.tree, None if oids else sql, columns, allowed.sql)
        return plan, Description(oids, tuple(column.field for column in columns)), "SELECT"

    # --- run

    def spark_statement(
        self, prepared: Prepared, plan: OnSpark, bind: Bind, session: Session
    ) -> tuple[str, RowEncoder]:
        """The text for Spark and the encoder of its rows.  Raises: BindError, Untranslatable."""
        sql = self.plain_sql(prepared, plan, bind)
        return adapted_query(sql, [column.adapter for column in plan.columns]), _encoder(
            plan.columns, session
        )

    def plain_sql(self, prepared: Prepared, plan: OnSpark, bind: Bind) -> str:
        """The text for Spark whose rows are Spark's own.  Raises: BindError, Untranslatable."""
        if plan.sql is not None:
            return plan.sql
        if plan.typed is not None:
            values = {n: value_to_spark(v) for n, v in enumerate(bound_values(prepared, bind), start=1)}
            bounds = {n: f"CAST({values[n]} AS INT)" for n in limit_parameters(plan.tree)}
            return filled(plan.typed, values | bounds)
        tree = bind_parameters(plan.tree, dict(enumerate(bound_values(prepared, bind), start=1)))
        return to_spark(tree, self.schema_for(tree), subscript_base=SUBSCRIPT_BASE)

    def schema_for(self, tree: exp.Expression) -> dict[tuple[str, str], list[tuple[str, str]]]:
        """(schema, table) -> (column, Spark type) of every table in a qualified tree."""
        found = {}
        for table in tree.find_all(exp.Table):
            entry = self.catalogue.tables.get((table.db, table.name))
            if entry is not None:
                found[(table.db, table.name)] = [(c.name, c.spark_type) for c in entry.columns]
        return found

    # --- errors

    def placed(self, error: Exception, prepared: Prepared, sql: str) -> Exception:
        """An engine's error with its position in the client's text, where it can be mapped back."""
        return self._placed_in_source(error, Source(prepared.text, prepared.start, None, prepared.query), sql)

    def _placed_in_source(self, error: Exception, source: Source | None, sql: str) -> Exception:
        if source is None or is_ours(error):
            return error
        fields = fields_of(error)
        position: int | None = None
        if source.sql is not None:
            return Refused(
                fields.sqlstate,
                f"the SQL written for this question does not run: {fields.message}",
                detail=f"SQL: {source.sql}",
                hint=fields.hint or "Ask in other words, or name the table or column that you mean.",
            )
        if isinstance(error, MirrorError) and fields.position is not None:
            position = map_position(source.text, sql, fields.position)
        if position is not None:
            position += source.start
        return Refused(
            fields.sqlstate, fields.message, detail=fields.detail, hint=fields.hint, position=position
        )


def bound_values(prepared: Prepared, bind: Bind) -> Iterator[exp.Expression]:
    """The values of a Bind as typed nodes.  Raises: BindError, as PostgreSQL would while binding."""
    oids = prepared.description.param_oids
    formats = bind.formats if len(bind.formats) == len(oids) else (bind.formats or (TEXT,)) * len(oids)
    for index, (oid, code, value) in enumerate(zip(oids, formats, bind.values, strict=True), start=1):
        yield decode_bind(oid or TEXT_OID, code, value, index=index)


def _unsupported(message: str) -> str:
    """`message` says that something does not exist or is wrong, which to PostgreSQL it is not."""
    missing = re.fullmatch(r"(operator|function)(?: does not exist:)? (.*?)(?: does not exist)?", message)
    if missing is not None:
        return f"{missing[1]} {missing[2]} is not supported on Spark"
    return f"this is not supported on Spark: {message}"


def _built_in(oids: Sequence[int], session: Session) -> tuple[int, ...]:
    """Types of parameters as the client gave them, but for tables' rows where some tables are hidden."""
    if unrestricted(session.grants):
        return tuple(oids)
    return tuple(oid if oid < FIRST_NORMAL_OID else 0 for oid in oids)


def _seen(description: Description) -> list[tuple[str, int, int]]:
    """The columns as the client was told of them, but for where they come from."""
    return [(field.name, field.oid, field.typmod) for field in description.fields or ()]


def _is_live(plan: Plan) -> bool:
    """Whether the answer is in the plan, so that it is made anew each time."""
    return isinstance(plan, OnMirror) and plan.live


def _encoder(columns: Sequence[OutputColumn], session: Session) -> RowEncoder:
    zone = session.settings.get("timezone") or session.service.settings.session.timezone
    return RowEncoder([c.field for c in columns], [c.pg for c in columns], timezone=zone)


def _is_personal(facts: Facts) -> bool:
    """Whether the statement means something else in another session, and so may not be remembered for all."""
    return signals.concerns(facts) or any(f.name == "pg_backend_pid" for f in facts.functions)


def _with_own_pid(tree: exp.Expression, pid: int) -> exp.Expression:
    """pg_backend_pid() is this session's number, not that of whichever mirror connection answers."""
    tree = tree.copy()
    for call in list(tree.find_all(exp.Anonymous)):
        if call.name.lower() == "pg_backend_pid":
            number: exp.Expr = exp.Literal.number(pid)
            if isinstance(call.parent, exp.Select):
                number = exp.alias_(number, "pg_backend_pid")
            call.replace(number)
    return tree


def _values(message: bytes) -> tuple[bytes | None, ...]:
    """The fields of one DataRow."""
    values: list[bytes | None] = []
    at = 7
    while at < len(message):
        size = int.from_bytes(message[at : at + 4], "big", signed=True)
        at += 4
        values.append(None if size < 0 else message[at : at + size])
        at += max(size, 0)
    return tuple(values)


def _padded(param_oids: Sequence[int], numbers: Sequence[int]) -> tuple[int, ...]:
    count = max([len(param_oids), *numbers])
    return tuple((list(param_oids) + [0] * count)[i] or TEXT_OID for i in range(count))


def _explained(source: Source, draft: Draft, allowed: Allowed) -> tuple[str, ...]:
    """EXPLAIN of a question: what would run, and why it may.  It runs nothing."""
    tables = sorted({f"{r.schema}.{r.name}" if r.schema else r.name for r in allowed.facts.relations})
    confidence = "not reported" if draft.confidence is None else f"{draft.confidence:.2f}"
    return (
        f"SQL: {source.sql}",
        "Verdict: allowed",
        f"Tables: {', '.join(tables) or 'none'}",
        f"Confidence: {confidence}",
        f"Model: {draft.model}",
        *(f"Note: {note}" for note in source.notes),
    )
