"""The mirror connections of all clients: lent for a statement or a transaction, as PgBouncer lends them.

Rules: a connection belongs to one role in one database for life; it is lent with exactly the settings that the borrower
names; what a lease may have left behind is undone before the next one (settings) or dies with the connection
(all else); there are never more connections than the limit, and whoever waits for one waits in turn and not
for ever.
Left out: whether the mirror runs (server.py) and which roles exist (roles.py).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from proxy.mirror import frontend
from proxy.mirror.backend import Backend
from proxy.mirror.effects import Effect
from proxy.mirror.errors import TOO_MANY_CONNECTIONS, MirrorError, MirrorUnavailable
from proxy.mirror.lease import Lease
from proxy.mirror.replies import Reply, messages
from proxy.mirror.route import Route
from proxy.mirror.statements import StatementKey
from proxy.ports import Description

DESCRIPTION_LIMIT = 2000
IDLE_LIMIT_S = 60.0
CANCEL_TIMEOUT_S = 5.0
LIFTS = 5
"""How often it is tried to lift a timeout: the statement that does it is itself under it."""

STATEMENT_TIMEOUT = "statement_timeout"
NOT_REPLAYED = frozenset({"client_encoding", "role", "seed", "session_authorization", "is_superuser"})
"""The relay speaks UTF-8 whatever the client does, and a role is the connection's for life."""

_SETTINGS_QUERY = (
    "SELECT name, setting FROM pg_catalog.pg_settings"
    " WHERE source = 'session' AND name NOT LIKE 'transaction\\_%' ORDER BY name"
)


class DescriptionCache:
    """What Describe gave in each database, until the catalogue changes; the oldest goes first."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, StatementKey], Description] = {}

    def find(self, database: str, key: StatementKey) -> Description | None:
        return self._entries.get((database, key))

    def add(self, database: str, key: StatementKey, description: Description) -> None:
        if len(self._entries) >= DESCRIPTION_LIMIT:
            del self._entries[next(iter(self._entries))]
        self._entries[database, key] = description

    def clear(self) -> None:
        self._entries.clear()


@dataclass(frozen=True, slots=True)
class Place:
    """Who is connected to which of the mirror's databases."""

    database: str
    user: str


class Pool:
    """Connections by database and role.  One event loop only."""

    def __init__(
        self,
        route: Callable[[str], Route],
        *,
        limit: int,
        prepare_role: Callable[[str], Awaitable[None]],
        statement_limit_s: float,
        acquire_timeout_s: float = 10.0,
        connect_timeout_s: float = 5.0,
    ) -> None:
        """`route` to a database raises MirrorUnavailable while the mirror is down; `prepare_role` makes a missing role.

        `statement_limit_s`: the route's own statement_timeout, which sessions may lower and not lift.
        """
        self.descriptions = DescriptionCache()
        self.statement_limit_s = statement_limit_s
        self._route = route
        self._limit = limit
        self._prepare_role = prepare_role
        self._acquire_timeout_s = acquire_timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._idle: dict[Place, list[Backend]] = {}
        self._lent: set[Backend] = set()
        self._opening = 0
        self._waiting: deque[tuple[Place, asyncio.Future[Backend | None]]] = deque()
        self._epoch = 0
        self._closing = asyncio.Event()
        self._reaper: asyncio.TimerHandle | None = None

    @property
    def size(self) -> int:
        """Connections open or being opened."""
        return len(self._lent) + self._opening + sum(map(len, self._idle.values()))

    @property
    def lent(self) -> int:
        """Connections that are in use."""
        return len(self._lent)

    def lease(self, place: Place, settings: Mapping[str, str]) -> Lease:
        return Lease(self, place, settings)

    # Lending

    def take(self, place: Place, settings: Mapping[str, str]) -> Backend | None:
        """An idle connection that has these settings already; nothing is awaited."""
        idle = self._idle.get(place)
        if not idle or self._waiting:
            return None
        for at in range(len(idle) - 1, -1, -1):
            backend = idle[at]
            if backend.settings == settings:
                if not backend.usable:
                    return None
                del idle[at]
                return self._lend(backend)
        return None

    async def acquire(self, place: Place, settings: Mapping[str, str]) -> Backend:
        """A connection for this place with these settings, opened or waited for if need be.

        Raises: MirrorUnavailable (53300 after the waiting time); MirrorError for a setting that is refused.
        """
        backend = await self._any(place)
        try:
            if backend.settings != settings:
                await self._replay(backend, settings)
        except BaseException:
            self.release(place, backend, Effect.NOTHING)
            raise
        return backend

    def release(self, place: Place, backend: Backend, effect: Effect) -> None:
        """Take a connection back."""
        self._lent.discard(backend)
        if self._closing.is_set() or effect is Effect.OTHER or not backend.usable:
            if backend.usable:
                backend.close()
            else:
                backend.abort()
            self._hand_on(None, place)
            return
        if effect is Effect.SETTINGS:
            backend.settings = None
        self._hand_on(backend, place)

    def _hand_on(self, backend: Backend | None, place: Place) -> None:
        while self._waiting:
            wanted, waiter = self._waiting.popleft()
            if waiter.done():
                continue
            if backend is not None and wanted == place:
                waiter.set_result(self._lend(backend))
                return
            if backend is not None:
                backend.close()
            waiter.set_result(None)
            return
        if backend is not None:
            backend.idle_since_s = asyncio.get_running_loop().time()
            self._idle.setdefault(place, []).append(backend)
            if self._reaper is None:
                self._reaper = asyncio.get_running_loop().call_later(IDLE_LIMIT_S / 2, self._reap)

    def _lend(self, backend: Backend) -> Backend:
        if backend.statements.epoch != self._epoch:
            backend.statements.forget_all()
            backend.statements.epoch = self._epoch
        self._lent.add(backend)
        return backend

    async def _any(self, place: Place) -> Backend:
        try:
            async with asyncio.timeout(self._acquire_timeout_s):
                while True:
                    if self._closing.is_set():
                        raise MirrorUnavailable("the catalogue server is shutting down", "57P01")
                    backend = self._pop_idle(place)
                    if backend is not None:
                        return self._lend(backend)
                    if self.size < self._limit or self._close_oldest():
                        return await self._open(place)
                    backend = await self._wait(place)
                    if backend is not None:
                        return backend
        except TimeoutError as error:
            raise MirrorUnavailable(
                "all connections to the catalogue server are in use", TOO_MANY_CONNECTIONS
            ) from error

    def _pop_idle(self, place: Place) -> Backend | None:
        idle = self._idle.get(place)
        while idle:
            backend = idle.pop()
            if backend.usable:
                return backend
            backend.abort()
        return None

    def _close_oldest(self) -> bool:
        """Make room by closing the connection that has been idle for longest."""
        candidates = [idle[0] for idle in self._idle.values() if idle]
        if not candidates:
            return False
        oldest = min(candidates, key=lambda backend: backend.idle_since_s)
        for idle in self._idle.values():
            if idle and idle[0] is oldest:
                del idle[0]
        oldest.close()
        return True

    async def _open(self, place: Place) -> Backend:
        self._opening += 1
        try:
            await self._prepare_role(place.user)
            route = self._route(place.database)
            backend = await route.connect(place.user, timeout_s=self._connect_timeout_s)
        except BaseException:
            self._opening -= 1
            self._hand_on(None, place)
            raise
        self._opening -= 1
        backend.statements.epoch = self._epoch
        return self._lend(backend)

    async def _wait(self, place: Place) -> Backend | None:
        waiter: asyncio.Future[Backend | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((place, waiter))
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                handed = waiter.result()
                if handed is None:
                    self._hand_on(None, place)
                else:
                    self.release(place, handed, Effect.NOTHING)
            raise

    # Settings

    async def _replay(self, backend: Backend, settings: Mapping[str, str]) -> None:
        """Make `settings` the only session settings, in one round trip; one refused, none changed."""
        if backend.settings is None or STATEMENT_TIMEOUT in backend.settings:
            await self._lift_timeout(backend)
        wanted = {name: value for name, value in settings.items() if name.lower() not in NOT_REPLAYED}
        statements = [] if backend.settings == {} else ["RESET ALL"]
        if wanted:
            calls = (f"pg_catalog.set_config({_quote(n)}, {_quote(v)}, false)" for n, v in wanted.items())
            statements.append("SELECT " + ", ".join(calls))
        if statements:
            reply = await self.whole(backend, frontend.query("; ".join(statements)))
            if reply.error is not None:
                raise MirrorError(reply.error)
        backend.now_has(settings)

    async def _lift_timeout(self, backend: Backend) -> None:
        """End the statement_timeout of the connection's session before: one of 1 ms is too short to go on under."""
        for left in reversed(range(LIFTS)):
            error = (await self.whole(backend, frontend.query(f"SET {STATEMENT_TIMEOUT} = 0"))).error
            if error is None:
                return
            if not left:
                raise MirrorError(error)

    async def read_settings(self, backend: Backend, custom: Iterable[str]) -> dict[str, str]:
        """The session settings in force, and from now on known to be."""
        customs = "".join(
            f" UNION ALL SELECT {_quote(name)}, v FROM pg_catalog.current_setting({_quote(name)}, true) AS v"
            " WHERE v IS NOT NULL"
            for name in custom
        )
        reply = await self.whole(backend, frontend.query(f"({_SETTINGS_QUERY}){customs}"))
        if reply.error is not None:
            raise MirrorError(reply.error)
        rows = (_text_row(message) for message in messages(reply.raw) if message[:1] == b"D")
        settings = {row[0]: row[1] for row in rows if row[0] not in NOT_REPLAYED}
        backend.now_has(settings)
        return settings

    async def timeout_ms(self, backend: Backend, text: str) -> str:
        """Lease.timeout_ms."""
        # The inner query stands on the row of set_config, so that it is read after it.
        sql = (
            "SELECT (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'statement_timeout' AND s <> '')"
            f" FROM pg_catalog.set_config('statement_timeout', {_quote(text)}, true) AS s"
        )
        reply = await self.whole(backend, frontend.query(sql))
        if reply.error is not None:
            raise MirrorError(reply.error)
        return next(_text_row(message)[0] for message in messages(reply.raw) if message[:1] == b"D")

    async def whole(self, backend: Backend, request: bytes) -> Reply:
        """The whole answer to a request whose answer is small."""
        reply = await backend.exchange(request)
        while reply.status is None:
            reply = reply.followed_by(await backend.more())
        return reply

    # The rest

    async def cancel(self, place: Place, backend: Backend) -> None:
        """Ask the mirror to stop what `backend` is running.  Never raises."""
        try:
            route = self._route(place.database)
        except MirrorUnavailable:
            return
        await route.cancel(backend.process_id, backend.secret_key, timeout_s=CANCEL_TIMEOUT_S)

    def invalidate(self) -> None:
        """The catalogue has changed: descriptions and kept statements are made anew."""
        self._epoch += 1
        self.descriptions.clear()

    def drop_all(self) -> None:
        """Give up every connection, lent ones too: the mirror is gone, and its processes must not linger."""
        for backend in self._lent:
            backend.abort()
        for idle in self._idle.values():
            for backend in idle:
                backend.abort()
        self._idle.clear()

    def close(self) -> None:
        """Close every connection, lent ones too, and lend no more."""
        self._closing.set()
        if self._reaper is not None:
            self._reaper.cancel()
            self._reaper = None
        for idle in self._idle.values():
            for backend in idle:
                backend.close()
        self._idle.clear()
        for backend in list(self._lent):
            backend.abort()
        while self._waiting:
            _, waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)

    def _reap(self) -> None:
        """Close what nobody has wanted for a while."""
        loop = asyncio.get_running_loop()
        limit = loop.time() - IDLE_LIMIT_S
        for place, idle in list(self._idle.items()):
            for backend in [b for b in idle if b.lost or b.idle_since_s < limit]:
                idle.remove(backend)
                backend.close()
            if not idle:
                del self._idle[place]
        self._reaper = loop.call_later(IDLE_LIMIT_S / 2, self._reap) if self._idle else None


def _quote(text: str) -> str:
    """A string literal that means the same whatever standard_conforming_strings is.

    Raises: ValueError for a NUL, which no text of PostgreSQL can hold.
    """
    if "\0" in text:
        raise ValueError("a setting cannot hold a NUL")
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _text_row(message: bytes) -> list[str]:
    """The values of a DataRow without NULLs, in text."""
    values, at = [], 7
    while at < len(message):
        size = int.from_bytes(message[at : at + 4], "big")
        values.append(message[at + 4 : at + 4 + size].decode())
        at += 4 + size
    return values
