"""Which values may be told to whom, and when a table is read anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from checker.context import Grants, Mask, RowFilter
from nl_frontend.values import find
from proxy import values as module
from proxy.ledger import Ledger
from proxy.ports import Catalogue, Column, Table
from proxy.settings import Settings
from proxy.values import Values
from proxy.visible import visible
from spark_thrift.errors import EngineUnavailable

COLUMNS = (Column("name", "string"), Column("kind", "varchar(3)"), Column("amount", "int"))
PEOPLE = Table("shop", "people", "table", COLUMNS)
VIEW = Table("shop", "seen", "view", COLUMNS)


@dataclass
class Spark:
    """A session that has one value in each column, and keeps what it was asked."""

    broken: bool = False
    asked: list[str] = field(default_factory=list)

    async def run_command(self, sql: str) -> list[tuple[str | None]]:
        if self.broken:
            raise EngineUnavailable("gone")
        if "count(*) FROM" in sql:
            return [("2",)]
        self.asked.append(sql)
        return [("Jane Doe",), (None,)]

    async def close(self) -> None:
        pass


@dataclass
class Service:
    catalogue: Catalogue
    spark: Spark = field(default_factory=Spark)
    ledger: Ledger = field(default_factory=Ledger)
    settings: Settings = field(default_factory=Settings)

    async def open_own_spark(self) -> Any:
        self.spark.broken = False
        return self.spark


@pytest.fixture
def service() -> Service:
    return Service(Catalogue(tables={(t.schema, t.name): t for t in (PEOPLE, VIEW)}))


async def wait_for(holds: Callable[[], bool]) -> None:
    for _ in range(5000):
        if holds():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it does not become so")


async def until_read(service: Service, values: Values, times: int) -> None:
    await wait_for(lambda: len(service.spark.asked) >= times)
    await asyncio.sleep(0.02)
    assert len(service.spark.asked) == times
    assert values.seen_by(Grants(read=("*.*",))).keys() <= {("shop", "people")}


async def test_tables_are_read_when_they_change(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0.001)
    monkeypatch.setattr(module, "SHARE_OF_READING", 0)
    values = Values(service)  # type: ignore[arg-type]
    task = asyncio.create_task(values.run())
    await until_read(service, values, 2)
    assert all("`shop`.`people`" in sql for sql in service.spark.asked), "no view is read"
    service.ledger.note(("shop", "others"))
    await until_read(service, values, 2)
    service.ledger.note(("shop", "people"))
    await until_read(service, values, 4)
    service.spark.broken = True
    fewer = replace(PEOPLE, columns=COLUMNS[:1])
    service.catalogue = Catalogue(tables={("shop", "people"): fewer})
    await until_read(service, values, 5)
    service.catalogue = Catalogue(tables={})
    await wait_for(lambda: not values.seen_by(Grants(read=("*.*",))))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_of_many_tables_those_of_the_search_path_are_read_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TABLES_MAX", 2)
    named = [("archive", "first"), ("zoo", "patents"), ("zoo", "owners")]
    tables = {(schema, name): replace(PEOPLE, schema=schema, name=name) for schema, name in named}
    settings = Settings().with_values("session", search_path=("zoo",))
    values = Values(Service(Catalogue(tables=tables), settings=settings))  # type: ignore[arg-type]
    assert values._due() == [("zoo", "owners"), ("zoo", "patents")]


@pytest.mark.parametrize(
    ("grants", "found"),
    [
        (Grants(read=("*.*",)), ["kind", "name"]),
        (Grants(read=("shop.people",)), ["kind", "name"]),
        (Grants(), []),
        (Grants(read=("other.*",)), []),
        (Grants(read=("*.*",), deny=("shop.people.name",)), ["kind"]),
        (Grants(read=("*.*",), filters=(RowFilter("shop.people", "amount > 3"),)), []),
        (Grants(read=("*.*",), filters=(RowFilter("shop.others", "amount > 3"),)), ["kind", "name"]),
        (Grants(read=("*.*",), masks=(Mask("shop.people.amount"),)), []),
    ],
)
async def test_nobody_is_told_what_they_may_not_see(
    service: Service, grants: Grants, found: list[str]
) -> None:
    values = Values(service)  # type: ignore[arg-type]
    await values._read(("shop", "people"))
    seen = visible(service.catalogue, grants)
    shown = find("Jane Doe", list(seen.tables.values()), values.seen_by(grants))
    assert [place[2] for each in shown for place in each.places] == found
