"""Results as text: tables for people, JSON lines of the failures."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

from training.causes import CAUSES


def percent(part: int, whole: int) -> float:
    """One decimal place; 0 of 0 is 0."""
    return round(100.0 * part / whole, 1) if whole else 0.0


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns as wide as they need to be; numbers stand right."""
    body = [[f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    right = [
        all(row[i].replace(".", "").isdecimal() or not row[i] for row in body) for i in range(len(heads))
    ]
    widths = [max(len(line[i]) for line in [list(heads), *body]) for i in range(len(heads))]

    def line(cells: Sequence[str]) -> str:
        made = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True))
        return "  ".join(made).rstrip()

    return "\n".join([line(list(heads)), "  ".join("-" * w for w in widths), *map(line, body)])


def causes_table(found: Iterable[str]) -> str:
    """Failures by cause; empty without failures."""
    counts = Counter(found)
    rows = [(cause, counts[cause]) for cause in CAUSES if counts[cause]]
    return table(("failed by", "questions"), rows) if rows else ""


def reliability_table(answers: Iterable[tuple[float | None, bool]]) -> str:
    """How often an answer is right, by its confidence: quarters of them, the most certain first.

    Shapes: (confidence, right); those without a confidence are left out.
    """
    known = sorted(((c, right) for c, right in answers if c is not None), reverse=True)
    if not known:
        return ""
    ends = [round(len(known) * quarter / 4) for quarter in range(5)]
    rows: list[Sequence[object]] = [
        (f"{part[-1][0]:.3f} to {part[0][0]:.3f}", len(part), percent(sum(r for _, r in part), len(part)))
        for part in (known[start:end] for start, end in pairwise(ends))
        if part
    ]
    return table(("confidence", "questions", "right"), rows)


def published_table(name: str, exact: float, execution: float, n: int) -> str:
    """Our row and, below it, what others publish for Spider dev."""
    text = (files("training") / "published.toml").read_text(encoding="utf-8")
    rows: list[Sequence[object]] = [(name, exact, execution, f"measured here on {n} questions")]
    for row in tomllib.loads(text)["row"]:
        rows.append((row["name"], row.get("exact", ""), row["execution"], row["source"]))
    return table(("Spider dev", "exact", "execution", "source"), rows)


def keep_failures(path: Path, failures: Iterable[Mapping[str, object]]) -> None:
    """A JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(dict(failure), ensure_ascii=False) + "\n" for failure in failures)
    path.write_text("".join(lines), encoding="utf-8")
