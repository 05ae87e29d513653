"""What columns.py finds in a query, and what it works with: tables used, names in sight, names that mean nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from checker.context import SchemaTable
from checker.facts import cut, position_of

Names = list[str | None] | None
"""Column names in order; None in it for a name that is not known, None instead of it where not even their number is."""


class Elsewhere(Enum):
    """Relations that no table of the schema stands behind."""

    CATALOGUE = "pg_catalog, information_schema or the product's own schema"
    UNKNOWN = "unknown"


Find = Callable[[Any], SchemaTable | Elsewhere]
"""The table that a Table node which no WITH defines names."""


def exact(name: str) -> str:
    """Names as PostgreSQL compares them: case counts (the lexer has folded), and 63 bytes are all there is."""
    return cut(name)


def blind(name: str) -> str:
    """Names as Spark compares them."""
    return name.lower()


@dataclass(slots=True, eq=False)
class Use:
    """One reference to a table in a FROM.

    Units: positions are 1-based characters, None where there is no place.  `columns` are those that are read by name,
    under the catalogue's names; `starred` says that a star or the row as a whole reads all of them, at
    `star_position`.  `qualified` are the column nodes that name the table with its schema.
    """

    node: Any
    table: SchemaTable
    columns: dict[str, int | None] = field(default_factory=dict)
    starred: bool = False
    star_position: int | None = None
    qualified: list[Any] = field(default_factory=list)

    @property
    def position(self) -> int | None:
        return position_of(self.node.args.get("db") or self.node.this)

    def read(self) -> Iterator[str]:
        """Every column that is read."""
        return iter([c.name for c in self.table.columns]) if self.starred else iter(self.columns)

    def star(self, position: int | None) -> None:
        if not self.starred:
            self.starred, self.star_position = True, position


@dataclass(slots=True, eq=False)
class Source:
    """One name in a FROM and the columns behind it.

    Shapes: `names` are its columns under the names that the query sees, as `compare` makes them; `originals`, for a
    table, the catalogue's names in the same order.  `bare` says that the table goes by its own name.
    """

    alias: str
    names: Names
    use: Use | None = None
    originals: Sequence[str] = ()
    bare: bool = False

    def has(self, name: str) -> bool:
        return self.names is not None and name in self.names

    @property
    def open(self) -> bool:
        """Whether it may have columns that are not known."""
        return self.names is None or None in self.names

    def mark(self, name: str, position: int | None) -> None:
        """Note that the column is read."""
        if self.use is not None and self.names is not None:
            for shown, original in zip(self.names, self.originals, strict=True):
                if shown == name:
                    self.use.columns.setdefault(original, position)


@dataclass(slots=True, eq=False)
class Level:
    """The names that one query's expressions see, and the queries around it."""

    sources: list[Source]
    parent: Level | None = None

    def outward(self) -> Iterator[Level]:
        level: Level | None = self
        while level is not None:
            yield level
            level = level.parent


@dataclass(frozen=True, slots=True, eq=False)
class Unresolved:
    """A name that is no column of what is in sight.  `uses` are the tables that were searched for it."""

    node: Any
    name: str
    table: str | None
    uses: tuple[Use, ...]

    @property
    def position(self) -> int | None:
        args = self.node.args
        return position_of(args.get("catalog") or args.get("db") or args.get("table") or args["this"])


@dataclass(slots=True)
class Reading:
    """All that one query reads.

    Shapes: `catalogue` are Table nodes that mean PostgreSQL's catalogue, `unknown` those that name nothing; `strays`
    are nodes that no rule visited.
    """

    uses: list[Use] = field(default_factory=list)
    catalogue: list[Any] = field(default_factory=list)
    unknown: list[Any] = field(default_factory=list)
    unresolved: list[Unresolved] = field(default_factory=list)
    strays: list[Any] = field(default_factory=list)
