"""How large a message may be, per kind of message, with the precedent of each number.

Rules: a limit is checked against the length word, before a byte of the payload is kept.  What passes the
limits of the phase before authentication is fatal; an oversized statement afterwards is read past without
keeping it and is an ordinary error, so that the connection and its transaction live on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LARGEST_MESSAGE_BYTES: Final = 0x3FFF_FFFE
"""Beyond this a length word is noise.  Source: PQ_LARGE_MESSAGE_LIMIT (libpq/libpq.h), MaxAllocSize - 1."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Units: bytes of a message including its length word; `startup_parameters` in name/value pairs."""

    startup_bytes: int = 10_000
    """The StartupMessage, and all that is ever buffered before authentication.  Source: PostgreSQL's
    MAX_STARTUP_PACKET_LENGTH (libpq/pqcomm.h)."""

    startup_parameters: int = 64
    """PostgreSQL has no such limit, but 10,000 bytes can hold 2,500 short pairs, which as `str` and dict
    entries cost far more memory than that.  Drivers send fewer than ten."""

    sasl_bytes: int = 1_024
    """Source: PG_MAX_SASL_MESSAGE_LENGTH (libpq/sasl.h)."""

    password_bytes: int = 8_192
    """PostgreSQL takes 65,535 (PG_MAX_AUTH_TOKEN_LENGTH, for Kerberos tickets); the tokens that cloud
    services use as passwords stay under 4,096."""

    small_bytes: int = 10_000
    """Messages that hold a name at most.  Source: PQ_SMALL_MESSAGE_LIMIT (libpq/libpq.h)."""

    statement_bytes: int = 16 * 1024 * 1024
    """Query and Parse.  PostgreSQL takes 1 GiB, which no parser behind this would survive."""

    values_bytes: int = 64 * 1024 * 1024
    """Bind, FunctionCall and CopyData."""
