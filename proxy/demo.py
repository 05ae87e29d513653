"""What the demo says once it listens.  Its settings are conf/demo.toml."""

from __future__ import annotations

import sys
from pathlib import Path

from proxy.settings import Settings

USER = "demo"


def welcome(settings: Settings, host: str, port: int) -> str:
    """The psql line to paste and what to try there."""
    command = Path(sys.argv[0]).name if sys.argv[0].endswith("streamlink-sql") else "python -m proxy"
    lines = [
        "",
        "Ready.  Connect from another terminal, with this or any other PostgreSQL client:",
        "",
        f"    psql -h {host} -p {port} -U {USER} {settings.session.database}",
        "",
        "and try",
        "",
        r"    \dt",
        "    SELECT assignee, count(*) FROM google_full GROUP BY 1 ORDER BY 2 DESC LIMIT 10;",
        "    SELECT grant_year, count(*) FROM patent GROUP BY 1 ORDER BY 1;",
    ]
    if settings.model.enabled:
        lines.append("    nl: how many patents does each assignee have;")
        lines += ["", f'or from the shell:  {command} ask "which inventors have the most patents"']
    return "\n".join([*lines, "", "Ctrl-C stops everything.", ""])
