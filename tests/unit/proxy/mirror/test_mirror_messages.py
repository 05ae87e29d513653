"""What is sent and what is decoded, against the protocol chapter's layouts."""

from __future__ import annotations

from proxy.mirror import frontend
from proxy.mirror.replies import MirrorBatch, Reply, error_fields, parameter_oids, row_fields, row_offsets
from proxy.mirror.statements import TEXT_LIMIT_CHARACTERS, StatementCache, surroundings
from proxy.ports import Bind, Field
from proxy.wire.errors import ErrorFields


def test_frontend_messages() -> None:
    assert frontend.query("SELECT 1") == b"Q\x00\x00\x00\x0dSELECT 1\0"
    assert frontend.parse("s", "q", (23, 4000000000)) == (
        b"P\x00\x00\x00\x12s\0q\0\x00\x02\x00\x00\x00\x17\xee\x6b\x28\x00"
    )
    assert frontend.bind("s", Bind((b"1", None), (0,), (1,))) == (
        b"B\x00\x00\x00\x1a\0s\0\x00\x01\x00\x00\x00\x02\x00\x00\x00\x011\xff\xff\xff\xff\x00\x01\x00\x01"
    )
    assert frontend.execute(5) == b"E\x00\x00\x00\x09\0\x00\x00\x00\x05"
    assert frontend.cancel_request(7, b"abcd") == b"\x00\x00\x00\x10\x04\xd2\x16\x2e\x00\x00\x00\x07abcd"
    assert frontend.startup({"user": "a"}) == b"\x00\x00\x00\x10\x00\x03\x00\x00user\0a\0\0"


def test_row_description_is_decoded() -> None:
    payload = (
        b"\x00\x01caf\xc3\xa9\0" + b"\x00\x00\x40\x00\x00\x02\x00\x00\x06\xa4\xff\xff\x00\x0c\x00\x06\x00\x00"
    )
    message = b"T" + (len(payload) + 4).to_bytes(4, "big") + payload
    assert row_fields(message) == (Field("café", 1700, -1, 786438, 16384, 2),)


def test_parameter_description_is_decoded() -> None:
    assert parameter_oids(b"t\x00\x00\x00\x0e\x00\x02\x00\x00\x00\x17\x00\x00\x00\x19") == (23, 25)


def test_every_error_field_is_kept() -> None:
    codes = b"".join(
        code + value + b"\0"
        for code, value in [
            (b"S", b"FEHLER"), (b"V", b"ERROR"), (b"C", b"42P01"), (b"M", b"m"), (b"D", b"d"), (b"H", b"h"),
            (b"P", b"3"), (b"p", b"4"), (b"q", b"q"), (b"W", b"w"), (b"s", b"s"), (b"t", b"t"), (b"c", b"c"),
            (b"d", b"dt"), (b"n", b"n"), (b"F", b"file.c"),
        ]
    )  # fmt: skip
    message = b"E" + (len(codes) + 5).to_bytes(4, "big") + codes + b"\0"
    assert error_fields(message) == ErrorFields(
        "ERROR", "42P01", "m", "d", "h", 3, 4, "q", "w", "s", "t", "c", "dt", "n"
    )


def test_batch_slices_rows_without_touching_them() -> None:
    rows = [b"D\x00\x00\x00\x0b\x00\x01\x00\x00\x00\x01" + digit for digit in (b"1", b"2", b"3")]
    batch = MirrorBatch(b"".join(rows), row_offsets(b"".join(rows)))
    assert batch.row_count == 3
    assert batch.slice(1, 3).row_count == 2
    assert bytes(batch.slice(1, 3).data_rows(())) == rows[1] + rows[2]
    assert bytes(batch.slice(1, 3).slice(0, 1).data_rows(())) == rows[1]


def test_opening_messages_are_taken_off_and_offsets_follow() -> None:
    tag = b"C\x00\x00\x00\x0dSELECT 1\0"
    reply = Reply(b"1\x00\x00\x00\x042\x00\x00\x00\x04" + tag, None, -1, 10).without_opening()
    assert reply == Reply(tag, None, -1, 0)
    assert reply.tag == "SELECT 1"


def test_statement_cache_drops_the_least_recently_used_and_closes_it() -> None:
    cache = StatementCache()
    keys = [
        (str(number).ljust(TEXT_LIMIT_CHARACTERS // 4), (), frozenset[tuple[str, str]]())
        for number in range(5)
    ]
    for key in keys[:4]:
        cache.add(key, cache.new())
    assert cache.find(keys[0]) is not None
    assert cache.take_closing() == b""
    cache.add(keys[4], cache.new())
    assert cache.find(keys[1]) is None
    assert cache.find(keys[0]) is not None
    assert cache.take_closing() == frontend.close_statement("s2")
    cache.forget_all()
    assert len(cache) == 0


def test_surroundings_leave_out_what_cannot_change_a_meaning() -> None:
    assert surroundings({"application_name": "a", "TimeZone": "UTC"}) == {("TimeZone", "UTC")}
