"""Spider's subset of SQL: text to a query whose parts can be compared.

Rules: it reads what Spider's official parser reads and refuses what that refuses (an alias without AS, a list of
values, IS NULL, an operator without blanks around it, ...), because exact match is defined by that parser: what it
cannot read matches nothing.  Aliases belong to the whole statement; every LIMIT is alike; what follows a query that
was read is ignored.
Source: Yu et al., "Spider" (EMNLP 2018), section 5, and the behaviour of the evaluator published with it.
Leaves out: comparing (spider_match.py) and running (spider_run.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

CLAUSES = frozenset(("select", "from", "where", "group", "order", "limit", "intersect", "union", "except"))
JOINS = frozenset(("join", "on", "as"))
CLOSERS = frozenset((")", ";"))
COMPARISONS = frozenset(("between", "=", ">", "<", ">=", "<=", "!=", "in", "like", "is", "exists"))
AGGREGATES = frozenset(("max", "min", "count", "sum", "avg"))
ARITHMETIC = frozenset("-+*/")
SET_OPERATIONS = frozenset(("intersect", "union", "except"))

Schema: TypeAlias = Mapping[str, Sequence[str]]
"""Tables and their columns, in lower case."""


class NotSpider(ValueError):
    """The statement is not in the subset."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A column ("table.column", or "*"), with its own aggregate.  `distinct` is None where it does not count."""

    aggregate: str | None
    column: str
    distinct: bool | None


@dataclass(frozen=True, slots=True)
class Expression:
    """One column, or two with an operator between them."""

    operator: str | None
    left: Unit
    right: Unit | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """`left [NOT] operator right [AND upper]`.  None stands for a value that does not count."""

    negated: bool
    operator: str
    left: Expression
    right: Value
    upper: Value = None


@dataclass(frozen=True, slots=True)
class Conditions:
    """Shapes: `connectives`, "and" or "or", stand between the items."""

    items: tuple[Condition, ...] = ()
    connectives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT and what it is combined with.  Shapes: `select` pairs are (aggregate, expression)."""

    distinct: bool | None
    select: tuple[tuple[str | None, Expression], ...]
    sources: tuple[str | Query, ...]
    joins: Conditions
    where: Conditions
    group: tuple[Unit, ...]
    having: Conditions
    direction: str | None
    order: tuple[Expression, ...]
    limited: bool
    operation: str | None = None
    operand: Query | None = None


Value: TypeAlias = str | float | Unit | Query | None

_SPLIT = re.compile(r"[][(){}<>;@#$%&?!*`]|[:,](?!\d)|--|(?:(?![][(){}<>;@#$%&?!*`]|[:,](?!\d)|--)\S)+")


def tokenise(text: str) -> list[str]:
    """Words in lower case and strings as they are, in double quotes.

    As the official tokenizer splits English: brackets, commas and `*` stand alone, `a=1` is one word.
    Raises: NotSpider for an odd number of quotes.
    """
    parts = text.replace("'", '"').split('"')
    if len(parts) % 2 == 0:
        raise NotSpider("a quote that is not closed")
    # A string is one word of its own where white space stands around it, and part of a longer one elsewhere.
    masked = "".join(f"\0{i}\1" if i % 2 else part for i, part in enumerate(parts))
    words: list[str] = []
    for word in _SPLIT.findall(masked):
        string = re.fullmatch("\0(\\d+)\1", word)
        if word == "=" and words and words[-1] in ("!", ">", "<"):
            words[-1] += "="
        else:
            words.append(f'"{parts[int(string[1])]}"' if string else word.lower())
    return words


def parse(text: str, schema: Schema) -> Query:
    """Raises: NotSpider."""
    words = tokenise(text)
    aliases = {words[i + 1]: words[i - 1] for i, w in enumerate(words[:-1]) if w == "as" and i}
    if clash := aliases.keys() & schema.keys():
        raise NotSpider(f"the alias {min(clash)} is also a table")
    return _Reader(words, schema, aliases | {table: table for table in schema}).query()


class _Reader:
    """A cursor over the words; every method reads one construct from `at` on."""

    def __init__(self, words: Sequence[str], schema: Schema, tables: Mapping[str, str]) -> None:
        self.words = words
        self.schema = schema
        self.tables = tables
        self.at = 0

    def peek(self) -> str:
        """The next word, or an empty one at the end."""
        return self.words[self.at] if self.at < len(self.words) else ""

    def take(self, *wanted: str) -> bool:
        """Read one of these words if it is next."""
        if self.peek() in wanted:
            self.at += 1
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.take(word):
            raise NotSpider(f"{word!r} was expected, not {self.peek()!r}")

    def query(self) -> Query:
        bracketed = self.take("(")
        start = self.at
        # FROM first: it says where the columns of SELECT come from.
        try:
            self.at = self.words.index("from", start) + 1
        except ValueError:
            raise NotSpider("no FROM") from None
        sources, joins, scope = self.sources()
        after_from, self.at = self.at, start
        distinct, select = self.select(scope)
        self.at = after_from
        where = self.conditions(scope) if self.take("where") else Conditions()
        group = self.group(scope)
        having = self.conditions(scope) if self.take("having") else Conditions()
        direction, order = self.order(scope)
        limited = self.take("limit")
        if limited:
            self.at += 1
        self.semicolons()
        if bracketed:
            self.expect(")")
            self.semicolons()
        operation = operand = None
        if self.peek() in SET_OPERATIONS:
            operation = self.peek()
            self.at += 1
            operand = self.query()
        return Query(
            distinct,
            select,
            sources,
            joins,
            where,
            group,
            having,
            direction,
            order,
            limited,
            operation,
            operand,
        )

    def semicolons(self) -> None:
        while self.take(";"):
            pass

    def sources(self) -> tuple[tuple[str | Query, ...], Conditions, list[str]]:
        """Tables and subqueries, the conditions that join them, and the tables for columns without one."""
        found: list[str | Query] = []
        items: list[Condition] = []
        connectives: list[str] = []
        scope: list[str] = []
        while self.at < len(self.words):
            bracketed = self.take("(")
            if self.peek() == "select":
                found.append(self.query())
            else:
                self.take("join")
                scope.append(self.table())
                found.append(scope[-1])
            if self.take("on"):
                joined = self.conditions(scope)
                connectives += ["and"] if items else []
                items += joined.items
                connectives += joined.connectives
            if bracketed:
                self.expect(")")
            if self.peek() in CLAUSES | CLOSERS:
                break
        return tuple(found), Conditions(tuple(items), tuple(connectives)), scope

    def table(self) -> str:
        name = self.tables.get(self.peek(), "")
        if name not in self.schema:
            raise NotSpider(f"no table {self.peek()!r}")
        self.at += 1
        if self.take("as"):
            self.at += 1
        return name

    def select(self, scope: Sequence[str]) -> tuple[bool, tuple[tuple[str | None, Expression], ...]]:
        self.expect("select")
        distinct = self.take("distinct")
        items: list[tuple[str | None, Expression]] = []
        while self.at < len(self.words) and self.peek() not in CLAUSES:
            aggregate = self.peek() if self.peek() in AGGREGATES else None
            self.at += aggregate is not None
            items.append((aggregate, self.expression(scope)))
            self.take(",")
        return distinct, tuple(items)

    def group(self, scope: Sequence[str]) -> tuple[Unit, ...]:
        units: list[Unit] = []
        if self.take("group"):
            self.expect("by")
            while self.at < len(self.words) and self.peek() not in CLAUSES | CLOSERS:
                units.append(self.unit(scope))
                if not self.take(","):
                    break
        return tuple(units)

    def order(self, scope: Sequence[str]) -> tuple[str | None, tuple[Expression, ...]]:
        """The last direction that is said counts for all."""
        if not self.take("order"):
            return None, ()
        self.expect("by")
        direction = "asc"
        items: list[Expression] = []
        while self.at < len(self.words) and self.peek() not in CLAUSES | CLOSERS:
            items.append(self.expression(scope))
            if self.peek() in ("asc", "desc"):
                direction = self.peek()
                self.at += 1
            if not self.take(","):
                break
        return direction, tuple(items)

    def conditions(self, scope: Sequence[str]) -> Conditions:
        """None at all is read too, where the text ends."""
        if self.at >= len(self.words):
            return Conditions()
        items = [self.condition(scope)]
        connectives: list[str] = []
        while self.at < len(self.words) and self.peek() not in CLAUSES | CLOSERS | JOINS:
            if self.peek() not in ("and", "or"):
                raise NotSpider(f"{self.peek()!r} follows a condition")
            connectives.append(self.peek())
            self.at += 1
            items.append(self.condition(scope))
        return Conditions(tuple(items), tuple(connectives))

    def condition(self, scope: Sequence[str]) -> Condition:
        left = self.expression(scope)
        negated = self.take("not")
        operator = self.peek()
        if operator not in COMPARISONS:
            raise NotSpider(f"no comparison: {operator!r}")
        self.at += 1
        right = self.value(scope)
        upper: Value = None
        if operator == "between":
            self.expect("and")
            upper = self.value(scope)
        return Condition(negated, operator, left, right, upper)

    def value(self, scope: Sequence[str]) -> Value:
        start = self.at
        bracketed = self.take("(")
        word = self.peek()
        read: Value
        if word == "select":
            read = self.query()
        elif '"' in word:
            self.at += 1
            read = word
        else:
            try:
                read = float(word)
                self.at += 1
            except ValueError:
                read = self.compared_column(start, scope)
        if bracketed:
            self.expect(")")
        return read

    def compared_column(self, start: int, scope: Sequence[str]) -> Unit:
        """A column as a value; what is computed with it up to the value's end is not looked at."""
        end = self.at
        while end < len(self.words) and self.words[end] not in CLAUSES | JOINS | {",", ")", "and"}:
            end += 1
        unit = _Reader(self.words[start:end], self.schema, self.tables).unit(scope)
        self.at = end
        return unit

    def expression(self, scope: Sequence[str]) -> Expression:
        bracketed = self.take("(")
        left = self.unit(scope)
        operator, right = None, None
        if self.peek() in ARITHMETIC:
            operator = self.peek()
            self.at += 1
            right = self.unit(scope)
        if bracketed:
            self.expect(")")
        return Expression(operator, left, right)

    def unit(self, scope: Sequence[str]) -> Unit:
        bracketed = self.take("(")
        if self.peek() in AGGREGATES:
            aggregate = self.peek()
            self.at += 1
            self.expect("(")
            distinct = self.take("distinct")
            column = self.column(scope)
            self.expect(")")
            return Unit(aggregate, column, distinct)
        distinct = self.take("distinct")
        column = self.column(scope)
        if bracketed:
            self.expect(")")
        return Unit(None, column, distinct)

    def column(self, scope: Sequence[str]) -> str:
        word = self.peek()
        self.at += 1
        if word == "*":
            return word
        if "." in word:
            alias, _, name = word.partition(".")
            owners: Sequence[str] = [self.tables.get(alias, "")]
        else:
            name, owners = word, scope
        for owner in owners:
            if name in self.schema.get(owner, ()):
                return f"{owner}.{name}"
        raise NotSpider(f"no column {word!r}")
