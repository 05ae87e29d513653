"""Statements cut as PostgreSQL would cut them, and prose as people type it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.gate import Gate
from checker.split import Statement, SyntaxProblem, error_at_end, split
from checker.verdict import Denied


def _texts(text: str) -> list[str]:
    return [statement.text for statement in split(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\n ", []),
        (" ; ;; ", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;", ["SELECT 1"]),
        ("SELECT 1; SELECT 2 ;SELECT 3", ["SELECT 1", "SELECT 2", "SELECT 3"]),
        ("SELECT ';'; x", ["SELECT ';'", "x"]),
        ("SELECT ''';'; x", ["SELECT ''';'", "x"]),
        (r"SELECT E'\';'; x", [r"SELECT E'\';'", "x"]),
        (r"SELECT '\'; x", [r"SELECT '\'", "x"]),
        ("SELECT 'a'\n';'; x", ["SELECT 'a'\n';'", "x"]),
        ("SELECT E'a'\n'\\';'; x", ["SELECT E'a'\n'\\';'", "x"]),
        ('SELECT "a;""b"; x', ['SELECT "a;""b"', "x"]),
        ("SELECT U&'\\0041;' UESCAPE '!'; x", ["SELECT U&'\\0041;' UESCAPE '!'", "x"]),
        ("SELECT $$;$$; x", ["SELECT $$;$$", "x"]),
        ("SELECT $a$;$$;$a$; x", ["SELECT $a$;$$;$a$", "x"]),
        ("SELECT a$b$; x", ["SELECT a$b$", "x"]),
        ("SELECT $1; x", ["SELECT $1", "x"]),
        ("SELECT 1 -- ; '\n, 2; x", ["SELECT 1 -- ; '\n, 2", "x"]),
        ("SELECT 1 /* ; /* ; */ ; */; x", ["SELECT 1 /* ; /* ; */ ; */", "x"]),
        ("SELECT 1 - -1; x", ["SELECT 1 - -1", "x"]),
        ("SELECT 1 / 2; x", ["SELECT 1 / 2", "x"]),
        ("nl: how many; SELECT 1", ["nl: how many", "SELECT 1"]),
        ("NL: what's up?; x", ["NL: what's up?", "x"]),
        ("nl: $$a; b$$; x", ["nl: $$a; b$$", "x"]),
        ("SELECT a, nl: b; x", ["SELECT a, nl: b", "x"]),
        ("nl::text; x", ["nl::text", "x"]),
    ],
)
def test_cuts(text: str, expected: list[str]) -> None:
    assert _texts(text) == expected


@pytest.mark.parametrize(
    "text", ["-- nl: how many\n", "/* ping */", "-- a\n/* b */\n", "/* a */;", "SELECT 1; -- done"]
)
def test_comments_alone_are_empty(text: str) -> None:
    assert split(text)[-1].kind == "empty"


def test_prose_after_a_comment() -> None:
    assert split("/* c */ nl: it's; x") == [
        Statement("/* c */ nl: it's", 0, 16, "sql"),
        Statement("x", 18, 19, "sql"),
    ]


def test_offsets_are_of_the_client_s_text() -> None:
    text = "  SELECT 'é';\n\n  /* é */ SELECT 2  ;"
    assert [(s.text, s.start, s.end) for s in split(text)] == [
        ("SELECT 'é'", 2, 12),
        ("/* é */ SELECT 2", 17, 35),
    ]


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [
        ("SELECT 1 WHERE", "syntax error at end of input", 15),
        ("SELECT 1 WHERE -- so \n ", "syntax error at end of input", 24),
        ("SELECT 1 WHERE;", 'syntax error at or near ";"', 15),
        ("SELECT 1 WHERE /* ; */ ;", 'syntax error at or near ";"', 24),
        ("SELECT 1 WHERE x x;", 'syntax error at or near "x"', 18),
    ],
)
def test_an_error_at_the_end_is_where_postgresql_has_it(text: str, reason: str, position: int) -> None:
    (statement,) = split(text)
    denied = Gate().check(statement.text)
    assert isinstance(denied, Denied)
    denied = error_at_end(denied, text, statement.end)
    assert (denied.reason, denied.position, denied.sqlstate) == (reason, position, "42601")


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("SELECT 1; SELECT 'a", 'unterminated quoted string at or near "\'a"', 18),
        ('SELECT "a;', 'unterminated quoted identifier at or near ""a;"', 8),
        ("SELECT E'a\\'", "unterminated quoted string at or near \"E'a\\'\"", 8),
        ("SELECT $$a", 'unterminated dollar-quoted string at or near "$$a"', 8),
        ("SELECT 1 /* /* */", "unterminated /* comment", 10),
    ],
)
def test_what_is_left_open(text: str, message: str, position: int) -> None:
    with pytest.raises(SyntaxProblem) as raised:
        split(text)
    assert (raised.value.message, raised.value.position, raised.value.sqlstate) == (
        message,
        position,
        "42601",
    )


@given(st.text(alphabet="ab;'\"$-/*\n\\Ee nl:U&1.", max_size=40))
def test_pieces_are_of_the_text(text: str) -> None:
    statements: list[Statement] = []
    position: int | None = 1
    try:
        statements = split(text)
    except SyntaxProblem as problem:
        position = problem.position
    assert position is not None
    assert 1 <= position <= max(1, len(text))
    end = 0
    for statement in statements:
        assert statement.start >= end
        assert text.startswith(statement.text, statement.start)
        assert statement.text == statement.text.strip()
        end = statement.start + len(statement.text)


@given(
    st.lists(st.sampled_from(["SELECT 1", "SELECT ';'", "/* ; */ x", "$$;$$", '";"', "E'\\';'"]), max_size=5)
)
def test_joined_statements_come_apart(pieces: list[str]) -> None:
    assert _texts(";\n".join(pieces)) == pieces
