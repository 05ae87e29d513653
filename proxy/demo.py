"""What the demo says once it listens.  Its settings are conf/demo.toml."""

from __future__ import annotations

import sys

from proxy.settings import Settings

USER = "demo"


def welcome(settings: Settings, host: str, port: int) -> str:
    """The psql line to paste and what to try there."""
    command = sys.argv[0] if sys.argv[0].endswith("streamlink-sql") else "python -m proxy"
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
        if settings.model_embedded and not _model_is_here(settings):
            lines += [
                "",
                f"The model {settings.model.name} is being fetched; questions work once it is here.",
            ]
    return "\n".join([*lines, "", "Ctrl-C stops everything.", ""])


def _model_is_here(settings: Settings) -> bool:
    from nl_frontend.errors import ModelUnavailable
    from nl_frontend.models import model_path

    try:
        return model_path(str(settings.model.file or settings.model.name)).is_file()
    except ModelUnavailable:
        return False
