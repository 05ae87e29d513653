"""The oracle of the transcripts: a real PostgreSQL with a user who needs a password."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.postgres import running_postgres
from tests.transcripts.harness import Target

_HBA = """\
host all scram_user 127.0.0.1/32 scram-sha-256
host all all        127.0.0.1/32 trust
"""


@pytest.fixture(scope="session")
def oracle() -> Iterator[Target]:
    """Superuser `postgres` by trust; `scram_user` with the password `secret`."""
    with running_postgres(_HBA) as port:
        target = Target("127.0.0.1", port, features=frozenset({"trust", "scram", "plaintext", "write"}))
        where = f"host={target.host} port={target.port} user=postgres dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute("CREATE ROLE scram_user LOGIN PASSWORD 'secret'")
        yield target
