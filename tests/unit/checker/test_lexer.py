"""PostgreSQL's lexical rules."""

from __future__ import annotations

import contextlib

import pytest
from sqlglot.tokens import TokenType

from checker.errors import SyntaxProblem
from checker.lexer import fold, lex


def _texts(sql: str) -> list[str]:
    return [token.text for token in lex(sql)]


def _only(sql: str) -> tuple[TokenType, str]:
    [token] = lex(sql)
    assert (token.start, token.end) == (0, len(sql) - 1)
    return token.token_type, token.text


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0", "0"),
        ("42", "42"),
        ("1_000_000", "1000000"),
        ("0x1F", "31"),
        ("0XFF_ff", "65535"),
        ("0o17", "15"),
        ("0b1_01", "5"),
        ("1.5", "1.5"),
        (".5", ".5"),
        ("5.", "5."),
        ("1e10", "1e10"),
        ("1.5E-3", "1.5E-3"),
        ("1_0.0_1", "10.01"),
    ],
)
def test_numbers(written: str, value: str) -> None:
    assert _only(written) == (TokenType.NUMBER, value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("''", ""),
        ("'a''b'", "a'b"),
        ("'a\\n'", "a\\n"),
        ("'a'\n'b'", "ab"),
        ("'a' \t\n\n 'b'\n'c'", "abc"),
        ("'a' -- c\n'b'", "ab"),
        ("'a''' \n '''b'", "a''b"),
        (r"E'a\tb\\\'\"\q'", "a\tb\\'\"q"),
        (r"e'\101\x41\x4\u0041\U00000041'", "AA\x04AA"),
        (r"E'\xc3\xa9'", "é"),
        (r"E'\ud83d\ude00'", "😀"),
        ("E'a''b'\n'\\t'", "a'b\t"),
        (r"U&'d\0061t\+00006F'", "dato"),
        (r"u&'a\\b'", "a\\b"),
        ("U&'d!0061' UESCAPE '!'", "da"),
        (r"U&'\d83d\de00'", "😀"),
        ("$$a'b$$", "a'b"),
        ("$x$a$$b$x$", "a$$b"),
    ],
)
def test_strings(written: str, value: str) -> None:
    assert _only(written) == (TokenType.STRING, value)


@pytest.mark.parametrize(
    ("written", "kind", "value"),
    [
        ('"a""b"', TokenType.IDENTIFIER, 'a"b'),
        (r'U&"d\0061t"', TokenType.IDENTIFIER, "dat"),
        ("FooBar", TokenType.VAR, "foobar"),
        ("ÑandÚ", TokenType.VAR, "ÑandÚ"),
        ("a$1_b", TokenType.VAR, "a$1_b"),
        ("list", TokenType.VAR, "list"),
        ("qualify", TokenType.VAR, "qualify"),
        ("SELECT", TokenType.SELECT, "select"),
        ("B'01'", TokenType.BIT_STRING, "01"),
        ("x'1f'", TokenType.HEX_STRING, "1f"),
    ],
)
def test_words(written: str, kind: TokenType, value: str) -> None:
    assert _only(written) == (kind, value)


@pytest.mark.parametrize(
    ("sql", "pieces"),
    [
        ("a<-1", ["a", "<", "-", "1"]),
        ("a<>-1", ["a", "<>", "-", "1"]),
        ("a!=-1", ["a", "!=-", "1"]),
        ("a@-1", ["a", "@-", "1"]),
        ("a+-1", ["a", "+", "-", "1"]),
        ("a--b\n-c", ["a", "-", "c"]),
        ("a-/*x*/b", ["a", "-", "b"]),
        ("a*/*x*/b", ["a", "*", "b"]),
        ("a::b", ["a", "::", "b"]),
        ("a[1:2]", ["a", "[", "1", ":", "2", "]"]),
        ("a.b.*", ["a", ".", "b", ".", "*"]),
        ("$1+$12", ["$", "1", "+", "$", "12"]),
        ("a->>'b'", ["a", "->>", "b"]),
        ("f(a=>1)", ["f", "(", "a", "=>", "1", ")"]),
        ("'a' 'b'", ["a", "b"]),
        ("e 'a'", ["e", "a"]),
    ],
)
def test_pieces(sql: str, pieces: list[str]) -> None:
    assert _texts(sql) == pieces


def test_only_postgres_white_space_separates() -> None:
    assert _texts("a\x0bb\x0cc") == ["a", "b", "c"]
    assert _texts("a\xa0b") == ["a\xa0b"]
    assert _texts("SELECT\u20031") == ["select\u20031"]


def test_fold_leaves_other_letters_alone() -> None:
    assert fold("ÄbC") == "Äbc"


@pytest.mark.parametrize(
    "sql",
    [
        "'" * 20_001,
        "'a' --" * 5_000,
        "'a'\n" + "-- c " * 20_000,
        "E'" + "\\" * 40_001,
        "/*" * 30_000,
        "$a" * 20_000,
        "1_" * 20_000,
        "U&" * 20_000 + "'",
        "-" * 60_001,
        "<+" * 30_000,
    ],
)
def test_hostile_text_takes_no_time(sql: str) -> None:
    """Not a timing: a pattern that tries again and again would not end at all."""
    with contextlib.suppress(SyntaxProblem):
        lex(sql)
