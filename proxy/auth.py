"""Who is this client?  The exchange between StartupMessage and AuthenticationOk.

The rule that fits decides the method (hba.py); verifiers come from users.py and SCRAM's arithmetic from scramp.
An unknown user goes through the same exchange with a mock verifier and fails in the same words, and every refusal is
FATAL: nobody reaches the command phase without AuthenticationOk.

Source: PostgreSQL documentation, chapter 54.3 "SASL Authentication"; RFC 5802, RFC 5929 (tls-server-end-point).
"""

from __future__ import annotations

import logging
import re
import ssl
from dataclasses import dataclass
from typing import Any

from proxy.client_io import ClientIO
from proxy.hba import choose
from proxy.settings import Settings
from proxy.users import Users, UsersError
from proxy.wire.errors import ErrorFields, ProtocolError
from proxy.wire.events import SaslInitialReceived, SaslResponded, StartupReceived

log = logging.getLogger("streamlink.auth")

SCRAM, SCRAM_PLUS = "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"
_NO_NAME = re.compile(r"\A([^,]*,[^,]*,n=)(?=,)")


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a client comes from.  `tls` is its ssl.SSLObject, None in clear text."""

    address: str
    tls: ssl.SSLObject | None = None


def refused(sqlstate: str, message: str, hint: str | None = None) -> AuthenticationFailed:
    return AuthenticationFailed(ErrorFields("FATAL", sqlstate, message, hint=hint))


class AuthenticationFailed(ProtocolError):
    """28000 or 28P01, always FATAL."""

    def __init__(self, fields: ErrorFields) -> None:
        super().__init__(fields.sqlstate, fields.message, fatal=True)
        self._fields = fields

    @property
    def fields(self) -> ErrorFields:
        return self._fields


async def authenticate(
    io: ClientIO, startup: StartupReceived, database: str, peer: Peer, settings: Settings, users: Users
) -> None:
    """Returns when the client is who it says; AuthenticationOk is left to the caller.  Raises: ProtocolError."""
    user = startup.parameters["user"]
    method = choose(
        settings.auth.parsed_rules,
        database=database,
        user=user,
        address=peer.address,
        tls=peer.tls is not None,
    )
    match method:
        case "trust":
            return
        case "scram-sha-256":
            await _scram(io, user, peer, settings, users)
        case "cert":
            _certificate(user, peer)
        case _:
            tls = "with TLS" if peer.tls is not None else "no encryption"
            raise refused(
                "28000",
                f'no rule of [auth] lets host "{peer.address}", user "{user}", database "{database}" in, {tls}',
            )


async def _scram(io: ClientIO, user: str, peer: Peer, settings: Settings, users: Users) -> None:
    from scramp import ScramException, ScramMechanism

    failed = refused("28P01", f'password authentication failed for user "{user}"')
    try:
        verifier = users.verifier(user)
    except UsersError as error:
        log.error("the users file cannot be read: %s", error)
        raise failed from None
    binding = None
    if peer.tls is not None and settings.tls.certificate is not None:
        binding = ("tls-server-end-point", settings.tls.certificate.read_text("ascii"))
    offered = (SCRAM_PLUS, SCRAM) if binding else (SCRAM,)
    io.write(io.wire.request_sasl(offered))
    io.flush()
    first = await io.next_event()
    if not isinstance(first, SaslInitialReceived):
        raise ProtocolError("08P01", "expected SASL response", fatal=True)
    if first.mechanism not in offered:
        raise ProtocolError("08P01", "client selected an invalid SASL authentication mechanism", fatal=True)
    server = ScramMechanism(first.mechanism).make_server(
        # The name inside the SCRAM message is ignored, as PostgreSQL does: the startup packet's counts.
        lambda _name: (verifier.salt, verifier.stored_key, verifier.server_key, verifier.iterations),
        channel_binding=binding,
    )
    try:
        _take_client_first(server, (first.data or b"").decode("utf-8"))
        io.write(io.wire.continue_sasl(server.get_server_first().encode()))
        io.flush()
        final = await io.next_event()
        if not isinstance(final, SaslResponded):
            raise ProtocolError("08P01", "expected SASL response", fatal=True)
        server.set_client_final(final.data.decode("utf-8"))
        io.write(io.wire.finish_sasl(server.get_server_final().encode()))
    except (ScramException, UnicodeDecodeError, ValueError, KeyError):
        raise failed from None


def _take_client_first(server: Any, message: str) -> None:
    """libpq leaves the name empty (`n,,n=,r=...`), which RFC 5802's grammar and so scramp do not allow.

    A name is put in for the parser; the proof is over the message as it came.
    """
    named = _NO_NAME.sub(r"\g<1>*", message, count=1)
    server.set_client_first(named)
    server.client_first_bare = message.split(",", 2)[2]


def _certificate(user: str, peer: Peer) -> None:
    """The client certificate's CN must be the user's name, as PostgreSQL's cert method has it."""
    subject = (peer.tls.getpeercert() or {}).get("subject", ()) if peer.tls is not None else ()
    names = [pair[1] for part in subject for pair in part if pair[0] == "commonName"]
    if not names:
        raise refused("28000", "connection requires a valid client certificate")
    if names[0] != user:
        raise refused("28000", f'certificate authentication failed for user "{user}"')
