"""pg_cancel_backend and pg_terminate_backend: tools cancel by SQL, and mean our sessions by it.

The mirror answers such a statement, whatever its shape, with one more replacement in its tree beside pg_stat_activity
(relations.py): a signal is `pg_notify` on a channel whose name nobody else knows, for a process id of the user's own
sessions.  The connection that runs the statement listens on that channel, so the notices come back in its own answer,
and only then is anything signalled.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlglot import expressions as exp

from checker.verdict import Facts
from proxy import relations

if TYPE_CHECKING:
    from proxy.session import Session

CANCEL, TERMINATE = "pg_cancel_backend", "pg_terminate_backend"
CHANNEL = "streamlink_" + secrets.token_hex(16)
"""Drawn anew for each run of the server; the gate lets no client call pg_notify or LISTEN besides."""


def concerns(facts: Facts) -> bool:
    """Whether a statement speaks of sessions, so that its answer is a session's own and may not be remembered."""
    return signals(facts) or relations.concerns(facts)


def signals(facts: Facts) -> bool:
    """Whether it may signal."""
    return any(f.name in (CANCEL, TERMINATE) for f in facts.functions)


def rewritten(tree: exp.Expression, viewer: Session) -> exp.Expression:
    """A copy of an allowed tree with all replacements, for one who may see and signal what the registry says."""
    tree = tree.copy()
    pids = viewer.service.registry.pids_seen_by(viewer)
    for call in list(tree.find_all(exp.Anonymous)):
        name = call.name.lower()
        if name in (CANCEL, TERMINATE) and call.expressions:
            node: exp.Expr = _signal(name, call.expressions[0], pids)
            target = call.parent if isinstance(call.parent, exp.Dot) else call
            if isinstance(target.parent, exp.Select):
                node = exp.alias_(node, name)
            target.replace(node)
    relations.replaced(tree, viewer)
    return tree


def _signal(name: str, pid: exp.Expr, known: list[int]) -> exp.Expr:
    text = (
        f"CASE WHEN CAST(0 AS integer) = ANY(CAST('{{{','.join(map(str, known))}}}' AS integer[])) "
        f"THEN pg_catalog.pg_notify('{CHANNEL}', '{name} ' || CAST(CAST(0 AS integer) AS text)) IS NOT NULL "
        "ELSE FALSE END"
    )
    node = relations.parsed(text)
    for zero in list(node.find_all(exp.Cast)):
        if isinstance(zero.this, exp.Literal) and zero.this.this == "0":
            zero.this.replace(exp.Paren(this=pid.copy()))
    return node


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
