"""Properties of the wire core that no example can hold: chunking, garbage, bounds, one ReadyForQuery per Sync."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.wire import NEED_DATA, Connection, LocalProtocolError, ProtocolError, State
from proxy.wire import events as ev
from tests.transcripts.pgmessages import encode

STARTUP = encode("StartupMessage", {"Parameters": {"user": "a"}})

names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
values = st.none() | st.binary(max_size=8).map(lambda data: {"binary": data.hex()})
formats = st.sampled_from([[], [0], [1]])


def _message(name: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    return st.fixed_dictionaries(fields).map(lambda body: encode(name, body))


_targets = {"ObjectType": st.sampled_from(["S", "P"]), "Name": names}
valid_messages = st.one_of(
    _message("Query", String=names),
    _message("Parse", Name=names, Query=names, ParameterOIDs=st.lists(st.integers(0, 2**32 - 1), max_size=3)),
    _message(
        "Bind",
        DestinationPortal=names,
        PreparedStatement=names,
        ParameterFormatCodes=formats,
        Parameters=st.lists(values, max_size=3),
        ResultFormatCodes=formats,
    ),
    _message("Describe", **_targets),
    _message("Close", **_targets),
    _message("Execute", Portal=names, MaxRows=st.integers(-(2**31), 2**31 - 1)),
    _message("Flush"),
    _message("Sync"),
    _message("CopyData", Data=names),
)
broken_messages = st.builds(
    lambda kind, body: encode("Message", {"Type": kind, "hex": body.hex()}),
    st.sampled_from("QPBDECHSF"),
    st.binary(max_size=20),
)


def chunked(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(places)]


def conversation(chunks: Iterable[bytes]) -> list[object]:
    """All events and errors of a session that fails every Execute and is ready whenever it may be."""
    connection = Connection()
    seen: list[object] = []
    for chunk in chunks:
        connection.receive_data(chunk)
        while connection.state < State.BROKEN:
            try:
                event = connection.next_event()
            except ProtocolError as error:
                seen.append((error.sqlstate, error.message))
                connection.fail(error)
            else:
                if event is NEED_DATA:
                    break
                seen.append(event)
                if isinstance(event, ev.SslRequested | ev.GssEncRequested):
                    connection.refuse_encryption()
                elif isinstance(event, ev.StartupReceived):
                    connection.authenticate()
                    connection.ready("I")
                elif isinstance(event, ev.ExecuteReceived):
                    connection.fail(ProtocolError("22012", "division by zero", fatal=False).fields)
            if connection.state in (State.SIMPLE, State.SYNCING):
                connection.ready("I")
                seen.append("ready")
    return seen


@given(st.lists(valid_messages | broken_messages, max_size=12), st.lists(st.integers(0, 2**16), max_size=12))
def test_chunking_never_changes_the_events(messages: list[bytes], cuts: list[int]) -> None:
    session = b"".join(messages)
    assert conversation([STARTUP, *chunked(session, cuts)]) == conversation([STARTUP, session])


@given(st.lists(valid_messages, max_size=8))
def test_byte_by_byte_is_as_good_as_at_once(messages: list[bytes]) -> None:
    session = STARTUP + b"".join(messages)
    single = [session[i : i + 1] for i in range(len(session))]
    assert conversation(single) == conversation([session])


@given(st.lists(valid_messages, max_size=12))
def test_each_sync_and_each_query_gives_one_ready(messages: list[bytes]) -> None:
    seen = conversation([STARTUP, b"".join(messages)])
    turns = sum(isinstance(event, ev.SyncReceived | ev.QueryReceived) for event in seen)
    assert seen.count("ready") == turns
    syncs = sum(message[:1] == b"S" for message in messages)
    assert sum(isinstance(event, ev.SyncReceived) for event in seen) == syncs


@given(st.binary(max_size=200), st.booleans())
def test_garbage_gives_events_or_a_protocol_error_and_nothing_else(data: bytes, in_session: bool) -> None:
    conversation([STARTUP, data] if in_session else [data])


@given(
    st.lists(valid_messages | broken_messages, min_size=1, max_size=6),
    st.integers(0, 2**16),
    st.integers(0, 255),
)
def test_one_wrong_byte_gives_events_or_a_protocol_error(messages: list[bytes], at: int, byte: int) -> None:
    session = bytearray(b"".join(messages))
    session[at % len(session)] = byte
    conversation([STARTUP, bytes(session)])


@given(st.lists(st.binary(max_size=3_000) | st.just(STARTUP), max_size=12), st.booleans())
@settings(max_examples=50)
def test_before_authentication_at_most_10_kb_are_held(chunks: list[bytes], authenticating: bool) -> None:
    connection = Connection()
    for chunk in chunks:
        connection.receive_data(chunk)
        assert connection.buffered <= 10_000
        assert len(connection._buffer) <= 10_000
        try:
            event = connection.next_event()
            if authenticating and isinstance(event, ev.StartupReceived):
                connection.request_sasl(["SCRAM-SHA-256"])
        except (ProtocolError, LocalProtocolError):
            pass
        assert connection.state < State.SETUP or connection.state >= State.BROKEN
