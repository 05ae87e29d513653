"""Question/SQL pairs to train on: where they come from, and how much of each.

    spider:PATH      Spider's training part (folder or archive)        open
    wikisql:PATH     WikiSQL's training part (folder or archive)       open
    approved:FILE    JSON lines of question, sql, schema       domain
                     (and dialect, values: nl_frontend.prompt)
    augmented:FOLDER what training.augment made: train.jsonl, schemas/ domain

Rules: every pair carries its schema in the words of the front end's prompt; nothing that held_out.py knows gets
through, by name or by question; the mix is drawn from a seed alone.
Source of the 1:1 mix of domain and open pairs: arXiv 2505.21575, section on hybrid training data.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from nl_frontend.prompt import serialise_schema
from nl_frontend.values import find, told
from training.held_out import HeldOut, HeldOutData, refuse_held_out, shipped
from training.spider_data import open_spider, unpacked
from training.wikisql import readable


class DataInvalid(ValueError):
    """A file of pairs that cannot be read; the text names the line."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One question and its SQL.

    Shapes: `dialect` and `values` as nl_frontend.prompt.build_prompt; `domain`, else open.
    """

    question: str
    sql: str
    schema: str
    dialect: str
    domain: bool
    values: str = ""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Parts of domain pairs to parts of open ones."""

    domain: int = 1
    open: int = 1

    def __str__(self) -> str:
        return f"{self.domain}:{self.open}"

    @staticmethod
    def of(text: str) -> Ratio:
        """Raises: ValueError for anything but DOMAIN:OPEN with whole numbers that are not both 0."""
        domain, colon, open_ = text.partition(":")
        if not (colon and domain.isdecimal() and open_.isdecimal() and int(domain) + int(open_)):
            raise ValueError(f"a mix is DOMAIN:OPEN, as 1:1 or 0:1, not {text!r}")
        return Ratio(int(domain), int(open_))


def load(source: str, held_out: HeldOut | None = None) -> list[Pair]:
    """The pairs of one source, `KIND:PATH`, without those that are held out.

    Raises: ValueError for an unknown kind, DataInvalid, HeldOutData, FileNotFoundError.
    """
    kind, _, path = source.partition(":")
    if kind not in READERS or not path:
        raise ValueError(f"a source is KIND:PATH with one of {', '.join(READERS)}, not {source!r}")
    return list(READERS[kind](Path(path), held_out or shipped()))


def mix(
    pairs: Iterable[Pair],
    ratio: Ratio,
    *,
    total: int | None = None,
    open_schemas: int | None = None,
    seed: int = 1,
) -> list[Pair]:
    """Domain and open pairs in a ratio, shuffled: as many as there are, or `total`.

    Units: `open_schemas`, how many schemas the open pairs are drawn from (all); few make training cheaper, since a
    schema is read once for the pairs on it that share a row.
    Raises: ValueError when there are no pairs of a side that the ratio wants, or fewer than `total` wants.
    """
    sides: dict[bool, list[Pair]] = {True: [], False: []}
    for pair in dict.fromkeys(pairs):
        sides[pair.domain].append(pair)
    rng = random.Random(seed)
    if open_schemas is not None:
        schemas = list(dict.fromkeys(pair.schema for pair in sides[False]))
        drawn = frozenset(rng.sample(schemas, min(open_schemas, len(schemas))))
        sides[False] = [pair for pair in sides[False] if pair.schema in drawn]
    parts = {True: ratio.domain, False: ratio.open}
    whole = ratio.domain + ratio.open
    most = min(len(sides[side]) * whole // part for side, part in parts.items() if part)
    size = most if total is None else total
    if not 0 < size <= most:
        counts = f"{len(sides[True])} domain and {len(sides[False])} open pairs"
        raise ValueError(f"{counts} cannot make {total or 'any'} at {ratio}")
    domain = size * ratio.domain // whole
    chosen = rng.sample(sides[True], domain) + rng.sample(sides[False], size - domain)
    rng.shuffle(chosen)
    return chosen


def fingerprint(items: Iterable[Any]) -> str:
    """Of data, in order.  Shapes: 64 hexadecimal digits; items are frozen dataclasses of plain values."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(json.dumps(astuple(item), ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def _spider(path: Path, held_out: HeldOut) -> Iterator[Pair]:
    if path.is_file():
        refuse_held_out(path)
    with open_spider(path, "train") as spider:
        for question in spider.questions("train")[0]:
            if not held_out.has(question.prose, question.database):
                tables = spider.tables(question.database)
                schema = serialise_schema(tables, search_path=("",))
                found = find(question.prose, tables, spider.held(question.database))
                values = told(found, tables, ("",))
                sql = " ".join(question.gold.split()).rstrip("; ")
                yield Pair(" ".join(question.prose.split()), sql, schema, "sqlite", False, values)


def _wikisql(path: Path, held_out: HeldOut) -> Iterator[Pair]:
    if path.is_dir():
        text = (path / "train.jsonl").read_text("utf-8")
    else:
        with unpacked(refuse_held_out(path)) as folder:
            text = (folder / "wikisql" / "train.jsonl").read_text("utf-8")
    for question, sql, schema in readable(json.loads(line) for line in text.splitlines()):
        if not held_out.has(question):
            yield Pair(question, sql, schema, "sqlite", False)


def _approved(path: Path, held_out: HeldOut) -> Iterator[Pair]:
    for row in _rows(refuse_held_out(path), ("question", "sql", "schema")):
        if not held_out.has(row["question"]):
            yield Pair(
                row["question"],
                row["sql"],
                row["schema"],
                row.get("dialect", "postgres"),
                True,
                row.get("values", ""),
            )


def _augmented(path: Path, held_out: HeldOut) -> Iterator[Pair]:
    """Its held-out parts lie beside it, and their questions are held out too."""
    for part in sorted(path.glob("*.jsonl")):
        if part.name != "train.jsonl":
            held_out = held_out.with_questions(row["question"] for row in _rows(part, ("question",)))
    schemas: dict[str, str] = {}
    for row in _rows(path / "train.jsonl", ("question", "sql", "schema")):
        if row.get("split", "train") != "train":
            raise HeldOutData(f"{path / 'train.jsonl'} holds a pair of its part {row['split']!r}")
        name = row["schema"]
        if name not in schemas:
            schemas[name] = (path / "schemas" / f"{name}.sql").read_text("utf-8").strip()
        if not held_out.has(row["question"], name):
            yield Pair(row["question"], row["sql"], schemas[name], "postgres", True, row.get("values", ""))


def _rows(path: Path, keys: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
        except ValueError:
            raise DataInvalid(f"{path.name}:{number}: no JSON object") from None
        for key in keys:
            if not isinstance(row, dict) or not isinstance(row.get(key), str):
                raise DataInvalid(f"{path.name}:{number}: {key}: a string is needed")
        yield row


READERS: Mapping[str, Callable[[Path, HeldOut], Iterator[Pair]]] = {
    "spider": _spider,
    "wikisql": _wikisql,
    "approved": _approved,
    "augmented": _augmented,
}
