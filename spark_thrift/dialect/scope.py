"""Which column a name means, by PostgreSQL's rules.

Every column that is found is written with its relation's alias: Spark would otherwise let a select alias capture a
bare name in HAVING and ORDER BY, where PostgreSQL means the input column.  Spark compares names without regard to
case, PostgreSQL with; a name that only case tells apart is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.pgtypes import ANY, Type
from spark_thrift.dialect.terms import Term, identifier


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Relation:
    """One item of FROM.  `columns` is None when the catalogue does not tell them: then any name may be one."""

    alias: str
    columns: tuple[ColumnInfo, ...] | None
    qualified: bool = True

    def find(self, name: str) -> ColumnInfo | None:
        if self.columns is None:
            return ColumnInfo(name, ANY)
        same = [column for column in self.columns if column.name.casefold() == name.casefold()]
        exact = [column for column in same if column.name == name]
        if len(exact) > 1:
            raise ambiguous(name)
        if len({column.name for column in same}) > 1:
            raise Untranslatable(f'column "{name}" beside a name that differs only in case')
        # Hive's catalogue folds case, Spark's own formats keep it: an unquoted name finds either.
        return exact[0] if exact else (same[0] if len(same) == 1 else None)


def ambiguous(name: str) -> Untranslatable:
    return Untranslatable(f'column reference "{name}" is ambiguous', sqlstate="42702")


@dataclass(slots=True)
class Scope:
    """The relations that a query's expressions see.

    `merged` are the columns that USING and NATURAL joined, which have no relation; `hidden` are the (alias, column)
    pairs behind them, which a bare name or a star does not mean any more.
    """

    parent: Scope | None = None
    relations: list[Relation] = field(default_factory=list)
    merged: dict[str, ColumnInfo] = field(default_factory=dict)
    hidden: set[tuple[str, str]] = field(default_factory=set)
    ctes: dict[str, Relation] = field(default_factory=dict)

    def add(self, relation: Relation) -> None:
        folded = relation.alias.casefold()
        if any(other.alias.casefold() == folded for other in self.relations if other.qualified):
            raise Untranslatable(f'table name "{relation.alias}" specified more than once', sqlstate="42712")
        self.relations.append(relation)

    def cte(self, name: str) -> Relation | None:
        scope: Scope | None = self
        while scope:
            if name in scope.ctes:
                return scope.ctes[name]
            scope = scope.parent
        return None

    def own(self, name: str) -> Term | None:
        """The column of this query's own FROM that a bare name means, or None."""
        known = [
            (relation, relation.find(name)) for relation in self.relations if relation.columns is not None
        ]
        hits = [(item, column) for item, column in known if column and (item.alias, name) not in self.hidden]
        if len(hits) + (name in self.merged) > 1:
            raise ambiguous(name)
        if name in self.merged:
            return Term(identifier(name), self.merged[name].type)
        if hits:
            return reference(*hits[0])
        unknown = [relation for relation in self.relations if relation.columns is None]
        if len(unknown) == 1:
            return reference(unknown[0], ColumnInfo(name, ANY))
        return Term(identifier(name), ANY) if unknown else None

    def column(self, name: str, table: str | None) -> Term:
        """Raises: 42703, 42702, 42P01 as PostgreSQL does."""
        scope: Scope | None = self
        while scope:
            if table is None:
                if term := scope.own(name):
                    return term
            elif relation := scope.relation(table):
                found = relation.find(name)
                if found is None:
                    raise Untranslatable(f"column {table}.{name} does not exist", sqlstate="42703")
                return reference(relation, found)
            scope = scope.parent
        if table is not None:
            raise Untranslatable(f'missing FROM-clause entry for table "{table}"', sqlstate="42P01")
        raise Untranslatable(f'column "{name}" does not exist', sqlstate="42703")

    def relation(self, alias: str) -> Relation | None:
        same = [
            item for item in self.relations if item.alias.casefold() == alias.casefold() and item.qualified
        ]
        return same[0] if same else None

    def star(self, table: str | None) -> tuple[ColumnInfo, ...] | None:
        """The columns of `*` or `table.*`, or None where the catalogue does not tell."""
        if table is not None:
            relation = self.relation(table)
            if relation is None:
                raise Untranslatable(f'missing FROM-clause entry for table "{table}"', sqlstate="42P01")
            return relation.columns
        columns: list[ColumnInfo] = list(self.merged.values())
        for relation in self.relations:
            if relation.columns is None:
                return None
            columns += [item for item in relation.columns if (relation.alias, item.name) not in self.hidden]
        return tuple(columns)


def reference(relation: Relation, column: ColumnInfo) -> Term:
    name = identifier(column.name)
    return Term(f"{identifier(relation.alias)}.{name}" if relation.qualified else name, column.type)


def columns(pairs: Sequence[tuple[str, Type]]) -> tuple[ColumnInfo, ...]:
    return tuple(ColumnInfo(name, kind) for name, kind in pairs)
