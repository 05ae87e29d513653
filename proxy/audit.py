"""The audit record: what is kept of every statement, and when statements must stop because it cannot be kept.

A record is one JSON object, a line of the journal, written before the client sees that its statement is over; the table
streamlink.audit on the mirror is copied from the journal (audit_table.py).  This is the one place where the text of
statements and questions is kept; the log never has it.  Rules: names are the table's columns; for a role whose records
are redacted there is the shape in the place of the statement, a hash in the place of the question, and no message.
With `[audit] on_failure = "stop"` no statement runs while a record cannot be written.

Left out: which record belongs to what a client sends (records.py).
"""

from __future__ import annotations

import errno
import json
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

from checker.shape import shape_of
from proxy.journal import Journal
from proxy.plan import Act, ExplainSpark, OnMirror, OnSpark, Plan, Prepared, Reviewed, Write
from proxy.sqlstate import Refused
from proxy.wire.errors import ErrorFields

if TYPE_CHECKING:
    from checker.verdict import Denied, Dialect
    from proxy.session import Session
    from proxy.settings import Settings

log = logging.getLogger("streamlink.audit")

DISK_FULL, IO_ERROR = "53100", "58030"
WAITING_MAX = 10_000
"""Records that wait in memory for a disk that takes them: one for each statement that was running."""
_encode = json.JSONEncoder(ensure_ascii=False).encode
_CANCELLED = "57014"


@dataclass(slots=True)
class Record:
    """What is gathered of one statement.

    Units: `started`, `turn` and the durations in seconds (`started` since the epoch, `turn` of perf_counter); None
    where a stage was not reached.  `sent_before` counts the client's bytes before the piece that is running.
    """

    id: str
    text: str
    started: float
    turn: float
    prepared: Prepared | None = None
    reviewed: Reviewed | None = None
    question: str | None = None
    draft: str | None = None
    dialect: Dialect = "postgres"
    gate_s: float | None = None
    plan_s: float | None = None
    first_row_s: float | None = None
    rows: int = 0
    bytes: int = 0
    sent_before: int = 0
    ran: bool = False
    over: bool = False


OnEnd = Callable[[Record, str, ErrorFields | None, "Denied | None"], None]


class Ids:
    """UUIDs of version 7: in the order of time, and unlike those of any other server or run.

    Source: RFC 9562, 5.7 and 6.2 (method 1: rand_a counts within a millisecond).
    """

    def __init__(self) -> None:
        import secrets

        node = secrets.randbits(62) | 1 << 63
        self._tail = f"-{node >> 48:04x}-{node & 0xFFFF_FFFF_FFFF:012x}"
        self._last = 0

    def new(self, now: float) -> str:
        """`now`: seconds since the epoch."""
        last = max(int(now * 1000) << 12, self._last + 1)
        self._last = last
        return f"{last >> 28:08x}-{last >> 12 & 0xFFFF:04x}-7{last & 0xFFF:03x}{self._tail}"


class Audit:
    """Writes records; shared by all sessions."""

    def __init__(
        self, settings: Settings, on_end: OnEnd = lambda record, outcome, error, denied: None
    ) -> None:
        """`on_end` is told of each statement, recorded or not."""
        conf = settings.audit
        self.ids = Ids()
        self._on_end = on_end
        self.journal: Journal | None = None
        self._stops = conf.on_failure == "stop"
        self._waiting: deque[bytes] = deque()
        self._refused = 0
        self._lost = 0
        if conf.enabled:
            self.journal = Journal(
                settings.audit_path,
                rotate_bytes=conf.rotate_bytes,
                keep=conf.keep,
                keep_uncopied=self._stops,
            )

    def check(self) -> None:
        """Whether a statement may begin.  Raises: Refused 53100 or 58030 while records cannot be written."""
        if not self._waiting:
            return
        try:
            self._write_waiting()
        except OSError as error:
            self._refused += 1
            raise _unwritable(error) from None

    def write(
        self,
        session: Session,
        record: Record,
        outcome: str,
        error: ErrorFields | None = None,
        denied: Denied | None = None,
    ) -> None:
        """One statement, over.  Raises: Refused 53100 or 58030, where that has to stop it."""
        self._on_end(record, outcome, error, denied)
        if self.journal is None:
            return
        line = line_of(session, record, outcome, error, denied)
        try:
            if self._waiting:
                self._write_waiting()
            self.journal.append(line)
        except OSError as failure:
            self._keep_back(line, failure)
            if self._stops:
                raise _unwritable(failure) from None

    def _keep_back(self, line: bytes, failure: OSError) -> None:
        if not self._stops or len(self._waiting) >= WAITING_MAX:
            self._lost += 1
            if self._lost == 1:
                log.error("audit records are being lost: %s", failure.strerror)
            return
        if not self._waiting:
            log.error("the audit record cannot be written, and statements stop: %s", failure.strerror)
        self._waiting.append(line)

    def _write_waiting(self) -> None:
        assert self.journal is not None
        while self._waiting:
            self.journal.append(self._waiting[0])
            self._waiting.popleft()
        log.warning("the audit record can be written again; %d statements were refused", self._refused)
        self._refused = 0

    def close(self) -> None:
        if self.journal is not None:
            if self._waiting:
                try:
                    self._write_waiting()
                except OSError:
                    log.error("%d audit records could not be written", len(self._waiting))
            self.journal.close()


def _unwritable(error: OSError) -> Refused:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return Refused(
        DISK_FULL if full else IO_ERROR,
        f"could not write the audit record: {error.strerror}",
        hint="Statements stop until it can be written; the server's administrator has to make room.",
    )


def outcome_of(error: ErrorFields) -> str:
    """The record's word for how an error ended a statement."""
    if error.sqlstate != _CANCELLED:
        return "error"
    return "timeout" if "timeout" in error.message else "cancelled"


def line_of(
    session: Session, record: Record, outcome: str, error: ErrorFields | None, denied: Denied | None
) -> bytes:
    """The record as a line of the journal."""
    redact = session.grants.redact
    prepared = record.prepared
    if denied is None and prepared is not None and prepared.reviewed is not None:
        reviewed, key = prepared.reviewed, (redact, prepared.text, prepared.query)
        statement = reviewed.parts.get(key)
        if statement is None:
            statement = reviewed.parts[key] = _planned_part(prepared, reviewed, redact)
    else:
        statement = _unplanned_part(record, redact, denied)
    at = datetime.fromtimestamp(record.started, UTC).isoformat(timespec="microseconds")
    stages = (
        f'"gate_ms":{_ms(record.gate_s)},"plan_ms":{_ms(record.plan_s)},"first_row_ms":{_ms(record.first_row_s)},'
        f'"total_ms":{_ms(time.perf_counter() - record.turn)}'
    )
    end = f'"outcome":"{outcome}"'
    if error is not None:
        message = "null" if redact else _encode(error.message)
        end += f',"sqlstate":"{error.sqlstate}","message":{message}'
    text = (
        f'{{"id":"{record.id}","at":"{at}",{session_part(session)},{statement},"rows":{record.rows},'
        f'"bytes":{record.bytes},{stages},{end}}}\n'
    )
    # The mirror's text has no NUL, and a lone surrogate is no UTF-8.
    return text.replace("\\u0000", "\\ufffd").encode("utf-8", "replace")


def session_part(session: Session) -> str:
    """Who and where, remembered until it changes."""
    name = session.settings.get("application_name", "")
    key = (session.grants, name)
    known: tuple[object, str] | None = session.executor.records.session_part
    if known is not None and known[0] == key:
        return known[1]
    values = {
        "username": session.user,
        "roles": list(session.grants.roles),
        "database": session.database,
        "application_name": name,
        "client_addr": session.peer.address,
        "pid": session.pid,
    }
    part = _encode(values)[1:-1]
    session.executor.records.session_part = (key, part)
    return part


def _planned_part(prepared: Prepared, reviewed: Reviewed, redact: bool) -> str:
    values: dict[str, object] = {
        "kind": reviewed.kind,
        "statement": reviewed.shape.text if redact else prepared.text or reviewed.shape.text,
        "shape": reviewed.shape.digest,
        "question": _question(reviewed.question, redact),
        "draft": None if redact else prepared.query,
        "verdict": "allowed",
        "codes": list(reviewed.codes),
        "engine": engine_of(prepared.plan),
    }
    return _encode(values)[1:-1]


def _unplanned_part(record: Record, redact: bool, denied: Denied | None) -> str:
    """A statement that got no plan: denied, wrong, given up, or never reached."""
    reviewed = record.reviewed
    if reviewed is not None:
        shape = reviewed.shape
        kind: str | None = reviewed.kind
    else:
        if record.question is None:
            shape = shape_of(record.text, record.dialect)
        else:
            shape = shape_of(record.draft or "nl")
        word = shape.text.partition(" ")[0]
        kind = word.upper() if word.isalpha() and record.question is None else None
    verdict = "denied" if denied is not None else "allowed" if reviewed is not None else None
    codes = list(reviewed.codes) if reviewed is not None else []
    if denied is not None:
        codes = [denied.code, *(finding.code for finding in denied.findings), *codes]
    values: dict[str, object] = {
        "kind": kind,
        "statement": shape.text if redact else record.text,
        "shape": shape.digest,
        "question": _question(record.question, redact),
        "draft": None if redact else record.draft,
        "verdict": verdict,
        "codes": codes,
        "engine": None,
    }
    return _encode(values)[1:-1]


def _question(question: str | None, redact: bool) -> str | None:
    if question is None or not redact:
        return question
    return "blake2b:" + blake2b(question.encode("utf-8", "replace"), digest_size=16).hexdigest()


def engine_of(plan: Plan) -> str:
    """spark, mirror or session."""
    if isinstance(plan, Act):
        return "session" if plan.inner is None else engine_of(plan.inner.plan)
    if isinstance(plan, OnSpark | ExplainSpark | Write):
        return "spark"
    return "mirror" if isinstance(plan, OnMirror) else "session"


def _ms(seconds: float | None) -> str:
    return "null" if seconds is None else f"{seconds * 1000:.3f}"
