"""Live sessions by process id, for CancelRequest, pg_terminate_backend and shut-down."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.session import Session


class Registry:
    """Process ids are drawn in turn from a random start: they name a session, its key proves who may cancel it."""

    def __init__(self) -> None:
        self.sessions: dict[int, Session] = {}
        self._next = secrets.randbelow(1 << 20)

    def new_pid(self) -> int:
        while True:
            self._next = self._next % 0x7FFFFFFE + 1
            if self._next not in self.sessions:
                return self._next

    def of_user(self, user: str) -> list[Session]:
        """The sessions that a user may see and signal: its own."""
        return [session for session in self.sessions.values() if session.user == user]

    def signal(self, name: str, pid: int, user: str) -> None:
        """pg_cancel_backend or pg_terminate_backend by `user`."""
        session = self.sessions.get(pid)
        if session is None or session.user != user:
            return
        if name == "pg_cancel_backend":
            session.cancel()
        else:
            session.terminate()

    def cancel(self, pid: int, key: bytes) -> None:
        session = self.sessions.get(pid)
        if session is not None and secrets.compare_digest(session.secret_key, key):
            session.cancel()
