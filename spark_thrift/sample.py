"""Parquet files as tables, for the demo and the tests.

Rules: the rows are copied into the warehouse, so the files may go; a table that is there is left alone,
whatever is in it.  A table holds its file's rows, or what the `.sql` beside the file selects from the
folder's files.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from spark_thrift.dialect import tables
from spark_thrift.session import SparkSession


async def load_sample(
    session: SparkSession,
    folder: Path | str,
    schema: str,
    progress: Callable[[str], None] = lambda line: None,
) -> tuple[str, ...]:
    """Make a table of each *.parquet in a folder that has none yet; the names of those that were made.

    Raises: SparkError, EngineUnavailable; ValueError for a name that is not a plain identifier.
    """
    made = []
    await session.run_command(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
    there = {row[1] for row in await session.run_command(f"SHOW TABLES IN {identifier(schema)}")}
    comments = folder_comments(folder)
    for file in parquet_files(folder):
        if file.stem.lower() not in there:
            progress(f"loading {schema}.{file.stem}")
            await load_parquet(session, file, schema, file.stem)
            await comment_on(session, schema, file.stem, comments.get(file.stem, {}))
            made.append(file.stem)
    return tuple(made)


async def comment_on(session: SparkSession, schema: str, table: str, comments: Mapping[str, str]) -> None:
    """Say what a table and its columns hold; the table's own comment has no column's name.  Raises: SparkError."""
    for column, comment in comments.items():
        name = (schema, table)
        await session.run_command(
            tables.comment_on_column(name, column, comment)
            if column
            else tables.comment_on_table(name, comment)
        )


def folder_comments(folder: Path | str) -> Mapping[str, Mapping[str, str]]:
    """comments.toml of a folder: table -> column -> comment; empty where there is none."""
    file = Path(folder) / "comments.toml"
    return tomllib.loads(file.read_text("utf-8")) if file.exists() else {}


async def load_parquet(session: SparkSession, file: Path, schema: str, table: str) -> None:
    """Make one table of a parquet file, named by its absolute path.  Raises: as `load_sample`."""
    await session.run_command(
        f"CREATE TABLE IF NOT EXISTS {identifier(schema)}.{identifier(table)} USING parquet "
        f"AS {query_of(file)}"
    )


def query_of(file: Path) -> str:
    """What fills a file's table.  In the `.sql`, `{name}` is the file name.parquet of the folder."""
    query = file.with_suffix(".sql")
    if not query.exists():
        return f"SELECT * FROM parquet.{quoted(str(file))}"

    def beside(name: re.Match[str]) -> str:
        return f"parquet.{quoted(str(file.with_name(name[1] + '.parquet')))}"

    return re.sub(r"\{(\w+)\}", beside, query.read_text("utf-8"))


def parquet_files(folder: Path | str) -> list[Path]:
    return sorted(Path(folder).absolute().glob("*.parquet"))


def identifier(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError(f"not a plain name: {name!r}")
    return quoted(name)


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
