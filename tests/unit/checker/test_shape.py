"""Values, comments, case and white space are no part of a shape; names, operators and structure are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker.errors import SyntaxProblem
from checker.gate import Gate
from checker.lexer import lex
from checker.shape import Shape, shape_of
from checker.verdict import Allowed, Denied
from training.grammar import GRAMMAR_ALONE

HERE = Path(__file__).parent
GATE = Gate()


def checked(sql: str) -> Allowed | Denied:
    """Whatever a finding on injection would say."""
    return GATE.check(sql, GRAMMAR_ALONE)


def blocks() -> list[tuple[str, list[str]]]:
    found = []
    for block in (HERE / "shapes.txt").read_text("utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if lines:
            assert lines[0].startswith("= "), lines
            found.append((lines[0].removeprefix("= "), lines[1:]))
    return found


def shape(sql: str) -> Shape:
    verdict = checked(sql)
    return shape_of(verdict if isinstance(verdict, Allowed) else sql)


@pytest.mark.parametrize(("expected", "statements"), blocks())
def test_statements_of_one_shape(expected: str, statements: list[str]) -> None:
    assert statements
    for statement in statements:
        assert shape(statement).text == expected, statement


def test_no_two_blocks_are_one_shape() -> None:
    digests = [shape(statements[0]).digest for _, statements in blocks()]
    assert len(set(digests)) == len(digests)
    assert all(len(digest) == 32 for digest in digests)


def test_the_tree_is_left_alone() -> None:
    verdict = checked("SELECT (a), 'x' FROM t AS t WHERE b IN (1, 2) OFFSET 1 LIMIT 2")
    assert isinstance(verdict, Allowed)
    assert verdict.tree is not None
    before = repr(verdict.tree)
    assert shape_of(verdict) == shape_of(verdict.tree)
    assert repr(verdict.tree) == before


def test_what_is_shown_is_a_statement() -> None:
    for expected, _ in blocks():
        if expected.startswith(("SELECT", "VALUES", "WITH")):
            assert isinstance(checked(expected), Allowed), expected
            assert shape(expected).text == expected


@pytest.mark.parametrize(
    "text", ["", ";", "\x00", "'", '"', "$a$", "\ud800", "SELECT '\ud800'", "(" * 300, "1 2 3"]
)
def test_any_text_has_a_shape(text: str) -> None:
    assert shape_of(text).digest == shape_of(text).digest


# A statement with holes: values go into {v}, lists into {l}, names are varied one at a time.
TEMPLATE = (
    "SELECT {c}, {f}(b, {v}) AS x FROM {t} JOIN u ON u.a = {t}.a WHERE {c} {o} {v} AND b IN ({l}) "
    "AND d BETWEEN {v} AND {v} {x} GROUP BY {c}, b ORDER BY b LIMIT {v}"
)
PLAIN = {"c": "c", "f": "coalesce", "t": "t", "o": "=", "x": ""}
CHANGES = [
    {"c": "cc"}, {"c": '"C"'}, {"f": "nullif"}, {"t": "tt"}, {"o": "<>"}, {"o": "<"}, {"o": "LIKE"},
    {"x": "OR b = c"}, {"x": "AND true"}, {"x": "AND b IS NULL"}, {"x": "AND b = (SELECT 1)"},
]  # fmt: skip
VALUE = st.one_of(
    st.integers().map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str),
    st.text(st.characters(codec="utf-8", exclude_characters="\0")).map(
        lambda s: "'" + s.replace("'", "''") + "'"
    ),
    st.sampled_from(
        ["NULL", "true", "FALSE", "$1", "$7", "B'01'", "X'1f'", "E'\\n'", "$q$it's$q$", "U&'\\0041'"]
    ),
)
SEPARATORS = st.sampled_from([" ", "\n", "\t", "/* c; */", " -- it's\n", " /* /* */ '*/ ", "  "])


def filled(data: st.DataObject, **names: str) -> str:
    parts = TEMPLATE.format(**{**PLAIN, **names}, v="\0v", l="\0l").split("\0")
    out = [parts[0]]
    for part in parts[1:]:
        many = data.draw(st.lists(VALUE, min_size=1, max_size=5)) if part[0] == "l" else [data.draw(VALUE)]
        out += [", ".join(many), part[1:]]
    return "".join(out)


def shuffled(data: st.DataObject, sql: str) -> str:
    """The same tokens with other white space, comments and case between them."""
    pieces, end = [], -1
    for token in lex(sql):
        if token.start <= end:
            continue
        source = sql[token.start : token.end + 1]
        if source.isascii() and source.isidentifier() and data.draw(st.booleans()):
            source = source.upper()
        pieces.append(source)
        end = token.end
    return "".join(piece + data.draw(SEPARATORS) for piece in pieces)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_values_and_looks_never_change_it(data: st.DataObject) -> None:
    first, second = filled(data), shuffled(data, filled(data))
    assert isinstance(checked(first), Allowed)
    assert isinstance(checked(second), Allowed), second
    assert shape(first) == shape(second)
    # The shape of the tokens alone does not know which parentheses matter, but values and looks all the same.
    third = data.draw(
        st.sampled_from(["SELECT a FRM t WHERE b = {} AND c IN ({})", "DELETE FROM t WHERE b = {} + {}"])
    )
    one, two = (third.format(data.draw(st.integers(0, 9)), data.draw(st.integers(0, 9))) for _ in range(2))
    assert shape_of(one) == shape_of(shuffled(data, two))


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(CHANGES))
def test_names_operators_and_structure_always_do(data: st.DataObject, change: dict[str, str]) -> None:
    plain, changed = filled(data), filled(data, **change)
    assert isinstance(checked(changed), Allowed), changed
    assert shape(plain).digest != shape(changed).digest
    assert shape_of(plain).digest != shape_of(changed).digest


def corpus() -> list[str]:
    lines = (HERE.parents[1] / "mirror" / "roundtrip.sql").read_text("utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith(("--", "#"))]


def test_the_corpus_keeps_its_shape_when_written_again() -> None:
    seen = 0
    for sql in corpus():
        verdict = checked(sql)
        if not isinstance(verdict, Allowed):
            continue
        first = shape_of(verdict)
        again = checked(verdict.sql)
        assert isinstance(again, Allowed), verdict.sql
        assert shape_of(again) == first, sql
        twice = checked(first.text)
        if verdict.statement is None and isinstance(twice, Allowed):
            assert shape_of(twice) == first, sql
            seen += 1
    assert seen > 50


def test_lexical_errors_group_by_their_reason() -> None:
    with pytest.raises(SyntaxProblem):
        lex("SELECT 'x")
    assert shape_of("SELECT 'x") == shape_of("select 'y z")
    assert shape_of("SELECT 'x") != shape_of('SELECT "x')
