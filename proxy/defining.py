"""What CREATE, ALTER, DROP and COMMENT have in common: names that are there or not, types, notices, the catalogue.

Rules: an object that would be left broken, or that would have to be dropped with another, stops a statement; the
catalogue is read anew before the client sees the command tag.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from checker.verdict import Relation
from proxy.dependents import dependents
from proxy.plan import Write
from proxy.portal import Portal
from proxy.ports import Table
from proxy.sqlstate import Refused
from proxy.wire import messages as msg
from proxy.wire.errors import ErrorFields
from spark_thrift.catalogue import STAGE_PREFIX
from spark_thrift.dialect.tables import Name
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


Run = Callable[[Any, Any, Write, Portal], Awaitable[str]]
"""How one kind of statement is carried out: its command tag."""


class Definer:
    """One session's; `writes` runs the statements."""

    runs: ClassVar[Mapping[type[Any], Run]]

    def __init__(self, writes: Writes) -> None:
        self.writes = writes
        self.service = writes.service

    async def run(self, plan: Write, portal: Portal) -> str:
        """Carry it out and return its command tag.  Raises: Refused, and the engines' errors."""
        statement = plan.allowed.statement
        return await self.runs[type(statement)](self, statement, plan, portal)

    async def command(self, sql: str) -> None:
        await self.writes.command(sql)

    async def changed(self, name: Name | None) -> None:
        """Bring the catalogue in step, for all sessions."""
        if name is None:
            await self.service.refresh_catalogue(force=True)
        else:
            self.service.ledger.note(name)
            await self.service.table_changed(*name)

    async def new_name(self, relation: Relation, what: str, if_not_exists: bool) -> Name | None:
        """The name of something that is not there yet; None where it is and that is fine."""
        assert relation.schema is not None
        if relation.name.startswith(STAGE_PREFIX):
            raise Refused("42939", f'the name "{relation.name}" is reserved')
        if relation.schema not in self.service.catalogue.schemas:
            await self.service.refresh_catalogue(force=True)
            if relation.schema not in self.service.catalogue.schemas:
                raise Refused("3F000", f'schema "{relation.schema}" does not exist')
        if await self.writes.find(relation) is not None:
            self.exists(what, relation.name, "42P07", if_not_exists)
            return None
        return relation.schema, relation.name

    def exists(self, what: str, name: str, sqlstate: str, if_not_exists: bool) -> None:
        if not if_not_exists:
            raise Refused(sqlstate, f'{what} "{name}" already exists')
        self.notice(sqlstate, f'{what} "{name}" already exists, skipping')

    async def existing(self, plan: Write, what: str, if_exists: bool = False) -> Table | None:
        relation = plan.allowed.facts.written[0].relation
        table = await self.writes.find(relation)
        if table is None:
            if not if_exists:
                written: Relation = plan.allowed.statement.target  # type: ignore[union-attr, assignment]
                raise (
                    missing(written)
                    if what == "relation"
                    else Refused("42P01", f'{what} "{relation.name}" does not exist')
                )
            self.notice("00000", f'{what} "{relation.name}" does not exist, skipping')
        return table

    async def no_dependents(self, table: Table, verb: str, *, cascade: bool = False) -> None:
        """Raises: Refused 2BP01, or 0A000 with CASCADE, where a view reads it."""
        views = await dependents(table, self.service.catalogue, self.writes.command)
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

    def notice(self, sqlstate: str, message: str, severity: Any = "NOTICE") -> None:
        self.writes.session.io.write(msg.notice_response(ErrorFields(severity, sqlstate, message)))

    def spark_type(self, column: str, kind: str) -> str:
        """Spark's type of a new column.  Raises: Refused 0A000 for one that would come back as another."""
        base = kind.removesuffix("[]")
        found = None if base in _ONE_WAY or _ROUNDED.search(base) else spark_type_of(kind)
        if found is None or re.search(r"decimal\((?:39|[4-9]\d|\d{3,}),|,-", found):
            raise Refused("0A000", f'column "{column}": the type {kind} is not supported on Spark')
        transfer(found)
        if base == NUMERIC:
            self.notice("00000", f'column "{column}": {kind} is kept as {pg_type(found).name}')
        return found


def missing(written: Relation) -> Refused:
    """A relation that is not there, by the name that the client wrote."""
    shown = f"{written.schema}.{written.name}" if written.schema else written.name
    return Refused("42P01", f'relation "{shown}" does not exist')
