"""Fixtures that any test may ask for: the sample data's folders and one real Spark for the whole run.

A test that cannot run says what is missing; in CI (environment variable CI) that is a failure.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from spark_thrift.client import SparkClient, SparkSession
from spark_thrift.errors import JavaMissing
from spark_thrift.launcher import EmbeddedSpark
from spark_thrift.sample import load_sample
from spark_thrift.transport import Endpoint

ROOT = Path(__file__).parent.parent


def missing(what: str) -> None:
    """Skip the test, or fail it where everything has to be there."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def streamlink_data() -> Path:
    """The folder of evaluation data, which the product itself never needs."""
    folder = Path(os.environ.get("STREAMLINK_DATA", ROOT / ".." / "shared" / "data")).resolve()
    if not folder.is_dir():
        missing(f"no evaluation data at {folder}: name its folder in STREAMLINK_DATA")
    return folder


@pytest.fixture(scope="session")
def sample_folder() -> Path:
    """The parquet files that ship."""
    return ROOT / "conf" / "sample"


@pytest.fixture(scope="session")
def spark_engine(tmp_path_factory: pytest.TempPathFactory, sample_folder: Path) -> Iterator[EmbeddedSpark]:
    """One embedded Spark for the whole run, with the sample in schema `patents`.  Do not stop or kill it."""
    engine = EmbeddedSpark(tmp_path_factory.mktemp("spark"), memory="2g")
    # A loop of its own: the engine outlives the loops of the tests.
    with asyncio.Runner() as runner:
        try:
            runner.run(engine.start())
        except JavaMissing as error:
            missing(error.message)
        try:
            runner.run(_load(engine.endpoint, sample_folder))
            yield engine
        finally:
            runner.run(engine.stop())


async def _load(endpoint: Endpoint, folder: Path) -> None:
    client = SparkClient(endpoint)
    session = await client.open_session("loader")
    try:
        await load_sample(session, folder, "patents")
    finally:
        await session.close()
        await client.close()


@pytest.fixture(scope="session")
def spark_endpoint(spark_engine: EmbeddedSpark) -> Endpoint:
    return spark_engine.endpoint


@pytest.fixture
async def spark_client(spark_endpoint: Endpoint) -> AsyncIterator[SparkClient]:
    client = SparkClient(spark_endpoint)
    yield client
    await client.close()


@pytest.fixture
async def spark_session(spark_client: SparkClient) -> AsyncIterator[SparkSession]:
    session = await spark_client.open_session("tester")
    yield session
    await session.close()
