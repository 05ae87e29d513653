"""WikiSQL's training questions as pairs that a prompt can be made of.

The published SQL (`SELECT MAX TOTAL_FIELD FROM TABLE WHERE NATION_FIELD = france ;`) has no quotes it could be run
with and comes without tables.  So a table's columns are those that its questions use, values are written as the
question writes them, and a statement that does not have this one form is left out.
Source: Zhong et al., "Seq2SQL" (2017), BSD.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

TABLE = "t"
_SELECT = re.compile(
    r"SELECT (?:(MAX|MIN|COUNT|SUM|AVG) )?(\S+)_FIELD FROM TABLE(?: WHERE (.+?))? ;\s*\Z", re.DOTALL
)
_CONDITION = re.compile(r"(\S+)_FIELD ([=<>]) (.+)\Z", re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?\Z")
_BETWEEN = re.compile(r" AND (?=\S+_FIELD [=<>] )")


def column_name(field: str) -> str:
    """A name that SQL needs no quotes for."""
    name = re.sub(r"\W+", "_", field.lower()).strip("_")
    return name if name and not name[0].isdigit() else f"c_{name}"


def readable_sql(published: str, question: str) -> tuple[str, tuple[str, ...]] | None:
    """The statement and the columns that it uses, or None for one of another form."""
    found = _SELECT.match(published)
    if found is None:
        return None
    aggregate, selected, where = found.groups()
    columns = [column_name(selected)]
    target = f"{aggregate.lower()}({columns[0]})" if aggregate else columns[0]
    conditions = []
    for part in _BETWEEN.split(where) if where else []:
        condition = _CONDITION.match(part)
        if condition is None:
            return None
        columns.append(column_name(condition[1]))
        conditions.append(f"{columns[-1]} {condition[2]} {_value(condition[3].strip(), question)}")
    clause = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {target} FROM {TABLE}{clause}", tuple(columns)


def _value(published: str, question: str) -> str:
    text = published[1:-1] if len(published) > 1 and published[0] == published[-1] == '"' else published
    if _NUMBER.match(text):
        return text
    at = question.lower().find(text.lower())
    said = question[at : at + len(text)] if at >= 0 else text
    return "'" + said.replace("'", "''") + "'"


def readable(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """(question, SQL, schema) of the rows that have the one form."""
    read = []
    columns: dict[str, set[str]] = {}
    for row in rows:
        question = " ".join(row["question"].split())
        made = readable_sql(row["sql_named"], question)
        if made is not None:
            read.append((question, made[0], row["table_id"]))
            columns.setdefault(row["table_id"], set()).update(made[1])
    schemas = {
        table: f"CREATE TABLE {TABLE} (\n" + "".join(f"  {name} text,\n" for name in sorted(names)) + ");"
        for table, names in columns.items()
    }
    return [(question, sql, schemas[table]) for question, sql, table in read]
