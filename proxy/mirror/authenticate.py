"""SCRAM-SHA-256 as a client, for a mirror that is not ours to start and asks for a password.

Left out: channel binding, md5 and cleartext passwords; a site that wants more puts the mirror on a unix
socket.
Source: PostgreSQL documentation, 54.3 "SASL Authentication"; RFC 7677.
"""

from __future__ import annotations

from typing import Any

from proxy.mirror import frontend

_SASL, _SASL_CONTINUE, _SASL_FINAL = 10, 11, 12
_MECHANISM = "SCRAM-SHA-256"


class Authenticator:
    """One exchange for one connection."""

    def __init__(self, user: str, password: str) -> None:
        self._user = user
        self._password = password
        self._client: Any = None

    def respond(self, code: int, data: bytes) -> bytes:
        """The message that answers an Authentication request; empty when none is due.

        Raises: ValueError for a method that is not supported, scramp.ScramException for a server that fails.
        """
        if code == _SASL and _MECHANISM.encode() in data.split(b"\0"):
            from scramp import ScramClient

            self._client = ScramClient([_MECHANISM], self._user, self._password)
            return frontend.sasl_initial_response(_MECHANISM, self._client.get_client_first().encode())
        if code == _SASL_CONTINUE and self._client is not None:
            self._client.set_server_first(data.decode())
            return frontend.sasl_response(self._client.get_client_final().encode())
        if code == _SASL_FINAL and self._client is not None:
            self._client.set_server_final(data.decode())
            return b""
        raise ValueError(f"authentication method {code} is not supported here")
