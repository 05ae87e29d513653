"""SQLAlchemy and pandas: what a table looks like by reflection, and what comes out of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from tests.clients.place import Oracle, Place
from tests.live import LiveServer

DRIVERS = ["psycopg", "psycopg2"]


def url(place: Place, driver: str) -> sa.URL:
    return sa.URL.create(
        f"postgresql+{driver}", username=place.user, host=place.host, port=place.port, database=place.database
    )


def report(inspector: Any) -> dict[str, object]:
    """All that SQLAlchemy can tell about the schemas; comments are the sample's own, and the oracle has none."""
    found: dict[str, object] = {
        "schemas": sorted(set(inspector.get_schema_names()) - {"public", "streamlink"})
    }
    found["default"] = inspector.default_schema_name
    for schema in ("patents", "clients", None):
        tables = sorted(inspector.get_table_names(schema))
        found[f"{schema}"] = tables, inspector.get_view_names(schema)
        for table in tables:
            columns = [
                {**c, "type": repr(c["type"]), "comment": None} for c in inspector.get_columns(table, schema)
            ]
            keys = inspector.get_pk_constraint(table, schema), inspector.get_foreign_keys(table, schema)
            found[f"{schema}.{table}"] = columns, keys, inspector.get_indexes(table, schema)
    return found


@pytest.mark.parametrize("driver", DRIVERS)
def test_reflection(server: LiveServer, oracle: Oracle, driver: str) -> None:
    reports = []
    for place in (server, oracle):
        engine = sa.create_engine(url(place, driver))
        reports.append(report(sa.inspect(engine)))
        engine.dispose()
    assert reports[0] == reports[1]
    assert "google_full" in str(reports[0]["patents"])


def reflected_result(connection: sa.Connection) -> object:
    """Tables by reflection, then an expression over them."""
    metadata = sa.MetaData()
    metadata.reflect(connection, schema="patents")
    patent, assignee = metadata.tables["patents.patent"], metadata.tables["patents.assignee"]
    query = (
        sa.select(assignee.c.organization, sa.func.count().label("n"), sa.func.max(patent.c.grant_date))
        .join_from(patent, assignee, patent.c.patent_id == assignee.c.patent_id)
        .where(patent.c.grant_date.between(sa.func.make_date(2008, 1, 1), sa.text("DATE '2012-12-31'")))
        .where(assignee.c.organization.ilike("%corp%"), patent.c.kind.in_(["B1", "B2"]))
        .group_by(assignee.c.organization)
        .having(sa.func.count() > 2)
        .order_by(sa.desc("n"), assignee.c.organization)
        .limit(20)
        .offset(1)
    )
    rows = connection.execute(query).all()
    table = sa.Table("kinds", sa.MetaData(), autoload_with=connection, schema="clients")
    numbers = connection.execute(
        sa.select(table.c.id, table.c.numbers[1], table.c.amount)
        .where(table.c.numbers.is_not(None))
        .order_by(table.c.id)
    ).all()
    return repr(rows), repr(numbers)


@pytest.mark.parametrize("driver", DRIVERS)
def test_expressions(server: LiveServer, oracle: Oracle, driver: str) -> None:
    results = []
    for place in (server, oracle):
        engine = sa.create_engine(url(place, driver))
        with engine.connect() as connection:
            results.append(reflected_result(connection))
        engine.dispose()
    assert results[0] == results[1]


def test_async_engine(server: LiveServer, oracle: Oracle) -> None:
    async def run(place: Place) -> object:
        engine = create_async_engine(url(place, "asyncpg"), connect_args={"ssl": False})
        async with engine.connect() as connection:
            reflected = await connection.run_sync(lambda c: report(sa.inspect(c)))
            result = await connection.run_sync(reflected_result)
            sql = sa.text("SELECT patent_id FROM patent WHERE grant_year = :year ORDER BY 1")
            streamed = [row async for row in await connection.stream(sql, {"year": 2007})]
        await engine.dispose()
        return reflected, result, streamed

    assert asyncio.run(run(server)) == asyncio.run(run(oracle))


def test_streaming(server: LiveServer, oracle: Oracle) -> None:
    """yield_per uses a named cursor."""
    results = []
    for place in (server, oracle):
        engine = sa.create_engine(url(place, "psycopg"))
        with engine.connect().execution_options(yield_per=1000) as connection:
            result = connection.execute(sa.text("SELECT * FROM inventor ORDER BY 1, 2, 3"))
            results.append([tuple(row) for part in result.partitions() for row in part])
        engine.dispose()
    assert results[0] == results[1]
    assert len(results[0]) == 19_480


@pytest.mark.parametrize("driver", DRIVERS)
def test_pandas(server: LiveServer, oracle: Oracle, driver: str) -> None:
    sql = "SELECT * FROM google_full WHERE grant_year = %(year)s ORDER BY publication_number"
    frames = []
    for place in (server, oracle):
        engine = sa.create_engine(url(place, driver))
        wide = pd.read_sql(sql, engine, params={"year": 2008}, parse_dates=["grant_date"])
        kinds = pd.read_sql_table("kinds", engine, schema="clients").sort_values("id", ignore_index=True)
        chunks = pd.read_sql("SELECT * FROM patents.cpc ORDER BY 1, 2, 4", engine, chunksize=50_000)
        frames.append((wide, kinds, pd.concat(chunks)))
        engine.dispose()
    for ours, theirs in zip(*frames, strict=True):
        pd.testing.assert_frame_equal(ours, theirs)
    assert len(frames[0][2]) == 184_022
