from __future__ import annotations

import pytest

from spark_thrift.scan import leaf_bytes

JOIN = """\
== Optimized Logical Plan ==
Project [title#384], Statistics(sizeInBytes=317.9 GiB)
+- Join Inner, (id#382 = id#398), Statistics(sizeInBytes=772.1 GiB)
   :- Project [id#382, title#384], Statistics(sizeInBytes=3.0 MiB)
   :  +- Filter (year#391 > 2000), Statistics(sizeInBytes=14.6 MiB)
   :     +- Relation spark_catalog.s.t[id#382,title#384] parquet, Statistics(sizeInBytes=2.0 MiB, rowCount=3)
   +- Project [id#398], Statistics(sizeInBytes=255.1 KiB)
      +- Relation spark_catalog.s.u[id#398] parquet, Statistics(sizeInBytes=512.0 KiB)

== Physical Plan ==
AdaptiveSparkPlan isFinalPlan=false
"""
LITERAL = """\
== Optimized Logical Plan ==
Filter NOT (title#1 =
== Physical Plan ==
), Statistics(sizeInBytes=14.6 MiB)
+- Relation spark_catalog.s.t[title#1] parquet, Statistics(sizeInBytes=2.0 MiB)

== Physical Plan ==
FileScan
"""


def test_only_leaves_are_read() -> None:
    assert leaf_bytes(JOIN) == 2 * 1024**2 + 512 * 1024


@pytest.mark.parametrize(
    ("size", "expected"),
    [("12.0 B", 12), ("7.8 KiB", 7987), ("8.0 EiB", 8 * 1024**6), ("1.00E+12 EiB", 10**12 * 1024**6)],
)
def test_units(size: str, expected: int) -> None:
    plan = (
        f"== Optimized Logical Plan ==\nRange (0, 9), Statistics(sizeInBytes={size})\n\n== Physical Plan ==\n"
    )
    assert leaf_bytes(plan) == expected


def test_a_literal_cannot_hide_what_is_read() -> None:
    found = leaf_bytes(LITERAL)
    assert found is None or found >= 2 * 1024**2


@pytest.mark.parametrize(
    "plan",
    [
        "",
        "== Optimized Logical Plan ==\nRelation s.t\n\n== Physical Plan ==\n",
        "== Physical Plan ==\n== Optimized Logical Plan ==\n",
    ],
)
def test_what_cannot_be_read_is_unknown(plan: str) -> None:
    assert leaf_bytes(plan) is None
