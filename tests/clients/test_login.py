"""Getting in and being kept out: TLS in all its modes, SCRAM with and without channel binding, certificates, trust."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
import time
from pathlib import Path

import asyncpg
import psycopg
import psycopg2
import pytest

from tests.clients.queries import ENDLESS
from tests.live import PASSWORD, LiveServer, make_certificate

LIBPQ = psycopg.pq.version()
WHO = "SELECT current_user, session_user, count(*) FROM patent"


def login(server: LiveServer, **options: object) -> psycopg.Connection[tuple[object, ...]]:
    where: dict[str, object] = {"host": server.host, "port": server.port, "dbname": server.database}
    return psycopg.connect(**{**where, "user": server.user, "autocommit": True, **options})  # type: ignore[arg-type]


def certificates(server: LiveServer, name: str = "client") -> dict[str, str]:
    return {"sslcert": str(server.folder / f"{name}.crt"), "sslkey": str(server.folder / f"{name}.key")}


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"])
def test_trust_in_every_ssl_mode(server: LiveServer, mode: str) -> None:
    options = {"sslrootcert": str(server.certificate)} if mode.startswith("verify") else {}
    with login(server, sslmode=mode, **options) as connection:
        assert bool(connection.pgconn.ssl_in_use) == (mode not in ("disable", "allow"))
        assert connection.execute(WHO).fetchone() == ("demo", "demo", 59931)


@pytest.mark.skipif(LIBPQ < 170_000, reason="libpq 17 has it")
@pytest.mark.parametrize("mode", ["require", "verify-full"])
def test_direct_tls(server: LiveServer, mode: str) -> None:
    options = {"sslnegotiation": "direct", "sslmode": mode, "sslrootcert": str(server.certificate)}
    with login(server, user="alice", password=PASSWORD, channel_binding="require", **options) as connection:
        assert connection.pgconn.ssl_in_use
        assert connection.execute(WHO).fetchone() == ("alice", "alice", 59931)


def test_the_server_s_certificate_is_checked(server: LiveServer) -> None:
    other = make_certificate(server.folder, "impostor", "localhost")
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        login(server, sslmode="verify-full", sslrootcert=str(other))


@pytest.mark.parametrize("mode", ["disable", "require"])
@pytest.mark.parametrize("binding", ["disable", "prefer"])
def test_password(server: LiveServer, mode: str, binding: str) -> None:
    options = {"sslmode": mode, "channel_binding": binding, "require_auth": "scram-sha-256"}
    with login(server, user="alice", password=PASSWORD, **options) as connection:
        assert connection.execute(WHO).fetchone() == ("alice", "alice", 59931)


def test_channel_binding(server: LiveServer) -> None:
    options = {"sslmode": "require", "channel_binding": "require"}
    with login(server, user="alice", password=PASSWORD, **options) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="channel binding"):
        login(server, user="alice", password=PASSWORD, sslmode="disable", channel_binding="require")
    with pytest.raises(psycopg.OperationalError, match="channel binding"):
        login(server, **options)


@pytest.mark.parametrize("user", ["alice", "nobody_of_that_name"])
@pytest.mark.parametrize("mode", ["disable", "require"])
def test_wrong_password_and_unknown_user_look_alike(server: LiveServer, user: str, mode: str) -> None:
    refused = f'password authentication failed for user "{user}"'
    with pytest.raises(psycopg.OperationalError, match=refused):
        login(server, user=user, password="wrong", sslmode=mode)
    with pytest.raises(psycopg2.OperationalError, match=refused):
        psycopg2.connect(server.conninfo, user=user, password="wrong", sslmode=mode)


async def test_asyncpg_logs_in(server: LiveServer) -> None:
    where = {"host": server.host, "port": server.port, "database": server.database}
    context = ssl.create_default_context(cafile=str(server.certificate))
    for how in (False, context):
        connection = await asyncpg.connect(**where, user="alice", password=PASSWORD, ssl=how)
        assert tuple(await connection.fetchrow(WHO)) == ("alice", "alice", 59931)
        await connection.close()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(**where, user="alice", password="wrong", ssl=how)


def test_client_certificate(server: LiveServer) -> None:
    with login(server, user="cert_user", sslmode="require", **certificates(server)) as connection:
        assert connection.execute(WHO).fetchone() == ("cert_user", "cert_user", 59931)


def test_client_certificate_is_needed(server: LiveServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="connection requires a valid client certificate"):
        login(server, user="cert_user", sslmode="require", sslcertmode="disable")
    # In clear text the next rule fits, which wants a password.
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        login(server, user="cert_user", sslmode="disable")


def test_client_certificate_of_another(server: LiveServer) -> None:
    make_certificate(server.folder, "mallory", "mallory", ca="ca")
    with pytest.raises(
        psycopg.OperationalError, match='certificate authentication failed for user "cert_user"'
    ):
        login(server, user="cert_user", sslmode="require", **certificates(server, "mallory"))


def test_client_certificate_of_an_unknown_authority(server: LiveServer, tmp_path: Path) -> None:
    for name in ("ca.crt", "ca.key"):
        shutil.copy(server.folder / name, tmp_path)
    make_certificate(tmp_path, "ca", "test authority")
    make_certificate(tmp_path, "client", "cert_user", ca="ca")
    files = {"sslcert": str(tmp_path / "client.crt"), "sslkey": str(tmp_path / "client.key")}
    with pytest.raises(psycopg.OperationalError, match=r"SSL|server closed"):
        login(server, user="cert_user", sslmode="require", **files)


def test_unknown_database(server: LiveServer) -> None:
    with pytest.raises(psycopg.OperationalError, match='database "postgres" does not exist'):
        login(server, dbname="postgres")


@pytest.mark.parametrize("mode", ["disable", "require"])
def test_psql_of_debian_logs_in(server: LiveServer, mode: str) -> None:
    where = server.conninfo.replace("user=demo", "user=alice")
    done = subprocess.run(
        ["psql", "-XAt", f"{where} sslmode={mode}", "-c", WHO],
        env={"PGPASSWORD": PASSWORD, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("alice|alice|59931\n", 0), done.stderr


@pytest.mark.skipif(LIBPQ < 180_000, reason="libpq 18 has it")
@pytest.mark.parametrize("version", ["3.0", "3.2"])
@pytest.mark.parametrize("mode", ["disable", "require"])
def test_protocol_versions_and_their_cancel_keys(server: LiveServer, version: str, mode: str) -> None:
    """Four bytes of key in 3.0, more in 3.2; over TLS the cancel goes over TLS too."""
    with login(server, max_protocol_version=version, sslmode=mode) as connection:
        assert connection.info.full_protocol_version == int(version.replace(".", "000"))
        timer = threading.Timer(1.0, connection.cancel_safe)
        timer.start()
        began = time.monotonic()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(ENDLESS)
        assert time.monotonic() - began < 10
        timer.join()
        assert connection.execute("SELECT 1").fetchone() == (1,)
