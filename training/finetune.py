"""`python -m training.finetune`: a LoRA adapter for a model, from pairs.

    python -m training.finetune --base MODEL.gguf --data augmented:pairs --data spider:spider_train.tar.xz --out RUN

Rules: everything is drawn from the seed, so a run that was cut off goes on as if it had not been: the same adapter,
bit for bit on one machine; the loss is the mean over the answers' tokens of a step, however they are packed; what is
for measuring is refused (held_out.py); nothing is fetched.
Units: `tokens` of a row; a step is `accumulate` rows; the learning rate rises over `warmup` of the steps and falls as
a half cosine to 0.
Source: Hu et al., "LoRA" (2021); arXiv 2505.21575 for the mix of data.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from training.base import Base, Precision, fingerprint_of, load_base
from training.datasets import DataInvalid, Ratio, fingerprint, load, mix
from training.export import ExportFailed, read_exported
from training.held_out import HeldOutData, refuse_held_out
from training.loss import answer_loss, mean_loss
from training.run_folder import RunFolder, RunMismatch
from training.samples import KINDS, Encoded, Row, Sample, encode, pack

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""All linear layers of Llama and of Qwen2."""
GRADIENT_NORM_MAX = 1.0
FAILURES = (HeldOutData, RunMismatch, OSError, ValueError)
"""What a wrong file, folder or setting raises, here and in what this calls."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What decides a run's numbers, beside base and data.  Units: see the module."""

    kind: str = "sql"
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    learning_rate: float = 2e-4
    weight_decay: float = 0.0
    epochs: float = 1.0
    steps: int | None = None
    tokens: int = 2048
    accumulate: int = 8
    warmup: float = 0.03
    precision: Precision = "auto"
    validation: float = 0.02
    seed: int = 1
    evaluate_every: int = 50
    checkpoint_every: int = 50


@dataclass(frozen=True, slots=True)
class Result:
    """A finished run.  Units: loss per answer token; `validation_loss` is None without a validation part."""

    folder: RunFolder
    model: Any
    steps: int
    loss: float
    validation_loss: float | None


class NothingToTrain(ValueError):
    """No sample fits into a row."""


def finetune(
    base: Base,
    samples: Sequence[Sample],
    tuning: Tuning,
    out: Path,
    *,
    begin: Path | None = None,
    stop_after: int | None = None,
) -> Result:
    """Train, or go on with the run in `out`; `stop_after` a number of steps leaves it to be gone on with.

    `begin`: an adapter's GGUF, of the same base and rank, whose weights are the first.
    Raises: NothingToTrain, RunMismatch, ExportFailed, OSError.
    """
    encoded = [encode(sample, base.tokenise) for sample in samples]
    training, validation = _parts([e for e in encoded if len(e.ids) <= tuning.tokens], tuning)
    if not training:
        raise NothingToTrain(f"none of {len(samples)} samples fits into {tuning.tokens} tokens")
    total = tuning.steps or max(1, math.ceil(_rows_in(training, tuning) * tuning.epochs / tuning.accumulate))
    folder = RunFolder(out)
    folder.open(
        {
            "tuning": asdict(tuning),
            "steps": total,
            "architecture": base.architecture,
            "heads": list(base.heads),
            "base": base.fingerprint,
            "begin": None if begin is None else fingerprint_of(begin),
            "data": fingerprint(encoded),
            "samples": len(training),
            "validation_samples": len(validation),
            "dropped": len(samples) - len(training) - len(validation),
            "device": str(base.model.device),
            "versions": _versions(),
        }
    )
    trainer = _Trainer(
        base, tuning, total, folder, training, pack(validation, tuning.tokens, seed=tuning.seed)
    )
    if begin is not None:
        trainer.begin(begin)
    trainer.resume()
    trainer.run(min(total, stop_after or total))
    return trainer.finish()


def _parts(encoded: Sequence[Encoded], tuning: Tuning) -> tuple[list[Encoded], list[Encoded]]:
    """Training and validation; a sample that is there twice is on one side."""
    unique = list(dict.fromkeys(encoded))
    random.Random(tuning.seed).shuffle(unique)
    held = int(len(unique) * tuning.validation)
    return unique[held:], unique[:held]


def _rows_in(samples: Sequence[Encoded], tuning: Tuning) -> int:
    return len(pack(samples, tuning.tokens, seed=tuning.seed))


def _versions() -> dict[str, str]:
    names = ("torch", "transformers", "peft", "safetensors", "tokenizers", "numpy")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


class _Trainer:
    """The loop and its state."""

    def __init__(
        self,
        base: Base,
        tuning: Tuning,
        total: int,
        folder: RunFolder,
        samples: Sequence[Encoded],
        validation: Sequence[Row],
    ) -> None:
        import torch
        from peft import LoraConfig, get_peft_model

        self.torch, self.base = torch, base
        self.tuning, self.total, self.folder = tuning, total, folder
        self.samples, self.validation = samples, validation
        torch.manual_seed(tuning.seed)
        lora = LoraConfig(
            r=tuning.rank,
            lora_alpha=tuning.alpha,
            lora_dropout=tuning.dropout,
            target_modules=list(TARGETS),
            task_type="CAUSAL_LM",
        )
        self.model = get_peft_model(base.model, lora)
        self.model.train()
        weights = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(weights, lr=tuning.learning_rate, weight_decay=tuning.weight_decay)
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self._rate)
        self.step = 0
        self.rows_read = 0
        self.seconds = 0.0
        self.loss = math.nan

    def _rate(self, step: int) -> float:
        warmup = max(1, round(self.total * self.tuning.warmup))
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, self.total - warmup)))

    def rows(self) -> Iterator[Row]:
        """Epoch after epoch, each in an order of its own, from the row on that is next."""
        skipped = self.rows_read
        epoch = 0
        while True:
            rows = pack(self.samples, self.tuning.tokens, seed=self.tuning.seed + epoch)
            yield from rows[skipped:]
            skipped = max(0, skipped - len(rows))
            epoch += 1

    def run(self, end: int) -> None:
        rows = self.rows()
        begun = time.monotonic() - self.seconds
        while self.step < end:
            group = [next(rows) for _ in range(self.tuning.accumulate)]
            self.rows_read += len(group)
            rate = self.scheduler.get_last_lr()[0]
            counted = sum(sum(row.counted) for row in group)
            self.loss = self._update(group, counted)
            self.step += 1
            self.seconds = time.monotonic() - begun
            last = self.step in (end, self.total)
            validated = (
                mean_loss(self.model, self.validation)
                if last or self.step % self.tuning.evaluate_every == 0
                else None
            )
            self.folder.add_to_curve(
                {
                    "step": self.step,
                    "loss": f"{self.loss:.6f}",
                    "validation_loss": "" if validated is None else f"{validated:.6f}",
                    "learning_rate": f"{rate:.3e}",
                    "answer_tokens": counted,
                    "seconds": f"{self.seconds:.1f}",
                }
            )
            if last or self.step % self.tuning.checkpoint_every == 0:
                self.save()

    def _update(self, group: Sequence[Row], counted: int) -> float:
        """One step; the loss per answer token before it."""
        loss = 0.0
        for row in group:
            part = answer_loss(self.model, row) / counted
            part.backward()
            loss += float(part.detach())
        self.torch.nn.utils.clip_grad_norm_(self.model.parameters(), GRADIENT_NORM_MAX)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.scheduler.step()
        return loss

    def save(self) -> None:
        from peft import get_peft_model_state_dict

        cuda = self.torch.cuda.get_rng_state_all() if self.torch.cuda.is_available() else []
        state = {
            "adapter": get_peft_model_state_dict(self.model, save_embedding_layers=False),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": {k: v for k, v in self.scheduler.state_dict().items() if k != "lr_lambdas"},
            "random": {"cpu": self.torch.get_rng_state(), "cuda": cuda},
            "step": self.step,
            "rows_read": self.rows_read,
            "seconds": self.seconds,
            "loss": self.loss,
        }
        self.folder.save_checkpoint(self.step, state)

    def begin(self, adapter: Path) -> None:
        """With another run's weights.  Raises: ExportFailed, OSError."""
        from peft import set_peft_model_state_dict

        architecture, alpha, weights = read_exported(adapter, self.base.heads)
        rank = {min(values.shape) for values in weights.values()}
        if (architecture, alpha, rank) != (self.base.architecture, self.tuning.alpha, {self.tuning.rank}):
            raise ExportFailed(
                f"{adapter.name} is for a {architecture}, with rank {sorted(rank)} and alpha {alpha:g}"
            )
        tensors = {name: self.torch.from_numpy(values) for name, values in weights.items()}
        set_peft_model_state_dict(self.model, tensors)

    def resume(self) -> None:
        """From the newest checkpoint, if there is one."""
        from peft import set_peft_model_state_dict

        place = self.folder.last_checkpoint()
        if place is not None:
            state = self.folder.load_checkpoint(place)
            set_peft_model_state_dict(self.model, state["adapter"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.scheduler.load_state_dict(state["scheduler"] | {"lr_lambdas": [None]})
            self.torch.set_rng_state(state["random"]["cpu"])
            if state["random"]["cuda"] and self.torch.cuda.is_available():
                self.torch.cuda.set_rng_state_all(state["random"]["cuda"])
            self.step, self.rows_read = state["step"], state["rows_read"]
            self.seconds, self.loss = state["seconds"], state["loss"]
        self.folder.cut_curve(self.step)

    def finish(self) -> Result:
        """Leave the adapter and the plot."""
        self.model.save_pretrained(str(self.folder.adapter), save_embedding_layers=False)
        self.folder.plot()
        last = self.folder.curve()[-1]["validation_loss"]
        return Result(self.folder, self.model, self.step, self.loss, float(last) if last else None)


def judged(path: Path) -> list[Sample]:
    """JSON lines of statement and attack (true or false).  Raises: DataInvalid, HeldOutData."""
    made = []
    for number, line in enumerate(refuse_held_out(path).read_text("utf-8").splitlines(), 1):
        try:
            made.append(KINDS["judge"](json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise DataInvalid(f"{path.name}:{number}: {error}") from error
    return made


def add_tuning_arguments(parser: argparse.ArgumentParser) -> None:
    """What every program that trains asks for."""
    parser.add_argument("--base", type=Path, required=True, help="a Hugging Face folder or a GGUF file")
    parser.add_argument(
        "--data",
        action="append",
        required=True,
        metavar="KIND:PATH",
        help="spider:, wikisql:, approved: or augmented: and a path, several times; for a judge a JSON lines file",
    )
    parser.add_argument("--out", type=Path, required=True, help="the folder; what was cut off goes on")
    parser.add_argument("--pairs", type=int, metavar="N", help="pairs in all (as many as the mix has)")
    parser.add_argument("--device", help="cuda or cpu (cuda where there is one)")
    for name, default in asdict(Tuning()).items():
        if name not in ("kind", "precision"):
            kind = int if name == "steps" else type(default)
            parser.add_argument(
                f"--{name.replace('_', '-')}", type=kind, default=default, help=f"({default})"
            )
    precisions = ("fp32", "bf16", "int8", "auto")
    parser.add_argument(
        "--precision",
        choices=precisions,
        default="auto",
        help="(bf16 on cuda, else fp32; int8 is the CPU's fast one)",
    )
    parser.set_defaults(kind="sql")


def tuning_of(options: argparse.Namespace) -> Tuning:
    """The settings that the command line gives."""
    return Tuning(**{name: getattr(options, name) for name in asdict(Tuning())})


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m training.finetune", description=(__doc__ or "").split("\n")[0]
    )
    add_tuning_arguments(made)
    made.add_argument("--mix", type=Ratio.of, metavar="DOMAIN:OPEN", help="(1:1 where there are both)")
    made.add_argument(
        "--open-schemas", type=int, metavar="N", help="draw open pairs from N schemas (from all)"
    )
    made.add_argument(
        "--begin",
        type=Path,
        metavar="GGUF",
        help="with the weights of this adapter (with none that do anything)",
    )
    made.add_argument(
        "--stop-after", type=int, metavar="N", help="leave the run after N of its steps, to go on later"
    )
    made.add_argument("--kind", choices=sorted(KINDS), help="what the adapter does (sql)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 trained, 1 failed, 2 wrong usage."""
    options = parser().parse_args(arguments)
    tuning = tuning_of(options)
    try:
        if tuning.kind == "judge":
            samples = [sample for source in options.data for sample in judged(Path(source))]
        else:
            pairs = [pair for source in options.data for pair in load(source)]
            sides = Ratio(int(any(p.domain for p in pairs)), int(any(not p.domain for p in pairs)))
            chosen = mix(
                pairs,
                options.mix or sides,
                total=options.pairs,
                open_schemas=options.open_schemas,
                seed=tuning.seed,
            )
            samples = [KINDS["sql"](pair) for pair in chosen]
        base = load_base(options.base, precision=tuning.precision, device=options.device or default_device())
        result = finetune(
            base, samples, tuning, options.out, begin=options.begin, stop_after=options.stop_after
        )
    except FAILURES as error:
        print(f"finetune: {error}", file=sys.stderr)
        return 1
    validated = "" if result.validation_loss is None else f", validation {result.validation_loss:.4f}"
    print(f"{result.steps} steps, loss {result.loss:.4f}{validated}: {result.folder.path}")
    return 0


def default_device() -> str:
    """The first GPU where there is one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


if __name__ == "__main__":
    sys.exit(main())
