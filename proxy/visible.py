"""The catalogue as one user may see it: what a model is told when the user asks in prose.

A model that knows of a table would name it, and then the denial would tell the user.  Tables and columns that may not
be read are left out, and a masked column loses its comment, which may hold examples of its values.
"""

from __future__ import annotations

from dataclasses import replace

from checker.context import Grants
from checker.rights import table_rights, unrestricted
from proxy.ports import Catalogue, Table


def visible(catalogue: Catalogue, grants: Grants) -> Catalogue:
    if unrestricted(grants):
        return catalogue
    tables = {name: _seen(table, grants) for name, table in catalogue.tables.items()}
    return replace(catalogue, tables={name: table for name, table in tables.items() if table is not None})


def _seen(table: Table, grants: Grants) -> Table | None:
    rights = table_rights(grants, table)
    if not rights.readable:
        return None
    masked = {column for column, _ in rights.masks}
    columns = tuple(
        replace(column, comment="") if column.name in masked else column
        for column in table.columns
        if column.name not in rights.hidden
    )
    return replace(table, columns=columns)
