"""The embedded node: a child process that is started, watched, restarted when it dies, and dies with its
parent.

Rules: the caller never waits for a model to load unless it asks to; while there is no node, `url` is None, and `coming`
says whether it is worth waiting for; a child that keeps dying is restarted ever more slowly.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from nl_frontend.errors import NodeUnavailable

PACKAGE_ROOT = str(Path(__file__).resolve().parent.parent)
START_TIMEOUT_S = 180.0
STOP_GRACE_S = 3.0
RESTART_DELAY_S = 0.5
RESTART_DELAY_MAX_S = 30.0
STEADY_AFTER_S = 60.0
STDERR_LINES = 20


class EmbeddedNode:
    """`await start()`, then `url` until `await stop()`."""

    def __init__(
        self,
        model: Path,
        *,
        name: str,
        threads: int = 0,
        context_tokens: int = 4096,
        waiting_max: int = 8,
        lora: Path | None = None,
        judge: bool = False,
    ) -> None:
        self._command = [sys.executable, "-m", "nl_frontend.node", "--exit-with-stdin"]
        self._command += ["--model", str(model), "--name", name, "--threads", str(threads)]
        self._command += ["--context", str(context_tokens), "--queue", str(waiting_max)]
        self._command += ["--lora", str(lora)] if lora is not None else []
        self._command += ["--judge"] if judge else []
        self._name = name
        self._process: asyncio.subprocess.Process | None = None
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._watch: asyncio.Task[None] | None = None
        self._port: int | None = None
        self.restarts = 0
        self.coming = True

    @property
    def url(self) -> str | None:
        """The node's address, or None while it is not up."""
        return None if self._port is None else f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def start(self, progress: Callable[[str], None] = lambda line: None) -> None:
        """Return once the model is loaded.  Raises: NodeUnavailable with the child's last words."""
        progress(f"loading the language model {self._name}")
        try:
            await self._spawn()
        except BaseException:
            await self.stop()
            raise
        self._watch = asyncio.get_running_loop().create_task(self._keep_running(), name="llm node")

    async def stop(self) -> None:
        """End the child.  Idempotent."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        await self._end_child()

    async def _spawn(self) -> None:
        # The child must find this very package, also when it runs from a source tree that is not installed.
        paths = [PACKAGE_ROOT, os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        self._stderr.clear()
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )
        assert self._process.stdout is not None
        line = b""
        with suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT_S):
                line = await self._process.stdout.readline()
        if not line.strip().isdigit():
            with suppress(ProcessLookupError):
                self._process.kill()
            self.coming = False
            await self._drain_stderr()
            reason = " ".join(self._stderr) or "no reason given"
            raise NodeUnavailable(
                f"the language model {self._name} did not start: {reason}",
                hint="Pull the model again, or name another in the settings.",
            )
        self._port = int(line)

    async def _keep_running(self) -> None:
        delay_s = RESTART_DELAY_S
        while True:
            assert self._process is not None
            came_up = time.monotonic()
            await self._drain_stderr()  # ends when the child does
            await self._process.wait()
            self._port = None
            steady = time.monotonic() - came_up > STEADY_AFTER_S
            delay_s = RESTART_DELAY_S if steady else min(delay_s * 2, RESTART_DELAY_MAX_S)
            self.coming = steady
            await asyncio.sleep(delay_s)
            self.restarts += 1
            with suppress(NodeUnavailable):
                await self._spawn()

    async def _drain_stderr(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self._stderr.append(line.decode(errors="replace").strip())

    async def _end_child(self) -> None:
        self._port, self.coming = None, False
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_GRACE_S):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
