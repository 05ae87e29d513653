"""One live server and one real PostgreSQL with the same data, for every client.

`server` and `oracle` are both a `Place`: the same client code runs against either, and what it returns must be equal.
The data are the sample patents (schema `patents`) and `clients.kinds`, one column of each kind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from spark_thrift.client import SparkClient
from spark_thrift.transport import Endpoint
from spark_thrift.types import pg_type
from tests.clients.place import USER, Oracle
from tests.live import DATABASE, LiveServer, over, start_server
from tests.postgres import running_postgres

HERE = Path(__file__).parent
SEARCH_PATH = 'patents, "default"'


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.client)
            item.add_marker(pytest.mark.spark)


@pytest.fixture(scope="session")
def oracle(sample_folder: Path) -> Iterator[Oracle]:
    with running_postgres() as port:
        admin = f"host=127.0.0.1 port={port} user=postgres"
        with psycopg.connect(f"{admin} dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {USER} LOGIN")
            connection.execute(f"CREATE DATABASE {DATABASE}")
            connection.execute(f"ALTER DATABASE {DATABASE} SET search_path = {SEARCH_PATH}")
        with psycopg.connect(f"{admin} dbname={DATABASE}") as connection:
            for schema in ("patents", "clients", '"default"'):
                connection.execute(f"CREATE SCHEMA {schema}")
                connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {USER}")
            load_patents(connection, sample_folder)
            connection.execute((HERE / "kinds.postgres.sql").read_text("utf-8"))
            for schema in ("patents", "clients"):
                connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {USER}")
        yield Oracle("127.0.0.1", port)


def load_patents(connection: psycopg.Connection[tuple[object, ...]], folder: Path) -> None:
    """The sample's tables, as load_sample makes them of the same files in Spark."""
    tables = {file.stem: pyarrow.parquet.read_table(file) for file in sorted(folder.glob("*.parquet"))}
    wide = tables["google_full"].select(["publication_number", "abstract"])
    position = tables["patent"].column_names.index("title") + 1
    joined = tables["patent"].join(wide, "publication_number")
    order = tables["patent"].column_names
    tables["patent"] = joined.select([*order[:position], "abstract", *order[position:]])
    for name, table in tables.items():
        columns = ", ".join(f"{field.name} {pg_type(spark_type(field.type)).name}" for field in table.schema)
        connection.execute(f"CREATE TABLE patents.{name} ({columns})")
        text = pa.BufferOutputStream()
        pyarrow.csv.write_csv(table, text, pyarrow.csv.WriteOptions(include_header=False))
        with connection.cursor().copy(f"COPY patents.{name} FROM STDIN (FORMAT csv)") as copy:
            copy.write(text.getvalue())


def spark_type(arrow: pa.DataType) -> str:
    """What Spark makes of a parquet column."""
    names = {"string": "string", "int32": "int", "int64": "bigint", "bool": "boolean", "date32[day]": "date"}
    return names[str(arrow)]


@pytest.fixture(scope="session")
def server(spark_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """`streamlink-sql serve` over the run's Spark: demo comes in by trust, alice with a password, TLS is on."""
    asyncio.run(
        run_on_spark(spark_endpoint, "DROP SCHEMA IF EXISTS clients CASCADE", "CREATE SCHEMA clients")
    )
    script = (HERE / "kinds.spark.sql").read_text("utf-8")
    asyncio.run(run_on_spark(spark_endpoint, *script.split(";\n")))
    folder = tmp_path_factory.mktemp("server")
    live = start_server(folder, spark=over(spark_endpoint, folder))
    try:
        yield live
    finally:
        live.stop()
        asyncio.run(run_on_spark(spark_endpoint, "DROP SCHEMA IF EXISTS clients CASCADE"))


async def run_on_spark(endpoint: Endpoint, *commands: str) -> None:
    client = SparkClient(endpoint)
    session = await client.open_session("tester")
    for command in commands:
        await session.run_command(command)
    await session.close()
    await client.close()
