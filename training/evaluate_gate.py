"""`python -m training.evaluate gate`: the injection layer and the judge on a labelled set, beside published figures.

The set is a CSV with the columns `statement` and `malicious` (0 or 1), plain or .xz: the one of arXiv 2505.21575,
section 4.  Its white space is normalised first, since doubled spaces give many of its attacks away; nothing else of it
is used, and no rule was written from its rows.

Measures: precision TP/(TP+FP), recall TP/(TP+FN), escape rate FN/(TP+FN), misintercept FP/(FP+TN) (equations 3 to 6);
the area under the ROC curve over all thresholds; statements a second in one process.

The judge takes some 200 ms a text, so it reads a sample (`--judge N`): up to N texts of each label that the rules deny,
and of each that they let through, which count for all that they were drawn from.  What it cannot read, since it breaks
PostgreSQL's lexical rules, the judge alone lets through.

Left out: whole statements with payloads in them: tests/unit/checker/injection.
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
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

from tqdm import tqdm

from checker.context import InjectionLimits, JudgeRule
from checker.injection import judge_text
from checker.judge import Calibration

PUBLISHED = (
    ("paper, best recall", None, 0.9842, 0.1447, "arXiv 2505.21575, Table 2; AUC 0.94, 4 statements/s"),
    ("paper, best precision", 0.9052, 0.9438, None, "arXiv 2505.21575, Table 2"),
    ("libinjection", None, 0.916, 0.363, "measured on the same set, 166,000 statements/s"),
)
"""Name, precision, recall, misintercept, source."""
MODEL = "smollm2-135m"
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Measures:
    """Shares, 0..1; of nothing at all they are 0."""

    precision: float
    recall: float
    escape: float
    misintercept: float


def measure(
    scores: Sequence[float], labels: Sequence[bool], threshold: float, weights: Sequence[float] | None = None
) -> Measures:
    """What a threshold gives: scores from it upward are called attacks.

    Units: a weight is how many texts one stands for.
    """
    rows = list(zip(scores, labels, weights or [1.0] * len(labels), strict=True))
    caught = sum(weight for score, label, weight in rows if label and score >= threshold)
    blocked = sum(weight for score, label, weight in rows if not label and score >= threshold)
    attacks = sum(weight for _, label, weight in rows if label)
    honest = sum(weight for _, label, weight in rows if not label)
    recall = caught / attacks if attacks else 0.0
    return Measures(
        precision=caught / (caught + blocked) if caught + blocked else 0.0,
        recall=recall,
        escape=1 - recall if attacks else 0.0,
        misintercept=blocked / honest if honest else 0.0,
    )


def roc(
    scores: Sequence[float], labels: Sequence[bool], weights: Sequence[float] | None = None
) -> tuple[list[tuple[float, float]], float]:
    """The curve (misintercept, recall) over all thresholds, and the area under it."""
    rows = zip(scores, labels, weights or [1.0] * len(labels), strict=True)
    ranked = sorted(rows, key=lambda row: -row[0])
    attacks = sum(weight for _, label, weight in ranked if label)
    honest = sum(weight for _, label, weight in ranked if not label)
    curve, area = [(0.0, 0.0)], 0.0
    caught = blocked = 0.0
    for index, (score, label, weight) in enumerate(ranked):
        caught += weight * label
        blocked += weight * (not label)
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


@dataclass(frozen=True, slots=True)
class Judged:
    """A sample of the set.  Shapes: `judge` has the judge's probability, 0 for what it cannot read."""

    rules: list[float]
    judge: list[float]
    labels: list[bool]
    weights: list[float]

    @property
    def both(self) -> list[float]:
        """Whichever is surer of an attack, the judge at the threshold that roles have."""
        lift = InjectionLimits().deny_at
        sure = [lift + (1 - lift) * p if p >= JudgeRule().deny_at else 0.0 for p in self.judge]
        return [max(rule, judged) for rule, judged in zip(self.rules, sure, strict=True)]


def judge_sample(
    texts: Sequence[str],
    rules: Sequence[float],
    labels: Sequence[bool],
    *,
    threshold: float,
    most: int,
    judge: Callable[[str], float | None],
) -> Judged:
    """The judge on up to `most` texts of each label and verdict, the first ones."""
    groups: dict[tuple[bool, bool], list[int]] = {}
    for index, (score, label) in enumerate(zip(rules, labels, strict=True)):
        groups.setdefault((label, score >= threshold), []).append(index)
    found = Judged([], [], [], [])
    for (label, _), members in groups.items():
        drawn = members[:most]
        for index in tqdm(drawn, disable=not sys.stderr.isatty(), delay=2):
            found.rules.append(rules[index])
            found.judge.append(judge(texts[index]) or 0.0)
            found.labels.append(label)
            found.weights.append(len(members) / len(drawn))
    return found


def local_judge(options: argparse.Namespace) -> Callable[[str], float | None]:
    """The judge that the options name, in this process.  Raises: ModelUnavailable, ValueError, OSError."""
    from checker.errors import SyntaxProblem
    from checker.judge import TooLong, judge_of_texts, judge_prompt, parse_calibration
    from nl_frontend.models import adapter_of, model_path
    from training.judge import Reader

    lora = adapter_of(options.model, own=options.lora, untuned=options.untuned, judge=True)
    path = options.calibration or Path(str(files("conf") / f"judge-{Path(options.model).stem}.json"))
    calibration = Calibration() if options.labels else parse_calibration(path.read_text("utf-8"))
    reader = Reader(model_path(options.model), lora=lora, threads=2, states=None)

    def judge(statement: str) -> float | None:
        with suppress(SyntaxProblem, TooLong, RecursionError):
            prompt = judge_prompt(statement)
            return calibration.probability(reader.reading(prompt), prompt.text)
        return None

    return judge_of_texts(judge)


def plot(
    folder: Path, scores: Sequence[float], labels: Sequence[bool], threshold: float, judged: Judged | None
) -> None:
    """roc.png and sample_size.png.  Needs matplotlib (the extra `train`)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    curve, area = roc(scores, labels)
    figure, axes = pyplot.subplots(figsize=(5, 4))
    axes.plot(*zip(*curve, strict=True), label=f"rules, AUC {area:.4f}")
    if judged is not None:
        for name, by in (("judge", judged.judge), ("rules and judge", judged.both)):
            curve, area = roc(by, judged.labels, judged.weights)
            axes.plot(*zip(*curve, strict=True), label=f"{name}, AUC {area:.4f}")
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
    parser.add_argument(
        "--judge", type=int, default=0, metavar="N", help="also let the judge read a sample (none)"
    )
    parser.add_argument("--model", default=MODEL, help="the judge: a name of models.toml or a GGUF file")
    parser.add_argument("--lora", type=Path, metavar="FILE", help="its adapter's GGUF (the one that ships)")
    parser.add_argument("--untuned", action="store_true", help="without the adapter that ships for it")
    parser.add_argument(
        "--calibration", type=Path, metavar="FILE", help="as training.judge writes it (what ships)"
    )
    parser.add_argument("--labels", action="store_true", help="without a calibration: its labels as they are")
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
    print(_line("rules", found, f"AUC {area:.4f}, {rate:.0f} statements/s"))
    judged = None
    parts: dict[str, object] = {}
    if options.judge:
        texts = [text for text, _ in rows]
        judge = local_judge(options)
        judged = judge_sample(
            texts, scores, labels, threshold=options.threshold, most=options.judge, judge=judge
        )
        limits = {"judge": JudgeRule().deny_at, "rules and judge": options.threshold}
        for name, by in (("judge", judged.judge), ("rules and judge", judged.both)):
            measured = measure(by, judged.labels, limits[name], judged.weights)
            surface = roc(by, judged.labels, judged.weights)[1]
            print(_line(name, measured, f"AUC {surface:.4f}, {len(by)} texts read"))
            parts[name.replace(" ", "_")] = {**asdict(measured), "auc": surface, "read": len(by)}
    for name, precision, recall, misintercept, source in PUBLISHED:
        shown = [f"{v:.4f}" if v is not None else "-" for v in (precision, recall, 1 - recall, misintercept)]
        print(f"{name:24}{shown[0]:>10}{shown[1]:>10}{shown[2]:>10}{shown[3]:>11}   {source}")
    if options.out is not None:
        plot(options.out, scores, labels, options.threshold, judged)
    if options.json:
        report = {"statements": len(rows), "attacks": sum(labels), "threshold": options.threshold}
        print(json.dumps({**report, **asdict(found), "auc": area, "statements_per_s": rate, **parts}))
    return 0


def _line(name: str, found: Measures, more: str) -> str:
    shown = (f"{value:10.4f}" for value in (found.precision, found.recall, found.escape))
    return f"{name:24}{''.join(shown)}{found.misintercept:11.4f}   {more}"
