"""What the server counts and times, as Prometheus reads it: no SQL, no value, no name of a client.

Statements are counted where their audit records are written, once each; what is there at the moment (sessions, queue,
nodes) is looked up when somebody asks.  Names follow Prometheus' own advice: base units, and `_total` for counters.
"""

from __future__ import annotations

import time
from collections import Counter as Count
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric

if TYPE_CHECKING:
    from checker.verdict import Denied
    from proxy.audit import Record
    from proxy.service import Service
    from proxy.wire.errors import ErrorFields

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
BUCKETS_S = (
    0.0001,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    30,
    60,
    300,
    1800,
)
"""From the gate's tenth of a millisecond to half an hour of an export."""
NO_ERROR = "00"
"""successful_completion: the class of no error (appendix A)."""
_SESSION_STATES = ("active", "idle", "idle in transaction", "idle in transaction (aborted)")
_NODE_STATES = ("up", "down", "starting")


class Metrics:
    """One server's."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.registry.register(_Now(service))
        self._statements = Counter(
            "streamlink_statements",
            "Statements that have ended, by the gate's verdict, the outcome and the class of the SQLSTATE.",
            ("verdict", "outcome", "sqlstate_class"),
            registry=self.registry,
        )
        self._rows = Counter("streamlink_rows", "Rows sent or written.", registry=self.registry)
        self._bytes = Counter("streamlink_bytes", "Bytes of answers to clients.", registry=self.registry)
        stages = Histogram(
            "streamlink_stage_seconds",
            "How long the stages of a statement took: gate, plan, wait (for a place on Spark), first_row, total.",
            ("stage",),
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self._gate, self._plan, self._wait, self._first_row, self._total = (
            stages.labels(name) for name in ("gate", "plan", "wait", "first_row", "total")
        )
        self._by_labels: dict[tuple[str, str, str], Counter] = {}

    def statement(
        self, record: Record, outcome: str, error: ErrorFields | None, denied: Denied | None
    ) -> None:
        """One statement, over."""
        known = record.reviewed is not None or (
            record.prepared is not None and record.prepared.reviewed is not None
        )
        verdict = "denied" if denied is not None else "allowed" if known else "none"
        labels = (verdict, outcome, NO_ERROR if error is None else error.sqlstate[:2])
        counter = self._by_labels.get(labels)
        if counter is None:
            counter = self._by_labels[labels] = self._statements.labels(*labels)
        counter.inc()
        if record.rows:
            self._rows.inc(record.rows)
        self._bytes.inc(record.bytes)
        if record.gate_s is not None:
            self._gate.observe(record.gate_s)
        if record.plan_s is not None:
            self._plan.observe(record.plan_s)
        if record.first_row_s is not None:
            self._first_row.observe(record.first_row_s)
        self._total.observe(time.perf_counter() - record.turn)

    def waited(self, seconds: float) -> None:
        """A statement has its place on Spark."""
        self._wait.observe(seconds)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)


class _Now:
    """What is looked up when somebody asks."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def describe(self) -> list[Metric]:
        """Nothing, so that registering does not collect: the service is not there yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        service = self._service
        states = Count(session.state for session in service.registry.sessions.values())
        sessions = GaugeMetricFamily("streamlink_sessions", "Clients, by their state.", labels=("state",))
        for state in _SESSION_STATES:
            sessions.add_metric((state,), states[state])
        yield sessions

        working, waiting = Count[str](), Count[str]()
        for turn, position in service.control.turns():
            (waiting if position else working)["+".join(turn.session.grants.roles)] += 1
        queue = GaugeMetricFamily(
            "streamlink_queue", "Statements at work on Spark or waiting for it.", labels=("roles", "state")
        )
        for state, counted in (("working", working), ("waiting", waiting)):
            for roles in sorted(working.keys() | waiting.keys()):
                queue.add_metric((roles, state), counted[roles])
        yield queue

        up = GaugeMetricFamily(
            "streamlink_node_state", "1 for the state that a part is in.", labels=("node", "kind", "state")
        )
        flying = GaugeMetricFamily(
            "streamlink_node_in_flight", "What a part is doing for us.", labels=("node", "kind")
        )
        for node in service.nodes.all():
            for state in _NODE_STATES:
                up.add_metric((node.name, node.kind, state), float(node.state == state))
            flying.add_metric((node.name, node.kind), node.in_flight)
        yield up
        yield flying
        yield GaugeMetricFamily(
            "streamlink_draining", "1 while the server lets nobody in.", value=float(service.draining)
        )
