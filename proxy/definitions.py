"""CREATE, ALTER, DROP, TRUNCATE, ANALYZE and COMMENT: what changes Spark's catalogue.

PostgreSQL reads the types and the DEFAULTs (on a stage, so that what it refuses is refused in its words); names and
types alone become Spark SQL.  A table that is made of a query gets its name when its rows are there.  The catalogue is
read anew before the client sees the command tag.

Rules: an object that would be left broken, or that would have to be dropped with another, stops a DROP.
Left out: what Spark's tables of files cannot do is refused by the grammar.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlglot import expressions as exp

from checker.context import Action
from checker.render import to_postgres
from checker.verdict import Relation
from checker.write_rights import granted
from checker.write_statements import (
    AddColumn,
    Analyze,
    Comment,
    CreateSchema,
    CreateTable,
    CreateTableAs,
    CreateView,
    Drop,
    Rename,
    Truncate,
)
from proxy.dependents import dependents
from proxy.plan import Write
from proxy.portal import Portal
from proxy.ports import Column, Table
from proxy.routing import qualified, with_session_values
from proxy.sqlstate import Refused
from proxy.staging import SCHEMA
from proxy.startup import split_path
from proxy.wire import messages as msg
from proxy.wire.errors import ErrorFields
from spark_thrift.catalogue import STAGE_PREFIX
from spark_thrift.dialect import tables, to_spark
from spark_thrift.dialect.assignment import default_value
from spark_thrift.dialect.tables import Name, NewColumn
from spark_thrift.transfer import transfer
from spark_thrift.types import pg_type, spark_type_of

if TYPE_CHECKING:
    from proxy.writes import Writes

NOT_NULL_PROPERTY = "streamlink.not_null"
"""The table property that names the columns which were declared NOT NULL; Spark itself keeps no such thing."""
NUMERIC = "numeric"
_ONE_WAY = frozenset({"uuid", "json", "jsonb", "name", "oid", '"char"', "bpchar"})
"""Types that Spark holds as another one: what was declared would not be what \\d shows."""
_ROUNDED = re.compile(r"(?:time|timestamp)\(([0-5])\)")
VARCHAR, BPCHAR = 1043, 1042
VARHDRSZ = 4


class Definitions:
    """One session's; `writes` runs the statements."""

    def __init__(self, writes: Writes) -> None:
        self._writes = writes
        self._service = writes.service

    async def run(self, plan: Write, portal: Portal) -> str:
        """Carry it out and return its command tag.  Raises: Refused, and the engines' errors."""
        statement = plan.allowed.statement
        run: Callable[[Definitions, Any, Write, Portal], Awaitable[str]] = _RUNS[type(statement)]
        return await run(self, statement, plan, portal)

    # --- CREATE

    async def _create_table(self, statement: CreateTable, plan: Write, portal: Portal) -> str:
        name = await self._new_name(
            plan.allowed.facts.written[0].relation, "relation", statement.if_not_exists
        )
        if name is None:
            return "CREATE TABLE"
        expressions = plan.allowed.tree.expressions if plan.allowed.tree is not None else []
        rendered = tuple(map(to_postgres, expressions))
        shown = replace(statement, target=Relation(SCHEMA, name[1]), if_not_exists=False)
        async with self._writes.stage(name[1]) as stage:
            await stage.run(shown.to_sql(defaults=rendered))
            typed = await stage.columns()
        columns = [
            NewColumn(
                column,
                self._spark_type(column, kind),
                None
                if made.default is None
                else default_value(expressions[made.default], spark_type_of(kind) or ""),
            )
            for (column, kind), made in zip(typed, statement.columns, strict=True)
        ]
        kept = [column.name for column in statement.columns if column.not_null]
        properties = {NOT_NULL_PROPERTY: json.dumps(kept)} if kept else {}
        await self._command(tables.create_table(name, columns, self._writes.using, properties))
        await self._changed(name)
        return "CREATE TABLE"

    async def _create_table_as(self, statement: CreateTableAs, plan: Write, portal: Portal) -> str:
        name = await self._new_name(
            plan.allowed.facts.written[0].relation, "relation", statement.if_not_exists
        )
        if name is None:
            return "CREATE TABLE AS"
        async with self._writes.hidden(name[0]) as hidden:
            place = hidden if statement.with_data else name
            if plan.query is None:
                rows = await self._fill_from_stage(statement, plan, portal, name, place)
            else:
                rows = await self._fill_from_spark(statement, plan, portal, place)
            if statement.with_data:
                await self._command(tables.rename("TABLE", hidden, name[1]))
        await self._changed(name)
        if not statement.with_data:
            return "CREATE TABLE AS"
        self._writes.executor.count_rows(rows)
        return f"SELECT {rows}"

    async def _fill_from_stage(
        self, statement: CreateTableAs, plan: Write, portal: Portal, name: Name, place: Name
    ) -> int:
        """A query that PostgreSQL itself answers."""
        session, tree = self._writes.session, plan.allowed.tree
        assert tree is not None
        sql = to_postgres(with_session_values(tree, user=session.user, database=session.database))
        shown = replace(statement, target=Relation(SCHEMA, name[1]), if_not_exists=False)
        async with self._writes.stage(name[1]) as stage:
            bind = replace(portal.bind, result_formats=())
            tag = await stage.run(shown.to_sql(sql), portal.prepared.description.param_oids, bind)
            columns = [
                Column(column, self._spark_type(column, kind)) for column, kind in await stage.columns()
            ]
            await self._make(place, columns)
            rows = int(tag.rpartition(" ")[2]) if statement.with_data else 0
            if rows:
                await self._writes.load(stage, place, columns)
        return rows

    async def _fill_from_spark(
        self, statement: CreateTableAs, plan: Write, portal: Portal, place: Name
    ) -> int:
        query = plan.query
        assert query is not None
        pipeline, _session = self._service.pipeline, self._writes.session
        sql = pipeline.plain_sql(portal.prepared, query, portal.bind)
        spark = await self._writes.executor.spark()
        described = await spark.describe(sql)
        names = [*statement.columns, *(c.field.name for c in query.columns[len(statement.columns) :])]
        if len(statement.columns) > len(query.columns):
            raise Refused("42601", "too many column names were specified")
        _check_names(names)
        columns = []
        for name, output, found in zip(names, query.columns, described, strict=True):
            kind = found.spark_type
            if output.field.oid in (VARCHAR, BPCHAR) and output.field.typmod > VARHDRSZ and kind == "string":
                word = "varchar" if output.field.oid == VARCHAR else "char"
                kind = f"{word}({output.field.typmod - VARHDRSZ})"
            columns.append(Column(name, "string" if kind == "void" else kind))
        await self._make(place, columns)
        if not statement.with_data:
            return 0
        await self._command(tables.insert(place, (), sql))
        return await self._writes.count(place, spark)

    async def _make(self, place: Name, columns: Sequence[Column]) -> None:
        for column in columns:
            transfer(column.spark_type)  # refuses what nothing may be written to
        made = [NewColumn(column.name, column.spark_type) for column in columns]
        await self._command(tables.create_table(place, made, self._writes.using))

    async def _create_view(self, statement: CreateView, plan: Write, portal: Portal) -> str:
        relation = plan.allowed.facts.written[0].relation
        old = await self._writes.find(relation)
        if old is not None and not statement.or_replace:
            raise Refused("42P07", f'relation "{relation.name}" already exists')
        if old is not None and old.kind != "view":
            raise Refused("42809", f'"{relation.name}" is not a view')
        name = await self._new_name(relation, "relation", False) if old is None else (old.schema, old.name)
        assert name is not None
        assert plan.allowed.tree is not None
        tree = plan.allowed.tree
        if any(tree.find_all(exp.CurrentUser, exp.SessionUser, exp.CurrentCatalog)):
            raise Refused("0A000", "a view that says who reads it is not supported")
        columns = _view_columns(statement, plan)
        if old is not None:
            _check_replaced(old, columns, plan)
        session, pipeline = self._writes.session, self._service.pipeline
        path = split_path(session.settings.get("search_path", ""))
        tree = qualified(tree, pipeline.catalogue, path, session.database)
        sql = to_spark(tree, pipeline.schema_for(tree), subscript_base=1)
        await self._command(tables.create_view(name, columns, sql, replace=statement.or_replace))
        await self._changed(name)
        return "CREATE VIEW"

    async def _create_schema(self, statement: CreateSchema, plan: Write, portal: Portal) -> str:
        if statement.name in self._service.catalogue.schemas:
            self._exists("schema", statement.name, "42P06", statement.if_not_exists)
            return "CREATE SCHEMA"
        await self._command(tables.create_schema(statement.name))
        await self._changed(None)
        return "CREATE SCHEMA"

    # --- ALTER

    async def _add_column(self, statement: AddColumn, plan: Write, portal: Portal) -> str:
        table = await self._existing(plan, "relation", statement.if_exists)
        if table is None:
            return "ALTER TABLE"
        if table.kind == "view":
            raise Refused("42809", f'ALTER action ADD COLUMN cannot be performed on relation "{table.name}"')
        if statement.if_not_exists and statement.column.name in {column.name for column in table.columns}:
            self._notice(
                "42701",
                f'column "{statement.column.name}" of relation "{table.name}" already exists, skipping',
            )
            return "ALTER TABLE"
        expressions = plan.allowed.tree.expressions if plan.allowed.tree is not None else []
        shown = replace(statement, target=Relation(SCHEMA, table.name), if_exists=False)
        async with self._writes.stage(table.name) as stage:
            await stage.create(table.columns, ())
            await stage.run(shown.to_sql(defaults=tuple(map(to_postgres, expressions))))
            column, kind = (await stage.columns())[-1]
        default = default_value(expressions[0], spark_type_of(kind) or "") if expressions else None
        name = (table.schema, table.name)
        spark = await self._writes.executor.spark()
        async with self._service.ledger.turn(name, spark):
            await self._command(
                tables.add_column(name, NewColumn(column, self._spark_type(column, kind), default))
            )
        await self._changed(name)
        return "ALTER TABLE"

    async def _rename(self, statement: Rename, plan: Write, portal: Portal) -> str:
        tag = f"ALTER {statement.what}"
        table = await self._existing(plan, "relation", statement.if_exists)
        if table is None:
            return tag
        if statement.what == "VIEW" and table.kind != "view":
            raise Refused("42809", f'"{table.name}" is not a view')
        new = plan.allowed.facts.written[1].relation
        await self._new_name(new, "relation", False)
        await self._no_dependents(table, "rename")
        name = (table.schema, table.name)
        spark = await self._writes.executor.spark()
        async with self._service.ledger.turn(name, spark):
            await self._command(tables.rename(table.kind.upper(), name, statement.new_name))
        await self._changed((table.schema, statement.new_name))
        return tag

    # --- DROP and TRUNCATE

    async def _drop(self, statement: Drop, plan: Write, portal: Portal) -> str:
        tag = f"DROP {statement.what}"
        if statement.what == "SCHEMA":
            return await self._drop_schema(statement)
        table = await self._existing(plan, statement.what.lower(), statement.if_exists)
        if table is None:
            return tag
        if table.kind.upper() != statement.what:
            hint = f"Use DROP {table.kind.upper()} to remove a {table.kind}."
            raise Refused("42809", f'"{table.name}" is not a {statement.what.lower()}', hint=hint)
        await self._no_dependents(table, "drop", cascade=statement.cascade)
        name = (table.schema, table.name)
        spark = await self._writes.executor.spark()
        async with self._service.ledger.turn(name, spark):
            await self._command(tables.drop(statement.what, name))
        await self._changed(name)
        return tag

    async def _drop_schema(self, statement: Drop) -> str:
        name = statement.target.name
        await self._service.refresh_catalogue(force=True)
        catalogue = self._service.catalogue
        if name not in catalogue.schemas:
            if not statement.if_exists:
                raise Refused("3F000", f'schema "{name}" does not exist')
            self._notice("00000", f'schema "{name}" does not exist, skipping')
            return "DROP SCHEMA"
        held = sorted(table.name for table in catalogue.tables.values() if table.schema == name)
        if held:
            detail = "\n".join(f"{name}.{table} depends on schema {name}" for table in held[:100])
            if statement.cascade:
                raise Refused("0A000", "DROP SCHEMA ... CASCADE is not supported", detail=detail,
                              hint="Drop them one by one first.")  # fmt: skip
            raise Refused(
                "2BP01", f"cannot drop schema {name} because other objects depend on it", detail=detail
            )
        await self._command(tables.drop_schema(name))
        await self._changed(None)
        return "DROP SCHEMA"

    async def _truncate(self, statement: Truncate, plan: Write, portal: Portal) -> str:
        table = await self._existing(plan, "relation")
        assert table is not None
        if table.kind == "view":
            raise Refused("42809", f'"{table.name}" is not a table')
        name = (table.schema, table.name)
        spark = await self._writes.executor.spark()
        async with self._service.ledger.turn(name, spark):
            await self._command(tables.truncate(name))
        return "TRUNCATE TABLE"

    # --- ANALYZE and COMMENT

    async def _analyze(self, statement: Analyze, plan: Write, portal: Portal) -> str:
        if statement.target is None:
            grants = self._writes.session.grants
            chosen = [
                table
                for table in self._service.catalogue.tables.values()
                if table.kind == "table" and granted(grants, Action.ANALYZE, table.schema, table.name)
            ]
        else:
            found = await self._existing(plan, "relation")
            assert found is not None
            names = {column.name for column in found.columns}
            for column in statement.columns:
                if column not in names:
                    raise Refused("42703", f'column "{column}" of relation "{found.name}" does not exist')
            chosen = [found]
        for table in chosen:
            if table.kind == "view":
                self._notice("01000", f'skipping "{table.name}" --- cannot analyze non-tables', "WARNING")
            else:
                await self._command(tables.analyze((table.schema, table.name), statement.columns))
        return "ANALYZE"

    async def _comment(self, statement: Comment, plan: Write, portal: Portal) -> str:
        if statement.what == "SCHEMA":
            if statement.target.name not in self._service.catalogue.schemas:
                raise Refused("3F000", f'schema "{statement.target.name}" does not exist')
            await self._command(tables.comment_on_schema(statement.target.name, statement.text))
            return "COMMENT"
        table = await self._existing(plan, "relation")
        assert table is not None
        name = (table.schema, table.name)
        if statement.what == "COLUMN":
            if statement.column not in {column.name for column in table.columns}:
                raise Refused(
                    "42703", f'column "{statement.column}" of relation "{table.name}" does not exist'
                )
            if table.kind == "view":
                raise Refused("0A000", "comments on columns of views are not supported on Spark")
            sql = tables.comment_on_column(name, statement.column, statement.text)
        elif table.kind.upper() != statement.what:
            raise Refused("42809", f'"{table.name}" is not a {statement.what.lower()}')
        elif table.kind == "view":
            sql = tables.comment_on_view(name, statement.text)
        else:
            sql = tables.comment_on_table(name, statement.text)
        await self._command(sql)
        await self._changed(name)
        return "COMMENT"

    # --- helpers

    async def _command(self, sql: str) -> None:
        await self._writes.command(sql)

    async def _changed(self, name: Name | None) -> None:
        """Bring the catalogue in step, for all sessions."""
        if name is not None:
            self._service.ledger.note(name)
        await self._service.refresh_catalogue(force=True)

    async def _new_name(self, relation: Relation, what: str, if_not_exists: bool) -> Name | None:
        """The name of something that is not there yet; None where it is and that is fine."""
        assert relation.schema is not None
        if relation.name.startswith(STAGE_PREFIX):
            raise Refused("42939", f'the name "{relation.name}" is reserved')
        if relation.schema not in self._service.catalogue.schemas:
            await self._service.refresh_catalogue(force=True)
            if relation.schema not in self._service.catalogue.schemas:
                raise Refused("3F000", f'schema "{relation.schema}" does not exist')
        if await self._writes.find(relation) is not None:
            self._exists(what, relation.name, "42P07", if_not_exists)
            return None
        return relation.schema, relation.name

    def _exists(self, what: str, name: str, sqlstate: str, if_not_exists: bool) -> None:
        if not if_not_exists:
            raise Refused(sqlstate, f'{what} "{name}" already exists')
        self._notice(sqlstate, f'{what} "{name}" already exists, skipping')

    async def _existing(self, plan: Write, what: str, if_exists: bool = False) -> Table | None:
        relation = plan.allowed.facts.written[0].relation
        table = await self._writes.find(relation)
        if table is None:
            if not if_exists:
                written: Relation = plan.allowed.statement.target  # type: ignore[union-attr, assignment]
                raise (
                    missing(written)
                    if what == "relation"
                    else Refused("42P01", f'{what} "{relation.name}" does not exist')
                )
            self._notice("00000", f'{what} "{relation.name}" does not exist, skipping')
        return table

    async def _no_dependents(self, table: Table, verb: str, *, cascade: bool = False) -> None:
        """Raises: Refused 2BP01, or 0A000 with CASCADE, where a view reads it."""
        views = await dependents(table, self._service.catalogue, self._writes.command)
        if not views:
            return
        what = f"{table.kind} {table.name}"
        detail = "\n".join(f"view {schema}.{name} depends on {what}" for schema, name in views)
        if cascade:
            raise Refused(
                "0A000",
                "DROP ... CASCADE is not supported",
                detail=detail,
                hint="Drop them one by one first.",
            )
        raise Refused("2BP01", f"cannot {verb} {what} because other objects depend on it", detail=detail,
                      hint="Drop them first.")  # fmt: skip

    def _notice(self, sqlstate: str, message: str, severity: Any = "NOTICE") -> None:
        self._writes.session.io.write(msg.notice_response(ErrorFields(severity, sqlstate, message)))

    def _spark_type(self, column: str, kind: str) -> str:
        """Spark's type of a new column.  Raises: Refused 0A000 for one that would come back as another."""
        base = kind.removesuffix("[]")
        found = None if base in _ONE_WAY or _ROUNDED.search(base) else spark_type_of(kind)
        if found is None or re.search(r"decimal\((?:39|[4-9]\d|\d{3,}),|,-", found):
            raise Refused("0A000", f'column "{column}": the type {kind} is not supported on Spark')
        transfer(found)
        if base == NUMERIC:
            self._notice("00000", f'column "{column}": {kind} is kept as {pg_type(found).name}')
        return found


def missing(written: Relation) -> Refused:
    """A relation that is not there, by the name that the client wrote."""
    shown = f"{written.schema}.{written.name}" if written.schema else written.name
    return Refused("42P01", f'relation "{shown}" does not exist')


def _check_names(names: Sequence[str]) -> None:
    for at, name in enumerate(names):
        if name in names[:at]:
            raise Refused("42701", f'column "{name}" specified more than once')
        if name != name.lower():
            raise Refused("0A000", f'the name "{name}" is not supported: names here are lower case')


def _view_columns(statement: CreateView, plan: Write) -> list[str]:
    names = [field.name for field in plan.fields or ()]
    if len(statement.columns) > len(names):
        raise Refused("42601", "CREATE VIEW specifies more column names than columns")
    names[: len(statement.columns)] = statement.columns
    _check_names(names)
    return names


def _check_replaced(old: Table, names: Sequence[str], plan: Write) -> None:
    """CREATE OR REPLACE VIEW may only add columns at the end."""
    if len(names) < len(old.columns):
        raise Refused("42P16", "cannot drop columns from view")
    for column, name in zip(old.columns, names, strict=False):
        if column.name != name:
            raise Refused(
                "42P16",
                f'cannot change name of view column "{column.name}" to "{name}"',
                hint="DROP the view and make it anew.",
            )


_RUNS: dict[type[Any], Callable[[Definitions, Any, Write, Portal], Awaitable[str]]] = {
    CreateTable: Definitions._create_table,
    CreateTableAs: Definitions._create_table_as,
    CreateView: Definitions._create_view,
    CreateSchema: Definitions._create_schema,
    AddColumn: Definitions._add_column,
    Rename: Definitions._rename,
    Drop: Definitions._drop,
    Truncate: Definitions._truncate,
    Analyze: Definitions._analyze,
    Comment: Definitions._comment,
}
