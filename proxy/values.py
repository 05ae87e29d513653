"""What the tables' text columns hold, so that a question's names are found in the columns that have them.

Rules: read table by table beside all else, and a third of the time at most; anew when a table changed, was written
here, or some time has passed; views are not read, nor more than some hundred tables.  A role with row filters or masks
on a table is shown nothing of what it holds, so that no answer depends on what it may not see.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.context import Grants
from checker.rights import table_rights
from nl_frontend.prompt import order
from nl_frontend.values import INDEXED_CHARACTERS_MAX, INDEXED_MAX, TableValues
from proxy.ports import Table
from spark_thrift.errors import EngineError
from spark_thrift.session import SparkSession
from spark_thrift.values import read_values

if TYPE_CHECKING:
    from proxy.service import Service

log = logging.getLogger("streamlink.values")

PAUSE_S = 1.0
SHARE_OF_READING = 2
"""Of the time that reading a table took, so long is waited before the next."""
AGAIN_S = 6 * 3600.0
"""What was written past this server is seen after so long."""
TABLES_MAX = 200
"""Those of the search path first."""
READING_S = 600.0
"""A table may take so long; one that takes longer is not read again before it changes."""

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Known:
    """One table's values; `serial` is the ledger's when they were read.  Units: `at` in seconds of time.monotonic."""

    table: Table
    values: TableValues
    serial: int
    at: float


class Values:
    """Of one database.  `run` keeps it in step."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._search_path = service.settings.session.search_path
        self._known: dict[Name, _Known] = {}
        self._spark: SparkSession | None = None

    def seen_by(self, grants: Grants) -> Mapping[Name, TableValues]:
        """What may be told to somebody with these grants, by schema and table."""
        seen = {}
        for name, known in self._known.items():
            rights = table_rights(grants, known.table)
            if rights.readable and not rights.filters and not rights.masks:
                seen[name] = known.values
        return seen

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                for name in self._due():
                    begun = time.monotonic()
                    try:
                        await self._read(name)
                    except Exception as error:
                        # The engine is gone, or the table has changed meanwhile: the next look tells.
                        log.info("the values of %s.%s cannot be read: %s", *name, error)
                        await self._close()
                        break
                    await asyncio.sleep(SHARE_OF_READING * (time.monotonic() - begun))
                await asyncio.sleep(PAUSE_S)
        finally:
            await self._close()

    def _due(self) -> list[Name]:
        tables = self._service.catalogue.tables
        for name in self._known.keys() - tables.keys():
            del self._known[name]
        read = order((table for table in tables.values() if table.kind == "table"), self._search_path)
        names = [(table.schema, table.name) for table in read[:TABLES_MAX]]
        return [name for name in names if self._is_due(name, tables[name])]

    def _is_due(self, name: Name, table: Table) -> bool:
        known = self._known.get(name)
        return (
            known is None
            or known.table != table
            or self._service.ledger.written_since(name, known.serial)
            or time.monotonic() - known.at > AGAIN_S
        )

    async def _read(self, name: Name) -> None:
        """Raises: EngineError."""
        table = self._service.catalogue.tables.get(name)
        if table is None:
            return
        serial, held, all_rows = self._service.ledger.serial, dict[str, list[str]](), False
        if self._spark is None or self._spark.broken:
            self._spark = await self._service.open_own_spark()
        try:
            async with asyncio.timeout(READING_S):
                held, all_rows = await read_values(
                    self._spark, table, most=INDEXED_MAX, characters=INDEXED_CHARACTERS_MAX
                )
        except TimeoutError:
            log.info("the values of %s.%s take too long to read", *name)
        values = await asyncio.to_thread(TableValues, held, all_rows=all_rows)
        self._known[name] = _Known(table, values, serial, time.monotonic())

    async def _close(self) -> None:
        spark, self._spark = self._spark, None
        if spark is not None:
            try:
                await spark.close()
            except EngineError as error:
                log.info("the session that read values does not end: %s", error)
