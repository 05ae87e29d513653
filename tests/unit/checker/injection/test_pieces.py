"""Trees of pieces of SQL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.injection.lexemes import Kind, read
from checker.injection.pieces import Pieces

_WORDS = """
    select from where ( ) , ; and or not in is null like case when then end union 1 'x' a . = || order
    by exists cast as :: limit join on between
"""


def pieces(text: str, inside: str = "", is_value: bool = True) -> list[str]:
    code = [lexeme for lexeme in read(text, inside) if lexeme.kind is not Kind.COMMENT]
    return [tree.sql() for tree in Pieces(code, is_value, inside or "'").trees]


@pytest.mark.parametrize(
    ("text", "inside", "trees"),
    [
        ("1' OR '1'='1", "'", ["'1' OR '1' = '1'"]),
        ("1') or ('1'='1", "'", ["'1'", "? OR ('1' = '1')"]),
        ('x" or ""="', '"', ["'x' OR '' = ''"]),
        ("-1 union select 1,b from c where 1=1", "", ["-1", "SELECT ? UNION SELECT 1, b FROM c WHERE 1 = 1"]),
        ("1 and (select count(*) from a, b) > 0", "", ["1 AND (SELECT COUNT(*) FROM a, b) > 0"]),
        ("1=convert(int, 'x')", "", ["1 = CAST('x' AS int)"]),
        ("7 and a half", "", ["7 AND a", "half"]),
        ("a between 1 and 2 or not b in (1,2)", "", ["a BETWEEN 1 AND 2 OR NOT b IN (1, 2)"]),
        ("left(a, 1) = 'x'", "", ["LEFT(a, 1) = 'x'"]),
        ("having 1=1", "", ["SELECT HAVING 1 = 1"]),
    ],
)
def test_trees(text: str, inside: str, trees: list[str]) -> None:
    assert pieces(text, inside) == trees


def test_a_pipe_is_or_in_a_value_and_concatenation_in_a_statement() -> None:
    assert pieces("a || b") == ["a OR b"]
    assert pieces("a || b", is_value=False) == ["a || b"]


@given(st.lists(st.sampled_from(_WORDS.split()), max_size=40))
def test_any_words_make_trees(words: list[str]) -> None:
    pieces(" ".join(words))
    pieces(" ".join(words), is_value=False)


def test_deep_nesting_is_bounded() -> None:
    assert pieces("(" * 5_000 + "1")
    assert pieces("not " * 5_000 + "(select " * 3_000) is not None
