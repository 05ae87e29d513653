"""PostgreSQL's catalogue as a role with restrictions sees it: without the tables and columns that it may not read.

A relation of the catalogue becomes a derived table without the rows that speak of a hidden one, in whatever statement
a tool writes; what takes a relation's OID or name (a regclass cast, pg_get_viewdef) is asked for no hidden one.  Which
those are, the mirror knows of each user: the functions of the schema `streamlink` that are written in here are its own
(proxy/mirror/visible.py), and no client may call them.

Rules: a hidden relation's name is answered like one that is not there, and its OID, should a client guess it, by NULL.
Errors are a channel: where the statement may raise one on a row, hidden rows are gone before it can look (protect.py
says why).  Roles that see every table as it is pay nothing.

Left out: names of schemas in settings, and what a role may read of tables itself (enforce.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlglot import expressions as exp

from checker import dialect as pg
from checker.desugar import desugar
from checker.errors import Unrenderable
from checker.lexer import lex
from checker.protect import replace_table
from checker.words import TYPE_WORDS

_NOT_HIDDEN = "NOT ({0} IN (SELECT h.oid FROM streamlink.hidden_relations() AS h(oid)))"
_OF_RELATION = {
    name: _NOT_HIDDEN.format(column)
    for name, column in {
        "pg_class": "oid", "pg_attrdef": "adrelid", "pg_index": "indexrelid", "pg_rewrite": "ev_class",
        "pg_trigger": "tgrelid", "pg_policy": "polrelid", "pg_sequence": "seqrelid",
        "pg_partitioned_table": "partrelid", "pg_foreign_table": "ftrelid", "pg_statistic_ext": "stxrelid",
        "pg_publication_rel": "prrelid", "pg_locks": "COALESCE(relation, 0)",
    }.items()
}  # fmt: skip
_NO_COLUMN = (
    "NOT EXISTS (SELECT 1 FROM streamlink.hidden_columns() AS h(relation, number, commented)"
    " WHERE h.relation = {0} AND h.number = {1}{2})"
)
_COMMENT = (
    "(classoid <> 1259 OR ("
    + _NOT_HIDDEN.format("objoid")
    + " AND "
    + _NO_COLUMN.format("objoid", "objsubid", "")
    + "))"
)
"""1259 is pg_class in every PostgreSQL."""
_PG_CATALOG: dict[str, str] = {
    **_OF_RELATION,
    "pg_attribute": _NOT_HIDDEN.format("attrelid")
    + " AND "
    + _NO_COLUMN.format("attrelid", "attnum", " AND NOT h.commented"),
    "pg_constraint": "NOT (oid IN (SELECT h.oid FROM streamlink.hidden_constraints() AS h(oid)))",
    "pg_inherits": _NOT_HIDDEN.format("inhrelid") + " AND " + _NOT_HIDDEN.format("inhparent"),
    "pg_type": "NOT (oid IN (SELECT h.oid FROM streamlink.hidden_types() AS h(oid)))",
    "pg_namespace": "NOT (oid IN (SELECT h.oid FROM streamlink.hidden_schemas() AS h(oid)))",
    "pg_description": _COMMENT,
    "pg_seclabel": _COMMENT,
    "pg_depend": "(classid <> 1259 OR "
    + _NOT_HIDDEN.format("objid")
    + ") AND (refclassid <> 1259 OR "
    + _NOT_HIDDEN.format("refobjid")
    + ")",
}
_RELATION_NAMES = (
    "NOT (({0}, {1}) IN (SELECT n.nspname, c.relname FROM pg_catalog.pg_class AS c"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE c.oid IN (SELECT h.oid FROM streamlink.hidden_relations() AS h(oid))))"
)
_COLUMN_NAMES = _RELATION_NAMES + (
    " AND NOT (({0}, {1}, {2}) IN (SELECT n.nspname, c.relname, a.attname"
    " FROM streamlink.hidden_columns() AS h(relation, number, commented)"
    " JOIN pg_catalog.pg_class AS c ON c.oid = h.relation"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = h.relation AND a.attnum = h.number"
    " WHERE NOT h.commented))"
)
_PG_VIEWS: dict[str, str] = {
    name: _RELATION_NAMES.format("schemaname", column)
    for column, names in {
        "tablename": "pg_tables pg_rules pg_policies pg_stats_ext pg_stats_ext_exprs pg_publication_tables",
        "viewname": "pg_views",
        "indexname": "pg_indexes",
        "matviewname": "pg_matviews",
        "sequencename": "pg_sequences",
        "relname": "pg_stat_all_tables pg_stat_user_tables pg_stat_sys_tables pg_statio_all_tables "
        "pg_statio_user_tables pg_statio_sys_tables pg_stat_xact_all_tables pg_stat_xact_user_tables "
        "pg_stat_xact_sys_tables pg_statio_all_sequences pg_statio_user_sequences pg_statio_sys_sequences",
        "indexrelname": "pg_stat_all_indexes pg_stat_user_indexes pg_stat_sys_indexes pg_statio_all_indexes "
        "pg_statio_user_indexes pg_statio_sys_indexes",
    }.items()
    for name in names.split()
} | {
    # They count rows that a filter hides, and values that a mask does.
    "pg_stats": "FALSE",
    "pg_seclabels": "objtype <> 'table' AND objtype <> 'view' AND objtype <> 'column'",
}
_INFORMATION_SCHEMA: dict[str, str] = {
    **{
        name: _RELATION_NAMES.format(*columns.split())
        for columns, names in {
            "table_schema table_name": "tables views table_privileges role_table_grants table_constraints "
            "constraint_table_usage view_table_usage view_routine_usage",
            "event_object_schema event_object_table": "triggers triggered_update_columns",
            "object_schema object_name": "element_types data_type_privileges usage_privileges",
            "udt_schema udt_name": "udt_privileges",
            "foreign_table_schema foreign_table_name": "foreign_tables foreign_table_options",
        }.items()
        for name in names.split()
    },
    **{
        name: _COLUMN_NAMES.format("table_schema", "table_name", "column_name")
        for name in (
            *("columns", "column_privileges", "role_column_grants", "key_column_usage", "column_options"),
            *("constraint_column_usage", "column_domain_usage", "column_udt_usage", "view_column_usage"),
        )
    },
    "schemata": "NOT (schema_name IN (SELECT n.nspname FROM pg_catalog.pg_namespace AS n"
    " WHERE n.oid IN (SELECT h.oid FROM streamlink.hidden_schemas() AS h(oid))))",
}
SEEN: Mapping[tuple[str, str], str] = {
    **{("pg_catalog", name): condition for name, condition in (_PG_CATALOG | _PG_VIEWS).items()},
    **{("information_schema", name): condition for name, condition in _INFORMATION_SCHEMA.items()},
}
"""(schema, relation) -> the condition on the rows that are seen."""

_SYSTEM_COLUMNS = frozenset({"xmin", "xmax", "cmin", "cmax", "ctid", "tableoid"})

# Functions that take a relation, a type or a rule: which of their arguments, negative ones from the end.
_RELATION_ARGUMENT = {
    0: "pg_get_viewdef obj_description pg_relation_size pg_table_size pg_total_relation_size pg_indexes_size "
    "pg_relation_filenode pg_table_is_visible pg_get_serial_sequence pg_relation_is_updatable pg_column_is_updatable "
    "pg_get_indexdef pg_partition_root pg_partition_ancestors pg_partition_tree pg_get_partkeydef "
    "pg_get_partition_constraintdef pg_relation_is_publishable row_security_active pg_get_replica_identity_index "
    "pg_sequence_last_value pg_sequence_parameters pg_get_sequence_data",
    1: "pg_describe_object pg_identify_object pg_identify_object_as_address pg_get_acl pg_get_expr",
    -2: "has_table_privilege has_any_column_privilege has_sequence_privilege",
    -3: "has_column_privilege",
}
_TYPE_ARGUMENT = {0: "format_type pg_type_is_visible pg_basetype", -2: "has_type_privilege"}
_WRAPPED = {
    name: (wrapper, position)
    for wrapper, table in (("visible", _RELATION_ARGUMENT), ("visible_type", _TYPE_ARGUMENT))
    for position, names in table.items()
    for name in names.split()
} | {"pg_get_ruledef": ("visible_rule", 0), "pg_get_constraintdef": ("visible_constraint", 0)}
_RENAMED = {"col_description": "column_comment", "to_regclass": "find_regclass", "to_regtype": "find_regtype"}
_INLINE: dict[str, tuple[Sequence[str], str]] = {
    "format_type": (("type",), "type IN (SELECT h.oid FROM streamlink.hidden_types() AS h(oid))"),
    "col_description": (
        ("relation", "number"),
        "relation IN (SELECT h.oid FROM streamlink.hidden_relations() AS h(oid)) OR (relation, number) IN"
        " (SELECT h.relation, h.number FROM streamlink.hidden_columns() AS h(relation, number, commented))",
    ),
}
"""Calls that may ask of columns directly: their first arguments, and when the answer is NULL."""
_OTHER_TYPES = """
aclitem anyarray anyelement cid int2vector oidvector pg_lsn pg_node_tree record tid tsquery tsvector void xid xid8
_aclitem _bool _char _float4 _float8 _int2 _int4 _int8 _name _numeric _oid _text _varchar
"""
_BUILT_IN = (TYPE_WORDS - {"regclass", "regtype"}) | frozenset(_OTHER_TYPES.split())
_WORDS = frozenset({"precision", "varying", "with", "without", "zone", "national"})
_REFUSED = frozenset({"pg_get_object_address", "pg_get_catalog_foreign_keys"})
_NAMES = {"regclass": "as_regclass", "regtype": "as_regtype"}


def hide(tree: exp.Expression, relations: Iterable[Any]) -> None:
    """Write into a query's tree what its role may see.  `relations` are its Table nodes that mean the catalogue.

    Raises: Unrenderable for a form in which that cannot be said.
    """
    system = _system_columns(tree)
    for node in relations:
        condition = SEEN.get(_named(node))
        if condition is not None:
            _replace(node, condition, system)
    for column in tree.find_all(exp.Column):
        if column.args.get("db") is not None and column.args["db"].name in (
            "pg_catalog",
            "information_schema",
        ):
            column.set("db", None)
            column.set("catalog", None)
    for select in tree.find_all(exp.Select):
        select.set("expressions", [_named_item(item) for item in select.expressions])
    # The inner before the outer, which is written anew with a copy of what is in it.
    for cast in reversed(list(tree.find_all(exp.Cast, bfs=True))):
        _check_cast(cast)
    for call in reversed(list(tree.find_all(exp.Anonymous, bfs=True))):
        _check_call(call)


def speaks_of_relations(tree: exp.Expression) -> bool:
    """Whether a query that reads no catalogue may still ask for a relation by its OID or name."""
    names = (call.name.lower() for call in tree.find_all(exp.Anonymous))
    return any(_cast_name(cast) for cast in tree.find_all(exp.Cast)) or any(
        name in _WRAPPED or name in _RENAMED or name in _REFUSED or name in _NAMES for name in names
    )


def check_types(tree: exp.Expression, prepared: Iterable[str]) -> None:
    """Every table is a type too, whose columns `(NULL::t).*` would show: only PostgreSQL's own may be named.

    `prepared` are the types of PREPARE.  Raises: Unrenderable.
    """
    for kind in tree.find_all(exp.DataType):
        _check_type(kind)
    for written in prepared:
        name = (
            re.sub(r"\(.*\)|\[\s*\d*\s*\]", "", written).replace('"', "").strip().removeprefix("pg_catalog.")
        )
        if not set(name.split()) <= _BUILT_IN | _WORDS:
            raise Unrenderable(f"the type {name} for a role with restrictions", None)


def _check_type(node: Any) -> None:
    name = _own_name(node)
    if name in _NAMES and isinstance(node.parent, exp.Cast):
        return  # it is asked for what it shows
    if name and name not in _BUILT_IN:
        raise Unrenderable(f"the type {name} here for a role with restrictions", node.parent)


def _own_name(node: Any) -> str:
    """The name of a type that sqlglot has no word for, and of regclass and its kin; else nothing."""
    if isinstance(node, exp.ObjectIdentifier):
        return str(node.name).lower()
    if node.this is not exp.DType.USERDEFINED:
        return ""
    kind = node.args.get("kind")
    named = list(kind.find_all(exp.Identifier)) if isinstance(kind, exp.Expression) else []
    parts = [part.name for part in named] or [str(kind)]
    return ".".join(parts).removeprefix("pg_catalog.")


def _named_item(item: Any) -> Any:
    """A select item under the name that PostgreSQL gives it (FigureColname), which what is put in would change."""
    if isinstance(item, exp.Alias) or not speaks_of_relations(item):
        return item
    name = _shown_name(item)
    return item if name is None else exp.alias_(item.copy(), name, quoted=True)


def _shown_name(node: Any) -> str | None:
    if isinstance(node, exp.Paren):
        return _shown_name(node.this)
    if isinstance(node, exp.Cast):
        return _shown_name(node.this) or _type_name(node)
    if isinstance(node, exp.Dot):
        return _shown_name(node.expression)
    if isinstance(node, exp.Case):
        return _shown_name(node.args.get("default")) or "case"
    return str(node.name) if isinstance(node, exp.Column | exp.Anonymous) else None


def _named(node: Any) -> tuple[str, str]:
    schema = node.args["db"].name if node.args.get("db") else ""
    name = node.this.name
    if schema:
        return schema, name
    return ("pg_catalog" if name.startswith("pg_") else "information_schema"), name


def _system_columns(tree: exp.Expression) -> tuple[str, ...]:
    named = {column.name for column in tree.find_all(exp.Column) if not column.this.args.get("quoted")}
    return tuple(sorted(named & _SYSTEM_COLUMNS))


def _replace(node: Any, condition: str, system: tuple[str, ...]) -> None:
    if node.args.get("sample"):
        raise Unrenderable("TABLESAMPLE of the catalogue for a role with restrictions", node)
    schema, name = _named(node)
    more = (
        "".join(f", {name}.{column}" for column in system) if (schema, name) in _WITH_SYSTEM_COLUMNS else ""
    )
    # What is outside may raise errors, and shall not do so on a row that is not seen.
    inner = f"SELECT *{more} FROM {schema}.{name} AS {name} WHERE {condition} OFFSET 0"
    replace_table(node, _parsed(inner).copy())


_WITH_SYSTEM_COLUMNS = frozenset(("pg_catalog", name) for name in _PG_CATALOG if name != "pg_locks")


@lru_cache(256)
def _parsed(sql: str) -> Any:
    return pg.parse(desugar(lex(sql), sql), sql)


def _type_name(cast: exp.Cast) -> str:
    return str(cast.args["to"].sql("postgres").lower().replace('"', "").removeprefix("pg_catalog."))


def _cast_name(cast: exp.Cast) -> str:
    """regclass or regtype for a cast to it, [] behind it for an array, else nothing."""
    written = _type_name(cast)
    base = written.removesuffix("[]")
    return written if base in _NAMES else ""


def _check_cast(cast: exp.Cast) -> None:
    name = _cast_name(cast)
    if not name:
        return
    if name not in _NAMES:
        raise Unrenderable(f"a cast to {name} for a role with restrictions", cast)
    value = cast.this.unnest()
    # A parameter keeps its type, which the client is told of.
    inner = cast.copy() if isinstance(value, exp.Parameter) else value.copy()
    cast.replace(_own(_NAMES[name], [inner]))


def _check_call(call: exp.Anonymous) -> None:
    name = call.name.lower()
    arguments = call.expressions
    if name in _REFUSED:
        raise Unrenderable(f"{name} for a role with restrictions", call)
    if name in _NAMES and len(arguments) == 1:
        _whole(call).replace(_own(_NAMES[name], [arguments[0].copy()]))
    elif name in _INLINE and all(isinstance(each, exp.Column) for each in arguments[: len(_INLINE[name][0])]):
        _inline(call, *_INLINE[name])
    elif name in _RENAMED and arguments:
        _whole(call).replace(_own(_RENAMED[name], [each.copy() for each in arguments]))
    elif name in _WRAPPED:
        wrapper, position = _WRAPPED[name]
        if -len(arguments) <= position < len(arguments):
            argument = arguments[position]
            value = argument.copy()
            if isinstance(value, exp.Literal) and value.is_string and value.name.isdigit():
                # An OID in quotes, which to a function for text would be a name.
                value = exp.cast(value, exp.DataType.build("oid", udt=True))
            argument.replace(_own(wrapper, [value]))


def _inline(call: exp.Anonymous, names: Sequence[str], hidden: str) -> None:
    """Of a column, so of many rows: which of them are hidden is found out once, and not by a call for each."""
    whole = _whole(call)
    written = _parsed(f"SELECT CASE WHEN {hidden} THEN NULL ELSE 0 END").expressions[0].copy()
    for column in list(written.find_all(exp.Column)):
        if column.name in names and not column.table:
            column.replace(call.expressions[names.index(column.name)].copy())
    written.set("default", whole.copy())
    whole.replace(written)


def _whole(call: exp.Anonymous) -> exp.Expr:
    return call.parent if isinstance(call.parent, exp.Dot) and call.parent.expression is call else call


def _own(name: str, arguments: list[Any]) -> exp.Expr:
    call = exp.Anonymous(this=name, expressions=arguments)
    return exp.Dot(this=exp.to_identifier("streamlink"), expression=call)
