"""Which questions go on from the last one, and what they are understood as."""

from __future__ import annotations

import pytest

from nl_frontend.follow_up import Conversation, goes_on, together


@pytest.mark.parametrize(
    "prose",
    [
        "and per year?",
        "And how many in 2012?",
        "only those of 2012",
        "what about NVIDIA",
        "not Samsung but NVIDIA",
        "no, not Samsung but NVIDIA",
        "NVIDIA instead of Samsung",
        "how about the last ten years?",
        "per year",
        "by country",
        "in Germany",
        "since 2009 only",
        "sorted by title",
        "without the expired ones",
        "instead of patents count companies",
        "how many of those are from Japan?",
        "which of them were granted first",
        "count of patents for these",
        "the same for Samsung",
        "list those",
        "now as a percentage",
    ],
)
def test_what_cannot_stand_alone(prose: str) -> None:
    assert goes_on(prose)


@pytest.mark.parametrize(
    "prose",
    [
        "how many patents has Intel?",
        "patents per year",
        "top 10 companies by patents since 2009",
        "In 2012, how many patents did Intel file?",
        "for each company, list the newest patent",
        "companies and their cities",
        "which patents name those who live in Oregon",
        "titles of those in class H04L",
        "inventors with the same last name",
        "patents without an assignee",
        "butter patents",
        "orders by region",
        "",
    ],
)
def test_what_stands_alone(prose: str) -> None:
    assert not goes_on(prose)


@pytest.mark.parametrize(
    ("last", "prose", "understood"),
    [
        (
            "how many patents did Samsung get in 2015?",
            "and in 2016?",
            "how many patents did Samsung get in 2016",
        ),
        ("how many patents has Intel", "what about NVIDIA", "how many patents has NVIDIA"),
        (
            "Top inventors of Samsung since 2010",
            "not Samsung but NVIDIA",
            "Top inventors of NVIDIA since 2010",
        ),
        (
            "patents of samsung in 2010",
            "no, not Samsung, but Texas Instruments!",
            "patents of Texas Instruments in 2010",
        ),
        ("patents of Samsung in 2010", "and NVIDIA instead of Samsung", "patents of NVIDIA in 2010"),
        (
            "patents of 2010 granted since 2010",
            "not 2010 but 2011",
            "patents of 2010 granted since 2010; not 2010 but 2011",
        ),
        ("patents of Samsung", "not Intel but NVIDIA", "patents of Samsung; not Intel but NVIDIA"),
        ("How many patents has Texas Instruments", "the same for AT&T instead", "How many patents has AT&T"),
        (
            "patents of Intel since 2009",
            "and Advanced Micro Devices?",
            "patents of Advanced Micro Devices since 2009",
        ),
        # which of two, or none of its kind: both as they are
        (
            "patents of Intel in 2009 and 2010",
            "and in 2012?",
            "patents of Intel in 2009 and 2010; and in 2012?",
        ),
        ("has Intel more than IBM", "what about Apple", "has Intel more than IBM; what about Apple"),
        ("top 10 companies", "and in 2012?", "top 10 companies; and in 2012?"),
        ("how many patents are there", "and per year?", "how many patents are there; and per year?"),
        ("patents of Intel", "and which of them are old", "patents of Intel; and which of them are old"),
    ],
)
def test_what_two_questions_mean_together(last: str, prose: str, understood: str) -> None:
    assert together(last, prose) == understood


def test_a_conversation() -> None:
    talk = Conversation()
    assert talk.understood("and per year?") == ("and per year?", None), "there is nothing to go on from"
    talk.answered("patents of Intel?", "patents of Intel?", "SELECT 1")
    full, before = talk.understood("and per year?")
    assert (full, before) == ("patents of Intel; and per year?", ("patents of Intel?", "SELECT 1"))
    talk.answered("and per year?", full, "SELECT 2")
    assert talk.understood("and per year?") == (full, before), "a client sends a statement twice"
    further, _ = talk.understood("only 2012")
    assert further == "patents of Intel; and per year; only 2012"
    talk.answered("only 2012", further, "SELECT 3")
    assert talk.understood("and per year?", again=True) == (full, before), "as it was when it was prepared"
    assert talk.understood("and per year?")[0] == "patents of Intel; and per year; only 2012; and per year?"
    talk.answered("how many companies", "how many companies", "SELECT 4")
    assert talk.understood("and per year?")[0] == "how many companies; and per year?"


def test_many_follow_ups_do_not_fill_the_memory() -> None:
    talk = Conversation()
    talk.answered("patents", "patents", "SELECT 1")
    for number in range(1_000):
        talk.understood(f"and in {number}")
    assert len(talk._heard) <= 100
