"""A real embedded mirror, one for all tests of this folder."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from proxy.mirror import Mirror, MirrorOptions
from proxy.ports import Column, Table

SAMPLE = (
    Table(
        "patents",
        "patent",
        "table",
        (
            Column("id", "string", "publication number"),
            Column("granted", "date"),
            Column("claims", "int"),
            Column("fee", "decimal(12,2)"),
            Column("tags", "array<string>"),
        ),
        "one row a patent; it's real",
    ),
    Table("patents", "recent", "view", (Column("id", "string"), Column("code", "varchar(12)"))),
    Table("default", "events", "table", (Column("at", "timestamp"), Column("what", "map<string,int>"))),
)


@pytest.fixture(scope="session")
def sample_tables() -> tuple[Table, ...]:
    return SAMPLE


@pytest.fixture(scope="session")
def mirror_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="mirror-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mirror(mirror_dir: Path) -> AsyncIterator[Mirror]:
    """Started and in step with SAMPLE; its supervision runs beside the tests."""
    running = Mirror(MirrorOptions(mirror_dir, search_path=("patents", "default"), connections=12))
    await running.start()
    try:
        await running.sync(SAMPLE)
        async with asyncio.TaskGroup() as group:
            supervision = group.create_task(running.supervise())
            yield running
            supervision.cancel()
    finally:
        await running.stop()
