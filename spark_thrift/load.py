"""Files as tables: parquet, ORC, CSV and JSON lines into the warehouse, all of them or nothing.

The rows go into a table that nobody sees first.  Only when all are there, counted and measured, does it take the name;
a table that had the name is moved aside before and dropped after.  A load that dies leaves the old table; in the one
moment in which neither has the name, the old one waits under a name that tells it (`aside`), and `mend` gives it back.

Rules: a CSV value that does not fit its column is an error and not a NULL; types are inferred from all rows, unless a
column is said to be text.  Names and paths go through `identifier` and `string`.
Left out: permissions.  This is for the owner of the warehouse, who could write its files anyway.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final, Literal

from spark_thrift.catalogue import ASIDE_PREFIX, STAGE_PREFIX
from spark_thrift.dialect import tables
from spark_thrift.dialect.tables import Name
from spark_thrift.dialect.terms import identifier, string
from spark_thrift.errors import EngineError, SparkError
from spark_thrift.sample import comment_on
from spark_thrift.session import SparkSession

Mode = Literal["create", "replace", "append"]
Progress = Callable[[str], None]

FORMATS: Final[Mapping[str, str]] = {
    "parquet": "parquet", "orc": "orc", "csv": "csv", "tsv": "csv", "json": "json", "jsonl": "json", "ndjson": "json",
}  # fmt: skip
"""How a file's name ends, and Spark's reader for it."""
_COMPRESSED: Final = frozenset({"gz", "bz2", "zst", "xz", "snappy", "lz4"})
_STRICT: Final = {"mode": "FAILFAST"}
_READERS: Final[Mapping[str, Mapping[str, str]]] = {
    "parquet": {},
    "orc": {},
    # A doubled quote stands for one (RFC 4180); Spark's own escape is a backslash.
    "csv": {"header": "true", "inferSchema": "true", "escape": '"', **_STRICT},
    "json": _STRICT,
}
_MEASURED: Final = re.compile(
    r"(tinyint|smallint|int|bigint|decimal|float|double|boolean|date|timestamp|string|binary)\b"
)
"""The types that Spark has column statistics for."""
ASIDE_S: Final = 60.0
"""Two renames follow each other at once: a table that is aside for so long was left by a load that died."""


class LoadRefused(Exception):
    """What was asked for cannot be done, and nothing was.  Shapes: one line for a person."""


@dataclass(frozen=True, slots=True)
class Source:
    """Files to read.

    Shapes: `path` as Spark reads it (a URI or an absolute path, of a file, a folder, or with wildcards); `options` are
    Spark's reader options; the columns in `text` are taken as they are written, not as the number or date that they
    look like.
    """

    path: str
    format: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    text: tuple[str, ...] = ()

    @property
    def reader(self) -> str:
        """Spark's name of the format: the one given, or the one that the path ends in.  Raises: LoadRefused."""
        if self.format:
            if self.format not in FORMATS:
                raise LoadRefused(f"no format {self.format!r}; there are {', '.join(FORMATS)}")
            return FORMATS[self.format]
        endings = [part.lower() for part in PurePosixPath(self.path).name.split(".")[1:]]
        while endings and endings[-1] in _COMPRESSED:
            endings.pop()
        if not endings or endings[-1] not in FORMATS:
            raise LoadRefused(f"{self.path} does not tell its format; name one of {', '.join(FORMATS)}")
        return FORMATS[endings[-1]]

    @property
    def reader_options(self) -> dict[str, str]:
        """Ours, and the given ones over them."""
        tabs = {"sep": "\t"} if self.format == "tsv" or ".tsv" in self.path.lower() else {}
        return {**_READERS[self.reader], **tabs, **self.options}


@dataclass(frozen=True, slots=True)
class Target:
    """The table to make or fill.  Shapes: `comments` by column, the table's own under ""."""

    name: Name
    mode: Mode = "create"
    partition_by: tuple[str, ...] = ()
    sort_by: tuple[str, ...] = ()
    comments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was done.  Units: rows that were read from the source."""

    rows: int
    columns: tuple[tuple[str, str], ...]


async def load(
    session: SparkSession, source: Source, target: Target, progress: Progress = lambda line: None
) -> Loaded:
    """Read the source into the table.  Raises: LoadRefused, SparkError, EngineUnavailable; the table is as it was."""
    schema, name = target.name
    is_new = not await session.run_command(f"SHOW DATABASES LIKE {string(schema)}")
    if not is_new:
        await mend(session, schema, older_than_s=0.0, only=name)
    there = not is_new and await _exists(session, target.name)
    if there and target.mode == "create":
        raise LoadRefused(f"the table {schema}.{name} exists; replace it, or append to it")
    async with _read(session, source, progress) as (view, columns):
        _check_columns(columns, target)
        if target.mode == "append" and there:
            return await _append(session, view, columns, target, progress)
        await session.run_command(f"CREATE DATABASE IF NOT EXISTS {identifier(schema)}")
        try:
            return await _make(session, view, columns, target, progress, replaces=there)
        except BaseException:
            if is_new:
                with contextlib.suppress(EngineError):
                    await session.run_command(tables.drop_schema(schema))
            raise


async def mend(session: SparkSession, schema: str, *, older_than_s: float = ASIDE_S, only: str = "") -> int:
    """Give tables their names back that a load moved aside and did not live to replace; how many.

    Where the new one is there already, the old one is dropped.
    """
    rows = await session.run_command(f"SHOW TABLES IN {identifier(schema)} LIKE {string(ASIDE_PREFIX + '*')}")
    mended = 0
    for row in rows:
        aside = row[1] or ""
        found = re.fullmatch(rf"{ASIDE_PREFIX}([0-9a-f]+)_(.+)", aside)
        if found is None or (only and found[2] != only) or time.time() - int(found[1], 16) < older_than_s:
            continue
        with contextlib.suppress(SparkError):  # another server may be faster
            if await _exists(session, (schema, found[2])):
                await session.run_command(tables.drop("TABLE", (schema, aside)))
            else:
                await session.run_command(tables.rename("TABLE", (schema, aside), found[2]))
                mended += 1
    return mended


@asynccontextmanager
async def _read(
    session: SparkSession, source: Source, progress: Progress
) -> AsyncIterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """The source as a temporary view of the session, and its columns with their types."""
    view = identifier(f"{STAGE_PREFIX}{secrets.token_hex(6)}")
    options = source.reader_options | {"path": source.path}
    progress(f"reading {source.path}")
    await session.run_command(_view(view, source.reader, options))
    try:
        columns = tuple((c.name, c.spark_type) for c in await session.describe(f"SELECT * FROM {view}"))
        unknown = [name for name in source.text if name not in dict(columns)]
        if unknown:
            raise LoadRefused(f"no column {unknown[0]!r}; there are {', '.join(name for name, _ in columns)}")
        if source.text:
            if source.reader != "csv":
                raise LoadRefused("only CSV leaves open what is text")
            columns = tuple((name, "string" if name in source.text else kind) for name, kind in columns)
            typed = ", ".join(f"{identifier(name)} {kind}" for name, kind in columns)
            await session.run_command(f"DROP VIEW {view}")
            await session.run_command(_view(view, source.reader, options, f" ({typed})"))
        yield view, columns
    finally:
        with contextlib.suppress(EngineError):
            await session.run_command(f"DROP VIEW IF EXISTS {view}")


def _view(view: str, reader: str, options: Mapping[str, str], typed: str = "") -> str:
    said = ", ".join(f"{string(key)} {string(value)}" for key, value in options.items())
    return f"CREATE TEMPORARY VIEW {view}{typed} USING {identifier(reader)} OPTIONS ({said})"


def _check_columns(columns: Sequence[tuple[str, str]], target: Target) -> None:
    if not columns:
        raise LoadRefused("the source has no columns")
    names = [name for name, _ in columns]
    for name in (*target.partition_by, *target.sort_by, *filter(None, target.comments)):
        if name not in names:
            raise LoadRefused(f"no column {name!r}; there are {', '.join(names)}")
    if set(target.partition_by) >= set(names):
        raise LoadRefused("a table needs a column beside those that partition it")


async def _make(
    session: SparkSession,
    view: str,
    columns: tuple[tuple[str, str], ...],
    target: Target,
    progress: Progress,
    *,
    replaces: bool,
) -> Loaded:
    schema, name = target.name
    made = (schema, f"{STAGE_PREFIX}{int(time.time()):x}_{secrets.token_hex(6)}")
    try:
        progress(f"writing {schema}.{name}")
        query = _ordered(view, columns, target)
        await session.run_command(_create(made, query, target.partition_by))
        await session.run_command(tables.insert(made, (), query))
        progress(f"counting {schema}.{name}")
        rows = await _count(session, tables.qualified(made))
        await session.run_command(
            tables.analyze(made, [name for name, kind in columns if _MEASURED.match(kind)])
        )
        await comment_on(session, made[0], made[1], target.comments)
        await _take_name(session, made, target.name, replaces=replaces)
    except BaseException:
        with contextlib.suppress(EngineError):
            await session.run_command(tables.drop_if_exists(made))
        raise
    return Loaded(rows, columns)


async def _append(
    session: SparkSession,
    view: str,
    columns: tuple[tuple[str, str], ...],
    target: Target,
    progress: Progress,
) -> Loaded:
    if target.partition_by:
        raise LoadRefused("a table that exists keeps its partitions; leave them out")
    held = await session.describe(f"SELECT * FROM {tables.qualified(target.name)}")
    names = [column.name for column in held]
    for name, _ in columns:
        if name not in names:
            raise LoadRefused(f"the table has no column {name!r}; it has {', '.join(names)}")
    progress(f"appending to {target.name[0]}.{target.name[1]}")
    rows = await _count(session, view)
    given = [name for name, _ in columns]
    await session.run_command(tables.insert(target.name, given, _ordered(view, columns, target)))
    await session.run_command(tables.analyze(target.name, ()))
    return Loaded(rows, columns)


def _create(name: Name, query: str, partition_by: Sequence[str]) -> str:
    """The table without rows: one that is made together with its rows leaves its folder behind when it is stopped."""
    parted = f" PARTITIONED BY ({', '.join(map(identifier, partition_by))})" if partition_by else ""
    return f"CREATE TABLE {tables.qualified(name)} USING parquet{parted} AS {query} LIMIT 0"


def _ordered(view: str, columns: Sequence[tuple[str, str]], target: Target) -> str:
    """The query that fills the table, whose partition columns come last as Spark keeps them."""
    parted, ordered = target.partition_by, target.sort_by
    names = [name for name, _ in columns if name not in parted]
    listed = ", ".join(map(identifier, (*names, *parted)))
    clauses = ""
    if parted:
        # A partition's rows in one task each: else every task writes a file into every partition.
        clauses += f" DISTRIBUTE BY {', '.join(map(identifier, parted))}"
    if parted or ordered:
        clauses += f" SORT BY {', '.join(map(identifier, (*parted, *ordered)))}"
    return f"SELECT {listed} FROM {view}{clauses}"


async def _take_name(session: SparkSession, made: Name, name: Name, *, replaces: bool) -> None:
    schema, bare = name
    aside = (schema, f"{ASIDE_PREFIX}{int(time.time()):x}_{bare}")
    if replaces:
        await session.run_command(tables.rename("TABLE", name, aside[1]))
    try:
        await session.run_command(tables.rename("TABLE", made, bare))
    except BaseException:
        if replaces:
            with contextlib.suppress(EngineError):
                await session.run_command(tables.rename("TABLE", aside, bare))
        raise
    if replaces:
        await session.run_command(tables.drop("TABLE", aside))


async def _exists(session: SparkSession, name: Name) -> bool:
    try:
        rows = await session.run_command(f"SHOW TABLES IN {identifier(name[0])} LIKE {string(name[1])}")
    except SparkError:
        return False
    return any((row[1] or "").lower() == name[1].lower() for row in rows)


async def _count(session: SparkSession, relation: str) -> int:
    rows = await session.run_command(f"SELECT count(*) FROM {relation}")
    return int(rows[0][0] or 0)
