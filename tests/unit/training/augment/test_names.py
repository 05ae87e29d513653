"""Short names, the patterns that find them, and typing errors."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.augment.names import pattern_of, short_name, slip, without_legal_form

HOLDERS = {
    "Intel Corporation": 900, "Intel IP Corporation": 49, "AT&T Intellectual Property I, L.P.": 199,
    "NVIDIA Corporation": 5000, "NVIDIA International, Inc.": 15, "Red Hat, Inc.": 240, "Infrared Systems": 90,
    "Samsung Electronics Co., Ltd.": 468,
}  # fmt: skip


@pytest.mark.parametrize(
    ("full", "core"),
    [("Intel Corporation", "Intel"), ("Samsung Electronics Co., Ltd.", "Samsung Electronics"),
     ("AT&T Intellectual Property I, L.P.", "AT&T Intellectual Property I"), ("Company", "Company"),
     ("The MathWorks, Inc.", "MathWorks"), ("SAP AG", "SAP")],
)  # fmt: skip
def test_legal_forms_go(full: str, core: str) -> None:
    assert without_legal_form(full) == core


def test_a_short_name_means_one_holder() -> None:
    assert short_name("NVIDIA Corporation", HOLDERS) == "NVIDIA"
    assert short_name("NVIDIA International, Inc.", HOLDERS) == "NVIDIA International"
    assert short_name("Red Hat, Inc.", HOLDERS) == "Red Hat"


def test_the_pattern_does_not_count_others_in() -> None:
    assert pattern_of("Intel", HOLDERS, "Intel Corporation") == "Intel "
    assert pattern_of("NVIDIA", HOLDERS, "NVIDIA Corporation") == "NVIDIA"
    assert pattern_of("Red", HOLDERS, "Red Hat, Inc.") == "Red Hat, Inc."


@given(st.integers())
def test_a_slip_is_one_letter_off_and_keeps_the_first(seed: int) -> None:
    wrong = slip("Microsoft Corp", random.Random(seed))
    assert wrong != "Microsoft Corp"
    assert wrong[0] == "M"
    assert wrong.endswith(" Corp")
    assert abs(len(wrong) - len("Microsoft Corp")) <= 1
    assert slip("IBM", random.Random(seed)) == "IBM"
