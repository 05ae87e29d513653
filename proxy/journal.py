"""The audit's journal: lines in private files, and what of them has been copied on.

Rules: a line is whole in the file when `append` returns, or not there at all; files are mode 0600, rotated by size, the
oldest has the highest number; with `keep_uncopied` a file is dropped only when all of it has been copied.  A file is
known by the id in its first line, whatever it is called by now: copying goes on after any rotation or restart.
Units: offsets and sizes in bytes.

Left out: what a line says (audit.py) and where it is copied to (audit_table.py).
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CHUNK_BYTES = 512 * 1024
LINE_LIMIT_BYTES = 8 * 1024 * 1024
_FIRST = re.compile(rb'\{"id":"([0-9a-f-]{36})"')


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of one file that are still to be copied.  `file` is its first id, `end` the offset behind them."""

    file: str
    end: int
    lines: bytes


class Journal:
    """One server's; the folder is made if need be.  Raises: OSError, where the disk does not take a line."""

    def __init__(self, path: Path, *, rotate_bytes: int, keep: int, keep_uncopied: bool) -> None:
        self._path = path
        self._rotate_bytes = rotate_bytes
        self._keep = keep
        self._keep_uncopied = keep_uncopied
        self._copied: dict[str, int] = {}
        self._descriptor = -1
        self._size = 0
        self.written = 0
        """Bytes appended since the start."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._open()
        if self._size and _first_id(path) is None:
            self._rotate()  # of a version before there were ids

    def append(self, line: bytes) -> None:
        """Raises: OSError; then nothing of the line is in the file."""
        if self._descriptor < 0 or (self._size and self._size + len(line) > self._rotate_bytes):
            self._rotate()
        written = os.write(self._descriptor, line)
        if written != len(line):
            os.ftruncate(self._descriptor, self._size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += written
        self.written += written

    def next_piece(self, copied: Mapping[str, int]) -> Piece | None:
        """The oldest lines that `copied` (first id -> offset) does not count yet, safe on the disk; None: all are.

        May run in another thread than `append`.
        """
        for path in self._files():
            try:
                first = _first_id(path)
                if first is None:
                    continue
                with path.open("rb") as file:
                    start = copied.get(first, 0)
                    file.seek(start)
                    # What is copied must not be ahead of what a power failure leaves.
                    os.fsync(file.fileno())
                    data = file.read(CHUNK_BYTES)
                    while data and b"\n" not in data and len(data) < LINE_LIMIT_BYTES:
                        more = file.read(CHUNK_BYTES)
                        if not more:
                            break
                        data += more
            except FileNotFoundError:
                continue  # renamed just now: the next look finds it
            end = data.rfind(b"\n") + 1
            if end:
                return Piece(first, start + end, data[:end])
        return None

    def note_copied(self, copied: Mapping[str, int]) -> None:
        """What rotation may drop."""
        self._copied = dict(copied)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> None:
        self._descriptor = os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_RDWR, 0o600)
        self._size = os.fstat(self._descriptor).st_size
        # A line that a crash cut off was never reported as written.
        tail_at = max(self._size - LINE_LIMIT_BYTES, 0)
        tail = os.pread(self._descriptor, self._size - tail_at, tail_at)
        if tail and not tail.endswith(b"\n"):
            self._size = tail_at + tail.rfind(b"\n") + 1
            os.ftruncate(self._descriptor, self._size)

    def _rotate(self) -> None:
        self.close()
        numbered = sorted(self._numbered(), reverse=True)
        for number, path in numbered:
            if number >= self._keep and self._may_drop(path):
                path.unlink()
            else:
                path.rename(self._name(number + 1))
        if self._path.exists() and self._path.stat().st_size:
            self._path.rename(self._name(1))
        self._open()

    def _may_drop(self, path: Path) -> bool:
        if not self._keep_uncopied:
            return True
        first = _first_id(path)
        return first is None or self._copied.get(first, 0) >= path.stat().st_size

    def _name(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _numbered(self) -> Iterator[tuple[int, Path]]:
        for path in self._path.parent.glob(self._path.name + ".*"):
            number = path.name.rpartition(".")[2]
            if number.isdigit():
                yield int(number), path

    def _files(self) -> list[Path]:
        """Oldest first."""
        return [*(path for _, path in sorted(self._numbered(), reverse=True)), self._path]


def _first_id(path: Path) -> str | None:
    with path.open("rb") as file:
        found = _FIRST.match(file.read(64))
    return found[1].decode() if found else None
