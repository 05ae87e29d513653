"""The ways of values from PostgreSQL to Spark, as text; tests/writes holds them against both engines."""

from __future__ import annotations

import pytest

from spark_thrift.dialect import Untranslatable
from spark_thrift.transfer import (
    decoded_rows,
    encoded_row,
    lines_of_file,
    lines_of_text,
    transfer,
)


@pytest.mark.parametrize(
    ("kind", "encode", "json", "decode"),
    [
        ("int", "{c}", "BIGINT", "CAST({v} AS INT)"),
        ("double", "{c}::text", "STRING", "CAST({v} AS DOUBLE)"),
        ("decimal(10,2)", "{c}::text", "STRING", "CAST({v} AS DECIMAL(10, 2))"),
        ("varchar(5)", "{c}", "STRING", "{v}"),
        ("binary", "encode({c}, 'hex')", "STRING", "unhex({v})"),
        ("timestamp", "(extract(epoch FROM {c}) * 1000000)::bigint", "BIGINT", "timestamp_micros({v})"),
    ],
)
def test_scalars(kind: str, encode: str, json: str, decode: str) -> None:
    found = transfer(kind)
    assert (found.encode, found.json, found.decode) == (encode, json, decode)


def test_arrays_travel_item_by_item() -> None:
    found = transfer("array<decimal(4,1)>")
    assert found.json == "ARRAY<STRING>"
    assert found.decode == "transform({v}, x -> CAST(x AS DECIMAL(4, 1)))"
    assert "array_agg(u.e::text ORDER BY u.o)" in found.encode
    assert "unnest({c}) WITH ORDINALITY" in found.encode


@pytest.mark.parametrize(
    "kind",
    [
        "map<string,int>",
        "struct<a:int>",
        "variant",
        "array<array<int>>",
        "interval day to second",
        "time(6)",
        "void",
    ],
)
def test_what_cannot_be_written_to(kind: str) -> None:
    with pytest.raises(Untranslatable) as refused:
        transfer(kind)
    assert refused.value.sqlstate == "0A000"
    assert refused.value.construct == f"writing to a column of Spark's type {kind}"


def test_a_row() -> None:
    columns = [('"a"', "int"), ('"b c"', "date")]
    assert encoded_row(columns) == '"a" AS c0, ("b c" - DATE \'1970-01-01\') AS c1'
    assert decoded_rows([("a", "int"), ("b c", "date")], "lines") == (
        "SELECT CAST(j.c0 AS INT) AS `a`, date_from_unix_date(j.c1) AS `b c`"
        " FROM (SELECT from_json(value, 'c0 BIGINT, c1 INT', map('mode', 'FAILFAST')) AS j FROM lines)"
    )


def test_lines() -> None:
    assert lines_of_file("file:///data/x.jsonl") == "text.`file:///data/x.jsonl`"
    assert lines_of_text('{"c0":"it\'s ${x} \\n"}\n{}') == (
        "(SELECT explode(split('{\"c0\":\"it\\'s \\u0024{x} \\\\n\"}\n{}', '\\n')) AS value)"
    )
