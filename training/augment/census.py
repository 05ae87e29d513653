"""What a run made and what it threw away, for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields

from training.augment.split import PARTS


@dataclass(slots=True)
class Census:
    """Counts of one run.

    Units: statements are counted once each (`executed`, `empty` of them, `failed`, `repeated`), pairs by part and
    construct; `near` are pairs left out because the same SQL has a question of nearly the same words, `ambiguous`
    because the same question has other SQL, `leaking` because their SQL's shape is trained on.
    """

    templates: int = 0
    phrasings: int = 0
    unfit: int = 0
    pairs: Counter[str] = field(default_factory=Counter)
    statements: Counter[str] = field(default_factory=Counter)
    constructs: Counter[str] = field(default_factory=Counter)
    executed: int = 0
    empty: int = 0
    empty_kept: int = 0
    repeated: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    near: int = 0
    ambiguous: int = 0
    leaking: int = 0
    slipped: int = 0

    def add(self, other: Census) -> None:
        """Counts of another database's run, over the same templates."""
        self.templates, self.phrasings = (
            max(self.templates, other.templates),
            max(self.phrasings, other.phrasings),
        )
        for name in (
            "unfit",
            "executed",
            "empty",
            "empty_kept",
            "repeated",
            "near",
            "ambiguous",
            "leaking",
            "slipped",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("pairs", "statements", "constructs", "failed"):
            getattr(self, name).update(getattr(other, name))
        self.failures |= other.failures

    def lines(self) -> Iterable[str]:
        """The census as a page of text."""
        yield f"templates       {self.templates:8,}  ({self.unfit} do not fit the tables)"
        yield f"phrasings       {self.phrasings:8,}"
        for part in PARTS:
            what = {"train": "", "phrasings": "held-out phrasings", "templates": "held-out templates"}[part]
            yield f"pairs, {part:9}{self.pairs[part]:8,}  {self.statements[part]:,} statements  {what}".rstrip()
        yield f"executed        {self.executed:8,}"
        yield f"empty           {self.empty:8,}  ({self.empty_kept} kept)"
        yield f"repeated        {self.repeated:8,}  statements"
        yield f"left out        {self.near:8,}  near-duplicate questions, {self.ambiguous} ambiguous ones"
        yield f"leaking         {self.leaking:8,}"
        yield f"mistyped names  {self.slipped:8,}"
        failed = ", ".join(f"{n} by the {by}" for by, n in sorted(self.failed.items()))
        yield f"failed          {self.failed.total():8,}  {failed}".rstrip()
        yield from (f"  {template}: {reason}" for template, reason in sorted(self.failures.items()))
        yield "pairs by construct"
        yield from _columns([f"{name} {n:,}" for name, n in self.constructs.most_common()])

    def as_json(self) -> dict[str, object]:
        return {f.name: getattr(self, f.name) for f in fields(self)}


def _columns(entries: Sequence[str], width: int = 24, across: int = 4) -> Iterable[str]:
    for i in range(0, len(entries), across):
        yield "  " + "".join(entry.ljust(width) for entry in entries[i : i + across]).rstrip()
