"""catalogue.txt: what becomes of a statement on PostgreSQL's catalogue; tests/mirror/test_visible.py runs such."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checker.catalogue import SEEN
from checker.context import Context, Grants
from checker.gate import Gate
from checker.verdict import Allowed, StatementKind
from proxy.ports import Catalogue

RESTRICTED = Grants(("guest",), frozenset(StatementKind), read=("patents.*",), functions=("*",))
HIDDEN = re.compile(r"NOT \((\w+) IN \(SELECT h\.oid FROM streamlink\.hidden_relations\(\) AS h\(oid\)\)\)")
CASES = [
    line.split(" => ")
    for line in (Path(__file__).parent / "catalogue.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def written(statement: str, grants: Grants = RESTRICTED) -> str:
    verdict = Gate().check(statement, Context(grants, Catalogue(), ("patents",)))
    if not isinstance(verdict, Allowed):
        return verdict.sqlstate
    return HIDDEN.sub(r"NO(\1)", re.sub(r"/\*[^*]*\*/", "", verdict.sql))


@pytest.mark.parametrize(("statement", "expected"), CASES, ids=[case[0] for case in CASES])
def test_a_statement_becomes(statement: str, expected: str) -> None:
    assert written(statement) == expected


@pytest.mark.parametrize("statement", [case[0] for case in CASES if "OFFSET" in case[1]])
def test_who_sees_everything_sees_it_as_it_is(statement: str) -> None:
    everything = Grants(("all",), frozenset(StatementKind), read=("*.*",), functions=("*",))
    assert "streamlink" not in written(statement, everything)


def test_conditions_are_of_both_schemas() -> None:
    assert {schema for schema, _ in SEEN} == {"pg_catalog", "information_schema"}
