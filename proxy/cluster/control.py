"""Up, status and down of a small cluster."""

from __future__ import annotations

import fcntl
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from proxy.cluster.parts import HOST, Cluster, Part
from spark_thrift.errors import EngineStartFailed

START_S = 180.0
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class State:
    """`since` in Unix seconds, None for a process that is not there; `port` where it listens, or would."""

    name: str
    port: int
    pid: int | None
    since: float | None
    answers: bool


def up(cluster: Cluster, progress: Callable[[str], None]) -> None:
    """Start what is down, one after the other.  Raises: EngineStartFailed, MirrorNotStarted, JavaMissing and others."""
    with _alone(cluster):
        for name in cluster.names:
            progress(f"starting {name}")
            if not _is_up(cluster, name):
                part = cluster.part(name)
                if answers(part.port):
                    raise EngineStartFailed(
                        f"{name} cannot start: somebody else listens on {HOST}:{part.port}"
                    )
                cluster.processes.start(name, part.command, part.environment, stdin=part.stdin)
                _until_up(cluster, part)
            cluster.settle(name)
        progress("")


def down(cluster: Cluster, progress: Callable[[str], None]) -> int:
    """End everything, the servers first; how many processes that were."""
    with _alone(cluster):
        ended = 0
        for name in reversed(cluster.names):
            progress(f"ending {name}")
            ended += cluster.processes.end(name)
        progress("")
        return ended


def status(cluster: Cluster) -> list[State]:
    found = []
    for name in cluster.names:
        running, port = cluster.processes.find(name), cluster.port(name)
        found.append(
            State(
                name,
                port,
                running.pid if running else None,
                running.since if running else None,
                running is not None and answers(port),
            )
        )
    return found


def _is_up(cluster: Cluster, name: str) -> bool:
    if cluster.processes.find(name) is None:
        return False
    if answers(cluster.port(name)):
        return True
    # It hangs, or is half started: the start is made anew.
    cluster.processes.end(name)
    return False


def _until_up(cluster: Cluster, part: Part) -> None:
    end = time.monotonic() + START_S
    while not answers(part.port):
        if cluster.processes.find(part.name) is None:
            raise EngineStartFailed(
                f"{part.name} ended while it started: {cluster.processes.last_words(part.name)} "
                f"(see {cluster.processes.log(part.name)})"
            )
        if time.monotonic() > end:
            raise EngineStartFailed(f"{part.name} did not start within {START_S:.0f} s")
        time.sleep(POLL_S)


def answers(port: int) -> bool:
    """Whether somebody takes connections on this port of loopback."""
    try:
        with socket.create_connection((HOST, port), timeout=2):
            return True
    except OSError:
        return False


@contextmanager
def _alone(cluster: Cluster) -> Iterator[None]:
    """One command at a time.  Raises: EngineStartFailed."""
    with (cluster.folder / "lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EngineStartFailed(f"another command works on {cluster.folder}") from None
        yield
