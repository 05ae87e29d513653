"""The proof of sameness, places carried over, and the tree for the engine."""

from __future__ import annotations

import pytest
from sqlglot import exp, parse_one

from checker.desugar import desugar
from checker.errors import Unrenderable
from checker.faithful import map_position, same_tokens
from checker.gate import Gate
from checker.lexer import lex
from checker.render import to_postgres
from checker.verdict import Allowed


def _same(one: str, other: str) -> bool:
    return same_tokens(desugar(lex(one), one), desugar(lex(other), other))[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a FROM t", "select  A from T -- c"),
        ("SELECT a b FROM t u", "SELECT a AS b FROM t AS u"),
        ("SELECT CAST(a AS int)", "SELECT a::integer"),
        ("SELECT DATE '2020-01-01'", "SELECT '2020-01-01'::date"),
        ("SELECT a FROM t INNER JOIN u ON true", "SELECT a FROM t JOIN u ON true"),
        ("SELECT NOT a IN (1)", "SELECT a NOT IN (1)"),
        ("SELECT a FROM t ORDER BY a ASC NULLS LAST", "SELECT a FROM t ORDER BY a"),
        ("SELECT a FROM t ORDER BY a DESC NULLS FIRST", "SELECT a FROM t ORDER BY a DESC"),
        ("SELECT a FROM t FETCH FIRST ROW ONLY", "SELECT a FROM t LIMIT 1"),
        ("SELECT a != b", "SELECT a <> b"),
        ("SELECT a = b IS NULL", "SELECT (a = b) IS NULL"),
    ],
)
def test_same(one: str, other: str) -> None:
    assert _same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a FROM t WHERE b", "SELECT a FROM t"),
        ("SELECT a FROM t", "SELECT a FROM t WHERE b"),
        ("SELECT 'a'", "SELECT a"),
        ("SELECT a", 'SELECT "a"'),
        ('SELECT "A"', 'SELECT "a"'),
        ("SELECT (a + b) * c", "SELECT a + b * c"),
        ("SELECT a - b", "SELECT b - a"),
        ("SELECT NOT a", "SELECT a"),
        ("SELECT a FROM t ORDER BY a DESC NULLS LAST", "SELECT a FROM t ORDER BY a DESC"),
        ("SELECT a FROM t LEFT JOIN u ON true", "SELECT a FROM t JOIN u ON true"),
        ("SELECT DISTINCT a", "SELECT a"),
        ("SELECT a UNION ALL SELECT b", "SELECT a UNION SELECT b"),
        ("SELECT 1 = ANY ((SELECT a))", "SELECT 1 = ANY (SELECT a)"),
        ("SELECT 10", "SELECT 1.0"),
        ("SELECT a::int", "SELECT a::bigint"),
    ],
)
def test_not_same(one: str, other: str) -> None:
    assert not _same(one, other)


@pytest.mark.parametrize(
    ("original", "word"),
    [
        ("select  nope from pg_class", "nope"),
        ("SELECT a, /* c */ b::int, nope FROM t", "nope"),
        ("SELECT CAST(a AS numeric(3)), DATE '2020-01-01', nope(1) FROM t x", "nope"),
        ("SELECT 'é' || nope", "nope"),
        ("SELECT 1 FROM t INNER JOIN nope u ON (u.a = t.a)", "nope"),
    ],
)
def test_places_come_back(original: str, word: str) -> None:
    verdict = Gate().check(original.replace("nope(1)", "length(1)"))
    assert isinstance(verdict, Allowed)
    generated = verdict.sql.replace("length(1)", "nope(1)")
    place = generated.index(word) + 1
    assert map_position(original, generated, place) == original.index(word) + 1


def test_no_place_for_what_cannot_be_read() -> None:
    assert map_position("SELECT 'a", "SELECT 1", 3) is None
    assert map_position("SELECT 1", "SELECT 1", 50) is None


def test_a_tree_that_was_rewritten_is_written_whole() -> None:
    tree = parse_one("SELECT a FROM t", read="postgres")
    table = tree.find(exp.Table)
    assert table is not None
    table.set("db", exp.to_identifier("My Schema"))
    tree = tree.where(exp.EQ(this=exp.column("b"), expression=exp.Literal.string("it's \\")))  # type: ignore[attr-defined]
    assert to_postgres(tree) == "SELECT a FROM \"My Schema\".t WHERE b =  E'it''s \\\\'"


@pytest.mark.parametrize(
    "node",
    [
        exp.Insert(this=exp.to_table("t")),
        exp.Command(this="VACUUM"),
        exp.Select(expressions=[exp.Star()], hint=exp.Hint(expressions=[exp.var("x")])),
        exp.Literal(this="1; DROP TABLE t", is_string=False),
        exp.Var(this="a b; c"),
        exp.Anonymous(this="f(", expressions=[]),
        exp.Parameter(this=exp.Identifier(this="x")),
        exp.DataType.build("STRUCT<a int>"),
    ],
)
def test_what_no_rule_covers_is_refused(node: exp.Expression) -> None:
    with pytest.raises(Unrenderable):
        to_postgres(node)
