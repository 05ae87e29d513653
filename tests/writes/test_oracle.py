"""What is written comes back as from a real PostgreSQL that did the same, and what is refused is refused alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.writes.conftest import Place

HERE = Path(__file__).parent
T = "CREATE TABLE t (a int NOT NULL, b varchar(5), c numeric(5,2), d timestamptz, e int[], f smallint, g text)"


def lines(name: str) -> list[str]:
    text = (HERE / name).read_text("utf-8").splitlines()
    return [line for line in text if line.strip() and not line.startswith("#")]


def unescaped(text: str) -> str:
    return text.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t").replace("\0", "\\")


KINDS = [line.split(" | ") for line in lines("values.txt")]
ROWS = max(map(len, KINDS)) - 1
LITERALS = [
    [unescaped(kind[row + 1]) if row + 1 < len(kind) else None for kind in KINDS] for row in range(ROWS)
]
DEFINED = ", ".join(f"c{i} {kind[0]}" for i, kind in enumerate(KINDS))


def drop_tables(place: Place, *names: str) -> None:
    with place.connect() as connection:
        for name in names:
            connection.execute(f"DROP TABLE IF EXISTS {name}")


def everything(connection: psycopg.Connection[tuple[object, ...]], table: str) -> list[bytes]:
    """The rows as COPY's text."""
    with connection.cursor().copy(f"COPY (SELECT * FROM {table} ORDER BY n) TO STDOUT") as copy:
        return b"".join(bytes(piece) for piece in copy).splitlines()


def written(place: Place, how: str) -> list[bytes]:
    drop_tables(place, "kinds", "copied")
    with place.connect() as connection:
        connection.execute(f"CREATE TABLE kinds (n int, {DEFINED})")
        marks = ", ".join(["%s"] * (len(KINDS) + 1))
        if how == "literals":
            rows = ", ".join(f"({i}, {', '.join(map(quoted, row))})" for i, row in enumerate(LITERALS))
            connection.execute(f"INSERT INTO kinds VALUES {rows}")
        elif how == "parameters":
            for i, row in enumerate(LITERALS):
                connection.execute(f"INSERT INTO kinds VALUES ({marks})", [i, *row])
        else:
            with connection.cursor().copy("COPY kinds FROM STDIN") as copy:
                for i, row in enumerate(LITERALS):
                    copy.write_row([i, *row])
        if how == "selected":
            connection.execute("CREATE TABLE copied AS SELECT * FROM kinds WHERE n < 0")
            connection.execute("INSERT INTO copied SELECT * FROM kinds")
            return everything(connection, "copied")
        return everything(connection, "kinds")


def quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    return "E'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


@pytest.mark.parametrize("how", ["literals", "parameters", "copy", "selected"])
def test_values(server: Place, oracle: Place, how: str) -> None:
    ours, theirs = written(server, how), written(oracle, how)
    assert len(ours) == ROWS
    for ours_row, theirs_row in zip(ours, theirs, strict=True):
        assert ours_row.split(b"\t") == theirs_row.split(b"\t")


@pytest.fixture(scope="module")
def tables(server: Place, oracle: Place) -> Iterator[tuple[Place, Place]]:
    for place in (server, oracle):
        drop_tables(place, "t", "u")
        with place.connect() as connection:
            connection.execute(T)
    yield server, oracle
    for place in (server, oracle):
        drop_tables(place, "t", "u")


def failure(place: Place, sql: str) -> tuple[str | None, ...]:
    with place.connect() as connection, connection.cursor() as cursor:
        with pytest.raises(psycopg.Error) as caught:
            run(cursor, sql)
        told = caught.value.diag
        return told.sqlstate, told.message_primary, told.message_detail, told.statement_position


def run(cursor: psycopg.Cursor[tuple[object, ...]], sql: str) -> None:
    if not sql.startswith("COPY"):
        cursor.execute(sql)
        return
    with cursor.copy(sql) as copy:
        copy.write(b"")


@pytest.mark.parametrize("sql", lines("errors.txt"))
def test_errors(tables: tuple[Place, Place], sql: str) -> None:
    ours, theirs = (failure(place, sql) for place in tables)
    # PostgreSQL gives definitions a place sometimes, which we have no use for.
    compared = 4 if sql.startswith("INSERT") else 3
    assert ours[:compared] == theirs[:compared]


@pytest.mark.parametrize("case", lines("copy_errors.txt"))
def test_copy_errors(tables: tuple[Place, Place], case: str) -> None:
    options, data = case.split("| ", 1)
    sql = f"COPY t FROM STDIN ({options})" if options.strip() else "COPY t FROM STDIN"
    told = []
    for place in tables:
        with place.connect() as connection, connection.cursor() as cursor:
            with pytest.raises(psycopg.Error) as caught, cursor.copy(sql) as copy:
                copy.write(unescaped(data).encode())
            diag = caught.value.diag
            told.append((diag.sqlstate, diag.message_primary, diag.message_detail, diag.context))
            assert cursor.execute("SELECT count(*) FROM t").fetchone() == (0,)
    assert told[0] == told[1]


def test_statements_in_a_row(server: Place, oracle: Place) -> None:
    script = [line for line in (HERE / "inserts.sql").read_text("utf-8").splitlines() if line[:2] != "--"]
    ends = []
    for place in (server, oracle):
        drop_tables(place, "t", "u")
        with place.connect() as connection:
            connection.execute(
                "CREATE TABLE t (a int, b text DEFAULT 'd', c date, n numeric(6,2) NOT NULL DEFAULT 1.5)"
            )
            tags = [(sql, connection.execute(sql).statusmessage) for sql in script]
            with connection.cursor().copy("COPY t TO STDOUT") as copy:
                ends.append((tags, sorted(b"".join(bytes(piece) for piece in copy).splitlines())))
        drop_tables(place, "t")
    assert ends[0] == ends[1]
