"""A template and a choice for each of its slots, made into SQL and into questions.

Rules: within quotes a value is escaped, outside it becomes a literal of its type; a question says one of each choice's
words; a seeded generator decides everything, so the same seed gives the same text.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from training.augment.names import slip
from training.augment.profile import Profile
from training.augment.slots import Bound, Choice, ColumnOf, Slot, ValueOf, Values
from training.augment.template import ALTERNATIVES, PLACEHOLDER, Template

USUAL_WORD_SHARE = 0.5
SLIP_SHARE = 0.04
"""Of the questions that name a holder: people mistype names."""
_PIECES = re.compile(r"'(?:[^']|'')*'|[^']+")


@dataclass(frozen=True, slots=True)
class Question:
    """What a user might type.  `slipped`: it has a typing error."""

    text: str
    slipped: bool


@dataclass(slots=True)
class Fillings:
    """What each slot can be filled with, found once for each table or column that it depends on."""

    _known: dict[tuple[int, object], Sequence[Choice]] = field(default_factory=dict)
    _kept: list[Slot] = field(default_factory=list)

    def of(self, slot: Slot, profile: Profile, bound: Bound) -> Sequence[Choice]:
        if isinstance(slot, ColumnOf):
            # It also depends on what is taken.
            return slot.fill(profile, bound)
        key = (id(slot), bound[slot.of].refers if isinstance(slot, ValueOf) else None)
        if key not in self._known:
            self._known[key] = slot.fill(profile, bound)
            self._kept.append(slot)  # so that its id stays its own
        return self._known[key]


def bind(template: Template, profile: Profile, fillings: Fillings, rng: random.Random) -> Bound | None:
    """One choice for each slot, in order; None when a slot has none, as on a schema that lacks such a column."""
    bound: dict[str, Choice] = {}
    for name, slot in template.slots.items():
        choices = [c for c in fillings.of(slot, profile, bound) if not _taken(c, slot, template, bound)]
        if not choices:
            return None
        bound[name] = rng.choice(choices)
    return bound


def _taken(choice: Choice, slot: Slot, template: Template, bound: Bound) -> bool:
    """Two slots with the same value ask nothing, be it of one kind (two years) or a text; numbers may be equal."""
    return any(
        other.sql == choice.sql and ((other.quoted and choice.quoted) or template.slots[name] == slot)
        for name, other in bound.items()
    )


def sql_of(template: Template, bound: Bound) -> str:
    """The template's SQL, filled."""
    return "".join(_filled(piece, bound) for piece in _PIECES.findall(template.sql))


def _filled(piece: str, bound: Bound) -> str:
    return PLACEHOLDER.sub(lambda m: _inserted(bound, m, piece.startswith("'")), piece)


def _inserted(bound: Bound, placeholder: re.Match[str], in_quotes: bool) -> str:
    choice = bound[placeholder[1]]
    text = choice.sql[placeholder[2] or ""]
    if in_quotes:
        return text.replace("'", "''")
    return "'" + text.replace("'", "''") + "'" if choice.quoted else text


def question_of(template: Template, phrasing: str, bound: Bound, rng: random.Random) -> Question:
    """One question in this phrasing, with one of the words for each choice."""
    pattern = ALTERNATIVES.sub(lambda m: rng.choice(m[1].split("|")), phrasing)
    slips = rng.random() < SLIP_SHARE
    slipped = False

    def said(placeholder: re.Match[str]) -> str:
        nonlocal slipped
        ways = words_of(bound, placeholder)
        way = ways[0] if rng.random() < USUAL_WORD_SHARE else rng.choice(ways)
        slot = template.slots[placeholder[1]]
        if slips and isinstance(slot, Values) and slot.style == "name":
            wrong = slip(way, rng)
            slipped = slipped or wrong != way
            return wrong
        return way

    text = " ".join(PLACEHOLDER.sub(said, pattern).split())
    return Question(_typed(text, rng), slipped)


def words_of(bound: Bound, placeholder: re.Match[str]) -> tuple[str, ...]:
    """The words for a placeholder; an attribute that has none of its own is said as the slot itself."""
    words: Mapping[str, tuple[str, ...]] = bound[placeholder[1]].words
    return words.get(placeholder[2] or "") or words[""]


_ASKING = re.compile(
    r"(?:how|which|who|what|when|where|is|are|do|does|did|has|have|can|could|would)\b", re.IGNORECASE
)


def _typed(text: str, rng: random.Random) -> str:
    """As it is, with a capital and a mark, or all in small letters: as people type."""
    text = re.sub(r"\b([a-z]+) \1\b", r"\1", text)
    text = re.sub(r"\b([Aa]) (?=[aeioAEIO])(?!one\b|euro)", r"\1n ", text.replace(" ,", ","))
    style = rng.random()
    if style < 0.45:
        return text
    if style < 0.9:
        mark = "?" if _ASKING.match(text) else rng.choice(("", "."))
        return text[0].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else mark)
    return text.lower()
