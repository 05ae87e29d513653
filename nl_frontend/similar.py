"""The examples that are most like a question: TF-IDF over words and pairs of words, in this process alone.

Rules: the same question finds the same examples; names and values in an example count for nothing, so that a question
about Intel is like one about Fujitsu; of examples with one shape of SQL only the nearest is found; nothing is found
that shares too little with the question, since an example that is unlike misleads a model.
Source of the weights: Manning, Raghavan, Schuetze, "Introduction to Information Retrieval" (2008), chapter 6.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

from nl_frontend.copied import NUMBERS
from nl_frontend.examples import Example, load_examples

LEAST_SIMILARITY = 0.25
"""Cosine, 0..1."""
PAIR_WEIGHT = 0.7
"""Of two words beside each other, against one word's 1."""
NUMBER, NAME = "#", "@"

_WORD = re.compile(r"[#@]|\w+(?:[-/]\w+)*")
_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")
_ENDINGS = ("ings", "ing", "ies", "ed", "es", "s")


class Similar:
    """An index of examples.  Shapes: kept in the order in which they were given."""

    def __init__(self, examples: Iterable[Example]) -> None:
        self.examples = tuple(examples)
        self._shapes = [shape_of(example.sql) for example in self.examples]
        read = [words_of(example.pattern) for example in self.examples]
        self._known = {word for words in read for word in words}
        counted = [_features(words) for words in read]
        documents = Counter(feature for features in counted for feature in features)
        self._weight = {f: math.log(1 + len(counted) / n) for f, n in documents.items()}
        self._postings: dict[str, list[tuple[int, float]]] = {}
        for place, features in enumerate(counted):
            for feature, share in self._unit(features).items():
                self._postings.setdefault(feature, []).append((place, share))

    def nearest(
        self, question: str, count: int, holds: Callable[[Example], bool] = lambda example: True
    ) -> tuple[Example, ...]:
        """At most `count` examples for which `holds`, the most similar one last."""
        scores: dict[int, float] = {}
        words = [word if word in self._known else NAME for word in words_of(question)]
        if set(words) <= {NAME, NUMBER}:
            return ()
        for feature, share in self._unit(_features(words)).items():
            for place, other in self._postings[feature]:
                scores[place] = scores.get(place, 0.0) + share * other
        found: list[Example] = []
        shapes: set[str] = set()
        for place in sorted(scores, key=lambda place: (-scores[place], place)):
            if len(found) == count or scores[place] < LEAST_SIMILARITY:
                break
            if self._shapes[place] not in shapes and holds(self.examples[place]):
                shapes.add(self._shapes[place])
                found.append(self.examples[place])
        return tuple(reversed(found))

    def _unit(self, features: Counter[str]) -> dict[str, float]:
        """Weights whose squares add up to 1; what no example has is left out."""
        weights = {
            feature: (1 + math.log(times)) * self._weight[feature] * (PAIR_WEIGHT if " " in feature else 1)
            for feature, times in features.items()
            if feature in self._weight
        }
        length = math.sqrt(sum(weight * weight for weight in weights.values()))
        return {feature: weight / length for feature, weight in weights.items()}


def shape_of(sql: str) -> str:
    """The SQL without its values."""
    return _LITERAL.sub("?", " ".join(sql.split()))


def words_of(text: str) -> list[str]:
    """The words of a question, shortened; a number is NUMBER, what holds digits and letters NAME."""
    words = []
    for word in _WORD.findall(text.lower()):
        if word.isdigit() or (word in NUMBERS and word != "one"):
            words.append(NUMBER)
        elif any(sign.isdigit() for sign in word):
            words.append(NAME)
        else:
            words += [stem(part) for part in re.split(r"[-/]", word)]
    return words


def _features(words: Iterable[str]) -> Counter[str]:
    """Words and pairs of them; a name of several words is one."""
    kept: list[str] = []
    for word in words:
        if word != NAME or not kept or kept[-1] != NAME:
            kept.append(word)
    return Counter([*kept, *(f"{first} {second}" for first, second in pairwise(kept))])


def stem(word: str) -> str:
    """A word without a common English ending, where enough is left of it."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def load_similar(own: Path | None = None, *, tuned: bool = False) -> Similar:
    """The examples that ship, and a site's own: these alone for a model that was `tuned` on what the others show.

    Raises: ValueError for a pair that does not parse, OSError.
    """
    shipped = () if tuned else load_examples(Path(str(files("conf") / "questions.toml")))
    return Similar((*shipped, *(load_examples(own) if own is not None else ())))
