"""Every exception that a statement can end in -> the fields of an ErrorResponse: one table.

Rules: an exception that is not in the table is a defect of ours; the client gets XX000 and a number under which the
log has the traceback, and neither holds the statement's text.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from checker.verdict import Denied
from nl_frontend.errors import FrontEndError
from proxy.binds import BindError
from proxy.mirror.errors import MirrorError, MirrorUnavailable
from proxy.rows import DataError
from proxy.timezones import UnknownTimeZone
from proxy.transaction import TransactionError
from proxy.wire.errors import ErrorFields, ProtocolError
from spark_thrift.columns import FetchFailed, MalformedFrame
from spark_thrift.dialect import Untranslatable
from spark_thrift.errors import EngineError, EngineUnavailable

log = logging.getLogger("streamlink")


class Refused(Exception):
    """A statement that this server refuses for a reason of its own; its words are PostgreSQL's where it has them."""

    def __init__(
        self,
        sqlstate: str,
        message: str,
        *,
        detail: str | None = None,
        hint: str | None = None,
        position: int | None = None,
    ) -> None:
        super().__init__(message)
        self.fields = ErrorFields("ERROR", sqlstate, message, detail, hint, position)


class DeniedByGate(Exception):
    """The gate said no."""

    def __init__(self, denied: Denied) -> None:
        super().__init__(denied.reason)
        self.denied = denied


def _engine(error: EngineError) -> ErrorFields:
    if error.sqlstate == "22012":
        return ErrorFields("ERROR", "22012", "division by zero")
    return ErrorFields("ERROR", error.sqlstate, error.message, hint=error.hint)


def _denied(error: DeniedByGate) -> ErrorFields:
    denied = error.denied
    return ErrorFields("ERROR", denied.sqlstate, denied.reason, hint=denied.hint, position=denied.position)


_TABLE: tuple[tuple[type[BaseException], Callable[[Any], ErrorFields]], ...] = (
    (Refused, lambda e: e.fields),
    (DeniedByGate, _denied),
    (ProtocolError, lambda e: e.fields),
    (MirrorError, lambda e: e.fields),
    (TransactionError, lambda e: ErrorFields("ERROR", e.sqlstate, e.message)),
    (Untranslatable, lambda e: ErrorFields("ERROR", e.sqlstate, e.message, hint=e.hint)),
    (BindError, lambda e: ErrorFields("ERROR", e.sqlstate, e.message, hint=e.hint)),
    (DataError, lambda e: ErrorFields("ERROR", e.sqlstate, e.message, e.detail, e.hint)),
    (EngineError, _engine),
    (FetchFailed, lambda e: ErrorFields("ERROR", e.sqlstate or "XX000", e.message)),
    (MalformedFrame, lambda e: ErrorFields("ERROR", "08P01", "the engine sent what it never sends")),
    (UnknownTimeZone, lambda e: ErrorFields("ERROR", "22023", str(e))),
    (FrontEndError, lambda e: ErrorFields("ERROR", e.sqlstate, e.message, hint=e.hint)),
    (TimeoutError, lambda e: ErrorFields("ERROR", "57014", "canceling statement due to statement timeout")),
    (MemoryError, lambda e: ErrorFields("ERROR", "53200", "out of memory")),
    (RecursionError, lambda e: ErrorFields("ERROR", "54001", "stack depth limit exceeded")),
)


_OURS = (EngineUnavailable, MirrorUnavailable, MalformedFrame)
"""What fails for no reason that lies in the statement."""


def is_ours(error: BaseException) -> bool:
    """Whether the fault is not the statement's: a part was lost, or we have a defect."""
    return isinstance(error, _OURS) or not any(isinstance(error, kind) for kind, _ in _TABLE)


def fields_of(error: BaseException, statement_id: str | None = None) -> ErrorFields:
    """The client's view of an exception; logs what is in no row of the table.

    Where the fault is not the statement's, DETAIL names it, so that the record and the log can be found.
    """
    for kind, make in _TABLE:
        if isinstance(error, kind):
            fields = make(error)
            return with_id(fields, statement_id) if is_ours(error) else fields
    incident = secrets.token_hex(4)
    # The exception's own words may hold a value or a piece of the statement: where it was raised says enough.
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("internal error %s: %s\n%s", incident, type(error).__name__, where)
    fields = ErrorFields(
        "ERROR",
        "XX000",
        f"internal error {incident}",
        hint="The server's log has the details under this number.",
    )
    return with_id(fields, statement_id)


def with_id(fields: ErrorFields, statement_id: str | None) -> ErrorFields:
    """An error whose DETAIL names the statement, as its audit record, the log and Spark's job description do."""
    if statement_id is None:
        return fields
    named = f"Statement {statement_id}."
    return replace(fields, detail=named if fields.detail is None else f"{fields.detail}\n{named}")
