"""The embedded engine: a Spark Thrift Server of our own as a child process, all of it in one data folder.

Rules: Java is executed directly (no shell, no launcher JVM).  The child listens on loopback only, lets in
only who knows its password, dies when its parent does, and holds a lock on the data folder for as long as it
lives, so that two engines never share a metastore.  Nothing is written outside the data folder, which only
its owner can enter, and no statement's text or values to a log.

    data_dir/
      lock           held by the running engine
      warehouse/     managed tables
      metastore/     Derby: the catalogue
      logs/          spark.log (rolled), spark.out (Java's own words), derby.log
      tmp/           scratch, emptied at each start; the class that checks the password
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Final

from spark_thrift.errors import EngineStartFailed
from spark_thrift.java import Java, find_java
from spark_thrift.password import compile_provider, new_password
from spark_thrift.transport import Endpoint

_START_TIMEOUT_S: Final = 180.0
_STOP_TIMEOUT_S: Final = 15.0
_LOCK_TIMEOUT_S: Final = 20.0
"""Longer than _STOP_TIMEOUT_S: an engine whose parent was killed may still be shutting down."""
_POLL_S: Final = 0.1
_MAIN: Final = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"

# Source: org.apache.spark.launcher.JavaModuleOptions
_OPENED_PACKAGES: Final = (
    "java.lang",
    "java.lang.invoke",
    "java.lang.reflect",
    "java.io",
    "java.net",
    "java.nio",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
    "jdk.internal.ref",
    "sun.nio.ch",
    "sun.nio.cs",
    "sun.security.action",
    "sun.util.calendar",
)

# Asks the kernel for SIGTERM when the parent dies, then becomes Java.  Not a preexec_fn: that would run
# Python between fork and exec of a process that has threads.
_DIE_WITH_PARENT: Final = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(0)
os.execv(sys.argv[2], sys.argv[2:])
"""

# The loggers that are off would write statements, or values from them, with every error that a client
# causes; the client gets those errors itself.
_LOG4J2: Final = """\
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${sys:streamlink.logs}/spark.log
appender.file.filePattern = ${sys:streamlink.logs}/spark.log.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{ISO8601} %p %c{1}: %replace{%m %ex}{(?s)\\s*(== SQL.*)?$}{}%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
"""
_SILENT_LOGGERS: Final = (
    "org.apache.spark.sql.hive.thriftserver",
    "org.apache.hive.service",
    "org.apache.spark.executor.Executor",
    "org.apache.spark.scheduler.TaskSetManager",
    "org.apache.spark.sql.catalyst.expressions.codegen",
    "org.apache.spark.sql.execution.WholeStageCodegenExec",
    # These write false alarms only, at each start or statement.
    "org.apache.hadoop.hive.conf.HiveConf",
    "org.apache.hadoop.hive.metastore.ObjectStore",
    "org.apache.hadoop.hive.ql.session.SessionState",
    "org.apache.hadoop.util.NativeCodeLoader",
    "org.apache.spark.SparkConf",
    "org.apache.spark.scheduler.DAGScheduler",
)


class EmbeddedSpark:
    """One Thrift Server on `local[*]`.  Made stopped; `start` may be called again after `stop` or a crash.

    Units: `memory` is Java's heap, as -Xmx takes it.  `port` 0 takes a free one.
    """

    def __init__(
        self,
        data_dir: Path | str,
        *,
        java: str | os.PathLike[str] | None = None,
        memory: str = "2g",
        port: int = 0,
        cores: int | None = None,
        conf: Mapping[str, str] | None = None,
        start_timeout_s: float = _START_TIMEOUT_S,
    ) -> None:
        self.data_dir = Path(data_dir).absolute()
        self._java = java
        self._memory = memory
        self._port = port
        self._cores = cores or os.cpu_count() or 1
        self._conf = dict(conf or {})
        self._start_timeout_s = start_timeout_s
        self._process: asyncio.subprocess.Process | None = None
        self._endpoint: Endpoint | None = None

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens.  Raises: EngineStartFailed before `start`."""
        if self._endpoint is None:
            raise EngineStartFailed("the embedded Spark has not been started")
        return self._endpoint

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self.running else None

    async def start(self, progress: Callable[[str], None] = lambda line: None) -> Endpoint:
        """Start it and wait until it accepts connections.  Raises: JavaMissing, EngineStartFailed."""
        if self.running:
            return self.endpoint
        java = find_java(self._java)
        self.data_dir.mkdir(parents=True, exist_ok=True)
        # What its tables hold is for those whom the gate lets in.
        self.data_dir.chmod(0o700)
        with await self._locked(progress) as lock:
            self._make_folders()
            await compile_provider(java, jars(), self.data_dir / "tmp" / "classes")
            port = self._port or _free_port()
            progress(f"starting Spark with Java {java.version} on 127.0.0.1:{port} (some 15 seconds)")
            password = new_password()
            self._process = await self._launch(self._command(java, port), lock, password)
        try:
            await self._listening(port)
        except BaseException:
            await self.stop()
            raise
        self._endpoint = Endpoint("127.0.0.1", port, password=password)
        progress("Spark is up")
        return self._endpoint

    async def stop(self) -> None:
        """Stop it: SIGTERM, on which Spark closes Derby and its folders; SIGKILL if that takes long."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        for kill in (process.terminate, process.kill):
            with contextlib.suppress(ProcessLookupError):
                kill()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_TIMEOUT_S):
                    await process.wait()
                    return

    async def wait(self) -> int:
        """Wait until it ends, by itself or by `stop`; its exit status.  Raises: EngineStartFailed."""
        if self._process is None:
            raise EngineStartFailed("the embedded Spark has not been started")
        return await self._process.wait()

    async def _locked(self, progress: Callable[[str], None]) -> IO[bytes]:
        lock = (self.data_dir / "lock").open("ab")
        end = asyncio.get_running_loop().time() + _LOCK_TIMEOUT_S
        told = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock
            except BlockingIOError:
                if asyncio.get_running_loop().time() > end:
                    lock.close()
                    raise EngineStartFailed(f"another Spark uses the data folder {self.data_dir}") from None
            if not told:
                progress("waiting for an earlier Spark on the same data folder to end")
                told = True
            await asyncio.sleep(_POLL_S)

    def _make_folders(self) -> None:
        shutil.rmtree(self.data_dir / "tmp", ignore_errors=True)
        for name in ("warehouse", "logs", "tmp/classes"):
            (self.data_dir / name).mkdir(parents=True, exist_ok=True)

    async def _launch(self, command: list[str], lock: IO[bytes], password: str) -> asyncio.subprocess.Process:
        with (self.data_dir / "logs" / "spark.out").open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-IS", "-c", _DIE_WITH_PARENT, str(os.getpid())),
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=out,
                stderr=out,
                cwd=self.data_dir,
                env=os.environ
                | {
                    "SPARK_LOCAL_IP": "127.0.0.1",
                    "SPARK_HOME": str(pyspark()),
                    "SPARK_SCALA_VERSION": "2.13",
                },
                # The lock's descriptor is never used in there: it keeps the lock until Java is gone.
                pass_fds=[lock.fileno()],
                # Ctrl-C is for the server, which stops this child when it has drained.
                start_new_session=True,
            )
        assert process.stdin is not None
        process.stdin.write(password.encode())
        process.stdin.close()
        return process

    async def _listening(self, port: int) -> None:
        """Raises: EngineStartFailed, with the last thing that Java or Spark said."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._start_timeout_s
        while self.running:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            except OSError:
                pass
            if loop.time() > end:
                raise EngineStartFailed(
                    f"Spark did not start within {self._start_timeout_s:.0f} s; {self._last_words()}"
                )
            await asyncio.sleep(_POLL_S)
        raise EngineStartFailed(f"Spark ended while it started; {self._last_words()}")

    def _last_words(self) -> str:
        logs = self.data_dir / "logs"
        said = [
            line.strip()
            for name in ("spark.log", "spark.out")
            if (logs / name).exists()
            for line in (logs / name).read_text("utf-8", "replace").splitlines()[-200:]
            if "rror" in line or "xception" in line
        ]
        return f"{said[-1][:300] if said else 'it did not say why'} (see {logs})"

    def _command(self, java: Java, port: int) -> list[str]:
        base = self.data_dir
        metastore = f"jdbc:derby:;databaseName={base / 'metastore'};create=true"
        conf = {
            "spark.master": f"local[{self._cores}]",
            "spark.sql.warehouse.dir": (base / "warehouse").as_uri(),
            # One task a core: with adaptive execution more only cost (200 is Spark's default, for clusters).
            "spark.sql.shuffle.partitions": str(self._cores * 2),
            "spark.hadoop.javax.jdo.option.ConnectionURL": metastore,
            **self._conf,
        }
        if conf["spark.master"].startswith("local"):
            # Spark's own ports ask for a secret as well; it makes that one itself.
            conf.setdefault("spark.authenticate", "true")
        return server_command(java, base, port, memory=self._memory, cores=self._cores, conf=conf)


def server_command(
    java: Java,
    base: Path,
    port: int,
    *,
    memory: str,
    cores: int,
    conf: Mapping[str, str],
    hive: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """A Thrift Server on loopback that keeps what it writes in `base`, where logs/ and tmp/classes are made already.

    `conf` goes over the settings that every one of ours has; `hive` are more of HiveServer2's own.
    """
    tmp, logs = base / "tmp", base / "logs"
    config = tmp / "log4j2.properties"
    silent = "".join(
        f"logger.silent{i}.name = {name}\nlogger.silent{i}.level = off\n"
        for i, name in enumerate(_SILENT_LOGGERS)
    )
    config.write_text(_LOG4J2 + silent)
    options = [
        *java_options(java, memory=memory, cores=cores),
        f"-Djava.io.tmpdir={tmp}",
        f"-Dlog4j2.configurationFile={config.as_uri()}",
        f"-Dstreamlink.logs={logs}",
        f"-Dderby.system.home={base}",
        f"-Dderby.stream.error.file={logs / 'derby.log'}",
    ]
    conf = {
        "spark.app.name": "streamlink",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": memory,
        "spark.ui.enabled": "false",
        "spark.local.dir": str(tmp),
        # The tasks of a small query go between those of a long one, which was there first.
        "spark.scheduler.mode": "FAIR",
        # A partition is what incremental collection holds in memory at a time.
        "spark.sql.files.maxPartitionBytes": "32m",
        # A task looks between two batches whether it was cancelled: a join without an equality, which compares each
        # row of one with a whole table, goes on for long with Spark's own 4,096 rows.
        "spark.sql.parquet.columnarReaderBatchSize": "1024",
        "spark.sql.orc.columnarReaderBatchSize": "1024",
        # A cancel interrupts Derby in the middle of a lookup, which breaks the connection; the default pool
        # never gets it back, and after eight of them every statement waits for ever.
        "spark.hadoop.datanucleus.connectionPoolingType": "NONE",
        "spark.hadoop.hive.exec.scratchdir": str(tmp / "hive"),
        "spark.hadoop.hive.exec.local.scratchdir": str(tmp / "hive-local"),
        **conf,
    }
    server = {
        "hive.server2.thrift.bind.host": "127.0.0.1",
        "hive.server2.thrift.port": str(port),
        "hive.server2.authentication": "CUSTOM",
        "hive.server2.logging.operation.enabled": "false",
        **hive,
    }
    # What spark-submit would do with these two.
    more = [conf.get("spark.driver.extraClassPath", ""), *conf.get("spark.jars", "").split(",")]
    return [
        str(java.program),
        *options,
        "-cp",
        ":".join([str(tmp / "classes"), f"{jars()}/*", *filter(None, more)]),
        *(f"-D{key}={value}" for key, value in conf.items()),
        _MAIN,
        *(word for key, value in server.items() for word in ("--hiveconf", f"{key}={value}")),
    ]


def java_options(java: Java, *, memory: str, cores: int) -> list[str]:
    """What Spark and Hadoop ask of the Java that runs them.  Units: `memory` as -Xmx takes it."""
    options = [
        f"-Xmx{memory}",
        # With few cores the concurrent collectors only take time from the work.
        *(["-XX:+UseSerialGC"] if cores <= 2 else []),
        "-XX:+ExitOnOutOfMemoryError",
        "-Xshare:auto",
        "-Djava.net.preferIPv4Stack=true",
        "-Dio.netty.tryReflectionSetAccessible=true",
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED_PACKAGES),
        "--add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
    ]
    if "jdk.incubator.vector" in java.modules:
        options.append("--add-modules=jdk.incubator.vector")
    if java.version >= 22:
        options.append("--enable-native-access=ALL-UNNAMED")
    if java.version >= 23:
        options.append("--sun-misc-unsafe-memory-access=allow")
    return options


def jars() -> Path:
    """The folder of pyspark's jars, Hadoop's client among them.  Raises: EngineStartFailed."""
    return pyspark() / "jars"


def pyspark() -> Path:
    """SPARK_HOME.  Raises: EngineStartFailed."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise EngineStartFailed("the embedded engine needs the Python package pyspark")
    return Path(spec.origin).parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
