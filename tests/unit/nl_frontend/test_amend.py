"""The rules that mend drafts, as amend.txt lists them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nl_frontend.amend import amend


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
