"""What the runs of a scenario came to: figures with confidence intervals; as JSON for programs.

A share of several runs is made from their sums; the interval is Student's, 95 %, over the runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from operator import methodcaller

import msgspec

from acd.stats import SERVICE_LEVELS, Figures
from csta.instants import Instant, Milliseconds
from scenarios.intervals import half_width
from scenarios.meter import GroupUse, QueueResult, RunResult, in_all
from scenarios.scenario import Scenario

SCHEMA = "offhook.sim-report/1"


class Estimate(msgspec.Struct, frozen=True):
    """One figure; `half_width` is None where there are fewer than two runs that have it."""

    value: float | None
    half_width: float | None = None


class ServiceLevel(msgspec.Struct, frozen=True, kw_only=True):
    """A service level, with what it means: which variant, which definition, which threshold.

    The threshold is None where each call is measured by the threshold of its own queue.
    """

    variant: str
    definition: str
    threshold_ms: Milliseconds | None
    share: Estimate


class QueueReport(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one queue, or of all; waits end with the answer, so that ringing counts."""

    offered: Estimate
    answered: Estimate
    abandoned: Estimate
    abandoned_share: Estimate
    service_levels: tuple[ServiceLevel, ...]
    mean_wait_ms: Estimate
    asa_ms: Estimate
    mean_abandon_ms: Estimate
    waited_share: Estimate
    longest_wait_ms: Estimate
    """The mean of the longest waits of the runs."""
    mean_talk_ms: Estimate


class GroupReport(msgspec.Struct, frozen=True, kw_only=True):
    """A group of trunks or voice units; `mean_busy` in erlang."""

    name: str
    size: int
    mean_busy: Estimate
    blocked: Estimate


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of a scenario's runs. Counts are means of the runs."""

    schema: str = SCHEMA
    scenario: str
    about: str
    seed: int
    seeds: tuple[int, ...]
    replications: int
    confidence: float = 0.95
    measured_from: Instant
    measured_until: Instant
    queues: dict[str, QueueReport]
    total: QueueReport
    occupancy_share: Estimate
    aht_ms: Estimate
    """Talk, hold and wrap-up of an answered call."""
    attempts: Estimate
    blocked: Estimate
    blocked_share: Estimate
    trunks: tuple[GroupReport, ...]
    voice_units: GroupReport | None
    unqueued: dict[str, Estimate]
    unfinished: Estimate
    events: Estimate


def report(scenario: Scenario, results: Sequence[RunResult]) -> Report:
    """Sum up the runs of a scenario, one or more.

    Raises:
        ValueError: there is no run.
    """
    if not results:
        raise ValueError("a report needs one run at least")
    voice_units = [result.voice_units for result in results if result.voice_units is not None]
    return Report(
        scenario=scenario.name,
        about=scenario.about,
        seed=results[0].seed,
        seeds=tuple(result.seed for result in results),
        replications=len(results),
        measured_from=scenario.measured_from,
        measured_until=scenario.ends_at,
        queues={
            name: _queue_report([result.queues[name] for result in results])
            for name in results[0].queues
        },
        total=_queue_report([result.total for result in results]),
        occupancy_share=_mean([result.occupancy_share for result in results]),
        aht_ms=_ratio(
            [
                (result.total.figures.talk_ms + result.wrap_up_ms, result.total.figures.answered)
                for result in results
            ]
        ),
        attempts=_mean([result.attempts for result in results]),
        blocked=_mean([result.blocked for result in results]),
        blocked_share=_ratio([(result.blocked, result.attempts) for result in results]),
        trunks=tuple(
            _group_report(groups) for groups in zip(*(r.trunks for r in results), strict=True)
        ),
        voice_units=_group_report(voice_units) if voice_units else None,
        unqueued=_unqueued(results),
        unfinished=_mean([result.unfinished for result in results]),
        events=_mean([result.events for result in results]),
    )


def _queue_report(runs: Sequence[QueueResult]) -> QueueReport:
    each = [run.figures for run in runs]
    pooled = in_all(runs).figures

    def share(of: Callable[[Figures], float | None]) -> Estimate:
        return Estimate(of(pooled), _spread([of(one) for one in each]))

    return QueueReport(
        offered=_mean([one.offered for one in each]),
        answered=_mean([one.answered for one in each]),
        abandoned=_mean([one.abandoned for one in each]),
        abandoned_share=share(lambda one: one.abandoned_share),
        service_levels=tuple(
            ServiceLevel(
                variant=variant,
                definition=definition,
                threshold_ms=pooled.threshold_ms or None,
                share=share(methodcaller("service_level", variant)),
            )
            for variant, definition in SERVICE_LEVELS.items()
        ),
        mean_wait_ms=share(lambda one: one.mean_wait_ms),
        asa_ms=share(lambda one: one.asa_ms),
        mean_abandon_ms=share(lambda one: one.mean_abandon_ms),
        waited_share=share(lambda one: one.waited_share),
        longest_wait_ms=_mean([run.longest_wait_ms for run in runs]),
        mean_talk_ms=share(lambda one: one.mean_talk_ms),
    )


def _group_report(groups: Sequence[GroupUse]) -> GroupReport:
    return GroupReport(
        name=groups[0].name,
        size=groups[0].size,
        mean_busy=_mean([group.mean_busy for group in groups]),
        blocked=_mean([group.blocked for group in groups]),
    )


def _unqueued(results: Sequence[RunResult]) -> dict[str, Estimate]:
    outcomes: Counter[str] = Counter()
    for result in results:
        outcomes.update(result.unqueued)
    return {
        outcome: _mean([result.unqueued.get(outcome, 0) for result in results])
        for outcome in sorted(outcomes)
    }


def _mean(values: Sequence[float | None]) -> Estimate:
    there = [value for value in values if value is not None]
    return Estimate(sum(there) / len(there) if there else None, half_width(there))


def _ratio(pairs: Sequence[tuple[float, float]]) -> Estimate:
    top, bottom = (sum(side) for side in zip(*pairs, strict=True))
    return Estimate(
        top / bottom if bottom else None,
        _spread([one / other if other else None for one, other in pairs]),
    )


def _spread(values: Sequence[float | None]) -> float | None:
    return half_width([value for value in values if value is not None])
