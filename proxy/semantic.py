"""What a site says of its tables that Spark's catalogue does not: keys, which tables refer to which, and words.

A TOML file, read when the server starts (conf/semantic.toml explains it).  It is merged into what is read of Spark:
comments where Spark has none, keys for tools that join by them.  Rules: a file that cannot be read stops the start;
what it says of a table or column that is not there, or not so, is left out with a warning, since tables come and go.

Left out: synonyms, metrics and units.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from proxy.ports import Reference, Table

_TABLE_KEYS = {"comment", "columns", "key", "references"}
_REFERENCE_KEYS = {"columns", "table"}


class SemanticError(ValueError):
    """The file says something that has no meaning; the message names the place."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one table.  Shapes: `references` are (columns, schema, table)."""

    comment: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    references: tuple[tuple[tuple[str, ...], str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Semantics:
    """The whole file, by (schema, table)."""

    tables: Mapping[tuple[str, str], Said] = field(default_factory=dict)

    def applied(self, tables: Iterable[Table]) -> tuple[tuple[Table, ...], tuple[str, ...]]:
        """The tables with what is said of them, and what does not hold of them, in words."""
        if not self.tables:
            return tuple(tables), ()
        found = {(table.schema.lower(), table.name.lower()): table for table in tables}
        problems: list[str] = []
        for place in self.tables.keys() - found.keys():
            problems.append(f"there is no table {'.'.join(place)}")
        described = {
            place: _described(place, table, self.tables[place], problems) if place in self.tables else table
            for place, table in found.items()
        }
        joined = (
            _joined(place, table, self.tables[place].references, described, problems)
            if place in self.tables
            else table
            for place, table in described.items()
        )
        return tuple(joined), tuple(sorted(problems))


def read_semantics(path: Path | None) -> Semantics:
    """Raises: OSError; SemanticError."""
    if path is None:
        return Semantics()
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SemanticError(str(error)) from None
    _check_keys("the file", document, {"tables"})
    tables = document.get("tables", {})
    return Semantics({_place(name): _said(name, said) for name, said in _mapping("tables", tables).items()})


def _said(name: str, said: Any) -> Said:
    _check_keys(name, _mapping(name, said), _TABLE_KEYS)
    references = []
    for reference in said.get("references", []):
        _check_keys(f"{name} references", _mapping(f"{name} references", reference), _REFERENCE_KEYS)
        columns = _names(f"{name} references columns", reference.get("columns"))
        references.append((columns, *_place(_text(f"{name} references table", reference.get("table")))))
    return Said(
        _text(f"{name} comment", said.get("comment", "")),
        {
            column.lower(): _text(f"{name}.{column}", comment)
            for column, comment in _mapping(f"{name} columns", said.get("columns", {})).items()
        },
        _names(f"{name} key", said["key"]) if "key" in said else (),
        tuple(references),
    )


def _place(name: str) -> tuple[str, str]:
    schema, dot, table = name.lower().partition(".")
    if not (schema and dot and table):
        raise SemanticError(f'{name!r}: write a table as "schema.table"')
    return schema, table


def _mapping(where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SemanticError(f"{where}: not a table of TOML")
    return value


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str):
        raise SemanticError(f"{where}: not a text")
    return value


def _names(where: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(name, str) and name for name in value):
        raise SemanticError(f"{where}: not a list of column names")
    if len(set(value)) < len(value):
        raise SemanticError(f"{where}: a column twice")
    return tuple(name.lower() for name in value)


def _check_keys(where: str, found: Mapping[str, Any], known: set[str]) -> None:
    for key in found:
        if key not in known:
            raise SemanticError(f"{where}: unknown key {key!r}, known are {', '.join(sorted(known))}")


def _described(place: tuple[str, str], table: Table, said: Said, problems: list[str]) -> Table:
    """Comments and the key."""
    name = ".".join(place)
    columns = {column.name.lower() for column in table.columns}
    problems += [f"{name} has no column {column}" for column in sorted(said.columns.keys() - columns)]
    key = said.key
    if key and table.kind == "view":
        problems.append(f"{name} is a view and has no key")
        key = ()
    elif missing := [column for column in key if column not in columns]:
        problems.append(f"{name} has no column {', '.join(missing)} for its key")
        key = ()
    return replace(
        table,
        comment=table.comment or said.comment,
        columns=tuple(
            column
            if column.comment or column.name.lower() not in said.columns
            else replace(column, comment=said.columns[column.name.lower()])
            for column in table.columns
        ),
        key=key,
    )


def _joined(
    place: tuple[str, str],
    table: Table,
    references: Sequence[tuple[tuple[str, ...], str, str]],
    tables: Mapping[tuple[str, str], Table],
    problems: list[str],
) -> Table:
    kept = []
    for columns, schema, other in references:
        target = tables.get((schema, other))
        what = f"{'.'.join(place)} ({', '.join(columns)}) cannot refer to {schema}.{other}"
        if table.kind == "view":
            problems.append(f"{what}: it is a view")
        elif target is None or not target.key:
            problems.append(f"{what}: {'it has no key' if target else 'it is not there'}")
        elif _types(table, columns) != _types(target, target.key) or None in _types(table, columns):
            problems.append(f"{what}: the columns are not of the types of its key")
        else:
            kept.append(Reference(columns, schema, other))
    return replace(table, references=tuple(dict.fromkeys(kept)))


def _types(table: Table, names: Sequence[str]) -> list[str | None]:
    types: dict[str, str | None] = {column.name.lower(): column.pg_type for column in table.columns}
    return [types.get(name) for name in names]
