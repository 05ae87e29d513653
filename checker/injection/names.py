"""names.txt as tables: which family of an attacker's interests a name belongs to."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def _families() -> dict[str, tuple[frozenset[str], tuple[str, ...]]]:
    """Family -> (whole names, beginnings of names).  Raises: ValueError for a line that is not `family: names`."""
    whole: dict[str, set[str]] = {}
    begun: dict[str, set[str]] = {}
    text = files("checker.injection").joinpath("names.txt").read_text("utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        family, colon, names = line.partition(":")
        if not colon or not names.strip():
            raise ValueError(f"names.txt line {number}: expected `family: name name ...`")
        for name in names.split():
            if name.endswith("*"):
                begun.setdefault(family, set()).add(name[:-1])
            else:
                whole.setdefault(family, set()).add(name)
    return {
        family: (frozenset(whole.get(family, ())), tuple(sorted(begun.get(family, ()))))
        for family in whole.keys() | begun.keys()
    }


@cache
def of_family(family: str) -> frozenset[str]:
    """The whole names of a family."""
    return _families()[family][0]


def belongs(name: str, family: str) -> bool:
    """Whether a dotted, lower-case name, or the last part of it, is in the family."""
    whole, begun = _families()[family]
    last = name.rpartition(".")[2]
    return name in whole or last in whole or (bool(begun) and name.startswith(begun))


def is_secret(name: str) -> bool:
    """Whether a column's name promises a secret."""
    name = name.lower()
    return any(part in name for part in of_family("secret")) or name in ("pass", "hash", "token")


def is_identity(name: str) -> bool:
    name = name.lower()
    return any(part in name for part in of_family("identity"))
