"""Which templates and phrasings are held out, so that nothing that measures was trained on.

Three parts: train; held-out phrasings of templates that train knows; held-out templates.

Rules: templates whose SQL is the same but for its slots are one family and go together; phrasings that share
SAME_WORDS of their words (Jaccard, a slot counting as a word) are one and go together; the choice depends on the seed
and on names alone, never on the order in the file.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from training.augment.template import ALTERNATIVES, Template

Part = Literal["train", "phrasings", "templates"]
PARTS: tuple[Part, ...] = get_args(Part)
TRAINED: tuple[Part, ...] = ("train",)
TEMPLATES_SHARE = 0.12
PHRASINGS_SHARE = 0.2
SAME_WORDS = 0.75
_WORD = re.compile(r"\{[\w.]+\}|[^\W_]+(?:[./-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Split:
    """Shapes: template id -> phrasing -> part."""

    parts: Mapping[str, Mapping[str, Part]]

    def part(self, template: str, phrasing: str) -> Part:
        return self.parts[template][phrasing]


def split(templates: Sequence[Template], seed: int) -> Split:
    """The part of every phrasing of every template."""
    families: dict[str, list[Template]] = {}
    for template in sorted(templates, key=lambda t: t.id):
        families.setdefault(family(template), []).append(template)
    order = sorted(families)
    random.Random(f"{seed}:templates").shuffle(order)
    wanted = round(TEMPLATES_SHARE * len(templates))
    held: set[str] = set()
    for name in order:
        members = {t.id for t in families[name]}
        if len(held) + len(members) <= wanted:
            held |= members
    return Split({t.id: _phrasings(t, t.id in held, seed) for t in templates})


def _phrasings(template: Template, held: bool, seed: int) -> Mapping[str, Part]:
    if held:
        return dict.fromkeys(template.phrasings, "templates")
    groups = alike(sorted(template.phrasings))
    random.Random(f"{seed}:{template.id}").shuffle(groups)
    wanted = round(PHRASINGS_SHARE * len(template.phrasings)) if len(groups) > 2 else 0
    parts: dict[str, Part] = {}
    out = 0
    for group in groups:
        holds = out < wanted and out + len(group) <= wanted + 1 and len(group) < len(template.phrasings)
        out += len(group) if holds else 0
        parts |= dict.fromkeys(group, "phrasings" if holds else "train")
    return parts


def family(template: Template) -> str:
    """The SQL without its slots and quotes."""
    return re.sub(r"'?%?\{[^}]*\}%?'?|'[^']*'|\b\d+\b", "?", template.sql.lower())


def alike(phrasings: Iterable[str]) -> list[list[str]]:
    """The phrasings in groups; whoever shares SAME_WORDS with a member belongs to the group."""
    groups: list[list[str]] = []
    for phrasing in phrasings:
        near = [g for g in groups if any(shared(words(phrasing), words(other)) >= SAME_WORDS for other in g)]
        groups = [g for g in groups if g not in near] + [[phrasing, *(p for g in near for p in g)]]
    return groups


def words(text: str) -> frozenset[str]:
    """The words of a phrasing or question; a slot is a word, and of (one|other) the first counts."""
    text = ALTERNATIVES.sub(lambda m: m[1].split("|")[0], text)
    return frozenset(_WORD.findall(text.lower()))


def shared(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard's index, 0..1."""
    return len(one & other) / len(one | other) if one or other else 1.0
