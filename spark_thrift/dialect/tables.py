"""Spark SQL that makes, changes, fills and drops tables, from names and types alone.

Every name goes through `identifier` and every text through `string`; queries come in as Spark SQL that the other rules
wrote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.terms import identifier, string

Name = tuple[str, str]
"""(schema, name)"""


@dataclass(frozen=True, slots=True)
class NewColumn:
    """`default` is Spark SQL, made by assignment.default_value."""

    name: str
    spark_type: str
    default: str | None = None
    comment: str = ""


def qualified(name: Name) -> str:
    return f"{identifier(name[0])}.{identifier(name[1])}"


def _columns(names: Sequence[str]) -> str:
    return f" ({', '.join(map(identifier, names))})" if names else ""


def create_table(
    name: Name, columns: Sequence[NewColumn], using: str, properties: Mapping[str, str] | None = None
) -> str:
    listed = ", ".join(map(_definition, columns))
    kept = ", ".join(f"{string(key)} = {string(value)}" for key, value in (properties or {}).items())
    return f"CREATE TABLE {qualified(name)} ({listed}) USING {identifier(using)}{kept and f' TBLPROPERTIES ({kept})'}"


def _definition(column: NewColumn) -> str:
    default = f" DEFAULT {column.default}" if column.default is not None else ""
    comment = f" COMMENT {string(column.comment)}" if column.comment else ""
    return f"{identifier(column.name)} {column.spark_type}{default}{comment}"


def insert(name: Name, columns: Sequence[str], query: str) -> str:
    return f"INSERT INTO {qualified(name)}{_columns(columns)} {query}"


def insert_defaults(name: Name, column: str, rows: int) -> str:
    """Rows of defaults alone; one column stands for all, since the others are left out."""
    return f"INSERT INTO {qualified(name)}{_columns([column])} VALUES {', '.join(['(DEFAULT)'] * rows)}"


def create_view(name: Name, columns: Sequence[str], query: str, *, replace: bool) -> str:
    return f"CREATE {'OR REPLACE ' if replace else ''}VIEW {qualified(name)}{_columns(columns)} AS {query}"


def create_schema(name: str) -> str:
    return f"CREATE DATABASE {identifier(name)}"


def add_column(name: Name, column: NewColumn) -> str:
    return f"ALTER TABLE {qualified(name)} ADD COLUMNS ({_definition(column)})"


def rename(what: str, name: Name, new_name: str) -> str:
    return f"ALTER {_word(what)} {qualified(name)} RENAME TO {qualified((name[0], new_name))}"


def drop(what: str, name: Name) -> str:
    return f"DROP {_word(what)} {qualified(name)}"


def drop_if_exists(name: Name) -> str:
    return f"DROP TABLE IF EXISTS {qualified(name)}"


def drop_schema(name: str) -> str:
    return f"DROP DATABASE {identifier(name)} RESTRICT"


def truncate(name: Name) -> str:
    return f"TRUNCATE TABLE {qualified(name)}"


def analyze(name: Name, columns: Sequence[str]) -> str:
    what = f" FOR COLUMNS {', '.join(map(identifier, columns))}" if columns else ""
    return f"ANALYZE TABLE {qualified(name)} COMPUTE STATISTICS{what}"


def comment_on_table(name: Name, text: str | None) -> str:
    return f"COMMENT ON TABLE {qualified(name)} IS {_text(text)}"


def comment_on_view(name: Name, text: str | None) -> str:
    if text is None:
        return f"ALTER VIEW {qualified(name)} UNSET TBLPROPERTIES IF EXISTS ('comment')"
    return f"ALTER VIEW {qualified(name)} SET TBLPROPERTIES ('comment' = {string(text)})"


def comment_on_column(name: Name, column: str, text: str | None) -> str:
    return f"ALTER TABLE {qualified(name)} ALTER COLUMN {identifier(column)} COMMENT {string(text or '')}"


def comment_on_schema(name: str, text: str | None) -> str:
    return f"COMMENT ON DATABASE {identifier(name)} IS {string(text or '')}"


def refresh(name: Name) -> str:
    return f"REFRESH TABLE {qualified(name)}"


def count_rows(name: Name) -> str:
    return f"SELECT count(*) FROM {qualified(name)}"


def describe(name: Name) -> str:
    return f"DESCRIBE TABLE EXTENDED {qualified(name)}"


def show_property(name: Name, key: str) -> str:
    return f"SHOW TBLPROPERTIES {qualified(name)} ({string(key)})"


def _text(text: str | None) -> str:
    return "NULL" if text is None else string(text)


def _word(what: str) -> str:
    if what not in ("TABLE", "VIEW"):
        raise Untranslatable(f"the kind {what}")
    return what
