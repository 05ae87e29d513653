"""A bare PostgreSQL 18 and a connection to it, for tests that ask it how a value looks."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from proxy.mirror.server import OWNER, PORT, MirrorServer


@contextmanager
def running_postgresql() -> Iterator[psycopg.Connection[Any]]:
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    server = MirrorServer(folder, connections=10)
    with asyncio.Runner() as runner:
        runner.run(server.start())
        try:
            where = f"host={server.socket_dir} port={PORT} user={OWNER} dbname={server.database}"
            with psycopg.connect(where, autocommit=True) as connection:
                yield connection
        finally:
            runner.run(server.stop())
            shutil.rmtree(folder, ignore_errors=True)
