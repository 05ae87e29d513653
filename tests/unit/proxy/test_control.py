"""Whose turn it is on Spark: limits, lines, fairness, and every way in which a wait ends."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from proxy.control import Control, Turn, pool_of
from proxy.settings import Settings
from proxy.sqlstate import Refused


def control(**settings: int) -> Control:
    return Control(Settings().with_values("control", **settings))


def turn(of: Control, *roles: str, limits: tuple[tuple[str, int], ...] = ()) -> Turn:
    session: Any = SimpleNamespace(grants=SimpleNamespace(roles=roles, max_running=limits))
    return Turn(of, session)


async def waiting(turn: Turn, *, again: bool = False) -> asyncio.Task[None]:
    task = asyncio.create_task(turn.hold(again=again))
    await asyncio.sleep(0)
    assert turn.waiting
    return task


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_place_is_taken_once_and_given_back_once() -> None:
    mine = control(running=1)
    one = turn(mine, "a")
    await one.hold()
    await one.hold()
    assert (mine.running, mine.waiting) == (1, 0)
    one.release()
    one.release()
    assert mine.running == 0
    assert not list(mine.turns())


async def test_nobody_waits_without_a_limit() -> None:
    mine = control(running=0)
    for _ in range(100):
        await turn(mine, "a").hold()
    assert mine.running == 100


async def test_the_first_of_a_line_comes_first() -> None:
    mine = control(running=1)
    first, second, third = (turn(mine, "a") for _ in range(3))
    await first.hold()
    await waiting(second)
    await waiting(third)
    assert [(t, at) for t, at in mine.turns()] == [(first, 0), (second, 1), (third, 2)]
    first.release()
    await settled()
    assert (second.held, third.held) == (True, False)


async def test_a_role_with_many_waiting_starves_nobody() -> None:
    mine = control(running=2)
    many = [turn(mine, "many") for _ in range(20)]
    for each in many[:2]:
        await each.hold()
    tasks = [await waiting(each) for each in many[2:]]
    few = turn(mine, "few")
    tasks.append(await waiting(few))
    many[0].release()
    await settled()
    assert few.held, "it came last, and its role has nothing at work"
    tasks.append(await waiting(turn(mine, "few")))
    few.release()
    await settled()
    assert sorted(t.session.grants.roles for t, at in mine.turns() if at == 0) == [("few",), ("many",)]
    for task in tasks:
        task.cancel()


async def test_lines_are_served_in_turn() -> None:
    mine = control(running=1)
    holder = turn(mine, "x")
    await holder.hold()
    tasks = []
    for role in ("a", "a", "a", "b", "c", "b"):
        tasks.append(await waiting(turn(mine, role)))
    order = []
    current = holder
    for _ in range(6):
        current.release()
        await settled()
        ((current, _),) = [(t, at) for t, at in mine.turns() if at == 0]
        order.append(*current.session.grants.roles)
    assert order == ["a", "b", "c", "a", "b", "a"]


async def test_a_roles_own_limit_holds_back_that_role_alone() -> None:
    mine = control(running=10)
    limits = (("a", 1),)
    first, second, other = turn(mine, "a", limits=limits), turn(mine, "a", limits=limits), turn(mine, "b")
    await first.hold()
    task = await waiting(second)
    await other.hold()
    first.release()
    await task
    assert second.held


async def test_a_statement_counts_for_each_of_its_roles() -> None:
    mine = control(running=10)
    await turn(mine, "a", "b", limits=(("a", 1), ("b", 5))).hold()
    await waiting(turn(mine, "a", limits=(("a", 1),)))
    await turn(mine, "b", limits=(("b", 2),)).hold()
    await waiting(turn(mine, "b", limits=(("b", 2),)))


async def test_one_too_many_is_told_the_setting() -> None:
    mine = control(running=1, waiting=1)
    await turn(mine, "a").hold()
    await waiting(turn(mine, "a"))
    with pytest.raises(Refused) as caught:
        await turn(mine, "b").hold()
    assert caught.value.fields.sqlstate == "53300"
    assert "[control] waiting = 1" in (caught.value.fields.hint or "")
    assert mine.waiting == 1


@pytest.mark.parametrize(
    ("limits", "named"),
    [((), "[control] running = 1"), ((("a", 1),), "max_running = 1 of the role a")],
)
async def test_a_wait_has_an_end(limits: tuple[tuple[str, int], ...], named: str) -> None:
    mine = control(running=1, wait_s=0)
    await turn(mine, "a", limits=limits).hold()
    late = turn(mine, "a", limits=limits)
    with pytest.raises(Refused) as caught:
        await late.hold()
    assert caught.value.fields.sqlstate == "53300"
    assert named in (caught.value.fields.hint or "")
    assert (mine.waiting, late.waiting) == (0, False)


async def test_what_goes_on_is_not_refused_and_comes_first() -> None:
    mine = control(running=1, waiting=1)
    first, new, resumed, second = (turn(mine, "a") for _ in range(4))
    await first.hold()
    await waiting(new)
    await waiting(resumed, again=True)
    await waiting(second, again=True)
    first.release()
    await settled()
    assert resumed.held
    resumed.release()
    await settled()
    assert second.held


async def test_a_cancelled_wait_leaves_nothing_behind() -> None:
    mine = control(running=1)
    first, second, third = turn(mine, "a"), turn(mine, "a"), turn(mine, "a")
    await first.hold()
    cancelled, task = await waiting(second), await waiting(third)
    cancelled.cancel()
    await settled()
    assert (mine.waiting, second.waiting) == (1, False)
    first.release()
    await task
    assert (mine.running, third.held) == (1, True)


async def test_a_cancel_that_meets_the_place_gives_it_on() -> None:
    mine = control(running=1)
    first, second, third = turn(mine, "a"), turn(mine, "a"), turn(mine, "a")
    await first.hold()
    cancelled, task = await waiting(second), await waiting(third)
    first.release()
    cancelled.cancel()
    await task
    assert (second.held, third.held, mine.running) == (False, True, 1)


async def test_who_was_held_back_by_the_head_of_its_line_goes_when_that_leaves() -> None:
    """The policy has changed between the two, so one line holds different limits."""
    mine = control(running=10)
    await turn(mine, "a", limits=(("a", 1),)).hold()
    head = await waiting(turn(mine, "a", limits=(("a", 1),)))
    behind = turn(mine, "a", limits=(("a", 5),))
    task = await waiting(behind)
    head.cancel()
    await task
    assert behind.held


def test_a_pool_is_named_by_its_roles() -> None:
    assert [pool_of(roles) for roles in ((), ("a",), ("a", "b"))] == ["none", "a", "a+b"]
