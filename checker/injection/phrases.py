"""phrases.txt as a table: words in a row that are an attack wherever they stand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from checker.injection.findings import Findings
from checker.injection.lexemes import Kind, Lexeme


@dataclass(frozen=True, slots=True)
class Phrase:
    weight: float
    words: tuple[str, ...]
    meaning: str


@cache
def phrases() -> dict[str, tuple[Phrase, ...]]:
    """The phrases by their first word, or its beginning up to an underscore.

    Raises: ValueError for a line that is not `weight | words | meaning`.
    """
    found: dict[str, list[Phrase]] = {}
    text = files("checker.injection").joinpath("phrases.txt").read_text("utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            weight, words, meaning = (part.strip() for part in line.split(" | "))
            phrase = Phrase(float(weight), tuple(words.split()), meaning)
        except ValueError:
            raise ValueError(f"phrases.txt line {number}: expected `weight | words | meaning`") from None
        found.setdefault(phrase.words[0].rstrip("*"), []).append(phrase)
    return {word: tuple(group) for word, group in found.items()}


def judge(lexemes: list[Lexeme], findings: Findings) -> None:
    """A finding for each phrase that stands in the text."""
    table = phrases()
    for index, lexeme in enumerate(lexemes):
        if lexeme.kind not in (Kind.WORD, Kind.MARK):
            continue
        begun = lexeme.text.partition("_")[0] + "_"
        for phrase in (*table.get(lexeme.text, ()), *table.get(begun, ())):
            if _fits(phrase, lexemes, index):
                shown = " ".join(phrase.words)
                reason = f"{shown.upper()} {phrase.meaning}"
                findings.add("phrase", phrase.weight, reason, lexeme.start + 1)


def _fits(phrase: Phrase, lexemes: list[Lexeme], index: int) -> bool:
    if index + len(phrase.words) > len(lexemes):
        return False
    for offset, wanted in enumerate(phrase.words):
        lexeme = lexemes[index + offset]
        if wanted == "*" or (wanted == "'x'" and lexeme.kind is Kind.STRING):
            continue
        if lexeme.kind not in (Kind.WORD, Kind.MARK, Kind.VARIABLE):
            return False
        if wanted.endswith("*"):
            if not lexeme.text.startswith(wanted[:-1]):
                return False
        elif lexeme.text != wanted:
            return False
    return True
