"""Files into tables on a real Spark: what is read, and that a load which fails or dies leaves what was there."""

from __future__ import annotations

import gzip
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spark_thrift.catalogue import ASIDE_PREFIX, read_catalogue
from spark_thrift.errors import SparkError
from spark_thrift.load import LoadRefused, Source, Target, load, mend
from spark_thrift.session import SparkSession

pytestmark = pytest.mark.spark

CSV = 'id,zip,name,"day, of",price\n1,00123,"says ""hi""",2020-02-29,1.50\n2,00124,,2021-01-01,\n'


@pytest.fixture
async def schema(spark_session: SparkSession) -> AsyncIterator[str]:
    yield "loads"
    # Other tests compare the whole catalogue.
    await spark_session.run_command("DROP DATABASE IF EXISTS loads CASCADE")


async def rows(session: SparkSession, table: str, order: str = "1") -> list[tuple[str | None, ...]]:
    return await session.run_command(f"SELECT * FROM loads.{table} ORDER BY {order}")


async def tables_in(session: SparkSession) -> set[str]:
    return {row[1] or "" for row in await session.run_command("SHOW TABLES IN loads")}


async def test_csv_with_a_header(spark_session: SparkSession, schema: str, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(CSV)
    comments = {"": "people who say hi", "day, of": "when"}
    loaded = await load(
        spark_session,
        Source(str(tmp_path / "people.csv"), text=("zip",)),
        Target((schema, "people"), comments=comments),
    )
    assert loaded.rows == 2
    assert dict(loaded.columns) == {
        "id": "int", "zip": "string", "name": "string", "day, of": "date", "price": "double",
    }  # fmt: skip
    assert await rows(spark_session, "people") == [
        ("1", "00123", 'says "hi"', "2020-02-29", "1.5"),
        ("2", "00124", None, "2021-01-01", None),
    ]
    table = next(t for t in await read_catalogue(spark_session) if t.schema == schema)
    assert (table.comment, {c.name: c.comment for c in table.columns}["day, of"]) == (
        "people who say hi",
        "when",
    )
    told = await spark_session.run_command("DESCRIBE TABLE EXTENDED loads.people")
    assert "2 rows" in next(text or "" for name, text, _ in told if name == "Statistics")


async def test_other_formats_by_their_endings(
    spark_session: SparkSession, schema: str, tmp_path: Path, sample_folder: Path
) -> None:
    (tmp_path / "a.tsv").write_text("x\ty\n1\t2\n")
    with gzip.open(tmp_path / "b.jsonl.gz", "wt") as file:
        file.write('{"x": 1, "in": {"My Name": "n"}}\n{"x": 2}\n')
    for number, path in enumerate(
        [tmp_path / "a.tsv", tmp_path / "b.jsonl.gz", sample_folder / "patent.parquet"]
    ):
        await load(spark_session, Source(str(path)), Target((schema, f"t{number}")))
    assert await rows(spark_session, "t0") == [("1", "2")]
    assert {row[-1] for row in await rows(spark_session, "t1")} == {"1", "2"}
    assert len(await rows(spark_session, "t2")) > 10_000


async def test_partitions_and_order(spark_session: SparkSession, schema: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("year,n\n" + "".join(f"{2000 + i % 3},{i * 7 % 50}\n" for i in range(50)))
    target = Target((schema, "t"), partition_by=("year",), sort_by=("n",))
    await load(spark_session, Source(str(tmp_path / "t.csv")), target)
    assert len(await spark_session.run_command("SHOW PARTITIONS loads.t")) == 3
    found = await spark_session.run_command("SELECT n FROM loads.t WHERE year = 2001")
    values = [int(row[0] or 0) for row in found]
    assert values == sorted(i * 7 % 50 for i in range(50) if i % 3 == 1)


async def test_a_table_that_is_there_is_kept_unless_told(
    spark_session: SparkSession, schema: str, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,x\n")
    source, name = Source(str(tmp_path / "t.csv")), (schema, "t")
    await load(spark_session, source, Target(name))
    with pytest.raises(LoadRefused, match="exists"):
        await load(spark_session, source, Target(name))
    await load(spark_session, source, Target(name, "append"))
    assert len(await rows(spark_session, "t")) == 2
    (tmp_path / "u.csv").write_text("b\ny\n")
    await load(spark_session, Source(str(tmp_path / "u.csv")), Target(name, "append"))
    assert await rows(spark_session, "t") == [(None, "y"), ("1", "x"), ("1", "x")]
    (tmp_path / "v.csv").write_text("c\n1.5\n")
    with pytest.raises(LoadRefused, match="no column 'c'"):
        await load(spark_session, Source(str(tmp_path / "v.csv")), Target(name, "append"))
    await load(spark_session, Source(str(tmp_path / "v.csv")), Target(name, "replace"))
    assert await rows(spark_session, "t") == [("1.5",)]
    assert await tables_in(spark_session) == {"t"}


@pytest.mark.parametrize(
    ("text", "target", "error"),
    [
        ("a,b\n1,2\nx,3,4\n", Target(("loads", "t"), "replace"), SparkError),
        ("a,b\n1,2\n", Target(("loads", "t"), "replace", partition_by=("z",)), LoadRefused),
        ("a,b\n1,2\n", Target(("loads", "t"), "replace", comments={"z": "?"}), LoadRefused),
        ("a,b\n1,2\n", Target(("loads", "t"), "replace", partition_by=("a", "b")), LoadRefused),
    ],
)
async def test_a_load_that_fails_leaves_the_old_table_and_nothing_else(
    spark_session: SparkSession,
    schema: str,
    tmp_path: Path,
    text: str,
    target: Target,
    error: type[Exception],
) -> None:
    (tmp_path / "old.csv").write_text("kept\nyes\n")
    await load(spark_session, Source(str(tmp_path / "old.csv")), Target(("loads", "t")))
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(error):
        await load(spark_session, Source(str(tmp_path / "t.csv")), target)
    assert await rows(spark_session, "t") == [("yes",)]
    assert await tables_in(spark_session) == {"t"}


async def test_a_load_that_fails_makes_no_schema(
    spark_session: SparkSession, schema: str, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\nx,3,4\n")
    for path in ("none.csv", "t.csv"):
        with pytest.raises(SparkError):
            await load(spark_session, Source(str(tmp_path / path)), Target((schema, "t")))
        assert await spark_session.run_command("SHOW DATABASES LIKE 'loads'") == []


async def test_a_load_that_died_between_the_names(
    spark_session: SparkSession, schema: str, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("kept\nyes\n")
    await load(spark_session, Source(str(tmp_path / "t.csv")), Target((schema, "t")))
    aside = f"{ASIDE_PREFIX}{int(time.time()) - 5:x}_t"
    await spark_session.run_command(f"ALTER TABLE loads.t RENAME TO loads.{aside}")
    assert not [t for t in await read_catalogue(spark_session) if t.schema == schema]
    assert await mend(spark_session, schema) == 0  # it may still be at it
    assert await mend(spark_session, schema, older_than_s=1) == 1
    assert await rows(spark_session, "t") == [("yes",)]


@pytest.mark.parametrize(
    ("source", "reader"),
    [
        (Source("/x/a.b.parquet"), "parquet"),
        (Source("hdfs://n/a.CSV.gz"), "csv"),
        (Source("/x/part-*", "jsonl"), "json"),
    ],
)
def test_the_reader_of_a_source(source: Source, reader: str) -> None:
    assert source.reader == reader


@pytest.mark.parametrize(
    "source", [Source("/x/a"), Source("/x/a.gz"), Source("/x/a.xlsx"), Source("/x/a", "xlsx")]
)
def test_a_source_that_tells_no_format(source: Source) -> None:
    with pytest.raises(LoadRefused, match="parquet, orc"):
        _ = source.reader
