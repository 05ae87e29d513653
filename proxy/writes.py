"""INSERT and COPY FROM: rows into Spark's tables, with PostgreSQL's meaning, counted exactly.

Where the rows come from decides the way.  What names no table of Spark's (VALUES, generate_series, COPY's data) is read
by PostgreSQL itself, on a stage (staging.py), which counts it.  A query over Spark's tables is translated and runs into
a table that nobody sees first, where its rows are cast, checked and counted; only then one INSERT moves them.  Either
way the written table gets all rows with one Spark job, or none: a job's files appear when it commits.

Rules: a write is done when its command tag is sent, and cannot be rolled back: see `check_transaction`.
Left out: CREATE and the like, see creations.py and changes.py.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import expressions as exp

from checker.render import to_postgres
from checker.verdict import Relation
from checker.write_statements import Analyze, CopyIn, CreateTableAs, CreateView, Insert
from proxy import copyin
from proxy.carrier import carried, forget, hidden_name
from proxy.changes import Changes
from proxy.creations import Creations
from proxy.defining import NOT_NULL_PROPERTY, Definer, missing
from proxy.pipeline import SUBSCRIPT_BASE, bound_values
from proxy.plan import OnSpark, Plan, Write
from proxy.portal import Portal
from proxy.ports import Column, Description, Table
from proxy.routing import Route, bind_parameters, qualified, route, with_session_values
from proxy.sqlstate import Refused
from proxy.staging import SCHEMA, Stage
from proxy.targets import Target, as_query, items_of, without_defaults
from proxy.wire import messages as msg
from proxy.wire.errors import ErrorFields
from spark_thrift.dialect import tables
from spark_thrift.dialect.assignment import assigned_query
from spark_thrift.dialect.tables import Name
from spark_thrift.errors import SparkError
from spark_thrift.session import Row, SparkSession
from spark_thrift.transfer import decoded_rows

if TYPE_CHECKING:
    from proxy.checking import Checked
    from proxy.execute import Executor
    from proxy.session import Session

NO_COLUMNS = Description((), None)
IN_TRANSACTIONS = "streamlink.writes_in_transactions"


class Writes:
    """One session's."""

    def __init__(self, session: Session, executor: Executor) -> None:
        self.session = session
        self.executor = executor
        self.service = session.service
        self._definers: tuple[Definer, ...] = (Creations(self), Changes(self))

    # --- plans

    async def plan(self, checked: Checked, param_oids: tuple[int, ...]) -> tuple[Plan, Description, str]:
        """Raises: as Pipeline.plan."""
        allowed = checked.allowed
        statement = allowed.statement
        if isinstance(statement, Insert):
            return await self._plan_insert(checked, param_oids)
        if isinstance(statement, CreateTableAs | CreateView):
            plan, description, _ = await self.executor.commands.inner(checked, param_oids)
            on_spark = plan if isinstance(plan, OnSpark) else None
            if on_spark is None and allowed.facts.relations:
                raise _catalogue_source()
            return Write(allowed, on_spark, description.fields), replace(description, fields=None), ""
        return Write(allowed), NO_COLUMNS, ""

    async def _plan_insert(
        self, checked: Checked, param_oids: tuple[int, ...]
    ) -> tuple[Plan, Description, str]:
        allowed, context = checked.allowed, checked.context
        session, pipeline = self.session, self.service.pipeline
        description = await pipeline.describe_on_mirror(allowed.sql, session, param_oids)
        if allowed.tree is None or not allowed.facts.relations:
            return Write(allowed), description, ""
        if route(allowed.facts, context.schema, context.search_path) is Route.MIRROR:
            raise _catalogue_source()
        tree = with_session_values(
            qualified(allowed.tree, context.schema, context.search_path, session.database),
            user=session.user,
            database=session.database,
        )
        return Write(allowed, OnSpark(tree, None, ())), description, ""

    # --- runs

    async def run(self, plan: Write, portal: Portal) -> str:
        """Carry it out and return its command tag.  Raises: Refused, and the engines' errors."""
        statement = plan.allowed.statement
        if not isinstance(statement, Analyze):
            self.check_transaction(plan)
        if isinstance(statement, Insert | CreateTableAs | Analyze):
            # Before there is a stage: that is a connection to the mirror, and others need those meanwhile.
            await self.executor.turn.hold()
        if isinstance(statement, Insert):
            rows = await self._insert(plan, statement, portal)
            self.executor.count(rows)
            return f"INSERT 0 {rows}"
        if isinstance(statement, CopyIn):
            rows = await self._copy_in(plan, statement)
            self.executor.count(rows)
            return f"COPY {rows}"
        definer = next(definer for definer in self._definers if type(statement) in definer.runs)
        return await definer.run(plan, portal)

    def check_transaction(self, plan: Write) -> None:
        """Raises: Refused 25006 in a read-only transaction, 0A000 in a block that could be rolled back."""
        session, transaction = self.session, self.session.transaction
        statement = plan.allowed.statement
        assert statement is not None
        if session.settings.get("default_transaction_read_only") == "on":
            raise Refused("25006", f"cannot execute {statement.kind.value} in a read-only transaction")
        if not transaction.in_block:
            return
        if session.settings.get(IN_TRANSACTIONS) != "immediate":
            raise Refused(
                "0A000",
                f"{statement.kind.value} in a transaction block is not supported: it could not be rolled back",
                hint=f"Write outside a block (autocommit), or SET {IN_TRANSACTIONS} = immediate to have each write "
                "done at once and for good.",
            )
        warning = ErrorFields("WARNING", "01000", "this write is done at once and cannot be rolled back")
        session.io.write(msg.notice_response(warning))

    async def _insert(self, plan: Write, statement: Insert, portal: Portal) -> int:
        target = await self.target(plan, statement.target)
        if plan.query is not None:
            return await self._insert_from_spark(plan, plan.query, statement, target, portal)
        names, tree = await self._source(plan, statement, target)
        if tree is None or not names:
            rows = 1 if tree is None else len(tree.expressions)
            await self._insert_defaults(target, rows)
            return rows
        written = target.columns(names)
        shown = replace(statement, target=Relation(SCHEMA, target.table.name), columns=names)
        sql = shown.to_sql(to_postgres(tree))
        async with self.stage(target.table.name) as stage:
            await self._shape(stage, target, names)
            bind = replace(portal.bind, result_formats=())
            tag = await stage.run(sql, portal.prepared.description.param_oids, bind)
            return await self._loaded(stage, tag, target.name, written)

    async def _source(
        self, plan: Write, statement: Insert, target: Target
    ) -> tuple[tuple[str, ...], exp.Expression | None]:
        """The columns that are written, and the rows without the DEFAULTs; no tree for DEFAULT VALUES."""
        tree = plan.allowed.tree
        if tree is None:
            return (), None
        session = self.session
        tree = with_session_values(tree, user=session.user, database=session.database)
        names = statement.columns
        if isinstance(tree, exp.Values):
            width = len(items_of(tree.expressions[0]))
            return without_defaults(tree, names or _first(target.table, width), target)
        if not names:
            inner = await self.service.pipeline.describe_on_mirror(to_postgres(tree), session, ())
            names = _first(target.table, len(inner.fields or ()))
        return names, tree

    async def _insert_from_spark(
        self, plan: Write, query: OnSpark, statement: Insert, target: Target, portal: Portal
    ) -> int:
        values = dict(enumerate(bound_values(portal.prepared, portal.bind), start=1))
        tree = bind_parameters(query.tree, values)
        names = statement.columns or tuple(column.name for column in target.table.columns)
        if isinstance(tree, exp.Values):
            names, kept = without_defaults(tree, names[: len(items_of(tree.expressions[0]))], target)
            tree = as_query(kept)
        columns = target.columns(names)
        for column in columns:
            decoded_rows([(column.name, column.spark_type)], "t")  # refuses what nothing may be written to
        sql, width = assigned_query(
            tree,
            self.service.pipeline.schema_for(tree),
            [(column.name, column.spark_type) for column in columns],
            relation=target.table.name,
            not_null=target.not_null,
            subscript_base=SUBSCRIPT_BASE,
        )
        names = names[:width]
        self._check_left_out(target, names)
        spark = await self.executor.spark()
        async with self.hidden(target.table.schema) as hidden:
            # Made first: a table that is made by its query leaves its folder behind when it is cancelled.
            made = [tables.NewColumn(column.name, column.spark_type) for column in columns[:width]]
            await self.command(tables.create_table(hidden, made, self.using), spark)
            await self.command(tables.insert(hidden, (), sql), spark)
            rows = await self.count(hidden, spark)
            if rows:
                async with self.service.ledger.turn(target.name, spark):
                    await self.command(
                        tables.insert(target.name, names, f"SELECT * FROM {tables.qualified(hidden)}"), spark
                    )
        return rows

    async def _insert_defaults(self, target: Target, rows: int) -> None:
        self._check_left_out(target, ())
        spark = await self.executor.spark()
        async with self.service.ledger.turn(target.name, spark):
            first = target.table.columns[0].name
            await self.command(tables.insert_defaults(target.name, first, rows), spark)

    def _check_left_out(self, target: Target, names: Sequence[str]) -> None:
        for column in target.table.columns:
            if column.name in target.not_null - target.defaults - set(names):
                row = ", ".join(["null"] * len(target.table.columns))
                raise Refused(
                    "23502",
                    f'null value in column "{column.name}" of relation "{target.table.name}"'
                    " violates not-null constraint",
                    detail=None if names or target.defaults else f"Failing row contains ({row}).",
                )

    async def _copy_in(self, plan: Write, statement: CopyIn) -> int:
        target = await self.target(plan, statement.target, "copy to")
        names = statement.columns or tuple(column.name for column in target.table.columns)
        binary = statement.options.format == "binary"
        shown = replace(statement, target=Relation(SCHEMA, target.table.name), columns=names)
        async with self.stage(target.table.name) as stage:
            await self._shape(stage, target, names)
            incoming = copyin.received(self.session.io, binary=binary, columns=len(names))
            tag = await stage.copy_in(shown.to_sql(), incoming)
            return await self._loaded(stage, tag, target.name, target.columns(names))

    # --- what creations.py and changes.py ask for, too

    def stage(self, table: str) -> Stage:
        session = self.session
        return Stage(self.service.mirror, session.settings, table, session.io.write)

    async def _shape(self, stage: Stage, target: Target, names: Sequence[str]) -> None:
        """All of the table's columns, so that a failing row is shown whole; what Spark fills may be left out."""
        filled = target.defaults - set(names)
        await stage.create(target.table.columns, target.not_null - filled)

    async def _loaded(self, stage: Stage, tag: str, name: Name, columns: Sequence[Column]) -> int:
        rows = int(tag.rpartition(" ")[2])
        if rows:
            await self.load(stage, name, columns)
        return rows

    async def load(self, stage: Stage, name: Name, columns: Sequence[Column]) -> None:
        """The stage's rows into a Spark table, with one INSERT."""
        # A COPY has none so far: what its client still sends is nothing that Spark works on.
        await self.executor.turn.hold()
        spark = await self.executor.spark()

        async def command(sql: str) -> object:
            return await self.command(sql, spark)

        pairs = [(column.name, column.spark_type) for column in columns]
        written = [column.name for column in columns]
        async with (
            carried(stage.lines(columns), self.service.settings, name[0], command) as lines,
            self.service.ledger.turn(name, spark),
        ):
            await command(tables.insert(name, written, decoded_rows(pairs, lines)))

    async def target(self, plan: Write, written: Relation, verb: str = "insert into") -> Target:
        """The table that rows go to.  Raises: Refused 42P01, 42809."""
        table = await self.find(plan.allowed.facts.written[0].relation)
        if table is None:
            raise missing(written)
        if table.kind == "view":
            raise Refused("42809", f'cannot {verb} view "{table.name}"')
        return Target(table, *await self._kept(table))

    async def find(self, relation: Relation) -> Table | None:
        """A relation of Spark's by its resolved name; the catalogue is read anew before it is missing."""
        assert relation.schema is not None
        key = (relation.schema, relation.name)
        table = self.service.catalogue.tables.get(key)
        if table is None and await self.service.refresh_catalogue():
            table = self.service.catalogue.tables.get(key)
        return table

    async def _kept(self, table: Table) -> tuple[frozenset[str], frozenset[str]]:
        """The columns that are NOT NULL and those with a DEFAULT, as Spark's description of the table has them."""
        spark = await self.executor.spark()
        name = (table.schema, table.name)
        rows = await self.command(tables.describe(name), spark)
        heads = [row[0] or "" for row in rows]
        defaults: set[str] = set()
        if "# Column Default Values" in heads:
            start = heads.index("# Column Default Values") + 1
            defaults = {head.lower() for head in heads[start:] if head and not head.startswith("#")}
        not_null: frozenset[str] = frozenset()
        if any(row[0] == "Table Properties" and NOT_NULL_PROPERTY in (row[1] or "") for row in rows):
            shown = await self.command(tables.show_property(name, NOT_NULL_PROPERTY), spark)
            not_null = frozenset(json.loads(shown[0][1] or "[]"))
        return not_null, frozenset(defaults)

    @asynccontextmanager
    async def hidden(self, schema: str) -> AsyncIterator[Name]:
        """The name of a table that nobody sees, gone when the block ends."""
        name = (schema, hidden_name())
        try:
            yield name
        finally:
            await forget(name, self.command)

    async def command(self, sql: str, spark: SparkSession | None = None) -> list[Row]:
        """One statement in Spark.  Raises: SparkError; Refused 22001 in PostgreSQL's words."""
        try:
            spark = spark or await self.executor.spark()
            return await spark.run_command(self.executor.named(sql))
        except SparkError as error:
            if error.error_class == "EXCEED_LIMIT_LENGTH":
                raise Refused("22001", "value too long for type character varying") from error
            raise

    async def count(self, name: Name, spark: SparkSession) -> int:
        return int((await self.command(tables.count_rows(name), spark))[0][0] or 0)

    @property
    def using(self) -> str:
        """The format of files that new tables have."""
        return self.service.settings.spark.create_using


def _first(table: Table, width: int) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns[:width])


def _catalogue_source() -> Refused:
    return Refused(
        "0A000",
        "rows of the system catalogue cannot be written to a table",
        hint="COPY them out, then in.",
    )
