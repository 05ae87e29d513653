"""The forgiving lexer: it takes everything, and loses nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from checker.injection.lexemes import Kind, read


def words(text: str, inside: str = "") -> list[tuple[Kind, str, bool]]:
    return [(lexeme.kind, lexeme.text, lexeme.closed) for lexeme in read(text, inside)]


def test_an_open_string_runs_to_the_end() -> None:
    assert words("y' or") == [(Kind.WORD, "y", True), (Kind.STRING, " or", False)]
    assert words("'''") == [(Kind.STRING, "'", False)]
    assert words("'a''b'") == [(Kind.STRING, "a'b", True)]


def test_within_a_quote() -> None:
    assert words("1' OR 2", "'") == [
        (Kind.STRING, "1", True),
        (Kind.WORD, "or", True),
        (Kind.NUMBER, "2", True),
    ]
    assert words("no quote", '"') == [(Kind.STRING, "no quote", False)]


def test_backslashes_hide_quotes_where_asked() -> None:
    assert len(read(r"'a\' c'", backslashes=True)) == 1
    assert len(read(r"'a\' c'")) == 3


def test_marks_of_other_dialects() -> None:
    assert words('`a` [b] "c" @@d # e') == [
        (Kind.NAME, "a", True),
        (Kind.NAME, "b", True),
        (Kind.NAME, "c", True),
        (Kind.VARIABLE, "@@d", True),
        (Kind.COMMENT, " e", True),
    ]
    assert words("1union 2nd 0x41") == [
        (Kind.NUMBER, "1", True),
        (Kind.WORD, "union", True),
        (Kind.WORD, "2nd", True),
        (Kind.NUMBER, "0x41", True),
    ]
    assert words("/*!50000select*/ /* x") == [(Kind.WORD, "select", True), (Kind.COMMENT, " x", False)]


@given(st.text(alphabet="ab1'\"`[]/*-#\\ \n@.$;()=", max_size=80), st.sampled_from(["", "'", '"']))
def test_lexemes_are_in_order_and_within_the_text(text: str, inside: str) -> None:
    end = 0
    for lexeme in read(text, inside):
        assert end <= lexeme.start <= lexeme.end <= len(text)
        end = lexeme.end
