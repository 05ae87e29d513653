"""The protocol's transcripts, which hold on a real PostgreSQL, on the live server; with TLS and on one without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spark_thrift.transport import Endpoint
from tests.live import DATABASE, PASSWORD, LiveServer, over, start_server
from tests.transcripts import harness

TRANSCRIPTS = sorted((Path(__file__).parent.parent / "transcripts").glob("*.pgt"))
WITH_TLS = frozenset({"trust", "scram", "tls", "nogss"})
WITHOUT_TLS = frozenset({"trust", "scram", "plaintext"})
WRITING = frozenset({"copy_in", "writes"})
"""They need a user who may write: tests/writes runs them."""


@pytest.fixture(scope="module")
def plain_server(spark_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that has no TLS."""
    folder = tmp_path_factory.mktemp("plain")
    live = start_server(
        folder,
        tls={"certificate": "", "key": "", "client_ca": ""},
        auth={"rules": ["host all demo loopback trust", "host all all loopback scram-sha-256"]},
        spark=over(spark_endpoint, folder),
    )
    yield live
    live.stop()


def run(path: Path, server: LiveServer, features: frozenset[str]) -> None:
    user = ("alice", PASSWORD) if path.stem == "scram" else (server.user, "")
    target = harness.Target(server.host, server.port, *user, DATABASE, features)
    assert not harness.missing_features(path, target)
    harness.run_transcript(
        path, server.host, server.port,
        user=user[0], password=user[1], database=DATABASE, features=features, timeout_s=30,
    )  # fmt: skip


def transcripts_for(features: frozenset[str]) -> list[Any]:
    anywhere = harness.Target("", 0, features=features)
    return [
        pytest.param(path, id=path.stem)
        for path in TRANSCRIPTS
        if not harness.missing_features(path, anywhere)
    ]


@pytest.mark.parametrize("path", transcripts_for(WITH_TLS))
def test_transcript(path: Path, server: LiveServer) -> None:
    run(path, server, WITH_TLS)


@pytest.mark.parametrize("path", [p for p in transcripts_for(WITHOUT_TLS) if p.id.startswith("encryption")])
def test_transcript_without_tls(path: Path, plain_server: LiveServer) -> None:
    run(path, plain_server, WITHOUT_TLS)


def test_every_transcript_runs() -> None:
    run_here = {param.id for features in (WITH_TLS, WITHOUT_TLS) for param in transcripts_for(features)}
    assert run_here == {path.stem for path in TRANSCRIPTS} - WRITING
