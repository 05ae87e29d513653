"""What roles exist on the mirror, and how little they may do.

Rules: every client user has a role of the same name, so that current_user, session_user and has_*_privilege
answer as the client expects; a role reads catalogues and nothing else; PostgreSQL's own privileges say so,
behind the gate and not instead of it.  The writer makes temporary tables and nothing else, and is no
client's.  Left out: which tables a user may read (policy).
"""

from __future__ import annotations

from typing import Any

from proxy.mirror.errors import RESERVED_NAME, MirrorError, MirrorNotStarted
from proxy.wire.errors import ErrorFields

OWNER = "streamlink"
"""The superuser of the embedded mirror: owner of all that is mirrored, and of the schema `streamlink`."""
READER = "streamlink_reader"
WRITER = "streamlink_writer"
"""Who reads what clients write: values become rows of a temporary table of his before they go to Spark."""
STATE_SCHEMA = "streamlink"
NAME_LIMIT_BYTES = 63
"""NAMEDATALEN - 1."""

_POWERLESS = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"

REVOKED_FUNCTIONS = (
    # Large objects: any role could fill the disk with them.
    *("lo\\_%", "loread", "lowrite"),
    # They execute SQL that is given as text, out of the gate's sight.
    *(
        "query\\_to\\_xml%",
        "table\\_to\\_xml%",
        "cursor\\_to\\_xml%",
        "schema\\_to\\_xml%",
        "database\\_to\\_xml%",
    ),
    *("ts\\_stat", "ts\\_rewrite"),
    # They act on the server or on other clients.
    *("pg\\_cancel\\_backend", "pg\\_terminate\\_backend", "pg\\_export\\_snapshot"),
    *("pg\\_logical\\_%", "pg\\_replication\\_%", "pg\\_create\\_%", "pg\\_drop\\_%", "pg\\_copy\\_%"),
    *("pg\\_stat\\_reset%", "pg\\_log\\_%", "pg\\_restore\\_%", "pg\\_clear\\_%", "setseed"),
    *("brin\\_summarize%", "brin\\_desummarize%", "gin\\_clean\\_pending\\_list"),
)
"""LIKE patterns of functions in pg_catalog that PUBLIC may execute by default and nobody may here."""


async def bootstrap(admin: Any) -> None:
    """Bring a mirror's roles and privileges into order; can be run again.

    `admin`: an asyncpg connection of a superuser to the mirror's database.
    """
    if not await admin.fetchval("SELECT to_regnamespace($1) IS NOT NULL", STATE_SCHEMA):
        await _claim(admin)
    await admin.execute("""
        REVOKE USAGE ON LANGUAGE plpgsql, sql FROM PUBLIC;
        REVOKE UPDATE ON pg_catalog.pg_settings FROM PUBLIC;
        DO $$ BEGIN
          EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
          EXECUTE format('GRANT CONNECT ON DATABASE %I TO streamlink_reader', current_database());
        END $$;
    """)
    functions = await admin.fetch(
        "SELECT oid::regprocedure::text AS name FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace"
        " AND proname LIKE ANY ($1) AND has_function_privilege('public', oid, 'EXECUTE')",
        REVOKED_FUNCTIONS,
    )
    if functions:
        names = ", ".join(row["name"] for row in functions)
        await admin.execute(f"REVOKE EXECUTE ON FUNCTION {names} FROM PUBLIC")


async def create_database(admin: Any, name: str) -> None:
    """Make sure that another database of a mirror's server exists; can be run again."""
    # Held until the connection closes: two proxies may start at the same time, and there is no transaction to be in.
    await admin.execute("SELECT pg_advisory_lock(hashtext('streamlink databases'))")
    if not await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
        await admin.execute(f"CREATE DATABASE {quote_identifier(name)} TEMPLATE template0")


async def _claim(admin: Any) -> None:
    """Take a database for a mirror, once; it must be empty, so that nobody takes another's."""
    strangers = await admin.fetchval(
        "SELECT count(*) FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'v', 'm', 'p', 'f', 'S')"
        " AND relnamespace <> 'information_schema'::regnamespace"
    )
    if strangers:
        raise MirrorNotStarted(
            f"the mirror needs a database of its own: this one holds {strangers} relations"
        )
    await admin.execute(f"""
        DO $$ BEGIN CREATE ROLE {READER} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        DROP SCHEMA IF EXISTS public;
        CREATE SCHEMA {STATE_SCHEMA};
    """)


async def create_writer(admin: Any, password: str | None = None) -> None:
    """Make sure that the writer exists; can be run again."""
    login = "LOGIN" if password is None else f"LOGIN PASSWORD {quote_literal(password)}"
    async with admin.transaction():
        await admin.execute("SELECT pg_advisory_xact_lock(hashtext('streamlink roles'))")
        exists = await admin.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", WRITER)
        await admin.execute(f"{'ALTER' if exists else 'CREATE'} ROLE {WRITER} {login} {_POWERLESS}")
        database = quote_identifier(await admin.fetchval("SELECT current_database()"))
        await admin.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {WRITER}")


async def create_role(admin: Any, user: str, password: str | None = None) -> None:
    """Make sure that a client user's role exists.

    Raises: MirrorError 42939 for a name that cannot be a client's.
    """
    if (
        user in (OWNER, READER, WRITER, "public", "none")
        or user.startswith("pg_")
        or not 0 < len(user.encode()) <= NAME_LIMIT_BYTES
        or "\0" in user
    ):
        raise reserved(user)
    name = quote_identifier(user)
    login = "LOGIN" if password is None else f"LOGIN PASSWORD {quote_literal(password)}"
    async with admin.transaction():
        # Two proxies may meet the same new user at the same time.
        await admin.execute("SELECT pg_advisory_xact_lock(hashtext('streamlink roles'))")
        exists = await admin.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", user)
        ours = await admin.fetchval(
            "SELECT true FROM pg_auth_members WHERE roleid = $1::text::regrole"
            " AND member = (SELECT oid FROM pg_roles WHERE rolname = $2)",
            *(READER, user),
        )
        if exists and not ours:
            raise reserved(user)
        await admin.execute(f"{'ALTER' if exists else 'CREATE'} ROLE {name} {login} {_POWERLESS}")
        await admin.execute(f"GRANT {READER} TO {name} WITH INHERIT TRUE, SET FALSE")


def reserved(user: str) -> MirrorError:
    """The error for a user whose name cannot be a client's (42939)."""
    return MirrorError(ErrorFields("ERROR", RESERVED_NAME, f'role name "{user}" is reserved'))


def quote_identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """A string literal under standard_conforming_strings, which our own connections never turn off."""
    return "'" + text.replace("'", "''") + "'"
