"""How many bytes a query would read, by Spark's own estimate, before it runs.

The plan that EXPLAIN COST prints is a tree of indented lines, each with its size; what is read are its leaves, after
partitions were pruned.  Rules: a leaf without a size is unknown, and the whole is then unknown; text of the client's
(a literal with line breaks) can only add lines above a leaf, so it can make the estimate greater, never smaller.

Source: org.apache.spark.sql.execution.QueryExecution.toStringWithStats; Utils.bytesToString.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from spark_thrift.session import SparkSession

_LOGICAL: Final = "== Optimized Logical Plan =="
_PHYSICAL: Final = "\n== Physical Plan =="
_INDENT: Final = re.compile(r"[ :|]*(?:[+:]- )?")
_SIZE: Final = re.compile(r"Statistics\(sizeInBytes=([0-9.]+(?:E\+?[0-9]+)?) (B|[KMGTPE]iB)[,)]")
_UNITS: Final = {
    unit: 1024**power for power, unit in enumerate(["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
}


async def scanned_bytes(session: SparkSession, sql: str) -> int | None:
    """The estimate, or None where Spark has none.  Raises: SparkError, EngineUnavailable."""
    rows = await session.run_command(f"EXPLAIN COST {sql}")
    return leaf_bytes("\n".join(row[0] or "" for row in rows))


def leaf_bytes(plan: str) -> int | None:
    """The sizes of a printed plan's leaves, added up; None for a plan that cannot be read."""
    begin, end = plan.find(_LOGICAL), plan.rfind(_PHYSICAL)
    if begin < 0 or end < begin:
        return None
    total = 0
    for line in _leaves(plan[begin + len(_LOGICAL) : end].strip("\n").split("\n")):
        sizes = _SIZE.findall(line)
        if not sizes:
            return None
        number, unit = sizes[-1]
        total += int(float(number) * _UNITS[unit])
    return total


def _leaves(lines: list[str]) -> Iterator[str]:
    lines = [line for line in lines if line.strip()]
    depths = [_depth(line) for line in lines]
    for line, depth, below in zip(lines, depths, [*depths[1:], 0], strict=True):
        if below <= depth:
            yield line


def _depth(line: str) -> int:
    found = _INDENT.match(line)
    return found.end() if found else 0
