"""Turns at writing a table, and what other sessions are told."""

from __future__ import annotations

import asyncio

import pytest

from proxy import ledger as ledger_module
from proxy.ledger import Ledger

T, U = ("w", "t"), ("w", "u")


async def test_one_writer_of_a_table_at_a_time() -> None:
    ledger = Ledger()
    order: list[str] = []

    async def write(name: tuple[str, str], mark: str) -> None:
        async with ledger.turn(name, mark):
            order.append(f"{mark} begins")
            await asyncio.sleep(0.01)
            order.append(f"{mark} ends")

    async with asyncio.TaskGroup() as group:
        for mark in "abc":
            group.create_task(write(T, mark))
        group.create_task(write(U, "other"))
    of_t = [step for step in order if not step.startswith("other")]
    assert of_t == [f"{mark} {what}" for mark in "abc" for what in ("begins", "ends")]
    assert order.index("other ends") < order.index("b begins")
    assert not ledger._locks
    assert not ledger._users


async def test_others_are_told_and_the_writer_is_not() -> None:
    ledger = Ledger()
    before = ledger.serial
    async with ledger.turn(T, "a"):
        assert ledger.since(before, "b") == []
    assert ledger.since(before, "b") == [T]
    assert ledger.since(before, "a") == []
    assert ledger.since(ledger.serial, "b") == []


async def test_after_a_cancel_everybody_is_told_and_the_next_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "SETTLED_S", 0.05)
    ledger = Ledger()
    entered = asyncio.Event()

    async def endless() -> None:
        async with ledger.turn(T, "a"):
            entered.set()
            await asyncio.sleep(60)

    task = asyncio.ensure_future(endless())
    await entered.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert ledger.since(0, "a") == [T]
    began = asyncio.get_running_loop().time()
    async with ledger.turn(T, "b"):
        assert asyncio.get_running_loop().time() - began > 0.03


async def test_one_that_gives_up_waiting_leaves_nothing() -> None:
    ledger = Ledger()
    async with ledger.turn(T, "a"):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), ledger.turn(T, "b"):
                pass
    assert not ledger._locks
    async with ledger.turn(T, "c"):
        pass


async def test_an_error_lets_the_next_in_at_once() -> None:
    ledger = Ledger()
    with pytest.raises(ValueError, match="no"):
        async with ledger.turn(T, "a"):
            raise ValueError("no")
    async with asyncio.timeout(0.1), ledger.turn(T, "b"):
        pass
