"""The catalogue as one user may see it: what a model is told when the user asks in prose, and what tools are shown.

A model that knows of a table would name it, and then the denial would tell the user.  Tables and columns that may not
be read are left out, and a masked column loses its comment, which may hold examples of its values.
"""

from __future__ import annotations

from dataclasses import replace

from checker.context import Grants
from checker.rights import may_read_table, table_rights, unrestricted
from proxy.mirror.sync import clip, column_names
from proxy.mirror.visible import Visible
from proxy.ports import Catalogue, Table


def visible(catalogue: Catalogue, grants: Grants) -> Catalogue:
    if unrestricted(grants):
        return catalogue
    tables = {name: _seen(table, grants) for name, table in catalogue.tables.items()}
    return replace(catalogue, tables={name: table for name, table in tables.items() if table is not None})


def shown(catalogue: Catalogue, grants: Grants) -> Visible:
    """The same under the mirror's names, for a user with restrictions.  A schema is seen where something in it is, or
    could be."""
    relations, columns = set[tuple[str, str]](), set[tuple[str, str, str, bool]]()
    for (schema, name), table in catalogue.tables.items():
        rights = table_rights(grants, table)
        if not rights.readable:
            continue
        place = (clip(schema), clip(name))
        relations.add(place)
        masked = {column for column, _ in rights.masks}
        for attribute, column in zip(column_names(table.columns), table.columns, strict=True):
            if column.name in rights.hidden or column.name in masked:
                columns.add((*place, attribute, column.name not in rights.hidden))
    empty = catalogue.schemas - {schema for schema, _ in catalogue.tables}
    relations |= {
        (clip(schema), "") for schema in empty if may_read_table(grants, schema, "a table of tomorrow")
    }
    return Visible(frozenset(relations), frozenset(columns))


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
