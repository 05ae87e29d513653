"""Which columns hold what a question names: "Mark Hairgrove" an inventor's name, "US-10032696-B2" a patent's number.

Rules: a value is found by its words, whatever their case and punctuation; a name also without its legal form ("Intel"
for "Intel Corporation") or, written with a capital, by its first word alone; of a list ("A. Smith; B. Jones") each
part by itself; a code that is not kept is told by its shape, when all codes of a column have that one; longer finds
go before the shorter ones within them.  What is told the model are the question's own words, or the value that they
spell: no text of the data that the user has not typed.
Leaves out: misspellings, synonyms, numbers and dates.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from nl_frontend.prompt import Table, quote, table_name, words

INDEXED_MAX = 20_000
"""Values of one column, the most frequent ones."""
INDEXED_CHARACTERS_MAX = 400
"""Longer values are not read, nor looked for in lists."""
VALUE_CHARACTERS_MAX = 60
WORDS_MAX = 8
"""Of a value that is looked for."""
LIST_SIGN = "; "
REST_MAX = 1_000
"""Values of a column that are not looked for, as long ones, and are kept for what the column may hold."""
SHAPES_MAX = 6
"""Of a column that holds nothing but codes, which a text of another shape is not among."""
FIRST_WORD_MIN = 4
FEW_MAX = 12
FOUND_MAX = 6
TOLD_CHARACTERS_MAX = 600
COLUMNS_MAX = 4
"""Places told of one value."""
SHAPED_SHARE = 0.98
SHAPED_MIN = 20
"""Codes that a column has at least before their shape tells anything."""

Place = tuple[str, str, str]
"""Schema, table and column."""

_WORD = re.compile(r"[^\W_]+")
_CODE = re.compile(r"[^\W_]+(?:[-/.:][^\W_]+)*")
_QUOTED = re.compile(r"'([^']{1,60})'|\"([^\"]{1,60})\"")
_LEGAL_FORMS = frozenset(
    {
        "ab", "ag", "bv", "co", "company", "corp", "corporation", "gmbh", "inc", "incorporated", "kg", "kk", "limited",
        "llc", "llp", "lp", "ltd", "nv", "oy", "plc", "pte", "pty", "sa", "sas", "se", "spa", "srl",
    }
)  # fmt: skip
_COMMON = frozenset(
    {
        "a", "about", "after", "all", "also", "an", "and", "any", "are", "as", "at", "average", "before", "best",
        "between", "both", "but", "by", "can", "count", "date", "day", "different", "do", "does", "each", "ever",
        "every", "find", "first", "for", "from", "get", "give", "group", "had", "has", "have", "how", "if", "in",
        "into", "is", "it", "its", "last", "least", "less", "list", "long", "many", "me", "month", "more", "most",
        "much", "name", "new", "no", "none", "not", "number", "of", "off", "old", "on", "once", "one", "only", "or",
        "order", "other", "out", "over", "per", "same", "show", "since", "some", "tell", "ten", "than", "that",
        "the", "their", "them", "there", "these", "they", "this", "three", "title", "to", "top", "total", "two",
        "type", "under", "until", "up", "was", "we", "were", "what", "when", "where", "which", "who", "whose",
        "why", "with", "within", "without", "year", "years", "you", "yes",
    }
)  # fmt: skip
"""Words that questions have whatever they ask about."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something that a question names.

    Shapes: `text` is the value as it is kept where the whole of it was named, else the question's words; `places` are
    in the order of their tables.
    """

    text: str
    whole: bool
    places: tuple[Place, ...]


class TableValues:
    """What the text columns of one table hold, to look questions up in.  Units: len() is of different values."""

    __slots__ = (
        "_all_shapes",
        "_capitals",
        "_few",
        "_first_words",
        "_parts",
        "_rest",
        "_shapes",
        "_values",
    )

    def __init__(self, held: Mapping[str, Iterable[str]], *, all_rows: bool = True) -> None:
        """`held`: distinct values by column, the most frequent first and at most INDEXED_MAX, of all the table's rows
        or of some; the long ones and those without a letter are left.
        """
        self._values: dict[str, tuple[tuple[str, str], ...]] = {}
        self._parts: dict[str, tuple[str, ...]] = {}
        self._first_words: dict[str, tuple[str, ...]] = {}
        self._shapes: dict[str, tuple[str, ...]] = {}
        self._all_shapes: dict[str, frozenset[str]] = {}
        self._capitals: set[str] = set()
        self._rest: dict[str, tuple[str, ...]] = {}
        self._few: set[str] = set()
        for column, values in held.items():
            self._read(column, list(values), all_rows=all_rows)

    def __len__(self) -> int:
        return len(self._values)

    def _read(self, column: str, values: Sequence[str], *, all_rows: bool) -> None:
        if len(values) <= FEW_MAX:
            self._few.add(column)
        rest = [v for v in values if len(v) > VALUE_CHARACTERS_MAX or LIST_SIGN in v or not _said(v)]
        if all_rows and len(values) < INDEXED_MAX and len(rest) <= REST_MAX:
            self._rest[column] = tuple(_words_of(value) for value in rest)
        self._read_codes(column, values)
        for value in values:
            if LIST_SIGN in value:
                for part in value.split(LIST_SIGN):
                    if len(part) <= VALUE_CHARACTERS_MAX and (said := _said(part)):
                        _add(self._parts, without_legal_form(said), column)
            elif len(value) <= VALUE_CHARACTERS_MAX and (said := _said(value)):
                known = self._values.get(said, ())
                if all(column != other for other, _ in known):
                    self._values[said] = (*known, (column, value))
                name = without_legal_form(said)
                if name != said:
                    _add(self._parts, name, column)
                    first = name.partition(" ")[0]
                    if len(first) >= FIRST_WORD_MIN:
                        _add(self._first_words, first, column)

    def _read_codes(self, column: str, values: Sequence[str]) -> None:
        """Whether all are of letters and digits in few orders, which are kept then."""
        shapes: dict[str, int] = {}
        capitals = 0
        all_shapes = {shape_of(value) for value in values}
        codes_only = all("9" in shape and " " not in shape for shape in all_shapes)
        if len(values) >= SHAPED_MIN and codes_only and len(all_shapes) <= SHAPES_MAX:
            self._all_shapes[column] = frozenset(all_shapes)
        for value in values:
            shape = shape_of(value) if len(value) <= VALUE_CHARACTERS_MAX else ""
            if "A" in shape and "9" in shape and len(shape) > 2 and " " not in shape:
                shapes[shape] = shapes.get(shape, 0) + 1
                capitals += value == value.upper()
        codes = sum(shapes.values())
        if len(values) >= SHAPED_MIN and codes >= SHAPED_SHARE * len(values):
            if capitals >= SHAPED_SHARE * codes:
                self._capitals.add(column)
            for shape, count in shapes.items():
                if count >= len(values) / 100:
                    _add(self._shapes, shape, column)

    def knows(self, said: str) -> bool:
        """Whether any column has something of these words, in lower case."""
        return said in self._values or said in self._parts or said in self._first_words

    def whole(self, said: str, written: str) -> dict[str, str]:
        """The columns with a value of these words, and the value; of two signs and less only as written."""
        found = self._values.get(said, ())
        return {column: value for column, value in found if len(said) > 2 or value == written}

    def within(self, said: str, *, first_word: bool) -> list[str]:
        """The columns with a value that has these words for its name, or in its list."""
        if len(said) < 3:
            return []
        found = [*self._parts.get(said, ()), *(self._first_words.get(said, ()) if first_word else ())]
        return list(dict.fromkeys(found))

    def may_hold(self, column: str, text: str) -> bool:
        """Whether a value of the column may be or contain this text.

        That it does not is known of a column all of whose values were read, and of codes that are written otherwise.
        """
        shapes = self._all_shapes.get(column)
        if shapes is not None and shape_of(text) not in shapes:
            return False
        if column not in self._rest:
            return True
        wanted = _words_of(text)
        return any(wanted in value for value in self._rest[column]) or any(
            wanted in said and any(other == column for other, _ in places)
            for said, places in self._values.items()
        )

    def shaped(self, code: str) -> dict[str, str]:
        """The columns whose codes are written like this one, and the code as they write it."""
        columns = self._shapes.get(shape_of(code), ())
        return {column: code.upper() if column in self._capitals else code for column in columns}

    def has_few(self, column: str) -> bool:
        return column in self._few


Held = Mapping[tuple[str, str], TableValues]
"""What tables hold, by schema and name."""


def _add(known: dict[str, tuple[str, ...]], key: str, column: str) -> None:
    columns = known.get(key, ())
    if column not in columns:
        known[key] = (*columns, column)


def find(question: str, tables: Sequence[Table], held: Held) -> list[Found]:
    """What a question names of what these tables hold, as it comes in the question."""
    known = [(t, held[t.schema, t.name]) for t in tables if (t.schema, t.name) in held]
    shown = {(t.schema, t.name, c.name): at for at, t in enumerate(tables) for c in t.columns}
    names = {word for t in tables for n in (t.name, *(c.name for c in t.columns)) for word in words(n)}
    spans = [(m.start(), m.end()) for m in _WORD.finditer(question)]
    quoted = [(m.start(), m.end()) for m in _QUOTED.finditer(question)]
    taken: list[tuple[int, int]] = []
    found: list[tuple[int, Found]] = []

    def free(start: int, end: int) -> bool:
        return not any(start < e and s < end for s, e in taken)

    def take(start: int, end: int, text: str, whole: bool, places: Iterable[Place]) -> None:
        seen = sorted(set(places), key=lambda place: (shown[place], place))
        if seen:
            taken.append((start, end))
            found.append((start, Found(text, whole, tuple(seen[:COLUMNS_MAX]))))

    def whole(said: str, text: str) -> dict[Place, str]:
        places = {
            (t.schema, t.name, c): v for t, values in known for c, v in values.whole(said, text).items()
        }
        return {place: value for place, value in places.items() if place in shown}

    for match in _CODE.finditer(question):
        if not whole(_words_of(match[0]), match[0]):
            places = {
                (t.schema, t.name, c): v for t, values in known for c, v in values.shaped(match[0]).items()
            }
            places = {place: value for place, value in places.items() if place in shown}
            take(*match.span(), _one(places.values(), match[0]), True, places)
    lower = [question[start:end].lower() for start, end in spans]
    for size in range(min(WORDS_MAX, len(spans)), 0, -1):
        for at in range(len(spans) - size + 1):
            said = " ".join(lower[at : at + size]).removeprefix("the ")
            if not any(values.knows(said) for _, values in known):
                continue
            start, end = spans[at][0], spans[at + size - 1][1]
            text = question[start:end]
            in_quotes = any(s < start and end < e for s, e in quoted)
            if not free(start, end) or not (in_quotes or _telling(text, size, names)):
                continue
            exact = whole(said, text)
            first_word = size == 1 and at > 0 and text[0].isupper()
            within = {
                place
                for table, values in known
                for column in values.within(said, first_word=first_word)
                if (place := (table.schema, table.name, column)) in shown
            }
            if within:
                # A column of few values has it as a mark more likely than as a name.
                names_it = {p for p in exact if not held[p[0], p[1]].has_few(p[2])}
                take(start, end, text, False, within | names_it)
            else:
                take(start, end, _one(exact.values(), text), True, exact)
    return [each for _, each in sorted(found, key=lambda pair: pair[0])][:FOUND_MAX]


def _one(values: Iterable[str], text: str) -> str:
    """The spelling of all, or the question's own: of several none is right for all places."""
    spelt = set(values)
    return spelt.pop() if len(spelt) == 1 else text


def _telling(text: str, size: int, names: Collection[str]) -> bool:
    """Whether words may be a value: not those of every question, nor those that tables and columns are named by."""
    if not any(c.isalpha() for c in text):
        return False
    if size > 1:
        return not all(word.lower() in _COMMON or word.isdigit() for word in _WORD.findall(text))
    return len(text) > 1 and text.lower() not in _COMMON and not words(text) & set(names)


def _said(value: str) -> str | None:
    """The words that a question names a value by; None for one that is not looked for."""
    count = len(_WORD.findall(value))
    return _words_of(value) if 0 < count <= WORDS_MAX and any(c.isalpha() for c in value) else None


def _words_of(text: str) -> str:
    return " ".join(_WORD.findall(text)).lower().removeprefix("the ")


def shape_of(value: str) -> str:
    """Runs of letters as A, of digits as 9, the rest as it is: "US-10032696-B2" is A-9-A9."""
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "A", value))


def without_legal_form(name: str) -> str:
    """A company's name, in lower case, without Inc, GmbH and the like at its end."""
    found = name.split()
    while len(found) > 1 and found[-1] in _LEGAL_FORMS:
        found.pop()
    return " ".join(found)


def told(found: Iterable[Found], tables: Sequence[Table], search_path: Sequence[str]) -> str:
    """For the prompt: "'Mark Hairgrove' in inventor.name; Intel within assignee.organization", or nothing."""
    names = {(table.schema, table.name): table_name(table, search_path) for table in tables}
    said = ""
    for each in found:
        places = ", ".join(f"{names[place[:2]]}.{quote(place[2])}" for place in each.places)
        one = f"{literal(each.text) if each.whole else each.text} {'in' if each.whole else 'within'} {places}"
        if len(said) + len(one) + 2 <= TOLD_CHARACTERS_MAX:
            said += f"; {one}" if said else one
    return said


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
