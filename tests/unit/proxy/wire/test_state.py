"""The transition tables hold together."""

from __future__ import annotations

from proxy.wire.connection import _READERS
from proxy.wire.state import BACKEND, FIRST_PACKET, MESSAGE, Action, State


def test_every_state_can_be_left_or_is_an_end() -> None:
    left = {*FIRST_PACKET, *MESSAGE, *(state for state, _ in BACKEND)}
    assert set(State) - left == {State.BROKEN, State.CLOSED}


def test_every_state_can_be_reached() -> None:
    reached = {State.START}
    while True:
        steps = {
            target
            for table in (FIRST_PACKET, MESSAGE)
            for state, row in table.items()
            if state in reached
            for target in row.values()
        }
        steps |= {target for (state, _), target in BACKEND.items() if state in reached}
        if steps <= reached:
            break
        reached |= steps
    assert set(State) - reached == {State.BROKEN}


def test_it_is_always_one_side_that_is_asked_first() -> None:
    assert not set(FIRST_PACKET) & set(MESSAGE)


def test_ready_answers_the_start_each_query_and_each_sync_and_nothing_else() -> None:
    ready = {state for state, action in BACKEND if action is Action.READY}
    assert ready == {State.SETUP, State.SIMPLE, State.SYNCING}


def test_only_sync_and_terminate_end_the_skipping() -> None:
    assert set(MESSAGE[State.SKIPPING]) == set(b"SX")


def test_every_message_of_the_session_has_a_reader() -> None:
    session = {kind for state, row in MESSAGE.items() if state >= State.IDLE for kind in row}
    assert session == set(_READERS)
