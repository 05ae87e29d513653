"""Coverage-guided fuzzing of the wire core: whatever comes in gives events or a ProtocolError, and little memory.

    python -m tests.fuzz.fuzz_wire CORPUS -max_total_time=600 -max_len=4096      # ten minutes

CORPUS is a directory that is made when it is missing; built-in seeds are put there, and what is found is kept.
The first byte chooses the phase (what we ask of the frontend) and how the rest is cut into chunks.  The same input
is also fed at once, and both readings must agree.  tests/fuzz/test_fuzz.py runs it for a few seconds.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["proxy.wire"]):
    from proxy.wire import NEED_DATA, Connection, Limits, ProtocolError, State
    from proxy.wire import events as ev

from tests.transcripts.pgmessages import encode

LIMITS = Limits(statement_bytes=512, values_bytes=512, small_bytes=256)
STARTUP = encode("StartupMessage", {"Parameters": {"user": "a"}})
_PHASES = ("start", "password", "sasl", "session", "copy")


def _answer(connection: Connection, event: object, phase: str) -> None:
    match event:
        case ev.SslRequested() | ev.GssEncRequested():
            connection.refuse_encryption()
        case ev.StartupReceived() if phase == "password":
            connection.request_password()
        case ev.StartupReceived() if phase == "sasl":
            connection.request_sasl(["SCRAM-SHA-256"])
        case ev.SaslInitialReceived():
            connection.continue_sasl(b"r=")
        case ev.StartupReceived() | ev.PasswordReceived() | ev.SaslResponded():
            connection.authenticate()
            connection.ready("I")
        case ev.QueryReceived() | ev.ExecuteReceived() if phase == "copy":
            connection.begin_copy_in(binary=False, column_formats=(0,))


def _read(chunks: list[bytes], phase: str) -> list[object]:
    connection, seen = Connection(LIMITS), list[object]()
    for chunk in chunks:
        connection.receive_data(chunk)
        while connection.state < State.BROKEN:
            try:
                event = connection.next_event()
                if event is NEED_DATA:
                    break
                seen.append(event)
                _answer(connection, event, phase)
            except ProtocolError as error:
                seen.append((error.sqlstate, error.message))
                connection.fail(error)
            if connection.state in (State.SIMPLE, State.SYNCING):
                connection.ready("I")
        assert connection.buffered <= 10_000 + len(chunk)
    return seen


def test_one_input(data: bytes) -> None:
    """Fuzz target.  Raises: whatever the core should not have raised."""
    if not data:
        return
    phase = _PHASES[data[0] % len(_PHASES)]
    size = 1 + data[0] // len(_PHASES)
    # What comes with an encryption request or ahead of authentication depends on chunking by design (it is refused),
    # so both readings get the startup packet on its own.
    first = [] if phase == "start" else [STARTUP]
    rest = data[1:4097]
    chunks = [rest[at : at + size] for at in range(0, len(rest), size)]
    in_chunks = _read([*first, *chunks], phase)
    if phase in ("session", "copy"):
        assert in_chunks == _read([*first, rest], phase)


def seeds() -> list[bytes]:
    """One input per phase and message, from which mutation starts."""
    messages: list[tuple[str, dict[str, object]]] = [
        ("SSLRequest", {}),
        ("GSSEncRequest", {}),
        ("CancelRequest", {"ProcessID": 1, "SecretKey": "00010203"}),
        ("StartupMessage", {"ProtocolVersion": "3.9", "Parameters": {"user": "a", "_pq_.x": "1"}}),
        ("PasswordMessage", {"Password": "secret"}),
        ("SASLInitialResponse", {"AuthMechanism": "SCRAM-SHA-256", "Data": "n,,n=,r=x"}),
        ("Query", {"String": "SELECT 1"}),
        ("Parse", {"Name": "s", "Query": "SELECT $1", "ParameterOIDs": [23]}),
        ("Bind", {"PreparedStatement": "s", "ParameterFormatCodes": [1], "Parameters": ["1", None]}),
        ("Describe", {"ObjectType": "S", "Name": "s"}),
        ("Execute", {"MaxRows": 1}),
        ("Close", {"ObjectType": "P"}),
        ("Flush", {}),
        ("Sync", {}),
        ("CopyData", {"Data": "1\n"}),
        ("CopyDone", {}),
        ("CopyFail", {"Message": "x"}),
        ("Terminate", {}),
    ]
    encoded = [encode(name, body) for name, body in messages]
    return [bytes([phase]) + message for phase in range(len(_PHASES) * 2) for message in encoded]


def main() -> None:
    corpus = Path(sys.argv[1])
    corpus.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
