"""A stage on a real mirror: what PostgreSQL makes of written values, its errors, and the lines that leave."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from proxy.mirror import Mirror, MirrorError
from proxy.mirror.roles import WRITER
from proxy.ports import Bind, Column
from proxy.sqlstate import Refused
from proxy.staging import CopyFailed, Stage

pytestmark = [pytest.mark.mirror, pytest.mark.asyncio(loop_scope="session")]

COLUMNS = (
    Column("a", "int"),
    Column("b", "varchar(3)"),
    Column("c", "decimal(5,2)"),
    Column("d", "timestamp"),
    Column("e", "array<string>"),
    Column("f", "double"),
    Column("g", "binary"),
    Column("h", "date"),
)
PLAIN = {"timezone": "Europe/Berlin", "statement_timeout": "1", "extra_float_digits": "-5"}


def stage(mirror: Mirror, notices: list[bytes] | None = None) -> Stage:
    return Stage(mirror, PLAIN, "t", ([] if notices is None else notices).append)


async def incoming(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def stored(staged: Stage, values: str) -> list[dict[str, object]]:
    await staged.run(f"INSERT INTO pg_temp.t VALUES ({values})")
    return await rows(staged)


async def rows(staged: Stage) -> list[dict[str, object]]:
    text = b"".join([piece async for piece in staged.lines(COLUMNS)])
    return [json.loads(line) for line in text.splitlines()]


async def test_values_leave_without_loss(mirror: Mirror) -> None:
    async with stage(mirror) as staged:
        await staged.create(COLUMNS, ())
        tag = await staged.run(
            "INSERT INTO pg_temp.t VALUES ($1, 'x  ', 1.005, '2024-02-29 12:00', '{a,NULL,\"b\\n\"}', 0.1, '\\xff',"
            " '1970-01-02'), (2, E'\\t\\n', NULL, NULL, '{}', 'NaN', '', NULL)",
            (23,),
            Bind((b"1",)),
        )
        assert tag == "INSERT 0 2"
        assert await rows(staged) == [
            {"c0": 1, "c1": "x  ", "c2": "1.01", "c3": 1709204400000000, "c4": ["a", None, "bn"],
             "c5": "0.1", "c6": "ff", "c7": 1},
            {"c0": 2, "c1": "\t\n", "c2": None, "c3": None, "c4": [], "c5": "NaN", "c6": "", "c7": None},
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "sqlstate", "message"),
    [
        ("NULL", "23502", 'null value in column "a" of relation "t" violates not-null constraint'),
        ("1, 'long'", "22001", "value too long for type character varying(3)"),
        ("1, 'x', 1000", "22003", "numeric field overflow"),
        ("1, 'x', 1, 'infinity'", "0A000", "cannot convert infinity to bigint"),
        ("1, 'x', 1, NULL, '{{a},{b}}'", "0A000", "arrays of more than one dimension cannot be stored here"),
    ],
)
async def test_errors(mirror: Mirror, values: str, sqlstate: str, message: str) -> None:
    async with stage(mirror) as staged:
        await staged.create(COLUMNS, {"a"})
        with pytest.raises((MirrorError, Refused)) as raised:
            await stored(staged, values)
    fields = raised.value.fields
    assert (fields.sqlstate, fields.message, fields.position, fields.schema) == (
        sqlstate,
        message,
        None,
        None,
    )


async def test_copy_in_any_cuts(mirror: Mirror) -> None:
    async with stage(mirror) as staged:
        await staged.create(COLUMNS, ())
        pieces = incoming(b"1\tx", b"\n2\t", b"\\N\n", b"")
        assert await staged.copy_in("COPY pg_temp.t (a, b) FROM STDIN", pieces) == "COPY 2"
        assert [row["c0"] for row in await rows(staged)] == [1, 2]


async def test_a_wrong_row_ends_the_copy_before_the_data_end(mirror: Mirror) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < 100_000:
            taken += 1
            yield b"x\ty\n" * 1000

    async with stage(mirror) as staged:
        await staged.create(COLUMNS, ())
        with pytest.raises(MirrorError) as raised:
            await staged.copy_in("COPY pg_temp.t (a, b) FROM STDIN", endless())
    assert raised.value.fields.sqlstate == "22P02"
    assert raised.value.fields.where == 'COPY t, line 1, column a: "x"'
    assert taken < 100_000


async def test_a_client_that_gives_up(mirror: Mirror) -> None:
    async def given_up() -> AsyncIterator[bytes]:
        yield b"1\tx\n"
        raise CopyFailed("no more")

    async with stage(mirror) as staged:
        await staged.create(COLUMNS, ())
        with pytest.raises(MirrorError) as raised:
            await staged.copy_in("COPY pg_temp.t (a, b) FROM STDIN", given_up())
    assert raised.value.fields.message == "COPY from stdin failed: no more"
    assert raised.value.fields.where == "COPY t, line 2"


async def test_types_of_a_definition_and_notices(mirror: Mirror) -> None:
    notices: list[bytes] = []
    async with stage(mirror, notices) as staged:
        await staged.run(
            "CREATE TABLE pg_temp.t (a int DEFAULT 5, b varchar(7), c numeric(5,2)[], d timestamptz)"
        )
        assert await staged.columns() == [
            ("a", "integer"),
            ("b", "character varying(7)"),
            ("c", "numeric(5,2)[]"),
            ("d", "timestamp with time zone"),
        ]
        sql = "COPY pg_temp.t (a) FROM STDIN (ON_ERROR ignore)"
        assert await staged.copy_in(sql, incoming(b"1\nx\n2\n")) == "COPY 2"
    assert b"1 row was skipped due to data type incompatibility" in notices[0]


async def test_the_writer_has_nothing_else(mirror: Mirror) -> None:
    """Neither a table that lasts, nor one of the catalogue's, nor what is left of another stage."""
    async with stage(mirror) as staged:
        await staged.create(COLUMNS, ())
    for sql in (
        "INSERT INTO pg_temp.t (a) VALUES (1)",
        "CREATE TABLE patents.mine (a int)",
        "CREATE SCHEMA mine",
        "INSERT INTO patents.patent (id) VALUES ('x')",
        "SELECT * FROM patents.patent",
        "COPY pg_temp.t FROM PROGRAM 'id'",
        "SELECT pg_read_file('postgresql.conf')",
        "SET ROLE streamlink",
    ):
        async with stage(mirror) as staged:
            with pytest.raises(MirrorError) as raised:
                await staged.run(sql)
            assert raised.value.fields.sqlstate in ("42501", "42P01", "3F000"), sql


async def test_no_client_has_the_writers_name(mirror: Mirror) -> None:
    with pytest.raises(MirrorError) as raised:
        mirror.lease(WRITER, {})
    assert raised.value.fields.sqlstate == "42939"
