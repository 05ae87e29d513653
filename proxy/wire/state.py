"""The states of one connection and every step between them.

A step that has no entry is illegal: from the frontend it is a `ProtocolError`, from our side a
`LocalProtocolError`.  `FIRST_PACKET` is keyed by the event, `MESSAGE` by the message's type byte, `BACKEND`
by what we do.  A state that is in neither of the first two is our turn: nothing is read from the buffer until
we have acted.

    START <--- refuse / accept ---> SSL_ASKED, GSS_ASKED, ...
      | StartupMessage
      v         ask
    STARTING <--------> PASSWORD, SASL_INITIAL, SASL_RESPONSE
      | authenticate
      v
    SETUP -- ready --> IDLE <-- ready / Query --> SIMPLE
                        |
                        +-- Parse, Bind, ... --> EXTENDED -- Sync --> SYNCING -- ready --> IDLE
                                                    | fail               ^
                                                    v                    |
                                                 SKIPPING ----- Sync ----+

Left out: the transaction status, which is the session's.  Source: PostgreSQL 18 documentation, chapter 54.2.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from proxy.wire.events import CancelRequested, Event, GssEncRequested, SslRequested, StartupReceived


class State(enum.IntEnum):
    """An IntEnum because a plain Enum hashes in Python code, and every message looks its state up."""

    START = enum.auto()
    SSL_ASKED = enum.auto()
    GSS_ASKED = enum.auto()
    SSL_REFUSED = enum.auto()
    GSS_REFUSED = enum.auto()
    SSL_ASKED_LAST = enum.auto()
    GSS_ASKED_LAST = enum.auto()
    ENCRYPTION_SETTLED = enum.auto()
    STARTING = enum.auto()
    PASSWORD = enum.auto()
    SASL_INITIAL = enum.auto()
    SASL_RESPONSE = enum.auto()
    SETUP = enum.auto()  # authenticated: parameters and the cancel key go out, then the first ReadyForQuery
    IDLE = enum.auto()
    SIMPLE = enum.auto()
    EXTENDED = enum.auto()
    SYNCING = enum.auto()
    SKIPPING = enum.auto()  # "reads and discards messages until a Sync is reached" (54.2.3)
    COPY_IN_SIMPLE = enum.auto()
    COPY_IN_EXTENDED = enum.auto()
    BROKEN = enum.auto()  # the frontend broke the protocol beyond repair: a last ErrorResponse may follow
    CLOSED = enum.auto()


class Action(enum.Enum):
    """What our side does to the state; the methods of `Connection`."""

    REFUSE_ENCRYPTION = "refuse_encryption"
    ACCEPT_TLS = "accept_tls"
    REQUEST_PASSWORD = "request_password"
    REQUEST_SASL = "request_sasl"
    CONTINUE_SASL = "continue_sasl"
    FINISH_SASL = "finish_sasl"
    AUTHENTICATE = "authenticate"
    READY = "ready"
    FAIL = "fail"
    BEGIN_COPY_IN = "begin_copy_in"


_OPEN: Final[Mapping[type[Event], State]] = {
    StartupReceived: State.STARTING,
    CancelRequested: State.CLOSED,
}

# "not another SSL negotiation request, and a GSS request should only follow if SSL was rejected (client may
# negotiate in either order)" (ProcessStartupPacket).  Unlike there, nothing can be asked for twice.
FIRST_PACKET: Final[Mapping[State, Mapping[type[Event], State]]] = {
    State.START: {**_OPEN, SslRequested: State.SSL_ASKED, GssEncRequested: State.GSS_ASKED},
    State.SSL_REFUSED: {**_OPEN, GssEncRequested: State.GSS_ASKED_LAST},
    State.GSS_REFUSED: {**_OPEN, SslRequested: State.SSL_ASKED_LAST},
    State.ENCRYPTION_SETTLED: _OPEN,
}


def _row(types: str, target: State) -> dict[int, State]:
    return dict.fromkeys(types.encode(), target)


_EXTENDED: Final = {
    **_row("PBDECH", State.EXTENDED),
    **_row("QF", State.SIMPLE),
    **_row("S", State.SYNCING),
    **_row("X", State.CLOSED),
}

# Type bytes that are missing from a row of the session are dropped: "Accept but ignore these messages, per
# protocol spec; we probably got here because a frontend is still sending after receipt of a COPY failure"
# (PostgresMain).
MESSAGE: Final[Mapping[State, Mapping[int, State]]] = {
    State.PASSWORD: _row("p", State.STARTING),
    State.SASL_INITIAL: _row("p", State.STARTING),
    State.SASL_RESPONSE: _row("p", State.STARTING),
    State.IDLE: _EXTENDED,
    State.EXTENDED: _EXTENDED,
    State.SKIPPING: {**_row("S", State.SYNCING), **_row("X", State.CLOSED)},
    State.COPY_IN_SIMPLE: {**_row("d", State.COPY_IN_SIMPLE), **_row("cf", State.SIMPLE)},
    State.COPY_IN_EXTENDED: {**_row("d", State.COPY_IN_EXTENDED), **_row("cf", State.EXTENDED)},
}

BACKEND: Final[Mapping[tuple[State, Action], State]] = {
    (State.SSL_ASKED, Action.REFUSE_ENCRYPTION): State.SSL_REFUSED,
    (State.SSL_ASKED, Action.ACCEPT_TLS): State.ENCRYPTION_SETTLED,
    (State.GSS_ASKED, Action.REFUSE_ENCRYPTION): State.GSS_REFUSED,
    (State.SSL_ASKED_LAST, Action.REFUSE_ENCRYPTION): State.ENCRYPTION_SETTLED,
    (State.SSL_ASKED_LAST, Action.ACCEPT_TLS): State.ENCRYPTION_SETTLED,
    (State.GSS_ASKED_LAST, Action.REFUSE_ENCRYPTION): State.ENCRYPTION_SETTLED,
    (State.STARTING, Action.REQUEST_PASSWORD): State.PASSWORD,
    (State.STARTING, Action.REQUEST_SASL): State.SASL_INITIAL,
    (State.STARTING, Action.CONTINUE_SASL): State.SASL_RESPONSE,
    (State.STARTING, Action.FINISH_SASL): State.STARTING,
    (State.STARTING, Action.AUTHENTICATE): State.SETUP,
    (State.SETUP, Action.READY): State.IDLE,
    (State.SIMPLE, Action.READY): State.IDLE,
    (State.SYNCING, Action.READY): State.IDLE,
    (State.SIMPLE, Action.FAIL): State.SIMPLE,
    (State.EXTENDED, Action.FAIL): State.SKIPPING,
    # An error may come late, when look-ahead has already taken the Sync: then there is nothing left to skip.
    (State.SYNCING, Action.FAIL): State.SYNCING,
    (State.COPY_IN_SIMPLE, Action.FAIL): State.SIMPLE,
    (State.COPY_IN_EXTENDED, Action.FAIL): State.SKIPPING,
    (State.SIMPLE, Action.BEGIN_COPY_IN): State.COPY_IN_SIMPLE,
    (State.EXTENDED, Action.BEGIN_COPY_IN): State.COPY_IN_EXTENDED,
}
"""FAIL here is an error that the connection survives; a fatal one leads from every state but CLOSED to
CLOSED."""
