"""Spider's exact match: two queries are alike when each of their components is.

Rules: values and DISTINCT do not count, the order of selected columns and of conditions does not either; columns that
a foreign key joins are the same column.  A query inside a condition must be the same in everything but its values, a
query in FROM in everything.  These are the official evaluator's rules, its inconsistencies included, so that figures
can stand beside others' figures.
Source: Yu et al., "Spider" (EMNLP 2018), section 5, and the behaviour of the evaluator published with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from training.spider_sql import (
    Condition,
    Conditions,
    Expression,
    NotSpider,
    Query,
    Schema,
    Unit,
    Value,
    parse,
)


def exact_match(predicted: str, gold: str, schema: Schema, keys: Mapping[str, str]) -> bool:
    """Shapes: `keys` gives each column of a foreign key its group's one name, see `key_groups`.

    Raises: NotSpider when the gold statement is outside the subset.
    """
    wanted = _normalised(parse(gold, schema), schema, keys)
    try:
        got = _normalised(parse(predicted, schema), schema, keys)
    except (NotSpider, RecursionError):
        return False
    return _alike(got, wanted)


def key_groups(entry: Mapping[str, Any]) -> dict[str, str]:
    """A database's entry in Spider's tables.json: columns that foreign keys join, by one name for each group."""
    tables = [name.lower() for name in entry["table_names_original"]]
    columns = [
        f"{tables[table]}.{name.lower()}" if table >= 0 else "*"
        for table, name in entry["column_names_original"]
    ]
    groups: list[set[int]] = []
    for pair in entry["foreign_keys"]:
        # Only the first group that has one of them grows, as in the original: groups are never joined later.
        group = next((g for g in groups if g & set(pair)), None)
        if group is None:
            groups.append(set(pair))
        else:
            group.update(pair)
    return {columns[i]: columns[min(group)] for group in groups for i in group}


def _normalised(query: Query, schema: Schema, keys: Mapping[str, str]) -> Query:
    """Without what does not count."""
    own = {
        f"{table}.{column}" for table in query.sources if isinstance(table, str) for column in schema[table]
    }
    return _renamed(_without_values(query), {column: keys[column] for column in own & keys.keys()})


def _without_values(query: Query) -> Query:
    return replace(
        query,
        joins=_blank(query.joins),
        where=_blank(query.where),
        having=_blank(query.having),
        operand=query.operand and _without_values(query.operand),
    )


def _blank(conditions: Conditions) -> Conditions:
    def blank(value: Value) -> Value:
        return _without_values(value) if isinstance(value, Query) else None

    items = (replace(c, right=blank(c.right), upper=blank(c.upper)) for c in conditions.items)
    return replace(conditions, items=tuple(items))


def _renamed(query: Query, names: Mapping[str, str]) -> Query:
    """Key columns by their group's name and no DISTINCT; not inside of conditions, and in a set operation's second
    query by the first one's tables.
    """

    def unit(old: Unit) -> Unit:
        return Unit(old.aggregate, names.get(old.column, old.column), None)

    def expression(old: Expression) -> Expression:
        return Expression(old.operator, unit(old.left), old.right and unit(old.right))

    def conditions(old: Conditions) -> Conditions:
        return replace(old, items=tuple(replace(c, left=expression(c.left)) for c in old.items))

    return replace(
        query,
        distinct=None,
        select=tuple((aggregate, expression(item)) for aggregate, item in query.select),
        joins=conditions(query.joins),
        where=conditions(query.where),
        group=tuple(map(unit, query.group)),
        having=conditions(query.having),
        order=tuple(map(expression, query.order)),
        operand=query.operand and _renamed(query.operand, names),
    )


def _alike(got: Query, wanted: Query) -> bool:
    return (
        Counter(got.select) == Counter(wanted.select)
        and Counter(got.where.items) == Counter(wanted.where.items)
        and set(got.where.connectives) == set(wanted.where.connectives)
        and _alike_groups(got, wanted)
        and (got.direction, got.order) == (wanted.direction, wanted.order)
        and (not wanted.order or got.limited == wanted.limited)
        and _keywords(got) == _keywords(wanted)
        and Counter(got.sources) == Counter(wanted.sources)
        and _alike_operands(got, wanted)
    )


def _alike_groups(got: Query, wanted: Query) -> bool:
    if not got.group or not wanted.group:
        return got.group == wanted.group
    return [u.column for u in got.group] == [u.column for u in wanted.group] and got.having == wanted.having


def _alike_operands(got: Query, wanted: Query) -> bool:
    if got.operand is None or wanted.operand is None:
        return got.operand is wanted.operand
    return got.operation == wanted.operation and _alike(got.operand, wanted.operand)


def _keywords(query: Query) -> set[str]:
    """The clauses and operators that a query has at its own level."""
    conditions: Sequence[Condition] = (*query.joins.items, *query.where.items, *query.having.items)
    connectives: Collection[str] = (
        *query.joins.connectives,
        *query.where.connectives,
        *query.having.connectives,
    )
    present = {
        "where": query.where.items,
        "group": query.group,
        "having": query.having.items,
        "limit": query.limited,
        "or": "or" in connectives,
        "not": any(c.negated for c in conditions),
        "in": any(c.operator == "in" for c in conditions),
        "like": any(c.operator == "like" for c in conditions),
    }
    named = {query.direction, query.operation} - {None}
    return {word for word, found in present.items() if found} | {str(word) for word in named}
