"""What the transcripts say is what a real PostgreSQL 18 does; the same files then judge our own server."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.transcripts.harness import Target, missing_features, run_transcript

TRANSCRIPTS = sorted(Path(__file__).parent.glob("*.pgt"))


@pytest.mark.mirror
@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript_holds_on_postgresql(path: Path, oracle: Target) -> None:
    if path.stem == "scram":
        oracle = dataclasses.replace(oracle, user="scram_user", password="secret")
    if missing := missing_features(path, oracle):
        pytest.skip(f"the embedded PostgreSQL has no {', '.join(missing)}")
    options = {field.name: getattr(oracle, field.name) for field in dataclasses.fields(oracle)}
    run_transcript(path, options.pop("host"), options.pop("port"), **options)
