"""Spider as it is published: questions, gold statements, SQLite databases and what joins their tables.

Rules: a database is read from its file and not from a description, so the prompt holds what a query will find; names
are in lower case, since SQLite and Spider's own evaluator ignore case and a quoted name would not be Spider's SQL;
questions whose database is missing are left out and counted.
Source: Yu et al., "Spider" (EMNLP 2018), CC BY-SA 4.0.
"""

from __future__ import annotations

import json
import sqlite3
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from training.spider_match import key_groups

VALUES_SHOWN = 3
VALUE_CHARACTERS_MAX = 24


@dataclass(frozen=True, slots=True)
class Column:
    """As nl_frontend.prompt.Column."""

    name: str
    spark_type: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """As nl_frontend.prompt.Table."""

    name: str
    columns: tuple[Column, ...]
    schema: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One row.  Shapes: `number` counts from 0 in the published file."""

    number: int
    database: str
    prose: str
    gold: str


class Spider:
    """A folder with dev.json or train_spider.json, tables.json and database/.  Raises: FileNotFoundError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, database: str) -> Path:
        return self.folder / "database" / database / f"{database}.sqlite"

    def questions(self, part: str = "dev") -> tuple[list[Question], int]:
        """Those that can be executed, and how many there are in all.  Shapes: `part` is dev or train."""
        rows = json.loads(
            (self.folder / f"{'train_spider' if part == 'train' else part}.json").read_text("utf-8")
        )
        asked = [Question(i, row["db_id"], row["question"], row["query"]) for i, row in enumerate(rows)]
        there = {q.database: _has_tables(self.file(q.database)) for q in asked}
        return [q for q in asked if there[q.database]], len(asked)

    def columns(self, database: str) -> dict[str, list[str]]:
        """As spider_sql.Schema."""
        return {t.name: [c.name for c in t.columns] for t in self.tables(database, values=0)}

    def keys(self, database: str) -> dict[str, str]:
        """See spider_match.exact_match."""
        return key_groups(next(entry for entry in self._described() if entry["db_id"] == database))

    def tables(self, database: str, *, values: int = VALUES_SHOWN) -> tuple[Table, ...]:
        """The tables as a prompt shows them: what a column refers to, and the first of its `values`."""
        return _tables(self.file(database), values)

    def _described(self) -> list[dict[str, Any]]:
        described: list[dict[str, Any]] = _json(self.folder / "tables.json")
        return described


@contextmanager
def open_spider(path: Path, part: str = "dev") -> Iterator[Spider]:
    """A folder of the published files, or an archive of it, unpacked for as long as the block lasts.

    Raises: FileNotFoundError.
    """
    archive = path / f"spider_{part}.tar.xz" if path.is_dir() else path
    if path.is_dir() and not archive.is_file():
        yield Spider(path)
        return
    with unpacked(archive) as folder:
        yield Spider(folder / "spider")


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """What an archive holds, for as long as the block lasts.  Raises: FileNotFoundError."""
    with TemporaryDirectory(prefix="unpacked-") as folder, tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
        yield Path(folder)


@lru_cache(maxsize=4)
def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _has_tables(file: Path) -> bool:
    return file.is_file() and bool(_tables(file, 0))


@lru_cache(maxsize=512)
def _tables(file: Path, values: int) -> tuple[Table, ...]:
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        connection.text_factory = lambda data: data.decode(errors="ignore")
        listed = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'sqlite_sequence'"
        names = [str(name) for (name,) in connection.execute(listed)]
        return tuple(_table(connection, name, values) for name in names)


def _table(connection: sqlite3.Connection, name: str, values: int) -> Table:
    quoted = '"' + name.replace('"', '""') + '"'
    # id, seq, table, from, to: `to` is empty where the other table's primary key is meant.
    refers = {
        str(row[3]).lower(): f"refers to {row[2]}.{row[4] or row[3]}".lower()
        for row in connection.execute(f"PRAGMA foreign_key_list({quoted})")
    }
    columns = []
    for _, column, kind, *_ in connection.execute(f"PRAGMA table_info({quoted})").fetchall():
        remarks = [refers[column.lower()]] if column.lower() in refers else []
        shown = _values(connection, quoted, column, values)
        remarks += [f"such as {', '.join(shown)}"] if shown else []
        columns.append(Column(column.lower(), str(kind).lower() or "text", "; ".join(remarks)))
    return Table(name.lower(), tuple(columns))


def _values(connection: sqlite3.Connection, table: str, column: str, count: int) -> Sequence[str]:
    if not count:
        return ()
    quoted = '"' + column.replace('"', '""') + '"'
    asked = (
        f"SELECT DISTINCT {quoted} FROM {table} WHERE {quoted} IS NOT NULL AND {quoted} <> '' LIMIT {count}"
    )
    found = [value for (value,) in connection.execute(asked) if not isinstance(value, bytes)]
    return [
        "'" + v[:VALUE_CHARACTERS_MAX].replace("'", "''") + "'" if isinstance(v, str) else str(v)
        for v in found
    ]
