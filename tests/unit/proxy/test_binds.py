from __future__ import annotations

import datetime as dt
import struct
import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.adapt import PyFormat, Transformer
from sqlglot import expressions as exp

from proxy.binds import BindError, decode_bind, null_of, type_node
from proxy.ports import BINARY, TEXT
from tests.unit.proxy.bind_table import OIDS, BindCase, read_binds

CASES = read_binds()


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.type_name}:{c.text}")
def test_text(case: BindCase) -> None:
    if case.error is None:
        node = decode_bind(OIDS[case.type_name], TEXT, case.text.encode())
        assert node.sql("postgres") == case.literal
        return
    with pytest.raises(BindError) as caught:
        decode_bind(OIDS[case.type_name], TEXT, case.text.encode(), index=3)
    assert (caught.value.sqlstate, caught.value.message, caught.value.index) == (*case.error, 3)


UTC = dt.UTC


@pytest.mark.parametrize(
    "value",
    [
        True, 5, -5, 2**40, -(2**63), 1.5, -0.0, float("nan"), float("-inf"), Decimal("12.50"),
        Decimal("-0.00012"),
        Decimal("1E+10"), Decimal("10000"), Decimal("0.0000"), Decimal("9" * 38), dt.date(2024, 2, 29),
        dt.date(1, 1, 1),
        dt.datetime(2024, 2, 29, 1, 2, 3, 450), dt.datetime(1900, 1, 1, 1, 2, 3), dt.time(1, 2, 3, 4),
        dt.timedelta(days=-1, seconds=5, microseconds=7), [1, None, 3], [[1, 2], [3, 4]], [1.5, float("inf")],
        [Decimal("1.5"), Decimal("100")], [dt.date(2024, 1, 1), None], [True, False], [],
        uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ],
    ids=repr,
)  # fmt: skip
def test_binary_is_the_same_literal_as_text(value: object) -> None:
    transformer = Transformer()
    nodes = []
    for format_code, wanted in ((TEXT, PyFormat.TEXT), (BINARY, PyFormat.BINARY)):
        dumper = transformer.get_dumper(value, wanted)
        sent = dumper.dump(value)
        assert sent is not None
        nodes.append(decode_bind(dumper.oid or 25, format_code, bytes(sent)).sql("postgres"))
    if value != []:
        assert nodes[0] == nodes[1]


def test_a_binary_moment_is_told_in_utc() -> None:
    moment = dt.datetime(2024, 2, 29, 1, 2, 3, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    micros = (moment - dt.datetime(2000, 1, 1, tzinfo=UTC)) // dt.timedelta(microseconds=1)
    node = decode_bind(1184, BINARY, struct.pack(">q", micros))
    assert node.sql("postgres") == "CAST('2024-02-28 23:02:03+00' AS TIMESTAMPTZ)"


@pytest.mark.parametrize("oid", [*OIDS.values(), 26, 19, 114, 3802])
def test_binary_is_read_exactly(oid: int) -> None:
    """A byte less or more than the type has is refused, never read past."""
    if oid in (17, 19, 25, 114, 1043):
        return
    for length in (0, 3, 5, 7, 9, 15, 17, 33):
        with pytest.raises(BindError):
            decode_bind(oid, BINARY, b"\x7e" * length, index=1)


@given(
    st.sampled_from([*OIDS.values(), 0, 26, 114, 705, 3802, 999_999]),
    st.sampled_from([TEXT, BINARY, 2]),
    st.binary(max_size=60),
)
def test_any_bytes_are_a_literal_or_refused(oid: int, format_code: int, data: bytes) -> None:
    try:
        node = decode_bind(oid, format_code, data)
    except BindError:
        return
    assert isinstance(node, exp.Cast | exp.Literal | exp.Boolean)


@pytest.mark.parametrize("data", [b"a\0b", b"\xff", b"\xc3"])
def test_text_that_is_not_utf8_is_refused(data: bytes) -> None:
    for oid in (0, 25, 23):
        with pytest.raises(BindError, match="invalid byte sequence") as caught:
            decode_bind(oid, TEXT, data)
        assert caught.value.sqlstate == "22021"


def test_unknown_types() -> None:
    assert decode_bind(0, TEXT, b"x") == exp.Literal.string("x")
    assert decode_bind(600, TEXT, b"(1,2)") == exp.Literal.string("(1,2)")
    with pytest.raises(BindError) as caught:
        decode_bind(600, BINARY, b"x", index=2)
    assert (caught.value.sqlstate, caught.value.index) == ("0A000", 2)


@pytest.mark.parametrize(
    ("oid", "text"),
    [(1082, "infinity"), (1184, "now"), (1114, "-infinity"), (1700, "NaN"), (1186, "infinity")],
)
def test_what_spark_cannot_hold_is_refused(oid: int, text: str) -> None:
    with pytest.raises(BindError) as caught:
        decode_bind(oid, TEXT, text.encode())
    assert caught.value.sqlstate == "0A000"


def test_a_numeric_beyond_sparks_is_refused() -> None:
    for text in ("1" * 39, "1e39", "1e-39", "1e99999", "1e999999"):
        with pytest.raises(BindError) as caught:
            decode_bind(1700, TEXT, text.encode())
        assert caught.value.sqlstate == "22003"


def test_nulls_and_type_nodes() -> None:
    assert null_of(0) == exp.Null()
    assert decode_bind(23, BINARY, None).sql("postgres") == "CAST(NULL AS INT)"
    assert null_of(1009).sql("postgres") == "CAST(NULL AS TEXT[])"
    assert type_node(1184).sql("postgres") == "TIMESTAMPTZ"
    assert type_node(0).sql("postgres") == "TEXT"


def test_a_value_never_becomes_sql() -> None:
    hostile = "'); DROP TABLE t; --\\"
    node = decode_bind(25, TEXT, hostile.encode())
    assert isinstance(node, exp.Cast)
    assert node.this == exp.Literal.string(hostile)
