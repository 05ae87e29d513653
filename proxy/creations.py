"""CREATE TABLE, CREATE TABLE AS, CREATE VIEW and CREATE SCHEMA.

PostgreSQL reads the types and the DEFAULTs (on a stage, so that what it refuses is refused in its words); names and
types alone become Spark SQL.  A table that is made of a query gets its name when its rows are there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from sqlglot import expressions as exp

from checker.render import to_postgres
from checker.verdict import Relation
from checker.write_statements import (
    CreateSchema,
    CreateTable,
    CreateTableAs,
    CreateView,
)
from proxy.defining import NOT_NULL_PROPERTY, Definer, Run
from proxy.plan import Write
from proxy.portal import Portal
from proxy.ports import Column, Table
from proxy.routing import qualified, with_session_values
from proxy.sqlstate import Refused
from proxy.staging import SCHEMA
from proxy.startup import split_path
from spark_thrift.dialect import tables, to_spark
from spark_thrift.dialect.assignment import default_value
from spark_thrift.dialect.tables import Name, NewColumn
from spark_thrift.transfer import transfer
from spark_thrift.types import spark_type_of

VARCHAR, BPCHAR = 1043, 1042
VARHDRSZ = 4


class Creations(Definer):
    """One session's."""

    async def _create_table(self, statement: CreateTable, plan: Write, portal: Portal) -> str:
        name = await self.new_name(
            plan.allowed.facts.written[0].relation, "relation", statement.if_not_exists
        )
        if name is None:
            return "CREATE TABLE"
        expressions = plan.allowed.tree.expressions if plan.allowed.tree is not None else []
        rendered = tuple(map(to_postgres, expressions))
        shown = replace(statement, target=Relation(SCHEMA, name[1]), if_not_exists=False)
        async with self.writes.stage(name[1]) as stage:
            await stage.run(shown.to_sql(defaults=rendered))
            typed = await stage.columns()
        columns = [
            NewColumn(
                column,
                self.spark_type(column, kind),
                None
                if made.default is None
                else default_value(expressions[made.default], spark_type_of(kind) or ""),
            )
            for (column, kind), made in zip(typed, statement.columns, strict=True)
        ]
        kept = [column.name for column in statement.columns if column.not_null]
        properties = {NOT_NULL_PROPERTY: json.dumps(kept)} if kept else {}
        await self.command(tables.create_table(name, columns, self.writes.using, properties))
        await self.changed(name)
        return "CREATE TABLE"

    async def _create_table_as(self, statement: CreateTableAs, plan: Write, portal: Portal) -> str:
        name = await self.new_name(
            plan.allowed.facts.written[0].relation, "relation", statement.if_not_exists
        )
        if name is None:
            return "CREATE TABLE AS"
        async with self.writes.hidden(name[0]) as hidden:
            place = hidden if statement.with_data else name
            if plan.query is None:
                rows = await self._fill_from_stage(statement, plan, portal, name, place)
            else:
                rows = await self._fill_from_spark(statement, plan, portal, place)
            if statement.with_data:
                await self.command(tables.rename("TABLE", hidden, name[1]))
        await self.changed(name)
        if not statement.with_data:
            return "CREATE TABLE AS"
        self.writes.executor.count(rows)
        return f"SELECT {rows}"

    async def _fill_from_stage(
        self, statement: CreateTableAs, plan: Write, portal: Portal, name: Name, place: Name
    ) -> int:
        """A query that PostgreSQL itself answers."""
        session, tree = self.writes.session, plan.allowed.tree
        assert tree is not None
        sql = to_postgres(with_session_values(tree, user=session.user, database=session.database))
        shown = replace(statement, target=Relation(SCHEMA, name[1]), if_not_exists=False)
        async with self.writes.stage(name[1]) as stage:
            bind = replace(portal.bind, result_formats=())
            tag = await stage.run(shown.to_sql(sql), portal.prepared.description.param_oids, bind)
            columns = [
                Column(column, self.spark_type(column, kind)) for column, kind in await stage.columns()
            ]
            await self._make(place, columns)
            rows = int(tag.rpartition(" ")[2]) if statement.with_data else 0
            if rows:
                await self.writes.load(stage, place, columns)
        return rows

    async def _fill_from_spark(
        self, statement: CreateTableAs, plan: Write, portal: Portal, place: Name
    ) -> int:
        query = plan.query
        assert query is not None
        pipeline, _session = self.service.pipeline, self.writes.session
        sql = pipeline.plain_sql(portal.prepared, query, portal.bind)
        spark = await self.writes.executor.spark()
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
        await self.command(tables.insert(place, (), sql))
        return await self.writes.count(place, spark)

    async def _make(self, place: Name, columns: Sequence[Column]) -> None:
        for column in columns:
            transfer(column.spark_type)  # refuses what nothing may be written to
        made = [NewColumn(column.name, column.spark_type) for column in columns]
        await self.command(tables.create_table(place, made, self.writes.using))

    async def _create_view(self, statement: CreateView, plan: Write, portal: Portal) -> str:
        relation = plan.allowed.facts.written[0].relation
        old = await self.writes.find(relation)
        if old is not None and not statement.or_replace:
            raise Refused("42P07", f'relation "{relation.name}" already exists')
        if old is not None and old.kind != "view":
            raise Refused("42809", f'"{relation.name}" is not a view')
        name = await self.new_name(relation, "relation", False) if old is None else (old.schema, old.name)
        assert name is not None
        assert plan.allowed.tree is not None
        tree = plan.allowed.tree
        if any(tree.find_all(exp.CurrentUser, exp.SessionUser, exp.CurrentCatalog)):
            raise Refused("0A000", "a view that says who reads it is not supported")
        columns = _view_columns(statement, plan)
        if old is not None:
            _check_replaced(old, columns, plan)
        session, pipeline = self.writes.session, self.service.pipeline
        path = split_path(session.settings.get("search_path", ""))
        tree = qualified(tree, pipeline.catalogue, path, session.database)
        sql = to_spark(tree, pipeline.schema_for(tree), subscript_base=1)
        await self.command(tables.create_view(name, columns, sql, replace=statement.or_replace))
        await self.changed(name)
        return "CREATE VIEW"

    async def _create_schema(self, statement: CreateSchema, plan: Write, portal: Portal) -> str:
        if statement.name in self.service.catalogue.schemas:
            self.exists("schema", statement.name, "42P06", statement.if_not_exists)
            return "CREATE SCHEMA"
        await self.command(tables.create_schema(statement.name))
        await self.changed(None)
        return "CREATE SCHEMA"

    runs: ClassVar[Mapping[type[Any], Run]] = {
        CreateTable: _create_table,
        CreateTableAs: _create_table_as,
        CreateView: _create_view,
        CreateSchema: _create_schema,
    }


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
