"""Live sessions by process id, for CancelRequest, pg_terminate_backend and shut-down."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.session import Session


class Registry:
    """Process ids are drawn in turn from a random start: they name a session, its key proves who may cancel it."""

    def __init__(self) -> None:
        self.sessions: dict[int, Session] = {}
        self._next = secrets.randbelow(1 << 20)
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

    def signal(self, name: str, pid: int, sender: Session) -> None:
        """pg_cancel_backend or pg_terminate_backend, sent by a session."""
        session = self.sessions.get(pid)
        if session is None or session not in self.seen_by(sender):
            return
        if name == "pg_cancel_backend":
            session.cancel()
        else:
            session.terminate()

    def cancel(self, pid: int, key: bytes) -> None:
        session = self.sessions.get(pid)
        if session is not None and secrets.compare_digest(session.secret_key, key):
            session.cancel()
