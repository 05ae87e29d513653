"""The line of a key in a TOML file, for errors: tomllib keeps no positions."""

from __future__ import annotations

import re


def line_of(text: str, section: str, key: str | None) -> str:
    """`:LINE` of a section or key as people write them, or nothing.

    Shapes: `section` is a header's name as it stands between the brackets; a key above all headers has "".
    """
    name = re.escape(key if key is not None else section)
    assignment = re.compile(rf"\s*[\"']?{name}[\"']?\s*[=.]")
    header = re.compile(
        rf"\s*\[\s*{re.escape(section)}\s*" + (r"\]" if key is None else rf"(\.\s*{name}\s*)?\]")
    )
    inside = key is None or not section
    for number, line in enumerate(text.splitlines(), 1):
        if found := header.match(line):
            if key is None or found[1]:
                return f":{number}"
            inside = True
        elif line.lstrip().startswith("["):
            inside = False
        elif inside and assignment.match(line):
            return f":{number}"
    return ""
