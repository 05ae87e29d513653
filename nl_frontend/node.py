"""An LLM node: one model behind an OpenAI-style completion endpoint, on loopback, as a process of its own.

    python -m nl_frontend.node --model FILE.gguf --port 0       its first line of output is its port

    Wire: POST /v1/completions {prompt, max_tokens, temperature, stop, grammar, logprobs}
          GET /v1/models, GET /health {"status": "ok", "waiting": n}

Rules: one completion runs at a time and `--queue` more may wait, the next is 503 at once; who hangs up is
forgotten, also in the middle of a completion; prompts and replies are never logged; an idle node uses no
processor time.
Leaves out: streaming, chat templates, TLS and keys (it answers only this machine).
"""

from __future__ import annotations

import argparse
import json
import os
import select
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from nl_frontend.generator import Cancelled, Completion, Generator, PromptTooLong, Request

MAX_BODY_BYTES = 1 << 20
IDLE_CONNECTION_S = 300.0
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

    def __init__(self, generator: Generator, *, model: str, port: int, waiting_max: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.generator = generator
        self.model = model
        self.turn = Turn(waiting_max)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_CONNECTION_S
    server: NodeServer

    def do_GET(self) -> None:
        if self.path == "/health":
            self._reply(200, {"status": "ok", "waiting": self.server.turn.waiting})
        elif self.path == "/v1/models":
            self._reply(200, {"object": "list", "data": [{"id": self.server.model, "object": "model"}]})
        else:
            self._fail(404, "no such resource")

    def do_POST(self) -> None:
        if self.path != "/v1/completions":
            self._fail(404, "no such resource")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self._fail(413, f"a body of at most {MAX_BODY_BYTES} bytes, its length given")
            return
        try:
            request = parse_request(self.rfile.read(int(length)))
        except ValueError as error:
            self._fail(400, str(error))
            return
        self._complete(request)

    def _complete(self, request: Request) -> None:
        turn = self.server.turn
        try:
            if not turn.take(self._gone):
                self._fail(503, "the node's queue is full")
                return
            try:
                completion = self.server.generator.complete(request, self._gone)
            finally:
                turn.give_back()
        except Cancelled:
            self.close_connection = True
        except (PromptTooLong, ValueError) as error:
            self._fail(400, str(error))
        else:
            self._reply(200, completion_body(completion, self.server.model))

    def _gone(self) -> bool:
        """Whether the client closed the connection: readable, and nothing to read."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        if not readable:
            return False
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
            super().handle()
        except ConnectionError:
            pass  # the client went away while it was being answered


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
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--threads", type=int, default=0, help="0 takes every core it may run on (default)")
    parser.add_argument("--context", type=int, default=4096, help="tokens of prompt and reply together")
    parser.add_argument("--queue", type=int, default=8, help="how many may wait")
    parser.add_argument("--exit-with-stdin", action="store_true", help="stop when standard input ends")
    options = parser.parse_args()
    if options.exit_with_stdin:
        threading.Thread(target=_exit_with_parent, daemon=True).start()
    generator = Generator(
        options.model,
        threads=options.threads or available_cores(),
        context_tokens=options.context,
        lora=options.lora,
    )
    server = NodeServer(
        generator,
        model=options.name or Path(options.model).stem,
        port=options.port,
        waiting_max=options.queue,
    )
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever(poll_interval=60)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
