"""Whether two results are the same answer, by the rules of Spider's test suite.

Rules: rows are a multiset, and a sequence only where the gold statement orders them; columns may stand in any order;
names do not count; two empty results are the same.  Numbers count to ten digits, so that the order in which a sum was
added up does not.
Source: Zhong et al., "Semantic Evaluation for Text-to-SQL with Distilled Test Suites" (EMNLP 2020).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

Row = Sequence[Any]


def same_rows(got: Sequence[Row], wanted: Sequence[Row], *, ordered: bool) -> bool:
    """Shapes: rows of one result have one width."""
    if len(got) != len(wanted):
        return False
    if not got:
        return True
    if len(got[0]) != len(wanted[0]):
        return False
    ours = list(zip(*(map(_cell, row) for row in got), strict=True))
    theirs = list(zip(*(map(_cell, row) for row in wanted), strict=True))
    if ordered:
        return Counter(ours) == Counter(theirs)
    counts = [Counter(column) for column in theirs]
    fits = [[i for i, column in enumerate(ours) if Counter(column) == count] for count in counts]
    return _arranged(ours, theirs, fits, ())


def _arranged(
    ours: Sequence[Row], theirs: Sequence[Row], fits: Sequence[Sequence[int]], taken: tuple[int, ...]
) -> bool:
    """Whether our columns, after those `taken` for their first ones, can be put in their order."""
    if len(taken) == len(theirs):
        return True
    for column in fits[len(taken)]:
        if column in taken:
            continue
        chosen = (*taken, column)
        mine = Counter(zip(*(ours[i] for i in chosen), strict=True))
        if mine == Counter(zip(*theirs[: len(chosen)], strict=True)) and _arranged(
            ours, theirs, fits, chosen
        ):
            return True
    return False


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if isinstance(value, list | dict):
        return repr(value)
    return value
