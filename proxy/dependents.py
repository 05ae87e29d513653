"""The views that read a table: Spark keeps no list of them, but each view's text.

Rules: a text that cannot be read counts as reading whatever it names.  What a view reads through another view is that
other view's.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import sqlglot
from sqlglot import expressions as exp

from proxy.ports import Catalogue, Table
from spark_thrift.dialect import tables
from spark_thrift.dialect.tables import Name
from spark_thrift.errors import SparkError
from spark_thrift.session import Row


async def dependents(
    table: Table, catalogue: Catalogue, command: Callable[[str], Awaitable[list[Row]]]
) -> list[Name]:
    """The views whose text names the table, by schema and name."""
    found = []
    for view in sorted(catalogue.tables.values(), key=lambda entry: (entry.schema, entry.name)):
        if view.kind != "view" or (view.schema, view.name) == (table.schema, table.name):
            continue
        name = (view.schema, view.name)
        try:
            rows = await command(tables.describe(name))
        except SparkError:
            continue  # it is gone
        told = {row[0]: row[1] or "" for row in rows}
        home = told.get("View Catalog and Namespace", "").rpartition(".")[2].strip("`") or view.schema
        if reads(told.get("View Text", ""), home, (table.schema, table.name)):
            found.append(name)
    return found


def reads(text: str, home: str, name: Name) -> bool:
    """Whether a view's text names a table; `home` is the schema of its unqualified names."""
    if re.search(rf"\b{re.escape(name[1])}\b", text, re.IGNORECASE) is None:
        return False
    try:
        tree = sqlglot.parse_one(text, read="spark")
    except sqlglot.errors.SqlglotError:
        return True
    return any(
        (table.name.lower(), (table.db or home).lower()) == (name[1], name[0])
        for table in tree.find_all(exp.Table)
    )
