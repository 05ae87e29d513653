"""What a record says, line by line, and what happens while it cannot be written."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from checker.context import Grants
from checker.shape import shape_of
from checker.verdict import Denied, Finding
from proxy.audit import Audit, Ids, Record, outcome_of
from proxy.plan import OnMirror, Prepared, Reviewed
from proxy.ports import Description
from proxy.settings import Settings
from proxy.sqlstate import Refused
from proxy.wire.errors import ErrorFields


def session(**grants: Any) -> Any:
    return SimpleNamespace(
        user="demo",
        database="db",
        peer=SimpleNamespace(address="127.0.0.1"),
        pid=7,
        settings={"application_name": 'it\'s "me"'},
        grants=Grants(roles=("analyst",), **grants),
        executor=SimpleNamespace(records=SimpleNamespace(session_part=None)),
    )


def prepared(text: str, query: str | None = None, question: str | None = None) -> Prepared:
    reviewed = Reviewed("SELECT", shape_of(query or text), False, ("tautology",), question)
    return Prepared(text, 0, OnMirror(text), Description((), None), "SELECT", query, reviewed=reviewed)


def record(text: str, plan: Prepared | None = None) -> Record:
    return Record(Ids().new(time.time()), text, time.time(), time.perf_counter(), plan)


def audit(folder: Path, **conf: Any) -> Audit:
    return Audit(Settings().with_values("data", folder=folder).with_values("audit", **conf))


def written(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "audit.jsonl").read_text("utf-8").splitlines()]


def test_a_record_of_each_kind(tmp_path: Path) -> None:
    log = audit(tmp_path)
    ran = record("SELECT 'ä\n\ud800'", prepared("SELECT 'ä\n\ud800'"))
    ran.rows, ran.bytes, ran.gate_s, ran.first_row_s = 3, 60, 0.001, 0.25
    log.write(session(), ran, "ok")
    denied = Denied("function", "42501", "no", findings=(Finding("union", 0.5, "a union"),))
    log.write(session(), record("DELETE FROM t"), "error", ErrorFields("ERROR", "42501", "no"), denied)
    log.write(session(), record("SELECT 2"), "not run")
    log.close()
    first, second, third = written(tmp_path)
    assert first["statement"].startswith("SELECT 'ä\n")
    assert (first["username"], first["roles"], first["application_name"]) == (
        "demo",
        ["analyst"],
        'it\'s "me"',
    )
    assert (first["verdict"], first["codes"], first["engine"]) == ("allowed", ["tautology"], "mirror")
    assert (first["rows"], first["bytes"], first["gate_ms"], first["first_row_ms"]) == (3, 60, 1, 250)
    assert first["plan_ms"] is None
    assert "sqlstate" not in first
    assert (second["verdict"], second["codes"], second["kind"]) == ("denied", ["function", "union"], "DELETE")
    assert (second["outcome"], second["sqlstate"], second["message"]) == ("error", "42501", "no")
    assert (third["verdict"], third["outcome"]) == (None, "not run")
    assert len({first["id"], second["id"], third["id"]}) == 3


def test_redacted_records_hold_shapes(tmp_path: Path) -> None:
    log = audit(tmp_path)
    hidden = session(redact=True)
    log.write(hidden, record("", prepared("SELECT 'secret'")), "ok")
    question = "who is secret"
    asked = record("", prepared("nl: who is secret", "SELECT a FROM t WHERE b = 'secret'", question))
    log.write(hidden, asked, "ok")
    log.write(hidden, record("DELETE 'secret'"), "error", ErrorFields("ERROR", "42601", 'at "secret"'))
    spark = replace(record("SELECT 'it\\'s secret', 'secret' FROM"), dialect="spark")
    log.write(hidden, spark, "error", ErrorFields("ERROR", "42601", 'at "secret"'))
    drafting = record("nl: who is secret")
    drafting.question = question
    log.write(hidden, drafting, "cancelled")
    log.close()
    assert "secret" not in (tmp_path / "audit.jsonl").read_text("utf-8")
    lines = written(tmp_path)
    assert [line["statement"] for line in lines] == [
        "select $1", "select a from t where b = $1", "delete $1", "spark: <backslash>", "nl",
    ]  # fmt: skip
    assert lines[1]["question"] == lines[4]["question"]
    assert lines[1]["draft"] is None


def test_ids_are_ordered_and_unlike_those_of_others() -> None:
    ids, others = Ids(), Ids()
    drawn = [ids.new(1_700_000_000.0) for _ in range(5000)]
    assert drawn == sorted(set(drawn))
    assert ids.new(1.0) > drawn[-1], "a clock that goes back changes nothing"
    assert others.new(1_700_000_000.0) not in drawn
    assert {(len(i), i[14], i[19] in "89ab") for i in drawn} == {(36, "7", True)}


def test_no_audit_where_the_settings_want_none(tmp_path: Path) -> None:
    log = audit(tmp_path, enabled=False)
    log.write(session(), record("SELECT 1"), "ok")
    log.check()
    log.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("sqlstate", "message", "outcome"),
    [
        ("57014", "canceling statement due to user request", "cancelled"),
        ("57014", "canceling statement due to statement timeout", "timeout"),
        ("42501", "permission denied", "error"),
    ],
)
def test_outcomes(sqlstate: str, message: str, outcome: str) -> None:
    assert outcome_of(ErrorFields("ERROR", sqlstate, message)) == outcome


class Disk:
    """A journal over a disk that can be full."""

    def __init__(self) -> None:
        self.full = False
        self.lines: list[bytes] = []

    def append(self, line: bytes) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.lines.append(line)


def test_statements_stop_while_records_cannot_be_written(tmp_path: Path) -> None:
    log, disk = audit(tmp_path), Disk()
    log.journal = disk  # type: ignore[assignment]
    log.check()
    disk.full = True
    for number in (1, 2):
        with pytest.raises(Refused) as refused:
            log.write(session(), record(f"SELECT {number}"), "ok")
        assert refused.value.fields.sqlstate == "53100"
    with pytest.raises(Refused):
        log.check()
    disk.full = False
    log.check()
    log.write(session(), record("SELECT 3"), "ok")
    assert [json.loads(line)["statement"] for line in disk.lines] == ["SELECT 1", "SELECT 2", "SELECT 3"]


def test_statements_go_on_where_records_may_be_lost(tmp_path: Path) -> None:
    log, disk = audit(tmp_path, on_failure="continue"), Disk()
    log.journal = disk  # type: ignore[assignment]
    disk.full = True
    log.write(session(), record("SELECT 1"), "ok")
    log.check()
    disk.full = False
    log.write(session(), record("SELECT 2"), "ok")
    assert [json.loads(line)["statement"] for line in disk.lines] == ["SELECT 2"]
