"""Spark's catalogue as values: every database, table, view and column.

Rules: the session catalogue takes three calls in all, HiveServer2's own GetSchemas, GetTables and GetColumns, which run
no Spark job.  Where a database holds a type that GetColumns cannot tell (variant), its tables are described one by
one.  Types are in DESCRIBE's spelling, lower case, save that a struct's odd field names keep their
backquotes.
What views read is asked for view by view, and only where somebody has to know.
Another catalogue (`spark.sql.catalog.NAME`) knows no such calls and is asked table by table, in SQL.
Left out: temporary views, functions; of other catalogues nested namespaces, views, and names that are not in lower
case, which a client's folded names would not reach.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Literal

from spark_thrift.errors import EngineUnavailable, SparkError
from spark_thrift.gen.TCLIService import ttypes as t
from spark_thrift.session import Row, SparkSession
from spark_thrift.types import pg_type

SESSION_CATALOGUE: Final = "spark_catalog"
_CATALOGUE_KEY: Final = re.compile(r"spark\.sql\.catalog\.([^.]+)\Z")
_ANY: Final = "%"
_TEMPORARY: Final = "global_temp"
_DETAILS: Final = "# Detailed Table Information"
STAGE_PREFIX: Final = "streamlink_stage_"
"""Tables that hold rows on their way into another one begin with this, and are nobody's to see."""
ASIDE_PREFIX: Final = f"{STAGE_PREFIX}aside_"
"""Tables that a load has taken the name from, until its new table has it."""
# In a type as GetColumns spells it: 1 a field's name, 2 what DESCRIBE does not print, else a keyword.
_TOKEN: Final = re.compile(r"(`(?:[^`]|``)*`|\w+(?=:))|( NOT NULL| COMMENT '(?:[^'\\]|\\.)*'|(?<=[:,]) )|\w+")

_TableName = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """One column, in its table's order."""

    name: str
    spark_type: str
    comment: str = ""

    @property
    def pg_type(self) -> str:
        """PostgreSQL's name of the type, modifiers included."""
        return pg_type(self.spark_type).name


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key, to the key of another table, column by column."""

    columns: tuple[str, ...]
    schema: str
    table: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table or view.

    `view_text` is a view's query in Spark's words, None where it is not known; `view_schema` the schema that its bare
    names are looked up in.  `key` and `references` are declared, not enforced; Spark's catalogue does not tell them.
    """

    schema: str
    name: str
    kind: Literal["table", "view"]
    columns: tuple[Column, ...]
    comment: str = ""
    view_text: str | None = None
    view_schema: str | None = None
    key: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class SparkCatalogue:
    """What the metastore held at one moment; iterating gives its tables.

    Two readings with the same fingerprint hold the same schemas, tables, columns, types and comments.
    """

    schemas: tuple[str, ...]
    tables: tuple[Table, ...]
    fingerprint: str
    stages: tuple[tuple[str, str], ...] = ()
    """The tables of STAGE_PREFIX, by schema and name."""

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables)

    def with_table(self, schema: str, name: str, table: Table | None) -> SparkCatalogue:
        """The same but for one table, None where it is gone."""
        others = [each for each in self.tables if (each.schema, each.name) != (schema, name)]
        tables = tuple(sorted([*others, *([table] if table else [])], key=_place))
        return replace(self, tables=tables, fingerprint=_fingerprint(self.schemas, tables))

    def without_schemas(self, names: Collection[str]) -> SparkCatalogue:
        """The same but for the schemas of these names, in lower case."""
        if not any(schema.lower() in names for schema in self.schemas):
            return self
        schemas = tuple(schema for schema in self.schemas if schema.lower() not in names)
        tables = tuple(table for table in self.tables if table.schema in schemas)
        return replace(self, schemas=schemas, tables=tables, fingerprint=_fingerprint(schemas, tables))


async def read_catalogue(session: SparkSession, *, view_texts: bool = False) -> SparkCatalogue:
    """Raises: SparkError, EngineUnavailable.

    `view_texts`: with the views' queries, at a call of some 10 ms for each view.
    A table that vanishes meanwhile, or that Spark itself cannot describe, is left out.
    """
    schemas = await session.metadata("GetSchemas", t.TGetSchemasReq(schemaName=_ANY))
    names = tuple(sorted({row[0] for row in schemas if row[0] and row[0] != _TEMPORARY}))
    found = await session.metadata("GetTables", t.TGetTablesReq(schemaName=_ANY, tableName=_ANY))
    columns = await _read_columns(session, names, found)
    tables = [
        Table(schema, name, "view" if kind == "VIEW" else "table", columns[schema, name], comment or "")
        for _, schema, name, kind, comment, *_ in found
        if schema in names and name and (schema, name) in columns and not name.startswith(STAGE_PREFIX)
    ]
    tables.sort(key=_place)
    if view_texts:
        tables = [await _with_query(session, t) if t.kind == "view" else t for t in tables]
    stages = tuple((row[1] or "", row[2] or "") for row in found if (row[2] or "").startswith(STAGE_PREFIX))
    return SparkCatalogue(names, tuple(tables), _fingerprint(names, tuple(tables)), stages)


async def catalogue_names(session: SparkSession) -> tuple[str, ...]:
    """The catalogues that Spark is configured with beside its session catalogue.

    Raises: SparkError, EngineUnavailable.
    """
    found = (_CATALOGUE_KEY.match(row[0] or "") for row in await session.run_command("SET"))
    return tuple(sorted({key[1] for key in found if key} - {SESSION_CATALOGUE}))


async def read_other_catalogue(session: SparkSession) -> SparkCatalogue:
    """What the catalogue holds that is this session's by spark.sql.defaultCatalog.

    Raises: SparkError, also for a catalogue that Spark cannot load; EngineUnavailable.
    """
    schemas = []
    tables = []
    for schema, *_ in await session.run_command("SHOW NAMESPACES"):
        if (
            schema is None
            or not _reachable(schema)
            or schema.startswith("pg_")
            or schema == "information_schema"
        ):
            continue
        schemas.append(schema)
        for _, name, temporary, *_ in await session.run_command(f"SHOW TABLES IN {_quoted(schema)}"):
            if name and temporary != "True" and _reachable(name):
                with suppress(SparkError):
                    rows = await session.run_command(f"DESCRIBE TABLE EXTENDED {_quoted(schema, name)}")
                    comment = _details(rows).get("Comment") or ""
                    tables.append(Table(schema, name, "table", _described_columns(rows), comment))
    names, found = tuple(sorted(schemas)), tuple(sorted(tables, key=_place))
    return SparkCatalogue(names, found, _fingerprint(names, found))


def _reachable(name: str) -> bool:
    return name == name.lower()


def _place(table: Table) -> tuple[str, str]:
    return table.schema, table.name


def _fingerprint(schemas: tuple[str, ...], tables: tuple[Table, ...]) -> str:
    return hashlib.sha256(repr((schemas, tables)).encode()).hexdigest()


async def read_table(
    session: SparkSession, schema: str, name: str, *, view_text: bool = False
) -> Table | None:
    """One table as read_catalogue has it; None where there is none.  Raises: SparkError, EngineUnavailable."""
    try:
        rows = await session.run_command(f"DESCRIBE TABLE EXTENDED {_quoted(schema, name)}")
    except SparkError as error:
        if error.sqlstate == "42P01":
            return None
        raise
    said = _details(rows)
    try:
        # DESCRIBE leaves out the quotes of a struct's fields; a name is a pattern here, which may fit others too.
        columns = (await _get_columns(session, schema, name)).get((schema, name), ())
    except EngineUnavailable:
        raise
    except SparkError:
        columns = _described_columns(rows)
    kind: Literal["table", "view"] = "view" if said.get("Type") == "VIEW" else "table"
    table = Table(schema, name, kind, columns, said.get("Comment") or "")
    return _queried(table, said) if view_text and kind == "view" else table


@dataclass(frozen=True, slots=True)
class Size:
    """What Spark's statistics say of a table.  Units: bytes; rows, None where they were not counted."""

    bytes: int
    rows: int | None


_SIZE: Final = re.compile(r"(\d+) bytes(?:, (\d+) rows)?")


async def read_size(session: SparkSession, schema: str, table: str) -> Size | None:
    """None for a table without statistics.  Raises: SparkError, EngineUnavailable."""
    rows = await session.run_command(f"DESCRIBE TABLE EXTENDED {_quoted(schema, table)}")
    found = _SIZE.match(_details(rows).get("Statistics") or "")
    if found is None:
        return None
    size, count = int(found[1]), int(found[2]) if found[2] else None
    # A table that was filled after it was made keeps the 0 rows that it had then until it is analysed.
    return Size(size, None if count == 0 and size else count)


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """What ANALYZE ... FOR COLUMNS counted in one column.  Units: `width` is the mean length of a value, in bytes."""

    column: str
    nulls: int
    distinct: int
    width: int


async def read_statistics(session: SparkSession, schema: str, table: Table) -> list[ColumnStatistics]:
    """Of the columns that have any, at a call for each column.  Raises: SparkError, EngineUnavailable."""
    found = []
    for column in table.columns:
        place = f"{_quoted(schema, table.name)} {_quoted(column.name)}"
        said = {row[0]: row[1] for row in await session.run_command(f"DESCRIBE TABLE EXTENDED {place}")}
        counts = [said.get(name) or "" for name in ("num_nulls", "distinct_count", "avg_col_len")]
        if all(count.isdecimal() for count in counts):
            found.append(ColumnStatistics(column.name, *map(int, counts)))
    return found


async def _read_columns(
    session: SparkSession, schemas: tuple[str, ...], tables: list[Row]
) -> dict[_TableName, tuple[Column, ...]]:
    try:
        return await _get_columns(session, _ANY)
    except EngineUnavailable:
        raise
    except SparkError:
        pass
    columns: dict[_TableName, tuple[Column, ...]] = {}
    for schema in schemas:
        try:
            columns |= await _get_columns(session, schema)
        except SparkError:
            for _, table_schema, name, *_ in tables:
                if table_schema == schema and name:
                    columns |= await _describe_table(session, (schema, name))
    return columns


async def _get_columns(
    session: SparkSession, schemas: str, tables: str = _ANY
) -> dict[_TableName, tuple[Column, ...]]:
    """The columns of all tables that match the patterns.

    Source: GetColumns' result set in TCLIService.thrift, which is JDBC's: 2 schema, 3 table, 4 column,
    6 type name, 12 remarks, in ordinal order.
    """
    rows = await session.metadata(
        "GetColumns", t.TGetColumnsReq(schemaName=schemas, tableName=tables, columnName=_ANY)
    )
    columns: defaultdict[_TableName, list[Column]] = defaultdict(list)
    for row in rows:
        schema, table, name, kind, comment = row[1], row[2], row[3], row[5], row[11]
        if schema and table and name:
            columns[schema, table].append(Column(name, describe_spelling(kind or "void"), comment or ""))
    return {table: tuple(of_table) for table, of_table in columns.items()}


async def _describe_table(session: SparkSession, table: _TableName) -> dict[_TableName, tuple[Column, ...]]:
    try:
        rows = await session.run_command(f"DESCRIBE TABLE {_quoted(*table)}")
    except SparkError:
        return {}
    return {table: _described_columns(rows)}


def _described_columns(rows: list[Row]) -> tuple[Column, ...]:
    columns = []
    for name, kind, comment in rows:
        if not kind:
            break  # "# Partition Information": the partition columns once more
        columns.append(Column(name or "", kind, comment or ""))
    return tuple(columns)


def _details(rows: list[Row]) -> dict[str | None, str | None]:
    """What DESCRIBE TABLE EXTENDED says of the table itself."""
    heads = [name for name, _, _ in rows]
    return {name: text for name, text, _ in rows[heads.index(_DETAILS) :]} if _DETAILS in heads else {}


async def _with_query(session: SparkSession, view: Table) -> Table:
    """The view with its query, where Spark tells it.  Source: CatalogTable.toJsonLinkedHashMap, "View Text"."""
    try:
        rows = await session.run_command(f"DESCRIBE TABLE EXTENDED {_quoted(view.schema, view.name)}")
    except SparkError:
        return view
    said = _details(rows)
    return _queried(view, said) if said else view


def _queried(view: Table, said: dict[str | None, str | None]) -> Table:
    schema = (said.get("View Catalog and Namespace") or "").split(".")
    # A namespace of more parts, or one with a dot in its name, is not one that we would look names up in rightly.
    known = len(schema) == 2 and "`" not in schema[1]
    return replace(view, view_text=said.get("View Text") if known else None, view_schema=schema[-1])


def _quoted(*parts: str) -> str:
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)


def describe_spelling(type_name: str) -> str:
    """`STRUCT<fooBar: INT, b: DECIMAL(10,2)>`, Spark's SQL spelling, as DESCRIBE prints it."""
    return _TOKEN.sub(lambda token: token[1] or ("" if token[2] else token[0].lower()), type_name)
