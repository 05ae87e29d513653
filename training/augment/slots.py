"""Typed slots of a template, and what each can be filled with.

Rules: a filling is a `Choice`: the SQL and the words that people use for it, so that SQL and prose change together;
values come from the tables, operators and synonyms from the file, tables and columns from the schema.  A slot may
depend on those before it (`of`).  Everything is in a fixed order, so that a seed decides the rest.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from nl_frontend.prompt import quote
from training.augment.english import date_words, number_words
from training.augment.names import pattern_of, short_name, without_legal_form
from training.augment.profile import ColumnProfile, Joined, Profile, TableProfile

Style = Literal["text", "name", "code"]
VALUE_CHARACTERS_MAX = 80
_UNFIT = frozenset("%_\\\n\r\t\"'{}|()")
"""Characters that mean something in a pattern or a template, or that nobody would type."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One filling.

    Shapes: `sql` and `words` go by attribute, "" for the slot's bare name; the first of `words` is the usual one.
    `literal` says that the SQL is a value, to be quoted where the template does not.
    """

    sql: Mapping[str, str]
    words: Mapping[str, tuple[str, ...]]
    literal: bool = False
    quoted: bool = False
    refers: TableProfile | ColumnProfile | Joined | None = None


Bound = Mapping[str, Choice]


@dataclass(frozen=True, slots=True)
class Options:
    """Operators, columns, synonyms: what the file lists."""

    choices: tuple[Choice, ...]

    def fill(self, profile: Profile, bound: Bound) -> Sequence[Choice]:
        return self.choices


@dataclass(frozen=True, slots=True)
class Values:
    """Values that a column holds, the most frequent first.

    Units: `held` is the least and most number of rows that hold a value; `most` how many values are taken.
    Shapes: `where` is an SQL condition on the table; `names` are the file's own names for values, each in the place of
    those that hold its SQL; `also` are names that are there even if no value is.
    """

    table: str
    column: str
    style: Style = "text"
    where: str = ""
    held: tuple[int, int] = (1, 2**62)
    most: int = 60
    between: tuple[str, str] | None = None
    names: tuple[Choice, ...] = ()
    also: tuple[Choice, ...] = ()

    def fill(self, profile: Profile, bound: Bound) -> Sequence[Choice]:
        held = profile.values(self.table, self.column, self.where)
        listed = [v for v, n in held.items() if self.held[0] <= n <= self.held[1] and _fit(v)]
        if self.between is not None:
            low, high = self.between
            listed = [v for v in listed if low <= str(v) <= high]
        own = [c for c in self.names if any(c.sql[""].lower() in str(v).lower() for v in listed[: self.most])]
        named = [c.sql[""].strip().lower() for c in (*own, *self.also)]
        fresh = [v for v in listed if not any(name in str(v).lower() for name in named)]
        return (*self.also, *own, *(value_choice(v, self.style, held) for v in fresh[: self.most]))


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers that nobody looks up: a limit, a threshold, a duration.

    Shapes: `units` are (word, factor): 2 is "2 years" and, with ("month", 12), "24 months".
    """

    numbers: tuple[int, ...]
    units: tuple[tuple[str, int], ...] = ()

    def fill(self, profile: Profile, bound: Bound) -> Sequence[Choice]:
        return [Choice({"": str(n)}, {"": self._said(n)}) for n in self.numbers]

    def _said(self, number: int) -> tuple[str, ...]:
        if not self.units:
            return number_words(number)
        ways = []
        for unit, factor in self.units:
            said = number_words(number * factor)
            ways += [f"{way} {unit if number * factor == 1 else unit + 's'}" for way in said]
        return tuple(ways)


@dataclass(frozen=True, slots=True)
class TableOf:
    """A table of the schema that has columns of all these kinds."""

    needs: tuple[str, ...] = ()

    def fill(self, profile: Profile, bound: Bound) -> Sequence[Choice]:
        return [table_choice(t) for t in profile.tables if all(t.of_kind(kind) for kind in self.needs)]


@dataclass(frozen=True, slots=True)
class ColumnOf:
    """A column of a table slot, of one of these kinds, that no slot before it took."""

    kinds: tuple[str, ...]
    of: str

    def fill(self, profile: Profile, bound: Bound) -> Sequence[Choice]:
        table = _table(self.of, bound)
        taken = {choice.refers for choice in bound.values()}
        return [column_choice(c) for c in table.columns if c.kind in self.kinds and c not in taken]


@dataclass(frozen=True, slots=True)
class ValueOf:
    """A value that a column slot holds; `middle` leaves out the ends, so that a comparison finds something."""

    of: str
    middle: bool = False
    style: Style = "text"

    def fill(self, profile: Profile, bound: Bound) -> Sequence[Choice]:
        column = bound[self.of].refers
        assert isinstance(column, ColumnProfile)
        held = profile.values(column.table, column.name, "")
        values = [v for v in held if _fit(v)]
        if self.middle:
            values.sort()
            values = values[len(values) // 5 : len(values) - len(values) // 5]
        return [value_choice(v, self.style, held) for v in values[:200]]


@dataclass(frozen=True, slots=True)
class LinkOf:
    """A foreign key: `{slot.child}`, `{slot.parent}` and the condition `{slot.on}` that joins them.

    Shapes: `child` and `parent` are kinds of columns that the two tables must have.
    """

    child: tuple[str, ...] = ()
    parent: tuple[str, ...] = ()

    def fill(self, profile: Profile, bound: Bound) -> Sequence[Choice]:
        return [
            link_choice(link)
            for link in profile.links
            if all(link.child.of_kind(k) for k in self.child)
            and all(link.parent.of_kind(k) for k in self.parent)
        ]


Slot = Options | Values | Numbers | TableOf | ColumnOf | ValueOf | LinkOf


def _table(path: str, bound: Bound) -> TableProfile:
    name, _, side = path.partition(".")
    found = bound[name].refers
    if isinstance(found, Joined):
        found = found.parent if side == "parent" else found.child
    assert isinstance(found, TableProfile)
    return found


def _fit(value: Any) -> bool:
    if isinstance(value, str):
        return (
            0 < len(value) <= VALUE_CHARACTERS_MAX
            and not _UNFIT & set(value)
            and value == value.strip()
            and any(ch.isalnum() for ch in value)
            and value.isprintable()
        )
    if isinstance(value, float | Decimal):
        return len(str(value)) <= 8 and str(value).lower() not in ("nan", "inf", "-inf")
    return not isinstance(value, int) or abs(value) < 10**12


def value_choice(value: Any, style: Style, holders: Mapping[Any, int]) -> Choice:
    """A value as SQL and as people say it."""
    if isinstance(value, str):
        if style == "name":
            return _name_choice(value, holders)
        return Choice({"": value}, {"": (value,)}, literal=True, quoted=True)
    if isinstance(value, datetime.datetime):
        return value_choice(value.date(), style, holders)
    if isinstance(value, float | Decimal) and value == int(value):
        return value_choice(int(value), style, holders)
    if isinstance(value, datetime.date):
        return Choice({"": value.isoformat()}, {"": date_words(value)}, literal=True, quoted=True)
    if isinstance(value, bool):
        return Choice({"": str(value).lower()}, {"": ("true" if value else "false",)}, literal=True)
    if isinstance(value, int) and not 1500 <= value <= 2100:
        return Choice({"": str(value)}, {"": number_words(value)}, literal=True)
    return Choice({"": str(value)}, {"": (str(value),)}, literal=True)


def _name_choice(value: str, holders: Mapping[str, int]) -> Choice:
    short, core = short_name(value, holders), without_legal_form(value)
    pattern = pattern_of(short, holders, value)
    said = dict.fromkeys((short, core, value, short.lower()))
    return Choice({"": pattern}, {"": tuple(said)}, literal=True, quoted=True)


def table_choice(table: TableProfile) -> Choice:
    return Choice(
        {"": quote(table.name)},
        {"": (table.singular,), "plural": (table.plural,)},
        refers=table,
    )


def column_choice(column: ColumnProfile) -> Choice:
    return Choice(
        {"": quote(column.name)}, {"": (column.singular,), "plural": (column.plural,)}, refers=column
    )


def link_choice(link: Joined) -> Choice:
    child, parent = quote(link.child.name), quote(link.parent.name)
    on = f"{child}.{quote(link.column)} = {parent}.{quote(link.key)}"
    return Choice(
        {"child": child, "parent": parent, "on": on, "column": quote(link.column), "key": quote(link.key)},
        {
            "child": (link.child.singular,), "children": (link.child.plural,),
            "parent": (link.parent.singular,), "parents": (link.parent.plural,),
        },
        refers=link,
    )  # fmt: skip
