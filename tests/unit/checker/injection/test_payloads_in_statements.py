"""Payloads in statements, as vulnerable programs send them, and large sets of honest statements.

The honest ones: the recorded statements of clients that the tests hold, and TPC-H's queries.  Sets that are too large
for the repository are measured by `python -m training.evaluate gate`.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from checker.gate import Gate
from checker.split import split
from checker.verdict import Allowed, Denied
from proxy.cli.check import verdict_on_line
from training.payloads import attacks, honest

_TESTS = Path(__file__).parents[3]


def test_attacks_are_denied() -> None:
    made = attacks(4_000, seed=7)
    missed = [attack for attack in made if isinstance(verdict_on_line(Gate(), attack.statement), Allowed)]
    assert len(made) >= 4_000
    assert len(missed) / len(made) <= 0.001, Counter((a.family, a.context) for a in missed)


def test_the_same_programs_honest_statements_pass() -> None:
    for statement in honest(500, seed=7):
        assert isinstance(Gate().check(statement), Allowed), statement


def _statements(path: str) -> list[str]:
    text = (_TESTS / path).read_text("utf-8")
    if not path.endswith(("queries.sql", "tpch.sql", "tpcds.sql")):  # a statement a line
        lines = [line.removeprefix("error ") for line in text.splitlines()]
        return [line for line in lines if line.strip() and not line.startswith("--")]
    return [statement.text for statement in split(text) if statement.kind == "sql"]


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("clients/queries.sql", 30),
        ("engine/dialect_corpus.sql", 500),
        ("mirror/roundtrip.sql", 100),
        ("unit/checker/injection/tpch.sql", 22),
        ("unit/checker/injection/tpcds.sql", 15),
    ],
)
def test_none_of_the_recorded_statements_is_an_injection(path: str, count: int) -> None:
    statements = _statements(path)
    assert len(statements) >= count
    for sql in statements:
        verdict = Gate().check(sql)
        assert not (isinstance(verdict, Denied) and verdict.code == "injection"), (sql, verdict)
