from __future__ import annotations

import stat
from pathlib import Path

import pytest

from proxy.ports import Catalogue, Column, Table
from proxy.snapshot import read_snapshot, write_snapshot


def test_what_is_written_is_read(tmp_path: Path) -> None:
    table = Table("s", "T", "view", (Column("a", "int"), Column("B", "array<string>")))
    path = tmp_path / "catalogue.json"
    write_snapshot(Catalogue(7, {("s", "T"): table}, frozenset({"s"})), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_snapshot(path).tables == {("s", "T"): table}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"tables": [{"schema": "s"}]}', '{"tables": 1}'])
def test_what_is_no_catalogue_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="not a catalogue"):
        read_snapshot(path)
