"""The relations that the server itself answers: pg_stat_activity and streamlink's sessions, queue and nodes.

The mirror runs the statement, whatever its shape, with such a relation replaced in its tree by what the server knows at
that moment, as one JSON literal.  So the answer is that of the moment when the statement was planned, and it is planned
anew for each execution.

Sessions are also those of the servers that share the mirror (peers.py), a second old.

Rules: a user sees the own sessions and what they wait for, an administrator everybody's; nodes are shown to all and
where they are to administrators; what a session is running is shown to nobody, but for the id under which
streamlink.audit has it.  The mirror has views of these names, which nobody may read: for tools' lists.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlglot import expressions as exp

from checker.desugar import desugar
from checker.dialect import parse
from checker.lexer import lex
from checker.render import quote_string
from checker.verdict import Facts

if TYPE_CHECKING:
    from proxy.session import Session

Rows = Iterator[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Own:
    """One relation: (column, its SQL over `r`, a row as JSON) and what makes its rows for a viewer."""

    columns: tuple[tuple[str, str], ...]
    rows: Callable[[Session], Rows]


def concerns(facts: Facts) -> bool:
    """Whether a statement reads one of them, so that its answer may not be remembered."""
    return any(_of(relation.schema or "", relation.name) for relation in facts.relations)


def replaced(tree: exp.Expression, viewer: Session) -> None:
    """Put what the viewer may see in their places, in this very tree."""
    for table in list(tree.find_all(exp.Table)):
        own = _of(table.db, table.name)
        if own is not None:
            alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name))
            table.replace(exp.Subquery(this=parsed(_query(own, viewer)), alias=alias.copy()))


def parsed(text: str) -> exp.Expression:
    """Our own text as the gate's parser reads it, since the gate's renderer writes it."""
    return parse(desugar(lex(text), text), text)


def _of(schema: str, name: str) -> Own | None:
    return RELATIONS.get((schema or "pg_catalog", name))


def _query(own: Own, viewer: Session) -> str:
    columns = ", ".join(f"{text} AS {name}" for name, text in own.columns)
    rows = json.dumps(list(own.rows(viewer)))
    return f"SELECT {columns} FROM pg_catalog.json_array_elements(CAST({quote_string(rows)} AS json)) AS a(r)"


# --- rows


def _sessions(viewer: Session) -> Rows:
    registry = viewer.service.registry
    yield from map(row_of, registry.seen_by(viewer))
    yield from map(dict, registry.elsewhere(viewer))


def row_of(session: Session) -> dict[str, Any]:
    """A session as JSON."""
    record = session.executor.records.current
    return {
        "pid": session.pid,
        "username": session.user,
        "roles": _array(session.grants.roles),
        "database": session.database,
        "datname": session.service.mirror.database,
        "application_name": session.settings.get("application_name", ""),
        "client_addr": session.peer.address,
        "started": session.started.isoformat(),
        "state": session.state,
        "waiting": session.executor.turn.waiting,
        "statement_id": None if record is None else record.id,
        "statement_started": None if record is None else _iso(record.started),
    }


def _queue(viewer: Session) -> Rows:
    seen = {session.pid for session in viewer.service.registry.seen_by(viewer)}
    for turn, position in viewer.service.control.turns():
        session = turn.session
        if session.pid in seen:
            yield {
                "pid": session.pid,
                "username": session.user,
                "roles": _array(session.grants.roles),
                "state": "waiting" if position else "working",
                "position": position or None,
                "since": _ago(turn.since),
                "statement_id": session.executor.statement_id,
            }


def _nodes(viewer: Session) -> Rows:
    for node in viewer.service.nodes.all():
        yield {
            "name": node.name,
            "kind": node.kind,
            "address": node.address if viewer.grants.admin else None,
            "state": node.state,
            "since": _iso(node.since),
            "in_flight": node.in_flight,
            "last_error": node.last_error,
            "last_error_at": None if node.last_error_at is None else _iso(node.last_error_at),
        }


def _array(items: tuple[str, ...]) -> str:
    """An array literal."""
    return "{" + ",".join('"' + i.replace("\\", "\\\\").replace('"', '\\"') + '"' for i in items) + "}"


def _iso(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat()


def _ago(monotonic: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=time.monotonic() - monotonic)).isoformat()


# --- columns


def _typed(*columns: str) -> tuple[tuple[str, str], ...]:
    """Columns of `name type`, each with the key of its name."""
    pairs = (column.split(" ", 1) for column in columns)
    return tuple((name, f"CAST(r ->> '{name}' AS {kind})") for name, kind in pairs)


# pg_stat_activity of PostgreSQL 18, column by column.
_ACTIVITY = (
    (
        "datid",
        "(SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = CAST(r ->> 'datname' AS name))",
    ),
    ("datname", "CAST(r ->> 'datname' AS name)"),
    ("pid", "CAST(r ->> 'pid' AS integer)"),
    ("leader_pid", "CAST(NULL AS integer)"),
    (
        "usesysid",
        "(SELECT u.usesysid FROM pg_catalog.pg_user AS u WHERE u.usename = CAST(r ->> 'username' AS name))",
    ),
    ("usename", "CAST(r ->> 'username' AS name)"),
    ("application_name", "(r ->> 'application_name')"),
    ("client_addr", "CAST(r ->> 'client_addr' AS inet)"),
    ("client_hostname", "CAST(NULL AS text)"),
    ("client_port", "CAST(NULL AS integer)"),
    ("backend_start", "CAST(r ->> 'started' AS timestamp with time zone)"),
    ("xact_start", "CAST(NULL AS timestamp with time zone)"),
    ("query_start", "CAST(NULL AS timestamp with time zone)"),
    ("state_change", "CAST(NULL AS timestamp with time zone)"),
    ("wait_event_type", "CAST(NULL AS text)"),
    ("wait_event", "CAST(NULL AS text)"),
    ("state", "(r ->> 'state')"),
    ("backend_xid", "CAST(NULL AS xid)"),
    ("backend_xmin", "CAST(NULL AS xid)"),
    ("query_id", "CAST(NULL AS bigint)"),
    ("query", "CAST(NULL AS text)"),
    ("backend_type", "CAST('client backend' AS text)"),
)
_TIME = "timestamp with time zone"
SESSIONS = (
    *("pid integer", "username text", "roles text[]", "database text", "application_name text"),
    *("client_addr text", f"started {_TIME}", "state text", "waiting boolean", "statement_id uuid"),
    f"statement_started {_TIME}",
)
QUEUE = (
    *("pid integer", "username text", "roles text[]", "state text", "position integer", f"since {_TIME}"),
    "statement_id uuid",
)
NODES = (
    *("name text", "kind text", "address text", "state text", f"since {_TIME}", "in_flight integer"),
    *("last_error text", f"last_error_at {_TIME}"),
)

RELATIONS = {
    ("pg_catalog", "pg_stat_activity"): Own(_ACTIVITY, _sessions),
    ("streamlink", "sessions"): Own(_typed(*SESSIONS), _sessions),
    ("streamlink", "queue"): Own(_typed(*QUEUE), _queue),
    ("streamlink", "nodes"): Own(_typed(*NODES), _nodes),
}
