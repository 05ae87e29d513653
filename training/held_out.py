"""What may never be trained on: files by their names, databases and questions by their hashes.

    python -m training.held_out --data FOLDER        writes held_out.txt, of the sets that measuring uses

Rules: a file whose name says dev, test or a held-out part is refused before it is opened; a question of a held-out set
is left out wherever it comes from, also rewritten in case, blanks and punctuation; so is every pair on a database of
Spider dev.  Only hashes are kept here, so the sets themselves are not in what ships.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

HASH_CHARACTERS = 10
"""40 bits, for 25,000 held-out questions: of a million others, a single one is left out by mistake once in 44 times."""
_HELD_NAMES = re.compile(
    r"(?:^|[^a-z])(?:dev|test|tests|eval|valid|validation|heldout|phrasings|templates)(?:[^a-z]|$)"
)


class HeldOutData(Exception):
    """Something that is for measuring only was about to be trained on."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Shapes: hashes of questions and of names of databases."""

    questions: frozenset[str]
    databases: frozenset[str]

    def has(self, question: str, database: str = "") -> bool:
        return question_hash(question) in self.questions or _hash(database.lower()) in self.databases

    def with_questions(self, questions: Iterable[str]) -> HeldOut:
        return HeldOut(self.questions | frozenset(map(question_hash, questions)), self.databases)


def refuse_held_out(path: Path) -> Path:
    """The path itself.  Raises: HeldOutData when its name says that it is for measuring."""
    if _HELD_NAMES.search(path.name.lower()):
        raise HeldOutData(f"{path.name} is for measuring and is not trained on")
    return path


def question_hash(question: str) -> str:
    """The same for every way to write the same words."""
    return _hash(" ".join(re.findall(r"[^\W_]+", question.lower())))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_CHARACTERS]


@lru_cache(maxsize=1)
def shipped() -> HeldOut:
    """What held_out.txt holds."""
    kinds: dict[str, set[str]] = {"question": set(), "database": set()}
    kind = ""
    for line in (files("training") / "held_out.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            kind = line.strip("[]")
        elif line and not line.startswith("#"):
            kinds[kind].update(line.split())
    return HeldOut(frozenset(kinds["question"]), frozenset(kinds["database"]))


HEAD = """\
# Hashes of what is never trained on: questions of Spider dev, WikiSQL dev and test; the databases of Spider dev.
# Made by `python -m training.held_out`; see there for what is hashed.
"""
HASHES_A_LINE = 10


def made_of(data: Path) -> str:
    """held_out.txt's text, from a folder with spider_dev and wikisql (folders or archives).

    Raises: FileNotFoundError.
    """
    from training.spider_data import open_spider, unpacked

    questions: set[str] = set()
    with open_spider(data) as spider:
        rows: list[dict[str, Any]] = json.loads((spider.folder / "dev.json").read_text("utf-8"))
    databases = {_hash(row["db_id"].lower()) for row in rows}
    questions |= {question_hash(row["question"]) for row in rows}
    with unpacked(data / "wikisql.tar.xz") as folder:
        for part in ("dev", "test"):
            lines = (folder / "wikisql" / f"{part}.jsonl").read_text("utf-8").splitlines()
            questions |= {question_hash(json.loads(line)["question"]) for line in lines}
    return f"{HEAD}[database]\n{_lines(databases)}[question]\n{_lines(questions)}"


def _lines(hashes: Iterable[str]) -> str:
    ordered = sorted(hashes)
    chunks = (ordered[i : i + HASHES_A_LINE] for i in range(0, len(ordered), HASHES_A_LINE))
    return "".join(" ".join(chunk) + "\n" for chunk in chunks)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.held_out")
    parser.add_argument("--data", type=Path, required=True, help="the folder of evaluation data")
    options = parser.parse_args()
    Path(str(files("training") / "held_out.txt")).write_text(made_of(options.data), encoding="utf-8")


if __name__ == "__main__":
    main()
