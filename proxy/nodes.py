"""Which parts of the server answer: Spark, the mirror and the language models' nodes.

Spark is asked on a session of its own and the mirror on a new connection, every few seconds, and at once after a
statement has lost one of them.  A node of a language model is up while it takes connections and the last question that
it got was answered.  What was found is shown (relations.py, http.py) and changes nothing: statements find out for
themselves.

Units: times in seconds since the epoch.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from proxy.mirror.errors import MirrorUnavailable
from spark_thrift.errors import EngineError
from spark_thrift.servers import SparkServer
from spark_thrift.session import SparkSession

if TYPE_CHECKING:
    from nl_frontend.client import NodeClient
    from proxy.service import Service

log = logging.getLogger("streamlink.nodes")

LOOK_S = 5.0
ANSWER_S = 5.0
"""What a part may take to answer; then it counts as down."""
State = Literal["up", "down", "starting"]


@dataclass(slots=True)
class Node:
    """One part as it was found last."""

    name: str
    kind: Literal["spark", "mirror", "model", "judge"]
    address: str
    state: State = "starting"
    since: float = field(default_factory=time.time)
    in_flight: int = 0
    last_error: str | None = None
    last_error_at: float | None = None

    def found(self, state: State, error: str | None = None) -> None:
        if state != self.state:
            self.state, self.since = state, time.time()
        if error is not None:
            self.last_error, self.last_error_at = error, time.time()


class Nodes:
    """One server's parts."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._sparks: dict[SparkServer | None, Node] = {}
        self._pings: dict[SparkServer, SparkSession] = {}
        self._mirror = Node("mirror", "mirror", service.mirror.address)
        self._models: dict[tuple[str, int], Node] = {}
        self._reached: dict[str, bool] = {}
        self._again = asyncio.Event()

    def all(self) -> list[Node]:
        """As they are now, as far as that is known without asking."""
        self._mirror.in_flight = self._service.mirror.pool.lent
        return [*self._sparks_now().values(), self._mirror, *self._models_now()]

    def lost(self, error: BaseException) -> None:
        """A statement ended because a part did not answer."""
        sparks = self._sparks_now().values()
        lost = [self._mirror] if isinstance(error, MirrorUnavailable) else list(sparks)
        if len(lost) == 1:  # of several it is not known which
            lost[0].found(lost[0].state, type(error).__name__)
        log.info("a statement has lost %s: %s", lost[0].kind, type(error).__name__)
        self._again.set()

    async def run(self) -> None:
        """Look at them until cancelled."""
        try:
            while True:
                self._again.clear()
                try:
                    await self.look()
                except Exception:
                    log.exception("the parts could not be looked at")
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._again.wait()
        finally:
            await asyncio.gather(*(session.close() for session in self._pings.values()))

    async def look(self) -> None:
        """Ask each of them."""
        urls = {node.address for node in self._models_now() if node.address}
        sparks = [self._look_at_spark(server, node) for server, node in self._sparks_now().items() if server]
        await asyncio.gather(*sparks, self._look_at_mirror(), *map(self._look_at_url, urls))

    def _sparks_now(self) -> dict[SparkServer | None, Node]:
        """By server; one for None while there is none yet."""
        servers = self._service.engine.servers
        if servers is None:
            return {None: Node("spark", "spark", "")}
        for at, server in enumerate(servers.all, 1):
            name = "spark" if len(servers.all) == 1 else f"spark {at}"
            node = self._sparks.setdefault(server, Node(name, "spark", ""))
            node.address, node.in_flight = server.address, server.running
        return self._sparks

    async def _look_at_spark(self, server: SparkServer, node: Node) -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                session = self._pings.get(server)
                if session is None or session.broken:
                    session = self._pings[server] = await server.open_session("streamlink")
                await session.ping()
        except (EngineError, TimeoutError) as error:
            node.found("starting" if self._service.engine.restarting else "down", type(error).__name__)
            if (session := self._pings.pop(server, None)) is not None:
                await session.close()
        else:
            node.found("up")

    async def _look_at_mirror(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_S), self._service.mirror.admin() as admin:
                await admin.fetchval("SELECT 1")
        except Exception as error:
            self._mirror.found("down", type(error).__name__)
        else:
            self._mirror.found("up")

    async def _look_at_url(self, url: str) -> None:
        place = urlsplit(url)
        self._reached[url] = False
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                port = place.port or (443 if place.scheme == "https" else 80)
                _, writer = await asyncio.open_connection(place.hostname, port)
            writer.close()
            self._reached[url] = True

    def _models_now(self) -> Iterable[Node]:
        front_end, judging = self._service.model.front_end, self._service.judging
        if front_end is not None:
            yield from self._nodes_of("model", front_end.client)
        if judging.begun:
            yield from self._nodes_of("judge", judging.client)

    def _nodes_of(self, kind: Literal["model", "judge"], client: NodeClient) -> Iterable[Node]:
        seen = client.seen()
        for at, each in enumerate(seen):
            name = kind if len(seen) == 1 else f"{kind} {at + 1}"
            node = self._models.setdefault((kind, at), Node(name, kind, ""))
            node.address = each.url or ""
            if each.url is None:
                state: State = "starting" if each.coming else "down"
            else:
                state = "up" if not each.failures and self._reached.get(each.url, True) else "down"
            node.found(state)
            node.in_flight, node.last_error, node.last_error_at = each.in_flight, each.error, each.error_at
            yield node
