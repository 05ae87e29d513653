"""Payload decoders, by the table in decode_cases.txt."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proxy.wire import decode
from proxy.wire.errors import ProtocolError
from proxy.wire.events import CancelRequested, StartupReceived

_BY_TYPE: dict[str, Callable[[bytes], Any]] = {
    "Q": decode.query,
    "P": decode.parse,
    "B": decode.bind,
    "D": decode.describe,
    "C": decode.close,
    "E": decode.execute,
    "H": decode.flush,
    "S": decode.sync,
    "X": decode.terminate,
    "F": decode.function_call,
    "first": lambda packet: decode.first_packet(packet, 64),
}

_TOKEN = re.compile(r"'((?:[^']|'')*)'|([0-9a-f]+)")


def _payload(text: str) -> bytes:
    return b"".join(
        bytes.fromhex(token[2]) if token[2] else token[1].replace("''", "'").encode()
        for token in _TOKEN.finditer(text)
    )


def _cases() -> list[tuple[str, str, str]]:
    lines = (Path(__file__).parent / "decode_cases.txt").read_text().splitlines()
    rows = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return [(kind.strip(), payload, expected.strip()) for kind, payload, expected in rows]


@pytest.mark.parametrize(("kind", "payload", "expected"), _cases())
def test_payload_means_what_the_table_says(kind: str, payload: str, expected: str) -> None:
    decoder = _BY_TYPE.get(kind) or getattr(decode, kind)
    try:
        got = repr(decode.decode(decoder, _payload(payload)))
    except ProtocolError as error:
        got = f"{error.sqlstate} {error.message}"
    assert got == expected


def test_as_many_values_as_the_count_can_say() -> None:
    payload = b"\0\0" + b"\0\0" + b"\xff\xff" + b"\xff\xff\xff\xff" * 65_535 + b"\0\0"
    assert decode.bind(payload).values == (None,) * 65_535


def test_startup_parameters_are_bounded() -> None:
    def packet(pairs: int) -> bytes:
        names = b"".join(b"p%d\0v\0" % number for number in range(pairs - 1))
        return b"\0\3\0\0user\0a\0" + names + b"\0"

    event = decode.first_packet(packet(64), 64)
    assert isinstance(event, StartupReceived)
    assert len(event.parameters) == 64
    with pytest.raises(ProtocolError, match="too many startup parameters"):
        decode.first_packet(packet(65), 64)


def test_a_cancel_key_has_at_most_256_bytes() -> None:
    packet = bytes.fromhex("04d2162e00000007") + b"k" * 256
    assert decode.first_packet(packet, 64) == CancelRequested(7, b"k" * 256)
    with pytest.raises(ProtocolError) as caught:
        decode.first_packet(packet + b"k", 64)
    assert not caught.value.reply
