"""Statements on the product's own path, and what counts as empty."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlglot import parse_one

from training.augment.data import Database
from training.augment.postgres import Engine
from training.augment.proof import Failed, Proven, Prover, constructs_of, is_empty, shape_of


@pytest.mark.parametrize(
    ("sql", "by"),
    [("DELETE FROM maker", "gate"), ("SELECT pg_sleep(1)", "gate"), ("SHOW timezone", "gate"),
     ("SELECT CAST(makername AS inet) FROM maker", "dialect"), ("SELECT nothing FROM maker", None),
     ("SELECT 1 / (makerid - 1) FROM maker", "engine")],
)  # fmt: skip
def test_what_fails_says_where(sql: str, by: str | None, shop: Database, engine: Engine) -> None:
    outcome = Prover(shop, engine).prove(sql)
    assert isinstance(outcome, Failed)
    assert by is None or outcome.by == by
    assert outcome.reason


def test_what_runs_says_what_it_found(shop: Database, engine: Engine) -> None:
    outcome = Prover(shop, engine).prove("SELECT country, count(*) FROM maker GROUP BY country")
    assert outcome == Proven(3, False, ("group by", "aggregate"), outcome.shape)  # type: ignore[union-attr]
    with_cte = Prover(shop, engine).prove(
        "WITH maker AS (SELECT 1 AS n FROM product LIMIT 2) SELECT n FROM maker"
    )
    assert isinstance(with_cte, Proven)
    assert (with_cte.rows, with_cte.constructs) == (2, ("limit", "with"))


@pytest.mark.parametrize(
    ("rows", "empty"),
    [
        ((), True),
        (((0,),), True),
        (((None, Decimal("0E-20")),), True),
        (((0, "x"),), False),
        (((0,), (0,)), False),
    ],
)
def test_empty(rows: Any, empty: bool) -> None:
    assert is_empty(rows) is empty


def test_shapes_forget_values_alone() -> None:
    one, two = ("SELECT a FROM t WHERE b = 'x' LIMIT 3", "SELECT a FROM t WHERE b = 'y' LIMIT 9")
    assert shape_of(parse_one(one)) == shape_of(parse_one(two))
    assert shape_of(parse_one(one)) != shape_of(parse_one(one.replace("=", ">")))


def test_constructs() -> None:
    tree = parse_one(
        "SELECT count(*) FILTER (WHERE a ILIKE 'x') OVER () FROM t JOIN s USING (k) WHERE NOT a",
        read="postgres",
    )
    assert set(constructs_of(tree)) == {
        "filter",
        "pattern",
        "window",
        "join",
        "where",
        "negation",
        "aggregate",
    }
