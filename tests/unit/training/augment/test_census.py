"""The census as text and as JSON."""

from __future__ import annotations

import json
from collections import Counter

from training.augment.census import Census


def test_two_runs_add_up() -> None:
    census = Census(templates=3, phrasings=9, pairs=Counter(train=5), executed=4, failed=Counter(gate=1))
    census.add(Census(templates=3, phrasings=9, pairs=Counter(train=2, templates=1), executed=3, empty=2))
    assert (census.templates, census.pairs, census.executed, census.empty) == (
        3,
        {"train": 7, "templates": 1},
        7,
        2,
    )
    text = "\n".join(census.lines())
    assert "pairs, train           7" in text
    assert "failed                 1  1 by the gate" in text
    assert json.loads(json.dumps(census.as_json()))["pairs"] == {"train": 7, "templates": 1}
