"""A live server that lets `writer` write, for each way of carrying rows to Spark, and a real PostgreSQL beside it.

Both have the schema `w` first in their search_path, and each test makes and drops its own tables there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from spark_thrift.client import SparkClient
from spark_thrift.transport import Endpoint
from tests.live import LiveServer, over, start_server
from tests.postgres import running_postgres

HERE = Path(__file__).parent
POLICY = """
default_roles = ["reader"]
[users]
writer = ["writer"]
inserter = ["inserter"]
[roles.reader]
read = ["*.*"]
[roles.inserter]
read = ["*.*"]
write = { insert = ["w.*"] }
[roles.writer]
read = ["*.*"]
# A UNION with a row of constants, as some statements here have it, looks like a probe.
injection = { deny_at = 1.1 }
[roles.writer.write]
insert = ["*.*"]
"create table" = ["*.*"]
"create view" = ["*.*"]
"create schema" = ["*"]
alter = ["*.*"]
drop = ["*.*", "*"]
truncate = ["*.*"]
analyze = ["*.*"]
"""
"""`writer` may do everything, `inserter` may INSERT into `w.*` alone; everybody else reads."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.client)
            item.add_marker(pytest.mark.spark)


@dataclass(frozen=True)
class Place:
    """Where a statement can be run: our server or the oracle."""

    conninfo: str
    live: LiveServer | None = None

    def connect(self, user: str = "writer", **options: object) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(f"{self.conninfo} user={user}", autocommit=True, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def oracle() -> Iterator[Place]:
    with running_postgres() as port:
        admin = f"host=127.0.0.1 port={port} dbname=postgres"
        with psycopg.connect(f"{admin} user=postgres", autocommit=True) as connection:
            connection.execute("CREATE ROLE writer SUPERUSER LOGIN")
            connection.execute("CREATE SCHEMA w")
            connection.execute("ALTER DATABASE postgres SET search_path = w")
        yield Place(admin)


@pytest.fixture(scope="session", params=["statement", "file"])
def server(
    request: pytest.FixtureRequest, spark_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """Rows travel inside the statements, or in a file on a disk that Spark reads."""
    asyncio.run(run_on_spark(spark_endpoint, "DROP SCHEMA IF EXISTS w CASCADE", "CREATE SCHEMA w"))
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "policy.toml").write_text(POLICY)
    live = start_server(
        folder,
        policy={"file": folder / "policy.toml"},
        auth={"rules": ["host all demo,writer,inserter loopback trust"]},
        session={"search_path": ["w", "default"]},
        spark={**over(spark_endpoint, folder), "shares_disk": request.param == "file"},
    )
    try:
        yield Place(f"host={live.host} port={live.port} dbname={live.database}", live)
    finally:
        live.stop()
        asyncio.run(run_on_spark(spark_endpoint, "DROP SCHEMA IF EXISTS w CASCADE"))


async def run_on_spark(endpoint: Endpoint, *commands: str) -> list[tuple[str | None, ...]]:
    """The rows of the last command."""
    client = SparkClient(endpoint)
    session = await client.open_session("tester")
    rows: list[tuple[str | None, ...]] = []
    for command in commands:
        rows = await session.run_command(command)
    await session.close()
    await client.close()
    return rows
