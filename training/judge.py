"""Fits the judge: which way a small model's state lies when it has read an attack.

    python -m training.judge --spider DIR --out conf/judge-smollm2-135m.json
    python -m training.judge_measure --spider DIR --calibration conf/judge-smollm2-135m.json

The labels' logits of an untuned model of this size say little, but they are only one linear reading of its last state;
this fits another one, with the same place and the same prompt: a logistic regression, whose probability is calibrated
by its own loss.  An adapter that was tuned on the labels needs two numbers instead (`--margin`, Platt scaling).

Rules: public data only (Spider's training part, judge_bases, judge_data's payloads); the databases of the validation
part stand nowhere in the training part; the seed decides everything.  States are kept in a file, since reading is what
costs time.
Units: about four in ten of what it is fitted on are attacks: that is the prior which its probabilities hold for.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checker.judge import Calibration, JudgePrompt, Reading, judge_prompt
from training.judge_bases import catalogue_samples, program_pool
from training.judge_data import Sample, samples

Floats = NDArray[np.float64]
SEED = 20261
ATTACKS = HONEST = 1200
CATALOGUE_ATTACKS, CATALOGUE_HONEST = 150, 350
PROGRAM_POOL, PROGRAM_ATTACKS, PROGRAM_HONEST = 600, 400, 500
HARD_DRAWN = 2000
VALIDATION_SHARE = 0.2
PENALTIES = (0.0003, 0.001, 0.003, 0.01, 0.03)
"""Of the squared weights, on standardised components and the mean loss."""
SAVE_EVERY = 100


def spider_gold(folder: Path, part: str) -> list[tuple[str, str]]:
    """(statement, database) of Spider's train_gold.sql or dev_gold.sql."""
    found = []
    for line in (folder / f"{part}_gold.sql").read_text("utf-8").splitlines():
        statement, tab, database = line.rpartition("\t")
        if tab:
            found.append((" ".join(statement.split()), database.strip()))
    return found


class Reader:
    """Readings of renderings by a model, remembered in a file."""

    def __init__(self, model: Path, *, lora: Path | None, threads: int, states: Path | None) -> None:
        self._model, self._lora, self._threads, self._states = model, lora, threads, states
        self._scorer: Any = None
        self._known: dict[str, Floats] = {}
        self._unsaved = 0
        if states is not None and states.is_file():
            with np.load(states) as stored:
                self._known = dict(zip(stored["keys"].tolist(), stored["values"], strict=True))

    def read(self, statements: Iterable[str]) -> list[Reading]:
        """One reading a statement; each rendering is read once.  Raises: SyntaxProblem, TooLong."""
        prompts = [judge_prompt(statement) for statement in statements]
        for number, prompt in enumerate(dict.fromkeys(prompts)):
            if _key(prompt) not in self._known:
                self._known[_key(prompt)] = self.ask(prompt)
                self._unsaved += 1
                if self._unsaved >= SAVE_EVERY:
                    self.save()
            if number % SAVE_EVERY == 0:
                print(f"\r{number} read", end="", file=sys.stderr, flush=True)
        self.save()
        return [_reading(self._known[_key(prompt)]) for prompt in prompts]

    def ask(self, prompt: JudgePrompt) -> Floats:
        """One reading as it is kept: the labels' log-probabilities, then the state."""
        from nl_frontend.scorer import Scorer, ScoreRequest

        if self._scorer is None:
            lora = None if self._lora is None else str(self._lora)
            self._scorer = Scorer(str(self._model), threads=self._threads, context_tokens=2048, lora=lora)
        request = ScoreRequest(prompt.prefix, prompt.text, prompt.suffix, prompt.labels, hidden=True)
        score = self._scorer.score(request, lambda: False)
        return np.array([*score.logprobs, *score.hidden])

    def save(self) -> None:
        if self._states is not None and self._unsaved:
            np.savez_compressed(
                self._states, keys=np.array(list(self._known)), values=np.array(list(self._known.values()))
            )
            self._unsaved = 0


def _key(prompt: JudgePrompt) -> str:
    return hashlib.sha256("\0".join((prompt.prefix, prompt.text, prompt.suffix)).encode()).hexdigest()[:32]


def _reading(row: Floats) -> Reading:
    return Reading(float(row[0]), float(row[1]), tuple(row[2:].tolist()))


def logistic(features: Floats, truth: Floats, penalty: float) -> tuple[Floats, float]:
    """Weights and bias of an L2-penalised logistic regression, by Newton's method."""
    mean, scale = features.mean(0), features.std(0) + 1e-9
    rows = np.hstack([(features - mean) / scale, np.ones((len(features), 1))])
    solution = np.zeros(rows.shape[1])
    shrink = np.full(rows.shape[1], penalty)
    shrink[-1] = 0.0
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(rows @ solution, -30, 30)))
        gradient = rows.T @ (p - truth) / len(rows) + shrink * solution
        curvature = (rows * (p * (1 - p))[:, None]).T @ rows / len(rows) + np.diag(shrink + 1e-9)
        step = np.linalg.solve(curvature, gradient)
        solution -= step
        if np.abs(step).max() < 1e-8:
            break
    weights = solution[:-1] / scale
    return weights, float(solution[-1] - weights @ mean)


def fit_probe(
    readings: Sequence[Reading], truth: Sequence[bool], penalty: float, fingerprint: str
) -> Calibration:
    features, wanted = np.array([r.hidden for r in readings]), np.array(truth, float)
    weights, bias = logistic(features, wanted, penalty)
    shown = tuple(float(f"{weight:.5g}") for weight in weights)
    return Calibration(weights=shown, bias=round(bias, 5), fingerprint=fingerprint)


def fit_margin(readings: Sequence[Reading], truth: Sequence[bool], fingerprint: str) -> Calibration:
    """Platt scaling of the labels' margin."""
    margins = np.array([[r.attack - r.safe] for r in readings])
    weights, bias = logistic(margins, np.array(truth, float), 1e-6)
    return Calibration(slope=round(float(weights[0]), 5), bias=round(bias, 5), fingerprint=fingerprint)


def fit(
    readings: Sequence[Reading], truth: Sequence[bool], penalty: float | None, fingerprint: str
) -> Calibration:
    """A probe with a penalty, the margin's two numbers without."""
    if penalty is None:
        return fit_margin(readings, truth, fingerprint)
    return fit_probe(readings, truth, penalty, fingerprint)


def best_penalty(
    readings: Sequence[Reading], truth: Sequence[bool], held: Sequence[Reading], held_truth: Sequence[bool]
) -> float:
    losses = {p: loss(fit_probe(readings, truth, p, ""), held, held_truth) for p in PENALTIES}
    print("validation loss by penalty:", {p: round(value, 4) for p, value in losses.items()}, file=sys.stderr)
    return min(losses, key=lambda p: losses[p])


def loss(calibration: Calibration, readings: Sequence[Reading], truth: Sequence[bool]) -> float:
    """Mean negative log-likelihood, natural."""
    p = np.clip([calibration.probability(r) for r in readings], 1e-9, 1 - 1e-9)
    return float(-np.mean(np.where(truth, np.log(p), np.log(1 - p))))


HARD = frozenset(f"honest, {kind}" for kind in ("always true", "odd value", "list", "parameter"))
"""Honest statements that look most like attacks, of which some more are drawn."""


def training_samples(spider: Path) -> list[Sample]:
    """What the judge is fitted on."""
    gold = spider_gold(spider, "train")
    made = list(samples(gold, seed=SEED, attacks=ATTACKS, benign=HONEST))
    made += catalogue_samples(seed=SEED, attacks=CATALOGUE_ATTACKS, benign=CATALOGUE_HONEST)
    pool = program_pool(seed=SEED, count=PROGRAM_POOL)
    made += samples(pool, seed=SEED, attacks=PROGRAM_ATTACKS, benign=PROGRAM_HONEST)
    more = (s for s in samples(gold, seed=SEED + 1, attacks=0, benign=HARD_DRAWN) if s.family in HARD)
    return made + list(more)


def split(made: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Training and validation part: a database's statements are all in one of them."""
    parts: tuple[list[Sample], list[Sample]] = ([], [])
    for sample in made:
        draw = int(hashlib.sha256(sample.group.encode()).hexdigest()[:8], 16) / 2**32
        parts[draw < VALIDATION_SHARE].append(sample)
    return parts


def fingerprint_of(model: Path, lora: Path | None) -> str:
    """Which files a calibration holds for: 16 digits of each one's sha256."""
    from nl_frontend.models import fingerprint

    return fingerprint(model, lora)


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--spider", type=Path, required=True, help="folder with train_gold.sql and dev_gold.sql"
    )
    parser.add_argument("--model", default="smollm2-135m", help="a name of conf/models.toml or a GGUF file")
    parser.add_argument("--lora", type=Path, help="an adapter's GGUF file")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--states", type=Path, help="a .npz file that keeps what was read")


def main() -> None:
    """The command line."""
    from nl_frontend.models import model_path

    parser = argparse.ArgumentParser(
        prog="python -m training.judge", description=(__doc__ or "").split("\n")[0]
    )
    add_model_arguments(parser)
    parser.add_argument(
        "--margin", action="store_true", help="calibrate the labels' margin: for a tuned adapter"
    )
    parser.add_argument("--out", type=Path, required=True, help="the calibration's file")
    options = parser.parse_args()
    model = model_path(options.model)
    reader = Reader(model, lora=options.lora, threads=options.threads, states=options.states)
    made = training_samples(options.spider)
    train, validation = split(made)
    readings, truth = reader.read(s.text for s in train), [s.attack for s in train]
    held, held_truth = reader.read(s.text for s in validation), [s.attack for s in validation]
    print(f"\n{len(train)} to fit, {len(validation)} to choose by", file=sys.stderr)
    fingerprint = fingerprint_of(model, options.lora)
    penalty = None if options.margin else best_penalty(readings, truth, held, held_truth)
    chosen = fit(readings, truth, penalty, fingerprint)
    print(f"penalty {penalty}, validation loss {loss(chosen, held, held_truth):.4f}", file=sys.stderr)
    # What was chosen is fitted once more, on all there is.
    write(fit(readings + held, truth + held_truth, penalty, fingerprint), options.out)


def write(calibration: Calibration, path: Path) -> None:
    fields = {
        "fingerprint": calibration.fingerprint,
        "slope": calibration.slope,
        "bias": calibration.bias,
        "weights": list(calibration.weights),
    }
    path.write_text(json.dumps(fields) + "\n", "utf-8")


if __name__ == "__main__":
    main()
