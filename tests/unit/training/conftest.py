"""Tiny models and small sets, made by the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.training.endpoint import Endpoint, endpoints
from tests.unit.training.tiny import write_tiny


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., Path]:
    """Makes a tiny model's GGUF: tiny(architecture, quantised=False)."""

    def make(architecture: str, **how: Any) -> Path:
        return write_tiny(
            tmp_path / f"{architecture}{'-q8' if how.get('quantised') else ''}.gguf", architecture, **how
        )

    return make


@pytest.fixture
def endpoint() -> Iterator[Callable[[Callable[[str], str]], Endpoint]]:
    """endpoint(answer) starts a completion endpoint."""
    with endpoints() as start:
        yield start
