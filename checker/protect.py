"""Row filters, masks and hidden columns, written into the tree in the place of a table.

`FROM s.t AS x` becomes `FROM (SELECT t.a AS a, CAST((mask) AS text) AS b FROM s.t AS t WHERE (filter)) AS x`.  The
inner query holds nothing but what the role may see, so no expression outside, in whichever clause, can reach more: a
column that may not be read is not there, a masked one is its mask wherever it is used.

Rules: everything inside is qualified, so that no WITH and no search_path of the client changes its meaning, and a name
in a condition that is no column of the table makes the policy fail rather than bind to the client's query.

Errors are a channel too: an engine may evaluate `1/(x - 5) = 0` on a row before the filter drops it (Spark prunes
partitions with such predicates while it plans, and pushes them below a filter that became a join; PostgreSQL orders
them by cost).  PostgreSQL's own answer is the security barrier, which keeps all but leakproof predicates above the
filter, and so is ours: where a statement holds anything that can raise (leaks.py), the filtered rows pass a condition
that no optimiser can foretell, and Spark moves nothing below it; OFFSET 0 is the same to PostgreSQL.  A CASE that
gives NULL on hidden rows is not enough: Spark puts the constants of `tenant = 'a'` into it and folds it away.  Where a
statement holds nothing of the kind, the plain form leaves the engine free to push predicates down.
Source: PostgreSQL documentation, 39.5 "Rules and Privileges"; tests/engine/test_policy_on_spark.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import expressions as exp

from checker.columns import read
from checker.context import SchemaTable
from checker.faithful import count_tokens
from checker.reading import Find, Use
from checker.render import quote_identifier, to_postgres
from checker.renderer import mark_replacement
from checker.rights import TableRights
from checker.snippets import Unreadable, expression_text, query_tree

_BARRIER = "random() + random() >= 0"
"""One call alone Spark knows to be between 0 and 1 (its rule OptimizeRand)."""


class PolicyFailure(Exception):
    """A filter or mask that cannot be applied to its table; the message names the table."""


def protect(use: Use, rights: TableRights, find: Find, *, guard: bool) -> list[Any]:
    """Put what the role may see of a table in its place.  The Table nodes that a policy's own subqueries read.

    `guard` says that the statement may raise errors.  Raises: PolicyFailure.
    """
    node, table = use.node, use.table
    try:
        inner = query_tree(_inner_sql(table, rights, guard=guard and bool(rights.filters))).copy()
    except Unreadable as problem:
        raise PolicyFailure(f"{table.schema}.{table.name}: {problem}") from None
    own = _check_bound(inner, table, find)
    for part in ("only", "sample"):
        if node.args.get(part):
            own.set(part, node.args[part])
    alias = node.args.get("alias")
    columns = _columns_kept(alias.args.get("columns") or [] if alias is not None else [], table, rights)
    for column in use.qualified:
        column.set("db", None)
        column.set("catalog", None)
    replace_table(node, inner, columns)
    return [other for other in inner.find_all(exp.Table) if other is not own]


def replace_table(node: Any, inner: Any, columns: Sequence[Any] | None = None) -> None:
    """Put a derived table in a table's place, under its name; `columns` are its alias's, unless they stay the same."""
    alias = node.args.get("alias")
    name = alias.this if alias is not None and alias.this is not None else node.this
    if columns is None:
        columns = alias.args.get("columns") or [] if alias is not None else []
    _replace(node, exp.Subquery(this=inner, alias=exp.TableAlias(this=name.copy(), columns=list(columns))))


def qualify(use: Use) -> None:
    """Write the schema that the name was found in: what was checked is what runs, whatever the search_path is then."""
    node = use.node
    if node.args.get("db"):
        return
    named = node.copy()
    named.set("this", exp.to_identifier(use.table.name, quoted=True))
    named.set("db", exp.to_identifier(use.table.schema, quoted=True))
    _replace(node, named)


def _replace(node: Any, by: Any) -> None:
    joins = node.args.get("joins")
    node.set("joins", None)
    mark_replacement(by, count_tokens(to_postgres(node)))
    by.set("joins", joins)
    node.replace(by)


def _columns_kept(listed: Sequence[Any], table: SchemaTable, rights: TableRights) -> list[Any]:
    """An alias's list of columns without those that are hidden."""
    hidden = {at for at, column in enumerate(table.columns) if column.name in rights.hidden}
    return [name for at, name in enumerate(listed) if at not in hidden]


def _inner_sql(table: SchemaTable, rights: TableRights, *, guard: bool) -> str:
    name, masks = quote_identifier(table.name), dict(rights.masks)
    columns = ", ".join(
        f"{_value(name, column, masks.get(column.name))} AS {quote_identifier(column.name)}"
        for column in table.columns
        if column.name not in rights.hidden
    )
    seen = f"SELECT {columns} FROM {quote_identifier(table.schema)}.{name} AS {name}"
    if rights.filters:
        seen += " WHERE " + " AND ".join(map(expression_text, rights.filters))
    return f"SELECT * FROM ({seen} OFFSET 0) AS {name} WHERE {_BARRIER}" if guard else seen


def _value(table: str, column: Any, mask: str | None) -> str:
    value = f"{table}.{quote_identifier(column.name)}"
    if mask is None:
        return value
    if mask.strip().upper() == "NULL":
        # The column's own type on both engines, nested ones included, and never its value.
        return _typed(f"CASE WHEN FALSE THEN {value} END", column.pg_type)
    return f"CAST({expression_text(mask)} AS {column.pg_type})"


def _typed(case: str, pg_type: str) -> str:
    # CASE loses a type's modifiers (exprTypmod): numeric(12,2) would become numeric.
    return f"CAST({case} AS {pg_type})" if "(" in pg_type else case


def _check_bound(inner: Any, table: SchemaTable, find: Find) -> Any:
    """See that every name inside means something inside.  The node of the table itself.  Raises: PolicyFailure."""
    found = read(inner, find)
    own = next(iter(found.uses), None)
    bare = [use for use in found.uses if not use.node.args.get("db")]
    wrong = bool(found.unknown or found.strays or found.unresolved or bare)
    if wrong or own is None or (own.table.schema, own.table.name) != (table.schema, table.name):
        raise PolicyFailure(f"{table.schema}.{table.name}: a condition names what is not there")
    return own.node
