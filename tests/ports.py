"""Ports of loopback that nobody has at the moment."""

from __future__ import annotations

import random
import socket


def free_base(count: int) -> int:
    """The first of so many ports in a row, below those that the kernel gives out."""
    while True:
        base = random.randrange(12_000, 32_000 - count)
        if all(_free(base + place) for place in range(count)):
            return base


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
