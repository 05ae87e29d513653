"""ALTER, DROP, TRUNCATE, ANALYZE and COMMENT.

Left out: what Spark's tables of files cannot do, which the grammar refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from checker.context import Action
from checker.render import to_postgres
from checker.verdict import Relation
from checker.write_rights import granted
from checker.write_statements import (
    AddColumn,
    Analyze,
    Comment,
    Drop,
    Rename,
    Truncate,
)
from proxy.defining import Definer, Run
from proxy.plan import Write
from proxy.portal import Portal
from proxy.sqlstate import Refused
from proxy.staging import SCHEMA
from spark_thrift.dialect import tables
from spark_thrift.dialect.assignment import default_value
from spark_thrift.dialect.tables import NewColumn
from spark_thrift.types import spark_type_of


class Changes(Definer):
    """One session's."""

    async def _add_column(self, statement: AddColumn, plan: Write, portal: Portal) -> str:
        table = await self.existing(plan, "relation", statement.if_exists)
        if table is None:
            return "ALTER TABLE"
        if table.kind == "view":
            raise Refused("42809", f'ALTER action ADD COLUMN cannot be performed on relation "{table.name}"')
        if statement.if_not_exists and statement.column.name in {column.name for column in table.columns}:
            self.notice(
                "42701",
                f'column "{statement.column.name}" of relation "{table.name}" already exists, skipping',
            )
            return "ALTER TABLE"
        expressions = plan.allowed.tree.expressions if plan.allowed.tree is not None else []
        shown = replace(statement, target=Relation(SCHEMA, table.name), if_exists=False)
        async with self.writes.stage(table.name) as stage:
            await stage.create(table.columns, ())
            await stage.run(shown.to_sql(defaults=tuple(map(to_postgres, expressions))))
            column, kind = (await stage.columns())[-1]
        default = default_value(expressions[0], spark_type_of(kind) or "") if expressions else None
        name = (table.schema, table.name)
        spark = await self.writes.executor.spark()
        async with self.service.ledger.turn(name, spark):
            await self.command(
                tables.add_column(name, NewColumn(column, self.spark_type(column, kind), default))
            )
        await self.changed(name)
        return "ALTER TABLE"

    async def _rename(self, statement: Rename, plan: Write, portal: Portal) -> str:
        tag = f"ALTER {statement.what}"
        table = await self.existing(plan, "relation", statement.if_exists)
        if table is None:
            return tag
        if statement.what == "VIEW" and table.kind != "view":
            raise Refused("42809", f'"{table.name}" is not a view')
        new = plan.allowed.facts.written[1].relation
        await self.new_name(new, "relation", False)
        await self.no_dependents(table, "rename")
        name = (table.schema, table.name)
        spark = await self.writes.executor.spark()
        async with self.service.ledger.turn(name, spark):
            await self.command(tables.rename(table.kind.upper(), name, statement.new_name))
        await self.changed((table.schema, table.name))
        await self.changed((table.schema, statement.new_name))
        return tag

    # --- DROP and TRUNCATE

    async def _drop(self, statement: Drop, plan: Write, portal: Portal) -> str:
        tag = f"DROP {statement.what}"
        if statement.what == "SCHEMA":
            return await self._drop_schema(statement)
        table = await self.existing(plan, statement.what.lower(), statement.if_exists)
        if table is None:
            return tag
        if table.kind.upper() != statement.what:
            hint = f"Use DROP {table.kind.upper()} to remove a {table.kind}."
            raise Refused("42809", f'"{table.name}" is not a {statement.what.lower()}', hint=hint)
        await self.no_dependents(table, "drop", cascade=statement.cascade)
        name = (table.schema, table.name)
        spark = await self.writes.executor.spark()
        async with self.service.ledger.turn(name, spark):
            await self.command(tables.drop(statement.what, name))
        await self.changed(name)
        return tag

    async def _drop_schema(self, statement: Drop) -> str:
        name = statement.target.name
        await self.service.refresh_catalogue(force=True)
        catalogue = self.service.catalogue
        if name not in catalogue.schemas:
            if not statement.if_exists:
                raise Refused("3F000", f'schema "{name}" does not exist')
            self.notice("00000", f'schema "{name}" does not exist, skipping')
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
        await self.command(tables.drop_schema(name))
        await self.changed(None)
        return "DROP SCHEMA"

    async def _truncate(self, statement: Truncate, plan: Write, portal: Portal) -> str:
        table = await self.existing(plan, "relation")
        assert table is not None
        if table.kind == "view":
            raise Refused("42809", f'"{table.name}" is not a table')
        name = (table.schema, table.name)
        spark = await self.writes.executor.spark()
        async with self.service.ledger.turn(name, spark):
            await self.command(tables.truncate(name))
        return "TRUNCATE TABLE"

    # --- ANALYZE and COMMENT

    async def _analyze(self, statement: Analyze, plan: Write, portal: Portal) -> str:
        if statement.target is None:
            grants = self.writes.session.grants
            chosen = [
                table
                for table in self.service.catalogue.tables.values()
                if table.kind == "table" and granted(grants, Action.ANALYZE, table.schema, table.name)
            ]
        else:
            found = await self.existing(plan, "relation")
            assert found is not None
            names = {column.name for column in found.columns}
            for column in statement.columns:
                if column not in names:
                    raise Refused("42703", f'column "{column}" of relation "{found.name}" does not exist')
            chosen = [found]
        for table in chosen:
            if table.kind == "view":
                self.notice("01000", f'skipping "{table.name}" --- cannot analyze non-tables', "WARNING")
            else:
                await self.command(tables.analyze((table.schema, table.name), statement.columns))
                spark = await self.writes.session.executor.spark()
                await self.service.learn_size(table.schema, table.name, spark)
        return "ANALYZE"

    async def _comment(self, statement: Comment, plan: Write, portal: Portal) -> str:
        if statement.what == "SCHEMA":
            if statement.target.name not in self.service.catalogue.schemas:
                raise Refused("3F000", f'schema "{statement.target.name}" does not exist')
            await self.command(tables.comment_on_schema(statement.target.name, statement.text))
            return "COMMENT"
        table = await self.existing(plan, "relation")
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
        await self.command(sql)
        await self.changed(name)
        return "COMMENT"

    runs: ClassVar[Mapping[type[Any], Run]] = {
        AddColumn: _add_column,
        Rename: _rename,
        Drop: _drop,
        Truncate: _truncate,
        Analyze: _analyze,
        Comment: _comment,
    }
