"""The node's endpoint and the client of it, over real sockets; the generator is a stub that can be held."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

import pytest

from nl_frontend.client import NodeClient, RemoteNode
from nl_frontend.errors import DraftTimeout, NodeBusy, NodeUnavailable
from nl_frontend.generator import Cancelled, Completion, PromptTooLong, Request
from nl_frontend.node import MAX_BODY_BYTES, NodeServer, parse_request


@dataclass
class StubGenerator:
    """Answers at once; a prompt of "hold" is answered when `release` is set, "long" never fits."""

    release: threading.Event = field(default_factory=threading.Event)
    started: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    running: int = 0
    asked: int = 0

    def complete(self, request: Request, cancelled: Callable[[], bool]) -> Completion:
        self.asked += 1
        if request.prompt == "long":
            raise PromptTooLong("9 tokens; the context has 8")
        assert self.running == 0, "one at a time"
        self.running += 1
        try:
            while request.prompt == "hold" and not self.release.is_set():
                self.started.set()
                if cancelled():
                    self.cancelled.set()
                    raise Cancelled
                time.sleep(0.005)
        finally:
            self.running -= 1
        return Completion(
            "SELECT 1", "stop", 7, 5, ("SELECT", " 1"), (-0.1, -0.3) if request.logprobs else ()
        )


@dataclass
class StubNode:
    server: NodeServer
    generator: StubGenerator

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def await_waiting(self, count: int) -> None:
        until = time.monotonic() + 10
        while self.server.turn.waiting != count:
            assert time.monotonic() < until, f"{self.server.turn.waiting} wait"
            time.sleep(0.01)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        connection = HTTPConnection("127.0.0.1", self.server.server_address[1], timeout=10)
        payload = body if isinstance(body, bytes | None) else json.dumps(body)
        connection.request(method, path, payload)
        response = connection.getresponse()
        answer = response.status, json.loads(response.read())
        connection.close()
        return answer


@pytest.fixture
def stub_node() -> Iterator[StubNode]:
    generator = StubGenerator()
    server = NodeServer(generator, model="stub", port=0, waiting_max=1)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield StubNode(server, generator)
    generator.release.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_completion_as_openai_has_it(stub_node: StubNode) -> None:
    status, body = stub_node.ask("POST", "/v1/completions", {"prompt": "x", "logprobs": 1})
    assert status == 200
    assert body["choices"] == [
        {
            "index": 0,
            "text": "SELECT 1",
            "finish_reason": "stop",
            "logprobs": {"tokens": ["SELECT", " 1"], "token_logprobs": [-0.1, -0.3]},
        }
    ]
    assert body["usage"] == {
        "prompt_tokens": 7,
        "completion_tokens": 2,
        "total_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 5},
    }


def test_health_and_models(stub_node: StubNode) -> None:
    assert stub_node.ask("GET", "/health") == (200, {"status": "ok", "waiting": 0})
    assert stub_node.ask("GET", "/v1/models")[1]["data"] == [{"id": "stub", "object": "model"}]
    assert stub_node.ask("GET", "/elsewhere")[0] == 404
    assert stub_node.ask("POST", "/v1/chat/completions", {})[0] == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "JSON"),
        (b"\xff", "JSON"),
        ([], "prompt"),
        ({"prompt": 1}, "prompt"),
        ({"prompt": "x", "max_tokens": 0}, "max_tokens"),
        ({"prompt": "x", "temperature": "hot"}, "temperature"),
        ({"prompt": "x", "stop": [1]}, "stop"),
        ({"prompt": "x", "grammar": 1}, "grammar"),
        ({"prompt": "long"}, "context"),
    ],
)
def test_a_bad_request_is_told_why(stub_node: StubNode, body: Any, said: str) -> None:
    status, answer = stub_node.ask("POST", "/v1/completions", body)
    assert status == 400
    assert said in answer["error"]["message"]


def test_a_body_beyond_the_limit_is_not_read(stub_node: StubNode) -> None:
    connection = HTTPConnection("127.0.0.1", stub_node.server.server_address[1], timeout=10)
    connection.putrequest("POST", "/v1/completions")
    connection.putheader("Content-Length", str(MAX_BODY_BYTES + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_fields_of_a_request() -> None:
    assert parse_request(b'{"prompt": "x", "stop": "y"}') == Request("x", stop=("y",))
    assert parse_request(b'{"prompt": "x", "logprobs": 0}').logprobs


async def test_a_reply_with_its_confidence(stub_node: StubNode) -> None:
    client = NodeClient(RemoteNode(stub_node.url))
    reply = await client.complete({"prompt": "x", "logprobs": 1}, deadline_s=10)
    assert (reply.text, reply.cached_tokens) == ("SELECT 1", 5)
    assert reply.confidence == pytest.approx(0.8187, abs=1e-4)
    await client.close()


async def test_leaving_stops_the_generator(stub_node: StubNode) -> None:
    client = NodeClient(RemoteNode(stub_node.url))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(client.complete({"prompt": "hold"}, deadline_s=30))
        await asyncio.to_thread(stub_node.generator.started.wait, 10)
        task.cancel()
    assert await asyncio.to_thread(stub_node.generator.cancelled.wait, 5)
    assert (await client.complete({"prompt": "x"}, deadline_s=10)).text == "SELECT 1"
    await client.close()


async def test_the_deadline_stops_the_generator(stub_node: StubNode) -> None:
    client = NodeClient(RemoteNode(stub_node.url))
    await client.complete({"prompt": "x"}, deadline_s=10)
    with pytest.raises(DraftTimeout) as caught:
        await client.complete({"prompt": "hold"}, deadline_s=1.5)
    assert caught.value.sqlstate == "57014"
    assert await asyncio.to_thread(stub_node.generator.cancelled.wait, 5)
    await client.close()


async def test_a_full_queue_refuses_at_once(stub_node: StubNode) -> None:
    client = NodeClient(RemoteNode(stub_node.url))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(client.complete({"prompt": "hold"}, deadline_s=30))
        await asyncio.to_thread(stub_node.generator.started.wait, 10)
        waiting = group.create_task(client.complete({"prompt": "x"}, deadline_s=30))
        await asyncio.to_thread(stub_node.await_waiting, 1)
        with pytest.raises(NodeBusy) as caught:
            await client.complete({"prompt": "x"}, deadline_s=30)
        assert caught.value.sqlstate == "53300"
        assert caught.value.hint
        stub_node.generator.release.set()
    assert running.result().text == waiting.result().text == "SELECT 1"
    await client.close()


async def test_who_leaves_the_queue_frees_a_place(stub_node: StubNode) -> None:
    client = NodeClient(RemoteNode(stub_node.url))
    async with asyncio.TaskGroup() as group:
        group.create_task(client.complete({"prompt": "hold"}, deadline_s=30))
        await asyncio.to_thread(stub_node.generator.started.wait, 10)
        with pytest.raises(DraftTimeout):
            await client.complete({"prompt": "x"}, deadline_s=0.2)
        await asyncio.to_thread(stub_node.await_waiting, 0)
        stub_node.generator.release.set()
    await client.close()


async def test_the_clients_own_bound() -> None:
    client = NodeClient(RemoteNode("http://127.0.0.1:9"), waiting_max=0)
    with pytest.raises(NodeBusy):
        await client.complete({"prompt": "x"}, deadline_s=1)


@pytest.mark.parametrize(("url", "said"), [(None, "not ready"), ("http://127.0.0.1:9", "broke off")])
async def test_no_node(url: str | None, said: str) -> None:
    client = NodeClient(RemoteNode(url))
    with pytest.raises(NodeUnavailable, match=said) as caught:
        await client.complete({"prompt": "x"}, deadline_s=5)
    assert caught.value.sqlstate == "57P03"
    await client.close()


async def test_the_environments_proxy_is_not_used(
    stub_node: StubNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    client = NodeClient(RemoteNode(stub_node.url))
    assert (await client.complete({"prompt": "x"}, deadline_s=10)).text == "SELECT 1"
    await client.close()
