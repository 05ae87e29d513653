"""Lines on their way to Spark: a private file, one statement, or a hidden table of several; nothing stays behind."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlparse

import pytest

from proxy import carrier
from proxy.carrier import carried
from proxy.settings import Data, Settings, Spark
from spark_thrift.catalogue import STAGE_PREFIX

ELSEWHERE = Settings(spark=Spark(host="thrift.example.org"))


async def lines(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def held(path: Path) -> tuple[bytes, int]:
    return path.read_bytes(), path.stat().st_mode & 0o777


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


class Commands:
    def __init__(self) -> None:
        self.run: list[str] = []

    async def __call__(self, sql: str) -> None:
        self.run.append(sql)


async def test_a_file_that_only_we_can_read(tmp_path: Path) -> None:
    settings = Settings(data=Data(folder=tmp_path))
    commands = Commands()
    async with carried(lines(b"{}\n", b'{"c0":1}\n'), settings, "w", commands) as relation:
        path = Path(urlparse(relation.removeprefix("text.").strip("`")).path)
        assert held(path) == (b'{}\n{"c0":1}\n', 0o600)
    assert files(tmp_path) == []
    assert commands.run == []


def test_files_of_an_ended_server(tmp_path: Path) -> None:
    left = tmp_path / "spark" / carrier.FOLDER / "x.jsonl"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"{}")
    carrier.clean(Settings(data=Data(folder=tmp_path)))
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("streamlink_stage_5f5e100_ab", True),
        ("streamlink_stage_5f70920_ab", False),
        ("streamlink_stage_x_ab", False),
    ],
)
def test_what_an_ended_server_left(name: str, expected: bool) -> None:
    assert carrier.left_over(name, 100_000_000 + 90_000) is expected


async def test_the_file_is_gone_after_an_error_too(tmp_path: Path) -> None:
    settings = Settings(data=Data(folder=tmp_path))
    with pytest.raises(ValueError, match="no"):
        async with carried(lines(b"{}\n"), settings, "w", Commands()):
            raise ValueError("no")
    assert files(tmp_path) == []


async def test_little_goes_inside_the_statement() -> None:
    commands = Commands()
    async with carried(lines(b"{}\n", b"{}\n"), ELSEWHERE, "w", commands) as relation:
        assert relation == "(SELECT explode(split('{}\n{}', '\\n')) AS value)"
    assert commands.run == []


async def test_much_gathers_in_a_table_that_nobody_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrier, "CHUNK_BYTES", 10)
    pieces = [b"aaaa\nbb", b"bb\n", b"c" * 25 + b"\n", b"dddd\n", b"eeee\n"]
    commands = Commands()
    async with carried(lines(*pieces), ELSEWHERE, "w", commands) as relation:
        assert relation.startswith(f"`w`.`{STAGE_PREFIX}")
        assert commands.run[0] == f"CREATE TABLE {relation} (`value` STRING) USING `parquet`"
        sent = [re.search(r"split\('([^']*)'", sql) for sql in commands.run[1:]]
        assert "\n".join(found[1] for found in sent if found) + "\n" == b"".join(pieces).decode()
        assert all(len(found[1]) <= 25 for found in sent if found)
    assert commands.run[-1] == f"DROP TABLE IF EXISTS {relation}"
