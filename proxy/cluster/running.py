"""Processes that outlive the command that started them: started once, known again, ended.

Rules: a process is known by its number and the moment at which it started, so that another one that got the number is
never taken for it; its output goes to a log of its own; it is a session of its own, which Ctrl-C does not reach.

Shapes: `run/NAME.json` in the cluster's folder: {"pid", "started" (clock ticks since boot), "since" (Unix seconds)}.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

END_S = 40.0
"""A server lets its statements end for some 30 s."""
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Running:
    pid: int
    since: float


class Processes:
    """Those of one folder."""

    def __init__(self, folder: Path) -> None:
        self._run, self._logs = folder / "run", folder / "logs"
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def find(self, name: str) -> Running | None:
        """The process that was started under this name, if it lives."""
        child = self._children.get(name)
        if child is not None and child.poll() is not None:
            return None
        try:
            known = json.loads((self._run / f"{name}.json").read_text("utf-8"))
            pid, started, since = int(known["pid"]), int(known["started"]), float(known["since"])
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return Running(pid, since) if _started(pid) == started else None

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], *, stdin: str = ""
    ) -> None:
        """Raises: OSError."""
        for folder in (self._run, self._logs):
            folder.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
                start_new_session=True,
                cwd=self._run,
            )
        assert child.stdin is not None
        _write_and_close(child.stdin, stdin)
        self._children[name] = child
        known = {"pid": child.pid, "started": _started(child.pid), "since": time.time()}
        new = self._run / f"{name}.new"
        new.write_text(json.dumps(known), "utf-8")
        new.replace(self._run / f"{name}.json")

    def end(self, name: str) -> bool:
        """SIGTERM, then SIGKILL; whether there was something to end."""
        found = self.find(name)
        if found is None:
            (self._run / f"{name}.json").unlink(missing_ok=True)
            return False
        for number in (signal.SIGTERM, signal.SIGKILL):
            os.kill(found.pid, number)
            end = time.monotonic() + END_S
            while time.monotonic() < end:
                if self.find(name) is None:
                    (self._run / f"{name}.json").unlink(missing_ok=True)
                    return True
                time.sleep(POLL_S)
        return True

    def last_words(self, name: str) -> str:
        """The last line of its log that tells of an error, or the last one."""
        try:
            lines = self.log(name).read_text("utf-8", "replace").splitlines()[-200:]
        except OSError:
            return "it left no log"
        told = [line.strip() for line in lines if "rror" in line or "xception" in line]
        return ((told or [line for line in lines if line.strip()] or ["it said nothing"])[-1])[:300]


def _write_and_close(pipe: IO[bytes], text: str) -> None:
    try:
        pipe.write(text.encode())
        pipe.close()
    except BrokenPipeError:
        pass  # it ended at once; its log says why


def _started(pid: int) -> int | None:
    """Clock ticks since boot; None for a process that is not there, or is one no more (proc(5), field 22)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else int(fields[19])
