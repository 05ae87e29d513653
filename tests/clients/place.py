"""Where a client connects: the server that is tested, or the oracle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tests.live import DATABASE

USER = "demo"


class Place(Protocol):
    """What LiveServer and Oracle have in common."""

    host: str
    port: int
    user: str
    database: str

    @property
    def conninfo(self) -> str: ...


@dataclass
class Oracle:
    """A real PostgreSQL that looks like the server to a client."""

    host: str
    port: int
    user: str = USER
    database: str = DATABASE

    @property
    def conninfo(self) -> str:
        return f"host={self.host} port={self.port} user={self.user} dbname={self.database}"


def libpq_environment(place: Place) -> dict[str, str]:
    """The place as libpq's variables, for programs that take it from there."""
    return {
        "PGHOST": place.host,
        "PGPORT": str(place.port),
        "PGUSER": place.user,
        "PGDATABASE": place.database,
    }
