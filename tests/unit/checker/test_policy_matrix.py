"""Roles by statements: every way round a right that is known from the field, with what the gate says to each role.

policy/matrix.txt has a line for each statement and a word for each role: `as-is` (allowed, the tree untouched), `seen`
(allowed, with filters, masks or names written into it), or the code of the denial.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker.context import Context
from checker.gate import Gate
from checker.lexer import lex
from checker.policy import load
from checker.verdict import Allowed, Denied
from proxy.ports import Catalogue, Column, Table
from tests.unit.checker.test_gate_properties import disguise
from training.grammar import GRAMMAR_ALONE

HERE = Path(__file__).parent / "policy"
POLICY = load(HERE / "roles.toml")
ROLES = tuple(POLICY.roles)


def table(name: str, columns: str, view: str | None = None) -> Table:
    schema, _, short = name.partition(".")
    kinds = {"id": "int", "salary": "int", "dept_id": "int", "CamelCase": "int", "plain": "int"}
    made = tuple(Column(column, kinds.get(column, "string")) for column in columns.split())
    return Table(schema, short, "table" if view is None else "view", made, view_text=view, view_schema="pub")


TABLES = (
    table("hr.staff", "id name salary ssn dept_id region"),
    table("hr.dept", "id title"),
    table("pub.news", "id body"),
    table("pub.MiXed", "CamelCase plain"),
    table("pub.v_staff", "id name", "SELECT id, name FROM hr.staff"),
    table("pub.v_ssn", "id ssn", "SELECT `id`, SSN FROM HR.staff"),
    table("pub.v_deep", "id ssn", "SELECT * FROM v_ssn"),
    table("pub.v_odd", "id", "SELECT id FROM hr.staff LATERAL VIEW explode(array(1)) AS n"),
    table("pub.v_trusted", "id", "SELECT id FROM hr.staff WHERE ssn IS NOT NULL"),
)
SCHEMA = Catalogue(1, {(t.schema, t.name): t for t in TABLES}, frozenset({"hr", "pub"}))


def context(role: str) -> Context:
    # What the injection layer thinks of such statements is its own tests' matter.
    grants = replace(POLICY.grants((role,)), injection=GRAMMAR_ALONE.grants.injection)
    return Context(grants, SCHEMA, ("pub",))


def verdict_word(role: str, statement: str) -> str:
    plain = Gate().check(statement, GRAMMAR_ALONE)
    verdict = Gate().check(statement, context(role))
    if not isinstance(verdict, Allowed):
        assert verdict.code != "gate_failure", verdict
        return verdict.code
    assert isinstance(plain, Allowed)
    return "as-is" if verdict.sql == plain.sql else "seen"


def rows() -> list[tuple[str, str, str]]:
    found = []
    for line in (HERE / "matrix.txt").read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            words, _, statement = line.partition(" | ")
            found += [(role, word, statement) for role, word in zip(ROLES, words.split(), strict=True)]
    return found


@pytest.mark.parametrize(("role", "word", "statement"), rows())
def test_verdict(role: str, word: str, statement: str) -> None:
    assert verdict_word(role, statement) == word


def test_the_matrix_is_as_large_as_it_says() -> None:
    assert len(rows()) >= 400
    assert len({row[2] for row in rows()}) * len(ROLES) == len(rows())


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_disguise_never_changes_what_a_role_gets(data: st.DataObject) -> None:
    role, _, statement = data.draw(st.sampled_from(rows()))
    verdict = Gate().check(statement, context(role))
    other = Gate().check(disguise(data, statement, lex(statement)), context(role))
    if isinstance(verdict, Denied):
        assert isinstance(other, Denied)
        assert (other.code, other.sqlstate, other.reason) == (verdict.code, verdict.sqlstate, verdict.reason)
    else:
        assert isinstance(other, Allowed)
        assert (other.sql, other.tree) == (verdict.sql, verdict.tree)
