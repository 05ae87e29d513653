"""The audit record: one JSON object a statement, in a file that only the server's owner may read.

This is the one place where the text of statements and questions is kept; the log never has it.  Rules: a record is
written before the client sees that its statement is over; the file is rotated by size and old files are dropped as
the settings say.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

from checker.verdict import Finding
from proxy.plan import Prepared
from proxy.wire.errors import ErrorFields

if TYPE_CHECKING:
    from proxy.session import Session
    from proxy.settings import Settings


_encode = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(slots=True)
class Record:
    """What is gathered while a statement runs.  Units: seconds since the epoch, bytes of output, rows."""

    prepared: Prepared
    started: float
    sent_before: int
    rows: int = 0


class _PrivateFile(RotatingFileHandler):
    """The library's rotation, without a LogRecord and a stat for each of some thousand records a second."""

    _written: int
    """Units: bytes in the file, short by what UTF-8 adds to characters."""

    def append(self, line: str) -> None:
        self._written += len(line) + 1
        if self._written > self.maxBytes:
            self.doRollover()
            self._written = len(line) + 1
        stream = self.stream
        assert stream is not None
        stream.write(line + "\n")
        stream.flush()

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        self._written = os.fstat(descriptor).st_size
        return open(descriptor, "a", encoding="utf-8", errors="replace")


class Audit:
    """Appends records."""

    def __init__(self, settings: Settings) -> None:
        self._handler: _PrivateFile | None = None
        if settings.audit.enabled:
            path = settings.audit_path
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._handler = _PrivateFile(
                path, maxBytes=settings.audit.rotate_bytes, backupCount=settings.audit.keep, delay=False
            )

    def write(self, session: Session, record: Record, error: ErrorFields | None) -> None:
        """One statement, over."""
        if self._handler is None:
            return
        prepared = record.prepared
        entry = {
            "at": datetime.fromtimestamp(record.started, UTC).isoformat(timespec="milliseconds"),
            "user": session.user,
            "from": session.peer.address,
            "pid": session.pid,
            "statement": prepared.text,
            "engine": type(prepared.plan).__name__,
            "ms": round((time.time() - record.started) * 1000, 3),
            "rows": record.rows,
            "bytes": session.io.bytes_out - record.sent_before,
        }
        if prepared.query is not None:
            entry["draft"] = prepared.query
        if error is not None:
            entry["error"] = error.sqlstate
        self._emit(entry | _found(prepared.findings))

    def refused(
        self, session: Session, text: str, error: ErrorFields, findings: Sequence[Finding] = ()
    ) -> None:
        """A statement that did not get as far as a plan."""
        if self._handler is None:
            return
        entry = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "user": session.user,
            "from": session.peer.address,
            "pid": session.pid,
            "statement": text,
            "error": error.sqlstate,
            "reason": error.message,
        }
        self._emit(entry | _found(findings))

    def _emit(self, entry: dict[str, object]) -> None:
        assert self._handler is not None
        self._handler.append(_encode(entry))

    def close(self) -> None:
        if self._handler is not None:
            self._handler.close()


def _found(findings: Sequence[Finding]) -> dict[str, object]:
    """Units: `weight` is a probability of an attack, 0..1."""
    return {"findings": [asdict(finding) for finding in findings]} if findings else {}
