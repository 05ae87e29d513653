"""The server side of PostgreSQL's wire protocol 3.0 to 3.2, sans-IO.

`connection` is the facade; `events` come out of it, `messages` build what goes back, `state` has every legal
step, `decode` reads payloads, `limits` bounds them and `errors` says what can go wrong.
"""

from __future__ import annotations

from proxy.wire.connection import Connection
from proxy.wire.errors import ErrorFields, LocalProtocolError, ProtocolError
from proxy.wire.events import NEED_DATA, Event, NeedData
from proxy.wire.limits import Limits
from proxy.wire.state import State

__all__ = [
    "NEED_DATA",
    "Connection",
    "ErrorFields",
    "Event",
    "Limits",
    "LocalProtocolError",
    "NeedData",
    "ProtocolError",
    "State",
]
