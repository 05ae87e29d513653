"""The audit record and the firewall on a running server, through real clients; there is no Spark behind it.

Every test marks its statements with a word of its own, so that it counts its own records and no others.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.live import LiveServer, start_server

pytestmark = [pytest.mark.mirror, pytest.mark.client]

GRANTS: dict[str, dict[str, Any]] = {
    "demo": {"roles": ["analyst"], "audit": "all", "admin": True},
    "other": {"roles": ["app"], "audit": "own"},
    "nobody": {"roles": ["app"], "audit": "none"},
    "secret": {"audit": "own", "redact": True, "firewall": "learn", "roles": ["hidden"]},
    "app": {"roles": ["app"], "firewall": "learn"},
}
RULES = ["host all all loopback trust"]


class Place:
    """A server and its grants; `start` again goes on with the same data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.grants = folder / "grants.json"
        self.grant()
        self.server = self.start()

    def start(self, **audit: object) -> LiveServer:
        self.server = start_server(
            self.folder,
            program="tests.granted",
            environment={"TEST_GRANTS": str(self.grants)},
            auth={"rules": RULES},
            spark={"host": "127.0.0.1", "port": 1},
            audit=audit,
        )
        return self.server

    def grant(self, **changes: dict[str, Any]) -> None:
        self.grants.write_text(json.dumps({u: {**f, **changes.get(u, {})} for u, f in GRANTS.items()}))

    def connect(self, user: str = "demo", **options: Any) -> psycopg.Connection[tuple[Any, ...]]:
        conninfo = self.server.conninfo.replace("user=demo", f"user={user}")
        return psycopg.connect(conninfo, autocommit=True, **options)

    def rows(self, mark: str, columns: str = "outcome", expected: int | None = None) -> list[tuple[Any, ...]]:
        """The records whose statement holds the mark, oldest first, once `expected` of them are in the table."""
        end = time.monotonic() + 15
        while True:
            with self.connect() as connection:
                found = connection.execute(
                    f"SELECT {columns} FROM streamlink.audit WHERE position(%s in statement) > 0 "
                    "AND position('streamlink.audit' in statement) = 0 ORDER BY id",
                    [mark],
                ).fetchall()
            if expected is None or len(found) >= expected or time.monotonic() > end:
                return found
            time.sleep(0.1)

    def journal(self) -> list[dict[str, Any]]:
        files = sorted((self.folder / "data").glob("audit.jsonl*"))
        return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]

    def mirror_pid(self) -> int:
        listing = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.server.pid)], capture_output=True, text=True
        )
        return next(int(line.split(None, 1)[0]) for line in listing.stdout.splitlines() if "postgres" in line)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("audited"))
    yield place
    place.server.stop()


def settle() -> None:
    """Long enough for everything to be in the table, so that a record too many would be seen."""
    time.sleep(1)


def test_what_a_record_tells(place: Place) -> None:
    with place.connect("other", application_name="teller") as connection:
        pid = connection.info.backend_pid
        connection.execute("SELECT relname AS told FROM pg_class WHERE relname IN ('pg_class', 'pg_type')")
    columns = (
        "username, roles, database, application_name, client_addr, pid, kind, verdict, codes, engine, rows"
    )
    columns += ", outcome"
    (row,) = place.rows("AS told", columns, 1)
    assert row == (
        "other", ["app"], "spark_catalog", "teller", "127.0.0.1", pid, "SELECT", "allowed", [], "mirror", 2, "ok",
    )  # fmt: skip
    (row,) = place.rows("AS told", "bytes, gate_ms, plan_ms, first_row_ms, total_ms, shape, statement")
    assert row[0] > 20
    assert 0 < row[1] < row[4]
    assert 0 < row[3] <= row[4]
    assert len(row[5]) == 32
    assert row[6].startswith("SELECT relname AS told")
    assert "told" not in place.server.log()


def test_each_statement_of_a_query_has_one(place: Place) -> None:
    with place.connect() as connection:
        connection.execute(
            "SELECT 1 AS several; SET application_name = 'several'; SELECT 2 AS several; -- no several"
        )
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT 'a' AS severed; SELECT 1 / 0 AS severed; SELECT 3 AS severed")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT 'a' AS severance; DELETE FROM severance; SELECT 3 AS severance")
        with pytest.raises(psycopg.errors.SyntaxError):
            connection.execute("SELECT 'unterminated AS cutting")
        with pytest.raises(psycopg.errors.SyntaxError):
            connection.execute("SELECT FROM WHERE cutting")
    settle()
    assert place.rows("several") == [("ok",)] * 3
    assert sorted(place.rows("severed", "outcome, sqlstate, message")) == [
        ("error", "22012", "division by zero"), ("not run", None, None), ("ok", None, None),
    ]  # fmt: skip
    assert place.rows("severance", "outcome, verdict, codes") == [
        ("not run", "allowed", []), ("error", "denied", ["statement_kind"]), ("not run", None, []),
    ]  # fmt: skip
    assert (
        place.rows("cutting", "outcome, sqlstate, verdict, codes")
        == [("error", "42601", "denied", ["syntax"])] * 2
    )


def test_pipelines_and_prepared_statements(place: Place) -> None:
    with place.connect() as connection:
        with connection.pipeline():
            for number in range(20):
                connection.execute("SELECT %s::int AS piped", [number])
        for number in range(12):  # prepared on the way
            connection.execute("SELECT %s::int AS repeated", [number])
        broken = connection.pipeline()
        broken.__enter__()
        connection.execute("SELECT 1 AS broken_pipe")
        connection.execute("SELECT 1 / %s AS broken_pipe", [0])
        connection.execute("SELECT 2 AS broken_pipe")
        with pytest.raises(psycopg.errors.DivisionByZero):
            broken.__exit__(None, None, None)
    settle()
    assert place.rows("piped") == [("ok",)] * 20
    assert place.rows("repeated", "rows, outcome") == [(1, "ok")] * 12
    assert sorted(place.rows("broken_pipe")) == [("error",), ("not run",), ("ok",)]


def test_a_portal_in_pieces_and_one_that_is_given_up(place: Place) -> None:
    from tests.adversity.conftest import raw_session

    def message(kind: bytes, body: bytes) -> bytes:
        return kind + (len(body) + 4).to_bytes(4, "big") + body

    def parse(name: bytes, sql: bytes) -> bytes:
        return message(b"P", name + b"\0" + sql + b"\0\0\0")

    def bind(portal: bytes, name: bytes) -> bytes:
        return message(b"B", portal + b"\0" + name + b"\0\0\0\0\0\0\0")

    client = raw_session(place.server)
    pieces = parse(b"s", b"SELECT generate_series(1, 10) AS pieced") + bind(b"p", b"s")
    pieces += (
        message(b"E", b"p\0" + (4).to_bytes(4, "big")) * 2
        + message(b"E", b"p\0\0\0\0\0")
        + message(b"S", b"")
    )
    given_up = parse(b"u", b"SELECT 1 AS given_up") + bind(b"q", b"u") + message(b"S", b"")
    unbound = parse(b"v", b"SELECT 2 AS never_bound") + message(b"S", b"")
    client.sendall(pieces + given_up + unbound + message(b"X", b""))
    received = b""
    while chunk := client.recv(65536):
        received += chunk
    client.close()
    assert received.count(b"D\0\0\0") == 10
    settle()
    assert place.rows("pieced", "rows, outcome") == [(10, "ok")]
    assert place.rows("given_up") == [("not run",)]
    assert place.rows("never_bound") == [("not run",)]


SLOW = "SELECT count(*) AS {} FROM generate_series(1, 100000000) AS a, generate_series(1, 100) AS b"


def test_cancelled_timed_out_and_left(place: Place) -> None:
    with place.connect() as connection:
        timer = threading.Timer(0.5, connection.cancel)
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(SLOW.format("halted"))
        timer.join()
        connection.execute("SET statement_timeout = 300")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(SLOW.format("too_late"))
    leaving = place.connect()
    leaving.pgconn.send_query(SLOW.format("deserted").encode())
    time.sleep(0.5)
    leaving.pgconn.finish()
    ended = place.connect("other")
    ended.pgconn.send_query(SLOW.format("sent_away").encode())
    time.sleep(0.3)
    with place.connect("other") as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", [ended.info.backend_pid])
    ended.close()
    settle()
    assert place.rows("halted", "outcome, sqlstate", 1) == [("cancelled", "57014")]
    assert place.rows("too_late", "outcome, sqlstate", 1) == [("timeout", "57014")]
    assert place.rows("deserted", "outcome", 1) == [("disconnected",)]
    assert place.rows("sent_away", "outcome, sqlstate", 1) == [("error", "57P01")]


def test_whose_records_are_shown(place: Place) -> None:
    with place.connect("other") as connection:
        connection.execute("SELECT 1 AS mine")
    with place.connect("app") as connection:
        connection.execute("SELECT 2 AS mine")
    assert len(place.rows("AS mine", "outcome", 2)) == 2
    counted = "SELECT count(*), count(*) FILTER (WHERE username <> current_user) FROM streamlink.audit"
    with place.connect("other") as connection:
        row = connection.execute(counted).fetchone()
        assert row is not None
        assert row[0] > 0
        assert row[1] == 0
    with place.connect("nobody") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT * FROM streamlink.audit")


@pytest.mark.parametrize("user", ["demo", "other", "nobody"])
def test_records_can_only_be_added_to(place: Place, user: str) -> None:
    """Past the gate too: as the client's own role on the mirror, in a session that may write."""
    with place.connect(user) as connection:
        connection.execute("SELECT 1")  # so that the role is there
    socket_dir = place.folder / "data" / "mirror" / "run"
    with psycopg.connect(
        f"host={socket_dir} user={user} dbname=spark_catalog", autocommit=True
    ) as connection:
        connection.execute("SET default_transaction_read_only = off")
        for relation in ("audit", "audit_record", "audit_file", "shape", "shapes", "migration"):
            for statement in (
                f"DELETE FROM streamlink.{relation}", f"TRUNCATE streamlink.{relation}",
                f"INSERT INTO streamlink.{relation} DEFAULT VALUES",
                f"DROP TABLE streamlink.{relation}",
            ):  # fmt: skip
                with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.WrongObjectType)):
                    connection.execute(statement)
        for statement in (
            "UPDATE streamlink.audit SET statement = ''", "UPDATE streamlink.audit_record SET statement = ''",
            "UPDATE streamlink.shape SET state = 'allowed'", "UPDATE streamlink.shapes SET state = 'allowed'",
            "SELECT streamlink.review_shape(1, 'allowed')", "GRANT streamlink_admin TO other",
            "ALTER TABLE streamlink.audit_record DISABLE TRIGGER ALL", "SELECT * FROM streamlink.audit_record",
            "CREATE OR REPLACE VIEW streamlink.audit AS SELECT 1", "SET ROLE streamlink_admin",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_redacted_records_hold_no_values(place: Place) -> None:
    with place.connect("secret") as connection:
        connection.execute("SELECT 'hush-hush' AS redacted")
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT 'hush-hush'::int AS redacted")
        with pytest.raises(psycopg.Error):
            connection.execute("DELETE FROM redacted WHERE a = 'hush-hush'")
    rows = place.rows("redacted", "statement, message, verdict", 3)
    assert [row[0] for row in rows] == [
        "SELECT $1 AS redacted", "SELECT $1::int4 AS redacted", "delete from redacted where a = $1",
    ]  # fmt: skip
    assert {row[1] for row in rows} == {None}
    assert not any("hush-hush" in json.dumps(record) for record in place.journal())
    with place.connect() as connection:
        time.sleep(1.5)
        examples = connection.execute(
            "SELECT example FROM streamlink.shapes WHERE role = 'hidden'"
        ).fetchall()
    assert ("SELECT $1 AS redacted",) in examples


def test_a_mirror_killed_under_load_loses_no_record_and_doubles_none(place: Place) -> None:
    sent = 0
    stop = threading.Event()
    counts = [0, 0, 0]

    def work(index: int) -> None:
        while not stop.is_set():
            try:
                with place.connect() as connection:
                    while not stop.is_set():
                        counts[index] += 1
                        connection.execute(f"SELECT {counts[index]} AS worker_{index}")
            except psycopg.Error:
                time.sleep(0.05)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        time.sleep(1.5)
        os.kill(place.mirror_pid(), signal.SIGKILL)
        time.sleep(1.5)
    time.sleep(1)
    stop.set()
    for thread in threads:
        thread.join(20)
    sent = sum(counts)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            if len(place.rows("AS worker_")) >= sent:
                break
        except psycopg.Error:
            pass
        time.sleep(0.3)
    settle()
    rows = place.rows("AS worker_", "id::text, outcome")
    journal = [
        r
        for r in place.journal()
        if "AS worker_" in r["statement"] and "streamlink.audit" not in r["statement"]
    ]
    assert len(rows) == len(journal) == sent
    assert {row[0] for row in rows} == {record["id"] for record in journal}
    assert len({row[0] for row in rows}) == sent
    assert {row[1] for row in rows} >= {"ok", "error"}


def test_learning_review_and_enforcement_through_psql(place: Place) -> None:
    psql = shutil.which("psql")
    assert psql is not None, "psql is needed"

    def run(user: str, sql: str) -> subprocess.CompletedProcess[str]:
        conninfo = place.server.conninfo.replace("user=demo", f"user={user}")
        return subprocess.run(
            [psql, "-XAtq", conninfo, "-c", sql], capture_output=True, text=True, timeout=30
        )

    def wait_for(sql: str, wanted: str) -> str:
        end = time.monotonic() + 10
        while True:
            found = run("demo", sql)
            assert found.returncode == 0, found.stderr
            if found.stdout.strip() == wanted or time.monotonic() > end:
                return found.stdout.strip()
            time.sleep(0.2)

    known = "SELECT relname FROM pg_class WHERE relname = '{}'"
    for name in ("pg_class", "pg_type", "pg_proc"):
        assert run("app", known.format(name)).stdout.strip() == name
    ours = "FROM streamlink.shapes WHERE role = 'app' AND text LIKE 'SELECT relname%'"
    listed = f"SELECT state, seen, application_name {ours}"
    assert wait_for(listed, "learned|3|psql") == "learned|3|psql"

    # Nobody but an administrator reviews.
    identity = run(
        "demo", "SELECT id FROM streamlink.shapes WHERE role = 'app' AND text LIKE 'SELECT relname%'"
    ).stdout.strip()
    for user in ("app", "other", "nobody"):
        denied = run(user, f"SELECT streamlink.allow_shape({identity})")
        assert "permission denied for function allow_shape" in denied.stderr
        assert "permission denied for view shapes" in run(user, "SELECT * FROM streamlink.shapes").stderr

    place.grant(app={"firewall": "enforce"})
    denied = run("app", known.format("pg_class"))
    assert "permission denied: the firewall does not know this statement" in denied.stderr
    assert "HINT" in denied.stderr
    assert "role app is under the firewall's enforcement and its list is empty" in place.server.log()

    reviewed = run(
        "demo",
        "SELECT streamlink.allow_shape(id) FROM streamlink.shapes WHERE role = 'app' AND state = 'learned'",
    )
    assert "allowed" in reviewed.stdout, reviewed.stderr
    time.sleep(1.2)
    assert run("app", known.format("pg_index")).stdout.strip() == "pg_index"
    assert (
        run("app", "select RELNAME from pg_class /* new look */ where (relname = 'pg_am')").stdout.strip()
        == "pg_am"
    )
    attack = run("app", known.format("x' OR relname = 'pg_am"))
    assert "the firewall does not know this statement" in attack.stderr
    assert run("app", "BEGIN; SET application_name = 'x'; COMMIT").returncode == 0
    pending = (
        "SELECT state, example LIKE '%OR%' FROM streamlink.shapes WHERE role = 'app' AND text LIKE '% OR %'"
    )
    assert wait_for(pending, "pending|t") == "pending|t"
    assert place.rows("OR relname = 'pg_am", "outcome, codes, sqlstate", 1) == [
        ("error", ["firewall"], "42501")
    ]

    # A statement that was prepared before stops too, within a second of the review.
    with place.connect("app", prepare_threshold=0) as connection:
        assert connection.execute(known.format("pg_am")).fetchone() == ("pg_am",)
        run("demo", f"SELECT streamlink.forbid_shape({identity})")
        time.sleep(1.2)
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="forbids"):
            connection.execute(known.format("pg_am"))
    run("demo", f"SELECT streamlink.allow_shape({identity})")

    # What was reviewed outlives the server.
    place.server.stop()
    place.start()
    assert run("app", known.format("pg_am")).stdout.strip() == "pg_am"
    assert "the firewall does not know" in run("app", "SELECT relkind FROM pg_class").stderr
    place.grant()


def test_a_full_disk_stops_statements_and_loses_no_record(place: Place, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True
    )
    place.server.stop()
    if mounted.returncode:
        pytest.fail(f"a small file system is needed: {mounted.stderr.decode()}")
    try:
        place.start(file=str(small / "audit.jsonl"))
        done = 0

        def fill(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
            nonlocal done
            while True:
                connection.execute(f"SELECT {done} AS filling")
                done += 1

        with place.connect() as connection:
            with pytest.raises(psycopg.errors.DiskFull, match="could not write the audit record"):
                fill(connection)
            for _ in range(3):
                with pytest.raises(psycopg.errors.DiskFull):
                    connection.execute("SELECT 1 AS stopped")
            assert "statements stop" in place.server.log()
            subprocess.run(["mount", "-o", "remount,size=2m", str(small)], check=True)
            assert connection.execute("SELECT 1 AS going_on").fetchone() == (1,)
        # The statement whose record did not fit has it now; those that were refused never began.
        assert len(place.rows("AS filling", "outcome", done + 1)) == done + 1
        assert place.rows("AS stopped") == []
        assert len(place.rows("AS going_on", "outcome", 1)) == 1
    finally:
        place.server.stop()
        subprocess.run(["umount", "-l", str(small)], check=True)
        place.start()


def test_where_records_may_be_lost_statements_go_on(place: Place, tmp_path: Path) -> None:
    place.server.stop()
    full = Path("/dev/full")
    assert full.exists()
    place.server.stop()
    link = tmp_path / "audit.jsonl"
    link.symlink_to(full)
    place.start(file=str(link), on_failure="continue")
    try:
        with place.connect() as connection:
            for _ in range(3):
                assert connection.execute("SELECT 1").fetchone() == (1,)
        assert place.server.log().count("audit records are being lost") == 1
    finally:
        place.server.stop()
        place.start()
