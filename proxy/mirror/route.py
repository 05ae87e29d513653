"""Where the mirror listens, and how a connection to it begins."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from proxy.mirror import frontend
from proxy.mirror.authenticate import Authenticator
from proxy.mirror.backend import Backend
from proxy.mirror.errors import CANNOT_CONNECT_NOW, MirrorError, MirrorUnavailable


def _no_password(user: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Route:
    """The way to one mirror.

    `address`: a unix socket's path, or host and port.  `startup`: StartupMessage parameters beside `user`; settings
    in it are what RESET goes back to.  `password`: a role's password, None where the mirror wants none.
    """

    address: str | tuple[str, int]
    startup: Mapping[str, str]
    tls: ssl.SSLContext | None = None
    password: Callable[[str], str | None] = _no_password

    async def connect(self, user: str, *, timeout_s: float) -> Backend:
        """A ready connection of one role.

        Raises: MirrorUnavailable; MirrorError when the mirror refuses (an unknown role, say).
        """
        password = self.password(user)
        authenticator = Authenticator(user, password) if password is not None else None
        backend = Backend(asyncio.get_running_loop(), authenticator)
        try:
            async with asyncio.timeout(timeout_s):
                await self._open(backend)
                reply = await backend.exchange(frontend.startup({"user": user, **self.startup}))
                while reply.status is None:
                    reply = await backend.more()
        except (OSError, TimeoutError) as error:
            backend.abort()
            raise MirrorUnavailable("the catalogue server does not answer", CANNOT_CONNECT_NOW) from error
        except MirrorUnavailable as unavailable:
            backend.abort()
            cause = unavailable.cause
            if cause is None or cause.sqlstate[:2] in ("57", "53"):
                raise
            raise MirrorError(cause) from None
        except asyncio.CancelledError:
            backend.abort()
            raise
        return backend

    async def cancel(self, process_id: int, secret_key: bytes, *, timeout_s: float) -> None:
        """Send a CancelRequest; whether it comes in time is PostgreSQL's affair.  Never raises."""
        backend = Backend(asyncio.get_running_loop())
        try:
            async with asyncio.timeout(timeout_s):
                await self._open(backend)
                await backend.exchange(frontend.cancel_request(process_id, secret_key))
        except (OSError, TimeoutError, MirrorUnavailable):
            # The mirror answers by closing.
            return
        finally:
            backend.abort()

    async def _open(self, backend: Backend) -> None:
        loop = asyncio.get_running_loop()
        if isinstance(self.address, str):
            await loop.create_unix_connection(lambda: backend, self.address)
        else:
            await loop.create_connection(lambda: backend, *self.address, ssl=self.tls)
