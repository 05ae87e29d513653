"""pgjdbc: simple and extended query, text and binary, portals, metadata, cancel, COPY, against PostgreSQL's answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.clients.place import Oracle
from tests.clients.program import (
    CHOSEN,
    STATEMENTS,
    Compared,
    assert_same,
    built,
    command,
    compared,
    toolchain,
)
from tests.live import LiveServer

METADATA = (
    "columns", "primary keys", "indexes", "imported keys", "table types", "tables by pattern", "best row", "functions",
    "function columns", "procedures", "words",
)  # fmt: skip
OTHERWISE = ("schemas", "catalogs", "tables", "columns of all tables", "table privileges", "types")
"""Metadata with something of our own in it; each has its test below."""
SCENARIOS = (
    "typed values", "switch to binary", "fetch size", "two portals in turn", "portal ends with its transaction",
    "maximum of rows", "cancel", "query timeout", "statement timeout", "copy as text", "copy as csv",
    "copy as binary", "copy of an error", "copy in", "java.sql classes", "batch of selects", "batch of inserts",
    "failed transaction", "savepoints", "several statements", "read only", "time zone", "validity",
)  # fmt: skip
NAMES = (
    *(f"{mode}: {name}" for name in CHOSEN for mode in ("simple", "binary")),
    *(f"parameters: {name}" for name in STATEMENTS),
    *(f"metadata: {name}" for name in METADATA),
    *SCENARIOS,
)


def build(sources: Path, folder: Path) -> None:
    jars, classes = folder / "jars", folder / "classes"
    maven = toolchain("mvn", "maven")
    plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
    command(maven, "--batch-mode", "--quiet", plugin, f"-DoutputDirectory={jars}", cwd=sources)
    javac = toolchain("javac", "default-jdk-headless")
    command(
        javac, "-Xlint:all", "-Werror", "-cp", f"{jars}/*", "-d", classes, *sources.glob("*.java"), cwd=folder
    )


def program() -> list[str]:
    folder = built("jdbc", build)
    java = toolchain("java", "default-jdk-headless")
    return [java, "-XX:TieredStopAtLevel=1", "-cp", f"{folder}/classes:{folder}/jars/*", "Client"]


@pytest.fixture(scope="module")
def jdbc(server: LiveServer, oracle: Oracle) -> Compared:
    return compared(program(), server, oracle)


def test_nothing_is_left_out(jdbc: Compared) -> None:
    tried = {*NAMES, *(f"metadata: {name}" for name in OTHERWISE)}
    assert set(jdbc.ours) == set(jdbc.theirs) == tried


@pytest.mark.parametrize("name", NAMES)
def test_same_as_postgresql(jdbc: Compared, name: str) -> None:
    assert_same(jdbc.ours[name], jdbc.theirs[name])


def texts(result: Any, without: int | None = None) -> list[list[str | None]]:
    """The rows of a metadata question as text, one column left out."""
    rows = [[None if value is None else value[0] for value in row] for row in result["rows"]]
    return [row if without is None else row[:without] + row[without + 1 :] for row in rows]


def test_schemas(jdbc: Compared) -> None:
    """Spark has no schema public; what the server keeps for itself lies in streamlink."""
    ours, theirs = (texts(place["metadata: schemas"]) for place in (jdbc.ours, jdbc.theirs))
    assert ["streamlink", "spark_catalog"] in ours
    assert sorted(row for row in ours if row[0] != "streamlink") == sorted(
        r for r in theirs if r[0] != "public"
    )


def test_catalogs(jdbc: Compared) -> None:
    assert ["spark_catalog"] in texts(jdbc.ours["metadata: catalogs"])


@pytest.mark.parametrize(("question", "remarks"), [("tables", 4), ("columns of all tables", 11)])
def test_remarks_are_comments_of_spark(jdbc: Compared, question: str, remarks: int) -> None:
    ours, theirs = jdbc.ours[f"metadata: {question}"], jdbc.theirs[f"metadata: {question}"]
    assert ours["columns"] == theirs["columns"]
    assert texts(ours, without=remarks) == texts(theirs, without=remarks)
    assert any(row[remarks] for row in texts(ours))


def test_table_privileges(jdbc: Compared) -> None:
    """The demo user may read, as on the oracle; the tables' owner is the server's own role."""
    ours, theirs = (texts(place["metadata: table privileges"]) for place in (jdbc.ours, jdbc.theirs))
    assert [row[5] for row in ours if row[4] == "streamlink_reader"] == ["SELECT"]
    assert [row[5] for row in ours if row[4] == "streamlink"] == [r[5] for r in theirs if r[4] == "postgres"]


def test_types(jdbc: Compared, server: LiveServer) -> None:
    """The same types, but for the product's own tables; those of tables' rows come in the order of the tables."""
    ours, theirs = (texts(place["metadata: types"]) for place in (jdbc.ours, jdbc.theirs))
    with psycopg.connect(server.conninfo) as connection:
        own = connection.execute(
            "SELECT typname FROM pg_type JOIN pg_namespace n ON n.oid = typnamespace WHERE nspname = 'streamlink'"
        ).fetchall()
    names = {name for (name,) in own}
    assert {"audit", "shapes", "answers"} <= names
    ours = [row for row in ours if row[0] not in names]
    assert sorted(map(str, ours)) == sorted(map(str, theirs))
