"""The audit file: one JSON object a statement, private, rotated by size."""

from __future__ import annotations

import json
import stat
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from checker.verdict import Finding
from proxy.audit import Audit, Record
from proxy.plan import Nothing, Prepared
from proxy.ports import Description
from proxy.settings import Settings
from proxy.wire.errors import ErrorFields


def session() -> Any:
    return SimpleNamespace(
        user="demo", peer=SimpleNamespace(address="127.0.0.1"), pid=7, io=SimpleNamespace(bytes_out=10)
    )


def record(text: str) -> Record:
    return Record(Prepared(text, 0, Nothing(), Description((), None), ""), time.time(), 4)


def test_a_record_a_statement(tmp_path: Path) -> None:
    audit = Audit(Settings().with_values("data", folder=tmp_path))
    audit.write(session(), record("SELECT 'ä\n\ud800'"), None)
    audit.write(session(), record("SELECT 2"), ErrorFields("ERROR", "42501", "no"))
    audit.close()
    file = tmp_path / "audit.jsonl"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first, second = map(json.loads, file.read_text("utf-8").splitlines())
    assert first["statement"].startswith("SELECT 'ä\n")
    assert (first["user"], first["bytes"], "error" in first) == ("demo", 6, False)
    assert second["error"] == "42501"


def test_what_was_found_is_kept_of_passed_and_denied(tmp_path: Path) -> None:
    audit = Audit(Settings().with_values("data", folder=tmp_path))
    found = (Finding("judge", 0.97, "the model's probability of an attack"),)
    passed = record("SELECT 1")
    passed.prepared = replace(passed.prepared, findings=found)
    audit.write(session(), passed, None)
    audit.refused(session(), "SELECT 2", ErrorFields("ERROR", "42501", "no"), found)
    audit.refused(session(), "SELECT 3", ErrorFields("ERROR", "42501", "no"))
    audit.close()
    entries = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text("utf-8").splitlines()]
    for entry in entries[:2]:
        assert entry["findings"][0]["code"] == "judge"
        assert entry["findings"][0]["weight"] == 0.97
    assert "findings" not in entries[2]


def test_rotation_keeps_what_the_settings_say(tmp_path: Path) -> None:
    settings = Settings().with_values("data", folder=tmp_path).with_values("audit", rotate_bytes=1024, keep=2)
    audit = Audit(settings)
    for number in range(60):
        audit.write(session(), record(f"SELECT {number}"), None)
    audit.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"]
    assert all(path.stat().st_size <= 1024 for path in tmp_path.iterdir())
    last = json.loads((tmp_path / "audit.jsonl").read_text("utf-8").splitlines()[-1])
    assert last["statement"] == "SELECT 59"


def test_no_audit_where_the_settings_want_none(tmp_path: Path) -> None:
    audit = Audit(Settings().with_values("data", folder=tmp_path).with_values("audit", enabled=False))
    audit.write(session(), record("SELECT 1"), None)
    audit.close()
    assert list(tmp_path.iterdir()) == []
