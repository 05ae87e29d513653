"""Honest statements besides Spider's: what tools ask of PostgreSQL's catalogue, and what programs ask of their tables.

Without the first a judge takes `pg_catalog` for an attacker's word; without the second it has never seen a `SELECT *`,
nor what an attack really starts from: a form's search, a login, a page of a list.  The first are put together of the
catalogue's own relations and of the conditions that PostgreSQL's documentation explains; none is taken from a
recording, so that recordings of real tools stay a measure.

Rules: as judge_data's.  Source: PostgreSQL 18 documentation, chapters 52 (system catalogs) and 35 (information schema).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from training.grammar import is_readable
from training.judge_data import FAMILIES, Sample, cut_into

GROUPS = 40
_CLASS_ITEMS = (
    "c.oid", "c.relname", 'c.relname AS "Name"', "n.nspname AS schema", "c.relkind", "c.relnatts", "c.reltuples",
    "pg_catalog.pg_get_userbyid(c.relowner) AS owner", "pg_catalog.obj_description(c.oid, 'pg_class')",
    "CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' END AS type",
    "NULL AS remarks", "current_database() AS catalog", "c.relhasindex", "NULL", "'' AS refgeneration",
    "pg_total_relation_size(c.oid)", "pg_size_pretty(pg_table_size(c.oid))", "c.relispartition", "c.reltype::text",
    "has_table_privilege(c.oid, 'SELECT')", "c.relacl", "c.reloptions", "c.xmin",
)  # fmt: skip
_ATTRIBUTE_ITEMS = (
    "a.attname", "a.attnum", "a.atttypid", "a.attnotnull", "a.atttypmod", "a.attlen", "a.attidentity",
    "pg_catalog.format_type(a.atttypid, a.atttypmod)", "pg_catalog.col_description(a.attrelid, a.attnum)",
    "CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable", "a.attndims", "t.typname", "t.typtype",
    "pg_get_expr(d.adbin, d.adrelid) AS default_value", "coalesce(d.adbin IS NOT NULL, false)",
)  # fmt: skip
_JOINS = (
    "LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum",
    "LEFT JOIN pg_description de ON de.objoid = c.oid AND de.objsubid = 0",
    "LEFT JOIN pg_catalog.pg_description de ON (a.attrelid = de.objoid AND a.attnum = de.objsubid)",
    "LEFT OUTER JOIN pg_tablespace ts ON ts.oid = c.reltablespace",
    "JOIN pg_index i ON i.indrelid = c.oid",
    "LEFT JOIN pg_constraint co ON co.conrelid = c.oid AND co.contype = 'p'",
    "LEFT JOIN pg_class pc ON pc.oid = de.classoid AND pc.relname = 'pg_class'",
    "JOIN pg_am am ON am.oid = c.relam",
)
_CONDITIONS = (
    "n.nspname = 'public'", "n.nspname NOT IN ('pg_catalog', 'information_schema')", "n.nspname LIKE 'sal%'",
    "n.nspname <> 'pg_toast'", "n.nspname !~ '^pg_'", "c.relkind IN ('r', 'v', 'm', 'f', 'p')", "c.relkind = 'r'",
    "c.oid = 16384", "c.oid = 'public.orders'::regclass", "pg_catalog.pg_table_is_visible(c.oid)",
    "c.relname = 'orders'", "c.relname LIKE 'ord%'",
    "c.relname OPERATOR(pg_catalog.~) '^(orders)$' COLLATE pg_catalog.default",
    "NOT c.relispartition", "c.relkind = ANY (ARRAY['r', 'v'])", "has_schema_privilege(n.oid, 'USAGE')",
    "NOT EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhrelid = c.oid)", "c.relnamespace = 2200", "true", "1 = 1",
    "(n.nspname = 'public' OR pg_table_is_visible(c.oid))", "c.reltype = 0", "n.oid IN (11, 2200)", "c.relname = $1",
    "EXISTS (SELECT 1 FROM pg_attribute x WHERE x.attrelid = c.oid AND x.attnum > 0)",
    "c.oid IN (SELECT indrelid FROM pg_index)",
)  # fmt: skip
_SINGLE = {
    "pg_catalog.pg_database": ("datname", "datallowconn", "datistemplate = false", "datname = current_database()"),
    "pg_roles": ("rolname", "rolsuper", "rolcanlogin", "rolname = current_user"),
    "pg_user": ("usename", "usesysid", "usesuper", "usename = current_user"),
    "pg_settings": ("name", "setting", "unit", "name = 'TimeZone'"),
    "pg_stat_activity": ("pid", "query", "state", "pid = pg_backend_pid()"),
    "pg_tables": ("schemaname", "tablename", "tableowner", "schemaname NOT IN ('pg_catalog', 'information_schema')"),
    "pg_views": ("schemaname", "viewname", "definition", "schemaname = 'public'"),
    "pg_catalog.pg_type": ("oid", "typname", "typelem", "typtype IN ('b', 'e') AND typelem = 0"),
    "pg_proc": ("proname", "prosrc", "pronargs", "pronamespace = 11"),
    "pg_namespace": ("nspname", "oid", "nspowner", "nspname <> 'information_schema'"),
    "pg_extension": ("extname", "extversion", "oid", "extname = 'plpgsql'"),
    "information_schema.tables": ("table_schema", "table_name", "table_type", "table_schema = 'public'"),
    "information_schema.columns": ("table_name", "column_name", "data_type", "table_name = 'orders'"),
    "information_schema.schemata": ("schema_name", "schema_owner", "catalog_name", "schema_name NOT LIKE 'pg_%'"),
    "information_schema.views": ("table_name", "view_definition", "is_updatable", "table_schema = 'public'"),
    "information_schema.key_column_usage": ("constraint_name", "column_name", "ordinal_position", "table_name = 'a'"),
    "information_schema.role_table_grants": ("grantee", "privilege_type", "table_name", "grantee = current_user"),
}  # fmt: skip
_CALLS = (
    "version()", "current_schema()", "current_database()", "current_user", "session_user", "pg_backend_pid()",
    "current_schemas(true)", "current_setting('server_version')", "pg_is_in_recovery()", "now()", "1",
    "current_setting('search_path')", "pg_postmaster_start_time()", "'keep alive'", "current_role", "NULL",
)  # fmt: skip


def _picked(draw: random.Random, items: tuple[str, ...], most: int) -> list[str]:
    return draw.sample(items, draw.randint(1, min(most, len(items))))


def _relations(draw: random.Random) -> str:
    """Tables, or their columns, with what a tool shows of them."""
    prefix = draw.choice(("pg_catalog.", ""))
    columns = draw.random() < 0.5
    items = _picked(draw, _CLASS_ITEMS, 7) + (_picked(draw, _ATTRIBUTE_ITEMS, 8) if columns else [])
    origin = f"{prefix}pg_class c {draw.choice(('', 'LEFT '))}JOIN {prefix}pg_namespace n ON n.oid = c.relnamespace"
    if draw.random() < 0.2:
        origin = f"{prefix}pg_namespace n, {prefix}pg_class c"
    conditions = _picked(draw, _CONDITIONS, 5)
    if columns:
        origin += f" JOIN {prefix}pg_attribute a ON a.attrelid = c.oid"
        origin += f" LEFT JOIN {prefix}pg_type t ON t.oid = a.atttypid {_JOINS[0]}"
        conditions += draw.sample(
            ("a.attnum > 0", "NOT a.attisdropped", "a.attname = 'id'"), draw.randint(1, 2)
        )
    others = [j for j in draw.sample(_JOINS[1:], draw.randint(0, 3)) if ("a." not in j or columns)]
    text = f"SELECT {draw.choice(('', '', 'DISTINCT '))}{', '.join(items)} FROM {' '.join([origin, *others])}"
    text += f" WHERE {f' {chr(10) if draw.random() < 0.3 else chr(32)}AND '.join(conditions)}"
    if draw.random() < 0.6:
        text += f" ORDER BY {', '.join(str(n) for n in range(1, draw.randint(2, 4)))}"
    return text + draw.choice(("", "", "", " LIMIT 1000", " OFFSET 0 LIMIT 501"))


def _simple(draw: random.Random) -> str:
    table = draw.choice(tuple(_SINGLE))
    *columns, condition = _SINGLE[table]
    shown = draw.choice(("*", "count(*)", *(", ".join(_picked(draw, tuple(columns), 3)) for _ in range(4))))
    where = draw.choice(("", f" WHERE {condition}", f" WHERE {condition} AND {columns[0]} IS NOT NULL",
                         f" WHERE {columns[0]} = $1", f" WHERE {columns[0]} = 'x' OR {condition}"))  # fmt: skip
    order = "" if shown == "count(*)" else draw.choice(("", f" ORDER BY {columns[0]}", " LIMIT 100"))
    return f"SELECT {shown} FROM {table}{where}{order}"


def _called(draw: random.Random) -> str:
    return "SELECT " + ", ".join(_picked(draw, _CALLS, 5))


def tool_query(draw: random.Random) -> str:
    """One honest statement about the catalogue; not all of them pass the gate."""
    kind = draw.random()
    if kind < 0.55:
        return _relations(draw)
    if kind < 0.8:
        return _simple(draw)
    if kind < 0.87:
        return _called(draw)
    if kind < 0.9:
        return f"{_simple(draw)} UNION ALL {_simple(draw)}"
    if kind < 0.94:
        return f"{re.split(' ORDER BY| LIMIT| OFFSET', _relations(draw))[0]} UNION ALL {_relations(draw)}"
    return f"SELECT * FROM ({_relations(draw)}) AS s WHERE s.relname IS NOT NULL"


_HELD = {
    "orders": ("id", "user_id", "status", "total", "created_at", "shipped", "note"),
    "products": ("id", "name", "price", "category", "description", "stock", "released"),
    "users": ("id", "username", "email", "role", "active", "last_login", "password"),
    "customers": ("id", "name", "city", "country", "phone", "email", "since"),
    "articles": ("id", "title", "body", "author", "published", "views", "lang"),
    "patent": ("patent_id", "title", "abstract", "grant_date", "num_claims", "kind", "source"),
    "events": ("id", "type", "payload", "at", "device", "level", "session_id"),
    "accounts": ("id", "owner", "balance", "currency", "opened", "branch", "iban"),
    "employees": ("id", "name", "salary", "department", "hired", "manager_id", "email"),
}
_WORDS = (
    "blue",
    "open",
    "Berlin",
    "ann",
    "report 7",
    "x",
    "2021-04-05",
    "admin",
    "a b c",
    "Smith & Co",
    "42",
    "en",
)


def _condition(draw: random.Random, columns: tuple[str, ...], alias: str) -> str:
    column, word, n = alias + draw.choice(columns), draw.choice(_WORDS), draw.randint(0, 5000)
    return draw.choice(
        (f"{column} = '{word}'", f"{column} = '{word}'", f"{column} = {n}", f"{column}={n}", f"{column} > {n}",
         f"{column} LIKE '%{word}%'", f"{column} ILIKE '{word}%'", f"{column} BETWEEN {n} AND {n + 9}",
         f"{column} IN ('{word}', 'y')", f"{column} IN ({n}, {n + 1}, {n + 2})", f"{column} IS NOT NULL",
         f"{column} >= '{word}'", f"{column} <> '{word}'", f"lower({column}) = '{word}'", f"{column} IS NULL")
    )  # fmt: skip


def program_query(draw: random.Random) -> str:
    """One honest statement as a program sends it: a look-up, a login, a search, a page of a list, a sum."""
    table = draw.choice(tuple(_HELD))
    columns = _HELD[table]
    alias, origin = "", table
    if draw.random() < 0.25:
        other = draw.choice(tuple(_HELD))
        alias, origin = (
            "a.",
            f"{table} a {draw.choice(('JOIN', 'LEFT JOIN'))} {other} b ON a.id = b.{_HELD[other][1]}",
        )
    elif draw.random() < 0.2:
        origin = f'"{table}"' if draw.random() < 0.5 else f"public.{table}"
    shown = draw.choice(("*", "*", "count(*)", ", ".join(alias + c for c in _picked(draw, columns, 5)),
                         f"{alias}{columns[1]}, count(*), sum({alias}{columns[3]})"))  # fmt: skip
    conditions = [_condition(draw, columns, alias) for _ in range(draw.choice((0, 1, 1, 1, 2, 2, 3)))]
    text = f"SELECT {shown} FROM {origin}"
    if conditions:
        joint = draw.choice((" AND ", " AND ", " AND ", " OR "))
        text += (
            f" WHERE {joint.join(conditions)}"
            if draw.random() < 0.8
            else f" WHERE ({joint.join(conditions)})"
        )
    if "sum(" in shown:
        text += f" GROUP BY {draw.choice(('1', alias + columns[1]))}" + draw.choice(
            ("", " HAVING count(*) > 3")
        )
    if shown != "count(*)" and draw.random() < 0.5:
        text += f" ORDER BY {draw.choice((alias + columns[1], '1', '2'))}{draw.choice(('', ' DESC'))}"
        text += draw.choice(
            ("", f" LIMIT {draw.randint(1, 100)}", f" LIMIT 20 OFFSET {20 * draw.randint(1, 50)}")
        )
    return text


def program_pool(*, seed: int, count: int) -> list[tuple[str, str]]:
    """Base statements for judge_data.samples.  Shapes: (statement, group)."""
    draw = random.Random(seed)
    return [(program_query(draw), f"program {draw.randrange(GROUPS)}") for _ in range(count)]


def catalogue_samples(*, seed: int, attacks: int, benign: int) -> Iterator[Sample]:
    """Honest ones, and such with a payload in the place of a literal, as judge_data.samples makes them."""
    draw = random.Random(seed)
    families = tuple(FAMILIES)
    made = {True: 0, False: 0}
    while made[True] < attacks or made[False] < benign:
        attack = made[True] < attacks and (made[False] >= benign or draw.random() < 0.5)
        family = families[made[True] % len(families)]
        honest = tool_query(draw)
        text = cut_into(draw, honest, family) if attack else honest
        if text is not None and is_readable(text):
            made[attack] += 1
            group = f"tool {draw.randrange(GROUPS)}"
            yield Sample(text, attack, family if attack else "honest, tool", group)
