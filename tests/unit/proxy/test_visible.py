from __future__ import annotations

from checker.context import READ_ALL, Grants, Mask
from proxy.ports import Catalogue, Column, Table
from proxy.visible import shown, visible

TABLE = Table("s", "t", "table", (Column("a", "int", "e.g. 1"), Column("b", "string", "e.g. x")))
SECRET = Table("s", "secret", "table", (Column("a", "int"),))
CATALOGUE = Catalogue(3, {("s", "t"): TABLE, ("s", "secret"): SECRET}, frozenset({"s"}))


def test_who_may_read_everything_sees_everything() -> None:
    assert visible(CATALOGUE, READ_ALL) is CATALOGUE


def test_what_may_not_be_read_is_not_there() -> None:
    seen = visible(CATALOGUE, Grants(read=("s.*",), deny=("s.secret", "s.t.b")))
    assert list(seen.tables) == [("s", "t")]
    assert [column.name for column in seen.tables["s", "t"].columns] == ["a"]


def test_a_masked_column_loses_its_examples() -> None:
    seen = visible(CATALOGUE, Grants(read=("*.*",), masks=(Mask("s.t.b"),)))
    assert [column.comment for column in seen.tables["s", "t"].columns] == ["e.g. 1", ""]


def test_tools_are_shown_the_same() -> None:
    grants = Grants(read=("s.*", "t.*"), deny=("s.secret", "s.t.a"), masks=(Mask("s.t.b"),))
    long = Table("s", "x" * 70, "table", (Column("a", "int"),))
    tables = {**CATALOGUE.tables, ("s", long.name): long}
    seen = shown(Catalogue(3, tables, frozenset({"s", "t", "u"})), grants)
    assert seen.relations == {("s", "t"), ("s", "x" * 63), ("t", "")}, "names are cut as PostgreSQL cuts them"
    assert seen.columns == {("s", "t", "a", False), ("s", "t", "b", True)}
