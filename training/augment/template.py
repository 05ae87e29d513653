"""Template files: one SQL with typed slots and the phrasings that ask for it.

Rules: `{slot}` and `{slot.attribute}` stand in SQL and phrasings, `(one|other)` in phrasings alone; a phrasing says
every slot that its SQL uses, unless the slot is `unsaid`; an id and a phrasing stand in one place only.  What breaks a
rule is refused with file:line.  training/templates/patents.yaml shows every kind of slot but the schema's, generic.yaml
those.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from training.augment.profile import KINDS
from training.augment.reading import Item, TemplateError, read_yaml
from training.augment.slots import (
    Choice,
    ColumnOf,
    LinkOf,
    Numbers,
    Options,
    Slot,
    Style,
    TableOf,
    ValueOf,
    Values,
)

PLACEHOLDER = re.compile(r"\{(\w+)(?:\.(\w+))?\}")
ALTERNATIVES = re.compile(r"\(([^()]*\|[^()]*)\)")
PHRASINGS_MIN = 3
_NEEDED = ("any", "nullable", *KINDS)

Kind = Literal["choices", "values", "numbers", "table", "column", "value_of", "link"]
_KEYS: Mapping[str, tuple[str, ...]] = {
    "choices": (),
    "values": ("as", "where", "held", "most", "between", "names", "also"),
    "numbers": ("unit",),
    "table": (),
    "column": ("of",),
    "value_of": ("as", "middle"),
    "link": ("child", "parent"),
}


@dataclass(frozen=True, slots=True)
class Template:
    """One SQL and its phrasings.

    Shapes: `slots` in the order in which they are filled; `unsaid` are those that a phrasing may leave out.
    """

    id: str
    sql: str
    phrasings: tuple[str, ...]
    slots: Mapping[str, Slot]
    unsaid: frozenset[str]
    may_be_empty: bool
    place: str


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """Shapes: `schema` is the schema whose tables the SQL names, None for templates that fit any."""

    schema: str | None
    templates: tuple[Template, ...]


def read_templates(path: Path) -> TemplateFile:
    """Raises: TemplateError."""
    top = read_yaml(path).mapping(("schema", "slots", "templates"))
    if "templates" not in top:
        raise TemplateError(f"{path}:1: there are no templates")
    shared = dict(_slots(top["slots"])) if "slots" in top else {}
    templates: list[Template] = []
    ids: dict[str, int] = {}
    asked: dict[str, int] = {}
    for item in top["templates"].items():
        templates.append(_template(item, shared, ids, asked))
    if not templates:
        raise top["templates"].wrong("there are no templates")
    return TemplateFile(top["schema"].text() if "schema" in top else None, tuple(templates))


def _template(
    item: Item, shared: Mapping[str, tuple[Slot, bool]], ids: dict[str, int], asked: dict[str, int]
) -> Template:
    keys = item.mapping(("id", "sql", "phrasings", "slots", "may_be_empty"))
    for key in ("id", "sql", "phrasings"):
        if key not in keys:
            raise item.wrong(f"the template has no {key}")
    name = keys["id"].text()
    if name in ids:
        raise keys["id"].wrong(f"the id {name!r} is taken by line {ids[name]}")
    ids[name] = keys["id"].line
    known = {**shared, **(dict(_slots(keys["slots"])) if "slots" in keys else {})}
    sql = " ".join(keys["sql"].text().split())
    used = _used(sql, known, keys["sql"])
    phrasings = tuple(_phrasing(p, used, known, asked) for p in keys["phrasings"].items())
    if len(phrasings) < PHRASINGS_MIN:
        raise keys["phrasings"].wrong(
            f"a template has at least {PHRASINGS_MIN} phrasings, here are {len(phrasings)}"
        )
    slots = {n: slot for n, (slot, _) in known.items() if n in _with_needed(used, known)}
    may_be_empty = "may_be_empty" in keys and keys["may_be_empty"].truth()
    unsaid = frozenset(n for n in slots if known[n][1])
    return Template(name, sql, phrasings, slots, unsaid, may_be_empty, f"{item.file}:{item.line}")


def _used(text: str, known: Mapping[str, tuple[Slot, bool]], item: Item) -> set[str]:
    names = {m[1] for m in PLACEHOLDER.finditer(text)}
    for name in sorted(names - set(known)):
        raise item.wrong(f"{{{name}}} is no slot of this template")
    if re.search(r"[{}]", PLACEHOLDER.sub("", text)):
        raise item.wrong("a brace that opens or closes no {slot}")
    return names


def _with_needed(used: set[str], known: Mapping[str, tuple[Slot, bool]]) -> set[str]:
    """The slots in use and those that they depend on."""
    needed = set(used)
    while more := {d for n in needed for d in _depends(known[n][0]) if d in known} - needed:
        needed |= more
    return needed


def _depends(slot: Slot) -> tuple[str, ...]:
    return (slot.of.partition(".")[0],) if isinstance(slot, ColumnOf | ValueOf) else ()


def _phrasing(
    item: Item, used: set[str], known: Mapping[str, tuple[Slot, bool]], asked: dict[str, int]
) -> str:
    text = " ".join(item.text().split())
    if not text:
        raise item.wrong("the phrasing is empty")
    if text.lower() in asked:
        raise item.wrong(f"the same phrasing stands on line {asked[text.lower()]}")
    asked[text.lower()] = item.line
    plain = ALTERNATIVES.sub(lambda m: m[1].split("|")[0], text)
    said = _used(text, known, item)
    if re.search(r"[()]", plain):
        raise item.wrong("a parenthesis that is no (one|other)")
    for name in sorted(used - _used(plain, known, item)):
        if not known[name][1] and not _fixed(known[name][0]):
            raise item.wrong(f"the phrasing does not say {{{name}}}, which the SQL uses")
    for name in sorted(said - _with_needed(used, known)):
        raise item.wrong(f"the phrasing says {{{name}}}, which the SQL does not use")
    return text


def _fixed(slot: Slot) -> bool:
    return isinstance(slot, Options) and len(slot.choices) == 1


def _slots(item: Item) -> Iterator[tuple[str, tuple[Slot, bool]]]:
    for name, slot in item.mapping().items():
        if not re.fullmatch(r"[a-z_]\w*", name):
            raise slot.wrong(f"{name!r} is no slot name")
        yield name, _slot(slot)


def _slot(item: Item) -> tuple[Slot, bool]:
    """The slot, and whether it may be unsaid."""
    keys = item.mapping((*_KEYS, "unsaid", *dict.fromkeys(itertools.chain(*_KEYS.values()))))
    kinds = [k for k in _KEYS if k in keys]
    if item.is_mapping() and "link" in kinds:
        kinds = ["link"]
    if len(kinds) != 1:
        raise item.wrong(f"a slot is one of {', '.join(_KEYS)}")
    kind = cast(Kind, kinds[0])
    for key in keys:
        if key not in (kind, "unsaid", *_KEYS[kind]):
            raise keys[key].wrong(f"{key!r} does not go with {kind!r}")
    unsaid = "unsaid" in keys and keys["unsaid"].truth()
    return _SLOTS[kind](keys), unsaid


def _options(keys: Mapping[str, Item]) -> Slot:
    return Options(_choices(keys["choices"]))


def _choices(item: Item) -> tuple[Choice, ...]:
    found = tuple(_choice(c) for c in item.items())
    if not found:
        raise item.wrong("there is no choice")
    return found


def _choice(item: Item) -> Choice:
    """`{sql: ..., words: [...]}`; both may have attributes; a bare text is its own SQL and word."""
    if not item.is_mapping():
        return Choice({"": item.text()}, {"": (item.text(),)})
    keys = item.mapping(("sql", "words"))
    if set(keys) != {"sql", "words"}:
        raise item.wrong("a choice has sql and words")
    sql, words = keys["sql"], keys["words"]
    by_name = {k: v.text() for k, v in sql.mapping().items()} if sql.is_mapping() else {"": sql.text()}
    said = {k: v.texts() for k, v in words.mapping().items()} if words.is_mapping() else {"": words.texts()}
    if not all(ways and all(way.strip() for way in ways) for ways in said.values()):
        raise words.wrong("a choice needs words")
    return Choice(by_name, said)


def _values(keys: Mapping[str, Item]) -> Slot:
    table, column = _path(keys["values"])
    held = [i.number() for i in keys["held"].items()] if "held" in keys else [1, 2**62]
    between = keys["between"].texts() if "between" in keys else None
    for key, found in (("held", held), ("between", between)):
        if found is not None and len(found) != 2:
            raise keys[key].wrong(f"{key} has a least and a most")
    return Values(
        table,
        column,
        _style(keys),
        keys["where"].text() if "where" in keys else "",
        (held[0], held[1]),
        keys["most"].number() if "most" in keys else 60,
        (between[0], between[1]) if between else None,
        _choices(keys["names"]) if "names" in keys else (),
        _choices(keys["also"]) if "also" in keys else (),
    )


def _style(keys: Mapping[str, Item]) -> Style:
    return cast(Style, keys["as"].choice(get_args(Style), "style")) if "as" in keys else "text"


def _path(item: Item) -> tuple[str, str]:
    table, dot, column = item.text().partition(".")
    if not (table and dot and column):
        raise item.wrong(f"expected table.column, not {item.text()!r}")
    return table, column


def _numbers(keys: Mapping[str, Item]) -> Slot:
    numbers = tuple(i.number() for i in keys["numbers"].items())
    if not numbers:
        raise keys["numbers"].wrong("there is no number")
    units = tuple((n, i.number()) for n, i in keys["unit"].mapping().items()) if "unit" in keys else ()
    return Numbers(numbers, units)


def _table(keys: Mapping[str, Item]) -> Slot:
    return TableOf(_kinds(keys["table"]))


def _column(keys: Mapping[str, Item]) -> Slot:
    if "of" not in keys:
        raise keys["column"].wrong("a column needs `of`, the slot of its table")
    return ColumnOf(_kinds(keys["column"]), keys["of"].text())


def _value_of(keys: Mapping[str, Item]) -> Slot:
    return ValueOf(keys["value_of"].text(), "middle" in keys and keys["middle"].truth(), _style(keys))


def _link(keys: Mapping[str, Item]) -> Slot:
    return LinkOf(
        _kinds(keys["child"]) if "child" in keys else (), _kinds(keys["parent"]) if "parent" in keys else ()
    )


def _kinds(item: Item) -> tuple[str, ...]:
    parts = item.items() if item.is_list() else [item]
    return tuple(part.choice(_NEEDED, "kind of column") for part in parts)


_SLOTS = {
    "choices": _options, "values": _values, "numbers": _numbers, "table": _table, "column": _column,
    "value_of": _value_of, "link": _link,
}  # fmt: skip
