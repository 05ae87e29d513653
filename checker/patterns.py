"""Patterns of a policy against names: `sales.*`, `*.customers`, `hr.staff.salary`.

Rules: parts are separated by dots, * and ? stay within a part, and case does not count: Spark is blind to it, so a name
that differs from a protected one in case alone has to fit the same patterns.  A pattern of two parts speaks of tables,
one of three of columns.

Left out: names that hold a dot themselves; a ? in the pattern stands for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_PARTS_KEPT = 4096


@lru_cache(_PARTS_KEPT)
def _part(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(c, re.escape(c)) for c in pattern.lower()) + r"\Z", re.DOTALL)


@lru_cache(_PARTS_KEPT)
def parts_of(pattern: str) -> tuple[re.Pattern[str], ...]:
    """The parts of one pattern, ready to match names in lower case."""
    return tuple(map(_part, pattern.split(".")))


def fits(pattern: str, *names: str) -> bool:
    """Whether the pattern has as many parts as there are names, and each of them fits."""
    parts = parts_of(pattern)
    return len(parts) == len(names) and all(
        part.match(name.lower()) for part, name in zip(parts, names, strict=True)
    )


def fits_table(pattern: str, schema: str, table: str) -> bool:
    """Whether a pattern of three parts speaks of columns of this table."""
    parts = parts_of(pattern)
    return len(parts) == 3 and bool(parts[0].match(schema.lower()) and parts[1].match(table.lower()))


def any_fits(patterns: Sequence[str], *names: str) -> bool:
    return any(fits(pattern, *names) for pattern in patterns)
