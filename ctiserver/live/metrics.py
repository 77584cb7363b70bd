"""Figures of the running server for Prometheus; ids and numbers are never labels."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from csta.event_types import event_type
from csta.services import SERVICES
from ctiserver.core.engine import Engine
from ctiserver.live.event_log import EventLog, Logged

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0)


class Metrics:
    """Counts requests and events, and reads gauges when they are asked for."""

    def __init__(self, engine: Engine, log: EventLog) -> None:
        """Count what one engine's log tells of."""
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "offhook_requests",
            "Requests for services, by whether they were granted",
            ("service", "granted"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "offhook_request_seconds",
            "How long requests take until they are answered",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._events = Counter(
            "offhook_events", "Events of the log", ("type",), registry=self.registry
        )
        self._sequence = Gauge(
            "offhook_log_sequence", "Sequence of the last event", registry=self.registry
        )
        self._sequence.set_function(lambda: log.last)
        self.registry.register(_Centre(engine))
        log.listeners.append(self._count_events)

    def count_request(self, service: str, seconds: float, granted: bool) -> None:  # noqa: FBT001 - the hook of `CommandDesk`
        """Count a request; what is no service's name is counted under one name."""
        known = service if service in SERVICES else "unknown"
        self._requests.labels(known, "yes" if granted else "no").inc()
        self._seconds.observe(seconds)

    def gauge(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """Show a figure that a part of the server knows: `offhook_<name>`."""
        Gauge(f"offhook_{name}", help_text, registry=self.registry).set_function(read)

    def written(self) -> bytes:
        """Write all figures in Prometheus' text format."""
        return generate_latest(self.registry)

    def _count_events(self, batch: Sequence[Logged]) -> None:
        for kind, count in Tally(type(logged.event.data) for logged in batch).items():
            self._events.labels(event_type(kind)).inc(count)


class _Centre(Collector):
    """Reads the engine: calls, agents by state, who waits in which queue."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterable[Metric]:
        engine = self._engine
        calls = GaugeMetricFamily("offhook_calls", "Calls that are under way")
        calls.add_metric([], len(engine.model.calls))
        yield calls
        agents = GaugeMetricFamily("offhook_agents", "Agents by state", labels=["state"])
        for state, count in Tally(agent.state for agent in engine.directory).items():
            agents.add_metric([state.value], count)
        yield agents
        waiting = GaugeMetricFamily(
            "offhook_waiting", "Calls that wait, by queue", labels=["queue"]
        )
        for name, queue in engine.acd.queues.items():
            waiting.add_metric([name], len(queue))
        yield waiting
