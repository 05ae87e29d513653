"""The policy in force: read at start, read again when its file changes, asked for the grants of each user.

Rules: a new file is taken whole or not at all; while it is wrong the old policy stays and the log says why; every
change gives a new `version`, which is part of whatever is remembered by what a user may do.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from checker.context import Grants
from checker.policy import PolicyError, load
from checker.rights import unrestricted
from proxy.sqlstate import Refused

log = logging.getLogger("streamlink.policy")

LOOK_S = 2.0
"""Seconds between two looks at the file."""


class Policies:
    """Raises: PolicyError when the file that the server starts with is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = _stamp(path)
        self.policy = load(path)
        self.version = 1
        self._grants: dict[tuple[tuple[str, ...], str | None], Grants | None] = {}
        self._warn()

    def roles_of(self, user: str, given: tuple[str, ...]) -> tuple[str, ...]:
        """Raises: Refused 28000 for a user with a role that the policy does not have."""
        roles = self.policy.roles_of(user, given)
        unknown = self.policy.unknown(roles)
        if unknown:
            raise Refused(
                "28000", f'user "{user}" has a role that the policy does not have: {", ".join(unknown)}'
            )
        return roles

    def grants(self, user: str, given: tuple[str, ...], database: str | None = None) -> Grants:
        """What a user may do now: nothing in a database where he may not be.

        Shapes: `given` are the roles that the users file names; `database` is another catalogue of Spark.
        """
        roles = self.policy.roles_of(user, given)
        return self._granted(roles, database) or Grants(roles=roles, prose=False, audit="none")

    def may_connect(self, user: str, given: tuple[str, ...], database: str) -> bool:
        """Whether a user may be in a database that is another catalogue of Spark."""
        return self._granted(self.policy.roles_of(user, given), database) is not None

    def _granted(self, roles: tuple[str, ...], database: str | None) -> Grants | None:
        place = (roles, database)
        if place not in self._grants:
            self._grants[place] = (
                self.policy.grants(roles) if database is None else self.policy.grants_in(roles, database)
            )
        return self._grants[place]

    @property
    def restricts_reading(self) -> bool:
        """Whether some role does not see every table as it is, so that it matters what views read."""
        return not all(unrestricted(grants) for grants in self.policy.roles.values())

    async def follow(self, changed: Callable[[], Awaitable[None]]) -> None:
        """Take each change of the file, and say so; runs until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self.look():
                await changed()

    def look(self) -> bool:
        """Take the file if it has changed and is right; whether that was so."""
        stamp = _stamp(self._path)
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            policy = load(self._path)
        except PolicyError as error:
            log.error("the policy stays as it was: %s", error)
            return False
        self.policy = policy
        self.version += 1
        self._grants.clear()
        log.info("the policy was read again from %s", self._path)
        self._warn()
        return True

    def _warn(self) -> None:
        for warning in self.policy.warnings():
            log.warning("the policy: %s", warning)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_ino, status.st_size)
