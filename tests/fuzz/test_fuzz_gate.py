"""A short, seeded run of the gate's fuzzer; the long one is described in fuzz_gate.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="atheris has no wheel for this Python")

ROOT = Path(__file__).parents[2]


def test_some_thousand_inputs_find_nothing(tmp_path: Path) -> None:
    options = ["-runs=8000", "-seed=1", "-max_len=512", "-max_total_time=10", f"-artifact_prefix={tmp_path}/"]
    result = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.fuzz_gate", str(tmp_path / "corpus"), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert result.returncode == 0, result.stderr[-4_000:]
    assert "INITED" in result.stderr
