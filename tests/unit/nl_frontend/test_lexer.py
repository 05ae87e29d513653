"""Tokens: nothing lost, quotes and comments whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nl_frontend.lexer import string_value, tokens


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("a 'b;c' -- d", ["word", "space", "string", "space", "comment"]),
        ("/* a /* b */ c */x", ["comment", "word"]),
        ("/* a /* b */", ["unterminated"]),
        ("$q$ '$$ $q$", ["string"]),
        ("$1", ["other", "other"]),
        ("$$ open", ["unterminated"]),
        (r"e'a\'b'", ["string"]),
        ('"a""b"', ["quoted"]),
        ("'open", ["unterminated"]),
        ("naïve_1", ["word"]),
    ],
)
def test_kinds(text: str, kinds: list[str]) -> None:
    assert [t.kind for t in tokens(text)] == kinds


@given(st.text(alphabet="ab'\"$/*-\\\n; eE", max_size=40))
def test_every_character_belongs_to_one_token(text: str) -> None:
    found = list(tokens(text))
    assert "".join(t.text for t in found) == text
    assert [t.start for t in found[1:]] == [t.end for t in found[:-1]]


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("'it''s'", "it's"),
        ("$$it's$$", "it's"),
        ("$a$x$$y$a$", "x$$y"),
        (r"E'a\'b\nc'", "a'b\nc"),
        ("''", ""),
    ],
)
def test_string_value(literal: str, value: str) -> None:
    assert string_value(literal) == value
