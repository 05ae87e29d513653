"""A small catalogue like the sample's."""

from __future__ import annotations

import pytest

from proxy.ports import Catalogue, Column, Table


def table(name: str, columns: str, *, schema: str = "patents", comment: str = "") -> Table:
    made = [Column(*pair.split(":")) for pair in columns.split()]
    return Table(schema, name, "table", tuple(made), comment)


def catalogue_of(tables: dict[tuple[str, str], Table] | None = None) -> Catalogue:
    return Catalogue(tables=tables or {})


@pytest.fixture
def catalogue() -> Catalogue:
    tables = [
        table("patent", "patent_id:string title:string grant_date:date num_claims:int grant_year:int"),
        table("assignee", "patent_id:string organization:string country:string"),
        table("cpc", "patent_id:string cpc_code:string"),
        table(
            "google_full",
            "publication_number:string title:string assignee:string cpc:string grant_date:date filing_date:date"
            " num_claims:int grant_year:int",
        ),
    ]
    return catalogue_of({(t.schema, t.name): t for t in tables})


@pytest.fixture
def make_table():
    return table


@pytest.fixture
def make_catalogue():
    return catalogue_of
