"""Names and strings as Spark reads them in one way only, whatever its settings are."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def quote_name(name: str) -> str:
    """A name in backquotes.  Raises: ValueError for one that Spark would not take as it stands."""
    if not name or "${" in name or _CONTROL.search(name):
        raise ValueError("not a name")
    return "`" + name.replace("`", "``") + "`"


def quote_text(value: str) -> str:
    """A string: Spark has backslash escapes, and replaces `${name}` in a statement before it parses it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\u0024{")
    return "'" + _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped) + "'"
