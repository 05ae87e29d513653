"""A small catalogue like the sample's, with the attributes of proxy.ports."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest


@dataclass(frozen=True)
class StubColumn:
    name: str
    spark_type: str
    comment: str = ""


@dataclass(frozen=True)
class StubTable:
    schema: str
    name: str
    columns: tuple[StubColumn, ...]
    comment: str = ""


@dataclass(frozen=True)
class StubCatalogue:
    tables: dict[tuple[str, str], StubTable] = field(default_factory=dict)


def stub_table(name: str, columns: str, *, schema: str = "patents", comment: str = "") -> StubTable:
    made = [StubColumn(*pair.split(":")) for pair in columns.split()]
    return StubTable(schema, name, tuple(made), comment)


@pytest.fixture
def catalogue() -> StubCatalogue:
    tables = [
        stub_table("patent", "patent_id:string title:string grant_date:date num_claims:int grant_year:int"),
        stub_table("assignee", "patent_id:string organization:string country:string"),
        stub_table("cpc", "patent_id:string cpc_code:string"),
        stub_table(
            "google_full",
            "publication_number:string title:string assignee:string cpc:string grant_date:date filing_date:date"
            " num_claims:int grant_year:int",
        ),
    ]
    return StubCatalogue({(t.schema, t.name): t for t in tables})


@pytest.fixture
def make_table():
    return stub_table


@pytest.fixture
def make_catalogue():
    return StubCatalogue
