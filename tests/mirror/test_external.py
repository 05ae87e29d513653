"""A mirror that somebody else runs: over TCP, with passwords."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from proxy.mirror import Mirror, MirrorError, MirrorNotStarted, MirrorOptions, MirrorUnavailable
from proxy.mirror import server as server_module
from proxy.ports import Column, Table

pytestmark = [pytest.mark.mirror, pytest.mark.asyncio(loop_scope="module")]

PASSWORD = "s'e c\\ret"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def dsn() -> AsyncIterator[str]:
    """A PostgreSQL with a database `site` and a superuser `boss`, who needs a password over TCP."""
    folder = Path(tempfile.mkdtemp(prefix="mirror-external-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    patch = pytest.MonkeyPatch()
    patch.setattr(server_module, "PORT", port)
    patch.setitem(server_module.CONFIGURATION, "port", str(port))
    patch.setitem(server_module.CONFIGURATION, "listen_addresses", "127.0.0.1")
    server = server_module.MirrorServer(folder)
    await server.start()
    try:
        with (folder / "cluster" / "pg_hba.conf").open("a") as file:
            file.write("host all all 127.0.0.1/32 scram-sha-256\n")
        admin = await asyncpg.connect(**server.admin_arguments(server.database))
        quoted = PASSWORD.replace("'", "''")
        await admin.execute(
            f"SET standard_conforming_strings = on; CREATE ROLE boss SUPERUSER LOGIN PASSWORD '{quoted}'"
        )
        await admin.execute("CREATE DATABASE site")
        await admin.execute("SELECT pg_reload_conf()")
        await admin.close()
        await asyncio.sleep(0.1)
        escaped = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
        yield f"host=127.0.0.1 port={port} user=boss dbname=site password='{escaped}'"
    finally:
        patch.undo()
        await server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def test_two_proxies_share_one_mirror(dsn: str) -> None:
    one, two = (Mirror(MirrorOptions(Path("/nonexistent"), dsn=dsn)) for _ in range(2))
    tables = [Table("s", "t", "table", (Column("a", "int"),))]
    await one.start()
    await two.start()
    try:
        await one.sync(tables)
        changes = two._synchroniser.changes
        await two.sync(tables)
        assert two._synchroniser.changes == changes
        for mirror in (one, two):
            async with mirror.lease("ann", {"application_name": "x"}) as lease:
                reply = await lease.query("SELECT current_user, current_database() FROM pg_class LIMIT 1")
                assert b"\x00\x00\x00\x03ann\x00\x00\x00\x04site" in reply.raw
                running = asyncio.ensure_future(lease.query("SELECT pg_sleep(20)"))
                await asyncio.sleep(0.1)
                await lease.cancel()
                error = (await running).error
                assert error is not None
                assert error.sqlstate == "57014"
    finally:
        await one.stop()
        await two.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def tls_port(dsn: str, tmp_path: Path) -> AsyncIterator[int]:
    """A TLS endpoint before the server, which is what direct TLS looks like from outside."""
    backend_port = int(dsn.split("port=")[1].split()[0])
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    making = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"),
        *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await making.wait() == 0, "this test needs openssl"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["postgresql"])

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", backend_port)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.mark.parametrize("mode", ["require", "verify-full"])
async def test_external_mirror_over_tls(dsn: str, tls_port: int, tmp_path: Path, mode: str) -> None:
    port = dsn.split("port=")[1].split()[0]
    encrypted = dsn.replace(f"port={port}", f"port={tls_port}") + f" sslmode={mode}"
    trusting = f"{encrypted} sslrootcert={tmp_path / 'certificate.pem'}"
    mirror = Mirror(MirrorOptions(Path("/nonexistent"), dsn=trusting))
    await mirror.start()
    try:
        async with mirror.lease("ann", {}) as lease:
            assert (await lease.query("SELECT 1")).tag == "SELECT 1"
    finally:
        await mirror.stop()
    if mode == "verify-full":
        with pytest.raises(MirrorNotStarted, match="does not let us in"):
            await Mirror(MirrorOptions(Path("/nonexistent"), dsn=encrypted)).start()


async def test_roles_that_the_mirror_did_not_make_are_nobodys(dsn: str) -> None:
    mirror = Mirror(MirrorOptions(Path("/nonexistent"), dsn=dsn))
    await mirror.start()
    try:
        with pytest.raises(MirrorError) as caught:
            async with mirror.lease("boss", {}):
                pass
        assert caught.value.fields.sqlstate == "42939"
    finally:
        await mirror.stop()


async def test_database_in_use_is_refused_and_left_alone(dsn: str) -> None:
    mirror = Mirror(MirrorOptions(Path("/nonexistent"), dsn=dsn))
    async with mirror.admin() as admin:
        await admin.execute("CREATE DATABASE taken")
    taken = dsn.replace("dbname=site", "dbname=taken")
    other = Mirror(MirrorOptions(Path("/nonexistent"), dsn=taken))
    async with other.admin() as admin:
        await admin.execute("CREATE TABLE precious (a int)")
    with pytest.raises(MirrorNotStarted, match="database of its own"):
        await other.start()
    async with other.admin() as admin:
        assert await admin.fetchval("SELECT count(*) FROM precious") == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("user=a dbname=b", "must name one host"),
        ("host=a,b user=a dbname=b", "must name one host"),
        ("host=a dbname=b", "must name one user"),
        ("nonsense", "libpq"),
    ],
)
async def test_dsn_that_says_too_little_is_refused(text: str, says: str) -> None:
    with pytest.raises(MirrorNotStarted, match=says):
        Mirror(MirrorOptions(Path("/nonexistent"), dsn=text))


async def test_server_that_is_not_there_is_said_so(dsn: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        gone = f"host=127.0.0.1 port={taken.getsockname()[1]} user=a dbname=b"
        mirror = Mirror(MirrorOptions(Path("/nonexistent"), dsn=gone))
        with pytest.raises(MirrorNotStarted, match="does not let us in"):
            await mirror.start()
        with pytest.raises(MirrorUnavailable):
            async with mirror.lease("ann", {}):
                pass
