"""What the server answers of itself, as text for the mirror."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from checker.gate import Gate
from checker.render import to_postgres
from checker.verdict import Allowed
from proxy import relations
from proxy.control import Control, Turn
from proxy.nodes import Node
from proxy.settings import Settings


def session(service: Any, pid: int, user: str = "ann", **more: Any) -> Any:
    each = SimpleNamespace(
        service=service,
        pid=pid,
        user=user,
        database="d",
        settings={"application_name": "it's \\ {tool}"},
        peer=SimpleNamespace(address="127.0.0.1"),
        started=datetime(2026, 1, 2, tzinfo=UTC),
        state="idle",
        grants=SimpleNamespace(roles=("a", 'b"\\'), max_running=(), admin=False),
        executor=SimpleNamespace(statement_id=None, records=SimpleNamespace(current=None)),
        **more,
    )
    each.executor.turn = Turn(service.control, each)
    return each


@pytest.fixture
def service() -> Any:
    made = SimpleNamespace(control=Control(Settings()), mirror=SimpleNamespace(database="d"))
    made.nodes = SimpleNamespace(all=lambda: [Node("spark", "spark", "host:1", "down", 0.0, 3, "Lost", 1.0)])
    return made


def rewritten(sql: str, viewer: Any, seen: list[Any]) -> str:
    viewer.service.registry = SimpleNamespace(seen_by=lambda _: seen, elsewhere=lambda _: [])
    verdict = Gate().check(sql)
    assert isinstance(verdict, Allowed)
    assert verdict.tree is not None
    assert relations.concerns(verdict.facts)
    tree = verdict.tree.copy()
    relations.replaced(tree, viewer)
    return to_postgres(tree)


def rows_in(sql: str) -> Any:
    ((escaped, content),) = re.findall(r"(E?)'((?:[^']|'')*)'::json\b", sql)
    content = content.replace("''", "'")
    return json.loads(content.replace("\\\\", "\\") if escaped else content)


async def test_sessions(service: Any) -> None:
    mine = session(service, 7)
    sql = rewritten("SELECT s.pid FROM streamlink.sessions AS s WHERE state = 'idle'", mine, [mine])
    assert "streamlink" not in sql
    (row,) = rows_in(sql)
    assert row["application_name"] == "it's \\ {tool}"
    assert row["roles"] == '{"a","b\\"\\\\"}'
    assert (row["pid"], row["waiting"], row["statement_id"]) == (7, False, None)
    assert "AS s" in sql


async def test_nothing_is_an_empty_relation(service: Any) -> None:
    assert rows_in(rewritten("SELECT * FROM streamlink.queue", session(service, 1), [])) == []


async def test_the_queue_shows_a_viewer_its_own(service: Any) -> None:
    mine, other = session(service, 1), session(service, 2, "bob")
    await mine.executor.turn.hold()
    await other.executor.turn.hold()
    rows = rows_in(rewritten("SELECT * FROM streamlink.queue", mine, [mine]))
    assert [(row["pid"], row["state"], row["position"]) for row in rows] == [(1, "working", None)]


@pytest.mark.parametrize("admin", [True, False])
async def test_where_nodes_are_is_for_administrators(service: Any, admin: bool) -> None:
    viewer = session(service, 1)
    viewer.grants.admin = admin
    (row,) = rows_in(rewritten("SELECT * FROM streamlink.nodes", viewer, []))
    assert row["address"] == ("host:1" if admin else None)
    assert (row["state"], row["in_flight"], row["last_error"]) == ("down", 3, "Lost")


def test_another_schema_s_tables_are_not_meant() -> None:
    verdict = Gate().check("SELECT 1 FROM shop.sessions, queue")
    assert isinstance(verdict, Allowed)
    assert not relations.concerns(verdict.facts)
