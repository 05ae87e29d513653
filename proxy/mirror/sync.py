"""Keep the mirror's schemas, tables and views the same as Spark's.

Rules: what Spark has is right; a table of the mirror is empty, with Spark's names folded to lower case, the
mapped types, the comments; only what differs is touched, so that OIDs live as long as the tables do; a table
that a client holds in a transaction is not waited for but done the next time; schemas that the mirror did not
make are left alone.
Left out: reading Spark's catalogue (spark_thrift.catalogue), and when to do this (the server).

PostgreSQL limits what can be shown: names of 63 bytes, 1,600 columns, no schema `pg_...`.  What lies beyond
stays in the Catalogue, where the pipeline finds it, and is missing on the mirror, with a warning in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from proxy.mirror.roles import NAME_LIMIT_BYTES, READER, STATE_SCHEMA, quote_identifier, quote_literal
from proxy.ports import Catalogue, Column, Table
from spark_thrift.types import pg_type

_log = logging.getLogger(__name__)

COLUMN_LIMIT = 1600
"""MaxHeapAttributeNumber (htup_details.h)."""
BATCH = 500
"""Tables changed in one transaction: each takes locks, of which there are some 25,000."""
LOCK_TIMEOUT_MS = 500

_CURRENT = """
    SELECT n.nspname AS schema, c.relname AS name, c.relkind = 'v' AS is_view,
           coalesce(obj_description(c.oid, 'pg_class'), '') AS comment,
           a.names, a.types, a.typmods, a.comments, k.names AS key
    FROM pg_namespace n
    LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'v')
        AND ($3::text[] IS NULL OR (n.nspname, c.relname) IN (SELECT * FROM unnest($3::text[], $4::text[])))
    LEFT JOIN LATERAL (
        SELECT array_agg(attname::text ORDER BY attnum) AS names,
               array_agg(atttypid ORDER BY attnum) AS types,
               array_agg(atttypmod ORDER BY attnum) AS typmods,
               array_agg(coalesce(d.description, '') ORDER BY attnum) AS comments
        FROM pg_attribute
        LEFT JOIN pg_description d
            ON d.objoid = attrelid AND d.classoid = 'pg_class'::regclass AND d.objsubid = attnum
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
    ) a ON true
    LEFT JOIN LATERAL (
        SELECT array_agg(attname::text ORDER BY place) AS names
        FROM pg_index, unnest(indkey) WITH ORDINALITY AS i (number, place), pg_attribute
        WHERE indrelid = c.oid AND indisprimary AND attrelid = c.oid AND attnum = number
    ) k ON true
    WHERE n.nspname <> $1 AND EXISTS (
        SELECT FROM aclexplode(n.nspacl) AS g WHERE g.grantee = $2::text::regrole)
"""
"""What the mirror made: the schemas that the reader role was let into."""

_REFERENCES = """
    SELECT c.conname AS name, n.nspname AS schema, r.relname AS relation, fn.nspname AS other_schema,
           f.relname AS other, (
               SELECT array_agg(attname::text ORDER BY place)
               FROM unnest(c.conkey) WITH ORDINALITY AS k (number, place), pg_attribute
               WHERE attrelid = c.conrelid AND attnum = number) AS columns
    FROM pg_constraint c
    JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
    JOIN pg_class f ON f.oid = c.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
    WHERE c.contype = 'f' AND n.nspname <> $1
"""
"""The foreign keys of what the mirror made; the product's own tables have none."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Shape:
    """A relation as far as it is compared.  Shapes: a column is (name, type OID, typmod)."""

    is_view: bool
    columns: tuple[tuple[str, int, int], ...]
    comment: str
    comments: tuple[str, ...]
    key: tuple[str, ...] = ()

    def same_relation(self, other: _Shape) -> bool:
        return (self.is_view, self.columns, self.key) == (other.is_view, other.columns, other.key)


class Synchroniser:
    """Remembers what was last seen, so that no change costs next to nothing."""

    def __init__(self) -> None:
        self.catalogue = Catalogue()
        self.changes = 0
        """Grows whenever the mirror itself may have been changed."""
        self._types: dict[str, tuple[int, int]] = {}
        self.in_step = False

    async def sync(self, admin: Any, tables: Iterable[Table], schemas: Iterable[str] = ()) -> Catalogue:
        """Bring the mirror in step.  `schemas` names those that may be empty.

        `admin`: an asyncpg connection of the mirror's owner.  Raises: asyncpg's and the socket's errors; then
        nothing is known to be in step, and the next call does all that is left.
        """
        wanted = {(t.schema, t.name): t for t in map(_folded, tables)}
        names = frozenset(name.lower() for name in schemas) | {schema for schema, _ in wanted}
        changed = wanted != self.catalogue.tables or names != self.catalogue.schemas
        if changed or not self.in_step:
            only = self._changed(wanted) if self.in_step and names == self.catalogue.schemas else None
            self.in_step = False
            self.in_step = await self._reconcile(admin, wanted, names, only)
        if changed:
            self.catalogue = Catalogue(self.catalogue.version + 1, wanted, names)
        return self.catalogue

    def _changed(self, wanted: dict[Key, Table]) -> list[Key] | None:
        """What has to be looked at while all else is as it was left; None for everything."""
        before = self.catalogue.tables
        keys = [key for key in before.keys() | wanted.keys() if before.get(key) != wanted.get(key)]
        few = len(keys) <= BATCH and all(key == (clip(key[0]), clip(key[1])) for key in keys)
        return keys if few else None

    def forget(self) -> None:
        """The mirror may have lost what it had: compare anew."""
        self.in_step = False

    async def _reconcile(
        self, admin: Any, wanted: dict[Key, Table], schemas: frozenset[str], only: list[Key] | None = None
    ) -> bool:
        """True when nothing is left to do.  `only` are the tables that may differ, None for all of them."""
        whole = wanted
        if only is not None:
            wanted = {key: wanted[key] for key in only if key in wanted}
        shown = {name for name in schemas if _schema_can_be_shown(name)}
        await self._learn_types(admin, wanted.values())
        target: dict[Key, tuple[Table, _Shape]] = {}
        for table in wanted.values():
            key = (clip(table.schema), clip(table.name))
            if table.schema in shown and key not in target and len(table.columns) <= COLUMN_LIMIT:
                target[key] = (table, self._shape(table))
            else:
                _log.warning("the mirror cannot show a table that PostgreSQL has no room for")
        present: dict[Key, _Shape] = {}
        present_schemas = set()
        looked_at = (None, None) if only is None else ([key[0] for key in only], [key[1] for key in only])
        for row in await admin.fetch(_CURRENT, STATE_SCHEMA, READER, *looked_at):
            present_schemas.add(row["schema"])
            if row["name"] is not None:
                present[row["schema"], row["name"]] = _shape_of(row)
        clipped = {clip(name) for name in shown}
        steps = [_create_schema(name) for name in sorted(clipped - present_schemas)]
        steps += [_drop(key, shape) for key, shape in present.items() if key not in target]
        for key, (table, shape) in target.items():
            old = present.get(key)
            if old == shape:
                continue
            steps.append("".join(_relation_ddl(key, table, shape, old)))
        leftover = [_drop_schema(name) for name in sorted(present_schemas - clipped)]
        self.changes += len(steps) + len(leftover)
        done = await _apply(admin, steps) and await _apply(admin, leftover)
        # A table that was made anew has lost those that refer to it.
        references = await _reference_ddl(admin, whole)
        self.changes += len(references)
        return await _apply(admin, references) and done

    async def _learn_types(self, admin: Any, tables: Iterable[Table]) -> None:
        """Ask PostgreSQL what the type names mean, so that comparison is with what it will store."""
        names = {pg_type(column.spark_type).name for table in tables for column in table.columns}
        unknown = sorted(names - self._types.keys())
        if unknown:
            for row in await admin.fetch(
                "SELECT t, to_regtype(t)::oid AS oid, to_regtypemod(t) AS typmod FROM unnest($1::text[]) t",
                unknown,
            ):
                self._types[row["t"]] = (row["oid"], row["typmod"])

    def _shape(self, table: Table) -> _Shape:
        columns = tuple(
            (name, *self._types[pg_type(column.spark_type).name])
            for name, column in zip(column_names(table.columns), table.columns, strict=True)
        )
        comments = tuple(_sayable(column.comment) for column in table.columns)
        return _Shape(table.kind == "view", columns, _sayable(table.comment), comments, table.key)


async def _apply(admin: Any, steps: Sequence[str]) -> bool:
    """Run the steps, many in a transaction; skip what is locked or refused.  True when all are done."""
    import asyncpg

    done = True
    for start in range(0, len(steps), BATCH):
        batch = steps[start : start + BATCH]
        try:
            await _run(admin, batch)
        except asyncpg.PostgresError:
            for step in batch:
                try:
                    await _run(admin, [step])
                except asyncpg.PostgresError as error:
                    done = False
                    if not isinstance(error, asyncpg.LockNotAvailableError):
                        _log.warning("the mirror refused a table: SQLSTATE %s", error.sqlstate)
    return done


async def _run(admin: Any, steps: Sequence[str]) -> None:
    async with admin.transaction():
        await admin.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
        await admin.execute("".join(steps))


# DDL


def _create_schema(name: str) -> str:
    schema = quote_identifier(name)
    return (
        f"CREATE SCHEMA IF NOT EXISTS {schema}; GRANT USAGE ON SCHEMA {schema} TO {READER};"
        f" ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {READER};\n"
    )


def _drop_schema(name: str) -> str:
    return f"DROP SCHEMA {quote_identifier(name)} CASCADE;\n"


def _drop(key: Key, shape: _Shape) -> str:
    # Foreign keys are all that depends on a table: views are made of constants.
    return f"DROP {_word(shape)} {_qualified(key)}{'' if shape.is_view else ' CASCADE'};\n"


async def _reference_ddl(admin: Any, tables: dict[Key, Table]) -> list[str]:
    """What makes the foreign keys those that are declared."""
    wanted = {
        (
            *(clip(table.schema), clip(table.name), tuple(map(clip, reference.columns))),
            *(clip(reference.schema), clip(reference.table)),
        )
        for table in tables.values()
        for reference in table.references
    }
    steps: list[str] = []
    present: set[tuple[str, str, tuple[str, ...], str, str]] = set()
    for row in await admin.fetch(_REFERENCES, STATE_SCHEMA):
        schema, relation = row["schema"], row["relation"]
        found = (schema, relation, tuple(row["columns"]), row["other_schema"], row["other"])
        present.add(found)
        if found not in wanted:
            name = quote_identifier(row["name"])
            steps.append(f"ALTER TABLE {_qualified((schema, relation))} DROP CONSTRAINT {name};\n")
    for schema, relation, columns, other_schema, other in sorted(wanted - present):
        steps.append(
            f"ALTER TABLE {_qualified((schema, relation))} ADD FOREIGN KEY ({_listed(columns)})"
            f" REFERENCES {_qualified((other_schema, other))};\n"
        )
    return steps


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(map(quote_identifier, columns))


def _relation_ddl(key: Key, table: Table, shape: _Shape, old: _Shape | None) -> Iterator[str]:
    name = _qualified(key)
    fresh = old is None or not old.same_relation(shape)
    if fresh:
        if old is not None:
            yield _drop(key, old)
        types = [pg_type(column.spark_type).name for column in table.columns]
        named = [
            (quote_identifier(column[0]), type_) for column, type_ in zip(shape.columns, types, strict=True)
        ]
        if shape.is_view:
            nulls = ", ".join(f"NULL::{type_} AS {column}" for column, type_ in named)
            yield f"CREATE VIEW {name} AS SELECT {nulls} WHERE false;\n"
        else:
            # Plain storage needs no TOAST table: one file a table and not three, made twice as fast.
            columns = ", ".join(f"{column} {type_} STORAGE PLAIN" for column, type_ in named)
            primary = f", PRIMARY KEY ({_listed(table.key)})" if table.key else ""
            yield f"CREATE TABLE {name} ({columns}{primary});\n"
    if shape.comment != ("" if old is None or fresh else old.comment):
        yield f"COMMENT ON {_word(shape)} {name} IS {quote_literal(shape.comment)};\n"
    before = ("",) * len(shape.comments) if old is None or fresh else old.comments
    for column, comment, earlier in zip(shape.columns, shape.comments, before, strict=True):
        if comment != earlier:
            yield f"COMMENT ON COLUMN {name}.{quote_identifier(column[0])} IS {quote_literal(comment)};\n"


def _word(shape: _Shape) -> str:
    return "VIEW" if shape.is_view else "TABLE"


def _qualified(key: Key) -> str:
    return f"{quote_identifier(key[0])}.{quote_identifier(key[1])}"


# Names and texts


def _folded(table: Table) -> Table:
    """Spark is blind to case and keeps what was typed; PostgreSQL's clients look for lower case."""
    if all(name == name.lower() for name in (table.schema, table.name, *(c.name for c in table.columns))):
        return table
    columns = tuple(Column(c.name.lower(), c.spark_type, c.comment) for c in table.columns)
    return replace(table, schema=table.schema.lower(), name=table.name.lower(), columns=columns)


def clip(name: str) -> str:
    """What PostgreSQL makes of a longer name, in DDL and in queries alike."""
    return name.encode()[:NAME_LIMIT_BYTES].decode(errors="ignore")


def _schema_can_be_shown(name: str) -> bool:
    return bool(name) and not name.startswith("pg_") and name not in ("information_schema", STATE_SCHEMA)


def column_names(columns: Sequence[Column]) -> list[str]:
    """PostgreSQL's names: clipped, and told apart where clipping made two the same."""
    names: list[str] = []
    seen: set[str] = set()
    for column in columns:
        name = clip(column.name) or "?column?"
        number = 1
        while name in seen:
            number += 1
            name = f"{clip(column.name)[:58]}_{number}"
        seen.add(name)
        names.append(name)
    return names


def _sayable(text: str) -> str:
    return text.replace("\0", "")


def _shape_of(row: Any) -> _Shape:
    columns = zip(row["names"] or (), row["types"] or (), row["typmods"] or (), strict=True)
    key = tuple(row["key"] or ())
    return _Shape(row["is_view"], tuple(columns), row["comment"], tuple(row["comments"] or ()), key)
