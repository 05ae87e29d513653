"""Lines as expected by hand; PostgreSQL's own COPY is compared in tests/mirror/test_copy_out.py."""

from __future__ import annotations

import struct

from proxy.copyout import CopyOut
from proxy.ports import CopyOptions
from proxy.rows import RowEncoder, SparkBatch
from spark_thrift.types import pg_type
from tests.unit.proxy.value_table import field_of
from tests.unit.spark_thrift.frames import make_frame

SIGNATURE = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0"


def payloads(messages: bytes | memoryview) -> list[bytes]:
    data, at, found = bytes(messages), 0, []
    while at < len(data):
        assert data[at : at + 1] == b"d"
        (length,) = struct.unpack_from(">i", data, at + 1)
        found.append(data[at + 5 : at + 1 + length])
        at += 1 + length
    assert at == len(data)
    return found


def batch_of(names: str, columns: list[list[object]]) -> SparkBatch:
    kinds = [pg_type("int" if isinstance(values[0], int) else "string") for values in columns]
    frame = make_frame([("i32" if isinstance(values[0], int) else "string", values) for values in columns])
    fields = [field_of(name, kind) for name, kind in zip(names.split(), kinds, strict=True)]
    return RowEncoder(fields, kinds).decode(frame)


def copied(batch: SparkBatch, options: CopyOptions) -> list[bytes]:
    copy = CopyOut(batch.encoder.fields, options)
    return payloads(copy.begin()) + payloads(copy.rows(batch)) + payloads(copy.end())


def test_text() -> None:
    batch = batch_of("a b", [[1, None], ["x\ty\\z\n\r\b\f\v", ""]])
    assert copied(batch, CopyOptions()) == [b"1\tx\\ty\\\\z\\n\\r\\b\\f\\v\n", b"\\N\t\n"]


def test_text_with_header_and_another_delimiter() -> None:
    batch = batch_of("a| b", [[1, None], ["x|y\t", "é"]])
    options = CopyOptions(delimiter="|", null="", header=True)
    assert copied(batch, options) == [b"a\\||b\n", b"1|x\\|y\\t\n", "|é\n".encode()]


def test_csv() -> None:
    values: list[object] = ["plain", 'say "hi"', "a,b", "line\nbreak", "", None]
    batch = batch_of("n v", [[1, 2, 3, 4, 5, 6], values])
    options = CopyOptions("csv", ",", "", header=True)
    assert copied(batch, options) == [
        b"n,v\n", b"1,plain\n", b'2,"say ""hi"""\n', b'3,"a,b"\n', b'4,"line\nbreak"\n', b'5,""\n', b"6,\n",
    ]  # fmt: skip


def test_csv_with_forced_quotes_and_another_escape() -> None:
    batch = batch_of("n v", [[1, 2], ['a"b\\c', None]])
    options = CopyOptions("csv", ";", "NULL", quote='"', escape="\\", force_quote=("v",))
    assert copied(batch, options) == [b'1;"a\\"b\\\\c"\n', b"2;NULL\n"]


def test_csv_quotes_a_value_that_looks_like_null_or_like_the_end() -> None:
    assert copied(batch_of("v", [["NULL", "\\.", "x"]]), CopyOptions("csv", ",", "NULL")) == [
        b'"NULL"\n', b'"\\."\n', b"x\n",
    ]  # fmt: skip


def test_binary_signature_travels_with_the_first_row() -> None:
    batch = batch_of("n v", [[1, None], ["x", ""]])
    first = struct.pack(">hii", 2, 4, 1) + struct.pack(">i", 1) + b"x"
    second = struct.pack(">hii", 2, -1, 0)
    assert copied(batch, CopyOptions("binary")) == [SIGNATURE + first, second, struct.pack(">h", -1)]


def test_binary_of_no_rows() -> None:
    copy = CopyOut([], CopyOptions("binary"))
    assert payloads(copy.begin()) == []
    assert payloads(copy.end()) == [SIGNATURE + struct.pack(">h", -1)]


def test_several_batches_are_one_copy() -> None:
    batch = batch_of("n", [[1, 2, 3]])
    copy = CopyOut(batch.encoder.fields, CopyOptions("binary"))
    messages = [*payloads(copy.rows(batch.slice(0, 0))), *payloads(copy.rows(batch.slice(0, 1)))]
    messages += payloads(copy.rows(batch.slice(1, 3)))
    assert messages[0].startswith(SIGNATURE)
    assert [message[-1] for message in messages] == [1, 2, 3]
