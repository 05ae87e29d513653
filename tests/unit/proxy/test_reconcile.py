"""PostgreSQL's types where Spark can cast to them exactly, Spark's own where it cannot."""

from __future__ import annotations

import pytest

from proxy.ports import Field
from proxy.reconcile import reconcile


@pytest.mark.parametrize(
    ("wanted_oid", "spark_type", "oid", "adapter"),
    [
        (23, "int", 23, None),
        (23, "bigint", 23, "CAST({c} AS INT)"),
        (20, "int", 20, "CAST({c} AS BIGINT)"),
        (1700, "bigint", 1700, "CAST({c} AS DECIMAL(38,0))"),
        (1700, "decimal(10,2)", 1700, None),
        (1700, "double", 701, None),
        (23, "decimal(10,2)", 1700, None),
        (701, "decimal(10,2)", 701, "CAST({c} AS DOUBLE)"),
        (1114, "date", 1114, "CAST({c} AS TIMESTAMP_NTZ)"),
        (1184, "date", 1184, "unix_micros(CAST({c} AS TIMESTAMP))"),
        (1184, "timestamp", 1184, "unix_micros({c})"),
        (1043, "string", 1043, None),
        (19, "string", 19, None),
        (25, "varchar(7)", 25, None),
        (16, "string", 25, None),
    ],
)
def test_type_that_the_client_sees(wanted_oid: int, spark_type: str, oid: int, adapter: str | None) -> None:
    (column,) = reconcile([Field("n", wanted_oid, -1)], [("spark_name", spark_type)])
    assert (column.field.name, column.field.oid, column.adapter) == ("n", oid, adapter)


def test_a_cast_never_cuts_decimals() -> None:
    (column,) = reconcile([Field("n", 20, 8)], [("n", "decimal(12,3)")])
    assert column.field.oid == 1700


def test_what_only_spark_describes_keeps_sparks_names() -> None:
    (column,) = reconcile(None, [("spark_name", "array<int>")])
    assert (column.field.name, column.field.oid) == ("spark_name", 1007)
    (column,) = reconcile([Field("a", 23, 4), Field("b", 23, 4)], [("spark_name", "int")])
    assert column.field.name == "spark_name"
