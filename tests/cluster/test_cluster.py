"""The small cluster as `streamlink-sql cluster` runs it: its rows, and the loss of one process after the other."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest

from nl_frontend.models import pull
from proxy.cluster import config, control
from proxy.cluster.parts import Cluster
from proxy.settings import shipped
from tests.live import ROOT
from tests.ports import free_base

ROWS, CODES = 184_022, 17_998
QUERY = "SELECT count(*), count(DISTINCT cpc_code) FROM shop.cpc"
DEADLINE_S = 60
"""Of one statement, on the server and in the test."""
LOSSES = (
    "datanode-1",
    "worker-1",
    "executor",
    "master",
    "thrift-1",
    "node-1",
    "server-1",
    "postgres",
    "namenode",
)
MODEL = "smollm2-135m"
"""Its answers are of no use here; that there are any is."""
CLEAN = {"08006", "08001", "57P01", "57P03", "53300"}
"""What a client may be told while something is gone; a connection that is refused or broken has no SQLSTATE of its own,
and counts as 08006."""


def command(cluster: Path, action: str, *, status: int = 0) -> str:
    words = [sys.executable, "-m", "proxy", "cluster", action, "--config", str(cluster / "cluster.toml")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == status, f"{action}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the cluster and of its configuration."""
    folder = tmp_path_factory.mktemp("cluster")
    os.chmod(folder.parent, 0o711)  # PostgreSQL's user passes through
    os.chmod(folder.parent.parent, 0o711)
    base = free_base(420)
    text = (shipped("cluster") / "small.toml").read_text("utf-8")
    text = re.sub(r'folder = ".*"', f'folder = "{folder / "data"}"', text)
    for line, ours in {
        "base_port = 19000": f"base_port = {base}",
        "port = 5433": f"port = {base + 410}",
        "nodes = 0": "nodes = 2",
        'name = "qwen2.5-coder-0.5b"': f'name = "{MODEL}"',
    }.items():
        assert line in text
        text = text.replace(line, ours)
    (folder / "cluster.toml").write_text(text, "utf-8")
    pull(MODEL)
    try:
        said = command(folder, "up")
        assert f"psql -h 127.0.0.1 -p {base + 410} -U demo spark_catalog" in said
        load = [
            sys.executable,
            "-m",
            "proxy",
            "load",
            str(shipped("sample") / "cpc.parquet"),
            "--table",
            "shop.cpc",
        ]
        server = ["--conf", str(folder / "data" / "server-1.toml")]
        subprocess.run([*load, *server], cwd=ROOT, check=True, capture_output=True, timeout=120)
        yield folder
    finally:
        command(folder, "down")


@pytest.fixture(scope="module")
def cluster(place: Path) -> Cluster:
    return Cluster(config.read(place / "cluster.toml"))


def connected(cluster: Cluster, server: int, name: str = "") -> psycopg.Connection[tuple[int, ...]]:
    port = cluster.port(f"server-{server}")
    conninfo = f"host=127.0.0.1 port={port} user=demo dbname=spark_catalog connect_timeout=10"
    conninfo += f" application_name='{name}'"
    connection: psycopg.Connection[tuple[int, ...]] = psycopg.connect(conninfo, autocommit=True)
    connection.execute(f"SET statement_timeout = {DEADLINE_S * 1000}")
    return connection


def test_every_server_has_the_same_rows(cluster: Cluster) -> None:
    for server in (1, 2):
        with connected(cluster, server) as connection:
            deadline = time.monotonic() + 60
            while connection.execute("SELECT to_regclass('shop.cpc') IS NOT NULL").fetchone() != (True,):
                assert time.monotonic() < deadline
                time.sleep(0.5)
            assert connection.execute(QUERY).fetchone() == (ROWS, CODES)


def test_each_block_is_on_two_datanodes(cluster: Cluster) -> None:
    told = cluster.hdfs("/warehouse", "-files", "-blocks")
    assert "Live_repl=2" in told
    assert set(re.findall(r"Live_repl=(\d+)", told)) == {"2"}


def test_status_and_up_again(place: Path, cluster: Cluster) -> None:
    told = command(place, "status").splitlines()
    assert [line.split()[0] for line in told] == cluster.names
    assert all(line.split()[1] == "up" for line in told)
    before = {name: cluster.processes.find(name) for name in cluster.names}
    command(place, "up")
    assert {name: cluster.processes.find(name) for name in cluster.names} == before


def test_nothing_secret_is_on_a_command_line(cluster: Cluster) -> None:
    secrets = [file.read_text("utf-8") for file in (cluster.folder / "secrets").iterdir()]
    assert len(secrets) >= 4
    for file in (cluster.folder / "secrets").iterdir():
        assert file.stat().st_mode & 0o077 == 0
    for name in cluster.names:
        running = cluster.processes.find(name)
        assert running is not None
        line = Path(f"/proc/{running.pid}/cmdline").read_bytes().decode()
        environment = Path(f"/proc/{running.pid}/environ").read_bytes().decode()
        assert not any(secret in line or secret in environment for secret in secrets), name


@pytest.fixture
def nginx(cluster: Cluster, tmp_path: Path) -> Iterator[int]:
    """The port of an nginx before both servers, with the file that ships."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    assert os.access(program, os.X_OK), "missing: nginx (apt install nginx-light libnginx-mod-stream)"
    port = free_base(1)
    text = (shipped("cluster") / "nginx.conf").read_text("utf-8")
    for old, new in (
        ("load_module modules/", "load_module /usr/lib/nginx/modules/"),
        ("/run/streamlink-nginx.pid", str(tmp_path / "pid")),
        ("/var/log/nginx/streamlink.log", str(tmp_path / "log")),
        ("10.0.0.11:5433", f"127.0.0.1:{cluster.port('server-1')}"),
        ("10.0.0.12:5433", f"127.0.0.1:{cluster.port('server-2')}"),
        ("0.0.0.0:5432", f"127.0.0.1:{port}"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    conf = tmp_path / "nginx.conf"
    conf.write_text(text, "utf-8")
    command = [program, "-c", str(conf), "-p", str(tmp_path), "-g", "daemon off;"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    until(lambda: control.answers(port))
    yield port
    process.terminate()
    process.wait(10)


def test_servers_behind_nginx(place: Path, cluster: Cluster, nginx: int) -> None:
    """Cancels come to the right server, and a server that is gone is passed over."""

    def through() -> psycopg.Connection[tuple[object, ...]]:
        conninfo = f"host=127.0.0.1 port={nginx} user=demo dbname=spark_catalog application_name=through"
        return psycopg.connect(conninfo, autocommit=True)

    def where() -> str:
        sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'through'"
        with connected(cluster, 1) as connection:
            return "server-1" if connection.execute(sql).fetchone() == (1,) else "server-2"

    with through() as connection:
        taken = where()
        cancelling = threading.Timer(1.0, connection.cancel_safe)
        cancelling.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(
                "SELECT count(*) FROM shop.cpc a JOIN shop.cpc b ON a.sequence <> b.sequence + 1000"
            )
        cancelling.join()
    running = cluster.processes.find(taken)
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    # Its first thread is gone before the last one, and the last one closes the port.
    until(lambda: cluster.processes.find(taken) is None and not control.answers(cluster.port(taken)))
    with through() as connection:
        assert connection.execute(QUERY).fetchone() == (ROWS, CODES)
    command(place, "status", status=1)
    command(place, "up")


@dataclass
class Client:
    """Asks one server again and again, and connects anew when it has to.

    Shapes: `sent` statements, of which `answered` got rows or an error.
    """

    cluster: Cluster
    server: int
    name: str
    right: int = 0
    sent: int = 0
    answered: int = 0
    wrong: list[object] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    longest_s: float = 0.0
    last_right: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        connection: psycopg.Connection[tuple[int, ...]] | None = None
        while not self.stop.is_set():
            begun = time.monotonic()
            try:
                if connection is None or connection.closed:
                    connection = None
                    connection = connected(self.cluster, self.server, self.name)
                self.sent += 1
                row = connection.execute(QUERY).fetchone()
                self.answered += 1
                if row == (ROWS, CODES):
                    self.right += 1
                    self.last_right = time.monotonic()
                else:
                    self.wrong.append(row)
            except psycopg.Error as error:
                self.errors[error.sqlstate or "08006"] += 1
                self.answered += error.sqlstate is not None and connection is not None
                time.sleep(0.2)
            self.longest_s = max(self.longest_s, time.monotonic() - begun)
        if connection is not None:
            connection.close()

    def recorded(self) -> int:
        """Its statements in the audit table."""
        sql = "SELECT count(*) FROM streamlink.audit WHERE application_name = %s AND statement = %s"
        with connected(self.cluster, 2) as connection:
            return int(connection.execute(sql, [self.name, QUERY]).fetchall()[0][0])


@dataclass
class Asker:
    """Asks one server questions, each a new one; `answers` counts rows ("rows") and SQLSTATEs."""

    cluster: Cluster
    answers: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    longest_s: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with connected(self.cluster, 2) as connection:
            while not self.stop.is_set():
                begun = time.monotonic()
                try:
                    connection.execute(f"-- nl: how many codes are there, {self.asked}".encode())
                    self.answers["rows"] += 1
                except psycopg.Error as error:
                    self.answers[error.sqlstate or "08006"] += 1
                self.asked += 1
                self.longest_s = max(self.longest_s, time.monotonic() - begun)
                time.sleep(0.5)


def pids_of(cluster: Cluster, what: str) -> list[int]:
    if what != "executor":
        running = cluster.processes.find(what)
        assert running is not None
        return [running.pid]
    workers = [running.pid for name in ("worker-1", "worker-2") if (running := cluster.processes.find(name))]
    listed = subprocess.run(
        ["pgrep", "-f", "CoarseGrainedExecutorBackend", "-P", ",".join(map(str, workers))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [int(pid) for pid in listed.stdout.split()][:1]


@pytest.mark.parametrize("what", LOSSES)
def test_the_loss_of(place: Path, cluster: Cluster, what: str) -> None:
    """No wrong row, no hang, a clean SQLSTATE, and whole again after `cluster up`."""
    clients = [Client(cluster, server, f"{what} {server}") for server in (1, 2)]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    try:
        until(lambda: all(client.right >= 2 for client in clients))
        victims = pids_of(cluster, what)
        assert victims
        lost = time.monotonic()
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        time.sleep(8)
        if what != "executor":
            assert cluster.processes.find(what) is None
            command(place, "up")
        back = time.monotonic()
        until(lambda: all(client.last_right > back for client in clients))
        whole_s = time.monotonic() - lost
    finally:
        for client in clients:
            client.stop.set()
        for thread in threads:
            thread.join(DEADLINE_S + 30)
    errors = sum((client.errors for client in clients), Counter[str]())
    outcome = {
        "lost": what,
        "right": sum(client.right for client in clients),
        "errors": dict(errors),
        "longest_s": round(max(client.longest_s for client in clients), 1),
        "whole_s": round(whole_s, 1),
    }
    print(json.dumps(outcome))
    assert not any(thread.is_alive() for thread in threads)
    assert [client.wrong for client in clients] == [[], []]
    # Without a NameNode Spark waits, and the client's own statement_timeout may be what ends it.
    assert set(errors) <= (CLEAN | {"57014"} if what == "namenode" else CLEAN)
    assert all(client.longest_s < DEADLINE_S + 5 for client in clients)
    # What a server that was killed had in hand it may not have written down; else every statement is there, once.
    for client in clients:
        until(lambda client=client: client.recorded() >= client.answered)
        assert client.answered <= client.recorded() <= client.sent
        if what != "server-1":
            assert client.recorded() == client.sent


def test_questions_are_answered_while_a_node_of_the_model_is_gone(place: Path, cluster: Cluster) -> None:
    asker = Asker(cluster)
    thread = threading.Thread(target=asker.run)
    thread.start()
    try:
        until(lambda: asker.asked >= 2)
        os.kill(pids_of(cluster, "node-1")[0], signal.SIGKILL)
        seen = asker.asked
        until(lambda: asker.asked >= seen + 4)
        command(place, "up")
        seen = asker.asked
        until(lambda: asker.asked >= seen + 4)
    finally:
        asker.stop.set()
        thread.join(DEADLINE_S + 30)
    print(
        json.dumps(
            {"lost": "node-1", "questions": dict(asker.answers), "longest_s": round(asker.longest_s, 1)}
        )
    )
    assert asker.longest_s < DEADLINE_S + 5
    assert not {"08006", "57P03", "57014", "53300", "58P01"} & asker.answers.keys()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 150
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_process_that_is_not_ours_is_never_ended(cluster: Cluster, tmp_path: Path) -> None:
    """A number that another process got since."""
    other = replace(cluster.config, cluster=replace(cluster.config.cluster, folder=tmp_path))
    beside = Cluster(other)
    (tmp_path / "run").mkdir()
    known = {"pid": os.getpid(), "started": 1, "since": 0.0}
    for name in beside.names:
        (tmp_path / "run" / f"{name}.json").write_text(json.dumps(known))
    assert [state.pid for state in control.status(beside)] == [None] * len(beside.names)
    assert control.down(beside, lambda text: None) == 0
