"""The central control unit: how many statements work on Spark at a time, and whose turn is next.

A statement that makes Spark run jobs (a query's rows, an INSERT, CREATE TABLE AS or ANALYZE) takes a place: one of all,
and one of each of its roles that has a limit.  Where there is none it waits in the line of its roles.  A free place
goes to the line that has the fewest at work, and of those to the one that was served longest ago, so that nobody
starves behind a role that asks for much; within a line the first comes first.

Rules: one session has one place at most and never waits while it holds one, so the lines cannot lock each other up.  A
place is held while Spark works on the statement: until its last rows have come, its portal is suspended, its cursor's
FETCH is over, or its client has not read for a while; a COPY FROM takes one when its rows have come.  Going on after
that needs a place again; such a statement is not refused, but comes first in its line.  What Spark reads ahead
meanwhile is one fetch.  A wait ends with whatever ends the statement: cancel, statement_timeout, disconnect.

Left out: planning, EXPLAIN and definitions, which run no jobs, and `streamlink-sql load`, which is the owner's; health
of the parts (nodes.py); drain (server.py).
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy.settings import Settings
from proxy.sqlstate import Refused

if TYPE_CHECKING:
    from proxy.session import Session

Roles = tuple[str, ...]
Limits = tuple[tuple[str, int], ...]
"""(role, how many of its statements may work at a time); a role may stand there more than once."""


class Turn:
    """One session's place on Spark, when it has one.

    Units: `since`, seconds of the monotonic clock since when it holds or waits.
    """

    __slots__ = ("_control", "_roles", "held", "session", "since", "waiting")

    def __init__(self, control: Control, session: Session) -> None:
        self._control = control
        self.session = session
        self.held = False
        self.waiting = False
        self.since = 0.0
        self._roles: Roles = ()

    async def hold(self, *, again: bool = False) -> None:
        """Have a place when it returns; nothing happens where it has one.

        `again`: the statement had one before, and gave it up while it waited for its client.
        Raises: Refused 53300, where too many wait or this one has waited too long.
        """
        if not self.held:
            grants = self.session.grants
            await self._control.take(self, grants.roles, grants.max_running, again=again)

    def release(self) -> None:
        """Give the place to the next one.  Idempotent."""
        if self.held:
            self.held = False
            self._control.give_back(self, self._roles)

    def begin(self, roles: Roles) -> None:
        """For the control unit: the place is there."""
        self.held, self.waiting, self._roles = True, False, roles
        self.since = time.monotonic()


@dataclass(slots=True, eq=False)
class _Waiter:
    turn: Turn
    limits: Limits
    again: bool
    granted: asyncio.Future[None]


@dataclass(slots=True)
class _Line:
    """Statements of the same roles.  `served` is the serial number of the last place that went to them."""

    waiters: deque[_Waiter]
    working: int = 0
    served: int = 0


class Control:
    """One server's places on Spark."""

    def __init__(self, settings: Settings, on_wait: Callable[[float], None] = lambda seconds: None) -> None:
        """`on_wait` is told how long each one has waited that got its place."""
        self._settings = settings.control
        self._on_wait = on_wait
        self._lines: dict[Roles, _Line] = {}
        self._by_role: Counter[str] = Counter()
        self._held: dict[Turn, None] = {}
        self._serial = 0

    @property
    def running(self) -> int:
        """How many places are taken."""
        return len(self._held)

    @property
    def waiting(self) -> int:
        return sum(len(line.waiters) for line in self._lines.values())

    def turns(self) -> Iterator[tuple[Turn, int]]:
        """Everyone with 0, who has a place, or the position in its line from 1."""
        yield from ((turn, 0) for turn in self._held)
        for line in self._lines.values():
            yield from ((waiter.turn, at) for at, waiter in enumerate(line.waiters, start=1))

    async def take(self, turn: Turn, roles: Roles, limits: Limits, *, again: bool) -> None:
        """Raises: Refused 53300."""
        line = self._lines.setdefault(roles, _Line(deque()))
        if not line.waiters and self._free() and self._full_role(limits) is None:
            self._grant(turn, roles)
            self._on_wait(0.0)
            return
        conf = self._settings
        if not again and self.waiting >= conf.waiting:
            self._forget(roles)
            raise _refused("too many statements are waiting for Spark", f"[control] waiting = {conf.waiting}")
        waiter = _Waiter(turn, limits, again, asyncio.get_running_loop().create_future())
        _insert(line.waiters, waiter)
        turn.waiting, turn.since = True, time.monotonic()
        begun = turn.since
        try:
            async with asyncio.timeout(None if again else conf.wait_s):
                await waiter.granted
        except BaseException as error:
            turn.waiting = False
            if turn.held:
                turn.release()
            else:
                line.waiters.remove(waiter)
                # It may have stood before some who could go.
                self._serve()
                self._forget(roles)
            if isinstance(error, TimeoutError):
                role = self._full_role(limits)
                allowed = f"[control] running = {conf.running}"
                if role is not None:
                    allowed = f"max_running = {dict(limits)[role]} of the role {role}"
                raise _refused(
                    f"the statement waited {conf.wait_s} s for its turn on Spark",
                    f"{allowed}; [control] wait_s = {conf.wait_s}",
                ) from None
            raise
        self._on_wait(time.monotonic() - begun)

    def give_back(self, turn: Turn, roles: Roles) -> None:
        """For `Turn.release`."""
        del self._held[turn]
        self._lines[roles].working -= 1
        self._by_role.subtract(set(roles))
        self._serve()
        self._forget(roles)

    # --- inside

    def _free(self) -> bool:
        most = self._settings.running
        return not most or len(self._held) < most

    def _full_role(self, limits: Limits) -> str | None:
        """The first role that has no place left."""
        return next((role for role, most in limits if self._by_role[role] >= most), None)

    def _serve(self) -> None:
        """Give what places there are to those who wait."""
        while self._free():
            able = [
                (line.working, line.served, roles)
                for roles, line in self._lines.items()
                if line.waiters and self._full_role(line.waiters[0].limits) is None
            ]
            if not able:
                return
            roles = min(able)[2]
            waiter = self._lines[roles].waiters.popleft()
            self._grant(waiter.turn, roles)
            waiter.granted.set_result(None)

    def _grant(self, turn: Turn, roles: Roles) -> None:
        self._serial += 1
        line = self._lines[roles]
        line.working += 1
        line.served = self._serial
        self._by_role.update(set(roles))
        self._held[turn] = None
        turn.begin(roles)

    def _forget(self, roles: Roles) -> None:
        """A line with nobody in it and nobody at work; roles come and go with the policy."""
        line = self._lines.get(roles)
        if line is not None and not line.waiters and not line.working:
            del self._lines[roles]


def _insert(waiters: deque[_Waiter], waiter: _Waiter) -> None:
    """At the end, or behind the others who go on with something."""
    if not waiter.again:
        waiters.append(waiter)
        return
    ahead = sum(1 for other in waiters if other.again)
    waiters.insert(ahead, waiter)


def _refused(message: str, settings: str) -> Refused:
    return Refused("53300", message, hint=f"Try again in a moment.  The limit is {settings}.")


def pool_of(roles: Iterable[str]) -> str:
    """The Spark scheduler pool in which sessions of these roles share what Spark can do."""
    return "+".join(roles) or "none"
