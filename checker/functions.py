"""functions.txt and spark/functions.txt as tables: name -> kind."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

DENIED = "denied"
ADMIN = "admin"
"""Functions of the schema streamlink that change the product's own state."""
FIELD = "field"
"""Not functions: names of the columns that PostgreSQL's own composite values have."""


@cache
def function_kinds() -> dict[str, str]:
    """Every function that the gate knows, with its kind.  Raises: ValueError for a line that is not `kind: names`."""
    return _read("functions.txt")


@cache
def spark_function_kinds() -> dict[str, str]:
    """The same of Spark's functions, for statements in Spark SQL.  Raises: as function_kinds."""
    return _read("spark/functions.txt")


def _read(name: str) -> dict[str, str]:
    kinds: dict[str, str] = {}
    for number, line in enumerate(files("checker").joinpath(name).read_text("utf-8").splitlines(), 1):
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        kind, colon, names = line.partition(":")
        if not colon or not names.strip():
            raise ValueError(f"{name} line {number}: expected `kind: name name ...`")
        for name in names.split():
            # A name that is denied anywhere is denied.
            if kinds.get(name) != DENIED:
                kinds[name] = kind
    return kinds
