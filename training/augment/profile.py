"""What the columns of a database are good for, read off their names, types and values.

Rules: a column's kind decides which templates it fits (nobody averages a key); values are counted once a column and
kept; ties are ordered by value, so that the order is the same in every run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nl_frontend.prompt import KEY_NAME, quote
from training.augment.data import Column, Database, Table
from training.augment.english import name_words, plural, singular
from training.augment.postgres import Engine

CATEGORY_VALUES_MAX = 40
TEXT_CHARACTERS_MIN = 60
"""Longer on average is prose, in which one searches, not a name."""
VALUES_MAX = 20_000
KINDS = ("key", "name", "category", "number", "year", "date", "boolean", "text", "other")
_NAME_WORDS = frozenset({"name", "title", "label"})


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """Units: `nulls` of 0..1."""

    table: str
    name: str
    kind: str
    singular: str
    plural: str
    nulls: float = 0.0


@dataclass(frozen=True, slots=True)
class TableProfile:
    name: str
    singular: str
    plural: str
    columns: tuple[ColumnProfile, ...]

    def of_kind(self, kind: str) -> list[ColumnProfile]:
        """`any` is every kind; `nullable` any that has both values and NULLs."""
        if kind == "nullable":
            return [c for c in self.columns if 0.0 < c.nulls < 1.0 and c.kind != "key"]
        return [c for c in self.columns if kind in ("any", c.kind)]


@dataclass(frozen=True, slots=True)
class Joined:
    """A foreign key with its two tables."""

    child: TableProfile
    column: str
    parent: TableProfile
    key: str


@dataclass(slots=True)
class Profile:
    """A loaded database's kinds and values."""

    database: Database
    engine: Engine
    tables: tuple[TableProfile, ...] = ()
    links: tuple[Joined, ...] = ()
    _values: dict[tuple[str, str, str], Mapping[Any, int]] = field(default_factory=dict)

    def values(self, table: str, column: str, where: str) -> Mapping[Any, int]:
        """The values of a column and how many rows hold each, most frequent first.  Raises: psycopg.Error."""
        key = (table, column, where)
        if key not in self._values:
            condition = f" AND ({where})" if where else ""
            query = (
                f"SELECT {quote(column)} AS v, count(*) FROM {quote(table)} WHERE {quote(column)} IS NOT NULL"
                f"{condition} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {VALUES_MAX}"
            )
            self._values[key] = dict(self.engine.rows(query, VALUES_MAX).rows)
        return self._values[key]


def profile_of(database: Database, engine: Engine, *, kinds: bool = True) -> Profile:
    """The profile of a loaded database; without `kinds`, for templates that name their tables, only its values."""
    profile = Profile(database, engine)
    if kinds:
        found = {t.name: _table(t, database, profile) for t in database.tables}
        profile.tables = tuple(found.values())
        profile.links = tuple(
            Joined(found[link.child], link.column, found[link.parent], link.key) for link in database.links
        )
    return profile


def _table(table: Table, database: Database, profile: Profile) -> TableProfile:
    keys = set(table.key) | {x.column for x in database.links if x.child == table.name}
    keys |= {x.key for x in database.links if x.parent == table.name}
    words = name_words(table.written or table.name)
    columns = tuple(_column(table, c, c.name in keys, profile) for c in table.columns)
    return TableProfile(table.name, singular(words), plural(singular(words)), columns)


def _column(table: Table, column: Column, is_key: bool, profile: Profile) -> ColumnProfile:
    name = quote(column.name)
    length = f"avg(length({name}))" if column.spark_type == "string" else "NULL"
    query = f"SELECT count(*), count({name}), count(DISTINCT {name}), {length} FROM {quote(table.name)}"
    ((rows, present, distinct, characters),) = profile.engine.rows(query).rows
    kind = _kind(column, is_key, rows, present, distinct, float(characters or 0))
    if kind == "year":
        values = profile.values(table.name, column.name, "")
        kind = "year" if all(1500 <= v <= 2100 for v in values) else "number"
    words = name_words(column.written or column.name)
    return ColumnProfile(
        table.name, column.name, kind, words, plural(words), 1 - present / rows if rows else 0.0
    )


def _kind(column: Column, is_key: bool, rows: int, present: int, distinct: int, characters: float) -> str:
    said = set(name_words(column.written or column.name).lower().split())
    if not present:
        return "other"
    match column.spark_type.partition("(")[0]:
        case "date" | "timestamp" | "timestamp_ntz":
            return "date"
        case "boolean":
            return "boolean"
        case "int" | "bigint" | "smallint" if "year" in said:
            return "year"
        case "int" | "bigint" | "smallint" | "float" | "double" | "decimal":
            if is_key or KEY_NAME.search(column.name) or "id" in said:
                return "key"
            return "number" if distinct > 1 else "other"
        case "string":
            if characters >= TEXT_CHARACTERS_MIN:
                return "text"
            named = bool(said & _NAME_WORDS)
            if named and distinct * 2 >= present:
                return "name"
            if is_key or KEY_NAME.search(column.name) or "id" in said:
                return "key"
            if 1 < distinct <= CATEGORY_VALUES_MAX and distinct < present:
                return "category"
            return "name" if named else "other"
    return "other"
