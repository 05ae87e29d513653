"""Types of new columns: what Spark would hold as another type is refused, an unlimited numeric is told of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, get_args

import pytest

from checker.verdict import Relation
from checker.write_statements import WriteStatement
from proxy.changes import Changes
from proxy.creations import Creations
from proxy.defining import Definer, missing
from proxy.sqlstate import Refused, fields_of
from spark_thrift.dialect import Untranslatable


@pytest.fixture
def definer() -> Any:
    told: list[bytes] = []
    session = SimpleNamespace(io=SimpleNamespace(write=told.append))
    writes: Any = SimpleNamespace(session=session, service=None)
    return SimpleNamespace(spark_type=Definer(writes).spark_type, told=told)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("integer", "int"),
        ("smallint", "smallint"),
        ("bigint", "bigint"),
        ("boolean", "boolean"),
        ("real", "float"),
        ("double precision", "double"),
        ("numeric(10,2)", "decimal(10,2)"),
        ("text", "string"),
        ("character varying", "string"),
        ("character varying(7)", "varchar(7)"),
        ("character(3)", "char(3)"),
        ("bytea", "binary"),
        ("date", "date"),
        ("timestamp without time zone", "timestamp_ntz"),
        ("timestamp with time zone", "timestamp"),
        ("timestamp(6) with time zone", "timestamp"),
        ("integer[]", "array<int>"),
        ("numeric(5,1)[]", "array<decimal(5,1)>"),
    ],
)
def test_types(definer: Any, kind: str, expected: str) -> None:
    assert definer.spark_type("a", kind) == expected
    assert definer.told == []


@pytest.mark.parametrize(
    "kind",
    [
        *(
            "uuid",
            "uuid[]",
            "json",
            "jsonb",
            "interval",
            "numeric(39,2)",
            "numeric(5,-2)",
            "money",
            "int4range",
        ),
        *("timestamp(3) with time zone", "time without time zone", "inet", "name", "oid", "bit(3)"),
    ],
)
def test_types_that_would_come_back_as_another(definer: Any, kind: str) -> None:
    with pytest.raises((Refused, Untranslatable)) as refused:
        definer.spark_type("a", kind)
    assert fields_of(refused.value).sqlstate == "0A000"


def test_an_unlimited_numeric_is_told_of(definer: Any) -> None:
    assert definer.spark_type("a", "numeric") == "decimal(38,18)"
    assert b'column "a": numeric is kept as numeric(38,18)' in definer.told[0]


def test_what_is_missing_has_the_name_that_was_written() -> None:
    assert missing(Relation("s", "t")).fields.message == 'relation "s.t" does not exist'
    assert missing(Relation(None, "t")).fields.message == 'relation "t" does not exist'


def test_every_definition_has_one_who_carries_it_out() -> None:
    carried = {kind.__name__ for kind in (*Creations.runs, *Changes.runs)}
    assert carried == {kind.__name__ for kind in get_args(WriteStatement)} - {"Insert", "CopyIn"}
