"""What a trace shows: the figures that its replay must hit (validation §1.4)."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from acd.stats import Contact, figures
from csta.instants import DAY, HOUR, SECOND, Instant, Milliseconds
from scenarios.days import day_at
from scenarios.trace import Trace, TraceCall

_LONGEST_SERVICE = HOUR  # longer services were left open; means and deviations leave them out
_SHORT_SERVICE = 10 * SECOND  # shorter ones are agents who hung up (Brown 2005, §4.1)
_WORKWEEK = frozenset({6, 0, 1, 2, 3})  # Sunday to Thursday


class WaitFigures(msgspec.Struct, frozen=True):
    """How the offered calls fared. Waits are of the time in the queue."""

    offered: int
    served: int
    abandoned_share: float
    wait_share: float
    mean_wait_ms: float
    mean_wait_of_served_ms: float
    mean_wait_of_abandoned_ms: float
    served_within_20s_share: float
    """Answered within 20 s / offered."""
    served_within_60s_share: float
    """Answered within 60 s / offered."""


class ServiceFigures(msgspec.Struct, frozen=True):
    """How long services took."""

    count: int
    mean_ms: float
    deviation_ms: float
    median_ms: float


class LogServiceFigures(msgspec.Struct, frozen=True):
    """The natural logarithm of the seconds of service; a lognormal law has no skew and kurtosis."""

    mean: float
    deviation: float
    skew: float
    excess_kurtosis: float


class DayFigures(msgspec.Struct, frozen=True):
    """Rows per day, Sunday to Thursday, dropped ones included."""

    mean: float
    least: int
    most: int
    per_hour: tuple[float, ...]
    """The mean number of rows in each of the 24 hours."""


class TraceFigures(msgspec.Struct, frozen=True):
    """The figures of a trace. `days` is nothing where no day is one of Sunday to Thursday."""

    waits: WaitFigures
    service: ServiceFigures
    service_by_type: dict[str, ServiceFigures]
    log_service: LogServiceFigures
    days: DayFigures | None
    agents: int
    repeat_share: float
    """Of the days of known customers, the share on which they called more than once."""


def wait_figures(outcomes: Sequence[tuple[Milliseconds, bool]]) -> WaitFigures:
    """Figure from the wait of each offered call, with whether it was answered.

    The formulas are those of every report, `acd.stats`.
    """
    contacts = [
        Contact("", 0, waited_ms=wait_ms, answered=answered, abandoned=not answered)
        for wait_ms, answered in outcomes
    ]
    within_20s, within_60s = figures(contacts, 20 * SECOND), figures(contacts, 60 * SECOND)
    return WaitFigures(
        offered=within_20s.offered,
        served=within_20s.answered,
        abandoned_share=within_20s.abandoned_share or 0.0,
        wait_share=within_20s.waited_share or 0.0,
        mean_wait_ms=within_20s.mean_wait_ms or 0.0,
        mean_wait_of_served_ms=within_20s.asa_ms or 0.0,
        mean_wait_of_abandoned_ms=within_20s.mean_abandon_ms or 0.0,
        served_within_20s_share=within_20s.service_level("SL9") or 0.0,
        served_within_60s_share=within_60s.service_level("SL9") or 0.0,
    )


def trace_figures(trace: Trace) -> TraceFigures:
    """Figure what a trace shows."""
    services: defaultdict[str, list[Milliseconds]] = defaultdict(list)
    for call in trace.calls:
        if call.answered and 0 < call.service_ms <= _LONGEST_SERVICE:
            services[call.call_type].append(call.service_ms)
    every_service = [service_ms for of_type in services.values() for service_ms in of_type]
    return TraceFigures(
        waits=wait_figures([(call.wait_ms, call.answered) for call in trace.calls]),
        service=_service_figures(every_service),
        service_by_type={name: _service_figures(services[name]) for name in sorted(services)},
        log_service=_log_service_figures(every_service),
        days=_day_figures(trace.row_arrivals),
        agents=len({call.agent_id for call in trace.calls if call.agent_id}),
        repeat_share=_repeat_share(trace.calls),
    )


def _service_figures(services: list[Milliseconds]) -> ServiceFigures:
    return ServiceFigures(
        count=len(services),
        mean_ms=_mean(services),
        deviation_ms=statistics.stdev(services) if len(services) > 1 else 0.0,
        median_ms=statistics.median(services) if services else 0.0,
    )


def _log_service_figures(services: list[Milliseconds]) -> LogServiceFigures:
    logs = [math.log(ms / SECOND) for ms in services if ms >= _SHORT_SERVICE]
    mean = _mean(logs)
    deviation = statistics.pstdev(logs, mean) if logs else 0.0
    scaled = [(value - mean) / deviation for value in logs] if deviation else []
    return LogServiceFigures(
        mean=mean,
        deviation=deviation,
        skew=_mean([value**3 for value in scaled]),
        excess_kurtosis=_mean([value**4 for value in scaled]) - 3 if scaled else 0.0,
    )


def _day_figures(arrivals: Iterable[Instant]) -> DayFigures | None:
    per_day: Counter[int] = Counter()
    per_hour: Counter[int] = Counter()
    for arrived_at in arrivals:
        if day_at(arrived_at).weekday() in _WORKWEEK:
            per_day[arrived_at // DAY] += 1
            per_hour[arrived_at % DAY // HOUR] += 1
    if not per_day:
        return None
    return DayFigures(
        mean=per_day.total() / len(per_day),
        least=min(per_day.values()),
        most=max(per_day.values()),
        per_hour=tuple(per_hour[hour] / len(per_day) for hour in range(24)),
    )


def _repeat_share(calls: Iterable[TraceCall]) -> float:
    pairs = Counter((call.day, call.customer_id) for call in calls if call.customer_id)
    return sum(count > 1 for count in pairs.values()) / len(pairs) if pairs else 0.0


def _mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if values else 0.0
