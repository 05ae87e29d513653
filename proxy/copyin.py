"""COPY FROM STDIN: what the client sends between CopyInResponse and CopyDone.

Wire: after our CopyInResponse come CopyData messages, whose cuts mean nothing, then CopyDone or CopyFail.  The wire
core knows the states; here its events become a stream of bytes.  Nothing is gathered: a piece is asked for when the one
before has been taken, and the socket is left unread meanwhile.
Source: PostgreSQL documentation, 54.2.6 "COPY Operations".
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from proxy.client_io import ClientIO
from proxy.sqlstate import Refused
from proxy.staging import CopyFailed
from proxy.wire.errors import ProtocolError
from proxy.wire.events import CopyDataReceived, CopyDoneReceived, CopyFailReceived


async def received(io: ClientIO, *, binary: bool, columns: int) -> AsyncIterator[bytes]:
    """Ask the client for its data, and hand them on.

    Raises: CopyFailed when the client gives up; Refused 08P01 for what has no place here; ProtocolError, fatal;
    Disconnected.
    """
    io.write(io.wire.begin_copy_in(binary=binary, column_formats=[int(binary)] * columns))
    io.flush()
    while True:
        try:
            event = await io.next_event()
        except ProtocolError as error:
            if error.fatal:
                raise
            raise Refused(error.sqlstate, error.message) from error
        match event:
            case CopyDataReceived(data=data):
                yield data
            case CopyDoneReceived():
                return
            case CopyFailReceived(message=reason):
                raise CopyFailed(reason)
            case _:
                raise ProtocolError("08P01", "unexpected message during COPY from stdin", fatal=True)
