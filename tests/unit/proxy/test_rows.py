"""Text against the table, binary against psycopg's loaders; PostgreSQL itself is asked in tests/mirror."""

from __future__ import annotations

import importlib.util
import struct
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.adapt import Transformer
from psycopg.pq import Format

from proxy.ports import BINARY, TEXT, CopyOptions
from proxy.rows import DataError, RowEncoder
from proxy.timezones import UnknownTimeZone
from spark_thrift.types import WireKind, pg_type
from tests.unit.proxy.value_table import Case, batch_of, field_of, only_column, read_cases, read_rows
from tests.unit.spark_thrift.frames import make_frame

CASES = read_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.spark_type}:{c.sent[:30]}:{c.timezone}")
def test_text_is_what_postgresql_prints(case: Case) -> None:
    batch = batch_of(case.spark_type, [case.value()], case.timezone)
    expected = None if case.text is None else case.text.encode()
    assert only_column(batch.data_rows([TEXT])) == [expected]


# psycopg's loaders stop at the years 1 and 9999, and read an interval's months as 30 days.
_BEYOND_LOADERS = ("BC", "10000", "12024", "12020", "mon", "year")


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if not any(word in (c.text or "") for word in _BEYOND_LOADERS)],
    ids=lambda c: f"{c.spark_type}:{c.sent[:30]}:{c.timezone}",
)
def test_binary_means_the_same_as_text(case: Case) -> None:
    batch = batch_of(case.spark_type, [case.value()], case.timezone)
    kind = batch.encoder.types[0]
    transformer = Transformer()
    (text,), (binary,) = only_column(batch.data_rows([TEXT])), only_column(batch.data_rows([BINARY]))
    if text is None or binary is None:
        assert text is binary
        return
    from_text = transformer.get_loader(kind.oid, Format.TEXT).load(text)
    from_binary = transformer.get_loader(kind.oid, Format.BINARY).load(binary)
    if kind.wire is WireKind.FLOAT4 or (kind.element and kind.element.wire is WireKind.FLOAT4):
        from_text, from_binary = (
            [struct.pack(">f", float(x)) for x in (value if isinstance(value, list) else [value])]
            for value in (from_text, from_binary)
        )
    assert repr(from_text) == repr(from_binary)


WITHOUT_PANDAS = """
import sys
from proxy.copyout import CopyOut
from proxy.ports import BINARY, TEXT, CopyOptions
from tests.unit.proxy.value_table import batch_of, read_cases
for case in read_cases():
    batch = batch_of(case.spark_type, [case.value(), None], case.timezone)
    for code in (TEXT, BINARY):
        batch.data_rows([code])
    for form in ("text", "csv", "binary"):
        options = CopyOptions(format=form, force_quote="*" if form == "csv" else ())
        copy = CopyOut(batch.encoder.fields, options)
        copy.begin(), copy.rows(batch), copy.end()
print("pandas" in sys.modules)
"""


def test_no_row_needs_pandas() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_PANDAS], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("False\n", "")
    # Arrow would import it, if only asked for a constant: 45 MiB of the server's memory.
    assert importlib.util.find_spec("pandas") is not None


@pytest.mark.parametrize("spark_type", sorted({c.spark_type for c in CASES}))
@pytest.mark.parametrize("format_code", [TEXT, BINARY])
def test_a_column_is_its_values_one_by_one(spark_type: str, format_code: int) -> None:
    """NULLs beside values, and slices, change nothing."""
    values = [c.value() for c in CASES if c.spark_type == spark_type and c.timezone == "UTC"]
    values = [*values, None, *values, None]
    alone = [only_column(batch_of(spark_type, [v]).data_rows([format_code]))[0] for v in values]
    batch = batch_of(spark_type, values)
    assert only_column(batch.data_rows([format_code])) == alone
    assert only_column(batch.data_rows([format_code])) == alone
    for start in range(len(values)):
        part = batch.slice(start, start + 2)
        assert part.row_count == len(alone[start : start + 2])
        assert only_column(part.data_rows([format_code])) == alone[start : start + 2]


def test_columns_stand_in_order_each_in_its_format() -> None:
    kinds = [pg_type(t) for t in ("int", "string", "decimal(4,1)", "double")]
    frame = make_frame(
        [("i32", [1, None]), ("string", ["a", None]), ("string", ["1.5", None]), ("double", [0.5, None])]
    )
    batch = RowEncoder([field_of(str(i), k) for i, k in enumerate(kinds)], kinds).decode(frame)
    assert read_rows(batch.data_rows([BINARY, TEXT, BINARY, TEXT])) == [
        [struct.pack(">i", 1), b"a", struct.pack(">HhHHHH", 2, 0, 0, 1, 1, 5000), b"0.5"],
        [None] * 4,
    ]


def test_an_immutable_frame_is_not_written_to() -> None:
    kind = pg_type("string")
    frame = bytes(make_frame([("string", ["a", None, ""])]))
    batch = RowEncoder([field_of("c", kind)], [kind]).decode(frame)
    copy = bytes(bytearray(frame))
    assert only_column(batch.data_rows([TEXT])) == [b"a", None, b""]
    assert frame == copy


def test_no_rows_are_no_bytes() -> None:
    batch = batch_of("int", [])
    assert batch.row_count == 0
    assert bytes(batch.data_rows([TEXT])) == b""
    assert bytes(batch.copy_rows(CopyOptions())) == b""
    assert bytes(batch.copy_rows(CopyOptions("binary"))) == b""


def test_rows_without_columns() -> None:
    """`SELECT FROM t` has rows, and none of Spark's frames can say so."""
    assert RowEncoder([], []).decode(make_frame([])).row_count == 0


@pytest.mark.parametrize(
    ("spark_type", "value", "sqlstate"),
    [
        ("string", "a\0b", "22021"),
        ("timestamp", -(2**62), "22008"),
        ("date", "-99999-01-01", "22008"),
        ("timestamp_ntz", "-9999-01-01 00:00:00", "22008"),
        ("array<array<int>>", "[[1],[2,3]]", "2202E"),
        ("array<array<int>>", "[[1],null]", "2202E"),
        ("array<array<int>>", "[[],[]]", "2202E"),
        ("array<string>", '["\\u0000"]', "22021"),
        ("variant", '{"a":"\\u0000"}', "22P05"),
        ("variant", "[NaN]", "22P02"),
        ("variant", '"\\ud800"', "22P02"),
        ("variant", "[" * 100_000, "22P02"),
        ("interval", "soon", "22007"),
    ],
)
@pytest.mark.parametrize("format_code", [TEXT, BINARY])
def test_what_no_client_could_be_sent_is_refused(
    spark_type: str, value: object, sqlstate: str, format_code: int
) -> None:
    with pytest.raises(DataError) as caught:
        batch_of(spark_type, [None, value]).data_rows([format_code])
    assert caught.value.sqlstate == sqlstate
    assert 'Column "c"' in (caught.value.detail or "")


@pytest.mark.parametrize(
    ("spark_type", "value", "sqlstate"), [("date", "tomorrow", "22007"), ("decimal(10,2)", "much", "22P02")]
)
def test_text_that_is_no_value_is_refused_in_binary(spark_type: str, value: str, sqlstate: str) -> None:
    with pytest.raises(DataError) as caught:
        batch_of(spark_type, [value]).data_rows([BINARY])
    assert caught.value.sqlstate == sqlstate


def test_a_frame_that_is_not_as_described_is_refused() -> None:
    kind = pg_type("int")
    encoder = RowEncoder([field_of("c", kind)], [kind])
    with pytest.raises(DataError, match="2 columns for 1"):
        encoder.decode(make_frame([("i32", [1]), ("i32", [1])]))
    with pytest.raises(DataError, match="length-prefixed values for a column of type integer"):
        encoder.decode(make_frame([("string", ["1"])])).data_rows([TEXT])


def test_a_number_of_another_scale_is_still_exact() -> None:
    """A cast in the plan or another engine version may send fewer digits than the type says."""
    (binary,) = only_column(batch_of("decimal(10,2)", ["1.5"]).data_rows([BINARY]))
    assert binary == struct.pack(">HhHHHH", 2, 0, 0, 2, 1, 5000)


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(UnknownTimeZone):
        RowEncoder([], [], "Middle/Earth")


@given(
    st.lists(
        st.none()
        | st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20)
    )
)
def test_numerics_agree_with_psycopg(values: list[Decimal | None]) -> None:
    texts: list[object] = [None if v is None else f"{v:.4f}".replace("-0.0000", "0.0000") for v in values]
    load = Transformer().get_loader(1700, Format.BINARY).load
    encoded = only_column(batch_of("decimal(38,4)", texts).data_rows([BINARY]))
    assert [None if v is None else f"{load(v)}" for v in encoded] == texts


@given(st.lists(st.none() | st.floats()), st.sampled_from(["float", "double"]))
def test_floats_read_back(values: list[float | None], spark_type: str) -> None:
    code = {"float": ">f", "double": ">d"}[spark_type]
    encoded = only_column(batch_of(spark_type, list(values)).data_rows([TEXT]))
    for value, text in zip(values, encoded, strict=True):
        if value is None or text is None:
            assert value is None
            assert text is None
            continue
        try:
            expected = struct.pack(code, value)
        except OverflowError:
            expected = struct.pack(code, float("inf") if value > 0 else float("-inf"))
        if value == value:
            assert struct.pack(code, float(text)) == expected
        else:
            assert text == b"NaN"


@given(
    st.lists(
        st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=600)
    )
)
def test_text_passes_as_it_is(values: list[str | None]) -> None:
    expected = [None if v is None else v.encode() for v in values]
    for format_code in (TEXT, BINARY):
        assert only_column(batch_of("string", list(values)).data_rows([format_code])) == expected
