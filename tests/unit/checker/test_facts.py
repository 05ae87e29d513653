"""What a statement's facts are, from the table beside this file."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.facts import cut
from checker.gate import Gate
from checker.verdict import Allowed, Facts, Relation


def _rows() -> list[tuple[str, str]]:
    lines = (Path(__file__).parent / "facts.txt").read_text("utf-8").splitlines()
    pairs = [line.split(" | ", 1) for line in lines if line.strip() and not line.startswith("#")]
    return [(facts.strip(), sql) for facts, sql in pairs]


def _facts(sql: str) -> Facts:
    verdict = Gate().check(sql)
    assert isinstance(verdict, Allowed), verdict
    return verdict.facts


def _shown(relation: Relation) -> str:
    name = f'"{relation.name}"' if relation.quoted else relation.name
    return ".".join(part for part in (relation.catalog, relation.schema, name) if part)


@pytest.mark.parametrize(("expected", "sql"), [pytest.param(*row, id=row[1][:60]) for row in _rows()])
def test_facts(expected: str, sql: str) -> None:
    facts = _facts(sql)
    relations = " ".join(dict.fromkeys(map(_shown, facts.relations))) or "-"
    names = dict.fromkeys(f"{f.schema}.{f.name}" if f.schema else f.name for f in facts.functions)
    wanted_relations, wanted_functions, wanted_parameters = (part.strip() for part in expected.split(";"))
    assert relations == wanted_relations
    assert sorted(names) == sorted(wanted_functions.replace("-", "").split())
    assert (" ".join(map(str, facts.parameters)) or "-") == wanted_parameters


def test_places_are_positions_in_the_text() -> None:
    facts = _facts("SELECT length(a) FROM s.t")
    assert facts.relations[0].position == 23
    assert facts.functions[0].position == 8


@pytest.mark.parametrize(
    ("sql", "catalogue"),
    [
        ("SELECT 1", True),
        ("SELECT * FROM pg_class", True),
        ("SELECT * FROM pg_catalog.pg_class, information_schema.columns", True),
        ("SELECT * FROM t", False),
        ("SELECT * FROM pg_class, t", False),
        ("SELECT * FROM public.pg_class", False),
    ],
)
def test_catalogue_only(sql: str, catalogue: bool) -> None:
    assert _facts(sql).catalogue_only is catalogue


def test_settings_that_a_statement_writes() -> None:
    assert _facts("SET search_path TO a").settings_written == ("search_path",)
    assert _facts("SELECT set_config('TimeZone', 'UTC', true)").settings_written == ("TimeZone",)


def test_long_names_are_cut_as_postgres_cuts_them() -> None:
    assert cut("a" * 70) == "a" * 63
    assert cut("é" * 40) == "é" * 31
    assert _facts(f"SELECT * FROM {'t' * 70}").relations[0].name == "t" * 63
