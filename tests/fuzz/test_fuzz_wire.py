"""A short, seeded run of the wire fuzzer; the long one is described in fuzz_wire.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="atheris has no wheel for this Python")

ROOT = Path(__file__).parents[2]


def test_twenty_thousand_inputs_find_nothing(tmp_path: Path) -> None:
    options = [
        "-runs=20000",
        "-seed=1",
        "-max_len=512",
        "-max_total_time=12",
        f"-artifact_prefix={tmp_path}/",
    ]
    result = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.fuzz_wire", str(tmp_path / "corpus"), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr[-4_000:]
    assert "INITED" in result.stderr
