"""Message builders, read back by the strict decoders of the transcript harness."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from proxy.ports import Field
from proxy.wire import messages
from proxy.wire.errors import ErrorFields
from tests.transcripts import pgmessages

_FIELDS = (Field("n", 23, 4), Field("tä", 1043, -1, typmod=9, table_oid=4_000_000_000, attnum=-1))

CASES: list[tuple[bytes, dict[str, Any]]] = [
    (messages.authentication_ok(), {"Type": "AuthenticationOk"}),
    (messages.authentication_cleartext_password(), {"Type": "AuthenticationCleartextPassword"}),
    (messages.authentication_sasl(["A", "B"]), {"Type": "AuthenticationSASL", "AuthMechanisms": ["A", "B"]}),
    (messages.authentication_sasl_continue(b"r=1"), {"Type": "AuthenticationSASLContinue", "Data": "r=1"}),
    (messages.authentication_sasl_final(b"v=1"), {"Type": "AuthenticationSASLFinal", "Data": "v=1"}),
    (
        messages.negotiate_protocol_version(2, ["_pq_.a"]),
        {"Type": "NegotiateProtocolVersion", "NewestVersion": "3.2", "UnrecognizedOptions": ["_pq_.a"]},
    ),
    (
        messages.parameter_status("TimeZone", "UTC"),
        {"Type": "ParameterStatus", "Name": "TimeZone", "Value": "UTC"},
    ),
    (
        messages.backend_key_data(7, b"\0\1\2\3"),
        {"Type": "BackendKeyData", "ProcessID": 7, "SecretKey": "00010203", "SecretKeyBytes": 4},
    ),
    (messages.ready_for_query("I"), {"Type": "ReadyForQuery", "TxStatus": "I"}),
    (messages.ready_for_query("T"), {"Type": "ReadyForQuery", "TxStatus": "T"}),
    (messages.ready_for_query("E"), {"Type": "ReadyForQuery", "TxStatus": "E"}),
    (messages.parse_complete(), {"Type": "ParseComplete"}),
    (messages.bind_complete(), {"Type": "BindComplete"}),
    (messages.close_complete(), {"Type": "CloseComplete"}),
    (messages.no_data(), {"Type": "NoData"}),
    (messages.portal_suspended(), {"Type": "PortalSuspended"}),
    (messages.empty_query_response(), {"Type": "EmptyQueryResponse"}),
    (
        messages.parameter_description([23, 4_000_000_000]),
        {"Type": "ParameterDescription", "ParameterOIDs": [23, 4_000_000_000]},
    ),
    (messages.parameter_description(()), {"Type": "ParameterDescription", "ParameterOIDs": []}),
    (messages.row_description(()), {"Type": "RowDescription", "Fields": []}),
    (
        messages.data_row((b"1", None, b"", b"\0\xff")),
        {"Type": "DataRow", "Values": [b"1", None, b"", b"\0\xff"]},
    ),
    (messages.data_row(()), {"Type": "DataRow", "Values": []}),
    (messages.command_complete("SELECT 1"), {"Type": "CommandComplete", "CommandTag": "SELECT 1"}),
    (
        messages.copy_out_response(binary=True, column_formats=(1, 1)),
        {"Type": "CopyOutResponse", "OverallFormat": 1, "ColumnFormatCodes": [1, 1]},
    ),
    (
        messages.copy_in_response(binary=False, column_formats=(0,)),
        {"Type": "CopyInResponse", "OverallFormat": 0, "ColumnFormatCodes": [0]},
    ),
    (messages.copy_data(b"1\n"), {"Type": "CopyData", "Data": b"1\n"}),
    (messages.copy_done(), {"Type": "CopyDone"}),
    (
        messages.notification_response(7, "channel", "payload"),
        {"Type": "NotificationResponse", "PID": 7, "Channel": "channel", "Payload": "payload"},
    ),
    (
        messages.error_response(ErrorFields("ERROR", "42601", "syntax error", hint="h", position=8)),
        {
            "Type": "ErrorResponse",
            "Severity": "ERROR",
            "SeverityUnlocalized": "ERROR",
            "Code": "42601",
            "Message": "syntax error",
            "Hint": "h",
            "Position": "8",
        },
    ),
    (
        messages.notice_response(ErrorFields("NOTICE", "00000", "SELECT 1", detail="d", where="w")),
        {
            "Type": "NoticeResponse",
            "Severity": "NOTICE",
            "SeverityUnlocalized": "NOTICE",
            "Code": "00000",
            "Message": "SELECT 1",
            "Detail": "d",
            "Where": "w",
        },
    ),
]


def _read(message: bytes) -> dict[str, Any]:
    """The one message that these bytes are."""
    (length,) = struct.unpack_from("!I", message, 1)
    assert length == len(message) - 1
    return pgmessages.decode(chr(message[0]), message[5:])


@pytest.mark.parametrize(("message", "expected"), CASES, ids=lambda case: case and str(case)[:40])
def test_message_says_what_it_was_given(message: bytes, expected: dict[str, Any]) -> None:
    assert _read(message) == expected


@pytest.mark.parametrize(
    ("formats", "expected"), [((), [0, 0]), ((0,), [0, 0]), ((1,), [1, 1]), ((1, 0), [1, 0])]
)
def test_row_description_has_a_format_per_column(formats: tuple[int, ...], expected: list[int]) -> None:
    fields = _read(messages.row_description(_FIELDS, formats))["Fields"]
    assert [field.pop("Format") for field in fields] == expected
    assert fields == [
        {
            "Name": "n",
            "TableOID": 0,
            "TableAttributeNumber": 0,
            "DataTypeOID": 23,
            "DataTypeSize": 4,
            "TypeModifier": -1,
        },
        {
            "Name": "tä",
            "TableOID": 4_000_000_000,
            "TableAttributeNumber": -1,
            "DataTypeOID": 1043,
            "DataTypeSize": -1,
            "TypeModifier": 9,
        },
    ]


def test_every_error_field_is_sent() -> None:
    fields = ErrorFields("ERROR", "23505", "m", "d", "h", 1, 2, "q", "w", "s", "t", "c", "y", "n")
    assert set(_read(messages.error_response(fields))) == {
        "Type",
        *set(pgmessages.ERROR_FIELDS.values()) - {"File", "Line", "Routine"},
    }


def test_text_from_an_engine_cannot_break_the_framing() -> None:
    error = _read(messages.error_response(ErrorFields("ERROR", "XX000", "a\0b\ud800c")))
    assert error["Message"] == "ab?c"
    assert _read(messages.command_complete("SELECT\0 1"))["CommandTag"] == "SELECT 1"


def test_the_decoder_here_takes_no_truncated_data_row() -> None:
    row = messages.data_row((b"1", b"22"))
    with pytest.raises(pgmessages.BrokenMessage):
        pgmessages.decode("D", row[5:-1])
    with pytest.raises(pgmessages.BrokenMessage):
        pgmessages.decode("D", row[5:] + b"\0")
