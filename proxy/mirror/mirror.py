"""The mirror as the rest of the server sees it: start it, keep it in step, lease its connections.

Rules: one instance per process and event loop; whoever leases gets PostgreSQL's own answers and errors; when
the mirror is gone, everybody is told at once and the next statement after its return works.
Left out: routing (pipeline.py) and the state schema's tables (whoever owns that state makes them, by
admin()).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proxy.mirror.errors import MirrorUnavailable
from proxy.mirror.external import ExternalServer
from proxy.mirror.lease import Lease
from proxy.mirror.pool import Place, Pool
from proxy.mirror.roles import (
    WRITER,
    bootstrap,
    create_database,
    create_role,
    create_writer,
    quote_identifier,
    reserved,
)
from proxy.mirror.route import Route
from proxy.mirror.server import MirrorServer
from proxy.mirror.state import Rights, grant_rights, migrate
from proxy.mirror.sync import Synchroniser, clip
from proxy.mirror.visible import Visible, show
from proxy.ports import Catalogue, Table
from spark_thrift.catalogue import ColumnStatistics

ADMIN_TIMEOUT_S = 10.0
RESERVED_CONNECTIONS = 40
"""PostgreSQL's superuser_reserved_connections, our administration (two for each database), and connections that are
just going."""


@dataclass(frozen=True, slots=True)
class MirrorOptions:
    """What a site may choose.

    Units: `statement_timeout_ms` for one statement on the mirror; `connections` for all clients together.
    `defaults`: session settings that clients start with and that RESET goes back to.
    `dsn`: an external mirror, in the place of an embedded one in `data_dir` with `database` in it.
    """

    data_dir: Path
    database: str = "spark_catalog"
    connections: int = 92
    statement_timeout_ms: int = 30_000
    search_path: tuple[str, ...] = ("default",)
    defaults: Mapping[str, str] = field(default_factory=dict)
    dsn: str = ""


class Mirror:
    """One mirror, embedded or external; `beside` another one it is a database of the same server."""

    def __init__(self, options: MirrorOptions, *, beside: Mirror | None = None) -> None:
        self._beside = beside
        self._server: MirrorServer | ExternalServer
        self._pool: Pool
        self._startups: dict[str, Mapping[str, str]]
        self._all: list[Mirror]
        self._roles: set[str]
        if beside is not None:
            self._server, self._pool = beside._server, beside._pool
            self._startups, self._all, self._roles = beside._startups, beside._all, beside._roles
            self._database = options.database
        else:
            self._server = (
                ExternalServer(options.dsn)
                if options.dsn
                else MirrorServer(
                    options.data_dir,
                    database=options.database,
                    connections=options.connections + RESERVED_CONNECTIONS,
                )
            )
            self._pool = Pool(
                self._route,
                limit=options.connections,
                prepare_role=self._prepare_role,
                statement_limit_s=options.statement_timeout_ms / 1000,
            )
            self._startups, self._all, self._roles = {}, [], set()
            self._database = self._server.database
        self._startups[self._database] = {
            "client_encoding": "UTF8",
            "default_transaction_read_only": "on",
            "statement_timeout": str(options.statement_timeout_ms),
            "search_path": ", ".join(map(quote_identifier, options.search_path)),
            **options.defaults,
        }
        self._all.append(self)
        self._synchroniser = Synchroniser()
        self._syncing = asyncio.Lock()
        self._rights: dict[str, Rights] = {}
        self._visible: dict[str, Visible] = {}

    @property
    def database(self) -> str:
        """Its name on the server."""
        return self._database

    @property
    def catalogue(self) -> Catalogue:
        """As of the last sync."""
        return self._synchroniser.catalogue

    @property
    def in_step(self) -> bool:
        """Whether the last sync left nothing to do: a table that a client held is done by the next one."""
        return self._synchroniser.in_step

    @property
    def pool(self) -> Pool:
        return self._pool

    @property
    def server(self) -> MirrorServer | ExternalServer:
        return self._server

    @property
    def address(self) -> str:
        return self._server.address if isinstance(self._server, ExternalServer) else "embedded"

    async def start(self, progress: Callable[[str], None] = lambda text: None) -> None:
        """Ready to lease when it returns.  Raises: MirrorNotStarted; MirrorUnavailable for one beside another."""
        if self._beside is not None:
            async with self._beside.admin() as admin:
                await create_database(admin, self._database)
            await self._put_in_order()
            return
        await self._server.start(progress)
        try:
            await self._put_in_order()
        except BaseException:
            await self._server.stop()
            raise

    async def _put_in_order(self) -> None:
        async with self.admin() as admin:
            await bootstrap(admin)
            await migrate(admin, audit=self._beside is None)

    async def supervise(self) -> None:
        """Keep the server alive; to be run in a task beside the rest, once for all databases, until cancelled."""
        await self._server.supervise(self._lost)

    async def stop(self) -> None:
        """Close all connections and stop the server, which one beside another leaves alone.  Idempotent."""
        if self._beside is None:
            self._pool.close()
            await self._server.stop()

    def lease(self, user: str, settings: Mapping[str, str]) -> Lease:
        """A connection as `user` with exactly these session settings; use it by `async with`.

        Raises, on entering: MirrorUnavailable; MirrorError for a setting or a role that PostgreSQL refuses.
        """
        if user == WRITER:
            raise reserved(user)
        return self._pool.lease(Place(self._database, user), settings)

    def writer(self, settings: Mapping[str, str]) -> Lease:
        """A connection of the writer's, see roles.py: for what a client may not do itself."""
        return self._pool.lease(Place(self._database, WRITER), settings)

    async def grant(self, user: str, rights: Rights) -> None:
        """What the user's role may see and do in the schema `streamlink`, from now on and in all its sessions.

        Raises: MirrorUnavailable; MirrorError 42939 for a name that cannot be a client's.
        """
        if self._rights.get(user) != rights:
            await self._prepare_role(user)
            async with self.admin() as admin:
                await grant_rights(admin, user, rights)
            self._rights[user] = rights

    async def show(self, user: str, visible: Visible) -> None:
        """What a user with restrictions sees of the catalogue, from now on and in all its sessions.

        Raises: MirrorUnavailable.
        """
        if self._visible.get(user) != visible:
            async with self.admin() as admin:
                await show(admin, user, visible)
            self._visible[user] = visible

    async def note_size(self, schema: str, table: str, pages: int, rows: int) -> None:
        """What tools estimate a table by.  Units: pages of 8192 bytes.  Raises: MirrorUnavailable."""
        async with self.admin() as admin:
            await admin.execute(
                "UPDATE pg_catalog.pg_class SET relpages = $3, reltuples = $4"
                " WHERE relnamespace = to_regnamespace(quote_ident($1)) AND relname = $2 AND relkind = 'r'",
                *(clip(schema), clip(table), pages, float(rows)),
            )

    async def note_columns(
        self, schema: str, table: str, rows: int, statistics: Iterable[ColumnStatistics]
    ) -> None:
        """What pg_stats says of columns: how many NULLs and values, and no value.  Raises: MirrorUnavailable."""
        async with self.admin() as admin:
            for of in statistics:
                # As PostgreSQL's own ANALYZE: of a column whose values grow with its rows, how they do.
                distinct = -of.distinct / rows if of.distinct > rows / 10 else float(of.distinct)
                await admin.execute(
                    "SELECT pg_restore_attribute_stats('schemaname', n.nspname::text, 'relname', c.relname::text,"
                    " 'attname', a.attname::text, 'inherited', false, 'null_frac', $4::real, 'avg_width', $5::integer,"
                    " 'n_distinct', $6::real) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
                    " JOIN pg_namespace n ON n.oid = c.relnamespace"
                    " WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3 AND c.relkind = 'r'",
                    *(clip(schema), clip(table), clip(of.column)),
                    *(of.nulls / rows, of.width, max(distinct, -1.0)),
                )

    async def sync(self, tables: Iterable[Table], schemas: Iterable[str] = ()) -> Catalogue:
        """Bring the mirror in step with Spark's catalogue; `schemas` names those that may be empty.

        Raises: MirrorUnavailable.
        """
        async with self._syncing:
            before = self._synchroniser.changes
            try:
                async with self.admin() as admin:
                    return await self._synchroniser.sync(admin, tables, schemas)
            finally:
                if self._synchroniser.changes != before:
                    self._pool.invalidate()

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[Any]:
        """An asyncpg connection as the mirror's owner, for our own use only.  Raises: MirrorUnavailable."""
        import asyncpg

        try:
            connection = await asyncpg.connect(
                **self._server.admin_arguments(self._database),
                timeout=ADMIN_TIMEOUT_S,
                statement_cache_size=0,
            )
        except (OSError, TimeoutError, asyncpg.PostgresConnectionError) as error:
            raise MirrorUnavailable("the catalogue server does not answer") from error
        try:
            yield connection
        finally:
            await connection.close()

    def _route(self, database: str) -> Route:
        return self._server.route(database, self._startups[database])

    async def _prepare_role(self, user: str) -> None:
        if user in self._roles:
            return
        async with self.admin() as admin:
            password = self._server.role_password(user)
            if user == WRITER:
                await create_writer(admin, password)
            else:
                await create_role(admin, user, password)
        self._roles.add(user)

    def _lost(self) -> None:
        self._pool.drop_all()
        self._pool.invalidate()
        for mirror in self._all:
            mirror._synchroniser.forget()
