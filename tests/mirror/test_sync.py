"""The mirror follows Spark's catalogue: what is there, what it is called, and only what has changed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from proxy.mirror import Mirror, MirrorError
from proxy.ports import Column, Reference, Table

pytestmark = [pytest.mark.mirror, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def _sample_again(mirror: Mirror, sample_tables: tuple[Table, ...]) -> AsyncIterator[None]:
    yield
    await mirror.sync(sample_tables)


async def fetch(mirror: Mirror, sql: str) -> list[tuple[object, ...]]:
    async with mirror.admin() as admin:
        return [tuple(row) for row in await admin.fetch(sql)]


COLUMNS = """
    SELECT attname::text, format_type(atttypid, atttypmod), coalesce(col_description(attrelid, attnum), '')
    FROM pg_attribute WHERE attrelid = '{}'::regclass AND attnum > 0 ORDER BY attnum"""


async def test_sample_is_mirrored_faithfully(mirror: Mirror) -> None:
    assert await fetch(
        mirror,
        "SELECT nspname::text, relname::text, relkind::text, coalesce(obj_description(c.oid, 'pg_class'), '')"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname IN ('patents', 'default') ORDER BY 1, 2",
    ) == [
        ("default", "events", "r", ""),
        ("patents", "patent", "r", "one row a patent; it's real"),
        ("patents", "recent", "v", ""),
    ]
    assert await fetch(mirror, COLUMNS.format("patents.patent")) == [
        ("id", "text", "publication number"),
        ("granted", "date", ""),
        ("claims", "integer", ""),
        ("fee", "numeric(12,2)", ""),
        ("tags", "text[]", ""),
    ]
    assert await fetch(mirror, COLUMNS.format("patents.recent")) == [
        ("id", "text", ""),
        ("code", "character varying(12)", ""),
    ]
    assert await fetch(mirror, 'SELECT count(*) FROM patents.recent, "default".events') == [(0,)]


async def test_version_grows_only_with_change(mirror: Mirror, sample_tables: tuple[Table, ...]) -> None:
    catalogue = mirror.catalogue
    assert (await mirror.sync(sample_tables)) is catalogue
    changed = await mirror.sync([*sample_tables, Table("default", "one", "table", (Column("a", "int"),))])
    assert changed.version == catalogue.version + 1
    assert changed.find(None, "one", ("patents", "default")) is not None
    assert changed.schemas == {"patents", "default"}
    mirror._synchroniser.forget()
    oids = await fetch(
        mirror, "SELECT oid FROM pg_class WHERE relname IN ('patent', 'recent', 'one') ORDER BY 1"
    )
    assert (await mirror.sync(changed.tables.values())).version == changed.version
    assert oids == await fetch(
        mirror, "SELECT oid FROM pg_class WHERE relname IN ('patent', 'recent', 'one') ORDER BY 1"
    )


async def test_only_what_differs_is_touched(mirror: Mirror) -> None:
    def tables(type_: str, comment: str, note: str, kind: str = "table") -> list[Table]:
        column = Column("a", type_, note)
        return [
            Table("s", "same", "table", (column.__class__("a", "int"),)),
            Table("s", "t", "view" if kind == "view" else "table", (column,), comment),
        ]

    async def oid(name: str) -> object:
        return (await fetch(mirror, f"SELECT 's.{name}'::regclass::oid"))[0][0]

    await mirror.sync(tables("int", "", ""))
    same, changing = await oid("same"), await oid("t")
    await mirror.sync(tables("int", "a'b\\c", "note"))
    assert (await oid("same"), await oid("t")) == (same, changing)
    assert await fetch(mirror, COLUMNS.format("s.t")) == [("a", "integer", "note")]
    await mirror.sync(tables("bigint", "a'b\\c", ""))
    assert await oid("same") == same
    assert await oid("t") != changing
    assert await fetch(mirror, COLUMNS.format("s.t")) == [("a", "bigint", "")]
    await mirror.sync(tables("bigint", "view now", "", "view"))
    assert await fetch(mirror, "SELECT relkind::text FROM pg_class WHERE oid = 's.t'::regclass") == [("v",)]
    await mirror.sync([])
    assert await fetch(mirror, "SELECT FROM pg_namespace WHERE nspname = 's'") == []


async def test_names_are_folded_and_awkward_ones_survive(mirror: Mirror) -> None:
    long = "l" * 70
    awkward = [
        Table(
            "Odd",
            'Quo"te d',
            "table",
            (Column("userId", "int"), Column("a b", "int"), Column("naïve.x", "int")),
        ),
        Table("odd", long, "table", (Column(long + "1", "int"), Column(long + "2", "int"))),
        Table("odd", "none", "table", ()),
        Table("odd", "no_view", "view", ()),
        Table("pg_spark", "t", "table", (Column("a", "int"),)),
        Table("streamlink", "t", "table", (Column("a", "int"),)),
        Table("odd", "wide", "table", tuple(Column(f"c{n}", "int") for n in range(1601))),
    ]
    catalogue = await mirror.sync(awkward, schemas=["Empty"])
    assert ("pg_spark", "t") in catalogue.tables
    assert "empty" in catalogue.schemas
    assert await fetch(
        mirror,
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'odd'::regnamespace ORDER BY relname",
    ) == [(long[:63],), ("no_view",), ("none",), ('quo"te d',)]
    assert [row[0] for row in await fetch(mirror, COLUMNS.format('odd."quo""te d"'))] == [
        "userid",
        "a b",
        "naïve.x",
    ]
    assert [row[0] for row in await fetch(mirror, COLUMNS.format(f"odd.{long}"))] == [
        long[:63],
        long[:58] + "_2",
    ]
    assert await fetch(mirror, "SELECT count(*) FROM pg_namespace WHERE nspname = 'empty'") == [(1,)]
    mirror._synchroniser.forget()
    changes = mirror._synchroniser.changes
    await mirror.sync(awkward, schemas=["Empty"])
    assert mirror._synchroniser.changes == changes


TYPES = (
    "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal(38,10)", "string", "varchar(7)",
    "char(3)", "binary", "date", "timestamp", "timestamp_ntz", "interval day to second", "interval year to month",
    "array<decimal(10,2)>", "array<array<int>>", "array<struct<a:int>>", "map<string,int>", "struct<a:int>",
    "variant", "void", "something new",
)  # fmt: skip


async def test_every_type_is_stable(mirror: Mirror) -> None:
    columns = tuple(Column(f"c{number}", spark_type) for number, spark_type in enumerate(TYPES))
    tables = [Table("types", "t", "table", columns), Table("types", "v", "view", columns)]
    await mirror.sync(tables)
    mirror._synchroniser.forget()
    changes = mirror._synchroniser.changes
    await mirror.sync(tables)
    assert mirror._synchroniser.changes == changes
    shape = [row[:2] for row in await fetch(mirror, COLUMNS.format("types.t"))]
    assert shape == [row[:2] for row in await fetch(mirror, COLUMNS.format("types.v"))]


async def test_locked_table_is_left_for_the_next_time(mirror: Mirror) -> None:
    await mirror.sync([Table("s", "held", "table", (Column("a", "int"),))])
    async with mirror.lease("ann", {}) as lease:
        await lease.query("BEGIN")
        assert (await lease.query("SELECT a FROM s.held")).error is None
        catalogue = await mirror.sync(
            [
                Table("s", "held", "table", (Column("a", "string"),)),
                Table("s", "new", "table", (Column("a", "int"),)),
            ]
        )
        assert await fetch(mirror, COLUMNS.format("s.held")) == [("a", "integer", "")]
        assert await fetch(mirror, COLUMNS.format("s.new")) == [("a", "integer", "")]
        assert not mirror.in_step
        await lease.query("COMMIT")
    assert (await mirror.sync(catalogue.tables.values())) is catalogue
    assert mirror.in_step
    assert await fetch(mirror, COLUMNS.format("s.held")) == [("a", "text", "")]


async def test_kept_statements_follow_the_catalogue(mirror: Mirror) -> None:
    sql = "SELECT a FROM s.moving"
    for spark_type, oid in (("int", 23), ("string", 25), ("date", 1082)):
        await mirror.sync([Table("s", "moving", "table", (Column("a", spark_type),))])
        async with mirror.lease("ann", {}) as lease:
            description = await lease.describe(sql)
            assert description.fields is not None
            assert description.fields[0].oid == oid
            reply = await lease.query(sql)
            assert reply.tag == "SELECT 0"
    async with mirror.lease("ann", {}) as lease:
        await lease.query(sql)
        async with mirror.admin() as admin:
            await admin.execute("ALTER TABLE s.moving ALTER a TYPE int USING NULL")
        assert (await lease.query(sql)).tag == "SELECT 0"
        await mirror.sync([])
        assert (await lease.query(sql)).error is not None
        with pytest.raises(MirrorError):
            await lease.describe(sql)
    mirror._synchroniser.forget()


KEYS = """
    SELECT conname::text, pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_namespace n ON n.oid = connamespace
    WHERE nspname = 'shop' AND contype IN ('p', 'f') ORDER BY 1"""


async def test_keys_and_references_come_and_go(mirror: Mirror, sample_tables: tuple[Table, ...]) -> None:
    def item(*references: Reference) -> Table:
        return Table(
            "shop",
            "item",
            "table",
            (Column("a", "int"), Column("b", "string"), Column("no", "int")),
            references=references,
        )

    order = Table("shop", "order", "table", (Column("b", "string"), Column("a", "int")), key=("a", "b"))
    to_order = Reference(("a", "b"), "shop", "order")
    await mirror.sync([*sample_tables, item(to_order), order])
    assert await fetch(mirror, KEYS) == [
        ("item_a_b_fkey", 'FOREIGN KEY (a, b) REFERENCES shop."order"(a, b)'),
        ("order_pkey", "PRIMARY KEY (a, b)"),
    ]
    wider = Table("shop", "order", "table", (*order.columns, Column("c", "int")), key=order.key)
    await mirror.sync([*sample_tables, item(to_order), wider])
    assert len(await fetch(mirror, KEYS)) == 2, "a table that is made anew is referred to again"
    await mirror.sync([*sample_tables, item(), wider])
    assert [name for name, _ in await fetch(mirror, KEYS)] == ["order_pkey"]
    await mirror.sync([*sample_tables, item(to_order), order])
    await mirror.sync([*sample_tables, item()])
    assert await fetch(mirror, KEYS) == []
    assert mirror.in_step


async def test_one_change_among_many_is_looked_at_alone(
    mirror: Mirror, sample_tables: tuple[Table, ...]
) -> None:
    many = [Table("shop", f"t{n}", "table", (Column("a", "int"),)) for n in range(20)]
    await mirror.sync([*sample_tables, *many])
    before = await fetch(
        mirror, "SELECT relname::text, oid FROM pg_class WHERE relnamespace = 'shop'::regnamespace"
    )
    many[3] = Table("shop", "t3", "table", (Column("a", "int"), Column("b", "int")), "changed")
    del many[7]
    many.append(Table("shop", "t99", "table", (Column("a", "int"),)))
    await mirror.sync([*sample_tables, *many])
    after = await fetch(
        mirror, "SELECT relname::text, oid FROM pg_class WHERE relnamespace = 'shop'::regnamespace"
    )
    assert {name for name, _ in after} == {table.name for table in many}
    assert {name for name, _ in set(after) - set(before)} == {"t3", "t99"}
    assert await fetch(mirror, COLUMNS.format("shop.t3")) == [("a", "integer", ""), ("b", "integer", "")]
