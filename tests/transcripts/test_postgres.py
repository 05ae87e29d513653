"""What the transcripts say is what a real PostgreSQL 18 does; the same files then judge our own server."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.transcripts.harness import Target, missing_features, run_transcript

FEATURES = frozenset({"trust", "scram", "plaintext", "write"})
"""What the oracle has: its package is built without TLS, so those transcripts judge our server alone."""
TRANSCRIPTS = [
    path
    for path in sorted(Path(__file__).parent.glob("*.pgt"))
    if not missing_features(path, Target("", 0, features=FEATURES))
]


@pytest.mark.mirror
@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript_holds_on_postgresql(path: Path, oracle: Target) -> None:
    if path.stem == "scram":
        oracle = dataclasses.replace(oracle, user="scram_user", password="secret")
    options = {field.name: getattr(oracle, field.name) for field in dataclasses.fields(oracle)}
    run_transcript(path, options.pop("host"), options.pop("port"), **options)
