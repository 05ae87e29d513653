"""The tables that pairs are made from: a folder of parquet files, or SQLite files that nobody prepared.

Rules: names are folded to lower case, as PostgreSQL and Spark read an unquoted name; a column's type is what its values
prove, so that a loosely typed SQLite column of dates becomes a date and one with a stray word stays text; a folder is
read as the server's sample is (`comments.toml`, and a `.sql` beside a file in the place of its rows).
Leaves out: views, blobs, and tables without a row or a column.
"""

from __future__ import annotations

import contextlib
import datetime
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nl_frontend.prompt import KEY_NAME, home_of
from spark_thrift.sample import folder_comments

SQLITE_ENDINGS = (".sqlite", ".sqlite3", ".db")
INT64_MAX = 2**63 - 1


class DataError(Exception):
    """A folder or file that holds no tables."""


@dataclass(frozen=True, slots=True)
class Column:
    """Shapes: as spark_thrift.catalogue.Column; `written` is the name with its capitals, which part its words."""

    name: str
    spark_type: str
    comment: str = ""
    written: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """Shapes: as spark_thrift.catalogue.Reference."""

    columns: tuple[str, ...]
    schema: str
    table: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table; `key` is its declared primary key, or nothing."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    comment: str = ""
    key: tuple[str, ...] = ()
    written: str = ""
    references: tuple[Reference, ...] = ()

    def column(self, name: str) -> Column | None:
        return next((c for c in self.columns if c.name == name), None)


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key: `child.column` holds a value of `parent.key`."""

    child: str
    column: str
    parent: str
    key: str


@dataclass(frozen=True, slots=True)
class Database:
    """Tables, what joins them, and their rows.

    Shapes: `rows` are pyarrow tables by table name; a name of `queries` is filled by SQL over them instead, in which
    `{file}` stands for a file's rows.
    """

    name: str
    tables: tuple[Table, ...]
    links: tuple[Link, ...] = ()
    rows: Mapping[str, Any] = field(default_factory=dict)
    queries: Mapping[str, str] = field(default_factory=dict)

    def table(self, name: str) -> Table | None:
        return next((t for t in self.tables if t.name == name), None)

    def with_references(self) -> tuple[Table, ...]:
        """The tables, with the links as a site declares them: a table that is referred to has that key."""
        keys = {link.parent: (link.key,) for link in self.links}
        return tuple(
            replace(
                table,
                key=keys.get(table.name, table.key),
                references=tuple(
                    Reference((link.column,), table.schema, link.parent)
                    for link in self.links
                    if link.child == table.name and keys[link.parent] == (link.key,)
                ),
            )
            for table in self.tables
        )


def find_databases(path: Path) -> list[Callable[[], Database]]:
    """How to read each database at `path`: a SQLite file, a folder with some below it, or a folder of parquet files.

    Raises: DataError when there is none.
    """
    if path.is_file():
        return [lambda: read_sqlite(path)]
    if not path.is_dir():
        raise DataError(f"{path}: no such file or folder")
    if any(path.glob("*.parquet")):
        return [lambda: read_parquet(path)]
    files = sorted(p for p in path.rglob("*") if p.suffix in SQLITE_ENDINGS and p.stat().st_size)
    if not files:
        raise DataError(f"{path}: neither parquet files nor SQLite databases ({', '.join(SQLITE_ENDINGS)})")
    return [lambda file=file: read_sqlite(file) for file in files]  # type: ignore[misc]


def read_parquet(folder: Path, schema: str | None = None) -> Database:
    """A table of each *.parquet.  Raises: DataError."""
    from pyarrow import parquet

    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise DataError(f"{folder}: no parquet files")
    name = schema or folder.resolve().name.lower()
    rows = {file.stem.lower(): parquet.read_table(file) for file in files}
    rows = {
        table: read.rename_columns([c.lower() for c in read.column_names]) for table, read in rows.items()
    }
    queries = {f.stem.lower(): q.read_text("utf-8") for f in files if (q := f.with_suffix(".sql")).exists()}
    comments = folder_comments(folder)
    tables = []
    for table, read in rows.items():
        said = comments.get(table, {})
        columns = tuple(
            Column(f.name, kind, said.get(f.name, ""))
            for f in read.schema
            if (kind := spark_type(str(f.type))) is not None
        )
        tables.append(Table(name, table, columns, said.get("", "")))
    return Database(name, tuple(tables), tuple(_named_links(tables)), rows, queries)


def spark_type(arrow: str) -> str | None:
    """The Spark type that a parquet column of this Arrow type has; None for nested and binary ones."""
    if arrow.startswith("timestamp"):
        return "timestamp" if "tz=" in arrow else "timestamp_ntz"
    if found := re.fullmatch(r"decimal\d+\((\d+), (\d+)\)", arrow):
        return f"decimal({found[1]},{found[2]})"
    return {
        "string": "string", "large_string": "string", "bool": "boolean", "date32[day]": "date",
        "int8": "smallint", "int16": "smallint", "int32": "int", "int64": "bigint", "float": "float",
        "double": "double",
    }.get(arrow)  # fmt: skip


def _named_links(tables: Sequence[Table]) -> Iterator[Link]:
    """Parquet knows no foreign keys: a key is joined to the table that it is named after."""
    for table in tables:
        for column in table.columns:
            home = home_of(column.name, tables) if KEY_NAME.search(column.name) else None
            if isinstance(home, Table) and home is not table:
                yield Link(table.name, column.name, home.name, column.name)


def read_sqlite(file: Path) -> Database:
    """Raises: DataError for a file that is no SQLite database or has no rows."""
    name = re.sub(r"\W", "_", file.stem.lower())
    tables, links, rows = [], [], {}
    try:
        with contextlib.closing(sqlite3.connect(f"file:{file.absolute()}?mode=ro", uri=True)) as connection:
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
            for (table,) in connection.execute(query).fetchall():
                read = _sqlite_table(connection, name, table)
                if read is not None:
                    tables.append(read[0])
                    rows[read[0].name] = read[1]
                links += _sqlite_links(connection, table)
    except sqlite3.DatabaseError as error:
        raise DataError(f"{file}: {error}") from error
    if not tables:
        raise DataError(f"{file}: no table has rows")
    return Database(name, tuple(tables), tuple(_true_links(links, tables)), rows)


def _sqlite_table(connection: sqlite3.Connection, schema: str, table: str) -> tuple[Table, Any] | None:
    import pyarrow

    quoted = '"' + table.replace('"', '""') + '"'
    info = connection.execute(f"PRAGMA table_info({quoted})").fetchall()
    held = connection.execute(f"SELECT * FROM {quoted}").fetchall()
    if not held or not info:
        return None
    columns, arrays = [], []
    for (_, name, declared, *_), values in zip(info, zip(*held, strict=True), strict=True):
        kind, array = _typed(values, declared or "")
        columns.append(Column(name.strip().lower(), kind, written=name))
        arrays.append(array)
    if len({c.name for c in columns}) < len(columns):
        return None
    key = tuple(row[1].strip().lower() for row in sorted(info, key=lambda row: row[5]) if row[5])
    read = Table(schema, table.strip().lower(), tuple(columns), key=key, written=table)
    return read, pyarrow.table(arrays, names=[c.name for c in columns])


def _typed(values: Sequence[Any], declared: str) -> tuple[str, Any]:
    """The narrowest type that holds every value; empty text counts as no value in a column that is not text."""
    import pyarrow

    present = [v for v in values if v is not None and v != ""]
    parsed: list[Any] = [None if v == "" else v for v in values]
    if present and all(isinstance(v, int) and abs(v) <= INT64_MAX for v in present):
        return "bigint", pyarrow.array(parsed, pyarrow.int64())
    if present and all(isinstance(v, int | float) for v in present):
        return "double", pyarrow.array([None if v is None else float(v) for v in parsed], pyarrow.float64())
    for kind, read, arrow in (
        ("date", datetime.date.fromisoformat, pyarrow.date32()),
        ("timestamp_ntz", datetime.datetime.fromisoformat, pyarrow.timestamp("us")),
    ):
        with contextlib.suppress(ValueError, TypeError):
            if present and all(re.match(r"\d{4}-\d\d-\d\d", v) for v in present):
                return kind, pyarrow.array([None if v is None else read(v) for v in parsed], arrow)
    if not present and re.search("int|real|num|float|doub", declared, re.IGNORECASE):
        return "double", pyarrow.array([None] * len(values), pyarrow.float64())
    text = [None if v is None else v if isinstance(v, str) else str(v) for v in values]
    return "string", pyarrow.array([v and v.replace("\0", "") for v in text], pyarrow.string())


def _sqlite_links(connection: sqlite3.Connection, table: str) -> list[Link]:
    quoted = '"' + table.replace('"', '""') + '"'
    found = connection.execute(f"PRAGMA foreign_key_list({quoted})").fetchall()
    alone = [row for row in found if sum(row[0] == other[0] for other in found) == 1]
    return [
        Link(table.strip().lower(), row[3].lower(), row[2].strip().lower(), (row[4] or "").lower())
        for row in alone
    ]


def _true_links(links: Sequence[Link], tables: Sequence[Table]) -> Iterator[Link]:
    """Those between columns that are there; a key that was left unsaid is the parent's own."""
    by_name = {t.name: t for t in tables}
    for link in links:
        child, parent = by_name.get(link.child), by_name.get(link.parent)
        if child is None or parent is None or child is parent:
            continue
        key = link.key or (parent.key[0] if len(parent.key) == 1 else "")
        here, there = child.column(link.column), parent.column(key)
        if here and there and (here.spark_type == "string") == (there.spark_type == "string"):
            yield Link(link.child, link.column, link.parent, key)
