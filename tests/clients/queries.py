"""The statements of queries.sql, by name."""

from __future__ import annotations

import re
from pathlib import Path

_NAMED = re.compile(r"\n\n-- (?P<name>[^\n]+)\n(?P<sql>.*?);(?=\n)", re.DOTALL)

QUERIES = {
    match["name"]: match["sql"]
    for match in _NAMED.finditer(Path(__file__).with_name("queries.sql").read_text("utf-8"))
}

ENDLESS = "SELECT count(*) FROM inventor JOIN generate_series(1, 100000000000000) AS g(n) ON n % 7 = sequence"
"""Work for weeks.  Spark's tasks look at times whether they were cancelled; in the rows of a range they do so often."""
