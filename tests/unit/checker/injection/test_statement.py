"""Findings on statements, inside the gate, from the tables beside this file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from checker.context import READ_ALL, Context, InjectionLimits, SchemaTable
from checker.gate import Gate
from checker.injection import score
from checker.verdict import Allowed, Denied

_HERE = Path(__file__).parent


def lines(name: str) -> list[str]:
    text = (_HERE / name).read_text("utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def context(**grants: object) -> Context:
    class Nothing:
        def find(self, schema: object, name: object, search_path: object) -> SchemaTable | None:
            return None

    return Context(replace(READ_ALL, **grants), Nothing())  # type: ignore[arg-type]


@pytest.mark.parametrize("row", [pytest.param(row, id=row[:70]) for row in lines("attacks.txt")])
def test_attacks_are_denied(row: str) -> None:
    code, position, sql = row.split(" | ", 2)
    verdict = Gate().check(sql.replace("\\n", "\n"))
    assert isinstance(verdict, Denied)
    assert (verdict.code, verdict.sqlstate) == ("injection", "42501")
    first = verdict.findings[0]
    assert (first.code, first.position) == (code, None if position == "-" else int(position))
    assert first.reason in verdict.reason
    assert verdict.position == first.position


@pytest.mark.parametrize("sql", [pytest.param(sql, id=sql[:70]) for sql in lines("honest.txt")])
def test_honest_statements_pass(sql: str) -> None:
    verdict = Gate().check(sql)
    assert isinstance(verdict, Allowed), verdict
    assert score(verdict.findings) < InjectionLimits().deny_at


def test_the_limits_are_the_roles() -> None:
    sql = "SELECT a FROM t WHERE b = 2 OR 1=1"
    lenient = Gate().check(sql, context(injection=InjectionLimits(deny_at=0.99, uncertain_at=0.5)))
    assert isinstance(lenient, Allowed)
    assert [finding.code for finding in lenient.findings] == ["tautology"]
    strict = Gate().check("SELECT a FROM t -- and x", context(injection=InjectionLimits(deny_at=0.2)))
    assert isinstance(strict, Denied)
    assert strict.code == "injection"


def test_positions_count_in_the_whole_text() -> None:
    verdict = Gate().check("SELECT a FROM t WHERE b=2 OR 1=1", base_position=100)
    assert isinstance(verdict, Denied)
    assert verdict.position == verdict.findings[0].position == 130


def test_a_denied_attack_has_findings_and_a_typo_has_none() -> None:
    attack = Gate().check("SELECT a FROM t WHERE b='x' OR '1'='1")
    assert isinstance(attack, Denied)
    assert attack.code == "syntax"
    assert score(attack.findings) >= 0.4
    typo = Gate().check("SELEC a FROM t")
    assert isinstance(typo, Denied)
    assert typo.findings == ()


def test_a_program_that_harvests_the_catalogue_is_noticed() -> None:
    sql = "SELECT table_name FROM information_schema.tables"
    findings = {}
    for application in (False, True):
        verdict = Gate().check(sql, context(application=application))
        assert isinstance(verdict, Allowed)
        findings[application] = [finding.code for finding in verdict.findings]
    assert findings == {False: [], True: ["harvest"]}
