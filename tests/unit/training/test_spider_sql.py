"""What the subset reads and refuses."""

from __future__ import annotations

import pytest

from training.spider_match import exact_match
from training.spider_sql import NotSpider, Unit, parse, tokenise

SCHEMA = {"singer": ["id", "name", "age", "country"], "song": ["id", "singer_id", "title"]}


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT name FROM singer s",
        "SELECT name FROM singer , song",
        "SELECT name FROM singer WHERE age IN (1, 2)",
        "SELECT name FROM singer WHERE age IS NOT NULL",
        "SELECT name FROM singer WHERE (age > 1)",
        "SELECT name AS n FROM singer",
        "SELECT singer.* FROM singer",
        "SELECT title FROM singer",
        "SELECT name FROM singer WHERE age > 1 id = 2",
        "SELECT name FROM singer INNER JOIN song ON id = singer_id",
        "SELECT name",
    ],
)
def test_what_is_refused(statement: str) -> None:
    with pytest.raises(NotSpider):
        parse(statement, SCHEMA)


def test_what_is_read() -> None:
    query = parse(
        "SELECT T1.name, count(DISTINCT T2.id) FROM singer AS T1 JOIN song AS T2 ON T1.id = T2.singer_id"
        " WHERE T1.age BETWEEN 20 AND 30 AND T1.name NOT LIKE '%x' GROUP BY T1.name HAVING count(*) > 1"
        " ORDER BY count(*) DESC LIMIT 3 UNION SELECT title FROM song",
        SCHEMA,
    )
    assert query.sources == ("singer", "song")
    assert query.select[1][0] == "count"
    assert query.select[1][1].left == Unit(None, "song.id", True)
    assert [c.operator for c in query.where.items] == ["between", "like"]
    assert query.where.items[1].negated
    assert query.where.connectives == ("and",)
    assert (query.direction, query.limited, query.operation) == ("desc", True, "union")
    assert query.operand is not None
    assert query.operand.sources == ("song",)


def test_a_gold_statement_outside_the_subset_is_an_error() -> None:
    with pytest.raises(NotSpider):
        exact_match("SELECT name FROM singer", "SELECT name FROM nowhere", SCHEMA, {})
    with pytest.raises(NotSpider, match="also a table"):
        parse("SELECT song.name FROM singer AS song", SCHEMA)


def test_words() -> None:
    assert tokenise("SELECT count(*),T1.a FROM t WHERE b>= 'x Y' ;") == [
        *("select", "count", "(", "*", ")", ",", "t1.a", "from", "t", "where"),
        *("b", ">=", '"x Y"', ";"),
    ]
    with pytest.raises(NotSpider, match="quote"):
        tokenise("'")
