"""Exceptions as ErrorResponse fields, and what the log is told of a defect."""

from __future__ import annotations

import asyncio
import logging
from contextvars import copy_context
from types import SimpleNamespace
from typing import Any

import pytest

from proxy.audit import Ids
from proxy.logs import STATEMENT, with_statement
from proxy.mirror.errors import MirrorUnavailable
from proxy.records import Records
from proxy.sqlstate import Refused, fields_of, with_id
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


@pytest.mark.parametrize("error", [EngineUnavailable("gone"), MirrorUnavailable("gone"), ValueError()])
def test_what_is_our_fault_names_the_statement(error: Exception) -> None:
    assert fields_of(error, "the-id").detail == "Statement the-id."
    assert fields_of(error).detail is None


def test_what_is_the_statements_own_fault_does_not() -> None:
    assert fields_of(Refused("42P05", "there already"), "the-id").detail is None


def test_the_id_stands_behind_what_the_detail_says_already() -> None:
    fields = Refused("XX000", "wrong", detail="So it is.").fields
    assert with_id(fields, "the-id").detail == "So it is.\nStatement the-id."


def logged() -> str:
    record = logging.LogRecord("name", logging.INFO, "file", 1, "text", None, None)
    assert with_statement(record)
    return str(record.__dict__["statement"])


def test_log_lines_name_the_statement_that_is_in_hand() -> None:
    copy_context().run(_check_log_lines)
    assert STATEMENT.get() is None


def _check_log_lines() -> None:
    audit = SimpleNamespace(ids=Ids(), check=lambda: None, write=lambda *_: None)
    session: Any = SimpleNamespace(
        service=SimpleNamespace(audit=audit), io=SimpleNamespace(bytes_written=0, lost=False), settings={}
    )
    records = Records(session)
    assert logged() == ""
    records.received("SELECT 1")
    assert records.current is not None
    assert logged() == f" [{records.current.id}]"
    records.finished()
    assert logged() == ""


async def test_writes_carry_the_id_to_spark() -> None:
    from proxy.execute import Executor
    from proxy.writes import Writes

    ran = []

    async def run_command(sql: str) -> list[Any]:
        await asyncio.sleep(0)
        ran.append(sql)
        return []

    executor: Any = SimpleNamespace(statement_id="the-id")
    executor.named = lambda sql: Executor.named(executor, sql)
    writes = Writes(SimpleNamespace(service=None), executor)  # type: ignore[arg-type]
    spark: Any = SimpleNamespace(run_command=run_command)
    await writes.command("INSERT INTO t VALUES (1)", spark)
    assert ran == ["/* streamlink the-id */ INSERT INTO t VALUES (1)"]
