"""What the commands share: failures in one line, settings from `--conf`, and signs of life for a person.

Rules: signs of life are for terminals only; a pipe or a log gets results and errors.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TextIO

from proxy.settings import Settings, load

ALL_GOOD, SOME_BAD, WRONG_USAGE = 0, 1, 2
"""Exit statuses, for every command."""

REDRAW_S = 0.2


class Failure(Exception):
    """The command cannot go on.  Shapes: one line for a person; `status` is the exit status."""

    def __init__(self, message: str, status: int = SOME_BAD) -> None:
        super().__init__(message)
        self.status = status


def add_conf_flag(parser: argparse.ArgumentParser, default: Path | None = None) -> None:
    parser.add_argument(
        "--conf",
        type=Path,
        metavar="FILE",
        help=f"settings (default: $STREAMLINK_CONF, else {default.name if default else 'the defaults'})",
    )
    parser.set_defaults(default_conf=default)


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Raises: SettingsError."""
    named = os.environ.get("STREAMLINK_CONF")
    return load(arguments.conf or (Path(named) if named else arguments.default_conf))


class Activity:
    """What goes on at the moment and for how long, in one line of a terminal that is drawn anew."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""
        self._since = time.monotonic()
        self._done = threading.Event()
        self._drawing = threading.Lock()

    def now(self, text: str) -> None:
        """What goes on from now, `what` or `what: how far`; an empty text is nothing."""
        with self._drawing:
            if text.partition(":")[0] != self._text.partition(":")[0]:
                self._finish_line()
                self._since = time.monotonic()
            self._text = text
        self._draw()

    def stop(self) -> None:
        """Idempotent."""
        self._done.set()
        with self._drawing:
            self._finish_line()
            self._text = ""

    def run(self) -> None:
        while not self._done.wait(REDRAW_S):
            self._draw()

    def _draw(self) -> None:
        with self._drawing:
            if self._text and not self._done.is_set():
                self._stream.write(f"\r\x1b[K{self._text} ... {time.monotonic() - self._since:.0f} s")
                self._stream.flush()

    def _finish_line(self) -> None:
        if self._text:
            self._stream.write(f"\r\x1b[K{self._text}: {time.monotonic() - self._since:.1f} s\n")
            self._stream.flush()


@contextmanager
def activity(stream: TextIO = sys.stderr) -> Iterator[Activity]:
    """An Activity that is drawn while the block runs, or one that draws nothing where no person looks."""
    with nullcontext(stream) if stream.isatty() else open(os.devnull, "w") as target:
        shown = Activity(target)
        thread = threading.Thread(target=shown.run, name="activity", daemon=True)
        thread.start()
        try:
            yield shown
        finally:
            shown.stop()
            thread.join()
