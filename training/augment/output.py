"""What a run leaves in its folder, and the examples that the front end shows to a model.

train.jsonl, phrasings.jsonl, templates.jsonl   the three parts, a pair a line
schemas/NAME.sql                                each schema, in the words of the front end's prompt
census.json                                     the counts
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from nl_frontend.copied import NUMBERS
from nl_frontend.examples import literal_words, pattern_of
from nl_frontend.prompt import serialise_schema
from training.augment.census import Census
from training.augment.data import Database
from training.augment.propagate import Pair
from training.augment.split import PARTS, TRAINED, Part

EXAMPLES_HEAD = """\
# Questions and the SQL that answers them, of which the model is shown those that are most like the user's: made by
# training/augment, one for each phrasing of a shape of SQL.  conf/examples.toml says what an example is; `like` is the
# question with # in the place of numbers and @ in the place of names.
"""


def write_pairs(folder: Path, pairs: Iterable[Pair]) -> None:
    """The three parts; each pair in the order in which it was made."""
    folder.mkdir(parents=True, exist_ok=True)
    lines: dict[str, list[str]] = {part: [] for part in PARTS}
    for pair in pairs:
        lines[pair.split].append(json.dumps(asdict(pair), ensure_ascii=False))
    for part, held in lines.items():
        (folder / f"{part}.jsonl").write_text("".join(f"{line}\n" for line in held), encoding="utf-8")


def write_schema(folder: Path, database: Database) -> None:
    """The schema as prompts have it, so that who trains on the pairs shows what the server will show."""
    (folder / "schemas").mkdir(parents=True, exist_ok=True)
    text = serialise_schema(database.tables, search_path=(database.name,))
    (folder / "schemas" / f"{database.name}.sql").write_text(text + "\n", encoding="utf-8")


def write_census(folder: Path, census: Census) -> None:
    text = json.dumps(census.as_json(), indent=1, sort_keys=True, ensure_ascii=False)
    (folder / "census.json").write_text(text + "\n", encoding="utf-8")


def choose_examples(pairs: Sequence[Pair], count: int, parts: Collection[Part] = TRAINED) -> list[Pair]:
    """At most `count` pairs of these parts that are spelt well and find something: one a phrasing of a shape of SQL,
    and the second of a template only after every template's first.
    """
    seen: set[tuple[str, str]] = set()
    ranked: list[tuple[int, int, Pair]] = []
    of_template: dict[str, int] = {}
    for place, pair in enumerate(pairs):
        if pair.split not in parts or pair.slipped or not pair.rows or (pair.shape, pair.phrasing) in seen:
            continue
        seen.add((pair.shape, pair.phrasing))
        rank = of_template[pair.template] = of_template.get(pair.template, 0) + 1
        ranked.append((rank, place, pair))
    chosen = sorted(ranked, key=lambda entry: entry[:2])[:count]
    return [pair for _, _, pair in sorted(chosen, key=lambda entry: (entry[2].template, entry[1]))]


def like_of(pair: Pair) -> str:
    """The question with # in the place of numbers and @ in the place of names, as nl_frontend.similar compares it.

    What a slot says in words of its own ("before", "at least") stays.
    """
    pieces = re.split(r"\{[^}]*\}", pair.phrasing)
    pattern = "(.+?)".join(r"\s+".join(map(re.escape, piece.split(" "))) for piece in pieces)
    found = re.fullmatch(rf"{pattern}[.?!]?", pair.question, re.IGNORECASE)
    if found is None:
        return pattern_of(pair.question, pair.sql)
    literals = literal_words(pair.sql)

    def shown(value: str) -> str:
        if value.isdigit() or value.lower() in NUMBERS:
            return "#"
        is_name = any(sign.isupper() or sign.isdigit() for sign in value)
        return "@" if is_name or literals & set(re.findall(r"\w+", value.lower())) else value

    values = [shown(value) for value in found.groups()]
    return "".join(f"{piece}{value}" for piece, value in zip(pieces, [*values, ""], strict=True))


def write_examples(file: Path, pairs: Iterable[Pair]) -> None:
    """A file that nl_frontend.examples reads."""
    # JSON's strings are TOML's basic strings.
    entries = (
        f"\n[[example]]\nquestion = {json.dumps(p.question, ensure_ascii=False)}\n"
        f"sql = {json.dumps(p.sql, ensure_ascii=False)}\nlike = {json.dumps(like_of(p), ensure_ascii=False)}\n"
        for p in pairs
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(EXAMPLES_HEAD + "".join(entries), encoding="utf-8")
