"""functions.txt as a table: name -> kind."""

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
    kinds: dict[str, str] = {}
    for number, line in enumerate(
        files("checker").joinpath("functions.txt").read_text("utf-8").splitlines(), 1
    ):
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        kind, colon, names = line.partition(":")
        if not colon or not names.strip():
            raise ValueError(f"functions.txt line {number}: expected `kind: name name ...`")
        for name in names.split():
            # A name that is denied anywhere is denied.
            if kinds.get(name) != DENIED:
                kinds[name] = kind
    return kinds
