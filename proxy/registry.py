"""Live sessions by process id, for CancelRequest, pg_terminate_backend and shut-down."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from proxy.peers import Request, proof_of

if TYPE_CHECKING:
    from proxy.peers import Peers
    from proxy.session import Session


class Registry:
    """Process ids are drawn in turn from a random start: they name a session, its key proves who may cancel it."""

    def __init__(self) -> None:
        self.sessions: dict[int, Session] = {}
        self._next = secrets.randbelow(1 << 30)
        self.peers: Peers | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    def add(self, session: Session) -> None:
        self.sessions[session.pid] = session
        self._empty.clear()

    def remove(self, session: Session) -> None:
        del self.sessions[session.pid]
        if not self.sessions:
            self._empty.set()

    async def emptied(self) -> None:
        """Wait until there is no session."""
        await self._empty.wait()

    def new_pid(self) -> int:
        while True:
            self._next = self._next % 0x7FFFFFFE + 1
            if self._next not in self.sessions:
                return self._next

    def seen_by(self, viewer: Session) -> list[Session]:
        """The sessions that one may see and signal: its user's own, or everybody's for an admin."""
        everybody = viewer.grants.admin
        return [s for s in self.sessions.values() if everybody or s.user == viewer.user]

    def pids_seen_by(self, viewer: Session) -> list[int]:
        """Of those and of such sessions of other servers."""
        here = [session.pid for session in self.seen_by(viewer)]
        return here + [int(row["pid"]) for row in self.elsewhere(viewer)]

    def elsewhere(self, viewer: Session) -> list[Mapping[str, Any]]:
        """Rows of relations.py, of the sessions of other servers that one may see and signal."""
        if self.peers is None:
            return []
        everybody = viewer.grants.admin
        return [row for row in self.peers.sessions() if everybody or row["username"] == viewer.user]

    def signal(self, name: str, pid: int, sender: Session) -> None:
        """pg_cancel_backend or pg_terminate_backend, sent by a session."""
        session = self.sessions.get(pid)
        if session is not None:
            if session in self.seen_by(sender):
                self.act(name, session)
        elif self.peers is not None:
            self.peers.ask(Request(name, pid, username=sender.user, everybody=sender.grants.admin))

    def act(self, name: str, session: Session) -> None:
        """What a function of signals.py says, for one who may."""
        if name == "pg_cancel_backend":
            session.cancel()
        elif name == "pg_terminate_backend":
            session.terminate()

    def cancel(self, pid: int, key: bytes) -> None:
        """A CancelRequest, which may be for a session of another server."""
        session = self.sessions.get(pid)
        if session is not None:
            if secrets.compare_digest(session.secret_key, key):
                session.cancel()
        elif self.peers is not None and pid > 0:
            self.peers.ask(Request("cancel", pid, proof_of(pid, key)))
