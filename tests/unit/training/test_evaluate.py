"""The command line over the sets."""

from __future__ import annotations

import pytest

from training import evaluate


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main([]) == evaluate.main(["nothing"]) == 2
    assert evaluate.main(["--help"]) == 0
    assert "spider" in capsys.readouterr().out
