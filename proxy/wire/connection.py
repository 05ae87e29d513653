"""One connection's protocol, without IO: bytes in, events out, and bytes back for every step of our own.

    connection.receive_data(chunk)
    while (event := connection.next_event()) is not NEED_DATA:
        ... handle it; write what the methods below and `messages` return ...

Rules: handle an event before asking for the next, except that the events of an extended-protocol batch may be
taken ahead up to Sync.  `next_event` raises `ProtocolError` for the frontend's mistakes; the answer to every
error, the protocol's or an engine's, is `fail(fields)`, and `state` then says whether `ready` is due (SIMPLE,
SYNCING) or the rest of a batch is being skipped.  Nothing is decoded before its whole message is there, and
what a peer may make us hold is bounded by `Limits`; before authentication that includes everything it has
sent ahead.
Left out: who may connect, what a statement means, the transaction status, and all IO.

Source: PostgreSQL 18 documentation, chapter 54.2 "Message Flow".
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from proxy.wire import decode, messages
from proxy.wire.errors import (
    PROGRAM_LIMIT_EXCEEDED,
    PROTOCOL_VIOLATION,
    ErrorFields,
    LocalProtocolError,
    ProtocolError,
)
from proxy.wire.events import (
    NEED_DATA,
    Event,
    NeedData,
    ParseReceived,
    QueryReceived,
    StartupReceived,
)
from proxy.wire.limits import LARGEST_MESSAGE_BYTES, Limits
from proxy.wire.messages import TransactionStatus
from proxy.wire.state import BACKEND, FIRST_PACKET, MESSAGE, Action, State

_LENGTH = struct.Struct("!I")
_HEADER_BYTES: Final = 5


@dataclass(frozen=True, slots=True)
class _Reader:
    """How one type of message is read.

    `limit` names the attribute of `Limits`; `skippable` says that a message beyond it is an error like any
    other.
    """

    decoder: Callable[[bytes], Event]
    limit: str = "small_bytes"
    skippable: bool = False
    name: str = ""


_READERS: Final = {
    ord("Q"): _Reader(decode.query, "statement_bytes", skippable=True),
    ord("P"): _Reader(decode.parse, "statement_bytes", skippable=True),
    ord("B"): _Reader(decode.bind, "values_bytes", skippable=True),
    ord("D"): _Reader(decode.describe),
    ord("E"): _Reader(decode.execute),
    ord("C"): _Reader(decode.close),
    ord("H"): _Reader(decode.flush),
    ord("S"): _Reader(decode.sync),
    ord("F"): _Reader(decode.function_call, "values_bytes", skippable=True),
    ord("d"): _Reader(decode.copy_data, "values_bytes", skippable=True),
    ord("c"): _Reader(decode.copy_done),
    ord("f"): _Reader(decode.copy_fail),
    ord("X"): _Reader(decode.terminate),
}

# Message type 'p' means what was asked for (chapter 54.7: "the exact type can be deduced from the context").
_AUTHENTICATION: Final = {
    State.PASSWORD: _Reader(decode.password, "password_bytes", name="password"),
    State.SASL_INITIAL: _Reader(decode.sasl_initial, "sasl_bytes", name="SASL"),
    State.SASL_RESPONSE: _Reader(decode.sasl_response, "sasl_bytes", name="SASL"),
}

_GSS_ASKED: Final = (State.GSS_ASKED, State.GSS_ASKED_LAST)
_COPYING: Final = (State.COPY_IN_SIMPLE, State.COPY_IN_EXTENDED)
_SQL: Final = b"QP"
_IGNORED_IN_COPY: Final = b"HS"
"""Flush and Sync: "the backend will ignore" them during COPY FROM STDIN (chapter 54.2.3)."""


def _fatal(message: str) -> ProtocolError:
    return ProtocolError(PROTOCOL_VIOLATION, message, fatal=True)


class Connection:
    """The facade.  One per client connection; it outlives the change to TLS."""

    __slots__ = (
        "_buffer",
        "_discarding",
        "_discards",
        "_limits",
        "_minor",
        "_overflowed",
        "_start",
        "_state",
        "on_skipped",
    )

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._state = State.START
        self._buffer = bytearray()
        self._start = 0  # of what is not yet consumed
        self._discarding = 0  # bytes of an oversized message that are still to be dropped,
        self._discards = 0  # and its type byte
        self._overflowed = False
        self._minor = 0
        self.on_skipped: Callable[[str], None] | None = None
        """Told of each SQL text that is skipped after an error, up to Sync: nobody acts on it, but it was sent."""

    @property
    def state(self) -> State:
        return self._state

    @property
    def buffered(self) -> int:
        """Units: bytes received and not yet consumed."""
        return len(self._buffer) - self._start

    @property
    def minor(self) -> int:
        """The minor version in use: what the frontend asked for, or ours where that is lower."""
        return self._minor

    # What the frontend sends.

    def receive_data(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes from the peer.  Never raises: too many bytes are an error of the next `next_event`."""
        if self._start:
            del self._buffer[: self._start]
            self._start = 0
        if self._state < State.IDLE:
            room = self._limits.startup_bytes - len(self._buffer)
            if len(data) > room:
                self._overflowed = True
                data = data[:room]
        elif self._state >= State.BROKEN:
            return
        self._buffer += data

    def next_event(self) -> Event | NeedData:
        """The next thing the frontend said, or `NEED_DATA`.

        Raises: ProtocolError (08P01, 22021, 22023, 28000, 0A000, 54000); LocalProtocolError when it is our
        turn.
        """
        try:
            if self._overflowed:
                raise _fatal("too much data received before authentication")
            if self._state in MESSAGE:
                return self._next_message()
            return self._next_first_packet()
        except ProtocolError as error:
            if self._state < State.IDLE:
                error.fatal = True  # nothing is worth going on with before a session
            if error.fatal:
                self._leave(State.BROKEN)
            raise

    def _next_first_packet(self) -> Event | NeedData:
        steps = FIRST_PACKET.get(self._state)
        if steps is None:
            raise LocalProtocolError(f"no event can follow in state {self._state.name}")
        if self.buffered < 4:
            return NEED_DATA
        (length,) = _LENGTH.unpack_from(self._buffer, self._start)
        if not 8 <= length <= self._limits.startup_bytes:
            raise ProtocolError(
                PROTOCOL_VIOLATION, "invalid length of startup packet", fatal=True, reply=False
            )
        if self.buffered < length:
            return NEED_DATA
        packet = bytes(self._buffer[self._start + 4 : self._start + length])
        self._consume(self._start + length)
        event = decode.first_packet(packet, self._limits.startup_parameters)
        target = steps.get(type(event))
        if target is None:
            (code,) = _LENGTH.unpack_from(packet)
            raise decode.unsupported_protocol(code >> 16, code & 0xFFFF)
        if isinstance(event, StartupReceived):
            self._minor = min(event.minor, decode.NEWEST_MINOR)
        self._state = target
        return event

    def _next_message(self) -> Event | NeedData:
        steps = MESSAGE[self._state]
        authentication = _AUTHENTICATION.get(self._state)
        while True:
            if self._discarding:
                if not self._discard():
                    return NEED_DATA
                if self._discards in steps:
                    self._state = steps[self._discards]
                    raise ProtocolError(PROGRAM_LIMIT_EXCEEDED, "message is too large", fatal=False)
            buffer, start = self._buffer, self._start
            received = len(buffer) - start
            if not received:
                return NEED_DATA
            kind = buffer[start]
            if authentication is None:
                reader = _READERS.get(kind)
                if reader is None:
                    raise _fatal(f"invalid frontend message type {kind}")
            else:
                reader = authentication
                if kind not in steps:
                    raise _fatal(f"expected {reader.name} response, got message type {kind}")
            if received < _HEADER_BYTES:
                return NEED_DATA
            (length,) = _LENGTH.unpack_from(buffer, start + 1)
            if not 4 <= length <= getattr(self._limits, reader.limit):
                if not (reader.skippable and 4 <= length <= LARGEST_MESSAGE_BYTES):
                    raise _fatal("invalid message length")
                self._discarding, self._discards = length + 1, kind
                continue
            if received <= length:
                return NEED_DATA
            payload = bytes(buffer[start + _HEADER_BYTES : start + 1 + length])
            self._consume(start + 1 + length)
            target = steps.get(kind)
            if target is not None:
                self._state = target
                return decode.decode(reader.decoder, payload)
            if self._state is State.SKIPPING and self.on_skipped is not None and kind in _SQL:
                self._tell_skipped(reader.decoder, payload)
            if self._state in _COPYING and kind not in _IGNORED_IN_COPY:
                raise ProtocolError(
                    PROTOCOL_VIOLATION,
                    f"unexpected message type 0x{kind:02X} during COPY from stdin",
                    fatal=False,
                )

    def _tell_skipped(self, decoder: Callable[[bytes], Event], payload: bytes) -> None:
        try:
            event = decode.decode(decoder, payload)
        except ProtocolError:
            return  # what is skipped need not even be well-formed
        if self.on_skipped is not None and isinstance(event, QueryReceived | ParseReceived):
            self.on_skipped(event.sql)

    def _consume(self, end: int) -> None:
        if end == len(self._buffer):
            self._buffer.clear()  # so that an idle connection does not hold its last statement
            end = 0
        self._start = end

    def _leave(self, end: State) -> None:
        self._state = end
        self._overflowed = False
        self._consume(len(self._buffer))

    def _discard(self) -> bool:
        dropped = min(self._discarding, self.buffered)
        self._consume(self._start + dropped)
        self._discarding -= dropped
        return not self._discarding

    # What we send; each returns the bytes and moves the state.  Raises: LocalProtocolError where it can't.

    def refuse_encryption(self) -> bytes:
        """Answer SSLRequest or GSSENCRequest with no; the frontend goes on in the clear or hangs up.

        Raises: ProtocolError 08P01 as `accept_tls` does, because PostgreSQL does.
        """
        return self._answer_encryption(Action.REFUSE_ENCRYPTION, b"N")

    def accept_tls(self) -> bytes:
        """Answer SSLRequest with yes; stop reading before, and hand the transport over to TLS after.

        Raises: ProtocolError 08P01 when anything came after the request in the clear: carried into the TLS
        session it would pass as the frontend's own words (CVE-2021-23214).
        """
        return self._answer_encryption(Action.ACCEPT_TLS, b"S")

    def _answer_encryption(self, action: Action, answer: bytes) -> bytes:
        asked = "GSSAPI encryption" if self._state in _GSS_ASKED else "SSL"
        self._step(action)
        if not self.buffered:
            return answer
        self._leave(State.BROKEN)
        raise ProtocolError(
            PROTOCOL_VIOLATION,
            f"received unencrypted data after {asked} request",
            fatal=True,
            detail="This could be either a client-software bug "
            "or evidence of an attempted man-in-the-middle attack.",
        )

    def negotiate_version(self, startup: StartupReceived) -> bytes:
        """NegotiateProtocolVersion where the frontend asked for more than we have, else nothing."""
        if startup.minor <= decode.NEWEST_MINOR and not startup.unsupported_options:
            return b""
        # Never above what was asked for: libpq 18 takes that for a broken server.
        return messages.negotiate_protocol_version(self._minor, startup.unsupported_options)

    def request_password(self) -> bytes:
        """AuthenticationCleartextPassword; `PasswordReceived` follows."""
        self._step(Action.REQUEST_PASSWORD)
        return messages.authentication_cleartext_password()

    def request_sasl(self, mechanisms: Sequence[str]) -> bytes:
        """AuthenticationSASL; `SaslInitialReceived` follows."""
        self._step(Action.REQUEST_SASL)
        return messages.authentication_sasl(mechanisms)

    def continue_sasl(self, data: bytes) -> bytes:
        """AuthenticationSASLContinue; `SaslResponded` follows."""
        self._step(Action.CONTINUE_SASL)
        return messages.authentication_sasl_continue(data)

    def finish_sasl(self, data: bytes) -> bytes:
        """AuthenticationSASLFinal; `authenticate` is next."""
        self._step(Action.FINISH_SASL)
        return messages.authentication_sasl_final(data)

    def authenticate(self) -> bytes:
        """AuthenticationOk; parameters, the cancel key and `ready` are next."""
        self._step(Action.AUTHENTICATE)
        return messages.authentication_ok()

    def ready(self, status: TransactionStatus) -> bytes:
        """ReadyForQuery: the one answer to the start, to each Query and to each Sync."""
        self._step(Action.READY)
        return messages.ready_for_query(status)

    def fail(self, error: ErrorFields | ProtocolError) -> bytes:
        """ErrorResponse, or nothing for a ProtocolError that wants no reply.  FATAL and PANIC close."""
        fields = error.fields if isinstance(error, ProtocolError) else error
        if fields.severity in ("FATAL", "PANIC") and self._state is not State.CLOSED:
            self._leave(State.CLOSED)
        else:
            self._step(Action.FAIL)
        if isinstance(error, ProtocolError) and not error.reply:
            return b""
        return messages.error_response(fields)

    def begin_copy_in(self, *, binary: bool, column_formats: Sequence[int]) -> bytes:
        """CopyInResponse; CopyDataReceived ... CopyDoneReceived or CopyFailReceived follow."""
        self._step(Action.BEGIN_COPY_IN)
        return messages.copy_in_response(binary=binary, column_formats=column_formats)

    def _step(self, action: Action) -> None:
        target = BACKEND.get((self._state, action))
        if target is None:
            raise LocalProtocolError(f"{action.value} is not possible in state {self._state.name}")
        self._state = target
