"""A mirror that is not ours to start: a PostgreSQL 18 that a site runs for several proxies, named by its DSN.

Rules: the database is for the mirror alone (roles.py refuses one that is not) and the DSN's user is a superuser in
it; client roles get passwords that every proxy derives alike from the DSN's own, so that none is stored; where the
DSN has no password, the server's pg_hba.conf must let the roles in without one.
TLS is the direct kind (PostgreSQL 17 and later).  Left out: several hosts, client certificates.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
from collections.abc import Callable, Mapping
from typing import Any

from proxy.mirror.errors import MirrorNotStarted
from proxy.mirror.route import Route

VERSION_LIMIT = 180000
_PLAIN_MODES = ("disable", "allow", "prefer")


class ExternalServer:
    """The server behind one DSN, in libpq's syntax."""

    def __init__(self, dsn: str) -> None:
        """Raises: MirrorNotStarted for a DSN that says too little."""
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict

        try:
            parts = {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value is not None}
        except ProgrammingError as error:
            raise MirrorNotStarted("the mirror's DSN is not one that libpq understands") from error
        missing = [name for name in ("host", "user", "dbname") if name not in parts]
        if missing or "," in parts["host"]:
            raise MirrorNotStarted(f"the mirror's DSN must name one {missing[0] if missing else 'host'}")
        self.database = parts["dbname"]
        self._host = parts["host"]
        self._port = int(parts.get("port", "5432"))
        self._user = parts["user"]
        self._password = parts.get("password")
        self._tls = _tls(parts.get("sslmode", "prefer"), parts.get("sslrootcert"))

    @property
    def address(self) -> str:
        return f"{self._host}:{self._port}"

    async def start(self, progress: Callable[[str], None] = lambda text: None) -> None:
        """See that it is there and new enough.  Raises: MirrorNotStarted."""
        import asyncpg

        progress("connecting to the catalogue server")
        try:
            connection = await asyncpg.connect(**self.admin_arguments(self.database))
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            raise MirrorNotStarted(f"the mirror's server does not let us in: {error}") from error
        try:
            version = int(await connection.fetchval("SHOW server_version_num"))
        finally:
            await connection.close()
        if version < VERSION_LIMIT:
            raise MirrorNotStarted("the mirror needs PostgreSQL 18 or later")

    async def supervise(self, lost: Callable[[], None]) -> None:
        """Somebody else's task; connections that fail are made anew by the pool."""
        await asyncio.Event().wait()

    async def stop(self) -> None:
        """Nothing of it is ours."""

    def admin_arguments(self, database: str) -> dict[str, Any]:
        """How asyncpg connects as the mirror's owner."""
        return {
            "host": self._host,
            "port": self._port,
            "user": self._user,
            "password": self._password,
            "database": database,
            "ssl": self._tls or False,
            "direct_tls": self._tls is not None,
        }

    def role_password(self, user: str) -> str | None:
        if self._password is None:
            return None
        return hmac.new(self._password.encode(), user.encode(), hashlib.sha256).hexdigest()

    def route(self, database: str, startup: Mapping[str, str]) -> Route:
        unix = self._host.startswith("/")
        address = f"{self._host}/.s.PGSQL.{self._port}" if unix else (self._host, self._port)
        return Route(address, {"database": database, **startup}, self._tls, self.role_password)


def _tls(mode: str, root_certificate: str | None) -> ssl.SSLContext | None:
    """libpq's sslmode as a context; None for no TLS."""
    if mode in _PLAIN_MODES:
        return None
    context = ssl.create_default_context(cafile=root_certificate)
    context.set_alpn_protocols(["postgresql"])
    context.check_hostname = mode == "verify-full"
    if mode == "require":
        context.verify_mode = ssl.CERT_NONE
    return context
