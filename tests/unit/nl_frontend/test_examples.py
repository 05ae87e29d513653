"""The examples that ship, and which hold on which tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from nl_frontend.copied import copied_literals
from nl_frontend.drafter import checked_sql
from nl_frontend.examples import load_examples, parse_example


def test_the_shipped_examples_are_drafts_themselves() -> None:
    examples = load_examples()
    assert len(examples) > 10
    for example in examples:
        assert checked_sql(example.sql) == example.sql
        assert not copied_literals(example.sql, example.question, examples), example.question


def test_an_example_holds_where_all_its_names_are(make_table) -> None:
    example = parse_example("q", "SELECT a.x AS n FROM a JOIN b ON a.id = b.id ORDER BY n")
    tables = [make_table("a", "id:int x:int"), make_table("b", "id:int")]
    assert example.holds(tables, ["patents"])
    assert not example.holds(tables[:1], ["patents"])
    assert not example.holds(tables, ["elsewhere"])
    assert not example.holds([make_table("a", "id:int"), tables[1]], ["patents"])


def test_an_example_that_is_no_query(tmp_path: Path) -> None:
    path = tmp_path / "examples.toml"
    path.write_text('[[example]]\nquestion = "q"\nsql = "DROP TABLE a"\n')
    with pytest.raises(ValueError, match="not a query"):
        load_examples(path)
    path.write_text('[[example]]\nquestion = "q"\nsql = "SELECT FROM WHERE"\n')
    with pytest.raises(ValueError, match="no SQL"):
        load_examples(path)
    path.write_text("")
    assert load_examples(path) == ()
