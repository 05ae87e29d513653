"""What is answered over HTTP, and what a peer may cost."""

from __future__ import annotations

import asyncio
import socket
import time
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from checker.verdict import Denied
from proxy import http
from proxy.audit import Record
from proxy.cli import doctor
from proxy.control import Control, Turn
from proxy.metrics import Metrics
from proxy.nodes import Node
from proxy.registry import Registry
from proxy.settings import Settings
from proxy.wire.errors import ErrorFields


@pytest.fixture
def service() -> Any:
    made = SimpleNamespace(registry=Registry(), draining=False)
    made.parts = [Node("spark", "spark", "", "up"), Node("mirror", "mirror", "", "up")]
    made.parts.append(Node("model", "model", "", "down"))
    made.nodes = SimpleNamespace(all=lambda: made.parts)
    made.metrics = Metrics(made)
    made.control = Control(Settings(), made.metrics.waited)
    return made


def ask(service: Any, request: str) -> tuple[str, str]:
    head, _, body = (
        http.response(f"{request}\r\nHost: x\r\n\r\n".encode(), service).decode().partition("\r\n\r\n")
    )
    assert f"Content-Length: {len(body)}" in head or request.startswith("HEAD")
    return head.split("\r\n")[0].removeprefix("HTTP/1.1 "), body


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET /healthz HTTP/1.1", "200 OK"),
        ("GET /readyz?verbose HTTP/1.0", "200 OK"),
        ("GET /nothing HTTP/1.1", "404 Not Found"),
        ("GET /../etc HTTP/1.1", "404 Not Found"),
        ("POST /metrics HTTP/1.1", "405 Method Not Allowed"),
        ("GET /healthz", "400 Bad Request"),
        ("GET  /healthz HTTP/1.1", "400 Bad Request"),
        ("\x16\x03\x01", "400 Bad Request"),
    ],
)
def test_requests(service: Any, request_line: str, status: str) -> None:
    assert ask(service, request_line)[0] == status


def test_head_has_the_length_and_no_body(service: Any) -> None:
    answer = http.response(b"HEAD /healthz HTTP/1.1\r\n\r\n", service)
    assert b"Content-Length: 3\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_ready_says_what_is_missing(service: Any) -> None:
    service.parts[0].state, service.draining = "starting", True
    assert ask(service, "GET /readyz HTTP/1.1") == (
        "503 Service Unavailable",
        "not ready: shutting down, spark is starting\n",
    )
    assert ask(service, "GET /healthz HTTP/1.1")[0] == "200 OK"


async def listening(service: Any) -> tuple[Any, int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    block = http.listening(service, Settings().with_values("http", port=port))
    await block.__aenter__()
    return block, port


async def test_a_peer_costs_little_and_not_for_long(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "REQUEST_S", 0.2)
    monkeypatch.setattr(http, "PEERS_MAX", 2)
    block, port = await listening(service)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 100_000)
    assert (await reader.readline()).startswith(b"HTTP/1.1 431")
    writer.close()
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    await asyncio.sleep(0.05)
    one_too_many, its_writer = await asyncio.open_connection("127.0.0.1", port)
    assert await one_too_many.read() == b""
    its_writer.close()
    for reader, writer in silent:
        assert await reader.read() == b""
        writer.close()
    await block.__aexit__(None, None, None)


def test_nothing_listens_unless_it_is_wanted() -> None:
    assert Settings().http.port == 0


def test_a_taken_port_is_found_out_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = Settings().with_values("listen", port=0).with_values("http", port=port)
        assert [finding.state for finding in doctor.port(settings)] == ["ok", "missing"]


def samples(service: Any) -> dict[tuple[str, ...], float]:
    """By name and the values of the labels, in the order of their names."""
    text = ask(service, "GET /metrics HTTP/1.1")[1]
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_metrics(service: Any) -> None:
    record = Record(
        "id", "SELECT secret", time.time(), time.perf_counter() - 3, gate_s=0.0002, rows=5, bytes=70
    )
    service.metrics.statement(record, "ok", None, None)
    error = ErrorFields("ERROR", "42501", "secret")
    service.metrics.statement(record, "error", error, Denied("code", "42501", "secret"))
    session: Any = SimpleNamespace(state="idle", pid=1)
    session.grants = SimpleNamespace(roles=("a", 'b"\n'), max_running=())
    service.registry.add(session)
    await Turn(service.control, session).hold()
    found = samples(service)
    assert found["streamlink_statements_total", "ok", "00", "none"] == 1
    assert found["streamlink_statements_total", "error", "42", "denied"] == 1
    assert found["streamlink_rows_total",] == 10
    assert found["streamlink_bytes_total",] == 140
    assert found["streamlink_stage_seconds_count", "total"] == 2
    assert found["streamlink_stage_seconds_bucket", "2.5", "total"] == 0
    assert found["streamlink_stage_seconds_bucket", "5.0", "total"] == 2
    assert found["streamlink_stage_seconds_bucket", "0.0005", "gate"] == 2
    assert found["streamlink_stage_seconds_count", "wait"] == 1
    assert found["streamlink_sessions", "idle"] == 1
    assert found["streamlink_queue", 'a+b"\n', "working"] == 1
    assert found["streamlink_node_state", "model", "model", "down"] == 1
    assert found["streamlink_draining",] == 0
    assert "secret" not in ask(service, "GET /metrics HTTP/1.1")[1]
