"""The statements that change tables, as frozen values.

Each says everything that the statement said and can write itself again (`to_sql`) as PostgreSQL text; the query, the
VALUES or the DEFAULT expressions inside are checked like any other query and come back in as text.  Names are folded as
PostgreSQL folds them.
Source: PostgreSQL 18 documentation, part VI.

Left out: UPDATE, DELETE, MERGE, RETURNING and ON CONFLICT, which tables of plain files cannot do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from checker.renderer import quote_identifier, quote_string
from checker.verdict import Relation, StatementKind
from checker.words import RESERVED

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def name_sql(name: str) -> str:
    """A name, quoted where a bare word would be read as something else; so places map back to the client's text."""
    return name if _PLAIN.fullmatch(name) and name not in RESERVED else quote_identifier(name)


def named(relation: Relation) -> str:
    """A relation's name as it was written."""
    parts = (relation.catalog, relation.schema, relation.name)
    return ".".join(name_sql(part) for part in parts if part is not None)


def _list(names: tuple[str, ...]) -> str:
    return f" ({', '.join(map(name_sql, names))})" if names else ""


@dataclass(frozen=True, slots=True)
class Insert:
    """INSERT INTO target (columns) query; the query is a VALUES or a SELECT, None for DEFAULT VALUES."""

    target: Relation
    columns: tuple[str, ...] = ()
    default_values: bool = False
    kind = StatementKind.INSERT

    def to_sql(self, query: str = "") -> str:
        rows = "DEFAULT VALUES" if self.default_values else query
        return f"INSERT INTO {named(self.target)}{_list(self.columns)} {rows}"


@dataclass(frozen=True, slots=True)
class CopyInOptions:
    """COPY ... FROM STDIN's options; None where the client said nothing and PostgreSQL's default holds."""

    format: Literal["text", "csv", "binary"] = "text"
    delimiter: str | None = None
    null: str | None = None
    header: Literal["true", "false", "match"] = "false"
    quote: str | None = None
    escape: str | None = None
    force_not_null: tuple[str, ...] | Literal["*"] = ()
    force_null: tuple[str, ...] | Literal["*"] = ()
    on_error: Literal["stop", "ignore"] = "stop"
    reject_limit: int | None = None

    def to_sql(self) -> str:
        words = [f"FORMAT {self.format}"]
        for name in ("delimiter", "null", "quote", "escape"):
            value = getattr(self, name)
            if value is not None:
                words.append(f"{name.upper()} {quote_string(value).strip()}")
        if self.header != "false":
            words.append(f"HEADER {self.header}")
        for name in ("force_not_null", "force_null"):
            columns = getattr(self, name)
            if columns:
                words.append(f"{name.upper()} {'*' if columns == '*' else _list(columns).strip()}")
        if self.on_error != "stop":
            words.append(f"ON_ERROR {self.on_error}")
        if self.reject_limit is not None:
            words.append(f"REJECT_LIMIT {self.reject_limit}")
        return f"({', '.join(words)})"


@dataclass(frozen=True, slots=True)
class CopyIn:
    """COPY target (columns) FROM STDIN."""

    target: Relation
    columns: tuple[str, ...] = ()
    options: CopyInOptions = field(default_factory=CopyInOptions)
    kind = StatementKind.COPY_IN

    def to_sql(self, query: str = "") -> str:
        return f"COPY {named(self.target)}{_list(self.columns)} FROM STDIN {self.options.to_sql()}"


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """One column.  `type` is its type's name in one spelling; `default` counts into the checked expressions."""

    name: str
    type: str
    not_null: bool = False
    default: int | None = None


@dataclass(frozen=True, slots=True)
class CreateTable:
    """CREATE TABLE target (columns).  The DEFAULT expressions are checked as the columns of one SELECT."""

    target: Relation
    columns: tuple[ColumnDefinition, ...]
    if_not_exists: bool = False
    kind = StatementKind.CREATE_TABLE

    def to_sql(self, query: str = "", defaults: tuple[str, ...] = ()) -> str:
        columns = ", ".join(column_sql(column, defaults) for column in self.columns)
        return f"CREATE TABLE {_unless(self.if_not_exists)}{named(self.target)} ({columns})"


def column_sql(column: ColumnDefinition, defaults: tuple[str, ...]) -> str:
    """A column as CREATE TABLE and ADD COLUMN have it.  Shapes: `defaults` are all the statement's expressions."""
    default = f" DEFAULT {defaults[column.default]}" if column.default is not None else ""
    return f"{name_sql(column.name)} {column.type}{default}{' NOT NULL' if column.not_null else ''}"


@dataclass(frozen=True, slots=True)
class CreateTableAs:
    """CREATE TABLE target (columns) AS query [WITH NO DATA]."""

    target: Relation
    columns: tuple[str, ...] = ()
    if_not_exists: bool = False
    with_data: bool = True
    kind = StatementKind.CREATE_TABLE_AS

    def to_sql(self, query: str = "") -> str:
        data = "" if self.with_data else " WITH NO DATA"
        return f"CREATE TABLE {_unless(self.if_not_exists)}{named(self.target)}{_list(self.columns)} AS {query}{data}"


@dataclass(frozen=True, slots=True)
class CreateView:
    target: Relation
    columns: tuple[str, ...] = ()
    or_replace: bool = False
    kind = StatementKind.CREATE_VIEW

    def to_sql(self, query: str = "") -> str:
        replace = "OR REPLACE " if self.or_replace else ""
        return f"CREATE {replace}VIEW {named(self.target)}{_list(self.columns)} AS {query}"


@dataclass(frozen=True, slots=True)
class CreateSchema:
    name: str
    if_not_exists: bool = False
    kind = StatementKind.CREATE_SCHEMA

    def to_sql(self, query: str = "") -> str:
        return f"CREATE SCHEMA {_unless(self.if_not_exists)}{name_sql(self.name)}"


@dataclass(frozen=True, slots=True)
class AddColumn:
    """ALTER TABLE target ADD COLUMN column; its DEFAULT as in CreateTable."""

    target: Relation
    column: ColumnDefinition
    if_exists: bool = False
    if_not_exists: bool = False
    kind = StatementKind.ALTER_TABLE

    def to_sql(self, query: str = "", defaults: tuple[str, ...] = ()) -> str:
        column = column_sql(self.column, defaults)
        target = f"{_provided(self.if_exists)}{named(self.target)}"
        return f"ALTER TABLE {target} ADD COLUMN {_unless(self.if_not_exists)}{column}"


@dataclass(frozen=True, slots=True)
class Rename:
    """ALTER TABLE or VIEW target RENAME TO new_name."""

    what: Literal["TABLE", "VIEW"]
    target: Relation
    new_name: str
    if_exists: bool = False
    kind = StatementKind.ALTER_TABLE

    def to_sql(self, query: str = "") -> str:
        target = f"{_provided(self.if_exists)}{named(self.target)}"
        return f"ALTER {self.what} {target} RENAME TO {name_sql(self.new_name)}"


@dataclass(frozen=True, slots=True)
class Drop:
    """DROP TABLE, VIEW or SCHEMA.  A schema is a relation without a schema."""

    what: Literal["TABLE", "VIEW", "SCHEMA"]
    target: Relation
    if_exists: bool = False
    cascade: bool = False
    kind = StatementKind.DROP

    def to_sql(self, query: str = "") -> str:
        target = f"{_provided(self.if_exists)}{named(self.target)}"
        return f"DROP {self.what} {target}{' CASCADE' if self.cascade else ''}"


@dataclass(frozen=True, slots=True)
class Truncate:
    """TRUNCATE target.  No table here has a sequence or a foreign key, so its other words mean nothing."""

    target: Relation
    kind = StatementKind.TRUNCATE

    def to_sql(self, query: str = "") -> str:
        return f"TRUNCATE {named(self.target)}"


@dataclass(frozen=True, slots=True)
class Analyze:
    """ANALYZE target (columns); without a target, of every table on which the role may."""

    target: Relation | None = None
    columns: tuple[str, ...] = ()
    kind = StatementKind.ANALYZE

    def to_sql(self, query: str = "") -> str:
        return "ANALYZE" if self.target is None else f"ANALYZE {named(self.target)}{_list(self.columns)}"


@dataclass(frozen=True, slots=True)
class Comment:
    """COMMENT ON what IS text; `column` names a column of the target, `text` None removes the comment."""

    what: Literal["TABLE", "VIEW", "COLUMN", "SCHEMA"]
    target: Relation
    text: str | None
    column: str = ""
    kind = StatementKind.COMMENT

    def to_sql(self, query: str = "") -> str:
        column = f".{name_sql(self.column)}" if self.what == "COLUMN" else ""
        text = "NULL" if self.text is None else quote_string(self.text)
        return f"COMMENT ON {self.what} {named(self.target)}{column} IS {text}"


WriteStatement = (
    Insert | CopyIn | CreateTable | CreateTableAs | CreateView | CreateSchema | AddColumn | Rename | Drop | Truncate
    | Analyze | Comment
)  # fmt: skip


def _unless(flag: bool) -> str:
    return "IF NOT EXISTS " if flag else ""


def _provided(flag: bool) -> str:
    return "IF EXISTS " if flag else ""
