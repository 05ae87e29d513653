"""Error fields, and the two ways in which the protocol can be broken.

`ProtocolError` is the frontend's mistake and always ends in an ErrorResponse (or, before a peer has shown
that it speaks the protocol at all, in a silent close).  `LocalProtocolError` is ours: a bug in the code that
drives the connection.  Messages and SQLSTATEs are PostgreSQL's own, so that drivers and people recognise
them.  Left out: what an engine's error means; `proxy/sqlstate.py` has that table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "DEBUG", "INFO", "LOG"]

PROTOCOL_VIOLATION = "08P01"
INVALID_TEXT = "22021"
INVALID_PARAMETER_VALUE = "22023"
INVALID_AUTHORIZATION = "28000"
FEATURE_NOT_SUPPORTED = "0A000"
PROGRAM_LIMIT_EXCEEDED = "54000"


@dataclass(frozen=True, slots=True)
class ErrorFields:
    """The fields of an ErrorResponse or NoticeResponse.

    Units: `position` counts characters (not bytes) of the client's statement from 1.
    Source: protocol chapter 54.8, "Error and Notice Message Fields"; file, line and routine are left out.
    """

    severity: Severity
    sqlstate: str
    message: str
    detail: str | None = None
    hint: str | None = None
    position: int | None = None
    internal_position: int | None = None
    internal_query: str | None = None
    where: str | None = None
    schema: str | None = None
    table: str | None = None
    column: str | None = None
    data_type: str | None = None
    constraint: str | None = None


class ProtocolError(Exception):
    """The frontend broke the protocol.

    `fatal`: the byte stream can't be trusted any more, so the connection ends after the ErrorResponse.
    `reply`: False where PostgreSQL closes without a word, because the peer may not speak the protocol.
    """

    def __init__(
        self, sqlstate: str, message: str, *, fatal: bool, detail: str | None = None, reply: bool = True
    ) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.fatal = fatal
        self.detail = detail
        self.reply = reply

    @property
    def fields(self) -> ErrorFields:
        """What to give to `Connection.fail`."""
        severity: Severity = "FATAL" if self.fatal else "ERROR"
        return ErrorFields(severity, self.sqlstate, self.message, self.detail)


class LocalProtocolError(Exception):
    """This side asked the connection for a step that its state does not have."""
