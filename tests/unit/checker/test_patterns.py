"""A policy's patterns against names."""

from __future__ import annotations

import pytest

from checker.patterns import any_fits, fits, fits_table


@pytest.mark.parametrize(
    ("pattern", "names", "fitting"),
    [
        ("w.t", "w.t", True),
        ("W.T", "w.t", True),
        ("w.*", "w.anything", True),
        ("*.*", "w.t", True),
        ("w.t?", "w.t1", True),
        ("w.t?", "w.t", False),
        ("w.t", "x.t", False),
        ("*", "w.t", False),
        ("w.t.a", "w.t", False),
        ("w", "w", True),
        ("*", "w", True),
        ("w.*", "w", False),
        ("w.[t]", "w.t", False),
        ("w.[t]", "w.[t]", True),
    ],
)
def test_a_pattern_fits_part_by_part(pattern: str, names: str, fitting: bool) -> None:
    assert fits(pattern, *names.split(".")) is fitting


def test_three_parts_speak_of_a_tables_columns() -> None:
    assert fits_table("s.t.*", "S", "T")
    assert not fits_table("s.t", "s", "t")
    assert fits("s.*.name", "s", "t", "NAME")
    assert not fits("s.t", "s", "t", "name")


def test_any() -> None:
    assert any_fits(("a.b", "s.*"), "s", "t")
    assert not any_fits((), "s", "t")
