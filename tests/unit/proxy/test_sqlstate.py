"""Exceptions as ErrorResponse fields, and what the log is told of a defect."""

from __future__ import annotations

import logging

import pytest

from proxy.sqlstate import Refused, fields_of
from proxy.transaction import TransactionError
from spark_thrift.errors import DeadlineExceeded, EngineUnavailable, parse_error


@pytest.mark.parametrize(
    ("error", "sqlstate"),
    [
        (Refused("42P05", "there already"), "42P05"),
        (TransactionError("25P01", "no block"), "25P01"),
        (EngineUnavailable("gone"), "08006"),
        (DeadlineExceeded(), "57014"),
        (TimeoutError(), "57014"),
        (RecursionError(), "54001"),
        (MemoryError(), "53200"),
        (
            parse_error(
                "[TABLE_OR_VIEW_NOT_FOUND] The table cannot be found. SQLSTATE: 42P01; line 1 pos 14;"
            ),
            "42P01",
        ),
    ],
)
def test_known_errors(error: Exception, sqlstate: str) -> None:
    assert fields_of(error).sqlstate == sqlstate


def test_a_defect_is_numbered_and_its_words_stay_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise KeyError("SELECT secret FROM statement")
    except KeyError as error:
        with caplog.at_level(logging.ERROR):
            fields = fields_of(error)
    assert fields.sqlstate == "XX000"
    number = fields.message.rsplit(" ", 1)[1]
    assert number in caplog.text
    assert "KeyError" in caplog.text
    assert "secret FROM" not in caplog.text.replace('raise KeyError("SELECT secret FROM statement")', "")
    assert "secret" not in fields.message
