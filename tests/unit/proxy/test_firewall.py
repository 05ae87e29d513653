"""What the firewall lets through, learns and puts up for review, before any of it is on the mirror."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from checker.context import Grants
from checker.firewall import ShapeList
from checker.shape import shape_of
from proxy.firewall import SEEN_MAX, Firewall
from proxy.plan import Reviewed
from proxy.sqlstate import DeniedByGate

Seen = dict[tuple[str, str], Any]


def session(mode: Any, *roles: str, redact: bool = False) -> Any:
    return SimpleNamespace(
        user="ann",
        grants=Grants(roles=roles, firewall=mode, redact=redact),
        settings={"application_name": "test"},
        peer=SimpleNamespace(address="::1"),
    )


def reviewed(sql: str, *, exempt: bool = False) -> Reviewed:
    return Reviewed("SELECT", shape_of(sql), exempt)


def firewall(**lists: ShapeList) -> Firewall:
    made = Firewall(SimpleNamespace())  # type: ignore[arg-type]
    made._lists = lists
    return made


SQL = "SELECT a FROM t WHERE b = 'value'"
KNOWN = ShapeList(allowed=frozenset({shape_of(SQL).digest}))


def test_a_new_shape_is_denied_and_put_up_for_review() -> None:
    wall = firewall()
    with pytest.raises(DeniedByGate) as denied:
        wall.check(session("enforce", "app"), reviewed(SQL), SQL)
    assert denied.value.denied.code == "firewall"
    ((key, seen),) = wall._waiting.items()
    assert key == ("app", shape_of(SQL).digest)
    assert (seen.state, seen.count, seen.example, seen.application) == ("pending", 1, SQL, "test")


def test_what_is_on_the_list_of_a_role_passes_and_is_counted_there() -> None:
    wall = firewall(app=KNOWN)
    asking = session("enforce", "app", "guest")
    wall.check(asking, reviewed(SQL), SQL)
    wall.ran(asking, reviewed(SQL), SQL)
    assert [key[0] for key in wall._waiting] == ["app"]


def test_learning_remembers_each_shape_once() -> None:
    wall = firewall()
    for value in range(5):
        sql = f"SELECT a FROM t WHERE b = {value}"
        wall.check(session("learn"), reviewed(sql), sql)
        wall.ran(session("learn"), reviewed(sql), sql)
    ((key, seen),) = wall._waiting.items()
    assert key[0] == "ann", "a user without roles has a list of its own"
    assert (seen.state, seen.count) == ("learned", 5)


def test_examples_of_redacted_roles_hold_no_values() -> None:
    wall = firewall()
    wall.ran(session("learn", "app", redact=True), reviewed(SQL), SQL)
    assert next(iter(wall._waiting.values())).example == shape_of(SQL).text


def test_session_statements_and_roles_without_a_firewall_cost_nothing() -> None:
    wall = firewall()
    wall.check(session("enforce", "app"), reviewed("BEGIN", exempt=True), "BEGIN")
    wall.check(session("off", "app"), reviewed(SQL), SQL)
    wall.ran(session("off", "app"), reviewed(SQL), SQL)
    assert wall._waiting == {}


def test_what_waits_is_bounded() -> None:
    wall = firewall()
    for number in range(SEEN_MAX + 5):
        made_up = Reviewed("SELECT", shape_of("SELECT 1").__class__("x", str(number)), False)
        wall.ran(session("learn", "app"), made_up, "x")
    assert len(wall._waiting) == SEEN_MAX


def test_an_empty_list_under_enforcement_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    wall = firewall(full=KNOWN)
    assert wall.unready(["full", "empty"]) == ["empty"]
    for _ in range(2):
        wall.warn_of(session("enforce", "full", "empty"))
        wall.warn_of(session("learn", "idle"))
    assert [record.getMessage() for record in caplog.records if "empty" in record.getMessage()] == [
        "role empty is under the firewall's enforcement and its list is empty: "
        "it can run nothing until shapes are allowed"
    ]
