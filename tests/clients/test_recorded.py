"""Recorded statements of real clients, through the wire, beside a plain PostgreSQL 18 that holds the same.

"The same" are the tables of the clients' tests, empty as the mirror has them, and the product's own schema; no gate and
no relay is in front of it.  OIDs that each server gives out anew (16384 and above) are compared as one; those that a
recording holds become the OID of a table that is there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psycopg
import pytest

from proxy.mirror.roles import OWNER, bootstrap, create_role, create_writer
from proxy.mirror.state import Rights, grant_rights, migrate
from tests.clients import recorded
from tests.clients.bi.answers import Answer, ask
from tests.clients.conftest import HERE, SEARCH_PATH, load_patents
from tests.clients.place import USER
from tests.live import DATABASE, LiveServer
from tests.postgres import running_postgres

STATEMENTS = recorded.statements()
MIN_STATEMENTS = 100
_RECORDED_OID = re.compile(r"(?<=')(?:1[6-9]|[2-9]\d)\d{3,4}(?=')")
_COUNTED = {"relpages", "reltuples", "relallvisible", "relallfrozen", "relfrozenxid", "relminmxid"}
"""What PostgreSQL's own housekeeping changes."""
_OID = re.compile(r"\b(1638[4-9]|1639\d|16[4-9]\d\d|1[7-9]\d{3}|[2-9]\d{4,})\b")
_BUILT_IN = ("pg_", "streamlink")


_COMMENTS = """
    SELECT CASE WHEN d.objsubid = 0 THEN format('COMMENT ON TABLE %I.%I IS %L', nspname, relname, description)
        ELSE format('COMMENT ON COLUMN %I.%I.%I IS %L', nspname, relname, attname, description) END
    FROM pg_description d JOIN pg_class c ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid
    WHERE nspname IN ('patents', 'clients')"""


@pytest.fixture(scope="module")
def plain(server: LiveServer, sample_folder: Path) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(server.conninfo) as connection:
        roles = [name for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall()]
        comments = connection.execute(_COMMENTS).fetchall()
    with running_postgres(superuser=OWNER) as port:
        place = f"host=127.0.0.1 port={port}"
        with psycopg.connect(f"{place} user={OWNER} dbname=postgres", autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
        asyncio.run(_like_a_mirror(port, [str(name) for name in roles]))
        with psycopg.connect(f"{place} user={OWNER} dbname={DATABASE}", autocommit=True) as admin:
            admin.execute("DROP DATABASE postgres")
            admin.execute("REVOKE ALL ON DATABASE template1 FROM PUBLIC")
            for schema in ("patents", "clients", '"default"'):
                admin.execute(f"CREATE SCHEMA {schema}")
                admin.execute(f"GRANT USAGE ON SCHEMA {schema} TO streamlink_reader")
                admin.execute(
                    f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO streamlink_reader"
                )
            load_patents(admin, sample_folder)
            admin.execute((HERE / "kinds.postgres.sql").read_text("utf-8"))
            tables = admin.execute(
                "SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables"
                " WHERE schemaname IN ('patents', 'clients')"
            ).fetchone()
            assert tables is not None
            admin.execute(f"TRUNCATE {tables[0]}".encode())
            for comment in comments:
                admin.execute(str(comment[0]).encode())
        with psycopg.connect(f"{place} user={USER} dbname={DATABASE}", autocommit=True) as connection:
            connection.execute(f"SET search_path = {SEARCH_PATH}")
            yield connection


async def _like_a_mirror(port: int, roles: list[str]) -> None:
    admin = await asyncpg.connect(host="127.0.0.1", port=port, user=OWNER, database=DATABASE)
    await bootstrap(admin)
    await migrate(admin)
    if "streamlink_writer" in roles:
        await create_writer(admin)
    for name in roles:
        if name == "streamlink_probe" or not name.startswith(_BUILT_IN):
            await create_role(admin, name)
            await grant_rights(admin, name, Rights("none" if name == "streamlink_probe" else "own"))
    await admin.close()


@pytest.fixture(scope="module")
def here(server: LiveServer) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        yield connection


def on_patent(place: psycopg.Connection[tuple[object, ...]], sql: str) -> str:
    """The statement with the OID of patents.patent for each that it was recorded with."""
    if not _RECORDED_OID.search(sql):
        return sql
    row = place.execute("SELECT 'patents.patent'::regclass::oid").fetchone()
    assert row is not None
    return _RECORDED_OID.sub(str(row[0]), sql)


def seen(answer: Answer) -> list[tuple[str | None, ...]]:
    return sorted(
        (
            tuple(
                None if value is None else "counted" if name in _COUNTED else _OID.sub("OID", value)
                for name, value in zip(answer.names, row, strict=True)
            )
            for row in answer.rows
        ),
        key=str,
    )


@pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])
@pytest.mark.parametrize(("name", "sql"), STATEMENTS, ids=[name for name, _ in STATEMENTS])
def test_a_recorded_statement(
    here: psycopg.Connection[tuple[object, ...]],
    plain: psycopg.Connection[tuple[object, ...]],
    name: str,
    sql: str,
    extended: bool,
) -> None:
    expected, found = (ask(place, on_patent(place, sql), extended=extended) for place in (plain, here))
    assert (found.sqlstate, found.message) == (expected.sqlstate, expected.message)
    assert (found.names, found.oids) == (expected.names, expected.oids)
    assert seen(found) == seen(expected)


def test_the_archive_is_whole() -> None:
    assert len(STATEMENTS) >= MIN_STATEMENTS
