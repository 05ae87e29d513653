"""pg_cancel_backend, pg_terminate_backend and pg_stat_activity: tools cancel by SQL, and mean our sessions by it.

The mirror answers such a statement, whatever its shape, with two replacements in its tree: pg_stat_activity is the
list of the user's own sessions, and a signal is `pg_notify` on a channel whose name nobody else knows, for a process
id that is on that list.  The connection that runs the statement listens on that channel, so the notices come back in
its own answer, and only then is anything signalled.  What a session is running is shown to nobody.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sqlglot import expressions as exp

from checker.desugar import desugar
from checker.dialect import parse
from checker.lexer import lex
from checker.render import quote_string
from checker.verdict import Facts

if TYPE_CHECKING:
    from proxy.session import Session

CANCEL, TERMINATE = "pg_cancel_backend", "pg_terminate_backend"
ACTIVITY = "pg_stat_activity"
CHANNEL = "streamlink_" + secrets.token_hex(16)
"""Drawn anew for each run of the server; the gate lets no client call pg_notify or LISTEN besides."""

# pg_stat_activity of PostgreSQL 18, column by column; `s` is a session.
_COLUMNS = (
    ("datid", "(SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = s.database)"),
    ("datname", "CAST(s.database AS name)"),
    ("pid", "s.pid"),
    ("leader_pid", "CAST(NULL AS integer)"),
    ("usesysid", "(SELECT u.usesysid FROM pg_catalog.pg_user AS u WHERE u.usename = s.usename)"),
    ("usename", "CAST(s.usename AS name)"),
    ("application_name", "CAST(s.application AS text)"),
    ("client_addr", "CAST(s.address AS inet)"),
    ("client_hostname", "CAST(NULL AS text)"),
    ("client_port", "CAST(NULL AS integer)"),
    ("backend_start", "CAST(s.started AS timestamp with time zone)"),
    ("xact_start", "CAST(NULL AS timestamp with time zone)"),
    ("query_start", "CAST(NULL AS timestamp with time zone)"),
    ("state_change", "CAST(NULL AS timestamp with time zone)"),
    ("wait_event_type", "CAST(NULL AS text)"),
    ("wait_event", "CAST(NULL AS text)"),
    ("state", "CAST(s.state AS text)"),
    ("backend_xid", "CAST(NULL AS xid)"),
    ("backend_xmin", "CAST(NULL AS xid)"),
    ("query_id", "CAST(NULL AS bigint)"),
    ("query", "CAST(NULL AS text)"),
    ("backend_type", "CAST('client backend' AS text)"),
)


def concerns(facts: Facts) -> bool:
    """Whether a statement speaks of sessions, so that its answer is a session's own and may not be remembered."""
    return any(f.name in (CANCEL, TERMINATE) for f in facts.functions) or any(
        r.name == ACTIVITY and r.schema in (None, "pg_catalog") for r in facts.relations
    )


def signals(facts: Facts) -> bool:
    """Whether it may signal."""
    return any(f.name in (CANCEL, TERMINATE) for f in facts.functions)


def rewritten(tree: exp.Expression, sessions: Iterable[Session]) -> exp.Expression:
    """A copy of an allowed tree with both replacements; `sessions` are those that the user may see and signal."""
    tree = tree.copy()
    mine = list(sessions)
    for call in list(tree.find_all(exp.Anonymous)):
        name = call.name.lower()
        if name in (CANCEL, TERMINATE) and call.expressions:
            node: exp.Expr = _signal(name, call.expressions[0], [s.pid for s in mine])
            target = call.parent if isinstance(call.parent, exp.Dot) else call
            if isinstance(target.parent, exp.Select):
                node = exp.alias_(node, name)
            target.replace(node)
    for table in list(tree.find_all(exp.Table)):
        if table.name == ACTIVITY and table.db in ("", "pg_catalog"):
            alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(ACTIVITY))
            table.replace(exp.Subquery(this=_activity(mine), alias=alias.copy()))
    return tree


def _signal(name: str, pid: exp.Expr, known: list[int]) -> exp.Expr:
    text = (
        f"CASE WHEN CAST(0 AS integer) = ANY(CAST('{{{','.join(map(str, known))}}}' AS integer[])) "
        f"THEN pg_catalog.pg_notify('{CHANNEL}', '{name} ' || CAST(CAST(0 AS integer) AS text)) IS NOT NULL "
        "ELSE FALSE END"
    )
    node = _parsed(text)
    for zero in list(node.find_all(exp.Cast)):
        if isinstance(zero.this, exp.Literal) and zero.this.this == "0":
            zero.this.replace(exp.Paren(this=pid.copy()))
    return node


def _activity(sessions: list[Session]) -> exp.Expr:
    rows = []
    for session in sessions:
        name = session.settings.get("application_name", "")
        texts = (session.user, name, session.peer.address, session.started.isoformat(), session.state)
        values = [quote_string(text) for text in (*texts, session.service.mirror.database)]
        rows.append(f"({session.pid}, {', '.join(values)})")
    columns = ", ".join(f"{text} AS {name}" for name, text in _COLUMNS)
    return _parsed(
        f"SELECT {columns} FROM (VALUES {', '.join(rows)}) AS s(pid, usename, application, address, started, state, "
        "database)"
    )


def _parsed(text: str) -> exp.Expression:
    """Our own text as the gate's parser reads it, since the gate's renderer writes it."""
    return parse(desugar(lex(text), text), text)


def received(raw: bytes) -> Iterator[tuple[str, int]]:
    """(function, process id) of each NotificationResponse on our channel in an answer."""
    at = 0
    while at < len(raw):
        end = at + 1 + int.from_bytes(raw[at + 1 : at + 5], "big")
        if raw[at : at + 1] == b"A":
            channel, payload, _ = raw[at + 9 : end].split(b"\0")
            if channel.decode() == CHANNEL:
                name, _, pid = payload.decode().partition(" ")
                yield name, int(pid)
        at = end


def without_notifications(raw: bytes) -> bytes:
    """The answer as the client is to see it."""
    kept = []
    at = 0
    while at < len(raw):
        end = at + 1 + int.from_bytes(raw[at + 1 : at + 5], "big")
        if raw[at : at + 1] != b"A":
            kept.append(raw[at:end])
        at = end
    return b"".join(kept)
