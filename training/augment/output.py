"""What a run leaves in its folder, and the examples that the front end shows to a model.

train.jsonl, phrasings.jsonl, templates.jsonl   the three parts, a pair a line
schemas/NAME.sql                                each schema, in the words of the front end's prompt
census.json                                     the counts
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from nl_frontend.prompt import serialise_schema
from training.augment.census import Census
from training.augment.data import Database
from training.augment.propagate import Pair
from training.augment.split import PARTS

EXAMPLES_HEAD = """\
# Questions and the SQL that answers them, shown to the model as examples: made by training/augment of its train part,
# one for each shape of SQL.  conf/examples.toml says what an example is.
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


def choose_examples(pairs: Sequence[Pair], count: int) -> list[Pair]:
    """At most `count` pairs that are trained on, spelt well, and find something: one a shape of SQL, and the second
    shape of a template only after every template's first.
    """
    shapes: set[str] = set()
    ranked: list[tuple[int, int, Pair]] = []
    of_template: dict[str, int] = {}
    for place, pair in enumerate(pairs):
        if pair.split != "train" or pair.slipped or not pair.rows or pair.shape in shapes:
            continue
        shapes.add(pair.shape)
        rank = of_template[pair.template] = of_template.get(pair.template, 0) + 1
        ranked.append((rank, place, pair))
    chosen = sorted(ranked, key=lambda entry: entry[:2])[:count]
    return [pair for _, _, pair in sorted(chosen, key=lambda entry: (entry[2].template, entry[1]))]


def write_examples(file: Path, pairs: Iterable[Pair]) -> None:
    """A file that nl_frontend.examples reads."""
    # JSON's strings are TOML's basic strings.
    entries = (
        f"\n[[example]]\nquestion = {json.dumps(p.question, ensure_ascii=False)}\n"
        f"sql = {json.dumps(p.sql, ensure_ascii=False)}\n"
        for p in pairs
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(EXAMPLES_HEAD + "".join(entries), encoding="utf-8")
