"""pgcli: its catalogue queries on start, and a statement at its prompt."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

from tests.clients.place import libpq_environment
from tests.live import LiveServer

PGCLI = Path(sys.executable).with_name("pgcli")


def environment(server: LiveServer, home: Path) -> dict[str, str]:
    terminal = {"TERM": "dumb", "LC_ALL": "C.UTF-8", "PAGER": "cat", "COLUMNS": "200", "LINES": "60"}
    return {
        **os.environ,
        **libpq_environment(server),
        **terminal,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
    }


def test_list_of_databases(server: LiveServer, tmp_path: Path) -> None:
    done = subprocess.run(
        [PGCLI, "--list"], env=environment(server, tmp_path), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "spark_catalog" in done.stdout


def test_prompt(server: LiveServer, tmp_path: Path) -> None:
    """A statement, two backslash commands (pgcli's own queries) and an error, at a terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [PGCLI, "--no-password", "--less-chatty"],
        stdin=follower, stdout=follower, stderr=follower, env=environment(server, tmp_path), start_new_session=True,
    )  # fmt: skip
    os.close(follower)
    screen = ""

    def read_until(pattern: str) -> None:
        nonlocal screen
        deadline = time.monotonic() + 60
        seen = ""
        while not re.search(pattern, seen):
            assert time.monotonic() < deadline, screen
            if select.select([leader], [], [], 1)[0]:
                chunk = os.read(leader, 65536).decode("utf-8", "replace")
                if "\x1b[6n" in chunk:
                    # The terminal is asked where its cursor is.
                    os.write(leader, b"\x1b[1;1R")
                seen += chunk
                screen += chunk

    try:
        read_until("spark_catalog>")
        for line, answer in (
            ("SELECT count(*) AS patents FROM google_full;", "59931"),
            (r"\dt patents.*", "google_full"),
            (r"\d patents.inventor", "patent_id"),
            ("SELECT nonsense FROM patent;", 'column "nonsense" does not exist'),
        ):
            os.write(leader, f"{line}\r".encode())
            read_until(re.escape(answer))
        os.write(leader, b"\\q\r")
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(leader)
