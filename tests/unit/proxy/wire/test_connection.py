"""The connection facade: what it says, when, and what it refuses.  Several tests are mistakes seen elsewhere."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from proxy.wire import NEED_DATA, Connection, ErrorFields, Limits, LocalProtocolError, ProtocolError, State
from proxy.wire import events as ev
from tests.transcripts.pgmessages import encode

ERROR = ErrorFields("ERROR", "22012", "division by zero")
SHUTDOWN = ErrorFields("FATAL", "57P01", "terminating connection due to administrator command")
STARTUP = encode("StartupMessage", {"Parameters": {"user": "a"}})


def sent(*messages: str | tuple[str, dict[str, Any]]) -> bytes:
    """Frontend messages, back to back."""
    pairs = [(message, {}) if isinstance(message, str) else message for message in messages]
    return b"".join(encode(name, body) for name, body in pairs)


def query(sql: str) -> tuple[str, dict[str, Any]]:
    return "Query", {"String": sql}


def raw(kind: str, length: int, body: bytes = b"") -> bytes:
    """A message whose length word says what it likes."""
    return sent(("Message", {"Type": kind, "Length": length, "hex": body.hex()}))


def started(data: bytes = STARTUP, limits: Limits | None = None) -> Connection:
    connection = Connection(limits)
    connection.receive_data(data)
    assert isinstance(connection.next_event(), ev.StartupReceived)
    return connection


def idle(limits: Limits | None = None) -> Connection:
    connection = started(limits=limits)
    connection.authenticate()
    connection.ready("I")
    return connection


def fed(connection: Connection, data: bytes) -> Any:
    connection.receive_data(data)
    return connection.next_event()


def refused(connection: Connection, data: bytes = b"") -> ProtocolError:
    connection.receive_data(data)
    with pytest.raises(ProtocolError) as caught:
        connection.next_event()
    return caught.value


# Before the session.


def test_gssencrequest_is_refused_and_sslrequest_still_works() -> None:
    connection = Connection()
    assert fed(connection, sent("GSSEncRequest")) == ev.GssEncRequested()
    assert connection.refuse_encryption() == b"N"
    assert fed(connection, sent("SSLRequest")) == ev.SslRequested()
    assert connection.accept_tls() == b"S"
    assert isinstance(fed(connection, STARTUP), ev.StartupReceived)


def test_sslrequest_is_refused_and_gssencrequest_still_works() -> None:
    connection = Connection()
    assert fed(connection, sent("SSLRequest")) == ev.SslRequested()
    connection.refuse_encryption()
    assert fed(connection, sent("GSSEncRequest")) == ev.GssEncRequested()
    connection.refuse_encryption()
    assert isinstance(fed(connection, STARTUP), ev.StartupReceived)


@pytest.mark.parametrize("answer", [Connection.accept_tls, Connection.refuse_encryption])
def test_sslrequest_twice_is_an_unknown_protocol(answer: Callable[[Connection], bytes]) -> None:
    connection = Connection()
    fed(connection, sent("SSLRequest"))
    answer(connection)
    error = refused(connection, sent("SSLRequest"))
    assert (error.sqlstate, error.fatal) == ("0A000", True)
    assert error.message.startswith("unsupported frontend protocol 1234.5679")


def test_no_gss_encryption_inside_tls() -> None:
    connection = Connection()
    fed(connection, sent("SSLRequest"))
    connection.accept_tls()
    assert refused(connection, sent("GSSEncRequest")).sqlstate == "0A000"


@pytest.mark.parametrize("answer", [Connection.accept_tls, Connection.refuse_encryption])
@pytest.mark.parametrize("tail", [b"\0", STARTUP])
def test_nothing_sent_before_tls_passes_into_it(answer: Callable[[Connection], bytes], tail: bytes) -> None:
    connection = Connection()
    assert fed(connection, sent("SSLRequest") + tail) == ev.SslRequested()
    with pytest.raises(ProtocolError, match="received unencrypted data after SSL request") as caught:
        answer(connection)
    assert (caught.value.sqlstate, caught.value.fatal) == ("08P01", True)
    assert connection.buffered == 0
    with pytest.raises(LocalProtocolError):
        connection.next_event()
    assert connection.fail(caught.value).startswith(b"E")


def test_gss_tail_is_named_as_such() -> None:
    connection = Connection()
    fed(connection, sent("GSSEncRequest") + b"x")
    with pytest.raises(ProtocolError, match="after GSSAPI encryption request"):
        connection.refuse_encryption()


def test_cancelrequest_can_not_be_answered() -> None:
    connection = Connection()
    event = fed(connection, sent(("CancelRequest", {"ProcessID": 7, "SecretKey": "00010203"})))
    assert event == ev.CancelRequested(7, b"\0\1\2\3")
    assert connection.state is State.CLOSED
    steps: list[Callable[[], bytes]] = [
        connection.authenticate,
        connection.refuse_encryption,
        lambda: connection.ready("I"),
        lambda: connection.fail(ERROR),
        lambda: connection.fail(SHUTDOWN),
    ]
    for step in steps:
        with pytest.raises(LocalProtocolError):
            step()


@pytest.mark.parametrize("length", [0, 4, 7, 10_001, 1 << 30, 0x47455420])
def test_impossible_startup_length_closes_without_a_word(length: int) -> None:
    connection = Connection()
    error = refused(connection, length.to_bytes(4, "big"))
    assert error.fatal
    assert connection.fail(error) == b""
    assert connection.state is State.CLOSED


def test_a_startup_packet_of_10_000_bytes_passes() -> None:
    padding = "x" * (10_000 - len(STARTUP) - len("options") - 2)
    data = encode("StartupMessage", {"Parameters": {"user": "a", "options": padding}})
    assert len(data) == 10_000
    event = fed(Connection(), data)
    assert event.parameters["options"] == padding


def test_what_is_sent_ahead_of_authentication_is_bounded() -> None:
    connection = started()
    for _ in range(100):
        connection.receive_data(b"x" * 1_000)
    assert connection.buffered == 10_000
    connection.request_password()
    error = refused(connection)
    assert (error.sqlstate, error.fatal) == ("08P01", True)
    assert error.message == "too much data received before authentication"
    assert connection.buffered == 0


def test_a_gigabyte_before_authentication_costs_nothing() -> None:
    chunk = b"\0\0\x27\x10" + b"x" * 1_000_000
    connection = Connection()
    tracemalloc.start()
    try:
        for _ in range(10):
            connection.receive_data(chunk)
        with pytest.raises(ProtocolError):
            connection.next_event()
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 30_000  # two copies of 10,000 bytes while one is appended, and the exception


def test_a_query_sent_ahead_waits_for_the_session() -> None:
    connection = started(STARTUP + sent(query("SELECT 1")))
    connection.authenticate()
    connection.ready("I")
    assert connection.next_event() == ev.QueryReceived("SELECT 1")


# Versions.


@pytest.mark.parametrize(
    ("asked", "options", "agreed", "negotiated"),
    [
        ("3.0", {}, 0, b""),
        ("3.1", {}, 1, b""),
        ("3.2", {}, 2, b""),
        ("3.3", {}, 2, b"v\0\0\0\x0c\0\3\0\2\0\0\0\0"),
        ("3.0", {"_pq_.x": "1"}, 0, b"v\0\0\0\x13\0\3\0\0\0\0\0\1_pq_.x\0"),
    ],
)
def test_version_negotiation(asked: str, options: dict[str, str], agreed: int, negotiated: bytes) -> None:
    connection = Connection()
    parameters = {"user": "a", **options}
    startup = fed(connection, encode("StartupMessage", {"ProtocolVersion": asked, "Parameters": parameters}))
    assert connection.negotiate_version(startup) == negotiated
    assert connection.minor == agreed
    assert connection.state is State.STARTING


# Authentication.


def test_password() -> None:
    connection = started()
    assert connection.request_password() == b"R\0\0\0\x08\0\0\0\3"
    event = fed(connection, sent(("PasswordMessage", {"Password": "secret"})))
    assert event == ev.PasswordReceived(b"secret")
    assert connection.authenticate() == b"R\0\0\0\x08\0\0\0\0"
    assert connection.ready("I") == b"Z\0\0\0\x05I"


def test_sasl() -> None:
    connection = started()
    connection.request_sasl(["SCRAM-SHA-256"])
    initial = {"AuthMechanism": "SCRAM-SHA-256", "Data": "n,,"}
    event = fed(connection, sent(("SASLInitialResponse", initial)))
    assert event == ev.SaslInitialReceived("SCRAM-SHA-256", b"n,,")
    connection.continue_sasl(b"r=1")
    assert fed(connection, sent(("SASLResponse", {"Data": "c=biws"}))) == ev.SaslResponded(b"c=biws")
    connection.finish_sasl(b"v=1")
    connection.authenticate()
    assert connection.state is State.SETUP


@pytest.mark.parametrize(
    ("ask", "word"),
    [(Connection.request_password, "password"), (lambda c: c.request_sasl(["SCRAM-SHA-256"]), "SASL")],
)
def test_no_command_before_authentication(ask: Callable[[Connection], bytes], word: str) -> None:
    connection = started()
    ask(connection)
    error = refused(connection, sent(query("SELECT 1")))
    assert (error.sqlstate, error.fatal) == ("08P01", True)
    assert error.message == f"expected {word} response, got message type 81"


@pytest.mark.parametrize(
    ("ask", "limit"),
    [(Connection.request_password, 8_192), (lambda c: c.request_sasl(["SCRAM-SHA-256"]), 1_024)],
)
def test_authentication_messages_are_bounded(ask: Callable[[Connection], bytes], limit: int) -> None:
    connection = started()
    ask(connection)
    assert fed(connection, raw("p", limit)) is NEED_DATA
    connection = started()
    ask(connection)
    assert refused(connection, raw("p", limit + 1)).fatal


def test_a_malformed_password_is_fatal() -> None:
    connection = started()
    connection.request_password()
    error = refused(connection, raw("p", 5, b"x"))
    assert (error.message, error.fatal) == ("invalid password packet size", True)


def test_a_failed_authentication_never_leads_into_the_session() -> None:
    connection = started(STARTUP + sent(query("SELECT 1")))
    connection.fail(ErrorFields("FATAL", "28P01", 'password authentication failed for user "a"'))
    assert connection.state is State.CLOSED
    with pytest.raises(LocalProtocolError):
        connection.authenticate()
    with pytest.raises(LocalProtocolError):
        connection.next_event()


def test_an_error_before_authentication_must_be_fatal() -> None:
    with pytest.raises(LocalProtocolError):
        started().fail(ERROR)


# The session.


def test_simple_query() -> None:
    connection = idle()
    assert fed(connection, sent(query("SELECT 1"), query("SELECT 2"))) == ev.QueryReceived("SELECT 1")
    with pytest.raises(LocalProtocolError):
        connection.next_event()
    connection.ready("T")
    assert connection.next_event() == ev.QueryReceived("SELECT 2")
    assert connection.fail(ERROR).startswith(b"E")
    assert connection.state is State.SIMPLE
    connection.ready("E")
    assert connection.next_event() is NEED_DATA


def test_extended_batch_can_be_taken_ahead_up_to_sync() -> None:
    connection = idle()
    parse = ("Parse", {"Name": "s", "Query": "SELECT $1", "ParameterOIDs": [23]})
    bind = ("Bind", {"PreparedStatement": "s", "Parameters": ["1"], "ResultFormatCodes": [1]})
    describe = ("Describe", {"ObjectType": "P"})
    close = ("Close", {"ObjectType": "S", "Name": "s"})
    batch = sent(parse, bind, describe, ("Execute", {"MaxRows": 5}), "Flush", close, "Sync", "Sync")
    assert fed(connection, batch) == ev.ParseReceived("s", "SELECT $1", (23,))
    assert connection.next_event() == ev.BindReceived("", "s", (), (b"1",), (1,))
    assert connection.next_event() == ev.DescribeReceived("P", "")
    assert connection.next_event() == ev.ExecuteReceived("", 5)
    assert connection.next_event() == ev.FlushReceived()
    assert connection.next_event() == ev.CloseReceived("S", "s")
    assert connection.next_event() == ev.SyncReceived()
    with pytest.raises(LocalProtocolError):
        connection.next_event()
    connection.ready("I")
    assert connection.next_event() == ev.SyncReceived()
    connection.ready("I")
    assert connection.next_event() is NEED_DATA


def test_texts_that_are_skipped_are_told_of() -> None:
    connection, told = idle(), list[str]()
    connection.on_skipped = told.append
    broken = ("Message", {"Type": "P", "hex": "ff"})
    batch = sent("Execute", ("Parse", {"Query": "SELECT 1"}), broken, query("SELECT 2"), "Execute", "Sync")
    fed(connection, batch + sent(("Parse", {"Query": "SELECT 3"})))
    connection.fail(ERROR)
    assert connection.next_event() == ev.SyncReceived()
    connection.ready("I")
    assert connection.next_event() == ev.ParseReceived("", "SELECT 3", ())
    assert told == ["SELECT 1", "SELECT 2"]


def test_after_an_error_everything_is_dropped_up_to_sync() -> None:
    connection = idle()
    bad_bind = ("Message", {"Type": "B", "hex": "ff"})
    batch = sent(
        ("Parse", {"Query": ""}), bad_bind, "Execute", "Flush", query("SELECT 1"), "CopyDone", "Sync"
    )
    fed(connection, batch)
    connection.fail(ERROR)
    assert connection.state is State.SKIPPING
    assert connection.next_event() == ev.SyncReceived()


def test_an_error_after_look_ahead_took_the_sync_skips_nothing_more() -> None:
    connection = idle()
    fed(connection, sent("Execute", "Sync", query("SELECT 1")))
    assert connection.next_event() == ev.SyncReceived()
    connection.fail(ERROR)
    connection.ready("I")
    assert connection.next_event() == ev.QueryReceived("SELECT 1")


def test_the_frontends_own_errors_are_answered_like_any_other() -> None:
    connection = idle()
    error = refused(connection, raw("B", 4))
    assert not error.fatal
    connection.fail(error)
    assert connection.state is State.SKIPPING
    error = refused(connection, raw("S", 5, b"x"))
    connection.fail(error)
    assert connection.ready("I") == b"Z\0\0\0\x05I"
    error = refused(connection, raw("Q", 6, b"\0x"))
    assert error.message == "invalid message format"
    connection.fail(error)
    connection.ready("I")
    assert fed(connection, sent(query("SELECT 1"))) == ev.QueryReceived("SELECT 1")


@pytest.mark.parametrize("length", [0, 1, 2, 3, 10_001, 0x3FFF_FFFF, 0xFFFF_FFFF])
def test_a_sync_of_impossible_length_ends_the_connection(length: int) -> None:
    connection = idle()
    error = refused(connection, raw("S", length))
    assert (error.sqlstate, error.message, error.fatal) == ("08P01", "invalid message length", True)
    assert b"FATAL" in connection.fail(error)


@pytest.mark.parametrize("kind", [0, ord("p"), ord("?"), 255])
def test_an_unknown_type_ends_the_connection_before_its_length(kind: int) -> None:
    connection = idle()
    error = refused(connection, bytes([kind]))
    assert (error.sqlstate, error.message) == ("08P01", f"invalid frontend message type {kind}")


def test_nothing_is_read_after_a_fatal_error() -> None:
    connection = idle()
    refused(connection, b"?" + sent(query("SELECT 1")))
    connection.receive_data(sent(query("SELECT 2")))
    assert connection.buffered == 0
    with pytest.raises(LocalProtocolError):
        connection.next_event()


def test_copy_messages_outside_a_copy_are_dropped() -> None:
    connection = idle()
    data = ("CopyData", {"Data": "1"})
    event = fed(connection, sent(data, "CopyDone", ("CopyFail", {"Message": "x"}), "Sync"))
    assert event == ev.SyncReceived()


def test_function_call_is_a_turn_like_a_query() -> None:
    connection = idle()
    assert fed(connection, raw("F", 4)) == ev.FunctionCallReceived()
    connection.fail(ERROR)
    connection.ready("I")


@pytest.mark.parametrize("before", ["", "Execute"])
def test_terminate(before: str) -> None:
    connection = idle()
    if before:
        fed(connection, sent(before))
        connection.fail(ERROR)
    assert fed(connection, sent("Terminate", query("SELECT 1"))) == ev.TerminateReceived()
    assert connection.state is State.CLOSED
    with pytest.raises(LocalProtocolError):
        connection.next_event()


def test_a_shutdown_can_be_told_at_any_time() -> None:
    started().fail(SHUTDOWN)
    connection = idle()
    connection.fail(SHUTDOWN)
    with pytest.raises(LocalProtocolError):
        connection.fail(SHUTDOWN)


def test_ready_is_not_for_nothing() -> None:
    with pytest.raises(LocalProtocolError, match="ready is not possible in state IDLE"):
        idle().ready("I")


# Sizes.


SMALL = Limits(statement_bytes=100, values_bytes=100)


@pytest.mark.parametrize("kind", ["Q", "P", "B", "F"])
def test_an_oversized_message_is_an_error_that_the_connection_survives(kind: str) -> None:
    connection = idle(SMALL)
    connection.receive_data(raw(kind, 100_000, b"x" * 50_000))
    assert connection.next_event() is NEED_DATA
    assert connection.buffered == 0
    connection.receive_data(b"x" * 49_996 + sent("Sync"))
    with pytest.raises(ProtocolError) as caught:
        connection.next_event()
    assert (caught.value.sqlstate, caught.value.fatal) == ("54000", False)
    connection.fail(caught.value)
    if connection.state is State.SIMPLE:
        connection.ready("I")
    assert connection.next_event() == ev.SyncReceived()


def test_an_oversized_message_is_skipped_without_a_second_error() -> None:
    connection = idle(SMALL)
    fed(connection, sent("Execute"))
    connection.fail(ERROR)
    assert fed(connection, raw("Q", 100_000, b"x" * 99_996) + sent("Sync")) == ev.SyncReceived()


def test_a_statement_of_exactly_the_limit_passes() -> None:
    connection = idle(SMALL)
    assert fed(connection, sent(query("x" * 95))) == ev.QueryReceived("x" * 95)
    connection.ready("I")
    assert refused(connection, sent(query("x" * 96))).sqlstate == "54000"


def test_an_idle_connection_does_not_hold_its_last_statement() -> None:
    connection = idle()
    fed(connection, sent(query("x" * 1_000_000)))
    assert len(connection._buffer) == 0


# COPY FROM STDIN.


@pytest.mark.parametrize("extended", [False, True])
def test_copy_in(extended: bool) -> None:
    connection = idle()
    fed(connection, sent("Execute") if extended else sent(query("COPY t FROM STDIN")))
    assert connection.begin_copy_in(binary=False, column_formats=(0,)).startswith(b"G")
    data = ("CopyData", {"Data": "1\n"})
    assert fed(connection, sent(data, "Flush", "Sync", "CopyDone")) == ev.CopyDataReceived(b"1\n")
    assert connection.next_event() == ev.CopyDoneReceived()
    assert connection.state is (State.EXTENDED if extended else State.SIMPLE)


def test_copy_in_given_up_by_the_frontend() -> None:
    connection = idle()
    fed(connection, sent(query("COPY t FROM STDIN")))
    connection.begin_copy_in(binary=False, column_formats=(0,))
    assert fed(connection, sent(("CopyFail", {"Message": "why"}))) == ev.CopyFailReceived("why")
    connection.fail(ERROR)
    connection.ready("I")


def test_copy_in_ends_at_any_other_message() -> None:
    connection = idle()
    fed(connection, sent("Execute"))
    connection.begin_copy_in(binary=False, column_formats=(0,))
    error = refused(connection, sent(query("SELECT 1")))
    assert error.message == "unexpected message type 0x51 during COPY from stdin"
    connection.fail(error)
    assert connection.state is State.SKIPPING
