"""Whose right it is to change what: each relation that a statement writes needs its action granted.

Rules: unknown is denied; a name is resolved before it is compared, and what runs is the resolved name; PostgreSQL's own
catalogue and this server's are never written, whatever the grants say; a question writes nothing.
A renamed table takes its rows out of reach of the patterns that filter or mask them: only one that no such pattern
fits may be renamed.

Left out: the reading rights of the query inside a statement, which is the policy's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from checker.context import Action, Context, Grants
from checker.errors import Refused
from checker.patterns import fits, fits_table
from checker.verdict import Relation, Written
from checker.words import FILE_SCHEMAS
from checker.write_statements import (
    AddColumn,
    Analyze,
    Comment,
    CopyIn,
    CreateSchema,
    CreateTable,
    CreateTableAs,
    CreateView,
    Drop,
    Insert,
    Rename,
    Truncate,
    WriteStatement,
)

_CLOSED_SCHEMAS = FILE_SCHEMAS | {"streamlink", "information_schema", "global_temp"}
"""Beside all that begin with pg_."""


def may_write(context: Context | None) -> bool:
    """Whether anything at all may be written: without a right every write is denied before it is read."""
    return context is not None and bool(context.grants.writes) and not context.reads_only


def granted(grants: Grants, action: Action, schema: str | None, name: str) -> bool:
    """Whether a role may do this to `schema.name`, or to the schema `name`."""
    return any(held is action and fits(pattern, *_parts(schema, name)) for held, pattern in grants.writes)


def _parts(schema: str | None, name: str) -> tuple[str, ...]:
    return (name,) if schema is None else (schema, name)


def written(statement: WriteStatement, context: Context) -> tuple[Written, ...]:
    """What a statement changes, by resolved names.  Raises: Refused 42501, 3F000, 0A000 where it may not."""
    found = tuple(_changes(statement, context))
    for change in found:
        _check(change, context.grants)
    if isinstance(statement, Rename):
        _check_unrestricted(found[0].relation, context.grants)
    return found


def _changes(statement: WriteStatement, context: Context) -> Iterable[Written]:
    match statement:
        case Insert(target=target) | CopyIn(target=target):
            yield Written(_existing(target, context), Action.INSERT)
        case CreateTable(target=target) | CreateTableAs(target=target):
            yield Written(_new(target, context), Action.CREATE_TABLE)
        case CreateView(target=target):
            yield Written(_new(target, context), Action.CREATE_VIEW)
        case CreateSchema(name=name):
            yield Written(Relation(None, name), Action.CREATE_SCHEMA)
        case AddColumn(target=target):
            yield Written(_existing(target, context), Action.ALTER)
        case Rename(target=target, new_name=new_name, what=what):
            old = _existing(target, context)
            yield Written(old, Action.ALTER)
            yield Written(
                replace(old, name=new_name), Action.CREATE_VIEW if what == "VIEW" else Action.CREATE_TABLE
            )
        case Drop(what="SCHEMA", target=target):
            yield Written(target, Action.DROP)
        case Drop(target=target):
            yield Written(_existing(target, context), Action.DROP)
        case Truncate(target=target):
            yield Written(_existing(target, context), Action.TRUNCATE)
        case Analyze(target=None):
            return
        case Analyze(target=Relation() as target):
            yield Written(_existing(target, context), Action.ANALYZE)
        case Comment(what="SCHEMA", target=target):
            yield Written(target, Action.ALTER)
        case Comment(target=target):
            yield Written(_existing(target, context), Action.ALTER)


def _existing(relation: Relation, context: Context) -> Relation:
    """The relation under the schema in which search_path finds it, else under the one where it would be made."""
    _check_catalog(relation, context)
    if relation.schema is not None:
        return relation
    table = context.schema.find(None, relation.name, context.search_path)
    return replace(relation, schema=table.schema) if table is not None else _new(relation, context)


def _new(relation: Relation, context: Context) -> Relation:
    _check_catalog(relation, context)
    if relation.schema is not None:
        return relation
    schema = next((name for name in context.search_path if name != "$user"), None)
    if schema is None:
        raise Refused("no_schema", "no schema has been selected to create in", _offset(relation), "3F000")
    return replace(relation, schema=schema)


def _check_catalog(relation: Relation, context: Context) -> None:
    if relation.catalog not in (None, context.database):
        raise Refused(
            "other_database",
            f'cross-database references are not implemented: "{relation.catalog}"',
            _offset(relation),
            "0A000",
        )


def _check(change: Written, grants: Grants) -> None:
    relation = change.relation
    schema = relation.name if relation.schema is None else relation.schema
    closed = schema.lower() in _CLOSED_SCHEMAS or schema.lower().startswith("pg_")
    if closed or not granted(grants, change.action, relation.schema, relation.name):
        what = (
            "schema"
            if relation.schema is None
            else "view"
            if change.action is Action.CREATE_VIEW
            else "table"
        )
        raise Refused("write", f"permission denied for {what} {relation.name}", _offset(relation))


def _check_unrestricted(relation: Relation, grants: Grants) -> None:
    assert relation.schema is not None
    patterns = [*grants.deny, *(f.table for f in grants.filters), *(m.column for m in grants.masks)]
    names = (relation.schema, relation.name)
    restricted = any(fits(pattern, *names) or fits_table(pattern, *names) for pattern in patterns)
    if restricted or not any(fits(pattern, *names) for pattern in grants.read):
        raise Refused(
            "rename",
            f"permission denied: {relation.name} is not wholly readable and keeps its name",
            _offset(relation),
        )


def _offset(relation: Relation) -> int:
    return (relation.position or 1) - 1
