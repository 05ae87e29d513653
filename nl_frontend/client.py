"""Asks nodes for a completion: any OpenAI-style completion endpoint, ours or llama.cpp's own server.  Or for a score,
which only ours give.

Rules: a deadline covers waiting and writing together, on however many nodes; the node with the fewest questions of ours
is asked, and another one when it breaks, is full or takes half of the time that is left; one that is being started is
waited for; a node that failed is left alone for a while, longer each time, unless there is no other; leaving (deadline,
cancellation) closes the connection, which is what stops the node; a node whose certificate is not right gets nothing,
the token neither; no proxy of the environment is used, so nothing goes
where conf does not say.
"""

from __future__ import annotations

import asyncio
import base64
import math
import ssl
import sys
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from nl_frontend.errors import DraftTimeout, FrontEndError, NodeBusy, NodeUnavailable, PromptTooLarge

if TYPE_CHECKING:
    import httpx


ALONE_S, ALONE_MAX_S = 1.0, 60.0
"""How long a node that failed is left alone: at first, and at most."""
LOOK_AGAIN_S = 0.05


class Node(Protocol):
    """Where a node is: an EmbeddedNode, or a RemoteNode that conf names."""

    @property
    def url(self) -> str | None:
        """Its address without /v1, or None while it is not up."""
        ...

    @property
    def coming(self) -> bool:
        """Whether a node that is not up is being started, so that it is worth waiting for."""
        ...


@dataclass(frozen=True, slots=True)
class RemoteNode:
    """A node that somebody else runs."""

    url: str | None
    coming: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """What nodes elsewhere want to see and are known by.

    `authorities`: a PEM file of those that certificates must come from; None for the system's.
    """

    token: str = ""
    authorities: Path | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A node's answer.  Units: `confidence` is the geometric mean of the tokens' probabilities, None when
    not given.
    """

    text: str
    finish: str
    confidence: float | None
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class ScoreReply:
    """A judging node's answer.  Units: natural log-probabilities, in the labels' order; tokens."""

    logprobs: tuple[float, float]
    hidden: tuple[float, ...]
    prompt_tokens: int
    cached_tokens: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a node without asking it.  Units: `error_at`, seconds since the epoch."""

    url: str | None
    coming: bool
    in_flight: int
    failures: int
    """In a row, up to now."""
    error: str | None
    """The class of the last one."""
    error_at: float | None


_Parsed = TypeVar("_Parsed")


@dataclass(slots=True, eq=False)
class _Place:
    """One node as we have known it.  Units: `alone_until` on the event loop's clock."""

    node: Node
    in_flight: int = 0
    failures: int = 0
    alone_until: float = 0.0
    error: str | None = None
    error_at: float | None = None

    def failed(self, now: float, error: FrontEndError) -> None:
        self.error, self.error_at = type(error).__name__, time.time()
        self.failures += 1
        self.alone_until = now + min(ALONE_S * 2 ** (self.failures - 1), ALONE_MAX_S)

    def answered(self) -> None:
        self.failures, self.alone_until = 0, 0.0


class NodeClient:
    """Completions from one node or the best of several, `waiting_max` questions at most in flight at each."""

    def __init__(self, *nodes: Node, waiting_max: int = 16, access: Access | None = None) -> None:
        self._access = access or Access()
        self._places = [_Place(node) for node in nodes]
        self._waiting_max = waiting_max
        self._http: httpx.AsyncClient | None = None

    @property
    def nodes(self) -> int:
        """How many there are."""
        return len(self._places)

    def seen(self) -> list[Seen]:
        """Each node, in the order in which they were given."""
        return [
            Seen(p.node.url, p.node.coming, p.in_flight, p.failures, p.error, p.error_at)
            for p in self._places
        ]

    async def complete(self, body: dict[str, Any], *, deadline_s: float) -> Reply:
        """One completion of a request body as /v1/completions takes it.

        Raises: NodeBusy (53300), NodeUnavailable (57P03), DraftTimeout (57014).
        """
        return await self._ask("/v1/completions", body, parse_reply, deadline_s)

    async def score(self, body: dict[str, Any], *, deadline_s: float) -> ScoreReply:
        """One score of a request body as /v1/score takes it.

        Raises: the same, and PromptTooLarge (54000).
        """
        return await self._ask("/v1/score", body, parse_score, deadline_s)

    async def _ask(
        self, path: str, body: dict[str, Any], parse: Callable[[dict[str, Any]], _Parsed], deadline_s: float
    ) -> _Parsed:
        clock = asyncio.get_running_loop().time
        end = clock() + deadline_s
        problem: FrontEndError | None = None
        left = list(self._places)
        while left:
            place = min(left, key=lambda p: (p.alone_until > clock(), p.node.url is None, p.in_flight))
            left.remove(place)
            others = any(p.alone_until <= clock() for p in left)
            if place.in_flight >= self._waiting_max:
                problem = problem or _busy()
                continue
            place.in_flight += 1
            try:
                async with asyncio.timeout_at(end if not others else (clock() + end) / 2):
                    reply = await self._post(place.node, path, body, parse)
            except TimeoutError:
                problem = DraftTimeout(
                    f"the language model gave no answer within {deadline_s:g} s",
                    hint="Ask again, or ask more simply.",
                )
                place.failed(clock(), problem)
            except NodeUnavailable as error:
                problem = error
                place.failed(clock(), problem)
            except NodeBusy as error:
                problem = error
            else:
                place.answered()
                return reply
            finally:
                place.in_flight -= 1
        assert problem is not None
        raise problem

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def _post(
        self, node: Node, path: str, body: dict[str, Any], parse: Callable[[dict[str, Any]], _Parsed]
    ) -> _Parsed:
        import httpx

        while (url := node.url) is None and node.coming:  # noqa: ASYNC110 - a Protocol's attribute has no event
            await asyncio.sleep(LOOK_AGAIN_S)
        if url is None:
            raise NodeUnavailable("the language model is not ready yet", hint="Try again in a moment.")
        if self._http is None:
            self._http = self._opened()
        try:
            response = await self._http.post(f"{url}{path}", json=body)
        except httpx.TransportError as error:
            raise NodeUnavailable(
                f"the language model's node broke off ({type(error).__name__})", hint="Try again in a moment."
            ) from error
        if response.status_code in (401, 403):
            raise NodeUnavailable("the language model's node does not take our token")
        if response.status_code in (429, 503):
            raise _busy()
        if response.status_code == 413:
            raise PromptTooLarge("the prompt is too long for the language model")
        if response.status_code != 200:
            raise NodeUnavailable(f"the language model's node refused ({response.status_code})")
        try:
            return parse(response.json())
        except (ValueError, LookupError, TypeError) as error:
            raise NodeUnavailable(
                "the language model's node answered something that was not asked for"
            ) from error

    def _opened(self) -> httpx.AsyncClient:
        import httpx

        headers = {"Authorization": f"Bearer {self._access.token}"} if self._access.token else {}
        trust = ssl.create_default_context(cafile=self._access.authorities)
        return httpx.AsyncClient(timeout=None, trust_env=False, headers=headers, verify=trust)


def _busy() -> NodeBusy:
    return NodeBusy(
        "too many questions are waiting for the language model", hint="Try again in a few seconds."
    )


def parse_reply(body: dict[str, Any]) -> Reply:
    """Raises: LookupError, TypeError or ValueError when it is no completion."""
    choice = body["choices"][0]
    logprobs = (choice.get("logprobs") or {}).get("token_logprobs") or []
    usage = body.get("usage") or {}
    return Reply(
        text=str(choice["text"]),
        finish=str(choice.get("finish_reason") or "stop"),
        confidence=math.exp(sum(logprobs) / len(logprobs)) if logprobs else None,
        prompt_tokens=int(usage.get("prompt_tokens", 0)),
        cached_tokens=int((usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)),
        completion_tokens=int(usage.get("completion_tokens", 0)),
    )


def parse_score(body: dict[str, Any]) -> ScoreReply:
    """Raises: LookupError, TypeError or ValueError when it is no score."""
    attack, safe = (float(value) for value in body["logprobs"])
    floats = array("f", base64.b64decode(body.get("hidden") or "", validate=True))
    if sys.byteorder == "big":
        floats.byteswap()
    usage = body.get("usage") or {}
    return ScoreReply(
        (attack, safe),
        tuple(floats),
        int(usage.get("prompt_tokens", 0)),
        int((usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)),
    )
