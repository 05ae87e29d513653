"""The firewall's lists: kept on the mirror, held in memory, learned from what runs, followed when they are reviewed.

Rules: a decision is a look-up in frozen sets and awaits nothing; until the lists have been read, whoever is under
enforcement is denied; a review on this or another server counts within a second (LISTEN); what is seen is added up in
memory and written once a second, at most SEEN_MAX shapes of it, and a role's list takes no more than ROWS_MAX rows that
nobody has reviewed, so that nobody fills memory or disk by making statements up.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from checker.firewall import Blocked, Learned, ShapeList, blocked, decide
from proxy.followed import Followed, Place, sayable
from proxy.mirror import Mirror
from proxy.mirror.roles import STATE_SCHEMA
from proxy.mirror.state import SHAPES_CHANNEL
from proxy.plan import Reviewed
from proxy.sqlstate import DeniedByGate

if TYPE_CHECKING:
    from proxy.session import Session

log = logging.getLogger("streamlink.firewall")

SEEN_MAX = 10_000
ROWS_MAX = 10_000
EXAMPLE_CHARS = 4_000

_READ = f"SELECT role, digest, state FROM {STATE_SCHEMA}.shape WHERE state IN ('allowed', 'forbidden')"
_WRITE = f"""
    INSERT INTO {STATE_SCHEMA}.shape AS s
        (role, digest, state, text, example, seen, first_seen, last_seen, application_name, client_addr)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 WHERE
        EXISTS (SELECT FROM {STATE_SCHEMA}.shape WHERE role = $1 AND digest = $2)
        OR (SELECT count(*) FROM {STATE_SCHEMA}.shape
            WHERE role = $1 AND state IN ('learned', 'pending')) < {ROWS_MAX}
    ON CONFLICT (role, digest) DO UPDATE SET seen = s.seen + excluded.seen, last_seen = excluded.last_seen,
        application_name = excluded.application_name, client_addr = excluded.client_addr"""


@dataclass(slots=True)
class _Seen:
    """A shape since it was last written.  `state` is what a new row begins with."""

    state: str
    text: str
    example: str
    application: str
    address: str
    first: datetime
    last: datetime
    count: int = 0


class Firewall(Followed[_Seen]):
    """Shared by all sessions."""

    channel = SHAPES_CHANNEL
    what = "the firewall's lists"
    insert = _WRITE

    def __init__(self, mirror: Mirror) -> None:
        super().__init__(mirror)
        self._lists: dict[str, ShapeList] = {}
        self._warned: set[str] = set()

    def check(self, session: Session, reviewed: Reviewed, text: str) -> None:
        """Raises: DeniedByGate 42501 `firewall`."""
        mode = session.grants.firewall
        if mode == "off" or reviewed.exempt:
            return
        roles = _roles(session)
        decision = decide(reviewed.shape.digest, mode, [self._lists.get(r, ShapeList()) for r in roles])
        if isinstance(decision, Blocked):
            self._see(session, reviewed, text, roles, "pending")
            raise DeniedByGate(blocked(decision, reviewed.shape.digest))

    def ran(self, session: Session, reviewed: Reviewed, text: str) -> None:
        """A statement begins to run: learn it, or count it where it is on the list."""
        mode = session.grants.firewall
        if mode == "off" or reviewed.exempt:
            return
        digest, roles = reviewed.shape.digest, _roles(session)
        if not isinstance(decide(digest, mode, [self._lists.get(r, ShapeList()) for r in roles]), Learned):
            roles = tuple(r for r in roles if digest in self._lists.get(r, ShapeList()).allowed)
        self._see(session, reviewed, text, roles, "learned")

    def unready(self, roles: Iterable[str]) -> list[str]:
        """Those of the roles under enforcement whose list lets nothing through."""
        return [role for role in roles if not self._lists.get(role, ShapeList()).allowed]

    def warn_of(self, session: Session) -> None:
        """Say once in the log that a role's list is empty."""
        if session.grants.firewall == "enforce":
            for role in self.unready(_roles(session)):
                if role not in self._warned:
                    self._warned.add(role)
                    log.warning(
                        "role %s is under the firewall's enforcement and its list is empty: "
                        "it can run nothing until shapes are allowed",
                        role,
                    )

    def _see(self, session: Session, reviewed: Reviewed, text: str, roles: Iterable[str], state: str) -> None:
        now = datetime.now(UTC)
        for role in roles:
            key = (role, reviewed.shape.digest)
            seen = self._waiting.get(key)
            if seen is None:
                if len(self._waiting) >= SEEN_MAX:
                    return
                example = reviewed.shape.text if session.grants.redact else text
                seen = self._waiting[key] = _Seen(
                    state, reviewed.shape.text, example[:EXAMPLE_CHARS], "", session.peer.address, now, now
                )
            seen.count += 1
            seen.last = now
            seen.application = session.settings.get("application_name", "")
            seen.address = session.peer.address

    # --- in step with the mirror

    async def _read(self, admin: Any) -> None:
        found: dict[str, dict[str, set[str]]] = {}
        for row in await admin.fetch(_READ):
            found.setdefault(row["role"], {"allowed": set(), "forbidden": set()})[row["state"]].add(
                row["digest"]
            )
        self._lists = {
            role: ShapeList(frozenset(by["allowed"]), frozenset(by["forbidden"]))
            for role, by in found.items()
        }

    def _row(self, place: Place, value: _Seen) -> tuple[object, ...]:
        role, digest = place
        return (
            role, digest, value.state, sayable(value.text), sayable(value.example), value.count, value.first,
            value.last, value.application, value.address,
        )  # fmt: skip


def _roles(session: Session) -> tuple[str, ...]:
    """Whose lists count; a user without roles has a list of its own."""
    return session.grants.roles or (session.user,)
