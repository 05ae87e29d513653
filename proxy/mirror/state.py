"""The schema `streamlink` on the mirror: the product's own tables, made and changed by numbered steps.

Rules: a step that has shipped is never edited, a change is a new step; steps run once, in order, in one transaction
under a lock, so that several servers may start on one mirror.  No client's role has a right on a table: what may be
seen is a view that asks PostgreSQL itself who is looking (session_user, which no client can change), what may be done
is a function that asks the same.  Rights are memberships in the group roles below, given by `grant_rights`.

Left out: what is written into the tables (audit_table.py, firewall.py, answers.py, visible.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from proxy.mirror import visible
from proxy.mirror.roles import READER, STATE_SCHEMA, quote_identifier

AUDIT_OWN, AUDIT_ALL, ADMIN = "streamlink_audit_own", "streamlink_audit_all", "streamlink_admin"
SHAPES_CHANNEL, ANSWERS_CHANNEL = "streamlink_shapes", "streamlink_answers"
PEERS_CHANNEL = "streamlink_peers"
"""Notified when a review has changed a list, or an answer."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a client's role may see and do in the schema."""

    audit: Literal["none", "own", "all"] = "none"
    admin: bool = False

    @property
    def groups(self) -> frozenset[str]:
        audit = {"none": frozenset[str](), "own": {AUDIT_OWN}, "all": {AUDIT_OWN, AUDIT_ALL}}[self.audit]
        return frozenset(audit) | ({ADMIN} if self.admin else frozenset())


_AUDIT = f"""
    CREATE TABLE audit_record (
        id uuid PRIMARY KEY, at timestamptz NOT NULL, username text NOT NULL, roles text[], database text,
        application_name text, client_addr text, pid integer, kind text, statement text, shape text, question text,
        draft text, verdict text, codes text[], engine text, rows bigint, bytes bigint, gate_ms double precision,
        plan_ms double precision, first_row_ms double precision, total_ms double precision, outcome text NOT NULL,
        sqlstate text, message text);
    CREATE INDEX ON audit_record (at);
    CREATE INDEX ON audit_record (username, at);
    COMMENT ON COLUMN audit_record.shape IS 'the same for statements that differ in their values only';
    COMMENT ON COLUMN audit_record.outcome IS 'ok, error, cancelled, timeout, disconnected, not run';
    CREATE TABLE audit_file (first uuid PRIMARY KEY, copied bigint NOT NULL);
    COMMENT ON TABLE audit_file IS 'how far each journal file has been copied into audit_record, in bytes';
    CREATE VIEW audit WITH (security_barrier) AS SELECT * FROM audit_record
        WHERE pg_has_role(session_user, '{AUDIT_ALL}', 'USAGE') OR username = session_user::text;
    COMMENT ON VIEW audit IS 'one row a statement';
    GRANT SELECT ON audit TO {AUDIT_OWN}, {AUDIT_ALL};
"""

_SHAPES = f"""
    CREATE TABLE shape (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, role text NOT NULL, digest text NOT NULL,
        state text NOT NULL CHECK (state IN ('learned', 'pending', 'allowed', 'forbidden')), text text NOT NULL,
        example text, seen bigint NOT NULL, first_seen timestamptz NOT NULL, last_seen timestamptz NOT NULL,
        application_name text, client_addr text, reviewed_by text, reviewed_at timestamptz, UNIQUE (role, digest));
    COMMENT ON COLUMN shape.state IS 'learned and pending wait for a review: it ran while learning, or was denied';
    CREATE VIEW shapes WITH (security_barrier) AS SELECT * FROM shape
        WHERE pg_has_role(session_user, '{ADMIN}', 'USAGE');
    GRANT SELECT ON shapes TO {ADMIN};

    CREATE FUNCTION review_shape(shape_id bigint, verdict text) RETURNS text
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        IF NOT pg_has_role(session_user, '{ADMIN}', 'USAGE') THEN
            RAISE insufficient_privilege USING MESSAGE = 'only an administrator may review shapes';
        END IF;
        UPDATE {STATE_SCHEMA}.shape SET state = verdict, reviewed_by = session_user, reviewed_at = now()
            WHERE id = shape_id;
        IF NOT FOUND THEN
            RAISE invalid_parameter_value USING MESSAGE = format('there is no shape %s', shape_id);
        END IF;
        RETURN verdict;
    END $$;
    CREATE FUNCTION allow_shape(id bigint) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp AS
        $$ BEGIN RETURN {STATE_SCHEMA}.review_shape(id, 'allowed'); END $$;
    CREATE FUNCTION forbid_shape(id bigint) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp AS
        $$ BEGIN RETURN {STATE_SCHEMA}.review_shape(id, 'forbidden'); END $$;
    REVOKE ALL ON FUNCTION review_shape, allow_shape, forbid_shape FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION allow_shape, forbid_shape TO {ADMIN};

    CREATE FUNCTION tell_of_review() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
        $$ BEGIN PERFORM pg_notify('{SHAPES_CHANNEL}', ''); RETURN NULL; END $$;
    REVOKE ALL ON FUNCTION tell_of_review FROM PUBLIC;
    CREATE TRIGGER tell_of_review AFTER UPDATE OF state OR DELETE ON shape EXECUTE FUNCTION tell_of_review();
"""

_ANSWERS = f"""
    CREATE TABLE answer (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL UNIQUE, question text NOT NULL,
        roles text[] NOT NULL, sql text NOT NULL, model text NOT NULL, confidence double precision,
        state text NOT NULL DEFAULT 'given' CHECK (state IN ('given', 'approved', 'corrected')), askers text[] NOT NULL,
        asked bigint NOT NULL, first_asked timestamptz NOT NULL, last_asked timestamptz NOT NULL,
        reviewed_by text, reviewed_at timestamptz);
    COMMENT ON COLUMN answer.key IS 'of the question, the roles, the tables as they see them, and the model';
    COMMENT ON COLUMN answer.state IS 'given by the model; approved or corrected by an administrator';
    CREATE INDEX ON answer (last_asked);
    CREATE VIEW answers WITH (security_barrier) AS
        SELECT id, question, sql, state, roles, model, confidence, askers, asked, first_asked, last_asked, reviewed_by,
            reviewed_at FROM answer
        WHERE pg_has_role(session_user, '{ADMIN}', 'USAGE') OR session_user::text = ANY (askers);
    COMMENT ON VIEW answers IS 'the SQL that questions were given, one row a question and role';
    GRANT SELECT ON answers TO {READER};

    CREATE FUNCTION review_answer(answer_id bigint, verdict text, corrected text) RETURNS text
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        IF NOT pg_has_role(session_user, '{ADMIN}', 'USAGE') THEN
            RAISE insufficient_privilege USING MESSAGE = 'only an administrator may review answers';
        END IF;
        IF verdict = 'forgotten' THEN
            DELETE FROM {STATE_SCHEMA}.answer WHERE id = answer_id;
        ELSE
            UPDATE {STATE_SCHEMA}.answer SET state = verdict, sql = coalesce(corrected, sql),
                reviewed_by = session_user, reviewed_at = now() WHERE id = answer_id;
        END IF;
        IF NOT FOUND THEN
            RAISE invalid_parameter_value USING MESSAGE = format('there is no answer %s', answer_id);
        END IF;
        RETURN verdict;
    END $$;
    CREATE FUNCTION approve_answer(id bigint) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp AS
        $$ BEGIN RETURN {STATE_SCHEMA}.review_answer(id, 'approved', NULL); END $$;
    CREATE FUNCTION correct_answer(id bigint, sql text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp AS
        $$ BEGIN RETURN {STATE_SCHEMA}.review_answer(id, 'corrected', sql); END $$;
    CREATE FUNCTION forget_answer(id bigint) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp AS
        $$ BEGIN RETURN {STATE_SCHEMA}.review_answer(id, 'forgotten', NULL); END $$;
    REVOKE ALL ON FUNCTION review_answer, approve_answer, correct_answer, forget_answer FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION approve_answer, correct_answer, forget_answer TO {ADMIN};

    CREATE FUNCTION tell_of_answer() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
        $$ BEGIN PERFORM pg_notify('{ANSWERS_CHANNEL}', ''); RETURN NULL; END $$;
    REVOKE ALL ON FUNCTION tell_of_answer FROM PUBLIC;
    CREATE TRIGGER tell_of_answer AFTER UPDATE OF state OR DELETE ON answer EXECUTE FUNCTION tell_of_answer();
"""

_SERVER = """
    -- What these names stand for the server itself answers, and puts in their places; here they are for tools' lists.
    CREATE VIEW sessions AS SELECT NULL::integer AS pid, NULL::text AS username, NULL::text[] AS roles,
        NULL::text AS database, NULL::text AS application_name, NULL::text AS client_addr,
        NULL::timestamptz AS started, NULL::text AS state, NULL::boolean AS waiting, NULL::uuid AS statement_id,
        NULL::timestamptz AS statement_started WHERE false;
    COMMENT ON VIEW sessions IS 'clients of this server: your own, or all for an administrator';
    COMMENT ON COLUMN sessions.waiting IS 'for a place on Spark';
    COMMENT ON COLUMN sessions.statement_id IS 'as streamlink.audit has it';
    CREATE VIEW queue AS SELECT NULL::integer AS pid, NULL::text AS username, NULL::text[] AS roles,
        NULL::text AS state, NULL::integer AS position, NULL::timestamptz AS since, NULL::uuid AS statement_id
        WHERE false;
    COMMENT ON VIEW queue IS 'statements that Spark works on, or that wait for it';
    COMMENT ON COLUMN queue.position IS 'in the line of the same roles, from 1';
    CREATE VIEW nodes AS SELECT NULL::text AS name, NULL::text AS kind, NULL::text AS address, NULL::text AS state,
        NULL::timestamptz AS since, NULL::integer AS in_flight, NULL::text AS last_error,
        NULL::timestamptz AS last_error_at WHERE false;
    COMMENT ON VIEW nodes IS 'Spark, the catalogue server and the language models';
    COMMENT ON COLUMN nodes.state IS 'up, down or starting';
"""

_PEERS = (
    """
    CREATE TABLE peer (id uuid PRIMARY KEY, seen timestamptz NOT NULL, sessions jsonb NOT NULL);
    COMMENT ON TABLE peer IS 'servers that share this mirror, and their sessions';
    CREATE TABLE peer_request (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), asker uuid NOT NULL,
        what text NOT NULL, pid integer NOT NULL, proof bytea, username text NOT NULL, everybody boolean NOT NULL);
    COMMENT ON TABLE peer_request IS 'cancels and signals for sessions of another server';
    CREATE FUNCTION tell_of_request() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
        $$ BEGIN PERFORM pg_notify('"""
    + PEERS_CHANNEL
    + """', ''); RETURN NULL; END $$;
    REVOKE ALL ON FUNCTION tell_of_request FROM PUBLIC;
    CREATE TRIGGER tell_of_request AFTER INSERT ON peer_request EXECUTE FUNCTION tell_of_request();
"""
)

MIGRATIONS: tuple[str, ...] = (_AUDIT, _SHAPES, _ANSWERS, visible.STEP, _SERVER, _PEERS)
"""Step n takes the schema from version n - 1 to n."""


async def migrate(admin: Any, *, audit: bool = True) -> None:
    """Bring the schema to this version's.  `admin`: an asyncpg connection of the mirror's owner, as in roles.py.

    `audit`: with the records of all databases, which one of a server's databases has.
    """
    async with admin.transaction():
        await admin.execute("SELECT pg_advisory_xact_lock(hashtext('streamlink state'))")
        for group in (AUDIT_OWN, AUDIT_ALL, ADMIN):
            if not await admin.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", group):
                await admin.execute(f"CREATE ROLE {group} NOLOGIN")
        await admin.execute(f"""
            GRANT USAGE ON SCHEMA {STATE_SCHEMA} TO {READER};
            CREATE TABLE IF NOT EXISTS {STATE_SCHEMA}.migration (
                version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
            SET LOCAL search_path = {STATE_SCHEMA}, pg_catalog;
        """)
        version = await admin.fetchval("SELECT coalesce(max(version), 0) FROM migration")
        for number, step in enumerate(MIGRATIONS[version:], start=version + 1):
            if audit or step is not _AUDIT:
                await admin.execute(step)
            await admin.execute("INSERT INTO migration (version) VALUES ($1)", number)


async def grant_rights(admin: Any, user: str, rights: Rights) -> None:
    """Make a client's role a member of just the groups that its rights name; the role exists."""
    name = quote_identifier(user)
    statements = [
        f"GRANT {group} TO {name} WITH INHERIT TRUE, SET FALSE"
        if group in rights.groups
        else f"REVOKE {group} FROM {name}"
        for group in (AUDIT_OWN, AUDIT_ALL, ADMIN)
    ]
    async with admin.transaction():
        await admin.execute("SELECT pg_advisory_xact_lock(hashtext('streamlink roles'))")
        await admin.execute("SET LOCAL client_min_messages = error")  # REVOKE of what is not granted warns
        await admin.execute("; ".join(statements))
