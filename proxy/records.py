"""Which audit record belongs to what a client sends: exactly one for each statement, however it ends.

Query: one record for each statement in it; what follows a statement that failed is recorded as not run.  Parse: the
record waits with the prepared statement and goes on with its first portal, so it tells what planning took; later
portals have records of their own.  A portal has one record, executed at once, in pieces or never.  What the protocol
skips after an error, up to Sync, is recorded as not run; comments are no statements.

Left out: how a record looks (audit.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from proxy.audit import Record, outcome_of
from proxy.logs import STATEMENT
from proxy.plan import Nothing, Prepared
from proxy.sqlstate import Refused
from proxy.startup import dialect_of
from proxy.wire.errors import ErrorFields

if TYPE_CHECKING:
    from checker.verdict import Denied
    from proxy.portal import Portal
    from proxy.session import Session


class Records:
    """One session's records that are not written yet."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._audit = session.service.audit
        self._current: Record | None = None
        self._message: list[Record] = []
        """Those of the Query or Parse in hand, in order."""
        self._unbound: dict[str, Record] = {}
        """By prepared statement: parsed, and not bound so far."""
        self.session_part: tuple[object, str] | None = None

    @property
    def current(self) -> Record | None:
        """The statement in hand."""
        return self._current

    @current.setter
    def current(self, record: Record | None) -> None:
        self._current = record
        STATEMENT.set(None if record is None else record.id)

    # --- Query and Parse

    def received(self, text: str) -> None:
        """A Query or Parse has come.  Raises: Refused, while records cannot be written."""
        self._audit.check()
        self.current = self._new(text)
        self._message = [self.current]

    def split(self, texts: Sequence[str]) -> None:
        """It holds these statements."""
        if len(texts) == 1 and self._message:
            self._message[0].text = texts[0]
            return
        self._message = [self._new(text) for text in texts]
        self.current = self._message[0] if self._message else None

    def turn(self, index: int) -> None:
        """The statement of this index is in hand from now on."""
        if index < len(self._message):
            self.current = self._message[index]
            if index:
                self.current.turn = time.perf_counter()

    def parsed(self, name: str) -> None:
        """It is a prepared statement now."""
        record, self.current, self._message = self.current, None, []
        if record is not None:
            self._unbound[name] = record

    def dropped(self, name: str | None) -> None:
        """A prepared statement is gone; None: all are."""
        names = list(self._unbound) if name is None else [name]
        for each in names:
            record = self._unbound.pop(each, None)
            if record is not None:
                self._write(record, self._unfinished(record))

    def skipped(self, text: str) -> None:
        """A Query or Parse has come behind an error, and nobody looks at it."""
        self._write(self._new(text), "not run")

    # --- portals

    def bound(self, name: str, prepared: Prepared) -> None:
        """A Bind has come."""
        self.current = None
        if isinstance(prepared.plan, Nothing):
            return
        record = self._unbound.pop(name, None)
        if record is None:
            self._audit.check()
            record = self._new(prepared.text)
        record.prepared = prepared
        record.turn = time.perf_counter()
        self.current = record

    def held(self, portal: Portal) -> None:
        """The portal is there and has the record until it is over."""
        record, self.current = self.current, None
        if record is not None:
            portal.record = record
            portal.on_end = partial(self._portal_ended, record)

    def resumed(self, portal: Portal) -> None:
        """An Execute of it begins."""
        record = portal.record
        self.current = None if record is None or record.over else record

    def _portal_ended(self, record: Record) -> None:
        if not record.over and record is not self.current:
            self._write(record, self._unfinished(record))

    # --- running

    def begin(self, prepared: Prepared) -> None:
        """The statement in hand starts to run, or goes on."""
        record = self.current
        if record is not None:
            record.prepared = prepared
            record.sent_before = self._session.io.bytes_written
            record.ran = True

    def row(self) -> None:
        """A row goes out."""
        record = self.current
        if record is not None and record.first_row_s is None:
            record.first_row_s = time.perf_counter() - record.turn

    def suspended(self) -> None:
        """Its portal goes on with another Execute, or not."""
        record, self.current = self.current, None
        if record is not None:
            record.bytes += self._session.io.bytes_written - record.sent_before

    def finished(self) -> None:
        """The statement in hand is done.  Raises: Refused, where its record cannot be written."""
        record, self.current = self.current, None
        if record is not None:
            self._count(record)
            record.over = True
            self._audit.write(self._session, record, "ok")

    def failed(self, error: ErrorFields, denied: Denied | None = None) -> None:
        """The statement in hand ended in an error; what came with it and behind it is not run."""
        record, self.current = self.current, None
        rest, self._message = self._message, []
        if record is not None and not record.over:
            self._write_run(record, outcome_of(error), error, denied)
        for other in rest:
            if not other.over:
                self._write(other, "not run")

    def close(self, ending: ErrorFields | None = None) -> None:
        """The session ends: the client went away, or `ending` says why."""
        if ending is not None:
            self.failed(ending)
        record, self.current = self.current, None
        if record is not None and not record.over:
            self._write_run(record, "disconnected")
        for other in self._message:
            if not other.over:
                self._write(other, "not run")
        self._message = []
        self.dropped(None)

    # --- inside

    def _new(self, text: str) -> Record:
        now = time.time()
        dialect = dialect_of(self._session.settings)
        return Record(self._audit.ids.new(now), text, now, time.perf_counter(), dialect=dialect)

    def _unfinished(self, record: Record) -> str:
        if self._session.io.lost:
            return "disconnected"
        return "ok" if record.ran else "not run"

    def _write_run(
        self, record: Record, outcome: str, error: ErrorFields | None = None, denied: Denied | None = None
    ) -> None:
        self._count(record)
        self._write(record, outcome, error, denied)

    def _count(self, record: Record) -> None:
        if record.ran:
            record.bytes += self._session.io.bytes_written - record.sent_before

    def _write(
        self, record: Record, outcome: str, error: ErrorFields | None = None, denied: Denied | None = None
    ) -> None:
        record.over = True
        # The client has its error or is gone: a record that cannot be written stops the next statement.
        with suppress(Refused):
            self._audit.write(self._session, record, outcome, error, denied)
