"""How people name what a table holds: short names, synonyms, slips of the keyboard; and the pattern that finds it.

Rules: a short name is used only where it means one holder in these very data; the pattern for it matches whole words,
because `%Intel%` would count "AT&T Intellectual Property" among Intel's.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

_LEGAL = frozenset(
    {
        "inc",
        "incorporated",
        "corp",
        "corporation",
        "co",
        "company",
        "ltd",
        "limited",
        "llc",
        "lp",
        "llp",
        "plc",
        "gmbh",
        "ag",
        "se",
        "sa",
        "nv",
        "bv",
        "ab",
        "oy",
        "oyj",
        "kk",
        "kabushiki",
        "kaisha",
        "kg",
        "spa",
        "srl",
        "pty",
        "aps",
        "as",
        "na",
    }
)  # fmt: skip
PRECISE = 0.97
"""Of the rows that a pattern finds, so many must hold the name as whole words."""
SLIP_LETTERS_MIN = 5


def without_legal_form(name: str) -> str:
    """ "Samsung Electronics" for "Samsung Electronics Co., Ltd."; the name itself where nothing would be left."""
    words = name.removeprefix("The ").replace(",", " ").split()
    while len(words) > 1 and words[-1].lower().replace(".", "").replace("/", "") in _LEGAL:
        words.pop()
    return " ".join(words)


def short_name(name: str, holders: Mapping[str, int]) -> str:
    """The first word where that is a name of its own and means this holder alone, else the name without legal form.

    Shapes: `holders` are all values with how many rows hold them.
    """
    core = without_legal_form(name)
    first = core.split()[0]
    distinctive = len(first) > 2 and (first.isupper() or first[1:] != first[1:].lower())
    if distinctive and " " in core:
        beginning = re.compile(rf"{re.escape(first)}(?!\w)", re.IGNORECASE)
        total = sum(n for value, n in holders.items() if beginning.match(value))
        if holders.get(name, 0) >= 0.6 * total > 0:
            return first
    return core


def pattern_of(short: str, holders: Mapping[str, int], full: str) -> str:
    """What stands between the % signs of an ILIKE: the short name, with a blank behind it where it begins other words,
    or the full name where neither is precise.
    """
    whole = re.compile(rf"(?<!\w){re.escape(short)}(?!\w)", re.IGNORECASE)
    near = [value for value in holders if short.lower() in value.lower()]
    meant = {value for value in near if whole.search(value)}
    wanted = sum(holders[value] for value in meant)
    for pattern in (short, short + " "):
        found = {value for value in near if pattern.lower() in value.lower()}
        total = sum(holders[value] for value in found)
        right = sum(holders[value] for value in found & meant)
        if total and right >= PRECISE * total and right >= 0.9 * wanted:
            return pattern
    return full


def slip(text: str, rng: random.Random) -> str:
    """The text with one plausible typing error in its longest word; the text itself where no word is long enough."""
    words = re.findall(r"[A-Za-z]+", text)
    longest = max(words, key=len, default="")
    if len(longest) < SLIP_LETTERS_MIN:
        return text
    at = rng.randrange(1, len(longest) - 2)
    left, a, b, right = longest[:at], longest[at], longest[at + 1], longest[at + 2 :]
    vowels = "aeiou"
    swapped = rng.choice(vowels.replace(a.lower(), "")) if a.lower() in vowels else a
    ways = [left + b + a + right, left + b + right, left + a + a + b + right, left + swapped + b + right]
    wrong = rng.choice([w for w in ways if w.lower() != longest.lower()])
    return text.replace(longest, wrong, 1)
