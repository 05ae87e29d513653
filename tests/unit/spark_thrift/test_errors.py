"""errors.txt: what Spark said -> what a client is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_thrift.errors import StatementCancelled, parse_error
from spark_thrift.messages import spark_error


def error_cases() -> list[tuple[str, str, dict[str, str]]]:
    cases: list[tuple[str, str, dict[str, str]]] = []
    for line in (Path(__file__).parent / "errors.txt").read_text().splitlines():
        if line.startswith("== "):
            cases.append((line[3:], "", {}))
        elif line.startswith("-> "):
            field, _, value = line[3:].partition(": ")
            cases[-1][2][field] = value
        elif line and not line.startswith("#"):
            cases[-1] = (cases[-1][0], line.replace("\\n", "\n").replace("\\t", "\t"), {})
    return cases


@pytest.mark.parametrize(
    ("name", "text", "told"),
    error_cases(),
    ids=lambda value: value if isinstance(value, str) and len(value) < 90 else "",
)
def test_what_a_client_is_told(name: str, text: str, told: dict[str, str]) -> None:
    error = parse_error(text)
    got = {
        field: getattr(error, field)
        for field in ("sqlstate", "error_class", "message", "hint", "line", "column")
    }
    assert {k: str(v).replace("\n", "\\n") for k, v in got.items() if v is not None} == told


def test_the_status_fills_in_a_missing_sqlstate() -> None:
    assert parse_error("something broke", "58030").sqlstate == "58030"
    assert parse_error("broke. SQLSTATE: 22012", "58030").sqlstate == "22012"


def test_a_job_that_somebody_cancelled_is_no_failure_of_the_statement() -> None:
    text = "org.apache.spark.SparkException: [SPARK_JOB_CANCELLED] Job 5 cancelled by user SQLSTATE: XXKDA"
    assert isinstance(spark_error(text, None), StatementCancelled)
