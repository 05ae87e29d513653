"""The folder of one run: what was asked for, how it went, and what it can go on from.

    config.json          the settings, the base's and the data's fingerprints, the versions of what computed
    curve.csv, .png      loss and learning rate by step
    checkpoints/NNNNNN/  the newest ones: adapter, optimizer, random state; a run goes on from the last
    adapter/             the result, as peft reads it

Rules: a checkpoint is whole or not there (it is written beside its place and renamed); a run that goes on has the same
configuration, else it is refused; the curve has each step once.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHECKPOINTS_KEPT = 2
CURVE = ("step", "loss", "validation_loss", "learning_rate", "answer_tokens", "seconds")
FREE_TO_CHANGE = {"versions", "device", "dropped"}
"""What may differ between a run and its continuation; everything else decides its numbers."""


class RunMismatch(Exception):
    """A run folder of another configuration."""


class RunFolder:
    """One run's files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.adapter = path / "adapter"
        self._curve = path / "curve.csv"
        self._checkpoints = path / "checkpoints"

    def open(self, config: Mapping[str, Any]) -> None:
        """Make the folder, or go on with it.  Raises: RunMismatch naming what differs."""
        self._checkpoints.mkdir(parents=True, exist_ok=True)
        stored = self.path / "config.json"
        if stored.exists():
            before = self.config()
            differing = sorted(
                key
                for key in before.keys() | config.keys()
                if key not in FREE_TO_CHANGE and before.get(key) != config.get(key)
            )
            if differing:
                raise RunMismatch(
                    f"{self.path} is a run with other {', '.join(differing)}; name another --out"
                )
        else:
            stored.write_text(json.dumps(dict(config), indent=1, sort_keys=True) + "\n", encoding="utf-8")

    def config(self) -> dict[str, Any]:
        """Raises: FileNotFoundError."""
        read: dict[str, Any] = json.loads((self.path / "config.json").read_text("utf-8"))
        return read

    def last_checkpoint(self) -> Path | None:
        """The newest whole one."""
        there = sorted(p for p in self._checkpoints.iterdir() if p.name.isdecimal())
        return there[-1] if there else None

    def save_checkpoint(self, step: int, state: Any) -> None:
        import torch

        place = self._checkpoints / f"{step:06}"
        beside = self._checkpoints / f".{step:06}"
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        torch.save(state, beside / "state.pt")
        if place.exists():
            shutil.rmtree(place)
        beside.rename(place)
        for old in sorted(p for p in self._checkpoints.iterdir() if p.name.isdecimal())[:-CHECKPOINTS_KEPT]:
            shutil.rmtree(old)

    def load_checkpoint(self, place: Path) -> Any:
        import torch

        return torch.load(place / "state.pt", weights_only=True, map_location="cpu")

    def curve(self) -> list[dict[str, str]]:
        """What was written so far."""
        if not self._curve.exists():
            return []
        with self._curve.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def cut_curve(self, step: int) -> None:
        """Drop what was done after a checkpoint: it is done again."""
        kept = [row for row in self.curve() if int(row["step"]) <= step]
        with self._curve.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, CURVE)
            writer.writeheader()
            writer.writerows(kept)

    def add_to_curve(self, row: Mapping[str, Any]) -> None:
        with self._curve.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, CURVE).writerow(row)

    def plot(self) -> None:
        """curve.png of curve.csv."""
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        rows = self.curve()
        figure, axes = pyplot.subplots(figsize=(7, 4))
        for name in ("loss", "validation_loss"):
            points = [(int(row["step"]), float(row[name])) for row in rows if row[name]]
            if points:
                axes.plot(
                    *zip(*points, strict=True), label=name.replace("_", " "), marker="." * (name != "loss")
                )
        axes.set_xlabel("step")
        axes.set_ylabel("loss per answer token")
        axes.legend()
        figure.tight_layout()
        figure.savefig(self.path / "curve.png", dpi=120)
        pyplot.close(figure)
