"""The journal's way into the table: each line once, whatever is interrupted; old rows go."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from proxy.audit import Ids
from proxy.audit_table import AuditTable
from proxy.journal import Journal
from proxy.mirror import Mirror

pytestmark = [pytest.mark.mirror, pytest.mark.asyncio(loop_scope="session")]

IDS = Ids()


def line(mark: str, at: datetime | None = None) -> bytes:
    when = at or datetime.now(UTC)
    record = {
        "id": IDS.new(when.timestamp()), "at": when.isoformat(), "username": "ann", "roles": ["a", "b"],
        "statement": mark, "codes": [], "rows": 3, "gate_ms": 0.25, "plan_ms": None, "outcome": "ok",
    }  # fmt: skip
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def journal(folder: Path, rotate_bytes: int = 4000) -> Journal:
    return Journal(folder / "audit.jsonl", rotate_bytes=rotate_bytes, keep=50, keep_uncopied=True)


def files_of(folder: Path) -> int:
    return len(list(folder.iterdir()))


async def rows(mirror: Mirror, mark: str) -> list[Any]:
    async with mirror.admin() as admin:
        found: list[Any] = await admin.fetch(
            "SELECT * FROM streamlink.audit_record WHERE statement LIKE $1 ORDER BY id", mark + "%"
        )
        return found


async def test_lines_become_rows(mirror: Mirror, tmp_path: Path) -> None:
    log = journal(tmp_path)
    log.append(line('plain it\'s "ä" \\ \n{}[],'))
    await AuditTable(log, mirror, keep_days=90).catch_up()
    (row,) = await rows(mirror, "plain")
    assert row["statement"] == 'plain it\'s "ä" \\ \n{}[],'
    assert (row["roles"], row["codes"], row["rows"], row["gate_ms"]) == (["a", "b"], [], 3, 0.25)
    assert row["plan_ms"] is None


async def test_each_line_once_over_restarts_and_rotations(mirror: Mirror, tmp_path: Path) -> None:
    log = journal(tmp_path)
    for start in range(4):
        for number in range(40):
            log.append(line(f"once {start} {number}"))
        await AuditTable(log, mirror, keep_days=90).catch_up()
        await AuditTable(log, mirror, keep_days=90).catch_up()
        log.close()
        log = journal(tmp_path)
    assert files_of(tmp_path) > 3
    assert len({row["statement"] for row in await rows(mirror, "once")}) == 160
    assert len(await rows(mirror, "once")) == 160


async def test_a_copy_that_fails_half_way_leaves_no_trace(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = journal(tmp_path)
    log.append(line("halved"))
    table = AuditTable(log, mirror, keep_days=90)
    monkeypatch.setattr("proxy.audit_table._COPIED", "SELECT 1 / 0, $1::text, $2::bigint")
    with pytest.raises(Exception, match="division by zero"):
        await table.catch_up()
    assert await rows(mirror, "halved") == []
    monkeypatch.undo()
    await table.catch_up()
    assert len(await rows(mirror, "halved")) == 1


async def test_a_table_that_was_lost_is_made_again(mirror: Mirror, tmp_path: Path) -> None:
    log = journal(tmp_path)
    for number in range(30):
        log.append(line(f"again {number}"))
    table = AuditTable(log, mirror, keep_days=90)
    await table.catch_up()
    async with mirror.admin() as admin:
        await admin.execute("DELETE FROM streamlink.audit_record; DELETE FROM streamlink.audit_file")
    await table.catch_up()
    assert len(await rows(mirror, "again")) == 30


async def test_old_records_go(mirror: Mirror, tmp_path: Path) -> None:
    log = journal(tmp_path)
    now = datetime.now(UTC)
    log.append(line("aged old", now - timedelta(days=40)))
    log.append(line("aged older", now - timedelta(days=100)))
    log.append(line("aged new"))
    table = AuditTable(log, mirror, keep_days=90)
    await table.catch_up()
    assert {row["statement"] for row in await rows(mirror, "aged")} == {"aged old", "aged new"}
    async with mirror.admin() as admin:
        await AuditTable(log, mirror, keep_days=30)._clean(admin)
    assert [row["statement"] for row in await rows(mirror, "aged")] == ["aged new"]
