"""cases.sql and invalid.sql: what a statement becomes, and what is refused under which name.

Both files are read and extended by hand.  The right side of a case was run on Spark against PostgreSQL before it was
written down; see tests/engine/test_dialect_oracle.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlglot import parse_one

from checker.gate import Gate
from checker.verdict import Allowed
from spark_thrift.dialect import Untranslatable, to_spark

HERE = Path(__file__).parent
SCHEMA = {
    ("s", "t"): [
        ("id", "int"), ("a", "int"), ("b", "bigint"), ("n", "decimal(10,2)"), ("f", "double"), ("s", "string"),
        ("d", "date"), ("ts", "timestamp_ntz"), ("tz", "timestamp"), ("ok", "boolean"), ("arr", "array<int>"),
    ],
    ("s", "u"): [("id", "int"), ("a", "int"), ("name", "string")],
    ("s", "Odd"): [("a b", "string"), ("Id", "int")],
}  # fmt: skip


def statements(name: str) -> list[str]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("--")]


def cases() -> list[tuple[str, str]]:
    lines = [line.removesuffix(";") for line in statements("cases.sql")]
    return list(zip(lines[::2], lines[1::2], strict=True))


def refusals() -> list[tuple[str, str, str]]:
    split = (line.partition("; -- ") for line in statements("invalid.sql"))
    return [(sql, note[:5], note[6:]) for sql, _, note in split]


@pytest.mark.parametrize(("statement", "expected"), cases(), ids=lambda text: text[:60])
def test_a_statement_becomes(statement: str, expected: str) -> None:
    verdict = Gate().check(statement)
    assert isinstance(verdict, Allowed), verdict
    assert verdict.tree is not None
    assert to_spark(verdict.tree, SCHEMA, subscript_base=1) == expected


@pytest.mark.parametrize(("statement", "sqlstate", "construct"), refusals(), ids=lambda text: text[:60])
def test_a_statement_is_refused(statement: str, sqlstate: str, construct: str) -> None:
    with pytest.raises(Untranslatable) as caught:
        to_spark(parse_one(statement, read="postgres"), SCHEMA)
    assert (caught.value.sqlstate, caught.value.construct) == (sqlstate, construct)


def test_without_a_catalogue_types_are_not_guessed() -> None:
    assert to_spark(parse_one("SELECT a, count(*) FROM s.x GROUP BY a", read="postgres"), None) == (
        "SELECT `x`.`a`, count(*) AS `count` FROM `s`.`x` GROUP BY `x`.`a`"
    )
    for statement in ("SELECT a / 2 FROM s.x", "SELECT a + 1 FROM s.x", "SELECT avg(a) FROM s.x"):
        with pytest.raises(Untranslatable, match="not known"):
            to_spark(parse_one(statement, read="postgres"), None)


def test_a_message_says_what_is_not_supported() -> None:
    assert Untranslatable("SIMILAR TO").message == "SIMILAR TO is not supported on Spark"
    assert Untranslatable("invalid input", sqlstate="22P02").message == "invalid input"


def test_an_operand_written_twice_has_a_bound() -> None:
    statement = f"SELECT {'ln(' * 40}f{')' * 40} FROM s.t"
    with pytest.raises(Untranslatable) as caught:
        to_spark(parse_one(statement, read="postgres"), SCHEMA)
    assert caught.value.sqlstate == "54001"


def test_settings_are_never_substituted() -> None:
    # Spark replaces ${name} by settings and environment variables before it parses a statement.
    assert "${" not in to_spark(parse_one("SELECT '${env:HOME}', '$' || '{x}'", read="postgres"), None)
    with pytest.raises(Untranslatable):
        to_spark(parse_one('SELECT 1 AS "${env:HOME}"', read="postgres"), None)
