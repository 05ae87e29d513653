"""Which tables and columns a client with restrictions sees in the catalogue: kept on the mirror, asked by functions.

Statements of such clients are rewritten to ask them (checker/catalogue.py).  Rules: what is not listed for a user is
hidden, so a table that was just made is not seen before the list says so; the functions ask session_user, which no
client can change; they tell OIDs of what is hidden and never names, and the gate lets no client call them itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from proxy.mirror.roles import READER, STATE_SCHEMA

_DEFINER = "STABLE SECURITY DEFINER"
_SQL = f"LANGUAGE sql {_DEFINER} SET search_path = pg_catalog, pg_temp"
_OWN_SCHEMA = f"n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> '{STATE_SCHEMA}'"
_FUNCTIONS = (
    "hidden_relations, hidden_schemas, hidden_types, hidden_columns, hidden_constraints, is_hidden_column,"
    " visible(oid), visible(text), visible_type, visible_rule, visible_constraint, column_comment, as_regclass(oid),"
    " as_regclass(text), as_regtype(oid), as_regtype(text), find_regclass, find_regtype"
)

STEP = f"""
    CREATE TABLE visible_relation (
        username text NOT NULL, schema text NOT NULL, relation text NOT NULL,
        PRIMARY KEY (username, schema, relation));
    COMMENT ON TABLE visible_relation IS 'what users with restrictions see; an empty relation stands for the schema';
    CREATE TABLE restricted_column (
        username text NOT NULL, schema text NOT NULL, relation text NOT NULL, attribute text NOT NULL,
        commented boolean NOT NULL, PRIMARY KEY (username, schema, relation, attribute));
    COMMENT ON COLUMN restricted_column.commented IS 'the column is seen and its comment is not';

    -- Of all that is hidden, asked for once a statement.
    CREATE FUNCTION hidden_columns() RETURNS TABLE (relation oid, number smallint, commented boolean) {_SQL} AS $$
        SELECT a.attrelid, a.attnum, r.commented FROM {STATE_SCHEMA}.restricted_column AS r
        JOIN pg_namespace AS n ON n.nspname = r.schema
        JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = r.relation
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = r.attribute
        WHERE r.username = session_user::text $$;
    CREATE FUNCTION hidden_relations() RETURNS SETOF oid {_SQL} AS $$
        WITH hidden AS (SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE {_OWN_SCHEMA} AND c.relkind <> 'i' AND NOT EXISTS (
                SELECT FROM {STATE_SCHEMA}.visible_relation AS v
                WHERE v.username = session_user::text AND v.schema = n.nspname AND v.relation = c.relname))
        SELECT oid FROM hidden UNION ALL
        SELECT i.indexrelid FROM pg_index AS i WHERE i.indrelid IN (SELECT oid FROM hidden) OR EXISTS (
            SELECT FROM {STATE_SCHEMA}.hidden_columns() AS h
            WHERE h.relation = i.indrelid AND NOT h.commented AND h.number = ANY (i.indkey::smallint[])) $$;
    CREATE FUNCTION hidden_constraints() RETURNS SETOF oid {_SQL} AS $$
        SELECT c.oid FROM pg_constraint AS c
        WHERE c.conrelid IN (SELECT h FROM {STATE_SCHEMA}.hidden_relations() AS h)
        OR c.confrelid IN (SELECT h FROM {STATE_SCHEMA}.hidden_relations() AS h)
        OR EXISTS (SELECT FROM {STATE_SCHEMA}.hidden_columns() AS h WHERE NOT h.commented AND (
            h.relation = c.conrelid AND h.number = ANY (c.conkey)
            OR h.relation = c.confrelid AND h.number = ANY (c.confkey))) $$;
    CREATE FUNCTION hidden_schemas() RETURNS SETOF oid {_SQL} AS $$
        SELECT n.oid FROM pg_namespace AS n WHERE {_OWN_SCHEMA} AND NOT EXISTS (
            SELECT FROM {STATE_SCHEMA}.visible_relation AS v
            WHERE v.username = session_user::text AND v.schema = n.nspname) $$;
    CREATE FUNCTION hidden_types() RETURNS SETOF oid {_SQL} AS $$
        WITH rows AS (SELECT t.oid FROM pg_type AS t
            WHERE t.typrelid IN (SELECT h FROM {STATE_SCHEMA}.hidden_relations() AS h))
        SELECT oid FROM rows UNION ALL SELECT t.oid FROM pg_type AS t JOIN rows ON t.typelem = rows.oid $$;

    -- Of one object, asked for row by row.
    CREATE FUNCTION is_hidden_column(relation oid, number smallint, comments boolean) RETURNS boolean {_SQL} AS $$
        SELECT EXISTS (SELECT FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            JOIN {STATE_SCHEMA}.restricted_column AS r
                ON r.schema = n.nspname AND r.relation = c.relname AND r.attribute = a.attname
            WHERE a.attrelid = $1 AND a.attnum = $2 AND r.username = session_user::text AND ($3 OR NOT r.commented)) $$;
    CREATE FUNCTION visible(relation oid) RETURNS oid {_SQL} AS $$
        SELECT $1 WHERE NOT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
            LEFT JOIN pg_index AS i ON i.indexrelid = c.oid JOIN pg_class AS t ON t.oid = coalesce(i.indrelid, c.oid)
            WHERE c.oid = $1 AND {_OWN_SCHEMA} AND (NOT EXISTS (
                    SELECT FROM {STATE_SCHEMA}.visible_relation AS v
                    WHERE v.username = session_user::text AND v.schema = n.nspname AND v.relation = t.relname)
                OR EXISTS (SELECT FROM unnest(i.indkey::smallint[]) AS k
                    WHERE {STATE_SCHEMA}.is_hidden_column(t.oid, k, false)))) $$;
    CREATE FUNCTION visible_type(type oid) RETURNS oid {_SQL} AS $$
        SELECT $1 WHERE NOT EXISTS (SELECT FROM pg_type AS t LEFT JOIN pg_type AS e ON e.oid = t.typelem
            WHERE t.oid = $1 AND (t.typrelid <> 0 AND {STATE_SCHEMA}.visible(t.typrelid) IS NULL
                OR e.typrelid <> 0 AND {STATE_SCHEMA}.visible(e.typrelid) IS NULL)) $$;
    CREATE FUNCTION visible_rule(rule oid) RETURNS oid {_SQL} AS $$
        SELECT r.oid FROM pg_rewrite AS r WHERE r.oid = $1 AND {STATE_SCHEMA}.visible(r.ev_class) IS NOT NULL $$;
    CREATE FUNCTION visible_constraint(number oid) RETURNS oid {_SQL} AS $$
        SELECT c.oid FROM pg_constraint AS c WHERE c.oid = $1
            AND (c.conrelid = 0 OR {STATE_SCHEMA}.visible(c.conrelid) IS NOT NULL)
            AND (c.confrelid = 0 OR {STATE_SCHEMA}.visible(c.confrelid) IS NOT NULL)
            AND NOT EXISTS (SELECT FROM unnest(c.conkey) AS k
                WHERE {STATE_SCHEMA}.is_hidden_column(c.conrelid, k, false))
            AND NOT EXISTS (SELECT FROM unnest(c.confkey) AS k
                WHERE {STATE_SCHEMA}.is_hidden_column(c.confrelid, k, false)) $$;
    CREATE FUNCTION column_comment(relation oid, number integer) RETURNS text {_SQL} AS $$
        SELECT col_description($1, $2) WHERE {STATE_SCHEMA}.visible($1) IS NOT NULL
            AND NOT {STATE_SCHEMA}.is_hidden_column($1, $2::smallint, true) $$;
    CREATE FUNCTION as_regclass(relation oid) RETURNS regclass {_SQL} AS $$
        SELECT {STATE_SCHEMA}.visible($1)::regclass $$;
    CREATE FUNCTION as_regtype(type oid) RETURNS regtype {_SQL} AS $$
        SELECT {STATE_SCHEMA}.visible_type($1)::regtype $$;

    -- Names are looked up by the caller's search_path, so these have none of their own; clients can create nothing
    -- that could stand in the way.
    CREATE FUNCTION find_regclass(relation text) RETURNS regclass LANGUAGE sql {_DEFINER} AS $$
        SELECT {STATE_SCHEMA}.as_regclass(pg_catalog.to_regclass($1)::pg_catalog.oid) $$;
    CREATE FUNCTION find_regtype(type text) RETURNS regtype LANGUAGE sql {_DEFINER} AS $$
        SELECT {STATE_SCHEMA}.as_regtype(pg_catalog.to_regtype($1)::pg_catalog.oid) $$;
    CREATE FUNCTION as_regclass(relation text) RETURNS regclass LANGUAGE plpgsql STRICT {_DEFINER} AS $$
    DECLARE found pg_catalog.regclass;
    BEGIN
        IF relation OPERATOR(pg_catalog.~) '^[0-9]+$' THEN
            RETURN {STATE_SCHEMA}.as_regclass(relation::pg_catalog.oid);
        END IF;
        found := {STATE_SCHEMA}.find_regclass(relation);
        IF found IS NULL THEN
            RAISE undefined_table USING MESSAGE = pg_catalog.format('relation "%s" does not exist', relation);
        END IF;
        RETURN found;
    END $$;
    CREATE FUNCTION as_regtype(type text) RETURNS regtype LANGUAGE plpgsql STRICT {_DEFINER} AS $$
    DECLARE found pg_catalog.regtype;
    BEGIN
        IF type OPERATOR(pg_catalog.~) '^[0-9]+$' THEN
            RETURN {STATE_SCHEMA}.as_regtype(type::pg_catalog.oid);
        END IF;
        found := {STATE_SCHEMA}.find_regtype(type);
        IF found IS NULL THEN
            RAISE undefined_object USING MESSAGE = pg_catalog.format('type "%s" does not exist', type);
        END IF;
        RETURN found;
    END $$;
    CREATE FUNCTION visible(relation text) RETURNS text LANGUAGE sql {_DEFINER} AS $$
        SELECT $1 WHERE $1 IS NULL OR {STATE_SCHEMA}.as_regclass($1) IS NOT NULL $$;

    REVOKE ALL ON FUNCTION {_FUNCTIONS} FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION {_FUNCTIONS} TO {READER};
"""
"""A step of state.MIGRATIONS: never to be edited once it has shipped."""


@dataclass(frozen=True, slots=True)
class Visible:
    """What one user sees, under the mirror's names.

    Shapes: `relations` are (schema, relation), an empty relation for a schema without any; `columns` are (schema,
    relation, column, whether it is only its comment that is hidden).
    """

    relations: frozenset[tuple[str, str]] = frozenset()
    columns: frozenset[tuple[str, str, str, bool]] = frozenset()


async def show(admin: Any, user: str, visible: Visible) -> None:
    """Replace the user's list.  `admin`: an asyncpg connection of the mirror's owner, as in roles.py."""
    async with admin.transaction():
        await admin.execute("SELECT pg_advisory_xact_lock(hashtext('streamlink visible ' || $1))", user)
        await _fill(admin, "visible_relation", user, visible.relations)
        await _fill(admin, "restricted_column", user, visible.columns)


async def _fill(admin: Any, table: str, user: str, rows: Iterable[tuple[Any, ...]]) -> None:
    await admin.execute(f"DELETE FROM {STATE_SCHEMA}.{table} WHERE username = $1", user)
    records = [(user, *row) for row in sorted(rows)]
    await admin.copy_records_to_table(table, schema_name=STATE_SCHEMA, records=records)
