"""The processes of a small cluster, in the order in which they start, and what each is started with.

Rules: everything listens on loopback; passwords are made once, lie in files of mode 0600 and stand on no command
line; the Hadoop and Spark settings are those of conf/cluster/, which a site takes for its own.

HDFS itself has no password here: whoever has an account on this machine can read its blocks.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from proxy.cluster import jars
from proxy.cluster.config import ClusterConfig
from proxy.cluster.running import Processes
from proxy.mirror.errors import MirrorNotStarted
from proxy.mirror.server import own, server_command
from proxy.settings import SettingsError, load, shipped
from spark_thrift import launcher
from spark_thrift.errors import EngineStartFailed
from spark_thrift.java import Java, find_java
from spark_thrift.password import compile_provider

HOST = "127.0.0.1"
_PLACES = {
    "namenode": (0, 0), "datanode": (10, 10), "postgres": (100, 0), "master": (200, 0), "worker": (210, 2),
    "thrift": (300, 1), "node": (400, 1),
}  # fmt: skip
"""Where the first of a kind listens, behind base_port, and how far behind it the next one does; what lies between is
for their second ports."""
OWNER = "streamlink"
_HDFS = "org.apache.hadoop.hdfs"
_DEPLOY = "org.apache.spark.deploy"
_COMMAND_S = 120
_HIVE = {"hive.server2.enable.doAs": "false"}
"""What a user may read the gate decides; to HDFS they are all the Thrift Server's own user."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process.  `port` accepts connections once it works; `stdin` is written to it and closed."""

    name: str
    command: tuple[str, ...]
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    stdin: str = ""


class Cluster:
    """A cluster's processes.  Raises: JavaMissing, EngineStartFailed, MirrorNotStarted for what is missing here."""

    def __init__(self, config: ClusterConfig) -> None:
        self.config = config
        self.folder = config.folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)  # PostgreSQL's user passes through
        self.processes = Processes(self.folder)
        self._java: Java | None = None

    @property
    def names(self) -> list[str]:
        """In the order in which they start."""
        config = self.config
        return [
            "postgres",
            "namenode",
            *(f"datanode-{n}" for n in _each(config.hdfs.datanodes)),
            "master",
            *(f"worker-{n}" for n in _each(config.spark.workers)),
            *(f"thrift-{n}" for n in _each(config.thrift.servers)),
            *(f"node-{n}" for n in _each(config.model.nodes)),
            *(f"server-{n}" for n in _each(config.servers.count)),
        ]

    def port(self, name: str) -> int:
        """Where a process listens."""
        kind, _, number = name.partition("-")
        behind = int(number or 1) - 1
        if kind == "server":
            return self.config.servers.port + behind
        first, step = _PLACES[kind]
        return self.config.port(first + step * behind)

    def part(self, name: str) -> Part:
        """What a process is started with; what it needs in its folder is made."""
        kind, _, number = name.partition("-")
        make = getattr(self, f"_{kind}")
        made: Part = make(int(number)) if number else make()
        return made

    @property
    def java(self) -> Java:
        self._java = self._java or find_java()
        return self._java

    def settle(self, name: str) -> None:
        """What has to be done once a process works, before the next one may start.  Can be done again."""
        if name == "postgres":
            self._make_databases()
        elif name == f"datanode-{self.config.hdfs.datanodes}":
            self._run_java(f"{_HDFS}.tools.DFSAdmin", "-safemode", "wait")

    # --- secrets

    def secret(self, name: str) -> str:
        """Made when it is first asked for."""
        file = self._folder("secrets") / name
        if not file.exists():
            self._private(file, secrets.token_urlsafe(24))
        return file.read_text("utf-8")

    def _folder(self, *names: str) -> Path:
        folder = self.folder.joinpath(*names)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def _private(self, path: Path, text: str) -> Path:
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
        return path

    # --- PostgreSQL: the mirror of all servers, and Spark's metastore

    def _postgres(self) -> Part:
        home = self.folder / "postgres"
        own(home)
        data = home / "data"
        if not (data / "PG_VERSION").exists():
            self._initialise(home, data)
        settings = {
            "listen_addresses": HOST,
            "port": str(self.port("postgres")),
            "unix_socket_directories": "",
            "max_connections": "200",
            "log_min_messages": "fatal",
            "log_min_error_statement": "panic",
            "log_statement": "none",
            "timezone": "UTC",
        }
        arguments = ["-D", str(data)]
        for key, value in settings.items():
            arguments += ["-c", f"{key}={value}"]
        return Part(
            "postgres",
            tuple(server_command("postgres", arguments, data, at_parents_end=0)),
            self.port("postgres"),
        )

    def _initialise(self, home: Path, data: Path) -> None:
        """initdb; complete or not at all.  Raises: MirrorNotStarted."""
        making = home / "data.new"
        shutil.rmtree(making, ignore_errors=True)
        own(making)
        words = self._private(home / "password", self.secret("postgres"))
        shutil.chown(words, making.stat().st_uid)
        arguments = [
            "--pgdata",
            str(making),
            "--username",
            OWNER,
            "--pwfile",
            str(words),
            "--encoding",
            "UTF8",
        ]
        arguments += ["--auth", "scram-sha-256", "--locale", "C", "--locale-provider", "builtin"]
        arguments += ["--builtin-locale", "C.UTF-8", "--no-instructions"]
        done = subprocess.run(
            server_command("initdb", arguments, making, at_parents_end=0),
            capture_output=True, text=True, cwd="/", check=False,
        )  # fmt: skip
        words.unlink()
        if done.returncode:
            raise MirrorNotStarted(f"initdb failed: {done.stdout[-300:]}{done.stderr[-300:]}".strip())
        making.rename(data)

    def _make_databases(self) -> None:
        import psycopg

        hive = self.secret("metastore")
        end = time.monotonic() + _COMMAND_S
        while True:
            try:
                connection = psycopg.connect(self._dsn("postgres"), autocommit=True)
                break
            except psycopg.OperationalError as error:
                # After a crash it listens before it has recovered.
                if time.monotonic() > end:
                    raise MirrorNotStarted(f"PostgreSQL does not let us in: {error}") from error
                time.sleep(0.1)
        with connection:
            known = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
            if not connection.execute("SELECT FROM pg_roles WHERE rolname = 'hive'").fetchall():
                connection.execute("CREATE ROLE hive LOGIN")
            connection.execute(f"ALTER ROLE hive PASSWORD '{hive}'")
            for name, owner in (("mirror", OWNER), ("metastore", "hive")):
                if name not in known:
                    connection.execute(f"CREATE DATABASE {name} OWNER {owner} TEMPLATE template0")

    def _dsn(self, database: str) -> str:
        port = self.port("postgres")
        return f"host={HOST} port={port} user={OWNER} password={self.secret('postgres')} dbname={database}"

    # --- HDFS

    @property
    def _namenode_address(self) -> str:
        return f"{HOST}:{self.port('namenode')}"

    def _hadoop(self) -> dict[str, str]:
        """What conf/cluster/*.xml take from the environment, for servers and clients alike."""
        return {
            "STREAMLINK_NAMENODE": self._namenode_address,
            "STREAMLINK_NAMENODE_HTTP": f"{HOST}:{self.port('namenode') + 1}",
            "STREAMLINK_HADOOP_TMP": str(self._folder("hdfs", "tmp")),
            "STREAMLINK_NAME_DIR": (self.folder / "hdfs" / "name").as_uri(),
            "STREAMLINK_REPLICATION": str(self.config.hdfs.replication),
            # A lost DataNode is noticed within half a minute.
            "STREAMLINK_RECHECK_MS": "5000",
            "STREAMLINK_HEARTBEAT_S": "1",
            "STREAMLINK_SAFEMODE_MS": "0",
        }

    def _hadoop_java(self, heap_mb: int, main: str, *words: str) -> tuple[str, ...]:
        web = self._folder("hdfs", "web")
        for name in ("hdfs", "datanode"):
            # The servers insist on the pages of their consoles, which the jar does not have.
            (web / "webapps" / name).mkdir(parents=True, exist_ok=True)
        classes = f"{shipped('cluster')}:{web}:{jars.hdfs_servers()}:{launcher.jars()}/*"
        options = launcher.java_options(self.java, memory=f"{heap_mb}m", cores=1)
        return (str(self.java.program), *options, "-cp", classes, main, *words)

    def _namenode(self) -> Part:
        heap = self.config.hdfs.heap_mb
        main = f"{_HDFS}.server.namenode.NameNode"
        if not (self.folder / "hdfs" / "name" / "current" / "VERSION").exists():
            self._run_java(main, "-format", "-nonInteractive")
        return Part(
            "namenode",
            self._hadoop_java(heap, main),
            self.port("namenode"),
            self._hadoop(),
        )

    def _datanode(self, number: int) -> Part:
        port = self.port(f"datanode-{number}")
        return Part(
            f"datanode-{number}",
            self._hadoop_java(self.config.hdfs.heap_mb, f"{_HDFS}.server.datanode.DataNode"),
            port,
            self._hadoop()
            | {
                "STREAMLINK_DATANODE": f"{HOST}:{port}",
                "STREAMLINK_DATANODE_IPC": f"{HOST}:{port + 1}",
                "STREAMLINK_DATANODE_HTTP": f"{HOST}:{port + 2}",
                "STREAMLINK_DATA_DIR": (self.folder / "hdfs" / f"data-{number}").as_uri(),
            },
        )

    def _run_java(self, main: str, *words: str) -> str:
        """A command of Hadoop's, to its end; what it prints.  Raises: EngineStartFailed."""
        try:
            done = subprocess.run(
                self._hadoop_java(128, main, *words),
                env={**os.environ, **self._hadoop()},
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_COMMAND_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise EngineStartFailed(f"{main} {' '.join(words)} does not come to an end") from None
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "rror" in line or "xception" in line]
            raise EngineStartFailed(
                f"{main} {' '.join(words)} failed: {(lines or ['it did not say why'])[-1][:300]}"
            )
        return done.stdout

    def hdfs(self, *words: str) -> str:
        """`hdfs fsck`, for who wants to see replicas.  Raises: EngineStartFailed."""
        return self._run_java(f"{_HDFS}.tools.DFSck", *words)

    # --- Spark

    def _daemon(self, main: str, *words: str) -> tuple[str, ...]:
        options = launcher.java_options(self.java, memory=f"{self.config.spark.heap_mb}m", cores=1)
        file = self._private(
            self._folder("spark") / "daemons.conf",
            "spark.authenticate true\n"
            f"spark.authenticate.secret {self.secret('spark')}\n"
            "spark.master.rest.enabled false\n"
            # A Master that comes back knows the Workers and the applications that it had.
            "spark.deploy.recoveryMode FILESYSTEM\n"
            f"spark.deploy.recoveryDirectory {self._folder('spark', 'master')}\n"
            "spark.worker.timeout 15\n"
            "spark.worker.cleanup.enabled true\n",
        )
        classes = f"{launcher.jars()}/*"
        # The file's settings are read too late for who may talk to whom, which is decided by system properties.
        more = self._arguments("daemons", [f"-Dspark.authenticate.secret={self.secret('spark')}"])
        return (
            *(str(self.java.program), *options, "-Dspark.authenticate=true", more),
            *("-cp", classes, main, *words, "--properties-file", str(file)),
        )

    def _spark_home(self) -> dict[str, str]:
        return {
            "SPARK_HOME": str(launcher.pyspark()),
            "SPARK_SCALA_VERSION": "2.13",
            "SPARK_LOCAL_IP": HOST,
            "SPARK_PUBLIC_DNS": HOST,
            "SPARK_CONF_DIR": str(self._folder("spark")),
            "JAVA_HOME": str(self.java.program.resolve().parent.parent),
        }

    @property
    def _master_url(self) -> str:
        return f"spark://{HOST}:{self.port('master')}"

    def _master(self) -> Part:
        port = self.port("master")
        words = ("--host", HOST, "--port", str(port), "--webui-port", str(port + 1))
        command = self._daemon(f"{_DEPLOY}.master.Master", *words)
        return Part("master", command, port, self._spark_home())

    def _worker(self, number: int) -> Part:
        port, spark = self.port(f"worker-{number}"), self.config.spark
        words = ["--host", HOST, "--port", str(port), "--webui-port", str(port + 1)]
        words += ["--cores", str(spark.worker_cores), "--memory", f"{spark.worker_memory_mb}m"]
        words += ["--work-dir", str(self._folder("spark", f"work-{number}")), self._master_url]
        command = self._daemon(f"{_DEPLOY}.worker.Worker", *words)
        # Executors are the Worker's children and read HDFS with the same settings.
        return Part(f"worker-{number}", command, port, self._spark_home() | self._hadoop())

    def _thrift(self, number: int) -> Part:
        config, base = self.config, self._folder(f"thrift-{number}")
        shutil.rmtree(base / "tmp", ignore_errors=True)
        for name in ("logs", "tmp/classes"):
            (base / name).mkdir(parents=True, exist_ok=True)
        asyncio.run(compile_provider(self.java, launcher.jars(), base / "tmp" / "classes"))
        cores = config.spark.workers * config.spark.worker_cores
        driver = jars.jdbc_driver()
        conf = {
            **_spark_defaults(),
            "spark.master": self._master_url,
            "spark.authenticate": "true",
            "spark.authenticate.secret": self.secret("spark"),
            "spark.sql.warehouse.dir": f"hdfs://{self._namenode_address}/warehouse",
            "spark.hadoop.fs.defaultFS": f"hdfs://{self._namenode_address}",
            "spark.hadoop.dfs.replication": str(config.hdfs.replication),
            "spark.cores.max": str(max(cores // config.thrift.servers, 1)),
            "spark.dynamicAllocation.maxExecutors": str(config.spark.workers),
            "spark.executor.cores": "1",
            "spark.executor.memory": f"{_executor_mb(config)}m",
            "spark.sql.shuffle.partitions": str(2 * cores),
            # One metastore for all Thrift Servers: Derby would be one server's own.
            "spark.driver.extraClassPath": f"{shipped('cluster')}:{driver}",
            "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:postgresql://{HOST}:{self.port('postgres')}/metastore",
            "spark.hadoop.javax.jdo.option.ConnectionDriverName": "org.postgresql.Driver",
            "spark.hadoop.javax.jdo.option.ConnectionUserName": "hive",
            "spark.hadoop.javax.jdo.option.ConnectionPassword": self.secret("metastore"),
            # Tables come as they are needed, in the middle of transactions: a foreign key would wait for that very one.
            "spark.hadoop.datanucleus.schema.autoCreateTables": "true",
            "spark.hadoop.datanucleus.schema.autoCreateColumns": "true",
            "spark.hadoop.datanucleus.schema.autoCreateConstraints": "false",
            "spark.hadoop.hive.metastore.schema.verification": "false",
        }
        port = self.port(f"thrift-{number}")
        java, *words = launcher.server_command(
            self.java, base, port, memory=f"{config.thrift.heap_mb}m", cores=1, conf=conf, hive=_HIVE
        )
        command = (java, self._arguments(f"thrift-{number}", words))
        return Part(
            f"thrift-{number}", command, port, self._spark_home() | self._hadoop(), self.secret("thrift")
        )

    def _arguments(self, name: str, words: list[str]) -> str:
        """A file of arguments for Java, which `ps` does not show."""
        quoted = ('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words)
        return f"@{self._private(self._folder('spark') / f'{name}.arguments', chr(10).join(quoted))}"

    # --- ours

    def _node(self, number: int) -> Part:
        from nl_frontend.models import model_path

        port = self.port(f"node-{number}")
        words = ("--model", self.config.model.name, "--port", str(port))
        model_path(self.config.model.name)  # told now, and not by a log
        return Part(f"node-{number}", (sys.executable, "-m", "proxy", "node", *words), port, _importing())

    def _server(self, number: int) -> Part:
        config = self.config
        port = self.port(f"server-{number}")
        nodes = [f"http://{HOST}:{self.port(f'node-{n}')}" for n in _each(config.model.nodes)]
        base = self._folder(f"server-{number}")
        thrifts = [self.port(f"thrift-{n}") for n in _each(config.thrift.servers)]
        # Each server begins with another one.
        first = (number - 1) % len(thrifts)
        thrifts = thrifts[first:] + thrifts[:first]
        dsn = self._private(base / "mirror.dsn", self._dsn("mirror"))
        password = self._private(base / "spark.password", self.secret("thrift"))
        ours: dict[str, dict[str, object]] = {
            "listen": {"host": HOST, "port": port},
            "data": {"folder": str(base), "sample": False},
            "auth": {"users_file": str(self.folder / "users")},
            "mirror": {"dsn_file": str(dsn)},
            "spark": {
                "host": HOST,
                "port": thrifts[0],
                "more": [f"{HOST}:{port}" for port in thrifts[1:]],
                "password_file": str(password),
                "shares_disk": True,
            },
            "model": {"enabled": bool(nodes), "urls": nodes},
        }
        file = self._private(self.folder / f"server-{number}.toml", _merged(config.servers.settings, ours))
        load(file, {})  # told now, and not by a log
        command = (sys.executable, "-m", "proxy", "serve", "--conf", str(file))
        return Part(f"server-{number}", command, port, _importing())


def _merged(settings: Path | None, ours: dict[str, dict[str, object]]) -> str:
    """A server's settings: a site's, or the demo's, with what the cluster decides.  Raises: SettingsError."""
    path = settings.expanduser() if settings else shipped("demo.toml")
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None
    for section, keys in ours.items():
        document[section] = {**document.get(section, {}), **keys}
    lines = []
    for section, keys in document.items():
        lines += [f"[{section}]", *(f"{key} = {_toml(value)}" for key, value in keys.items())]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # A basic string of TOML is one of JSON, and so are whole numbers, true and false.
    return json.dumps(value)


def _importing() -> dict[str, str]:
    """Our own packages are found from any folder."""
    import proxy

    here = str(Path(proxy.__path__[0]).parent)
    return {"PYTHONPATH": ":".join(filter(None, (here, os.environ.get("PYTHONPATH", ""))))}


def _each(count: int) -> Iterator[int]:
    return iter(range(1, count + 1))


def _executor_mb(config: ClusterConfig) -> int:
    """What fits into a Worker beside the executor's overhead, which is 384 MiB at least."""
    return max((config.spark.worker_memory_mb - 384) // config.spark.worker_cores, 384)


def _spark_defaults() -> dict[str, str]:
    """Raises: SettingsError."""
    found = {}
    path = shipped("cluster") / "spark-defaults.conf"
    for line in path.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            key, _, value = line.partition(" ")
            if not value.strip():
                raise SettingsError(f"{path}: {key} has no value")
            found[key] = value.strip()
    return found
