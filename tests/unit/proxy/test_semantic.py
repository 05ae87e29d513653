"""The file of what Spark's catalogue does not tell: what it may say, and what becomes of what does not hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from proxy.ports import Column, Reference, Table
from proxy.semantic import SemanticError, Semantics, read_semantics
from proxy.settings import shipped

PATENT = Table("s", "Patent", "table", (Column("ID", "string"), Column("title", "string", "Spark's own")), "")
CPC = Table("s", "cpc", "table", (Column("id", "string"), Column("n", "int")), "codes")
VIEW = Table("s", "v", "view", (Column("id", "string"),))


def semantics(folder: Path, text: str) -> Semantics:
    file = folder / "semantic.toml"
    file.write_text(text, "utf-8")
    return read_semantics(file)


def test_words_and_keys(tmp_path: Path) -> None:
    said = semantics(
        tmp_path,
        """
        [tables."s.patent"]
        comment = "granted"
        key = ["id"]
        columns = { id = "the number", title = "ours" }
        [tables."s.cpc"]
        comment = "ours"
        references = [{ columns = ["id"], table = "s.patent" }]
        """,
    )
    (patent, cpc), problems = said.applied([PATENT, CPC])
    assert not problems
    assert (patent.comment, patent.key) == ("granted", ("id",))
    assert [column.comment for column in patent.columns] == ["the number", "Spark's own"]
    assert (cpc.comment, cpc.references) == ("codes", (Reference(("id",), "s", "patent"),))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[tables."s.gone"]\nkey = ["a"]', "there is no table s.gone"),
        ('[tables."s.cpc"]\nkey = ["a"]', "s.cpc has no column a for its key"),
        ('[tables."s.v"]\nkey = ["id"]', "s.v is a view and has no key"),
        ('[tables."s.cpc".columns]\na = "x"', "s.cpc has no column a"),
        (
            '[tables."s.cpc"]\nreferences = [{ columns = ["id"], table = "s.patent" }]',
            "s.cpc (id) cannot refer to s.patent: it has no key",
        ),
        (
            '[tables."s.cpc"]\nreferences = [{ columns = ["id"], table = "s.gone" }]',
            "s.cpc (id) cannot refer to s.gone: it is not there",
        ),
        (
            '[tables."s.patent"]\nkey = ["id"]\n'
            '[tables."s.cpc"]\nreferences = [{ columns = ["n"], table = "s.patent" }]',
            "s.cpc (n) cannot refer to s.patent: the columns are not of the types of its key",
        ),
        (
            '[tables."s.patent"]\nkey = ["id"]\n'
            '[tables."s.v"]\nreferences = [{ columns = ["id"], table = "s.patent" }]',
            "s.v (id) cannot refer to s.patent: it is a view",
        ),
    ],
)
def test_what_does_not_hold_is_left_out_and_told(tmp_path: Path, text: str, problem: str) -> None:
    tables, problems = semantics(tmp_path, text).applied([PATENT, CPC, VIEW])
    assert problems == (problem,)
    assert not any(table.references for table in tables)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tables", "Expected"),
        ("[table]\n", "unknown key 'table'"),
        ('[tables.patent]\nkey = ["a"]', 'write a table as "schema.table"'),
        ('[tables."s.t"]\nkeys = ["a"]', "s.t: unknown key 'keys'"),
        ('[tables."s.t"]\nkey = "a"', "s.t key: not a list"),
        ('[tables."s.t"]\nkey = []', "s.t key: not a list"),
        ('[tables."s.t"]\nkey = ["a", "a"]', "s.t key: a column twice"),
        ('[tables."s.t"]\ncomment = 1', "s.t comment: not a text"),
        ('[tables."s.t"]\nreferences = [1]', "s.t references: not a table"),
        ('[tables."s.t"]\nreferences = [{ columns = ["a"] }]', "s.t references table: not a text"),
        ('[tables."s.t"]\nreferences = [{ column = ["a"], table = "s.u" }]', "unknown key 'column'"),
    ],
)
def test_what_has_no_meaning_stops_the_start(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SemanticError, match=re.escape(words)):
        semantics(tmp_path, text)


def test_no_file_says_nothing() -> None:
    assert read_semantics(None).applied([PATENT]) == ((PATENT,), ())


def test_what_ships_can_be_read() -> None:
    assert ("patents", "patent") in read_semantics(shipped("semantic.toml")).tables
