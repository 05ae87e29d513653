from __future__ import annotations

from pathlib import Path

import pytest

from checker.context import Action, Grants, Mask, RowFilter
from checker.policy import PolicyError, load, parse
from checker.verdict import StatementKind
from proxy.settings import shipped

WRONG = Path(__file__).with_name("wrong_policies.txt").read_text().split("\n=====\n")


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.splitlines()[-1])
def test_a_wrong_file_is_refused_with_its_line(case: str) -> None:
    text, _, expected = case.strip().rpartition("\n---\n")
    with pytest.raises(PolicyError) as caught:
        parse(text + "\n", "policy.toml")
    assert str(caught.value).startswith(expected)


def test_the_shipped_policy_lets_everybody_read_and_nobody_write() -> None:
    policy = load(shipped("policy.toml"))
    grants = policy.grants(policy.roles_of("anybody"))
    assert grants.roles == ("reader",)
    assert grants.read == ("*.*",)
    assert grants.functions == ("*",)
    assert grants.writes == ()
    assert not grants.admin
    assert policy.warnings() == ()


def test_the_shipped_role_spells_out_the_defaults() -> None:
    spelt = load(shipped("policy.toml")).roles["reader"]
    text = '[roles.reader]\nread = ["*.*"]\n[roles.reader.databases."*"]\nread = ["*.*"]\n'
    assert spelt == parse(text).roles["reader"]


def test_what_is_not_granted_is_not_there() -> None:
    grants = parse("[roles.a]\n").roles["a"]
    assert grants.read == ()
    assert grants.writes == ()
    assert StatementKind.SELECT in grants.statements


def test_rights_in_other_databases_are_named_there() -> None:
    policy = parse("""
        [roles.a]
        read = ["*.*"]
        deny = ["s.secret"]
        max_rows = 10
        write = { insert = ["*.*"] }
        [roles.a.databases.lake]
        read = ["shop.*", "s.secret"]
        deny = ["shop.staff"]
        filters = { "shop.orders" = "year > 2000" }
        [roles.a.databases."la*"]
        read = ["more.*"]
        masks = { "shop.orders.name" = "left(name, 1)" }
        [roles.b]
        read = ["*.*"]
        [roles.b.databases."*"]
        deny = ["more.*"]
    """)
    lake = policy.grants_in(("a",), "lake")
    assert lake is not None
    assert (lake.roles, lake.max_rows) == (("a",), 10)
    assert lake.read == ("shop.*", "s.secret", "more.*")
    assert lake.deny == ("shop.staff",)
    assert lake.filters == (RowFilter("shop.orders", "year > 2000"),)
    assert lake.masks == (Mask("shop.orders.name", "left(name, 1)"),)
    assert (lake.writes, lake.trusted_views, lake.databases) == ((), (), ())
    assert StatementKind.INSERT not in lake.statements
    both = policy.grants_in(("a", "b"), "lake")
    assert both is not None
    assert both.deny == ("shop.staff", "more.*")
    assert policy.grants_in(("a",), "other") is None
    assert policy.grants_in(("a", "gone"), "lake") is None
    alone = policy.grants_in(("b",), "other")
    assert alone is not None
    assert alone.read == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '[roles.a.databases.lake]\nread = ["x"]\n',
            "p:2: [roles.a.databases.lake] read: 'x' is not a pattern",
        ),
        ('[roles.a.databases.lake]\nwrite = ["x"]\n', "p:2: [roles.a.databases.lake] write: unknown"),
        ('[roles.a]\ndatabases = ["lake"]\n', "p:2: [roles.a.databases]: not a table"),
    ],
)
def test_wrong_rights_in_other_databases(text: str, expected: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse(text, "p")
    assert str(caught.value).startswith(expected)


def test_everything_that_a_role_can_say() -> None:
    grants = parse("""
        [roles.a]
        statements = ["select", "session"]
        read = ["s.*", "t.u.c"]
        deny = ["s.secret"]
        functions = ["kind:aggregate", "lower"]
        max_rows = 10
        [roles.a.filters]
        "s.t" = "year > 2000"
        [roles.a.masks]
        "s.t.name" = "left(name, 1)"
        [roles.a.write]
        insert = ["lab.*"]
        "create schema" = ["lab_*"]
        [roles.a.judge]
        when = "uncertain"
        deny_at = 1
    """).roles["a"]
    assert StatementKind.SELECT in grants.statements
    assert StatementKind.BEGIN in grants.statements
    assert StatementKind.COPY_OUT not in grants.statements
    assert grants.filters == (RowFilter("s.t", "year > 2000"),)
    assert grants.masks == (Mask("s.t.name", "left(name, 1)"),)
    assert grants.writes == ((Action.INSERT, "lab.*"), (Action.CREATE_SCHEMA, "lab_*"))
    assert grants.judge.when == "uncertain"
    assert grants.judge.deny_at == 1.0
    assert grants.max_rows == 10


TWO = """
default_roles = ["a"]
[users]
ann = ["a", "b"]
[roles.a]
read = ["s.*"]
max_rows = 10
max_seconds = 5
max_running = 4
application = true
firewall = "learn"
audit = "all"
prose = false
[roles.a.injection]
deny_at = 0.5
[roles.b]
read = ["t.*"]
deny = ["s.x"]
max_rows = 20
max_running = 2
admin = true
redact = true
[roles.b.filters]
"s.*" = "year > 2000"
[roles.b.judge]
when = "always"
unavailable = "allow"
"""


def test_several_roles_give_all_rights_and_all_restrictions() -> None:
    policy = parse(TWO)
    both = policy.grants(policy.roles_of("ann"))
    assert both.roles == ("a", "b")
    assert both.read == ("s.*", "t.*")
    assert both.deny == ("s.x",)
    assert both.filters == (RowFilter("s.*", "year > 2000"),)
    assert both.max_rows == 20
    assert both.max_seconds is None
    assert both.max_running == (("a", 4), ("b", 2))
    assert both.application
    assert both.firewall == "learn"
    assert both.audit == "all"
    assert both.redact
    assert both.prose
    assert both.admin
    assert both.injection.deny_at == 0.5
    assert both.judge.when == "always"
    assert both.judge.unavailable == "deny"


def test_roles_of_a_user_come_from_both_files_or_are_the_default_ones() -> None:
    policy = parse(TWO)
    assert policy.roles_of("ann", ("b",)) == ("b", "a")
    assert policy.roles_of("bob", ("b",)) == ("b",)
    assert policy.roles_of("bob") == ("a",)


def test_a_role_that_nobody_defined_takes_everything() -> None:
    policy = parse(TWO)
    assert policy.unknown(("a", "gone")) == ("gone",)
    assert policy.grants(("a", "gone")) == Grants(roles=("a", "gone"), prose=False, audit="none")
    assert policy.grants(()) == Grants(prose=False, audit="none")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "nobody can ask for data"),
        ("[roles.a]\n", "nobody can ask for data"),
        ('[roles.a]\nread = ["*.*"]\n', "no default role may read any table"),
        ('default_roles = ["a"]\n[roles.a]\nread = ["*.*"]\nstatements = ["read"]\n', "most drivers fail"),
    ],
)
def test_a_policy_that_locks_people_out_is_warned_of(text: str, expected: str) -> None:
    assert any(expected in warning for warning in parse(text).warnings())
