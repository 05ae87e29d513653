"""Our COPY messages against PostgreSQL's own for the same rows and options."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from proxy.copyout import CopyOut
from proxy.ports import CopyOptions
from proxy.rows import RowEncoder
from spark_thrift.types import pg_type
from tests.mirror.plain_postgresql import running_postgresql
from tests.unit.proxy.test_copyout import payloads
from tests.unit.proxy.value_table import field_of
from tests.unit.spark_thrift.frames import make_frame

pytestmark = pytest.mark.mirror

OPTIONS = {
    "FORMAT text": CopyOptions(),
    "FORMAT text, HEADER, DELIMITER '|', NULL 'nil'": CopyOptions("text", "|", "nil", header=True),
    "FORMAT text, DELIMITER ','": CopyOptions("text", ","),
    "FORMAT csv": CopyOptions("csv", ",", ""),
    "FORMAT csv, HEADER, DELIMITER ';', NULL 'a'": CopyOptions("csv", ";", "a", header=True),
    "FORMAT csv, QUOTE '''', ESCAPE '\\'": CopyOptions("csv", ",", "", quote="'", escape="\\"),
    "FORMAT csv, FORCE_QUOTE *": CopyOptions("csv", ",", "", force_quote="*"),
    'FORMAT csv, FORCE_QUOTE ("b,")': CopyOptions("csv", ",", "", force_quote=("b,",)),
    "FORMAT binary": CopyOptions("binary"),
}
ALPHABET = "aN\\.,;|\"'\t\n\r\b\f\vüx "


@pytest.fixture(scope="module")
def postgresql() -> Iterator[psycopg.Connection[Any]]:
    with running_postgresql() as connection:
        connection.execute('CREATE TEMP TABLE t (n int, "b," text)')
        connection.execute('CREATE TEMP TABLE lone ("b," text)')
        yield connection


def rows() -> list[tuple[int | None, str | None]]:
    draw = random.Random(11)
    texts: list[str | None] = [None, "", "\\.", "a", "nil", "\\N", '"', "'"]
    texts += ["".join(draw.choice(ALPHABET) for _ in range(draw.randrange(8))) for _ in range(400)]
    return [(draw.choice([None, 1, -20_000]), text) for text in texts]


def copied(connection: psycopg.Connection[Any], sql: str) -> list[bytes]:
    with connection.cursor().copy(sql.encode()) as copy:
        return [bytes(message) for message in copy]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("lone", [False, True])
def test_copy(postgresql: psycopg.Connection[Any], options: str, lone: bool) -> None:
    values = rows()
    table, names = ("lone", ["b,"]) if lone else ("t", ["n", "b,"])
    postgresql.execute(f"TRUNCATE {table}")
    with postgresql.cursor() as cursor:
        if lone:
            cursor.executemany("INSERT INTO lone VALUES (%s)", [(text,) for _, text in values])
        else:
            cursor.executemany("INSERT INTO t VALUES (%s, %s)", values)
    kinds = [pg_type("string")] if lone else [pg_type("int"), pg_type("string")]
    texts: tuple[str, list[object]] = ("string", [text for _, text in values])
    frame = make_frame([texts] if lone else [("i32", [n for n, _ in values]), texts])
    fields = [field_of(name, kind) for name, kind in zip(names, kinds, strict=True)]
    batch = RowEncoder(fields, kinds).decode(frame)
    ours = CopyOut(fields, OPTIONS[options])
    messages = payloads(ours.begin()) + payloads(ours.rows(batch)) + payloads(ours.end())
    assert messages == copied(postgresql, f"COPY {table} TO STDOUT ({options})")
