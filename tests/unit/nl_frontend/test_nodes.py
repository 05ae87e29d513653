"""Several nodes behind one client: which is asked, and what happens when one fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from nl_frontend.client import NodeClient, RemoteNode
from nl_frontend.errors import DraftTimeout, NodeBusy, NodeUnavailable

DEAD = RemoteNode("http://127.0.0.1:9")


class Server:
    """A node that answers its name after a while, or with a status."""

    def __init__(self, name: str, *, after_s: float = 0.0, status: str = "200 OK") -> None:
        self.name, self.after_s, self.status = name, after_s, status
        self.asked = self.left = 0
        self.node = RemoteNode(None)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()[:2]
        self.node = RemoteNode(f"http://{host}:{port}")
        try:
            yield
        finally:
            server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
                )
                await reader.readexactly(int(length.partition(b":")[2]))
                self.asked += 1
                gone = asyncio.ensure_future(reader.read(1))
                done, _ = await asyncio.wait({gone}, timeout=self.after_s)
                if done:
                    self.left += 1
                    return
                gone.cancel()
                body = json.dumps({"choices": [{"text": self.name, "finish_reason": "stop"}]}).encode()
                writer.write(
                    f"HTTP/1.1 {self.status}\r\ncontent-type: application/json\r\n"
                    f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
                return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def client_of(*servers: Server, waiting_max: int = 16, dead: bool = False) -> AsyncIterator[NodeClient]:
    async with AsyncExitStack() as stack:
        for server in servers:
            await stack.enter_async_context(server.running())
        nodes = [*([DEAD] if dead else []), *(server.node for server in servers)]
        client = NodeClient(*nodes, waiting_max=waiting_max)
        stack.push_async_callback(client.close)
        yield client


async def ask(client: NodeClient, deadline_s: float = 5.0) -> str:
    return (await client.complete({"prompt": "x"}, deadline_s=deadline_s)).text


async def test_questions_go_where_the_fewest_are() -> None:
    one, two = Server("one", after_s=0.3), Server("two", after_s=0.3)
    async with client_of(one, two) as client:
        names = await asyncio.gather(*(ask(client) for _ in range(6)))
    assert sorted(names) == ["one"] * 3 + ["two"] * 3


async def test_a_dead_node_is_passed_over_and_then_left_alone() -> None:
    alive = Server("alive")
    async with client_of(alive, dead=True) as client:
        assert [await ask(client) for _ in range(3)] == ["alive"] * 3
        dead = client._places[0]
        assert dead.failures == 1, "it was asked once"
        dead.alone_until = 0.0
        assert await ask(client) == "alive"
        assert dead.failures == 2, "and again, when its time was over"


@pytest.mark.parametrize("status", ["503 Busy", "429 Busy", "500 Broken", "404 Other"])
async def test_a_node_that_refuses(status: str) -> None:
    refusing, willing = Server("refusing", status=status), Server("willing")
    async with client_of(refusing, willing) as client:
        assert await ask(client) == "willing"
    assert refusing.asked == 1


async def test_a_node_that_hangs_gets_half_of_the_time_and_is_told_to_stop() -> None:
    hanging, willing = Server("hanging", after_s=30), Server("willing")
    async with client_of(hanging, willing) as client:
        assert await ask(client, deadline_s=1.0) == "willing"
        await asyncio.sleep(0.1)
        assert hanging.left == 1
        assert await ask(client, deadline_s=1.0) == "willing"
    assert hanging.asked == 1


async def test_the_deadline_holds_for_all_of_them() -> None:
    async with client_of(Server("one", after_s=30), Server("two", after_s=30)) as client:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(DraftTimeout):
            await ask(client, deadline_s=0.6)
        assert asyncio.get_running_loop().time() - begun < 5


async def test_no_node_answers() -> None:
    async with client_of(dead=True) as client:
        for _ in range(2):  # there is no other, so it is asked all the same
            with pytest.raises(NodeUnavailable):
                await ask(client)


class Starting:
    """A node that comes up later, or gives up."""

    url: str | None = None
    coming = True


async def test_a_node_that_is_being_started_is_waited_for() -> None:
    node, server = Starting(), Server("late")
    client = NodeClient(node)
    async with server.running():
        asked = asyncio.ensure_future(ask(client))
        await asyncio.sleep(0.2)
        assert not asked.done()
        node.url = server.node.url
        assert await asked == "late"
    await client.close()


async def test_a_node_that_does_not_come_is_not_waited_for_beyond_the_deadline() -> None:
    node = Starting()
    client = NodeClient(node)
    with pytest.raises(DraftTimeout):
        await ask(client, deadline_s=0.3)
    asked = asyncio.ensure_future(ask(client, deadline_s=30))
    await asyncio.sleep(0.1)
    node.coming = False
    with pytest.raises(NodeUnavailable):
        await asyncio.wait_for(asked, 5)


async def test_a_node_that_is_up_is_asked_before_one_that_is_being_started() -> None:
    server = Server("up")
    async with server.running():
        client = NodeClient(Starting(), server.node)
        assert await ask(client) == "up"
        await client.close()


async def test_all_are_full() -> None:
    one, two = Server("one", after_s=1), Server("two", after_s=1)
    async with client_of(one, two, waiting_max=1) as client:
        running = [asyncio.ensure_future(ask(client)) for _ in range(2)]
        await asyncio.sleep(0.1)
        with pytest.raises(NodeBusy) as caught:
            await ask(client)
        assert caught.value.sqlstate == "53300"
        assert sorted(await asyncio.gather(*running)) == ["one", "two"]


async def test_who_leaves_stops_the_node() -> None:
    server = Server("one", after_s=30)
    async with client_of(server) as client:
        task = asyncio.ensure_future(ask(client, deadline_s=30))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.wait({task})
        await asyncio.sleep(0.1)
        assert server.left == 1
