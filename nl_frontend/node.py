"""An LLM node: one model behind an OpenAI-style completion endpoint, as a process of its own.

    python -m nl_frontend.node --model FILE.gguf --port 0       its first line of output is its port
    python -m nl_frontend.node --model FILE.gguf --judge        it judges (scorer.py) and completes nothing

    Wire: POST /v1/completions {prompt, max_tokens, temperature, stop, grammar, logprobs}
          POST /v1/score {prefix, text, suffix, labels, hidden} -> {logprobs, hidden}, hidden as base64 of float32 (LE)
          GET /v1/models, GET /health {"status": "ok", "waiting": n}

Rules: one completion or score runs at a time and `--queue` more may wait, the next is 503 at once; who hangs up is
forgotten, also in the middle of a completion; prompts and replies are never logged; an idle node uses no
processor time; other machines are answered over TLS only, and only who shows the token (all but /health wants it).
Leaves out: streaming, chat templates.
"""

from __future__ import annotations

import argparse
import base64
import hmac
import ipaddress
import json
import os
import select
import socket
import ssl
import sys
import threading
import time
from array import array
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from nl_frontend.generator import Cancelled, Completion, Generator, PromptTooLong, Request
from nl_frontend.scorer import Score, Scorer, ScoreRequest

MAX_BODY_BYTES = 1 << 20
IDLE_CONNECTION_S = 300.0
HANDSHAKE_S = 10.0
HANGUP_POLL_S = 0.2
"""How often one who waits in the queue is looked at."""


class Turn:
    """The queue before the one generator: who runs, and how many may wait."""

    def __init__(self, waiting_max: int) -> None:
        self._running = threading.Lock()
        self._count = threading.Lock()
        self._waiting_max = waiting_max
        self.waiting = 0

    def take(self, cancelled: Any) -> bool:
        """True when it is the caller's turn, False when the queue is full.  Raises: Cancelled."""
        with self._count:
            if self._running.acquire(blocking=False):
                return True
            if self.waiting >= self._waiting_max:
                return False
            self.waiting += 1
        try:
            while not self._running.acquire(timeout=HANGUP_POLL_S):
                if cancelled():
                    raise Cancelled
        finally:
            with self._count:
                self.waiting -= 1
        return True

    def give_back(self) -> None:
        self._running.release()


class NodeServer(ThreadingHTTPServer):
    """The endpoint's state.  A thread per connection, a single one of which computes."""

    daemon_threads = True

    def __init__(
        self,
        worker: Generator | Scorer,
        *,
        model: str,
        port: int,
        waiting_max: int,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
        token: str = "",
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), Handler)
        self.token = token
        self._tls = tls
        self.worker = worker
        self.judges = hasattr(worker, "score")
        self.model = model
        self.turn = Turn(waiting_max)

    def get_request(self) -> tuple[Any, Any]:
        """The handshake is left to the connection's own thread: who never makes it keeps nobody waiting."""
        connection, address = super().get_request()
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_CONNECTION_S
    server: NodeServer

    def do_GET(self) -> None:
        if self.path == "/health":
            self._reply(200, {"status": "ok", "waiting": self.server.turn.waiting})
        elif not self._admitted():
            return
        elif self.path == "/v1/models":
            self._reply(200, {"object": "list", "data": [{"id": self.server.model, "object": "model"}]})
        else:
            self._fail(404, "no such resource")

    def do_POST(self) -> None:
        if not self._admitted():
            return
        if self.path != ("/v1/score" if self.server.judges else "/v1/completions"):
            self._fail(404, "no such resource")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self._fail(413, f"a body of at most {MAX_BODY_BYTES} bytes, its length given")
            return
        body = self.rfile.read(int(length))
        worker: Any = self.server.worker
        compute: Callable[[], dict[str, Any]]
        try:
            if self.server.judges:
                asked = parse_score_request(body)
                compute = lambda: score_body(worker.score(asked, self._gone))  # noqa: E731
            else:
                request = parse_request(body)
                compute = lambda: completion_body(  # noqa: E731
                    worker.complete(request, self._gone), self.server.model
                )
        except ValueError as error:
            self._fail(400, str(error))
            return
        self._work(compute, too_long=413 if self.server.judges else 400)

    def _work(self, compute: Callable[[], dict[str, Any]], *, too_long: int) -> None:
        """Take a turn and answer what was computed in it."""
        turn = self.server.turn
        try:
            if not turn.take(self._gone):
                self._fail(503, "the node's queue is full")
                return
            try:
                body = compute()
            finally:
                turn.give_back()
        except Cancelled:
            self.close_connection = True
        except PromptTooLong as error:
            self._fail(too_long, str(error))
        except ValueError as error:
            self._fail(400, str(error))
        else:
            self._reply(200, body)

    def _admitted(self) -> bool:
        """Whether the token is there; else the answer is 401."""
        given = self.headers.get("Authorization", "")
        if not self.server.token or hmac.compare_digest(
            given.encode(), f"Bearer {self.server.token}".encode()
        ):
            return True
        self.close_connection = True
        self._fail(401, "this node wants a token")
        return False

    def _gone(self) -> bool:
        """Whether the client closed the connection: readable, and nothing to read.

        Over TLS an end is announced, and nothing else is sent by a client that waits for its answer.
        """
        readable, _, _ = select.select([self.connection], [], [], 0)
        if not readable:
            return False
        if isinstance(self.connection, ssl.SSLSocket):
            return True
        try:
            return not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def _fail(self, status: int, message: str) -> None:
        self._reply(status, {"error": {"code": status, "message": message}})

    def _reply(self, status: int, body: dict[str, Any]) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: a request line tells nobody anything."""

    def handle(self) -> None:
        try:
            if isinstance(self.connection, ssl.SSLSocket):
                self.connection.settimeout(HANDSHAKE_S)
                self.connection.do_handshake()
                self.connection.settimeout(self.timeout)
            super().handle()
        except (ConnectionError, TimeoutError, ssl.SSLError):
            pass  # the client went away while it was being answered, or makes no handshake that we take


def parse_request(body: bytes) -> Request:
    """Raises: ValueError naming the field that is missing or of the wrong kind."""
    try:
        fields = json.loads(body)
    except ValueError:
        raise ValueError("the body is not JSON") from None
    if not isinstance(fields, dict) or not isinstance(fields.get("prompt"), str):
        raise ValueError("prompt: a string is needed")
    stop = fields.get("stop") or []
    stops = [stop] if isinstance(stop, str) else stop
    if not isinstance(stops, list) or not all(isinstance(text, str) and text for text in stops):
        raise ValueError("stop: a string or a list of strings is needed")
    max_tokens = fields.get("max_tokens", 256)
    temperature = fields.get("temperature", 0.0)
    grammar = fields.get("grammar")
    if not isinstance(max_tokens, int) or max_tokens < 1:
        raise ValueError("max_tokens: a positive integer is needed")
    if not isinstance(temperature, int | float) or temperature < 0:
        raise ValueError("temperature: a number from 0 up is needed")
    if grammar is not None and not isinstance(grammar, str):
        raise ValueError("grammar: a string is needed")
    # OpenAI's logprobs counts alternatives and 0 is a count; only the chosen token's is given here.
    logprobs = fields.get("logprobs")
    wants_logprobs = logprobs is not None and logprobs is not False
    return Request(
        fields["prompt"], max_tokens, float(temperature), tuple(stops), grammar or None, wants_logprobs
    )


def parse_score_request(body: bytes) -> ScoreRequest:
    """Raises: ValueError naming the field that is missing or of the wrong kind."""
    try:
        fields = json.loads(body)
    except ValueError:
        raise ValueError("the body is not JSON") from None
    if not isinstance(fields, dict):
        raise ValueError("prefix: a string is needed")
    for name in ("prefix", "text", "suffix"):
        if not isinstance(fields.get(name), str):
            raise ValueError(f"{name}: a string is needed")
    labels = fields.get("labels")
    if not isinstance(labels, list) or len(labels) != 2 or not all(isinstance(t, str) and t for t in labels):
        raise ValueError("labels: a list of two strings is needed")
    hidden = fields.get("hidden", False)
    if not isinstance(hidden, bool):
        raise ValueError("hidden: true or false is needed")
    return ScoreRequest(fields["prefix"], fields["text"], fields["suffix"], (labels[0], labels[1]), hidden)


def score_body(score: Score) -> dict[str, Any]:
    """The reply to /v1/score."""
    floats = array("f", score.hidden)
    if sys.byteorder == "big":
        floats.byteswap()
    hidden = {"hidden": base64.b64encode(floats.tobytes()).decode()} if score.hidden else {}
    details = {"cached_tokens": score.cached_tokens}
    return {
        "logprobs": list(score.logprobs),
        **hidden,
        "usage": {"prompt_tokens": score.tokens, "prompt_tokens_details": details},
    }


def completion_body(completion: Completion, model: str) -> dict[str, Any]:
    """The reply as OpenAI's completions have it."""
    logprobs = (
        {"tokens": completion.tokens, "token_logprobs": completion.logprobs} if completion.logprobs else None
    )
    choice = {"index": 0, "text": completion.text, "finish_reason": completion.finish, "logprobs": logprobs}
    usage = {
        "prompt_tokens": completion.prompt_tokens,
        "completion_tokens": len(completion.tokens),
        "total_tokens": completion.prompt_tokens + len(completion.tokens),
        "prompt_tokens_details": {"cached_tokens": completion.cached_tokens},
    }
    return {
        "object": "text_completion",
        "created": int(time.time()),
        "model": model,
        "choices": [choice],
        "usage": usage,
    }


def access(
    host: str, certificate: Path | None, key: Path | None, token_file: Path | None
) -> tuple[ssl.SSLContext | None, str]:
    """How a node is reached: TLS or None, and the token or "".

    Raises: OSError; ValueError for less than other machines must be met with.
    """
    token = token_file.read_text("utf-8").split("\n", 1)[0].strip() if token_file else ""
    if token_file and not token:
        raise ValueError(f"{token_file}: there is no token in its first line")
    tls = None
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        tls.load_cert_chain(certificate, key)
    local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    if not local and (tls is None or not token):
        raise ValueError(f"on {host} a node needs --tls-certificate, --tls-key and --token-file")
    return tls, token


def available_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _exit_with_parent() -> None:
    """The parent holds the other end of standard input; when it dies, however it dies, the input ends."""
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m nl_frontend.node", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--model", required=True, help="the GGUF file")
    parser.add_argument("--name", help="the name it answers to (default: the file's)")
    parser.add_argument("--lora", help="a LoRA adapter's GGUF file")
    parser.add_argument("--judge", action="store_true", help="judge statements instead of completing prompts")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--tls-certificate", type=Path, help="PEM file: the certificate, then its chain")
    parser.add_argument("--tls-key", type=Path, help="PEM file: its key")
    parser.add_argument(
        "--token-file", type=Path, help="file whose first line is the token that clients show"
    )
    parser.add_argument("--threads", type=int, default=0, help="0 takes every core it may run on (default)")
    parser.add_argument("--context", type=int, default=4096, help="tokens of prompt and reply together")
    parser.add_argument("--queue", type=int, default=8, help="how many may wait")
    parser.add_argument("--exit-with-stdin", action="store_true", help="stop when standard input ends")
    options = parser.parse_args()
    try:
        tls, token = access(options.host, options.tls_certificate, options.tls_key, options.token_file)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if options.exit_with_stdin:
        threading.Thread(target=_exit_with_parent, daemon=True).start()
    kind: type[Generator] | type[Scorer] = Scorer if options.judge else Generator
    worker = kind(
        options.model,
        threads=options.threads or available_cores(),
        context_tokens=options.context,
        lora=options.lora,
    )
    server = NodeServer(
        worker,
        model=options.name or Path(options.model).stem,
        port=options.port,
        waiting_max=options.queue,
        host=options.host,
        tls=tls,
        token=token,
    )
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever(poll_interval=60)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
