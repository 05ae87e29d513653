"""Which engine answers, names made whole, parameters made literals."""

from __future__ import annotations

import pytest
from sqlglot import exp, parse_one

from checker.gate import Gate
from checker.render import to_postgres
from checker.verdict import Allowed
from proxy.ports import Catalogue, Column, Table
from proxy.routing import Route, bind_parameters, qualified, route, with_session_values
from proxy.sqlstate import Refused

PATENT = Table("patents", "patent", "table", (Column("title", "string"), Column("grant_year", "int")))
SHADOWED = Table("default", "patent", "table", (Column("x", "int"),))
CATALOGUE = Catalogue(
    1, {("patents", "patent"): PATENT, ("default", "patent"): SHADOWED}, frozenset({"patents", "default"})
)
PATH = ("patents", "default")


def allowed(sql: str) -> Allowed:
    verdict = Gate().check(sql)
    assert isinstance(verdict, Allowed), verdict
    return verdict


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", Route.MIRROR),
        ("SELECT * FROM pg_class", Route.MIRROR),
        ("SELECT * FROM information_schema.tables", Route.MIRROR),
        ("SELECT * FROM patent", Route.SPARK),
        ("SELECT * FROM default.patent", Route.SPARK),
        ("WITH pg_class AS (SELECT 1) SELECT * FROM pg_class", Route.MIRROR),
        ("WITH c AS (SELECT * FROM patent) SELECT * FROM c", Route.SPARK),
        ("SELECT * FROM nowhere", Route.UNKNOWN),
        ("SELECT (SELECT count(*) FROM nowhere) FROM patent", Route.UNKNOWN),
        ("SELECT * FROM generate_series(1, 3)", Route.MIRROR),
    ],
)
def test_route(sql: str, expected: Route) -> None:
    sql = sql.replace("default.", '"default".')
    assert route(allowed(sql).facts, CATALOGUE, PATH) is expected


def test_catalogue_and_data_do_not_mix() -> None:
    with pytest.raises(Refused) as refused:
        route(allowed("SELECT * FROM patent, pg_class").facts, CATALOGUE, PATH)
    assert refused.value.fields.sqlstate == "0A000"


def tables_of(sql: str) -> list[str]:
    tree = allowed(sql).tree
    assert tree is not None
    return [f"{t.db}.{t.name}" for t in qualified(tree, CATALOGUE, PATH, "spark_catalog").find_all(exp.Table)]


def test_search_path_decides_and_with_names_stay_bare() -> None:
    assert tables_of("SELECT * FROM patent") == ["patents.patent"]
    assert tables_of('SELECT * FROM "default".patent') == ["default.patent"]
    assert tables_of("WITH patent AS (SELECT 1 AS x) SELECT * FROM patent") == [".patent"]
    # Without RECURSIVE the name inside its own definition is still the table's.
    assert tables_of("WITH patent AS (SELECT * FROM patent) SELECT * FROM patent") == [
        ".patent",
        "patents.patent",
    ]


def test_another_database_is_refused() -> None:
    tree = parse_one("SELECT * FROM elsewhere.patents.patent", read="postgres")
    with pytest.raises(Refused) as refused:
        qualified(tree, CATALOGUE, PATH, "spark_catalog")
    assert refused.value.fields.sqlstate == "0A000"


def test_parameters_become_nodes_of_a_copy() -> None:
    tree = allowed("SELECT * FROM patent WHERE title = $1 AND grant_year > $2").tree
    assert tree is not None
    bound = bind_parameters(tree, {1: exp.Literal.string("'; DROP TABLE x --"), 2: exp.Literal.number(2000)})
    assert not list(bound.find_all(exp.Parameter))
    assert len(list(tree.find_all(exp.Parameter))) == 2
    assert [node.this for node in bound.find_all(exp.Literal) if node.is_string] == ["'; DROP TABLE x --"]
    with pytest.raises(Refused):
        bind_parameters(tree, {1: exp.Null()})


def test_who_asks_and_where_is_said_in_the_statement() -> None:
    sql = (
        "SELECT current_user, session_user, current_catalog, current_database(), lower(a) FROM t WHERE a = {}"
    )
    tree = allowed(sql.format("current_user")).tree
    assert tree is not None
    told = to_postgres(with_session_values(tree, user="o'neil", database="d"))
    user = "'o''neil'::text"
    assert told == f"SELECT {user}, {user}, 'd'::text, 'd'::text, lower(a) FROM t WHERE a = {user}"
