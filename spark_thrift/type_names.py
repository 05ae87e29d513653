"""Spark's type names as DESCRIBE prints them, parsed.

Rules: what cannot be read becomes an opaque type of the same outer name rather than an error: DESCRIBE writes
field names without quotes and shortens a struct of more than 25 fields (`... 5 more fields>`), so some types
cannot be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SparkType:
    """A parsed Spark type.

    Shapes: `args` is (p, s), (n,) or empty; `element` an array's; `fields` a struct's, in order, or a map's
    key and value; both empty where they could not be read.
    """

    name: str
    args: tuple[int, ...] = ()
    element: SparkType | None = None
    fields: tuple[tuple[str, SparkType], ...] = ()


_SYNONYMS = {
    "byte": "tinyint", "short": "smallint", "integer": "int", "long": "bigint", "real": "float",
    "dec": "decimal", "numeric": "decimal", "timestamp_ltz": "timestamp", "null": "void", "character": "char",
    "timestamp without time zone": "timestamp_ntz", "time without time zone": "time",
}  # fmt: skip

_HEAD = re.compile(r"([a-z_]+)\s*(?:\(\s*(-?\d+)\s*(?:,\s*(-?\d+)\s*)?\))?", re.ASCII)
_NESTED = re.compile(r"(array|map|struct)<(.*)>", re.ASCII | re.DOTALL | re.IGNORECASE)


def parse_spark_type(text: str) -> SparkType:
    """What is no known type comes back under its own lower-case text as the name."""
    text = text.strip()
    nested = _NESTED.fullmatch(text)
    if nested is not None:
        return _parse_nested(nested[1].lower(), nested[2])
    lowered = text.lower()
    if lowered.startswith("interval "):
        months = "year" in lowered or "month" in lowered
        return SparkType("interval year to month" if months else "interval day to second")
    if " collate " in lowered:
        return SparkType("collated string")
    if lowered in _SYNONYMS:
        return SparkType(_SYNONYMS[lowered])
    head = _HEAD.fullmatch(lowered)
    if head is None:
        return SparkType(lowered)
    name = _SYNONYMS.get(head[1], head[1])
    args = tuple(int(arg) for arg in head.groups()[1:] if arg is not None)
    if name == "decimal":
        # Spark's default is decimal(10,0).
        args = (*args, *(10, 0)[len(args) :])
    return SparkType(name, args)


def _parse_nested(name: str, inside: str) -> SparkType:
    if name == "array":
        return SparkType("array", element=parse_spark_type(inside))
    parts = _split(inside)
    if name == "map":
        if len(parts) != 2:
            return SparkType("map")
        return SparkType(
            "map", fields=(("key", parse_spark_type(parts[0])), ("value", parse_spark_type(parts[1])))
        )
    fields = []
    for part in parts:
        field, colon, kind = part.partition(":")
        if not colon or not field.strip():
            return SparkType("struct")
        fields.append((field.strip(), parse_spark_type(kind)))
    if len({field.lower() for field, _ in fields}) < len(fields):
        return SparkType("struct")
    return SparkType("struct", fields=tuple(fields))


def _split(text: str) -> list[str]:
    """At the commas that stand in no bracket."""
    parts, depth, begin = [], 0, 0
    for i, character in enumerate(text):
        if character in "<(":
            depth += 1
        elif character in ">)":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[begin:i])
            begin = i + 1
    return [*parts, text[begin:]] if text.strip() else []
