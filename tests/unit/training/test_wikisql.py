"""WikiSQL's statements made readable."""

from __future__ import annotations

import pytest

from training.wikisql import readable, readable_sql


@pytest.mark.parametrize(
    ("published", "question", "sql"),
    [
        ("SELECT NOTES_FIELD FROM TABLE ;", "notes?", "SELECT notes FROM t"),
        (
            "SELECT MAX TOTAL_FIELD FROM TABLE WHERE NATION_FIELD = france AND SILVER_FIELD > 1 ;",
            "highest total of France",
            "SELECT max(total) FROM t WHERE nation = 'France' AND silver > 1",
        ),
        (
            'SELECT PACKAGE/OPTION_FIELD FROM TABLE WHERE 2ND_NUM._FIELD = "o\'neil and sons" ;',
            "?",
            "SELECT package_option FROM t WHERE c_2nd_num = 'o''neil and sons'",
        ),
        ("SELECT A_FIELD FROM TABLE WHERE B_FIELD < 54,714 ;", "?", "SELECT a FROM t WHERE b < '54,714'"),
        ("SELECT A_FIELD FROM TABLE WHERE nothing ;", "?", None),
        ("UPDATE TABLE", "?", None),
    ],
)
def test_readable(published: str, question: str, sql: str | None) -> None:
    made = readable_sql(published, question)
    assert (made and made[0]) == sql


def test_a_table_has_the_columns_that_its_questions_use() -> None:
    rows = [
        {"question": "a?", "table_id": "1", "sql_named": "SELECT A_FIELD FROM TABLE ;"},
        {"question": "b?", "table_id": "1", "sql_named": "SELECT B_FIELD FROM TABLE ;"},
        {"question": "c?", "table_id": "2", "sql_named": "SELECT C_FIELD FROM TABLE ;"},
    ]
    schemas = [schema for _, _, schema in readable(rows)]
    assert schemas[0] == schemas[1] == "CREATE TABLE t (\n  a text,\n  b text,\n);"
    assert schemas[2] == "CREATE TABLE t (\n  c text,\n);"
