"""What a user's grants say of one table: may it be read, which of its columns, which rows, and what shows instead.

Rules: what is not granted is denied, what is denied stays denied whatever grants it; every filter that fits counts,
and the first mask.  Decided by name alone, so that a name which does not exist is answered like one that does.

Left out: what a statement reads (columns.py), functions and statement kinds (enforce.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from checker.context import Grants, SchemaTable
from checker.patterns import any_fits, fits, fits_table

_KEPT = 4096


@dataclass(frozen=True, slots=True)
class TableRights:
    """Rights on one table.

    Shapes: `hidden` are columns that may not be read; `filters` conditions, all of which have to hold; `masks`
    (column, expression) of the columns that may.
    """

    readable: bool
    hidden: frozenset[str] = frozenset()
    filters: tuple[str, ...] = ()
    masks: tuple[tuple[str, str], ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the table is seen as it is."""
        return self.readable and not (self.hidden or self.filters or self.masks)


def unrestricted(grants: Grants) -> bool:
    """Whether every table is seen as it is, those of tomorrow too."""
    return "*.*" in grants.read and not (grants.deny or grants.filters or grants.masks)


def table_rights(grants: Grants, table: SchemaTable) -> TableRights:
    return _table_rights(grants, table.schema, table.name, tuple(column.name for column in table.columns))


@lru_cache(_KEPT)
def _table_rights(grants: Grants, schema: str, name: str, columns: tuple[str, ...]) -> TableRights:
    if not may_read_table(grants, schema, name):
        return TableRights(False)
    hidden = frozenset(c for c in columns if not may_read_column(grants, schema, name, c))
    if len(hidden) == len(columns) and columns:
        return TableRights(False)
    masks = []
    for column in columns:
        if column not in hidden:
            found = (mask for mask in grants.masks if fits(mask.column, schema, name, column))
            masks += [(column, mask.expression) for mask in found][:1]
    filters = tuple(
        dict.fromkeys(each.condition for each in grants.filters if fits(each.table, schema, name))
    )
    return TableRights(True, hidden, filters, tuple(masks))


def may_read_table(grants: Grants, schema: str, name: str) -> bool:
    """Whether something of a table of this name may be read."""
    if any_fits(grants.deny, schema, name):
        return False
    return any(fits(p, schema, name) or fits_table(p, schema, name) for p in grants.read)


def may_read_column(grants: Grants, schema: str, table: str, column: str) -> bool:
    """Whether a column of this name may be read, given that the table may."""
    if any_fits(grants.deny, schema, table, column):
        return False
    return any(fits(p, schema, table) or fits(p, schema, table, column) for p in grants.read)
