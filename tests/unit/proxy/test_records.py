"""Exactly one record for each statement, however the protocol cuts it up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from proxy.audit import Ids, Record
from proxy.plan import Nothing, OnMirror, Prepared
from proxy.ports import Description
from proxy.records import Records
from proxy.sqlstate import Refused
from proxy.wire.errors import ErrorFields

WRONG = ErrorFields("ERROR", "42601", "wrong")
SHUTDOWN = ErrorFields("FATAL", "57P01", "terminating connection due to administrator command")


class Log:
    """Takes records in the place of the audit."""

    def __init__(self) -> None:
        self.ids = Ids()
        self.written: list[tuple[str, str]] = []
        self.refuses = False

    def check(self) -> None:
        if self.refuses:
            raise Refused("53100", "full")

    def write(self, session: Any, record: Record, outcome: str, *_: Any) -> None:
        self.written.append((record.text, outcome))
        if self.refuses:
            raise Refused("53100", "full")


def records() -> tuple[Records, Log, Any]:
    log = Log()
    io = SimpleNamespace(bytes_written=0, lost=False)
    session: Any = SimpleNamespace(settings={}, service=SimpleNamespace(audit=log), io=io)
    return Records(session), log, session


def plan(text: str) -> Prepared:
    return Prepared(text, 0, OnMirror(text), Description((), None), "SELECT")


def portal() -> Any:
    return SimpleNamespace(record=None, on_end=None)


def test_a_query_of_several_statements() -> None:
    mine, log, _ = records()
    mine.received("a; b; c")
    mine.split(["a", "b", "c"])
    mine.turn(0)
    mine.begin(plan("a"))
    mine.finished()
    mine.turn(1)
    mine.failed(WRONG)
    assert log.written == [("a", "ok"), ("b", "error"), ("c", "not run")]
    mine.failed(WRONG)
    mine.close()
    assert len(log.written) == 3


def test_a_query_of_comments() -> None:
    mine, log, _ = records()
    mine.received("-- nothing")
    mine.split([])
    mine.close()
    assert log.written == []


def test_a_prepared_statement_shares_its_record_with_its_first_portal() -> None:
    mine, log, session = records()
    mine.received("a")
    mine.split(["a"])
    mine.parsed("s")
    for _ in range(3):
        held = portal()
        mine.bound("s", plan("a"))
        mine.held(held)
        mine.resumed(held)
        mine.begin(plan("a"))
        session.io.bytes_written += 10
        mine.finished()
        held.on_end()
        mine.resumed(held)
        assert mine.current is None, "a second Execute of what is over"
        assert held.record.bytes == 10
    mine.dropped("s")
    mine.close()
    assert log.written == [("a", "ok")] * 3


def test_a_portal_in_pieces() -> None:
    mine, log, session = records()
    mine.received("a")
    mine.parsed("")
    held = portal()
    mine.bound("", plan("a"))
    mine.held(held)
    for _ in range(3):
        mine.resumed(held)
        mine.begin(plan("a"))
        session.io.bytes_written += 5
        mine.suspended()
    assert log.written == []
    held.on_end()
    assert log.written == [("a", "ok")]
    assert held.record.bytes == 15


def test_what_is_never_run() -> None:
    mine, log, _ = records()
    mine.received("a")
    mine.parsed("s")
    mine.received("b")
    mine.parsed("t")
    held = portal()
    mine.bound("t", plan("b"))
    mine.held(held)
    held.on_end()
    assert log.written == [("b", "not run")]
    mine.dropped(None)
    assert log.written[1:] == [("a", "not run")]
    mine.bound("t", Prepared("", 0, Nothing(), Description((), None), ""))
    assert mine.current is None


def test_what_the_protocol_skips() -> None:
    mine, log, _ = records()
    mine.received("a")
    mine.failed(WRONG)
    mine.skipped("b")
    assert log.written == [("a", "error"), ("b", "not run")]


def test_the_end_of_a_session() -> None:
    mine, log, session = records()
    mine.received("a")
    mine.begin(plan("a"))
    session.io.lost = True
    mine.close()
    assert log.written == [("a", "disconnected")]
    mine, log, _ = records()
    mine.received("a; b")
    mine.split(["a", "b"])
    mine.begin(plan("a"))
    mine.close(SHUTDOWN)
    assert log.written == [("a", "error"), ("b", "not run")]


def test_a_record_that_cannot_be_written() -> None:
    mine, log, _ = records()
    mine.received("a")
    mine.begin(plan("a"))
    log.refuses = True
    with pytest.raises(Refused):
        mine.finished()
    with pytest.raises(Refused):
        mine.received("b")
    mine.failed(WRONG)
    mine.close()
    assert log.written == [("a", "ok")]
