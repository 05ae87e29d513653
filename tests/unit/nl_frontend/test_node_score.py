"""A judging node's endpoint and the client of it, over real sockets; the scorer is a stub that can be held."""

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

from nl_frontend.client import NodeClient, RemoteNode, parse_score
from nl_frontend.errors import DraftTimeout, NodeBusy, NodeUnavailable, PromptTooLarge
from nl_frontend.generator import Cancelled, PromptTooLong
from nl_frontend.node import NodeServer, parse_score_request, score_body
from nl_frontend.scorer import Score, ScoreRequest

BODY: dict[str, Any] = {"prefix": "p", "text": "SELECT 1", "suffix": "s", "labels": [" a", " b"]}


@dataclass
class StubScorer:
    release: threading.Event = field(default_factory=threading.Event)
    started: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def score(self, request: ScoreRequest, cancelled: Callable[[], bool]) -> Score:
        if request.text == "long":
            raise PromptTooLong("9 tokens; the context has 8")
        if request.labels[0] == "two tokens":
            raise ValueError("labels: 'two tokens' is 2 tokens of this model, and must be one")
        while request.text == "hold" and not self.release.is_set():
            self.started.set()
            if cancelled():
                self.cancelled.set()
                raise Cancelled
            time.sleep(0.005)
        return Score((-0.5, -1.5), (0.25, -2.0) if request.hidden else (), 9, 4)


@dataclass
class Running:
    server: NodeServer
    scorer: StubScorer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def ask(self, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        connection = HTTPConnection("127.0.0.1", self.server.server_address[1], timeout=10)
        connection.request("POST", path, body if isinstance(body, bytes) else json.dumps(body))
        response = connection.getresponse()
        answer = response.status, json.loads(response.read())
        connection.close()
        return answer


@pytest.fixture
def running() -> Iterator[Running]:
    scorer = StubScorer()
    server = NodeServer(scorer, model="stub", port=0, waiting_max=1)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Running(server, scorer)
    scorer.release.set()
    server.shutdown()
    server.server_close()
    thread.join()


async def test_a_score(running: Running) -> None:
    client = NodeClient(RemoteNode(running.url))
    reply = await client.score({**BODY, "hidden": True}, deadline_s=10)
    assert (reply.logprobs, reply.hidden) == ((-0.5, -1.5), (0.25, -2.0))
    assert (reply.prompt_tokens, reply.cached_tokens) == (9, 4)
    assert (await client.score(BODY, deadline_s=10)).hidden == ()
    await client.close()


def test_a_judging_node_completes_nothing(running: Running) -> None:
    assert running.ask("/v1/completions", {"prompt": "x"})[0] == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "JSON"),
        ([], "prefix"),
        ({**BODY, "text": 1}, "text"),
        ({**BODY, "suffix": None}, "suffix"),
        ({**BODY, "labels": [" a"]}, "labels"),
        ({**BODY, "labels": [" a", ""]}, "labels"),
        ({**BODY, "labels": ["two tokens", " b"]}, "must be one"),
        ({**BODY, "hidden": 1}, "hidden"),
    ],
)
def test_a_bad_request_is_told_why(running: Running, body: Any, said: str) -> None:
    status, answer = running.ask("/v1/score", body)
    assert status == 400
    assert said in answer["error"]["message"]


async def test_too_long_is_an_answer_of_its_own(running: Running) -> None:
    client = NodeClient(RemoteNode(running.url))
    with pytest.raises(PromptTooLarge) as caught:
        await client.score({**BODY, "text": "long"}, deadline_s=10)
    assert caught.value.sqlstate == "54000"
    with pytest.raises(NodeUnavailable):
        await client.score({**BODY, "labels": ["two tokens", " b"]}, deadline_s=10)
    await client.close()


async def test_leaving_frees_the_node(running: Running) -> None:
    client = NodeClient(RemoteNode(running.url))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(client.score({**BODY, "text": "hold"}, deadline_s=30))
        await asyncio.to_thread(running.scorer.started.wait, 10)
        task.cancel()
    assert await asyncio.to_thread(running.scorer.cancelled.wait, 5)
    assert (await client.score(BODY, deadline_s=10)).logprobs[0] == -0.5
    await client.close()


async def test_deadline_and_bound(running: Running) -> None:
    client = NodeClient(RemoteNode(running.url), waiting_max=1)

    async def one_too_many() -> None:
        await asyncio.to_thread(running.scorer.started.wait, 10)
        await client.score(BODY, deadline_s=10)

    held = client.score({**BODY, "text": "hold"}, deadline_s=1.0)
    outcomes = await asyncio.gather(held, one_too_many(), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [DraftTimeout, NodeBusy]
    assert await asyncio.to_thread(running.scorer.cancelled.wait, 5)
    await client.close()


def test_the_state_keeps_its_numbers() -> None:
    score = Score((-1.25, -0.125), (1.5, -0.75, 3.0), 5, 2)
    assert parse_score(json.loads(json.dumps(score_body(score)))).hidden == score.hidden
    assert parse_score_request(json.dumps(BODY).encode()) == ScoreRequest("p", "SELECT 1", "s", (" a", " b"))


@pytest.mark.parametrize("body", [{}, {"logprobs": [1]}, {"logprobs": [1, 2], "hidden": "???"}])
def test_what_is_no_score(body: dict[str, Any]) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        parse_score(body)
