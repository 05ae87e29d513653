"""Names of tables and columns as English: split, spelt out, singular, plural; numbers and dates as people write them.

Rules: the crude rules of English spelling and a short list of exceptions; what they do not know stays as it is.
"""

from __future__ import annotations

import datetime
import re

_SPELT_OUT = {
    "abbr": "abbreviation", "acc": "account", "addr": "address", "amt": "amount", "avg": "average", "bal": "balance",
    "cat": "category", "cd": "code", "crs": "course", "cty": "city", "cust": "customer", "dept": "department",
    "desc": "description", "dept.": "department", "dob": "date of birth", "dist": "distance", "emp": "employee",
    "fname": "first name", "gpa": "GPA", "hrs": "hours", "id": "ID", "img": "image", "init": "initial",
    "lat": "latitude", "lname": "last name", "loc": "location", "long": "longitude", "lng": "longitude",
    "max": "maximum", "mgr": "manager", "min": "minimum", "msg": "message", "nbr": "number", "org": "organisation",
    "pct": "percentage", "perc": "percentage", "pop": "population", "pos": "position", "prof": "professor",
    "qty": "quantity", "ref": "reference", "stu": "student", "tel": "telephone", "temp": "temperature",
    "url": "URL", "yr": "year",
}  # fmt: skip
_COUNTED = {"num", "no", "number", "count", "nb", "cnt"}
_IRREGULAR = {
    "person": "people", "child": "children", "man": "men", "woman": "women", "foot": "feet", "mouse": "mice",
    "series": "series", "species": "species", "staff": "staff", "equipment": "equipment", "information": "information",
    "data": "data", "criterion": "criteria", "index": "indexes", "analysis": "analyses", "crisis": "crises",
    "basis": "bases", "gas": "gases", "bus": "buses", "status": "statuses", "campus": "campuses", "leaf": "leaves",
    "half": "halves", "wife": "wives", "life": "lives", "shelf": "shelves", "hero": "heroes", "potato": "potatoes",
    "sheep": "sheep", "aircraft": "aircraft", "furniture": "furniture", "music": "music", "news": "news",
    "media": "media", "alumnus": "alumni", "address": "addresses", "class": "classes", "process": "processes",
}  # fmt: skip
_SINGULAR = {plural: singular for singular, plural in _IRREGULAR.items()}
_TINY = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
_TENS = {15: "fifteen", 20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 100: "a hundred"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def name_words(name: str) -> str:
    """A column's or table's name as words: `num_claims` is "number of claims", `hireDate` "hire date"."""
    spaced = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])", r"\1\3 \2\4", name)
    found = [w.lower() for w in re.split(r"[\W_]+", spaced) if w]
    if len(found) > 1 and found[0] in _COUNTED and found[-1] != "id":
        return "number of " + _plural_end([_SPELT_OUT.get(w, w) for w in found[1:]])
    if len(found) > 2 and found[0] == "ref":
        found = found[1:]
    return " ".join(_SPELT_OUT.get(w, w) for w in found) or name


def _plural_end(found: list[str]) -> str:
    return plural(" ".join(found))


def plural(noun: str) -> str:
    """The plural of a noun's last word, unless it is one already."""
    head, _, of = noun.partition(" of ")
    if of:
        return f"{plural(head)} of {of}"
    *before, last = noun.split(" ")
    return " ".join([*before, _plural_word(last)])


def singular(noun: str) -> str:
    """The singular of a noun's last word, unless it is one already."""
    head, _, of = noun.partition(" of ")
    if of:
        return f"{singular(head)} of {of}"
    *before, last = noun.split(" ")
    return " ".join([*before, _singular_word(last)])


def _plural_word(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if _singular_word(word) != word or word in _SINGULAR:
        return word
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    if re.search(r"(?:s|x|z|ch|sh)$", word):
        return word + "es"
    return word + "s"


def _singular_word(word: str) -> str:
    if word in _IRREGULAR:
        return word
    if re.fullmatch("[A-Z]+s", word):
        return word[:-1]
    if word in _SINGULAR:
        return _SINGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if re.search(r"(?:sses|xes|ches|shes|zzes)$", word):
        return word[:-2]
    if word.endswith("s") and not re.search(r"(?:ss|us|is)$", word) and len(word) > 3:
        return word[:-1]
    return word


def number_words(number: int) -> tuple[str, ...]:
    """A whole number as people write it, the plainest first."""
    ways = [str(number)]
    if abs(number) >= 1000 and not 1900 <= number <= 2100:  # those may be years
        ways.append(f"{number:,}")
    if 0 <= number < len(_TINY):
        ways.append(_TINY[number])
    if number in _TENS:
        ways.append(_TENS[number])
    return tuple(ways)


def date_words(date: datetime.date) -> tuple[str, ...]:
    """A day as people write it; without forms in which day and month could be mistaken for each other."""
    month = _MONTHS[date.month - 1]
    return (
        date.isoformat(),
        f"{month} {date.day}, {date.year}",
        f"{date.day} {month} {date.year}",
        f"{month[:3]} {date.day} {date.year}",
    )
