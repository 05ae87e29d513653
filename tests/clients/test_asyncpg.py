"""asyncpg: everything prepared and binary, types looked up in the catalogue, cursors, a pool, time-outs."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from tests.clients.place import Oracle, Place
from tests.clients.queries import ENDLESS, QUERIES
from tests.live import LiveServer

VALUES: dict[str, object] = {
    "flag": True,
    "tiny": -128,
    "small": 32767,
    "number": 3,
    "big": 4,
    "single": 1.5,
    "double": 1e100,
    "amount": Decimal("99999999.99"),
    "huge": Decimal("0.0000000001"),
    "word": "näïve ☃ 𝄞\ttab\nline",
    "short": "ünïcödé",
    "code": "äöü",
    "bytes": b"\xde\xad\xbe\xef",
    "day": dt.date(2024, 2, 29),
    "instant": dt.datetime(1900, 1, 1, tzinfo=dt.UTC),
    "moment": dt.datetime(1582, 10, 4, 23, 59, 59, 999999),
    "span": dt.timedelta(microseconds=1),
    "numbers": [1, 2, 3],
    "words": ["a", "b c", '"q"'],
    "amounts": [Decimal("1.50"), Decimal("-2.25")],
    "days": [dt.date(2000, 1, 1)],
}
"""Column of clients.kinds: a value that a row of it has."""


async def connect(place: Place, **options: Any) -> asyncpg.Connection:
    return await asyncpg.connect(
        host=place.host, port=place.port, user=place.user, database=place.database, ssl=False, **options
    )


async def same_on(
    places: tuple[Place, Place], run: Callable[[asyncpg.Connection], Awaitable[object]]
) -> object:
    results = []
    for place in places:
        connection = await connect(place)
        try:
            results.append(await run(connection))
        finally:
            await connection.close()
    assert repr(results[0]) == repr(results[1])
    return results[0]


async def test_queries(server: LiveServer, oracle: Oracle) -> None:
    """All on one connection, and some a second time, out of the statement cache."""

    async def run(connection: asyncpg.Connection) -> object:
        results = [await connection.fetch(sql) for sql in QUERIES.values()]
        again = ("without a table", "the catalogue", "count", "bigints")
        return results, [await connection.fetch(QUERIES[name]) for name in again]

    await same_on((server, oracle), run)


async def test_attributes_of_a_prepared_statement(server: LiveServer, oracle: Oracle) -> None:
    async def run(connection: asyncpg.Connection) -> object:
        statement = await connection.prepare(
            "SELECT * FROM clients.kinds WHERE id = $1 AND words = $2 AND day < $3"
        )
        return statement.get_attributes(), statement.get_parameters()

    await same_on((server, oracle), run)


@pytest.mark.parametrize("column", VALUES)
async def test_parameter(server: LiveServer, oracle: Oracle, column: str) -> None:
    async def run(connection: asyncpg.Connection) -> object:
        sql = f"SELECT id, {column} FROM clients.kinds WHERE {column} = $1 ORDER BY id"
        return await connection.fetch(sql, VALUES[column])

    assert await same_on((server, oracle), run) != []


async def test_parameters_in_an_array(server: LiveServer, oracle: Oracle) -> None:
    async def run(connection: asyncpg.Connection) -> object:
        years = await connection.fetch(
            "SELECT grant_year, count(*) FROM patent WHERE grant_year = ANY($1::int[]) GROUP BY 1 ORDER BY 1",
            [2006, 2007, 2010],
        )
        kinds = await connection.fetch(
            "SELECT kind, count(*) FROM patent WHERE kind = ANY($1) GROUP BY 1 ORDER BY 1",
            ["B1", "B2", "it's"],
        )
        return years, kinds

    await same_on((server, oracle), run)


async def test_cursor(server: LiveServer, oracle: Oracle) -> None:
    async def run(connection: asyncpg.Connection) -> object:
        sql = "SELECT patent_id, sequence, name FROM inventor WHERE sequence < $1 ORDER BY 1, 2, 3"
        async with connection.transaction():
            cursor = await connection.cursor(sql, 3)
            head = await cursor.fetch(10)
            skipped = await cursor.forward(90)
            after = await cursor.fetchrow()
            rows = [row async for row in connection.cursor(sql, 2, prefetch=500)]
        return head, skipped, after, rows

    await same_on((server, oracle), run)


async def test_copy_from_query(server: LiveServer, oracle: Oracle) -> None:
    async def run(connection: asyncpg.Connection) -> object:
        out = io.BytesIO()
        tag = await connection.copy_from_query(
            "SELECT * FROM cpc ORDER BY 1, 2, 4 LIMIT 5000", output=out, format="csv"
        )
        return tag, out.getvalue()

    await same_on((server, oracle), run)


async def test_transactions(server: LiveServer, oracle: Oracle) -> None:
    async def run(connection: asyncpg.Connection) -> object:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            with pytest.raises(asyncpg.UndefinedColumnError) as caught:
                async with connection.transaction():
                    await connection.fetch("SELECT nothing FROM patent")
            inside = await connection.fetchval("SELECT count(*) FROM patent")
        return caught.value.sqlstate, caught.value.position, inside, connection.is_in_transaction()

    await same_on((server, oracle), run)


async def test_timeout_cancels(server: LiveServer) -> None:
    connection = await connect(server)
    with pytest.raises(TimeoutError):
        await connection.fetch(ENDLESS, timeout=2)
    assert await connection.fetchval("SELECT count(*) FROM inventor") == 19_480
    await connection.close()


async def test_cancelled_task(server: LiveServer) -> None:
    connection = await connect(server)
    task = asyncio.create_task(connection.fetch(ENDLESS))
    await asyncio.sleep(1.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


async def test_pool(server: LiveServer, oracle: Oracle) -> None:
    """Between two users of a connection the pool resets it with several statements in one query."""

    async def run(place: Place) -> object:
        options: dict[str, Any] = {"user": place.user, "database": place.database, "ssl": False}
        async with asyncpg.create_pool(
            host=place.host, port=place.port, min_size=1, max_size=3, **options
        ) as pool:
            async with pool.acquire() as connection:
                await connection.execute("SET TimeZone = 'Asia/Tokyo'")
            sql = "SELECT count(*) FROM google_full WHERE grant_year = $1"
            counts = await asyncio.gather(*(pool.fetchval(sql, year) for year in range(2005, 2015)))
            return counts, await pool.fetchval("SHOW TimeZone")

    assert await run(server) == await run(oracle)


async def test_infinity_is_refused(server: LiveServer) -> None:
    """asyncpg sends date.max as infinity, which Spark's dates don't have."""
    connection = await connect(server)
    with pytest.raises(asyncpg.FeatureNotSupportedError, match='"infinity" is not supported'):
        await connection.fetch("SELECT id FROM clients.kinds WHERE day = $1", dt.date.max)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


async def test_settings_of_the_connection(server: LiveServer, oracle: Oracle) -> None:
    for place in (server, oracle):
        connection = await connect(
            place, server_settings={"application_name": "täst", "TimeZone": "Asia/Tokyo"}
        )
        assert await connection.fetchval("SHOW application_name") == r"t\xc3\xa4st"
        assert connection.get_settings().TimeZone == "Asia/Tokyo"
        assert connection.get_server_version().major == 18
        await connection.close()
