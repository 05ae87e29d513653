"""A server with everything embedded and of its own, so that its parts can be killed."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import LiveServer, start_server


@pytest.fixture(scope="session")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The sample patents, a Spark with a heap of 1 GB, and no model."""
    server = start_server(
        tmp_path_factory.mktemp("fragile"), data={"sample": True}, spark={"memory_mb": 1024}
    )
    yield server
    server.stop()


def raw_session(server: LiveServer) -> socket.socket:
    """A socket on which a session is ready: for what no driver would do."""
    client = socket.create_connection((server.host, server.port))
    parameters = f"user\0{server.user}\0database\0{server.database}\0\0".encode()
    client.sendall((8 + len(parameters)).to_bytes(4, "big") + b"\0\3\0\0" + parameters)
    received = b""
    while not received.endswith(b"Z\0\0\0\5I"):
        chunk = client.recv(65536)
        assert chunk, received
        received += chunk
    return client


def child_of(server: LiveServer, word: str) -> int:
    """The process id of the server's child whose command line holds `word`."""
    listing = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(server.pid)], capture_output=True, text=True
    )
    found = [int(line.split(None, 1)[0]) for line in listing.stdout.splitlines() if word in line]
    assert len(found) == 1, listing.stdout
    return found[0]


def log_tail(folder: Path) -> str:
    return (folder / "server.log").read_text("utf-8", "replace")[-3000:]
