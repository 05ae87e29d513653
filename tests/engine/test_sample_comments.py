"""The sample's tables say what they hold: \\d+ shows it, and the model reads it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from spark_thrift.catalogue import read_catalogue
from spark_thrift.session import SparkSession

pytestmark = pytest.mark.spark


async def test_every_comment_stands_in_the_catalogue(
    spark_session: SparkSession, sample_folder: Path
) -> None:
    said = tomllib.loads((sample_folder / "comments.toml").read_text("utf-8"))
    tables = {t.name: t for t in await read_catalogue(spark_session) if t.schema == "patents"}
    for name, comments in said.items():
        table = tables[name]
        held = {"": table.comment} | {c.name: c.comment for c in table.columns}
        assert {column: held[column] for column in comments} == comments
