from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_thrift.columns import FetchFailed, FixedColumn, FrameBatch, MalformedFrame, VarColumn, decode_frame
from tests.unit.spark_thrift.frames import make_frame


def read(batch: FrameBatch) -> list[list[object]]:
    """Python values, by the plain loop that the decoder avoids."""
    columns: list[list[object]] = []
    for column in batch.columns:
        if isinstance(column, FixedColumn):
            values: list[object] = column.values.tolist()
        else:
            data, starts = column.data.tobytes(), column.starts.tolist()
            values = [data[start + 4 : end] for start, end in itertools.pairwise(starts)]
        if column.nulls is not None:
            assert len(column.nulls) == len(values)
            values = [None if null else value for value, null in zip(values, column.nulls, strict=True)]
        columns.append(values)
    return columns


def test_every_column_kind() -> None:
    sent: list[tuple[str, list[object]]] = [
        ("bool", [True, None, False]),
        ("byte", [-128, 127, None]),
        ("i16", [-1, None, 2**15 - 1]),
        ("i32", [None, 2**31 - 1, -(2**31)]),
        ("i64", [2**63 - 1, -(2**63), 0]),
        ("double", [0.5, -0.0, None]),
        ("string", [b"", b"\xc3\xbc", None]),
        ("binary", [b"\0\0\0\0", None, b"\0"]),
    ]
    batch = decode_frame(make_frame(sent))
    assert batch.row_count == 3
    assert read(batch) == [values for _, values in sent]
    assert read(batch.slice(1, 3)) == [values[1:] for _, values in sent]
    assert batch.slice(2, 9).row_count == 1
    assert batch.slice(9, 9).row_count == 0


def drawn(kind: str, draw: random.Random, count: int) -> list[bytes]:
    """Columns whose lengths have zero bytes of their own, or whose values do."""
    lengths = {
        "short": lambda: draw.randrange(30),
        "mostly empty": lambda: draw.choice([0, 0, 0, 1]),
        "around 256": lambda: draw.choice([0, 1, 255, 256, 257, 512, 768]),
        "some long": lambda: 65_536 if draw.random() < 0.002 else draw.randrange(40),
        "zeros": lambda: draw.randrange(12),
    }[kind]
    letter = (lambda: draw.choice([0, 0, 0, 1, 4, 255])) if kind == "zeros" else (lambda: 120)
    return [bytes(letter() for _ in range(lengths())) for _ in range(count)]


@pytest.mark.parametrize("kind", ["short", "mostly empty", "around 256", "some long", "zeros"])
@pytest.mark.parametrize("count", [1, 63, 64, 65, 1000, 5000])
def test_prefixes_are_found_whatever_the_values_look_like(kind: str, count: int) -> None:
    values: list[object] = list(drawn(kind, random.Random(f"{kind}{count}"), count))
    sent = [("i64", list(range(count))), ("binary", values), ("binary", values[::-1])]
    assert read(decode_frame(make_frame(sent))) == [list(range(count)), values, values[::-1]]


@given(st.lists(st.none() | st.binary(max_size=300), max_size=400))
def test_any_binary_column_is_read_back(values: list[bytes | None]) -> None:
    assert read(decode_frame(make_frame([("binary", values)]))) == [values]


def test_missing_trailing_null_bytes_mean_values() -> None:
    (column,) = decode_frame(make_frame([("i32", [None, *range(99)])])).columns
    assert column.nulls is not None
    assert np.flatnonzero(column.nulls).tolist() == [0]


def test_a_frame_shares_its_memory() -> None:
    frame = make_frame([("string", ["abc"])])
    (column,) = decode_frame(frame).columns
    assert isinstance(column, VarColumn)
    frame[frame.index(b"abc")] = ord("x")
    assert column.data[column.starts[0] + 4] == ord("x")


def test_the_servers_error_is_told() -> None:
    with pytest.raises(FetchFailed) as caught:
        decode_frame(make_frame([], status=3, message="no more", sqlstate="57014"))
    assert (caught.value.message, caught.value.sqlstate) == ("no more", "57014")


SAMPLE = bytes(make_frame([("string", ["ab", None, "c"]), ("i32", [1, 2, 3]), ("bool", [True, None, False])]))


def test_every_truncation_is_malformed() -> None:
    for length in range(len(SAMPLE)):
        with pytest.raises(MalformedFrame):
            decode_frame(SAMPLE[:length])


def test_bytes_after_the_end_are_malformed() -> None:
    with pytest.raises(MalformedFrame):
        decode_frame(SAMPLE + b"\0")


def test_every_changed_byte_is_an_answer_or_malformed() -> None:
    """Never another exception, never memory beyond the frame."""
    for position in range(len(SAMPLE)):
        for value in (0, 1, 2, 11, 12, 15, 127, 128, 255):
            changed = bytearray(SAMPLE)
            changed[position] = value
            try:
                read(decode_frame(changed))
            except (MalformedFrame, FetchFailed):
                pass


@given(st.binary(max_size=200))
def test_garbage_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedFrame):
        decode_frame(data)


def test_columns_of_different_lengths_are_malformed() -> None:
    with pytest.raises(MalformedFrame, match="different lengths"):
        decode_frame(make_frame([("i32", [1]), ("i32", [1, 2])]))


def test_a_claimed_count_costs_no_memory() -> None:
    frame = make_frame([("string", ["ab"])])
    at = frame.index(b"\x0b\0\0\0\1\0\0\0\2ab")
    frame[at + 1 : at + 5] = b"\x7f\xff\xff\xff"
    with pytest.raises(MalformedFrame):
        decode_frame(frame)
