from __future__ import annotations

from training.payloads import BENIGN_VALUES, TEMPLATES, attacks, honest


def test_the_same_seed_gives_the_same_attacks() -> None:
    assert attacks(300, 1) == attacks(300, 1) != attacks(300, 2)


def test_all_families_and_contexts_come_up() -> None:
    made = attacks(600, 3)
    families = {attack.family for attack in made}
    assert families >= {
        "tautology",
        "boolean",
        "blind",
        "error",
        "time",
        "file",
        "union",
        "stacked",
        "comment",
    }
    assert {attack.context for attack in made} == set(TEMPLATES) == set(BENIGN_VALUES)
    assert sum(map(len, TEMPLATES.values())) >= 30
    assert all("{}" not in attack.statement for attack in made)


def test_honest_statements_hold_no_payload() -> None:
    statements = honest(200, 1)
    assert len(statements) == 200
    assert not any("{}" in statement or "--" in statement for statement in statements)
