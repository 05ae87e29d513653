"""Servers that share a mirror: they know each other's sessions, and pass on cancels and signals for them.

A CancelRequest is a connection of its own, and behind a balancer it may arrive at another server than its session's;
so may the connection on which a tool calls pg_cancel_backend.  Each server writes its sessions to a row of its own, and
what it is asked to do to a session that is not here to a table that all of them read when they are notified.

Rules: only the mirror's owner reads and writes the two tables, so no client can signal past the checks of the server
that it is connected to; a cancel key is passed on as a digest; what cannot be passed on at once, because the mirror is
away or there is too much, is dropped, as a network drops a CancelRequest; a server that has said nothing for GONE_S is
gone, and its sessions with it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import secrets
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proxy.followed import sayable
from proxy.mirror.roles import STATE_SCHEMA
from proxy.mirror.state import PEERS_CHANNEL

if TYPE_CHECKING:
    from proxy.mirror import Mirror
    from proxy.registry import Registry

log = logging.getLogger("streamlink.peers")

LOOK_S = 1.0
GONE_S = 10.0
KEPT_S = 60
RETRY_S = 1.0
WAITING_MAX = 100
"""Requests to pass on: who floods us with CancelRequests does not flood the mirror."""

_SAY = f"""
    INSERT INTO {STATE_SCHEMA}.peer (id, seen, sessions) VALUES ($1, now(), $2::jsonb)
    ON CONFLICT (id) DO UPDATE SET seen = now(), sessions = excluded.sessions"""
_HEAR = f"""
    SELECT sessions FROM {STATE_SCHEMA}.peer WHERE id <> $1 AND seen > now() - make_interval(secs => {GONE_S})"""
_ASK = f"""
    INSERT INTO {STATE_SCHEMA}.peer_request (asker, what, pid, proof, username, everybody)
    VALUES ($1, $2, $3, $4, $5, $6)"""
_ASKED = f"""
    SELECT id, what, pid, proof, username, everybody FROM {STATE_SCHEMA}.peer_request
    WHERE id > $1 AND asker <> $2 ORDER BY id"""
_CLEAN = f"""
    DELETE FROM {STATE_SCHEMA}.peer_request WHERE at < now() - make_interval(secs => {KEPT_S});
    DELETE FROM {STATE_SCHEMA}.peer WHERE seen < now() - make_interval(secs => {KEPT_S})"""


@dataclass(frozen=True, slots=True)
class Request:
    """`what` is "cancel", with the proof of a key, or a function of signals.py, with who called it."""

    what: str
    pid: int
    proof: bytes = b""
    username: str = ""
    everybody: bool = False


class Peers:
    """The others, as one server knows them."""

    def __init__(self, mirror: Mirror, registry: Registry) -> None:
        self._mirror = mirror
        self._registry = registry
        self._id = uuid.uuid4()
        self._waiting: deque[Request] = deque(maxlen=WAITING_MAX)
        self._woken = asyncio.Event()
        self._sessions: list[Mapping[str, Any]] = []
        self._said: str | None = None

    def sessions(self) -> Iterable[Mapping[str, Any]]:
        """Rows of relations.py, of the sessions of all others as they were a second ago."""
        return self._sessions

    def ask(self, request: Request) -> None:
        self._waiting.append(request)
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled; then the others are told that there is nobody here."""
        failing = False
        try:
            while True:
                try:
                    async with self._mirror.admin() as admin:
                        await admin.add_listener(PEERS_CHANNEL, lambda *_: self._woken.set())
                        admin.add_termination_listener(lambda *_: self._woken.set())
                        await self._follow(admin)
                except Exception as error:
                    if not failing:
                        log.warning("other servers cannot be heard: %s", type(error).__name__)
                    failing = True
                    self._waiting.clear()
                    await asyncio.sleep(RETRY_S)
                else:
                    failing = False
        finally:
            await self._leave()

    async def _follow(self, admin: Any) -> None:
        last = await admin.fetchval(f"SELECT coalesce(max(id), 0) FROM {STATE_SCHEMA}.peer_request")
        beats = 0
        while True:
            self._woken.clear()
            while self._waiting:
                each = self._waiting.popleft()
                await admin.execute(
                    _ASK, self._id, each.what, each.pid, each.proof, each.username, each.everybody
                )
            await self._say(admin, beats)
            for row in await admin.fetch(_ASKED, last, self._id):
                last = row["id"]
                self._do(
                    Request(row["what"], row["pid"], row["proof"] or b"", row["username"], row["everybody"])
                )
            self._sessions = [
                session
                for row in await admin.fetch(_HEAR, self._id)
                for session in json.loads(row["sessions"])
            ]
            if beats % KEPT_S == 0:
                await admin.execute(_CLEAN)
            beats += 1
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def _say(self, admin: Any, beats: int) -> None:
        """What is here, when it has changed, and every few seconds that this server lives."""
        from proxy.relations import row_of

        rows = [row_of(session) for session in self._registry.sessions.values()]
        text = sayable(json.dumps(rows, ensure_ascii=False).replace("\\u0000", "\ufffd"))
        if text != self._said or beats % 3 == 0:
            await admin.execute(_SAY, self._id, text)
            self._said = text

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(RETRY_S), self._mirror.admin() as admin:
                await admin.execute(f"DELETE FROM {STATE_SCHEMA}.peer WHERE id = $1", self._id)
        except Exception as error:
            log.info("the others find out by themselves that this server has gone: %s", type(error).__name__)

    def _do(self, request: Request) -> None:
        session = self._registry.sessions.get(request.pid)
        if session is None:
            return
        if request.what == "cancel":
            if secrets.compare_digest(proof_of(request.pid, session.secret_key), request.proof):
                session.cancel()
        elif request.everybody or session.user == request.username:
            self._registry.act(request.what, session)


def proof_of(pid: int, key: bytes) -> bytes:
    """That somebody knows a session's cancel key, without the key."""
    return hashlib.sha256(pid.to_bytes(4, "big") + key).digest()
