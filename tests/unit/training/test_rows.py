"""When two results are one answer."""

from __future__ import annotations

from decimal import Decimal

import pytest

from training.rows import same_rows

Rows = list[tuple[object, ...]]


@pytest.mark.parametrize(
    ("got", "wanted", "as_set", "as_list"),
    [
        ([], [], True, True),
        ([(1,)], [], False, False),
        ([(1, "a"), (2, "b")], [("b", 2), ("a", 1)], True, False),
        ([(1, "a"), (2, "b")], [("a", 1), ("b", 2)], True, True),
        ([(1, 2), (2, 1)], [(1, 1), (2, 2)], False, False),
        ([(1,), (1,), (2,)], [(1,), (2,), (2,)], False, False),
        ([(1,)], [(1, 1)], False, False),
        ([(0.1 + 0.2,)], [(0.3,)], True, True),
        ([(0.301,)], [(0.3,)], False, False),
        ([(Decimal("2.50"),)], [(2.5,)], True, True),
        ([("1",)], [(1,)], False, False),
        ([(None, 1)], [(1, None)], True, True),
        ([([1, 2],)], [([1, 2],)], True, True),
        ([(1, 1, 2), (3, 3, 4)], [(2, 1, 1), (4, 3, 3)], True, True),
        # Each pair of columns fits, all three together do not.
        (
            [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)],
            [(0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 1)],
            False,
            False,
        ),
    ],
)
def test_same_rows(
    got: list[tuple[object, ...]], wanted: list[tuple[object, ...]], as_set: bool, as_list: bool
) -> None:
    assert same_rows(got, wanted, ordered=False) is as_set
    assert same_rows(wanted, got, ordered=False) is as_set
    assert same_rows(got, wanted, ordered=True) is as_list


def test_many_columns_do_not_take_long() -> None:
    wide = [tuple(range(row, row + 12)) for row in range(200)]
    assert same_rows(wide, [row[::-1] for row in wide], ordered=False)
    alike = [(0,) * 12] * 200
    assert same_rows(alike, alike, ordered=False)
