"""What a role may run and read: an allowed statement in, the same or a rewritten one out, or a denial.

In order: the statement's kind; the functions that it calls; PostgreSQL's catalogue; then, unless the role sees every
table as it is, each table, column and view that the statement reads; at last filters, masks and hidden columns are
written into the tree (protect.py), and every name gets the schema that it was found in.  PostgreSQL's catalogue loses
what is hidden (catalogue.py).

Rules: what cannot be resolved is denied.  A table or column is judged by its name before it is looked for, so a denial
does not tell whether something exists that the role may not read; what the role might read gets PostgreSQL's own
42P01 or 42703.  A role without restrictions costs some comparisons and no walk over the tree.

Left out: who has which grants, and writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlglot import expressions as exp

from checker.catalogue import check_types, hide, speaks_of_relations
from checker.columns import read
from checker.context import Context, Grants, SchemaTable
from checker.errors import Unrenderable
from checker.facts import cut, position_of
from checker.functions import function_kinds
from checker.leaks import may_raise
from checker.patterns import any_fits
from checker.protect import PolicyFailure, protect, qualify
from checker.reading import Elsewhere, Find, Reading, Unresolved, Use
from checker.render import quote_identifier, to_postgres
from checker.rights import TableRights, may_read_column, may_read_table, table_rights, unrestricted
from checker.session_statements import Prepare
from checker.verdict import (
    CATALOGUE_SCHEMAS,
    Allowed,
    ColumnRead,
    Denied,
    Function,
    Relation,
    StatementKind,
)
from checker.views import uses_of_view

UNKNOWN_TABLE = "unknown_table"
"""The code of a denial that another reading of the catalogue may take back."""
OWN_SCHEMA = "streamlink"
"""The product's own tables on the mirror, which decide themselves what they show to whom."""
_MIRROR_SCHEMAS = CATALOGUE_SCHEMAS | {OWN_SCHEMA}
_READS = frozenset({StatementKind.SELECT, StatementKind.VALUES})
_HINTED_COLUMNS = 12
_KEPT = 4096


def enforce(allowed: Allowed, context: Context) -> Allowed | Denied:
    """What becomes of a statement that the grammar lets through when this user sends it.  Never raises for a policy.

    Raises: RecursionError for a statement that is nested too deeply; whatever else it raises is a failure of the gate.
    """
    grants = context.grants
    denied = statement_denied(allowed, context) or functions_denied(allowed.facts.functions, grants)
    if denied is None and not grants.catalogue:
        denied = _catalogue(allowed.facts.relations, context)
    if denied is not None:
        return denied
    if allowed.tree is None or unrestricted(grants):
        return allowed
    return _read(allowed, context)


# -- what the statement is and calls ---------------------------------------------------------------------------


def statement_denied(allowed: Allowed, context: Context) -> Denied | None:
    kind = allowed.kind
    if context.reads_only and kind not in _READS:
        return Denied("question_writes", "42501", "a question can only read")
    if kind in context.grants.statements or kind is StatementKind.EMPTY:
        return None
    return Denied("statement_kind", "42501", f"permission denied: {kind.value} is not allowed")


def functions_denied(
    functions: Iterable[Function], grants: Grants, kinds: Mapping[str, str] | None = None
) -> Denied | None:
    """`kinds`: those of another dialect's functions."""
    if "*" in grants.functions and not grants.deny_functions:
        return None
    known = function_kinds() if kinds is None else kinds
    for function in functions:
        kind = f"kind:{known.get(function.name, '')}"
        if not _may_call(grants.functions, grants.deny_functions, function.name, kind):
            return Denied(
                "function", "42501", f"permission denied for function {function.name}", function.position
            )
    return None


@lru_cache(_KEPT)
def _may_call(granted: tuple[str, ...], denied: tuple[str, ...], name: str, kind: str) -> bool:
    return not _named(denied, name, kind) and _named(granted, name, kind)


def _named(patterns: tuple[str, ...], name: str, kind: str) -> bool:
    return any_fits(patterns, name) or any_fits(patterns, kind)


def _catalogue(relations: Iterable[Relation], context: Context) -> Denied | None:
    for relation in relations:
        if is_elsewhere(relation.schema, relation.name, context) and relation.schema != OWN_SCHEMA:
            return no_table(relation.name, relation.position)
    return None


def is_elsewhere(schema: str | None, name: str, context: Context) -> bool:
    """Whether PostgreSQL finds the name on the mirror; pg_catalog comes first in every search_path."""
    if schema is not None:
        return schema in _MIRROR_SCHEMAS
    if name.startswith("pg_"):
        return True
    path = context.search_path
    return not _MIRROR_SCHEMAS.isdisjoint(path) and context.schema.find(None, name, path) is None


# -- what it reads ---------------------------------------------------------------------------------------------


def _read(allowed: Allowed, context: Context) -> Allowed | Denied:
    assert allowed.tree is not None
    tree = allowed.tree.copy()
    check_types(tree, allowed.statement.types if isinstance(allowed.statement, Prepare) else ())
    find = finder(context)
    reading = read(tree, find)
    if reading.strays:
        raise Unrenderable("a query of this form for a role with restrictions", reading.strays[0])
    denied = _tables(reading, context) or _columns(reading, context.grants) or views_denied(reading, context)
    if denied is not None:
        return denied
    read_columns = tuple(
        dict.fromkeys(
            ColumnRead(use.table.schema, use.table.name, column)
            for use in reading.uses
            for column in use.read()
        )
    )
    facts = replace(allowed.facts, columns=read_columns)
    asks = speaks_of_relations(tree)
    if not (reading.uses or reading.catalogue or asks):
        return replace(allowed, facts=facts)
    if not reading.uses:
        hide(tree, reading.catalogue)
    elif asks:
        # Spark has no catalogue of PostgreSQL's; which words it is refused in must not depend on what there is.
        raise Unrenderable("a question to the catalogue beside tables", tree)
    guard: bool | None = None
    inside: list[Any] = []
    for use in reading.uses:
        rights = table_rights(context.grants, use.table)
        if rights.whole:
            qualify(use)
            continue
        if guard is None:
            guard = may_raise(allowed.tree)
        if rights.filters and (refused := _refused_with_filter(use, guard=guard)):
            return refused
        try:
            inside += protect(use, rights, find, guard=guard)
        except PolicyFailure as failure:
            return Denied(
                "policy_failure", "XX000", f"the policy cannot be applied to {failure}", use.position
            )
    relations = facts.relations + tuple(Relation(node.db, node.name, True) for node in inside)
    sql = to_postgres(tree)
    statement = allowed.statement
    return replace(
        allowed,
        sql=sql if statement is None else statement.to_sql(sql),
        tree=tree,
        facts=replace(facts, relations=tuple(dict.fromkeys(relations))),
    )


def _refused_with_filter(use: Use, *, guard: bool) -> Denied | None:
    """What a filtered table cannot be part of."""
    if use.node.args.get("sample"):
        # Which of the visible rows are drawn would tell how many hidden ones lie between.
        reason, hint = f"TABLESAMPLE of {use.table.name} is not supported", None
    elif guard and use.node.find_ancestor(exp.Lateral):
        # Spark has no barrier (protect.py) in a lateral subquery.
        reason = f"LATERAL over {use.table.name} is not supported in a statement that may fail on a value"
        hint = "Write it without arithmetic, casts and functions, or as a plain join."
    else:
        return None
    return Denied("row_filter", "0A000", f"{reason}: only some of its rows may be read", use.position, hint)


def finder(context: Context) -> Find:
    path = context.search_path

    def find(node: Any) -> SchemaTable | Elsewhere:
        schema = node.args["db"].name if node.args.get("db") else None
        catalog = node.args.get("catalog")
        if catalog is not None and catalog.name != context.database:
            return Elsewhere.UNKNOWN
        name = node.this.name
        if is_elsewhere(schema, name, context):
            return Elsewhere.CATALOGUE
        found = context.schema.find(schema, name, path) or context.schema.find(schema, cut(name), path)
        return found if found is not None else Elsewhere.UNKNOWN

    return find


def _tables(reading: Reading, context: Context) -> Denied | None:
    problems: list[tuple[int, Denied]] = []
    for node in reading.unknown:
        problem = unknown_table(node, context)
        problems.append((problem.position or 0, problem))
    for use in reading.uses:
        if not table_rights(context.grants, use.table).readable:
            problems.append((use.position or 0, no_table(use.table.name, use.position)))
    return min(problems, key=lambda each: each[0])[1] if problems else None


def unknown_table(node: Any, context: Context) -> Denied:
    """42P01 for a name that the role might read wherever it was; else as for a table that it may not read."""
    schema, name, catalog = (node.args.get(part) for part in ("db", "this", "catalog"))
    shown = ".".join(part.name for part in (catalog, schema, name) if part is not None)
    position = position_of(schema or name)
    if catalog is not None and catalog.name != context.database:
        return Denied(
            "cross_database", "0A000", f'cross-database references are not implemented: "{shown}"', position
        )
    places = (
        [schema.name] if schema is not None else [s for s in context.search_path if s not in _MIRROR_SCHEMAS]
    )
    if all(may_read_table(context.grants, place, name.name) for place in places):
        return Denied(UNKNOWN_TABLE, "42P01", f'relation "{shown}" does not exist', position)
    return no_table(name.name, position)


def no_table(name: str, position: int | None) -> Denied:
    return Denied("table", "42501", f"permission denied for table {name}", position)


def _columns(reading: Reading, grants: Grants) -> Denied | None:
    problems: list[tuple[int, Denied]] = []
    for use in reading.uses:
        rights = table_rights(grants, use.table)
        if use.starred and rights.hidden:
            position = use.star_position or use.position
            problems.append((position or 0, _no_star(use, rights, position)))
        for column, position in use.columns.items():
            if column in rights.hidden:
                problems.append((position or 0, _no_column(use, column, rights, position)))
    for name in reading.unresolved:
        unknown = _unknown_column(name, grants)
        if unknown is not None:
            problems.append((name.position or 0, unknown))
    return min(problems, key=lambda each: each[0])[1] if problems else None


def _unknown_column(name: Unresolved, grants: Grants) -> Denied | None:
    """As for a column that may not be read where the name might be one; 42703 where restrictions are in sight; else
    None: PostgreSQL will say it."""
    rights = [(use, table_rights(grants, use.table)) for use in name.uses]
    for use, each in rights:
        if not may_read_column(grants, use.table.schema, use.table.name, name.name):
            return _no_column(use, name.name, each, name.position)
    if all(each.whole for _, each in rights):
        return None
    if name.table is None:
        return Denied("unknown_column", "42703", f'column "{name.name}" does not exist', name.position)
    if len(name.uses) == 1:
        return Denied(
            "unknown_column", "42703", f"column {name.table}.{name.name} does not exist", name.position
        )
    return Denied(
        UNKNOWN_TABLE, "42P01", f'missing FROM-clause entry for table "{name.table}"', name.position
    )


def _no_column(use: Use, column: str, rights: TableRights, position: int | None) -> Denied:
    reason = f'permission denied for column "{column}" of relation "{use.table.name}"'
    return Denied("column", "42501", reason, position, f"You may read {_readable(use, rights)}.")


def _no_star(use: Use, rights: TableRights, position: int | None) -> Denied:
    hint = f"Some columns may not be read; name those that may: {_readable(use, rights)}."
    return Denied("column", "42501", f"permission denied for table {use.table.name}", position, hint)


def _readable(use: Use, rights: TableRights) -> str:
    names = [quote_identifier(c.name) if not c.name.isidentifier() else c.name for c in use.table.columns]
    shown = [name for name, c in zip(names, use.table.columns, strict=True) if c.name not in rights.hidden]
    more = f" and {len(shown) - _HINTED_COLUMNS} more" if len(shown) > _HINTED_COLUMNS else ""
    return ", ".join(shown[:_HINTED_COLUMNS]) + more


def views_denied(reading: Reading, context: Context) -> Denied | None:
    for use in reading.uses:
        view = use.table
        if view.kind != "view" or any_fits(context.grants.trusted_views, view.schema, view.name):
            continue
        found = uses_of_view(view, context.schema, context.database)
        if found is None:
            hint = "What this view reads is not known here."
        elif not all(_seen_as_is(each, context.grants) for each in found):
            hint = "It reads tables, columns or rows that you may not read."
        else:
            continue
        return Denied("view", "42501", f"permission denied for view {view.name}", use.position, hint)
    return None


def _seen_as_is(use: Use, grants: Grants) -> bool:
    """Whether the reader sees what the view's query reads there just as the view does."""
    rights = table_rights(grants, use.table)
    if not rights.readable or rights.filters:
        return False
    changed = rights.hidden | {column for column, _ in rights.masks}
    return changed.isdisjoint(use.read())
