"""The asyncio client of a HiveServer2, as Spark's Thrift Server is one.

Rules: one client per engine and event loop; each session has a connection of its own, because the engine
ends a session with its connection.  Nothing here retries: a caller that meets EngineUnavailable opens
another session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Final, TypeVar

from spark_thrift.deadline import Deadline
from spark_thrift.errors import EngineUnavailable
from spark_thrift.framing import FRAME_LIMIT_BYTES
from spark_thrift.gen.TCLIService import ttypes as t
from spark_thrift.messages import decode_reply, encode_call
from spark_thrift.reaper import Reaper
from spark_thrift.session import SparkSession
from spark_thrift.transport import Endpoint, Transport, connect

__all__ = ["Endpoint", "SparkClient", "SparkSession"]

_CONTROL_USER: Final = "streamlink"
_T = TypeVar("_T")


class SparkClient:
    """Opens sessions and owns what stops their statements.

    Units: `fetch_rows` is the most rows asked for at once; 10,000 is where Spark's rate levels off.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        fetch_rows: int = 10_000,
        incremental_collect: bool = True,
        timezone: str = "UTC",
        connect_timeout_s: float = 10.0,
        frame_limit_bytes: int = FRAME_LIMIT_BYTES,
    ) -> None:
        self.endpoint = endpoint
        self._fetch_rows = fetch_rows
        self._connect_timeout_s = connect_timeout_s
        self._frame_limit_bytes = frame_limit_bytes
        self._reaper = Reaper(lambda: self._connect(_CONTROL_USER))
        self._conf = {
            # What makes Spark read SQL as PostgreSQL's clients mean it.
            "spark.sql.ansi.enabled": "true",
            "spark.sql.ansi.doubleQuotedIdentifiers": "true",
            # Rows leave one partition at a time: ten million pass through a heap of 1 GB.
            "spark.sql.thriftServer.incrementalCollect": str(incremental_collect).lower(),
            "spark.sql.session.timeZone": timezone,
        }

    async def open_session(
        self, user: str, conf: Mapping[str, str] | None = None, *, deadline_s: float | None = None
    ) -> SparkSession:
        """A new session of `user`, with Spark settings on top of this client's own.

        Raises: EngineUnavailable, EngineRefused (28000), DeadlineExceeded, SparkError for a setting that
        Spark refuses.
        """
        async with Deadline(deadline_s).enforced():
            transport = await self._connect(user)
            try:
                configuration = {f"set:hiveconf:{k}": v for k, v in {**self._conf, **(conf or {})}.items()}
                if self.endpoint.proxy_users:
                    configuration["hive.server2.proxy.user"] = user
                request = t.TOpenSessionReq(
                    client_protocol=t.TProtocolVersion.HIVE_CLI_SERVICE_PROTOCOL_V10,
                    username=user,
                    password=self.endpoint.password,
                    configuration=configuration,
                )
                (reply,) = transport.ask(encode_call("OpenSession", request))
                response = decode_reply("OpenSession", await self._in_time(reply))
            except BaseException:
                transport.abort()
                raise
        return SparkSession(transport, self._reaper, response.sessionHandle, user, self._fetch_rows)

    async def close(self) -> None:
        """Finish stopping what was abandoned, and let go.  Sessions are closed by their owners."""
        await self._reaper.aclose()

    async def _connect(self, user: str) -> Transport:
        return await self._in_time(connect(self.endpoint, user, frame_limit_bytes=self._frame_limit_bytes))

    async def _in_time(self, answer: Awaitable[_T]) -> _T:
        """An engine that accepts connections and then says nothing is as dead as one that does not."""
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                return await answer
        except TimeoutError:
            where = f"{self.endpoint.host}:{self.endpoint.port}"
            raise EngineUnavailable(f"the engine at {where} does not answer") from None
