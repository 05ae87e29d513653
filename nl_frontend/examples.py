"""Question and SQL pairs that stand in the prompt, and which of them hold on the tables at hand.

Rules: an example whose tables or columns the catalogue lacks is left out, because examples of other schemas make a
model worse (Spider: 63 to 55 %); the ones that remain are the same for every question, so a node reads them once.
Leaves out: choosing examples by the question, see similar.py.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from nl_frontend.prompt import Table

_STRING = re.compile(r"'(?:[^']|'')*'")


@dataclass(frozen=True, slots=True)
class Example:
    """One pair.

    Shapes: `tables` and `columns` are the names that its SQL uses; `like` is the question with # in the place of
    numbers and @ in the place of names, where somebody has written it.
    """

    question: str
    sql: str
    tables: frozenset[str]
    columns: frozenset[str]
    like: str = ""

    @property
    def pattern(self) -> str:
        """The question without what is only this one's: names, numbers, the literals of its SQL."""
        return self.like or pattern_of(self.question, self.sql)

    def holds(self, tables: Iterable[Table], search_path: Sequence[str]) -> bool:
        """Whether these tables have all that the SQL names."""
        used = [t for t in tables if t.schema in search_path and t.name in self.tables]
        held = {c.name for t in used for c in t.columns}
        return {t.name for t in used} == self.tables and held >= self.columns


def pattern_of(question: str, sql: str) -> str:
    """A question with @ for every word that its SQL has in a literal, and for names within a sentence."""
    values = literal_words(sql)
    words = [
        "@" if part.lower() in values or (place and part[0].isupper() and not part.isupper()) else part
        for place, part in enumerate(re.findall(r"\w+|\W+", question))
    ]
    return "".join(words)


def literal_words(sql: str) -> set[str]:
    """The words of a statement's strings, in small letters."""
    return set(re.findall(r"\w+", " ".join(_STRING.findall(sql)).lower()))


def load_examples(path: Path | None = None) -> tuple[Example, ...]:
    """The pairs at `path`, or the ones that ship.  Raises: ValueError for a pair that does not parse."""
    text = (path if path is not None else files("conf") / "examples.toml").read_text(encoding="utf-8")
    return tuple(
        parse_example(e["question"], e["sql"], e.get("like", ""))
        for e in tomllib.loads(text).get("example", [])
    )


def parse_example(question: str, sql: str, like: str = "") -> Example:
    """Raises: ValueError when the SQL is not one query."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    try:
        tree = parse_one(sql, read="postgres")
    except SqlglotError:
        raise ValueError(f"the example for {question!r} is no SQL") from None
    if not isinstance(tree, exp.Query):
        raise ValueError(f"the example for {question!r} is not a query")
    made = {alias.alias for alias in tree.find_all(exp.Alias)}
    columns = {c.name for c in tree.find_all(exp.Column)} - made
    return Example(
        question, sql, frozenset(t.name for t in tree.find_all(exp.Table)), frozenset(columns), like
    )
