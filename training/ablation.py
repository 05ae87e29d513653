"""`python -m training.ablation`: what the mix of domain and open pairs is worth.

    python -m training.ablation --base MODEL.gguf --data augmented:pairs --data spider:spider_train.tar.xz --out DIR \\
        --patents pairs --spider spider_dev.tar.xz --limit 100

One adapter for each ratio, of equally many pairs, and for each the loss on domain and on open pairs that none of them
was trained on; with --patents and --spider also the execution accuracy there.  results.csv and results.png tell them.

Rules: a run that was cut off goes on with the ratio it was at; what is measured on is the same for every ratio.
Source: arXiv 2505.21575, which mixes 1:1.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

from training import evaluate_patents, evaluate_spider
from training.base import Base, load_base
from training.datasets import Pair, Ratio, load, mix
from training.export import read_adapter, write_adapter
from training.finetune import FAILURES, Tuning, add_tuning_arguments, default_device, finetune, tuning_of
from training.loss import mean_loss
from training.report import table
from training.samples import encode, pack, sql_sample

RATIOS = tuple(map(Ratio.of, ("0:1", "1:3", "1:1", "3:1", "1:0")))
HELD_SHARE = 0.1
HELD_MAX = 200
FIGURES = ("domain_loss", "open_loss", "patents_execution", "spider_execution")


class MeasuringFailed(Exception):
    """An evaluation ended without a figure; it has said why."""


def hold(pairs: Sequence[Pair], seed: int) -> tuple[list[Pair], dict[bool, list[Pair]]]:
    """Pairs to train on, and pairs of each side (True: domain) to measure on, no question on both."""
    held: dict[bool, list[Pair]] = {}
    for domain in (True, False):
        questions = sorted({p.question for p in pairs if p.domain is domain})
        count = min(HELD_MAX, max(1, int(len(questions) * HELD_SHARE))) if questions else 0
        drawn = set(random.Random(seed).sample(questions, count))
        held[domain] = [p for p in pairs if p.domain is domain and p.question in drawn]
    questions_held = {p.question for side in held.values() for p in side}
    return [p for p in pairs if p.question not in questions_held], held


def total_for(pairs: Sequence[Pair], ratios: Sequence[Ratio], wanted: int | None) -> int:
    """How many pairs every ratio can have, or the number that is wanted.  Raises: ValueError."""
    return wanted or min(len(mix(pairs, ratio)) for ratio in ratios)


def ablate(
    load_it: Callable[[], Base],
    pairs: Sequence[Pair],
    ratios: Sequence[Ratio],
    tuning: Tuning,
    out: Path,
    *,
    total: int | None = None,
    measure: Callable[[Path], dict[str, float]] = lambda adapter: {},
) -> list[dict[str, object]]:
    """A row for each ratio.  Shapes: `measure` takes an adapter's GGUF and gives some of FIGURES.

    Raises: what finetune, mix and `measure` raise.
    """
    training, held = hold(pairs, tuning.seed)
    size = total_for(training, ratios, total)
    rows: list[dict[str, object]] = []
    for ratio in ratios:
        folder = out / str(ratio).replace(":", "-")
        base = load_it()
        samples = [sql_sample(pair) for pair in mix(training, ratio, total=size, seed=tuning.seed)]
        result = finetune(base, samples, replace(tuning, validation=0.0), folder)
        row: dict[str, object] = {"ratio": str(ratio), "pairs": size, "steps": result.steps}
        for domain, name in ((True, "domain_loss"), (False, "open_loss")):
            encoded = [encode(sql_sample(pair), base.tokenise) for pair in held[domain]]
            row[name] = mean_loss(result.model, pack(encoded, tuning.tokens, seed=tuning.seed))
        write_adapter(read_adapter(folder), folder / "adapter.gguf")
        row |= measure(folder / "adapter.gguf")
        rows.append(row)
        write_results(out, rows)
    return rows


def write_results(out: Path, rows: Sequence[dict[str, object]]) -> None:
    """results.csv and results.png, of the ratios that are done."""
    with (out / "results.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ("ratio", "pairs", "steps", *FIGURES))
        writer.writeheader()
        writer.writerows(rows)
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 4))
    ratios = [str(row["ratio"]) for row in rows]
    for axes, names, label in ((left, FIGURES[:2], "loss"), (right, FIGURES[2:], "execution accuracy, %")):
        for name in names:
            points = [
                (r, row[name]) for r, row in zip(ratios, rows, strict=True) if row.get(name) is not None
            ]
            if points:
                axes.plot(*zip(*points, strict=True), marker="o", label=name.replace("_", " "))
                axes.legend()
        axes.set_xlabel("domain : open")
        axes.set_ylabel(label)
    figure.tight_layout()
    figure.savefig(out / "results.png", dpi=120)
    pyplot.close(figure)


def execution(main: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> float:
    """The figure of an evaluation's last line.  Raises: MeasuringFailed."""
    said = io.StringIO()
    with redirect_stdout(said):
        status = main([*arguments, "--json"])
    if status:
        raise MeasuringFailed(f"{' '.join(arguments)}: no figure")
    return float(json.loads(said.getvalue().splitlines()[-1])["execution_accuracy"])


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m training.ablation", description=(__doc__ or "").split("\n")[0]
    )
    add_tuning_arguments(made)
    made.add_argument("--ratios", default=",".join(map(str, RATIOS)), help="(%(default)s)")
    made.add_argument("--patents", type=Path, metavar="FOLDER", help="measure on these held-out pairs")
    made.add_argument(
        "--spider", type=Path, metavar="PATH", help="measure on Spider dev, a folder or archive"
    )
    made.add_argument("--limit", type=int, default=100, help="questions to measure on (100)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 done, 1 failed, 2 wrong usage."""
    options = parser().parse_args(arguments)
    if (options.patents or options.spider) and not options.base.is_file():
        print("ablation: to measure answers, --base has to be a GGUF that a node can serve", file=sys.stderr)
        return 2
    tuning = tuning_of(options)

    def measure(adapter: Path) -> dict[str, float]:
        shared = ["--model", str(options.base), "--lora", str(adapter), "--limit", str(options.limit)]
        figures = {}
        if options.patents:
            kept = ["--pairs", str(options.patents), "--out", str(adapter.parent / "patents")]
            figures["patents_execution"] = execution(evaluate_patents.main, [*shared, *kept])
        if options.spider:
            kept = ["--data", str(options.spider), "--out", str(adapter.parent / "spider")]
            figures["spider_execution"] = execution(evaluate_spider.main, [*shared, *kept])
        return figures

    def load_it() -> Base:
        return load_base(options.base, precision=tuning.precision, device=options.device or default_device())

    try:
        pairs = [pair for source in options.data for pair in load(source)]
        ratios = [Ratio.of(text) for text in options.ratios.split(",")]
        options.out.mkdir(parents=True, exist_ok=True)
        rows = ablate(load_it, pairs, ratios, tuning, options.out, total=options.pairs, measure=measure)
    except (MeasuringFailed, *FAILURES) as error:
        print(f"ablation: {error}", file=sys.stderr)
        return 1
    names = [name for name in FIGURES if any(name in row for row in rows)]
    print(
        table(("domain:open", *names), [[row["ratio"], *(_shown(row.get(n)) for n in names)] for row in rows])
    )
    return 0


def _shown(figure: object) -> str:
    return f"{figure:.3f}" if isinstance(figure, float) else ""


if __name__ == "__main__":
    sys.exit(main())
