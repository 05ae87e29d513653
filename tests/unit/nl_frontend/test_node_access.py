"""Nodes on other machines: TLS, and a token."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from nl_frontend.client import Access, NodeClient, RemoteNode
from nl_frontend.errors import NodeUnavailable
from nl_frontend.node import NodeServer, access
from tests.live import make_certificate
from tests.unit.nl_frontend.test_node import StubGenerator

TOKEN = "as good as a password"


@dataclass
class Secured:
    server: NodeServer
    generator: StubGenerator
    authorities: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.server.server_address[1]}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("node")
    make_certificate(folder, "node")
    make_certificate(folder, "stranger")
    (folder / "token").write_text(f"{TOKEN}\n")
    (folder / "empty").write_text("\n")
    return folder


@pytest.fixture
def node(folder: Path) -> Iterator[Secured]:
    generator = StubGenerator()
    tls, token = access("127.0.0.1", folder / "node.crt", folder / "node.key", folder / "token")
    server = NodeServer(generator, model="stub", port=0, waiting_max=1, tls=tls, token=token)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Secured(server, generator, folder / "node.crt")
    generator.release.set()
    server.shutdown()
    server.server_close()
    thread.join()


async def test_who_shows_the_token_is_answered(node: Secured) -> None:
    client = NodeClient(RemoteNode(node.url), access=Access(TOKEN, node.authorities))
    assert (await client.complete({"prompt": "x"}, deadline_s=10)).text == "SELECT 1"
    await client.close()


@pytest.mark.parametrize("token", ["", "another"])
async def test_who_does_not_is_refused(node: Secured, token: str) -> None:
    client = NodeClient(RemoteNode(node.url), access=Access(token, node.authorities))
    with pytest.raises(NodeUnavailable, match="does not take our token"):
        await client.complete({"prompt": "x"}, deadline_s=10)
    await client.close()


async def test_a_stranger_gets_nothing(node: Secured, folder: Path) -> None:
    """Neither a certificate of others nor none, which clear text has, gets as far as a request."""
    for known in (folder / "stranger.crt", None):
        client = NodeClient(RemoteNode(node.url), access=Access(TOKEN, known))
        with pytest.raises(NodeUnavailable, match="broke off"):
            await client.complete({"prompt": "x"}, deadline_s=10)
        await client.close()
    clear = NodeClient(RemoteNode(node.url.replace("https", "http")), access=Access(TOKEN))
    with pytest.raises(NodeUnavailable, match="broke off"):
        await clear.complete({"prompt": "x"}, deadline_s=10)
    await clear.close()
    assert not node.generator.asked


async def test_who_hangs_up_is_forgotten_over_tls_too(node: Secured) -> None:
    client = NodeClient(RemoteNode(node.url), access=Access(TOKEN, node.authorities))
    asking = asyncio.create_task(client.complete({"prompt": "hold"}, deadline_s=30))
    assert await asyncio.to_thread(node.generator.started.wait, 10)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert await asyncio.to_thread(node.generator.cancelled.wait, 10)
    await client.close()


def test_a_peer_without_a_handshake_keeps_nobody_waiting(node: Secured) -> None:
    with socket.create_connection(("127.0.0.1", node.server.server_address[1])):
        trust = ssl.create_default_context(cafile=node.authorities)
        connection = HTTPSConnection("localhost", node.server.server_address[1], timeout=5, context=trust)
        connection.request("GET", "/health")
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:16]) == (200, b'{"status": "ok",')
        connection.request("GET", "/v1/models")
        assert connection.getresponse().status == 401
        connection.close()


def test_other_machines_are_met_with_both(folder: Path) -> None:
    for certificate, token in ((None, folder / "token"), (folder / "node.crt", None)):
        with pytest.raises(ValueError, match=r"on 10\.0\.0\.5 a node needs"):
            access("10.0.0.5", certificate, folder / "node.key", token)
    tls, token = access("10.0.0.5", folder / "node.crt", folder / "node.key", folder / "token")
    assert (tls is not None, token) == (True, TOKEN)
    assert access("::1", None, None, None) == (None, "")
    with pytest.raises(ValueError, match="no token"):
        access("127.0.0.1", None, None, folder / "empty")
