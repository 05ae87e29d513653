from __future__ import annotations

from pathlib import Path

import pytest

from spark_thrift.type_names import SparkType, parse_spark_type
from spark_thrift.types import TYPE_MAP, adapted_query, pg_type, spark_type_of, type_rows, wrap_projection

ROWS = [
    line.split(" | ")
    for line in Path(__file__).with_name("types.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(
    ("spark", "oid", "size", "typmod", "name", "lossless"), ROWS, ids=[r[0] for r in ROWS]
)
def test_row(spark: str, oid: str, size: str, typmod: str, name: str, lossless: str) -> None:
    kind = pg_type(spark)
    assert (kind.oid, kind.size, kind.typmod) == (int(oid), int(size), int(typmod))
    assert kind.name == name
    assert kind.lossless == (lossless == "yes")


def test_every_type_of_the_map_is_in_the_table() -> None:
    told = {parse_spark_type(row[0]).name for row in ROWS}
    assert set(TYPE_MAP) <= told
    assert {spark for spark, _, _ in type_rows()} == set(TYPE_MAP)


def test_nested_names_are_parsed() -> None:
    assert parse_spark_type("map<string,array<decimal(3,1)>>") == SparkType(
        "map",
        fields=(
            ("key", SparkType("string")),
            ("value", SparkType("array", element=SparkType("decimal", (3, 1)))),
        ),
    )
    assert parse_spark_type("struct<Big One:int,m:map<date,int>>").fields[0] == ("Big One", SparkType("int"))


@pytest.mark.parametrize(
    "unreadable", ["struct<a:int,... 2 more fields>", "struct<a,b>", "struct<a:int,A:int>", "map<int>"]
)
def test_what_cannot_be_read_is_opaque(unreadable: str) -> None:
    parsed = parse_spark_type(unreadable)
    assert parsed.name in ("struct", "map")
    assert parsed.fields == ()


@pytest.mark.parametrize(
    ("spark", "adapter"),
    [
        ("int", None),
        ("timestamp", "unix_micros({c})"),
        ("time(6)", "CAST({c} AS STRING)"),
        ("string collate UNICODE", "CAST({c} AS STRING)"),
        ("array<int>", "to_json({c})"),
        ("array<timestamp>", "to_json(transform({c}, x1 -> unix_micros(x1)))"),
        ("array<array<binary>>", "to_json(transform({c}, x1 -> transform(x1, x2 -> hex(x2))))"),
        ("array<decimal(4,2)>", "to_json(transform({c}, x1 -> CAST(x1 AS STRING)))"),
        ("variant", "to_json({c})"),
    ],
)
def test_adapter(spark: str, adapter: str | None) -> None:
    assert pg_type(spark).adapter == adapter


def test_documents_keep_what_to_json_would_spoil() -> None:
    adapter = pg_type("struct<o'k:map<date,binary>>").adapter or ""
    assert "transform_keys(" in adapter
    assert "CAST(k2 AS STRING)" in adapter
    assert "named_struct('o\\'k', " in adapter
    assert "lower(hex(v2))" in adapter
    assert (pg_type("struct<a:int>").adapter or "").startswith("to_json({c}, map(")


def test_a_query_is_wrapped_only_where_a_column_needs_it() -> None:
    assert wrap_projection([("a", "int"), ("b", "timestamp")]) == [None, "unix_micros({c})"]
    assert adapted_query("SELECT 1", [None]) == "SELECT 1"
    assert (
        adapted_query("SELECT 1, now() -- x", [None, "unix_micros({c})"])
        == "SELECT c0, unix_micros(c1) FROM (SELECT 1, now() -- x\n) AS t(c0, c1)"
    )


@pytest.mark.parametrize(
    ("pg", "spark"),
    [
        ("int4", "int"), ("Double Precision", "double"), ("numeric", "decimal(38,18)"),
        ("numeric(10)", "decimal(10,0)"), ("numeric(10, 2)", "decimal(10,2)"), ("varchar(5)", "varchar(5)"),
        ("varchar", "string"), ("char", "char(1)"), ("bpchar", "string"), ("text[]", "array<string>"),
        ("timestamp(3) with time zone", "timestamp"), ("timestamp", "timestamp_ntz"), ("bytea", "binary"),
        ("interval", None), ("inet", None), ("numeric(a)", None), ("inet[]", None),
    ],
)  # fmt: skip
def test_postgresqls_types_in_spark(pg: str, spark: str | None) -> None:
    assert spark_type_of(pg) == spark
