"""What a frontend said, one frozen value per message.

Rules: events are in the past tense and carry exactly what stood in the message, decoded and checked for form
but not for meaning (whether a portal exists is the session's knowledge).  Text is `str`, because every
frontend here speaks UTF-8; values stay `bytes`.  Left out: messages that the protocol says to ignore (COPY
data outside a COPY, anything between an error and Sync); `Connection` drops those and no event tells of them.

Source: PostgreSQL 18 documentation, chapter 54.7 "Message Formats".
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, Literal

TargetKind = Literal["S", "P"]
"""What a Describe or Close names: a prepared statement or a portal."""


class NeedData(enum.Enum):
    """The type of `NEED_DATA`, so that `is NEED_DATA` narrows for a type checker."""

    NEED_DATA = "NEED_DATA"


NEED_DATA: Final = NeedData.NEED_DATA
"""No whole message is buffered: feed more bytes, then ask again."""


# Before the session: packets without a type byte.


@dataclass(frozen=True, slots=True)
class SslRequested:
    """SSLRequest.  Answer with `Connection.accept_tls` or `Connection.refuse_encryption`."""


@dataclass(frozen=True, slots=True)
class GssEncRequested:
    """GSSENCRequest.  Answer with `Connection.refuse_encryption`; an SSLRequest may still follow."""


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """CancelRequest.  It gets no reply, whatever it names: close the connection.

    Units: `secret_key` has 4 bytes from a 3.0 frontend and up to 256 from a 3.2 one.
    """

    process_id: int
    secret_key: bytes


@dataclass(frozen=True, slots=True)
class StartupReceived:
    """StartupMessage.  `parameters` always holds `user`; `unsupported_options` are its `_pq_.` names."""

    major: int
    minor: int
    parameters: dict[str, str]
    unsupported_options: tuple[str, ...] = ()


# Authentication: the three readings of message type 'p'.


@dataclass(frozen=True, slots=True)
class PasswordReceived:
    """PasswordMessage, without its terminating NUL."""

    password: bytes


@dataclass(frozen=True, slots=True)
class SaslInitialReceived:
    """SASLInitialResponse.  `data` is None when the frontend sent no initial response (length -1)."""

    mechanism: str
    data: bytes | None


@dataclass(frozen=True, slots=True)
class SaslResponded:
    """SASLResponse."""

    data: bytes


# The session.


@dataclass(frozen=True, slots=True)
class QueryReceived:
    """Query: a simple query, which may hold several statements, or none."""

    sql: str


@dataclass(frozen=True, slots=True)
class ParseReceived:
    """Parse.  Shapes: `param_oids` may be shorter than the parameters of `sql`; 0 leaves a type open."""

    name: str
    sql: str
    param_oids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BindReceived:
    """Bind.

    Shapes: `param_formats` is empty (all text), one code for all, or one per value (checked);
    `result_formats` is empty, one for all, or one per result column (for the session to check); each code is
    0 or 1 (checked).
    """

    portal: str
    statement: str
    param_formats: tuple[int, ...] = ()
    values: tuple[bytes | None, ...] = ()
    result_formats: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DescribeReceived:
    """Describe of a statement ('S') or a portal ('P')."""

    kind: TargetKind
    name: str


@dataclass(frozen=True, slots=True)
class ExecuteReceived:
    """Execute.  Units: `max_rows` in rows, 0 for no limit (negative ones arrive as 0, as PostgreSQL reads
    them)."""

    portal: str
    max_rows: int = 0


@dataclass(frozen=True, slots=True)
class CloseReceived:
    """Close of a statement ('S') or a portal ('P').  Closing what is not there is no error."""

    kind: TargetKind
    name: str


@dataclass(frozen=True, slots=True)
class FlushReceived:
    """Flush: send what is buffered."""


@dataclass(frozen=True, slots=True)
class SyncReceived:
    """Sync.  Exactly one ReadyForQuery answers it."""


@dataclass(frozen=True, slots=True)
class FunctionCallReceived:
    """FunctionCall, the fast path that the protocol calls obsolete.  Its body is not decoded: refuse it."""


@dataclass(frozen=True, slots=True)
class CopyDataReceived:
    """CopyData during COPY FROM STDIN.  Its cuts mean nothing: a row may span several."""

    data: bytes


@dataclass(frozen=True, slots=True)
class CopyDoneReceived:
    """CopyDone during COPY FROM STDIN."""


@dataclass(frozen=True, slots=True)
class CopyFailReceived:
    """CopyFail during COPY FROM STDIN; `message` is the frontend's reason."""

    message: str


@dataclass(frozen=True, slots=True)
class TerminateReceived:
    """Terminate: the frontend is about to close the connection and wants no answer."""


Event = (
    SslRequested
    | GssEncRequested
    | CancelRequested
    | StartupReceived
    | PasswordReceived
    | SaslInitialReceived
    | SaslResponded
    | QueryReceived
    | ParseReceived
    | BindReceived
    | DescribeReceived
    | ExecuteReceived
    | CloseReceived
    | FlushReceived
    | SyncReceived
    | FunctionCallReceived
    | CopyDataReceived
    | CopyDoneReceived
    | CopyFailReceived
    | TerminateReceived
)
