"""What views read, from the table beside this file."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.views import uses_of_view
from proxy.ports import Catalogue, Column, Table


def _table(schema: str, name: str, *columns: str, view: str | None = None) -> Table:
    made = tuple(Column(column, "int") for column in columns)
    return Table(
        schema, name, "table" if view is None else "view", made, view_text=view or None, view_schema=schema
    )


TABLES = (
    _table("s", "t", "a", "b"),
    _table("other", "u", "a", "d"),
    _table("s", "nested", "a", view="SELECT a FROM t"),
    _table("s", "loop", "a", view="SELECT * FROM loop"),
    _table("s", "dark", "a", view=""),
)
SCHEMA = Catalogue(1, {(t.schema, t.name): t for t in TABLES})


def _reads(text: str) -> str:
    uses = uses_of_view(_table("s", "v", "a", view=text), SCHEMA, "spark_catalog")
    if uses is None:
        return "?"
    return " ".join(sorted({f"{use.table.name}.{column}" for use in uses for column in use.read()}))


def _rows() -> list[tuple[str, str]]:
    lines = (Path(__file__).parent / "views.txt").read_text("utf-8").splitlines()
    pairs = [line.split(" | ", 1) for line in lines if line.strip() and not line.startswith("#")]
    return [(reads, text.replace("\\n", "\n")) for reads, text in pairs]


@pytest.mark.parametrize(("reads", "text"), [pytest.param(*row, id=row[1][:60]) for row in _rows()])
def test_reads(reads: str, text: str) -> None:
    assert _reads(text) == reads


def test_bare_names_are_looked_up_where_the_view_was_made() -> None:
    view = Table("s", "v", "view", (), view_text="SELECT d FROM u", view_schema="other")
    uses = uses_of_view(view, SCHEMA, "spark_catalog")
    assert uses is not None
    assert [use.table.schema for use in uses] == ["other"]
