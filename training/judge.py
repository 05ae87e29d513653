"""Fits the judge: which way a small model's state lies when it has read an attack, and which words attacks have.

    python -m training.judge --spider DIR --out conf/judge-smollm2-135m.json
    python -m training.judge --spider DIR --samples judge.jsonl
    python -m training.finetune --kind judge --base MODEL.gguf --data judge.jsonl --out run
    python -m training.judge_measure --spider DIR --calibration conf/judge-smollm2-135m.json

The labels' logits of an untuned model of this size say little, but they are only one linear reading of its last state;
this fits another one, with the same place and the same prompt: a logistic regression, whose probability is calibrated
by its own loss.  Beside it stands one on the rendering's words, which is surer of what it has seen and blinder to what
it has not; the mean of the two logits was better than either on both (judge_measure).  An adapter that was tuned on the
labels (`--samples` writes what to tune on: the training part) needs two numbers instead (`--margin`, Platt scaling),
which are fitted on the validation part, since of what it was tuned on it is too sure.

Rules: public data only (Spider's training part, judge_bases, judge_data's payloads); the databases of the validation
part stand nowhere in the training part; the seed decides everything.  States are kept in a file, since reading is what
costs time.
Units: about half of what it is fitted on are attacks: that is the prior which its probabilities hold for.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checker.judge import Calibration, JudgePrompt, Reading, judge_prompt, word_features
from training.judge_bases import catalogue_samples, program_pool
from training.judge_data import Sample, classic, placed_samples, plain_union, samples, wrapped_samples

Floats = NDArray[np.float64]
SEED = 20261
ATTACKS = HONEST = 1200
CATALOGUE_ATTACKS, CATALOGUE_HONEST = 150, 350
PROGRAM_POOL, PROGRAM_ATTACKS, PROGRAM_HONEST = 600, 400, 500
CLASSIC_ATTACKS, PLAIN_UNIONS = 150, 70
WRAPPED_ATTACKS = 450
HARD_DRAWN = 2000
VALIDATION_SHARE = 0.2
PENALTIES = (0.0001, 0.0003, 0.001)
"""Of the squared weights, on standardised components and the mean loss."""
WORD_FEATURES = 1500
SAVE_EVERY = 100


def spider_gold(folder: Path, part: str) -> list[tuple[str, str]]:
    """(statement, database) of Spider's train_gold.sql or dev_gold.sql."""
    found = []
    for line in (folder / f"{part}_gold.sql").read_text("utf-8").splitlines():
        statement, tab, database = line.rpartition("\t")
        if tab:
            found.append((" ".join(statement.split()), database.strip()))
    return found


@dataclass(frozen=True, slots=True)
class Seen:
    """A sample as the judge sees it.  Shapes: `text` is its rendering."""

    reading: Reading
    text: str
    attack: bool
    family: str = ""


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

    def read(self, made: Iterable[Sample]) -> list[Seen]:
        """Each sample as the model sees it; each rendering is read once.  Raises: SyntaxProblem, TooLong."""
        made = list(made)
        prompts = [judge_prompt(sample.text) for sample in made]
        for number, prompt in enumerate(dict.fromkeys(prompts)):
            self.reading(prompt)
            if number % SAVE_EVERY == 0:
                print(f"\r{number} read", end="", file=sys.stderr, flush=True)
        self.save()
        return [
            Seen(self.reading(prompt), prompt.text, sample.attack, sample.family)
            for prompt, sample in zip(prompts, made, strict=True)
        ]

    def reading(self, prompt: JudgePrompt) -> Reading:
        """Of one prompt, which is read once."""
        key = _key(prompt)
        if key not in self._known:
            self._known[key] = self.ask(prompt)
            self._unsaved += 1
            if self._unsaved >= SAVE_EVERY:
                self.save()
        return _reading(self._known[key])

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
            partial = self._states.with_name(f".{self._states.name}")  # numpy adds no suffix to .npz
            np.savez_compressed(
                partial, keys=np.array(list(self._known)), values=np.array(list(self._known.values()))
            )
            partial.replace(self._states)
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


def truth_of(seen: Sequence[Seen]) -> Floats:
    return np.array([one.attack for one in seen], float)


def fit_state(seen: Sequence[Seen], penalty: float) -> Calibration:
    """By the model's state alone."""
    weights, bias = logistic(np.array([one.reading.hidden for one in seen]), truth_of(seen), penalty)
    return Calibration(slope=0.0, bias=bias, weights=tuple(weights.tolist()))


def fit_words(seen: Sequence[Seen], penalty: float) -> Calibration:
    """By the rendering's words alone, which needs no model."""
    rows = np.zeros((len(seen), WORD_FEATURES))
    for row, one in zip(rows, seen, strict=True):
        row[list(word_features(one.text, WORD_FEATURES))] = 1.0
    weights, bias = logistic(rows, truth_of(seen), penalty)
    return Calibration(slope=0.0, bias=bias, words=tuple(weights.tolist()))


def fit_margin(seen: Sequence[Seen]) -> Calibration:
    """Platt scaling of the labels' margin."""
    margins = np.array([[one.reading.attack - one.reading.safe] for one in seen])
    weights, bias = logistic(margins, truth_of(seen), 1e-6)
    return Calibration(slope=float(weights[0]), bias=bias)


def mean_of(state: Calibration, words: Calibration) -> Calibration:
    """The mean of two logits."""
    return Calibration(
        slope=0.0,
        bias=(state.bias + words.bias) / 2,
        weights=tuple(weight / 2 for weight in state.weights),
        words=tuple(weight / 2 for weight in words.words),
    )


def fit(seen: Sequence[Seen], penalty: float) -> Calibration:
    """By state and words."""
    return mean_of(fit_state(seen, penalty), fit_words(seen, penalty))


def best_penalty(seen: Sequence[Seen], held: Sequence[Seen]) -> float:
    losses = {penalty: loss(fit(seen, penalty), held) for penalty in PENALTIES}
    print("validation loss by penalty:", {p: round(value, 4) for p, value in losses.items()}, file=sys.stderr)
    return min(losses, key=lambda penalty: losses[penalty])


def scores_of(calibration: Calibration, seen: Sequence[Seen]) -> list[float]:
    return [calibration.probability(one.reading, one.text) for one in seen]


def loss(calibration: Calibration, seen: Sequence[Seen]) -> float:
    """Mean negative log-likelihood, natural."""
    p = np.clip(scores_of(calibration, seen), 1e-9, 1 - 1e-9)
    return float(-np.mean(np.where(truth_of(seen) > 0, np.log(p), np.log(1 - p))))


HARD = frozenset(f"honest, {kind}" for kind in ("always true", "odd value", "list", "parameter"))
"""Honest statements that look most like attacks, of which some more are drawn."""


def training_samples(spider: Path) -> list[Sample]:
    """What the judge is fitted on."""
    gold = spider_gold(spider, "train")
    made = list(samples(gold, seed=SEED, attacks=ATTACKS, benign=HONEST))
    made += catalogue_samples(seed=SEED, attacks=CATALOGUE_ATTACKS, benign=CATALOGUE_HONEST)
    pool = program_pool(seed=SEED, count=PROGRAM_POOL)
    made += samples(pool, seed=SEED, attacks=PROGRAM_ATTACKS, benign=PROGRAM_HONEST)
    both = [*gold, *pool]
    made += placed_samples(both, classic, "tautology", seed=SEED, attacks=CLASSIC_ATTACKS)
    made += list(wrapped_samples(made, seed=SEED, attacks=WRAPPED_ATTACKS))
    made += placed_samples(both, plain_union, "union", seed=SEED, attacks=PLAIN_UNIONS)
    more = (s for s in samples(gold, seed=SEED + 1, attacks=0, benign=HARD_DRAWN) if s.family in HARD)
    return made + list(more)


def split(made: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Training and validation part: a database's statements are all in one of them."""
    parts: tuple[list[Sample], list[Sample]] = ([], [])
    for sample in made:
        draw = int(hashlib.sha256(sample.group.encode()).hexdigest()[:8], 16) / 2**32
        parts[draw < VALIDATION_SHARE].append(sample)
    return parts


def write_samples(made: Iterable[Sample], path: Path) -> int:
    """For training.finetune: each rendering once, in an order of the seed.  Returns how many."""
    unique = list({(judge_prompt(sample.text).text, sample.attack): sample for sample in made}.values())
    random.Random(SEED).shuffle(unique)
    rows = ({"statement": sample.text, "attack": sample.attack} for sample in unique)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return len(unique)


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
    from nl_frontend.models import fingerprint, model_path

    parser = argparse.ArgumentParser(
        prog="python -m training.judge", description=(__doc__ or "").split("\n")[0]
    )
    add_model_arguments(parser)
    parser.add_argument(
        "--margin", action="store_true", help="calibrate the labels' margin: for a tuned adapter"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, help="the calibration's file")
    what.add_argument("--samples", type=Path, metavar="FILE", help="only write what an adapter is tuned on")
    options = parser.parse_args()
    if options.samples is not None:
        print(f"{write_samples(split(training_samples(options.spider))[0], options.samples)} samples")
        return
    model = model_path(options.model)
    reader = Reader(model, lora=options.lora, threads=options.threads, states=options.states)
    made = training_samples(options.spider)
    train, validation = split(made)
    seen, held = [] if options.margin else reader.read(train), reader.read(validation)
    print(f"\n{len(seen)} to fit, {len(held)} to choose by", file=sys.stderr)
    if options.margin:
        fitted = fit_margin(held)
        print(f"validation loss {loss(fitted, held):.4f}", file=sys.stderr)
    else:
        penalty = best_penalty(seen, held)
        print(f"penalty {penalty}, validation loss {loss(fit(seen, penalty), held):.4f}", file=sys.stderr)
        # What was chosen is fitted once more, on all there is.
        fitted = fit(seen + held, penalty)
    write(fitted, options.out, fingerprint=fingerprint(model, options.lora))


def write(calibration: Calibration, path: Path, *, fingerprint: str) -> None:
    fields = {
        "fingerprint": fingerprint,
        "slope": round(calibration.slope, 5),
        "bias": round(calibration.bias, 5),
        "weights": [float(f"{weight:.5g}") for weight in calibration.weights],
        "words": [float(f"{weight:.4g}") for weight in calibration.words],
    }
    path.write_text(json.dumps(fields) + "\n", "utf-8")


if __name__ == "__main__":
    main()
