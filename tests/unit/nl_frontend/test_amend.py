"""The rules that mend drafts, as amend.txt lists them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nl_frontend.amend import amend
from proxy.ports import Reference


def cases_of_amend() -> list[tuple[str, str, tuple[str, ...]]]:
    cases = []
    for block in Path(__file__).with_name("amend.txt").read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith("#")]
        if lines:
            cases.append((lines[0], lines[1], tuple(lines[2:])))
    return cases


@pytest.mark.parametrize(("draft", "amended", "notes"), cases_of_amend())
def test_each_rule(draft: str, amended: str, notes: tuple[str, ...], catalogue) -> None:
    result = amend(draft, catalogue.tables.values(), search_path=["patents", "default"])
    assert (result.sql, result.notes) == (amended, notes)


@pytest.mark.parametrize("draft", sorted({amended for _, amended, _ in cases_of_amend()}))
def test_an_amended_draft_stays_as_it_is(draft: str, catalogue) -> None:
    assert amend(draft, catalogue.tables.values(), search_path=["patents"]).sql == draft


def test_a_declared_reference_leads_to_the_table_that_has_it(make_table) -> None:
    makes = replace(make_table("makes", "id:int maker:string country:string"), key=("id",))
    made_by = Reference(("made_by",), "patents", "makes")
    cars = replace(make_table("cars", "number:int made_by:int weight:int"), references=(made_by,))
    drafts = {
        "SELECT maker, weight FROM cars WHERE weight > 3": "SELECT maker, weight FROM cars"
        " JOIN makes ON makes.id = cars.made_by WHERE weight > 3",
        "SELECT c.maker FROM cars AS c ORDER BY c.weight LIMIT 1": "SELECT makes.maker FROM cars AS c"
        " JOIN makes ON makes.id = c.made_by ORDER BY c.weight LIMIT 1",
        # a make has many cars
        "SELECT count(maker) FROM makes WHERE weight > 3": "SELECT count(maker) FROM makes WHERE weight > 3",
    }
    for draft, amended in drafts.items():
        assert amend(draft, [makes, cars], search_path=["patents"]).sql == amended
