"""The runs that measure the CTI server, and what their figures are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from bench.cases import Case
from bench.figures import Budget, Figure, Measured, Table
from bench.tables import Rounds

_EVENTS: Final = {1: 4_000, 10: 2_000, 200: 200, 1_000: 60}
"""How many events so many clients are sent in one run."""
_RATES: Final = (50, 100, 200)
_TRANSPORTS: Final = {"websocket": "WebSocket", "zmq": "ZeroMQ"}
_HALF: Final = Budget(least=0.5)


def cases(*, quick: bool) -> list[Case]:
    """Fan-out by both transports, desktops at each rate, one who does not read, memory."""
    runs = [
        Case(
            f"fan {transport} {clients}",
            "fan_out",
            {
                "transport": transport,
                "clients": clients,
                "events": events // 2 if quick else events,
            },
        )
        for transport in _TRANSPORTS
        for clients, events in _EVENTS.items()
    ]
    runs += [
        Case(
            f"desktops {rate}",
            "desktops",
            {"rate": rate, "lasts_s": 4 if quick else 10, "stalled": False},
        )
        for rate in ((100,) if quick else _RATES)
    ]
    if not quick:
        stalled: dict[str, str | float] = {"rate": 100, "lasts_s": 40, "stalled": True}
        runs.append(Case("stalled", "desktops", stalled))
    return [*runs, Case("memory", "sessions_memory", {"sessions": 1_000}, once=True)]


def tables(rounds: Rounds) -> tuple[Table, ...]:
    """Fan-out, latencies, memory."""
    return (*(_fan_out(rounds, each) for each in _TRANSPORTS), _desktops(rounds), _memory(rounds))


def _fan_out(rounds: Rounds, transport: str) -> Table:
    figures = []
    for clients in _EVENTS:
        ran = rounds[f"fan {transport} {clients}"]
        who = f"{clients:,} client{'s' if clients > 1 else ''}"
        figures += [
            Figure(f"{who}: bare, each event", "sent/s", _each(ran, lambda one: one["bare"].rate)),
            Figure(f"{who}: ours, each event", "sent/s", _each(ran, lambda one: one["ours"].rate)),
            Figure(f"{who}: ours / bare", "x", _ratio(ran, "ours"), _HALF),
            Figure(
                f"{who}: ours, ten in a commit / bare", "x", _ratio(ran, "ours together"), _HALF
            ),
        ]
    return Table(f"Events to clients by {_TRANSPORTS[transport]}", tuple(figures))


def _desktops(rounds: Rounds) -> Table:
    figures = []
    for rate in _RATES:
        ran = rounds.get(f"desktops {rate}")
        if ran is None:
            continue
        budget = Budget(most=20) if rate == 100 else None  # noqa: PLR2004 - the design's rate
        figures += [
            _gauge(f"{rate} calls/s: p50", "ms", ran, "desktops", "p50_ms"),
            _gauge(f"{rate} calls/s: p99", "ms", ran, "desktops", "p99_ms", budget),
            _gauge(f"{rate} calls/s: p50 to the commit", "ms", ran, "desktops", "commit_p50_ms"),
            _gauge(f"{rate} calls/s: p99 to the commit", "ms", ran, "desktops", "commit_p99_ms"),
            _gauge(f"{rate} calls/s: processor", "cores", ran, "desktops", "core_share"),
            _gauge(f"{rate} calls/s: events of a call", "", ran, "desktops", "events_of_a_call"),
            _gauge(f"{rate} calls/s: wallboard, each queue", "1/s", ran, "desktops", "board"),
        ]
    ran = rounds.get("stalled", ())
    if ran:
        moved = _each(
            ran, lambda one: one["beside"].gauges["p99_ms"] / one["alone"].gauges["p99_ms"]
        )
        figures += [
            _gauge("100 calls/s: p99, all read", "ms", ran, "alone", "p99_ms"),
            Figure("the same beside one who never reads", "x", moved, Budget(most=1.1)),
            _gauge("who never read was cut (1: yes)", "", ran, "beside", "cut"),
        ]
    return Table("From observation to 1,000 desktops, journal on disk", tuple(figures))


def _memory(rounds: Rounds) -> Table:
    ran = rounds["memory"]
    values = _each(
        ran,
        lambda one: (
            (one["sessions"].gauges["many_mib"] - one["sessions"].gauges["few_mib"])
            * 1_024
            / one["sessions"].count
        ),
    )
    return Table(
        "Memory of sessions",
        (
            Figure("one session, connected, with one monitor", "KiB", values),
            _gauge("the process with 1,050 of them", "MiB", ran, "sessions", "many_mib"),
        ),
    )


def _gauge(
    name: str,
    unit: str,
    ran: Sequence[Mapping[str, Measured]],
    of: str,
    gauge: str,
    budget: Budget | None = None,
) -> Figure:
    return Figure(name, unit, _each(ran, lambda one: one[of].gauges[gauge]), budget)


def _ratio(ran: Sequence[Mapping[str, Measured]], of: str) -> tuple[float, ...]:
    return _each(ran, lambda one: one[of].rate / one["bare"].rate)


def _each(
    ran: Sequence[Mapping[str, Measured]], figure: Callable[[Mapping[str, Measured]], float]
) -> tuple[float, ...]:
    return tuple(figure(one) for one in ran)
