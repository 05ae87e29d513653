"""Several Thrift Servers over one metastore, behind one door.

Rules: a session opens on the server that has the fewest sessions from here, of those that answered last; one that does
not answer is left alone for a while, ever longer, and is asked again before nobody is; whoever meets EngineUnavailable
on a session opens another one, which is then elsewhere.  After a refusal no other is asked: all know the same users.
Leaves out: sessions of other clients of these servers; nothing moves while a session lives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final
from weakref import WeakSet

from spark_thrift.client import Endpoint, SparkClient
from spark_thrift.errors import EngineRefused, EngineUnavailable
from spark_thrift.session import SparkSession

PAUSE_S: Final = 0.5
PAUSE_MAX_S: Final = 30.0


@dataclass(slots=True, eq=False)
class SparkServer:
    """One of them.  Units: `out_until` on the monotonic clock."""

    client: SparkClient
    sessions: WeakSet[SparkSession] = field(default_factory=WeakSet)
    failures: int = 0
    out_until: float = 0.0

    @property
    def endpoint(self) -> Endpoint:
        return self.client.endpoint

    @property
    def address(self) -> str:
        return f"{self.endpoint.host}:{self.endpoint.port}"

    @property
    def open(self) -> int:
        """Sessions from here."""
        return sum(not session.broken for session in self.sessions)

    @property
    def running(self) -> int:
        """Statements from here."""
        return sum(session.running for session in self.sessions)

    async def open_session(
        self, user: str, conf: Mapping[str, str] | None = None, *, deadline_s: float | None = None
    ) -> SparkSession:
        """As SparkClient's; remembers how it went."""
        try:
            session = await self.client.open_session(user, conf, deadline_s=deadline_s)
        except EngineRefused:
            raise
        except EngineUnavailable:
            self.failures += 1
            pause_s = min(PAUSE_S * 2 ** min(self.failures, 10), PAUSE_MAX_S)
            self.out_until = monotonic() + pause_s
            raise
        self.failures, self.out_until = 0, 0.0
        self.sessions.add(session)
        return session


class SparkServers:
    """Shapes: at least one client; the first is the one that an embedded server's owner looks after."""

    def __init__(self, clients: Sequence[SparkClient]) -> None:
        self.all = tuple(SparkServer(client) for client in clients)

    async def open_session(
        self, user: str, conf: Mapping[str, str] | None = None, *, deadline_s: float | None = None
    ) -> SparkSession:
        """On one that answers.  Raises: as SparkClient's, when none does as the last of them."""
        failed: EngineUnavailable | None = None
        for server in self._in_turn():
            try:
                return await server.open_session(user, conf, deadline_s=deadline_s)
            except EngineRefused:
                raise
            except EngineUnavailable as error:
                failed = error
        assert failed is not None
        raise failed

    async def close(self) -> None:
        """See SparkClient."""
        await asyncio.gather(*(server.client.close() for server in self.all))

    def _in_turn(self) -> list[SparkServer]:
        now = monotonic()
        return sorted(self.all, key=lambda server: (max(server.out_until - now, 0.0), server.open))
