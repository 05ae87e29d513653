"""Constant folding, on conditions."""

from __future__ import annotations

import pytest

from checker import dialect
from checker.desugar import desugar
from checker.injection.constants import Folder
from checker.lexer import lex


def truth(condition: str) -> bool | None:
    sql = f"SELECT 1 WHERE {condition}"
    tree = dialect.parse(desugar(lex(sql), sql), sql)
    return Folder().truth(tree.args["where"].this)


@pytest.mark.parametrize(
    "condition",
    [
        "1=1", "'a'='a'", "2>1", "1+1=2", "x=x", "t.x = T.X", "x>=x", "x OR NOT x", "x IS NULL OR x IS NOT NULL",
        "1 OR x",
        "'a'||'b'='ab'", "upper('a')='A'", "ascii('a')=97", "1 IN (2,1)", "3 BETWEEN 1 AND 5", "1 IS NOT NULL",
        "NOT 1=2", "'abc' LIKE 'a%'", "x LIKE '%'", "'1'::int=1", "CAST('5' AS int)=5", "(SELECT 1)=1",
        "EXISTS(SELECT 1)",
        "CASE WHEN 1=1 THEN true ELSE false END", "length('ab')=2", "chr(97)='a'", "((1))=((1))", "'1'=1",
        "x BETWEEN x AND x", "x IN (x)", "1 IS NOT DISTINCT FROM 1", "-1 < 0", "'a' <> 'b'",
    ],
)  # fmt: skip
def test_always_true(condition: str) -> None:
    assert truth(condition) is True


@pytest.mark.parametrize(
    "condition",
    ["1=2", "'a'='b'", "1=1 AND 1=2", "x <> x", "NULL", "NULL = NULL", "1 IN (2,3)", "x AND NOT x"],
)
def test_never_true(condition: str) -> None:
    assert truth(condition) is False


@pytest.mark.parametrize(
    "condition",
    ["x", "x=1", "x=y", "t.x=u.x", "x LIKE 'a%'", "random() > 1", "x IN (1,2)", "1/0=1", "chr(-1)='a'", "x OR y",
     "x IS NULL", "EXISTS(SELECT 1 FROM t)", "(SELECT a FROM t)=1", "1 + 1" * 50 + " = x"],
)  # fmt: skip
def test_depends_on_the_row(condition: str) -> None:
    assert truth(condition) is None
