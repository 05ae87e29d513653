"""Spark SQL as the gate writes it anew is, to Spark, what was typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.functions import DENIED, spark_function_kinds
from checker.gate import Gate
from checker.verdict import Allowed
from spark_thrift.errors import SparkError
from spark_thrift.session import SparkSession

CORPUS = Path(__file__).with_name("spark_dialect.sql")


@pytest.mark.spark
async def test_the_same_rows_and_columns(spark_session: SparkSession) -> None:
    different = []
    for typed in CORPUS.read_text("utf-8").splitlines():
        if not typed or typed.startswith("--"):
            continue
        verdict = Gate().check(typed, dialect="spark")
        assert isinstance(verdict, Allowed), (typed, verdict)
        answers = []
        for sql in (typed, verdict.sql):
            try:
                answers.append((await spark_session.describe(sql), await spark_session.run_command(sql)))
            except SparkError as error:
                pytest.fail(f"{sql}: {error}")
        if answers[0] != answers[1]:
            different.append((typed, verdict.sql, answers))
    assert not different


@pytest.mark.spark
async def test_every_function_is_one_of_sparks_own(spark_session: SparkSession) -> None:
    there = {row[0] for row in await spark_session.run_command("SHOW SYSTEM FUNCTIONS")}
    assert {name for name, kind in spark_function_kinds().items() if kind != DENIED} <= there
