"""psql (Debian's): what it prints, byte for byte."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.clients.place import Oracle, Place, libpq_environment
from tests.clients.queries import ENDLESS, QUERIES
from tests.live import LiveServer


def environment(place: Place) -> dict[str, str]:
    return {
        **os.environ,
        **libpq_environment(place),
        "LC_ALL": "C.UTF-8",
        "PSQL_PAGER": "cat",
        "PGSSLMODE": "disable",
    }


def psql(place: Place, *arguments: str, text: str = "", code: int = 0) -> str:
    """Standard output, then standard error."""
    done = subprocess.run(
        ["psql", "-X", *arguments],
        input=text, env=environment(place), capture_output=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("sql", QUERIES.values(), ids=list(QUERIES))
def test_query(server: LiveServer, oracle: Oracle, sql: str) -> None:
    assert psql(server, "-c", sql) == psql(oracle, "-c", sql)


@pytest.mark.parametrize(
    "arguments",
    [
        # Several in one -c: one simple query, one implicit transaction.
        (
            "-c",
            "SELECT count(*) FROM patent; SELECT 1 AS one; SHOW search_path; SELECT max(grant_year) FROM google_full",
        ),
        ("-c", "SELECT 1", "-c", "SELECT count(*) FROM cpc", "-c", "SELECT 'x' AS \"Y\""),
        ("-c", ""),
        ("-c", "/* ping */"),
        ("-c", ";;"),
        ("-At", "-F", "|", "-c", "SELECT * FROM assignee ORDER BY 1, 2 LIMIT 30"),
        ("--csv", "-c", "SELECT * FROM clients.kinds ORDER BY id"),
        ("-x", "-c", "SELECT * FROM clients.kinds ORDER BY id"),
        ("-H", "-c", "SELECT kind, count(*) FROM patent GROUP BY 1 ORDER BY 1"),
        ("-1", "-c", "SELECT count(*) FROM inventor", "-c", "SELECT 2"),
        ("-c", "COPY (SELECT * FROM clients.kinds ORDER BY id) TO STDOUT"),
        ("-c", r"\copy (SELECT * FROM inventor ORDER BY 1, 2, 3 LIMIT 1000) TO STDOUT WITH CSV HEADER"),
        ("-c", r"\copy (SELECT id, word, numbers FROM clients.kinds ORDER BY id) TO STDOUT"),
        ("-v", "FETCH_COUNT=300", "-c", "SELECT * FROM inventor ORDER BY 1, 2, 3 LIMIT 1000"),
        ("-c", "EXPLAIN (COSTS OFF) SELECT 1"),
        ("-c", "BEGIN", "-c", "DECLARE c CURSOR FOR SELECT patent_id FROM patent ORDER BY 1", "-c", "COMMIT"),
    ],
    ids=lambda arguments: " ".join(arguments)[:60],
)
def test_command_line(server: LiveServer, oracle: Oracle, arguments: tuple[str, ...]) -> None:
    assert psql(server, *arguments) == psql(oracle, *arguments)


def test_copy_to_a_file(server: LiveServer, oracle: Oracle, tmp_path: Path) -> None:
    files = []
    for name, place in (("server", server), ("oracle", oracle)):
        files.append(tmp_path / name)
        command = rf"\copy (SELECT * FROM cpc ORDER BY 1, 2, 4) TO '{files[-1]}' WITH (FORMAT binary)"
        assert psql(place, "-c", command) == "COPY 184022\n"
    assert files[0].read_bytes() == files[1].read_bytes()


SCRIPT = r"""
\set year 2008
SELECT count(*) FROM google_full WHERE grant_year = :year;
SELECT patent_id, title FROM patent WHERE grant_year = :year ORDER BY patent_id LIMIT 2 \gx
SELECT * FROM clients.kinds \gdesc
SELECT count(*) AS patents FROM patent \gset
\echo :patents
BEGIN;
DECLARE c CURSOR FOR SELECT patent_id FROM patent ORDER BY 1;
FETCH 3 FROM c;
MOVE 10 IN c;
FETCH c;
SAVEPOINT s;
SELECT nonsense FROM patent;
SELECT 1;
ROLLBACK TO s;
FETCH FORWARD 2 FROM c;
CLOSE c;
COMMIT;
DECLARE held CURSOR WITH HOLD FOR SELECT kind, count(*) FROM patent GROUP BY 1 ORDER BY 1;
FETCH ALL FROM held;
CLOSE held;
PREPARE by_year(int) AS SELECT count(*) FROM patent WHERE grant_year = $1;
EXECUTE by_year(2007);
EXECUTE by_year(2008);
DEALLOCATE by_year;
SELECT grant_year FROM google_full WHERE grant_year > 2010 GROUP BY 1 ORDER BY 1 \crosstabview
\if :{?patents}
SELECT 'yes' AS answer;
\endif
\timing off
\watch c=1 i=0
SELECT $1::int + $2 AS total \bind 1 2 \g
COMMIT;
SELECT 1/0;
SELECT count(*) FROM patent WHERE;
"""


@pytest.mark.parametrize("how", ["-f", "standard input"])
def test_script(server: LiveServer, oracle: Oracle, how: str, tmp_path: Path) -> None:
    script = tmp_path / "script.sql"
    # psql 15 knows no \bind, and \crosstabview wants three columns.
    lines = [line for line in SCRIPT.splitlines() if not re.search(r"\\(bind|watch|crosstabview)", line)]
    script.write_text("\n".join(lines), "utf-8")
    outputs = []
    for place in (server, oracle):
        if how == "-f":
            outputs.append(psql(place, "-a", "-f", str(script)))
        else:
            outputs.append(psql(place, text=script.read_text("utf-8")))
    assert outputs[0] == outputs[1]
    assert "ERROR:  " in outputs[0]


@pytest.mark.parametrize(
    "command",
    [
        r"\d",
        r"\dt",
        r"\dt patents.*",
        r"\d google_full",
        r"\d clients.kinds",
        r"\d cpc",
        r"\dv",
        r"\df clients.*",
    ],
)
def test_describing(server: LiveServer, oracle: Oracle, command: str) -> None:
    """The same but for who owns the tables."""

    def shown(place: Place) -> list[str]:
        lines = psql(place, "-At", "-c", command).splitlines()
        return [
            line.rpartition("|")[0] if command.startswith((r"\d", r"\dt")) and "|table|" in line else line
            for line in lines
        ]

    assert shown(server) == shown(oracle)


@pytest.mark.parametrize(
    "command",
    [
        r"\d+ google_full",
        r"\dn+",
        r"\du",
        r"\dp",
        r"\conninfo",
        r"\dT",
        r"\sf version",
        r"\dconfig TimeZone",
        r"\z patent",
    ],
)
def test_describing_more(server: LiveServer, command: str) -> None:
    """What has facts of its own must be answered, without an error."""
    assert "ERROR" not in psql(server, "-c", command)


def test_a_server_newer_than_psql(server: LiveServer, oracle: Oracle) -> None:
    r"""psql 15's \l names a column that PostgreSQL 17 renamed: the same answer as any PostgreSQL 18 gives it."""
    version = subprocess.run(["psql", "--version"], capture_output=True, text=True, check=True).stdout
    code = 1 if int(version.split()[2].partition(".")[0]) < 17 else 0
    ours, theirs = (psql(place, "-c", r"\l", code=code) for place in (server, oracle))
    assert ("daticulocale" in ours) == ("daticulocale" in theirs) == bool(code)


def test_comments_of_the_sample(server: LiveServer) -> None:
    assert "google_full" in psql(server, "-At", "-c", r"\dt+")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT titel FROM patent",
        "SELECT * FROM patents.nowhere",
        "SELECT title FRM patent",
        "SELECT 1 WHERE",
        "SELECT 1 WHERE;",
        "SELECT 1 AS one; SELECT 2 WHERE /* ; */ ; SELECT 3",
        "SELECT title FROM patent ORDER BY ;",
        "SHOW;",
    ],
)
def test_error_shows_its_place(server: LiveServer, oracle: Oracle, sql: str) -> None:
    # HINTs are Spark's, where PostgreSQL has none or others.
    ours, theirs = (
        re.sub(r"(HINT|DETAIL):.*\n", "", psql(place, "-c", sql, code=1)) for place in (server, oracle)
    )
    assert ours == theirs


def test_interrupt(server: LiveServer) -> None:
    process = subprocess.Popen(
        ["psql", "-X", "-c", ENDLESS], env=environment(server), stderr=subprocess.PIPE, encoding="utf-8"
    )
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert errors == "Cancel request sent\nERROR:  canceling statement due to user request\n"
