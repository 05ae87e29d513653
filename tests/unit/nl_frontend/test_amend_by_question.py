"""Drafts held against what their question names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nl_frontend.amend_by_question import amend_by_question
from nl_frontend.values import TableValues, find
from proxy.ports import Reference, Table

NUMBERS = [str(number) for number in range(7547700, 7547800)]


@pytest.fixture
def tables(make_table) -> list[Table]:
    to_patent = (Reference(("patent_id",), "patents", "patent"),)
    return [
        replace(
            make_table("patent", "patent_id:string publication_number:string title:string"),
            key=("patent_id",),
        ),
        replace(
            make_table("assignee", "patent_id:string organization:string city:string"), references=to_patent
        ),
        replace(make_table("inventor", "patent_id:string name:string"), references=to_patent),
        replace(make_table("term", "patent_id:string days:int"), key=("patent_id",), references=to_patent),
    ]


HELD = {
    ("patents", "patent"): TableValues(
        {"patent_id": NUMBERS, "publication_number": [f"US-{number}-B2" for number in NUMBERS]}
    ),
    ("patents", "assignee"): TableValues(
        {"patent_id": NUMBERS, "organization": ["Intel Corporation"], "city": ["San Jose"]}
    ),
    ("patents", "inventor"): TableValues({"patent_id": NUMBERS, "name": ["Jane Doe"]}),
}


def amended(draft: str, question: str, tables: list[Table]) -> tuple[str, tuple[str, ...]]:
    result = amend_by_question(
        draft, question, find(question, tables, HELD), tables, HELD, search_path=["patents"]
    )
    return result.sql, result.notes


@pytest.mark.parametrize(
    ("question", "draft", "becomes"),
    [
        (
            "who invented us-7547726-b2",
            "SELECT name FROM inventor WHERE patent_id = 'US-7547726-B2'",
            "SELECT name FROM inventor WHERE inventor.patent_id IN (SELECT patent_id FROM patent"
            " WHERE publication_number = 'US-7547726-B2')",
        ),
        (
            "cities of Intel",
            "SELECT city FROM assignee AS a WHERE a.city ILIKE '%Intel%' ORDER BY city",
            "SELECT city FROM assignee AS a WHERE a.organization ILIKE '%Intel%' ORDER BY city",
        ),
        (
            "owners of the patents of Jane Doe",
            "SELECT organization FROM assignee a WHERE NOT organization = 'jane doe'",
            "SELECT organization FROM assignee a WHERE NOT a.patent_id IN (SELECT patent_id FROM inventor"
            " WHERE name = 'Jane Doe')",
        ),
    ],
)
def test_a_value_is_looked_for_where_it_is(question: str, draft: str, becomes: str, tables) -> None:
    sql, notes = amended(draft, question, tables)
    assert sql == becomes
    assert len(notes) == 1
    assert "which has it" in notes[0]
    assert amended(sql, question, tables) == (sql, ())


@pytest.mark.parametrize(
    ("question", "draft"),
    [
        # there it is
        ("cities of Intel", "SELECT city FROM assignee WHERE organization ILIKE '%Intel%'"),
        # nobody knows it
        ("cities of Acme", "SELECT city FROM assignee WHERE city ILIKE '%Acme%'"),
        # what the column holds was not read
        ("titles of Jane Doe", "SELECT title FROM patent WHERE title ILIKE '%Jane Doe%'"),
        # of which table a column is cannot be told
        ("US-7547726-B2", "SELECT 1 FROM inventor, assignee WHERE patent_id = 'US-7547726-B2'"),
        (
            "US-7547726-B2",
            "SELECT 1 FROM (SELECT patent_id FROM inventor) AS i WHERE patent_id = 'US-7547726-B2'",
        ),
        # a name that the question does not have
        ("how many", "SELECT count(*) FROM inventor WHERE patent_id = 'US-7547726-B2'"),
    ],
)
def test_what_stays(question: str, draft: str, tables) -> None:
    assert amended(draft, question, tables) == (draft, ())


@pytest.mark.parametrize(
    ("question", "draft", "becomes"),
    [
        (
            "How many patents are there from San Jose?",
            "SELECT count(*) FROM assignee WHERE city = 'San Jose'",
            "SELECT count(DISTINCT patent_id) FROM assignee WHERE city = 'San Jose'",
        ),
        (
            "number of Intel patents",
            "SELECT count( * ) AS n FROM assignee AS a JOIN patent p ON p.patent_id = a.patent_id",
            "SELECT count(DISTINCT a.patent_id) AS n FROM assignee AS a JOIN patent p ON p.patent_id = a.patent_id",
        ),
        (
            "patents of San Jose, count.",
            "SELECT count(*) FROM assignee WHERE city = 'San Jose'",
            "SELECT count(DISTINCT patent_id) FROM assignee WHERE city = 'San Jose'",
        ),
        ("how many inventors are there", "SELECT count(*) FROM inventor", None),
        ("how many patents", "SELECT count(*) FROM patent", None),
        # one row for each patent
        ("how many patents have a term", "SELECT count(*) FROM term", None),
        # a number for each group is another question
        ("how many patents by city", "SELECT city, count(*) FROM assignee GROUP BY city", None),
        ("how many patents by size", "SELECT count(*), max(city) FROM assignee", None),
        ("list patents of San Jose", "SELECT count(*) FROM assignee", None),
        ("how many of the very many owned patents", "SELECT count(*) FROM assignee", None),
    ],
)
def test_what_is_counted_is_counted_once(question: str, draft: str, becomes: str | None, tables) -> None:
    notes = ("each patent counted once",) if becomes else ()
    assert amended(draft, question, tables) == (becomes or draft, notes)


@pytest.mark.parametrize(
    ("question", "draft", "becomes"),
    [
        (
            "september 2013 grants",
            "SELECT count(*) FROM patents_of AS p WHERE EXTRACT(MONTH FROM p.filing_date) = 9"
            " AND EXTRACT(YEAR FROM filing_date) = 2013",
            "SELECT count(*) FROM patents_of AS p WHERE EXTRACT(MONTH FROM p.grant_date) = 9"
            " AND EXTRACT(YEAR FROM grant_date) = 2013",
        ),
        (
            "titles filed since 2010",
            "SELECT title FROM patents_of WHERE grant_date >= '2010-01-01'",
            "SELECT title FROM patents_of WHERE filing_date >= '2010-01-01'",
        ),
        # named, both named, none named, both used
        ("filings of 2013", "SELECT count(*) FROM patents_of WHERE filing_date > '2013-01-01'", None),
        ("grants filed in 2013", "SELECT count(*) FROM patents_of WHERE filing_date > '2013-01-01'", None),
        ("dates in 2013", "SELECT count(*) FROM patents_of WHERE filing_date > '2013-01-01'", None),
        ("how long to the grant", "SELECT avg(grant_date - filing_date) FROM patents_of", None),
        # of which table it is cannot be told
        ("grants", "SELECT title FROM patents_of WHERE filing_date > (SELECT max(seen) FROM other)", None),
        ("grants", "SELECT title FROM elsewhere WHERE filing_date > '2013-01-01'", None),
    ],
)
def test_a_date_is_the_one_that_is_named(question: str, draft: str, becomes: str | None, make_table) -> None:
    table = make_table("patents_of", "title:string grant_date:date filing_date:date days:int")
    result = amend_by_question(draft, question, [], [table], {}, search_path=["patents"])
    named = "grant_date" if "grant_date" in (becomes or "") else "filing_date"
    assert result.notes == ((f"{named} read, which the question names",) if becomes else ())
    assert result.sql == (becomes or draft)
