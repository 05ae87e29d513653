"""SASL as thrift's TSaslTransport negotiates it: PLAIN and GSSAPI, through pure-sasl.

Wire: u8 status, u32 length, payload; START names the mechanism, OK goes on, COMPLETE ends it, BAD and ERROR
carry a reason.  Afterwards every message is a frame with a u32 length (framing.py); with GSSAPI's integrity
or confidentiality each frame is wrapped.

Rules: no IO.  Source: thrift/lib/java, TSaslTransport.NegotiationStatus.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final, Literal

from spark_thrift.errors import EngineRefused

START, OK, BAD, ERROR, COMPLETE = 1, 2, 3, 4, 5
HEADER: Final = struct.Struct(">BI")
NEGOTIATION_LIMIT_BYTES: Final = 65_536
"""A Kerberos token with a large authorisation list is some 12 kB (and 65,535 is Windows' own maximum)."""

Auth = Literal["NOSASL", "PLAIN", "KERBEROS"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to the engine.

    `principal` is the engine's, as hive.server2.authentication.kerberos.principal writes it:
    service/host@REALM, where `_HOST` stands for the host that we connect to.
    """

    username: str
    password: str = "x"  # PLAIN with authentication NONE refuses an empty one
    principal: str = "hive/_HOST"


class Negotiation:
    """One client side of the negotiation: bytes to send for each answer of the server."""

    def __init__(self, auth: Auth, host: str, credentials: Credentials) -> None:
        try:
            self._client = _sasl_client(auth, host, credentials)
        except Exception as error:
            raise EngineRefused(f"cannot authenticate to the engine with {auth}: {error}") from error
        self._mechanism = b"PLAIN" if auth == "PLAIN" else b"GSSAPI"

    def begin(self) -> bytes:
        """START with the mechanism, and the first response in the same write."""
        return message(START, self._mechanism) + message(OK, self._respond(None))

    def answered(self, status: int, payload: bytes) -> bytes | None:
        """What to send next; None when the negotiation is complete.  Raises: EngineRefused."""
        if status == COMPLETE:
            if not self._client.complete:
                raise EngineRefused("the engine ended the negotiation before it had proved who it is")
            return None
        if status == OK:
            return message(OK, self._respond(payload))
        reason = payload.decode("utf-8", "replace") or "no reason given"
        raise EngineRefused(f"the engine refused the login: {reason}")

    @property
    def wraps(self) -> bool:
        """Whether frames are signed or sealed from now on."""
        return self._mechanism == b"GSSAPI" and self._client.qop not in (None, b"auth", "auth")

    def wrap(self, frame: bytes) -> bytes:
        return bytes(self._client.wrap(frame))

    def unwrap(self, frame: bytearray) -> bytearray:
        return bytearray(self._client.unwrap(bytes(frame)))

    def _respond(self, challenge: bytes | None) -> bytes:
        try:
            return self._client.process(challenge) or b""
        except Exception as error:
            raise EngineRefused(f"cannot answer the engine's authentication: {error}") from error


def message(status: int, payload: bytes) -> bytes:
    return HEADER.pack(status, len(payload)) + payload


def _sasl_client(auth: Auth, host: str, credentials: Credentials) -> Any:
    from puresasl.client import SASLClient

    if auth == "PLAIN":
        return SASLClient(
            host, mechanism="PLAIN", username=credentials.username, password=credentials.password
        )
    service, _, rest = credentials.principal.partition("/")
    named_host = rest.partition("@")[0]
    if named_host in ("", "_HOST"):
        named_host = host
    return SASLClient(named_host, service, mechanism="GSSAPI", mutual_auth=True)
