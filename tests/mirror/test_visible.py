"""The catalogue for a role that may not read everything: no relation and no function of it tells what is hidden."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from checker.catalogue import SEEN
from checker.context import Context, Grants, Mask
from checker.gate import Gate
from checker.verdict import Allowed, StatementKind
from proxy.mirror import Mirror
from proxy.ports import Column, Reference, Table
from proxy.visible import shown

pytestmark = [pytest.mark.mirror, pytest.mark.asyncio(loop_scope="session")]

HIDDEN, HUSH = "zquiet", "hush"
TABLES = (
    Table(
        "patents",
        "patent",
        "table",
        (
            Column("id", "string", "the number"),
            Column("hush", "int", "hush!"),
            Column("masked", "int", "hush!"),
        ),
        "what was granted",
        key=("id",),
        references=(Reference(("id",), "patents", "zquiet"),),
    ),
    Table(
        "patents",
        "claim",
        "table",
        (Column("id", "string"),),
        references=(Reference(("id",), "patents", "patent"),),
    ),
    Table("patents", "other", "table", (Column("id", "int"), Column("hush", "int")), key=("hush",)),
    Table("patents", "zquiet", "table", (Column("id", "string", "hush!"),), "hush!", key=("id",)),
    Table("patents", "veiled", "view", (Column("zquiet_id", "string"),)),
    Table("closed", "zquiet_of_another", "table", (Column("id", "string"),)),
)
GRANTS = Grants(
    ("guest",),
    frozenset(StatementKind),
    read=("patents.*",),
    deny=("patents.zquiet", "patents.veiled", "patents.patent.hush", "patents.other.hush"),
    functions=("*",),
    masks=(Mask("patents.patent.masked"),),
)
CASES = [
    tuple(line.split(" => "))
    for line in (Path(__file__).parent / "catalogue_statements.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


class Watched:
    """A mirror of its own catalogue, seen by `guest` with restrictions and by `ann` without."""

    def __init__(self, mirror: Mirror, names: dict[str, Any]) -> None:
        self.mirror, self.names = mirror, names

    def written(self, statement: str) -> str | tuple[str, str]:
        """The text for the mirror, or the SQLSTATE and reason of a denial."""
        verdict = Gate().check(statement, Context(GRANTS, self.mirror.catalogue, ("patents",)))
        return verdict.sql if isinstance(verdict, Allowed) else (verdict.sqlstate, verdict.reason)

    async def ask(self, statement: str, user: str = "guest") -> tuple[str | None, bytes]:
        """(SQLSTATE, the answer's bytes)."""
        sql = self.written(statement) if user == "guest" else statement
        if isinstance(sql, tuple):
            return sql[0], b""
        async with self.mirror.lease(user, {"search_path": '"patents"'}) as lease:
            reply = await lease.query(sql)
        return (reply.error.sqlstate if reply.error else None), bytes(reply.raw)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def watched(mirror: Mirror, sample_tables: tuple[Table, ...]) -> AsyncIterator[Watched]:
    await mirror.sync(TABLES, {"empty"})
    await mirror.show("guest", shown(mirror.catalogue, GRANTS))
    async with mirror.admin() as admin:
        row = await admin.fetchrow(
            "SELECT 'patents.zquiet'::regclass::oid AS zquiet, 'patents.patent'::regclass::oid AS patent,"
            " (SELECT oid FROM pg_rewrite WHERE ev_class = 'patents.veiled'::regclass) AS rule,"
            " 'patents.zquiet'::regtype::oid AS type,"
            " (SELECT oid FROM pg_constraint WHERE contype = 'f' AND confrelid = 'patents.zquiet'::regclass) AS fkey,"
            " 'patents.zquiet_pkey'::regclass::oid AS index"
        )
    yield Watched(mirror, dict(row))
    await mirror.sync(sample_tables)


def _values(raw: bytes) -> list[str | None]:
    """The first field of every DataRow."""
    found: list[str | None] = []
    at = 0
    while at < len(raw):
        size = int.from_bytes(raw[at + 1 : at + 5], "big")
        if raw[at : at + 1] == b"D":
            length = int.from_bytes(raw[at + 7 : at + 11], "big", signed=True)
            found.append(None if length < 0 else raw[at + 11 : at + 11 + length].decode())
        at += size + 1
    return found


@pytest.mark.parametrize(("statement", "expected"), CASES, ids=[case[0][:80] for case in CASES])
async def test_a_statement_on_the_catalogue(watched: Watched, statement: str, expected: str) -> None:
    for name, oid in watched.names.items():
        statement = statement.replace("{" + name + "}", str(oid))
    sqlstate, raw = await watched.ask(statement)
    if expected.startswith("! "):
        assert sqlstate == expected.removeprefix("! "), raw
        return
    assert sqlstate is None, raw
    wanted: list[str | None] = [] if expected == "no row" else [None if expected == "NULL" else expected]
    assert _values(raw) == wanted


async def test_no_relation_of_the_catalogue_speaks_of_what_is_hidden(watched: Watched) -> None:
    async with watched.mirror.admin() as admin:
        relations = await admin.fetch(
            "SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE n.nspname IN ('pg_catalog', 'information_schema') AND relkind IN ('r', 'v') ORDER BY 1, 2"
        )
    told, before = [], 0
    for schema, name in relations:
        for star in ("*", "r::text"):
            statement = f"SELECT {star} FROM {schema}.{name} AS r"
            sqlstate, raw = await watched.ask(statement)
            assert sqlstate in (None, "42501", "55000", "0A000"), (statement, raw)
            if HIDDEN.encode() in raw or HUSH.encode() in raw:
                told.append(statement)
            before += HIDDEN.encode() in (await watched.ask(statement, "ann"))[1]
    assert not told
    assert before > 10, "without restrictions they do"


async def test_every_relation_that_is_filtered_is_there(watched: Watched) -> None:
    async with watched.mirror.admin() as admin:
        for schema, name in SEEN:
            assert await admin.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.{name}"), name


async def test_a_filtered_relation_keeps_its_columns(watched: Watched) -> None:
    for schema, name in SEEN:
        statement = f"SELECT * FROM {schema}.{name} LIMIT 0"
        (one, seen), (other, plain) = await watched.ask(statement), await watched.ask(statement, "ann")
        assert (one, other) in ((None, None), ("42501", "42501")), (statement, seen)
        # RowDescription names the table that a column is of, which a derived table is not.
        assert [part[:1] for part in seen.split(b"\0")][:1] == [part[:1] for part in plain.split(b"\0")][:1]


async def test_a_new_table_is_hidden_until_it_is_listed(watched: Watched) -> None:
    fresh = Table("patents", "zquiet_plan", "table", (Column("id", "string"),))
    await watched.mirror.sync((*TABLES, fresh), {"empty"})
    try:
        _, raw = await watched.ask("SELECT relname FROM pg_class WHERE relname = 'zquiet_plan'")
        assert _values(raw) == []
        await watched.mirror.show("guest", shown(watched.mirror.catalogue, GRANTS))
        _, raw = await watched.ask("SELECT relname FROM pg_class WHERE relname = 'zquiet_plan'")
        assert _values(raw) == ["zquiet_plan"]
    finally:
        await watched.mirror.sync(TABLES, {"empty"})
        await watched.mirror.show("guest", shown(watched.mirror.catalogue, GRANTS))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM streamlink.hidden_relations()",
        "SELECT streamlink.visible(1)",
        "SELECT * FROM streamlink.visible_relation",
        "SELECT * FROM streamlink.restricted_column",
    ],
)
async def test_the_lists_themselves_are_no_clients(watched: Watched, statement: str) -> None:
    sqlstate, raw = await watched.ask(statement)
    assert sqlstate in ("42501", "42883", "0A000"), raw
