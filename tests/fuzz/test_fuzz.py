"""A short, seeded run of each fuzzer; the long ones are described in their files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="atheris has no wheel for this Python")

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("fuzzer", "runs", "seconds"),
    [("fuzz_gate", 8_000, 10), ("fuzz_wire", 20_000, 12)],
)
def test_some_thousand_inputs_find_nothing(fuzzer: str, runs: int, seconds: int, tmp_path: Path) -> None:
    options = [f"-runs={runs}", "-seed=1", "-max_len=512", f"-max_total_time={seconds}"]
    options.append(f"-artifact_prefix={tmp_path}/")
    result = subprocess.run(
        [sys.executable, "-m", f"tests.fuzz.{fuzzer}", str(tmp_path / "corpus"), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert result.returncode == 0, result.stderr[-4_000:]
    assert "INITED" in result.stderr
