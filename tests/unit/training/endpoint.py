"""A completion endpoint that answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Endpoint = tuple[str, list[str]]
"""Its address, and the prompts that it was sent."""


@contextmanager
def endpoints() -> Iterator[Callable[[Callable[[str], str]], Endpoint]]:
    """Starts endpoints that live as long as the block."""
    servers = []

    def start(answer: Callable[[str], str]) -> Endpoint:
        prompts: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                prompts.append(body["prompt"])
                payload = json.dumps({"choices": [{"text": answer(body["prompt"])}]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, format: str, *args: Any) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}", prompts

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return figures
