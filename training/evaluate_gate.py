"""`python -m training.evaluate gate`: the injection layer on a labelled set, beside published figures.

The set is a CSV with the columns `statement` and `malicious` (0 or 1), plain or .xz: the one of arXiv 2505.21575,
section 4.  Its white space is normalised first, since doubled spaces give many of its attacks away; nothing else of it
is used, and no rule was written from its rows.

Measures: precision TP/(TP+FP), recall TP/(TP+FN), escape rate FN/(TP+FN), misintercept FP/(FP+TN) (equations 3 to 6);
the area under the ROC curve over all thresholds; statements a second in one process.

Left out: whole statements with payloads in them: tests/property/test_injection.py.
"""

from __future__ import annotations

import argparse
import csv
import json
import lzma
import random
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from checker.context import InjectionLimits
from checker.injection import judge_text

PUBLISHED = (
    ("paper, best recall", None, 0.9842, 0.1447, "arXiv 2505.21575, Table 2; AUC 0.94, 4 statements/s"),
    ("paper, best precision", 0.9052, 0.9438, None, "arXiv 2505.21575, Table 2"),
    ("libinjection", None, 0.916, 0.363, "measured on the same set, 166,000 statements/s"),
)
"""Name, precision, recall, misintercept, source."""
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Measures:
    """Shares, 0..1; of nothing at all they are 0."""

    precision: float
    recall: float
    escape: float
    misintercept: float


def measure(scores: Sequence[float], labels: Sequence[bool], threshold: float) -> Measures:
    """What a threshold gives: scores from it upward are called attacks."""
    caught = sum(label and score >= threshold for score, label in zip(scores, labels, strict=True))
    blocked = sum(not label and score >= threshold for score, label in zip(scores, labels, strict=True))
    attacks = sum(labels)
    honest = len(labels) - attacks
    recall = caught / attacks if attacks else 0.0
    return Measures(
        precision=caught / (caught + blocked) if caught + blocked else 0.0,
        recall=recall,
        escape=1 - recall if attacks else 0.0,
        misintercept=blocked / honest if honest else 0.0,
    )


def roc(scores: Sequence[float], labels: Sequence[bool]) -> tuple[list[tuple[float, float]], float]:
    """The curve (misintercept, recall) over all thresholds, and the area under it."""
    attacks, honest = sum(labels), len(labels) - sum(labels)
    ranked = sorted(zip(scores, labels, strict=True), key=lambda pair: -pair[0])
    curve, area = [(0.0, 0.0)], 0.0
    caught = blocked = 0
    for index, (score, label) in enumerate(ranked):
        caught += label
        blocked += not label
        if index + 1 == len(ranked) or ranked[index + 1][0] != score:
            point = (blocked / honest if honest else 0.0, caught / attacks if attacks else 0.0)
            area += (point[0] - curve[-1][0]) * (point[1] + curve[-1][1]) / 2
            curve.append(point)
    return curve, area


def normalised(text: str) -> str:
    """One white space where there are several; a line break stays one, because a comment ends there."""
    return _SPACE.sub(lambda run: "\n" if "\n" in run[0] else " ", text).strip()


def read_set(path: Path) -> list[tuple[str, bool]]:
    """Raises: OSError, KeyError for a file without the two columns."""
    with (
        lzma.open(path, "rt", encoding="utf-8", newline="")
        if path.suffix == ".xz"
        else path.open(encoding="utf-8", newline="")
    ) as stream:
        return [(normalised(row["statement"]), row["malicious"] == "1") for row in csv.DictReader(stream)]


def plot(folder: Path, scores: Sequence[float], labels: Sequence[bool], threshold: float) -> None:
    """roc.png and sample_size.png.  Needs matplotlib (the extra `train`)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    curve, area = roc(scores, labels)
    figure, axes = pyplot.subplots(figsize=(5, 4))
    axes.plot(*zip(*curve, strict=True), label=f"rules, AUC {area:.4f}")
    for name, _, recall, misintercept, _ in PUBLISHED:
        if misintercept is not None:
            axes.scatter([misintercept], [recall], label=name)
    axes.set(xlabel="misintercept", ylabel="recall", xlim=(0, 0.5), ylim=(0.5, 1.0))
    axes.legend()
    figure.savefig(folder / "roc.png", dpi=120, bbox_inches="tight")
    figure, axes = pyplot.subplots(figsize=(5, 4))
    sizes = sorted({len(scores) * step // 20 for step in range(1, 21)} - {0})
    measures = [measure(scores[:size], labels[:size], threshold) for size in sizes]
    for name in ("precision", "recall", "escape", "misintercept"):
        axes.plot(sizes, [getattr(found, name) for found in measures], label=name)
    axes.set(xlabel="statements", ylim=(0, 1.02))
    axes.legend()
    figure.savefig(folder / "sample_size.png", dpi=120, bbox_inches="tight")
    pyplot.close("all")


def main(arguments: Sequence[str]) -> int:
    """Exit status: 0 measured, 1 the set cannot be read, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="training.evaluate gate", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("shared/data/kaggle_sql_injection.csv.xz"))
    parser.add_argument("--limit", type=int, metavar="N", help="N statements, drawn by --seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threshold", type=float, default=InjectionLimits().deny_at)
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the curves as PNG here")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    options = parser.parse_args(arguments)
    try:
        rows = read_set(options.data)
    except (OSError, KeyError) as error:
        print(f"{options.data}: {error}", file=sys.stderr)
        return 1
    random.Random(options.seed).shuffle(rows)
    rows = rows[: options.limit]
    begin = time.perf_counter()
    scores = [judge_text(text)[0] for text, _ in rows]
    rate = len(rows) / (time.perf_counter() - begin) if rows else 0.0
    labels = [label for _, label in rows]
    found = measure(scores, labels, options.threshold)
    _, area = roc(scores, labels)
    print(f"{len(rows)} statements, {sum(labels)} of them attacks; threshold {options.threshold}")
    print(f"{'':24}{'precision':>10}{'recall':>10}{'escape':>10}{'misinterc.':>11}")
    print(
        f"{'rules':24}{found.precision:10.4f}{found.recall:10.4f}{found.escape:10.4f}{found.misintercept:11.4f}"
        f"   AUC {area:.4f}, {rate:.0f} statements/s"
    )
    for name, precision, recall, misintercept, source in PUBLISHED:
        shown = [f"{v:.4f}" if v is not None else "-" for v in (precision, recall, 1 - recall, misintercept)]
        print(f"{name:24}{shown[0]:>10}{shown[1]:>10}{shown[2]:>10}{shown[3]:>11}   {source}")
    if options.out is not None:
        plot(options.out, scores, labels, options.threshold)
    if options.json:
        report = {"statements": len(rows), "attacks": sum(labels), "threshold": options.threshold}
        print(json.dumps({**report, **asdict(found), "auc": area, "statements_per_s": rate}))
    return 0
