"""The server as its users run it: `streamlink-sql serve` in a process of its own, on a free port.

Users: `demo` and `other` come in without a password from this machine; everyone else needs one, and `alice` has it
(`PASSWORD`).  TLS is on, with a certificate made for the run.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spark_thrift.transport import Endpoint

PASSWORD = "correct horse battery staple"
DATABASE = "spark_catalog"
START_TIMEOUT_S = 240.0
ROOT = Path(__file__).resolve().parent.parent


@dataclass
class LiveServer:
    """A running server.  `conninfo` is what libpq's clients take."""

    process: subprocess.Popen[str]
    host: str
    port: int
    folder: Path
    certificate: Path
    user: str = "demo"
    database: str = DATABASE

    @property
    def conninfo(self) -> str:
        return f"host={self.host} port={self.port} user={self.user} dbname={self.database}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def rss_bytes(self) -> int:
        """Resident memory of the server's own process."""
        with open(f"/proc/{self.pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def cpu_seconds(self) -> float:
        """User and system time of the server's own process."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def log(self) -> str:
        return (self.folder / "server.log").read_text("utf-8", "replace")

    def stop(self) -> None:
        if self.process.poll() is None:
            # SIGTERM would wait for what the test's clients have left open.
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def make_certificate(
    folder: Path, name: str = "server", subject: str = "localhost", ca: str | None = None
) -> Path:
    """A self-signed certificate, or one signed by the certificate called `ca`; its key lies beside it."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    command = ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={subject}"]
    command += ["-keyout", str(key), "-days", "2"]
    if ca is None:
        command += ["-x509", "-out", str(certificate), "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        subprocess.run(command, check=True, capture_output=True)
    else:
        request = folder / f"{name}.csr"
        subprocess.run([*command[:-2], "-out", str(request)], check=True, capture_output=True)
        signing = ["openssl", "x509", "-req", "-in", str(request), "-CA", str(folder / f"{ca}.crt")]
        signing += [
            "-CAkey",
            str(folder / f"{ca}.key"),
            "-CAcreateserial",
            "-days",
            "2",
            "-out",
            str(certificate),
        ]
        subprocess.run(signing, check=True, capture_output=True)
    key.chmod(0o600)
    return certificate


def configuration(folder: Path, certificate: Path, ca: Path, **sections: dict[str, object]) -> str:
    """conf of the test server; a keyword is a section whose keys are added or replaced."""
    settings: dict[str, dict[str, object]] = {
        "tls": {"certificate": certificate, "key": certificate.with_suffix(".key"), "client_ca": ca},
        "auth": {
            "rules": [
                "hostssl all cert_user loopback cert",
                "host all demo,other loopback trust",
                "host all all loopback scram-sha-256",
            ]
        },
        "session": {"search_path": ["patents", "default"]},
        "data": {"folder": folder / "data"},
        "model": {"enabled": False},
    }
    for name, keys in sections.items():
        settings.setdefault(name, {}).update(keys)
    lines = []
    for name, keys in settings.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {_toml(value)}" for key, value in keys.items()]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{k}" = {_toml(v)}' for k, v in value.items()) + "}"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def over(endpoint: Endpoint, folder: Path) -> dict[str, object]:
    """The section [spark] of a server over an engine that runs already."""
    password = folder / "spark-password"
    password.write_text(endpoint.password, "utf-8")
    return {
        "host": endpoint.host,
        "port": endpoint.port,
        "auth": endpoint.auth,
        "password_file": password,
    }


def start_server(
    folder: Path,
    *,
    program: str = "proxy",
    environment: Mapping[str, str] | None = None,
    **sections: dict[str, object],
) -> LiveServer:
    """Start a server whose data, certificate, users and log lie in `folder`.  Raises: RuntimeError with its log.

    `program`: the module that is the server's command line.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ca = make_certificate(folder, "ca", "test authority")
    certificate = make_certificate(folder, "server", "localhost")
    make_certificate(folder, "client", "cert_user", ca="ca")
    conf = folder / "server.toml"
    conf.write_text(configuration(folder, certificate, ca, **sections), "utf-8")
    command = [sys.executable, "-m", "proxy"]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
    if not (folder / "data" / "users").exists():  # else it has run before
        subprocess.run(
            [*command, "users", "--conf", str(conf), "add", "alice"],
            input=f"{PASSWORD}\n", text=True, check=True, env=surroundings, capture_output=True, cwd=folder,
        )  # fmt: skip
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", program, "serve", "--conf", str(conf), "--port", "0"],
            stdout=subprocess.PIPE, stderr=log, text=True, env=surroundings, cwd=folder,
        )  # fmt: skip
    assert process.stdout is not None
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda out=process.stdout: [lines.put(line) for line in out], daemon=True).start()
    try:
        line = lines.get(timeout=START_TIMEOUT_S)
    except queue.Empty:
        line = ""
    if not line.startswith("ready on "):
        process.kill()
        process.wait()
        raise RuntimeError(f"the server did not start: {line}\n{(folder / 'server.log').read_text()}")
    host, _, port = line.removeprefix("ready on ").strip().rpartition(":")
    return LiveServer(process, host, int(port), folder, certificate)
