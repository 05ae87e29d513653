"""The statements of queries.sql, by name."""

from __future__ import annotations

import re
from pathlib import Path

_NAMED = re.compile(r"\n\n-- (?P<name>[^\n]+)\n(?P<sql>.*?);(?=\n)", re.DOTALL)

QUERIES = {
    match["name"]: match["sql"]
    for match in _NAMED.finditer(Path(__file__).with_name("queries.sql").read_text("utf-8"))
}

ENDLESS = "SELECT count(*) FROM cpc AS a JOIN cpc AS b ON a.cpc_code < b.patent_id || a.patent_id"
"""Work for hours: there is nothing to hash by."""
