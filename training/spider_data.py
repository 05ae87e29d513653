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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nl_frontend.values import INDEXED_MAX, TableValues
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
class Reference:
    """As proxy.ports.Reference."""

    columns: tuple[str, ...]
    schema: str
    table: str


@dataclass(frozen=True, slots=True)
class Table:
    """As nl_frontend.prompt.Table."""

    name: str
    columns: tuple[Column, ...]
    schema: str = ""
    comment: str = ""
    key: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()


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

    def held(self, database: str) -> Mapping[tuple[str, str], TableValues]:
        """What its columns hold, for nl_frontend.values.find."""
        return _held(self.file(database))

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
        return _with_keys(connection, [_table(connection, name, values) for name in names])


def _with_keys(connection: sqlite3.Connection, tables: Sequence[Table]) -> tuple[Table, ...]:
    """As a catalogue has them: a reference is to the key of a table, which is that column where none is declared."""
    keys = {table.name: table.key for table in tables}
    # child, column, parent, column of the parent or None
    links = [
        (table.name, str(row[3]).lower(), str(row[2]).lower(), str(row[4] or "").lower())
        for table in tables
        for row in connection.execute(f"PRAGMA foreign_key_list({_quoted(table.name)})")
    ]
    for _, _, parent, key in links:
        if key and not keys.get(parent, ("",)):
            keys[parent] = (key,)
    return tuple(
        replace(
            table,
            key=keys[table.name],
            references=tuple(
                Reference((column,), "", parent)
                for child, column, parent, key in links
                if child == table.name and len(keys.get(parent, ())) == 1 and key in ("", *keys[parent])
            ),
        )
        for table in tables
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _table(connection: sqlite3.Connection, name: str, values: int) -> Table:
    quoted = _quoted(name)
    # id, seq, table, from, to: `to` is empty where the other table's primary key is meant.
    refers = {
        str(row[3]).lower(): f"refers to {row[2]}.{row[4] or row[3]}".lower()
        for row in connection.execute(f"PRAGMA foreign_key_list({quoted})")
    }
    columns = []
    key = []
    # number, name, type, not null, default, place in the key from 1
    for _, column, kind, *_, in_key in connection.execute(f"PRAGMA table_info({quoted})").fetchall():
        key += [(in_key, column.lower())] if in_key else []
        remarks = [refers[column.lower()]] if column.lower() in refers else []
        shown = _values(connection, quoted, column, values)
        remarks += [f"such as {', '.join(shown)}"] if shown else []
        columns.append(Column(column.lower(), str(kind).lower() or "text", "; ".join(remarks)))
    return Table(name.lower(), tuple(columns), key=tuple(column for _, column in sorted(key)))


@lru_cache(maxsize=4)
def _held(file: Path) -> Mapping[tuple[str, str], TableValues]:
    found = {}
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        connection.text_factory = lambda data: data.decode(errors="ignore")
        for table in _tables(file, 0):
            held = {}
            for column in table.columns:
                name = _quoted(column.name)
                asked = (
                    f"SELECT {name} FROM {_quoted(table.name)} GROUP BY {name} ORDER BY count(*) DESC, {name}"
                )
                rows = connection.execute(f"{asked} LIMIT {INDEXED_MAX}").fetchall()
                held[column.name] = [value for (value,) in rows if isinstance(value, str)]
            found["", table.name] = TableValues(held)
    return found


def _values(connection: sqlite3.Connection, table: str, column: str, count: int) -> Sequence[str]:
    if not count:
        return ()
    quoted = _quoted(column)
    asked = (
        f"SELECT DISTINCT {quoted} FROM {table} WHERE {quoted} IS NOT NULL AND {quoted} <> '' LIMIT {count}"
    )
    found = [value for (value,) in connection.execute(asked) if not isinstance(value, bytes)]
    return [
        "'" + v[:VALUE_CHARACTERS_MAX].replace("'", "''") + "'" if isinstance(v, str) else str(v)
        for v in found
    ]
