"""What the runs of a scenario came to: figures with confidence intervals; as JSON for programs.

A share of several runs is made from their sums; the interval is Student's, 95 %, over the runs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import attrgetter, methodcaller
from typing import TypeVar

from acd.service_levels import ABANDONMENT, VARIANTS, Level, Variant
from acd.stats import BUCKET_EDGES, Figures, WaitCounts
from agents.ledger import Activity, AgentSums, sum_of_agents
from agents.stats import FAIR_SHARES, RATIOS, Fairness, fairness_of
from csta.ids import AgentId
from scenarios.intervals import half_width
from scenarios.meter import GroupUse, QueueResult, RunResult, in_all
from scenarios.patience import PatienceCurve, fit_curve
from scenarios.report_document import (
    AgentReport,
    Bucket,
    Estimate,
    FairnessReport,
    GroupReport,
    QueueReport,
    Report,
    ServiceLevel,
    VisitReport,
)
from scenarios.scenario import Scenario

PERCENTILES = (50, 80, 90, 95, 99)

_OF_VISITS = [variant for variant in VARIANTS.values() if variant.level is Level.VISITS]
_OF_CONTACTS = [variant for variant in VARIANTS.values() if variant.level is Level.CONTACTS]

_Of = TypeVar("_Of")


def report(scenario: Scenario, results: Sequence[RunResult]) -> Report:
    """Sum up the runs of a scenario, one or more.

    Raises:
        ValueError: there is no run.
    """
    if not results:
        raise ValueError("a report needs one run at least")
    voice_units = [result.voice_units for result in results if result.voice_units is not None]
    all_agents = _agent_report([sum_of_agents(result.agents.values()) for result in results])
    return Report(
        scenario=scenario.name,
        about=scenario.about,
        seed=results[0].seed,
        seeds=tuple(result.seed for result in results),
        replications=len(results),
        measured_from=scenario.measured_from,
        measured_until=scenario.ends_at,
        by=results[0].by,
        queues={
            name: _queue_report([result.queues[name] for result in results])
            for name in results[0].queues
        },
        total=_queue_report([result.total for result in results]),
        occupancy_share=all_agents.ratios["occupancy AWS"],
        aht_ms=all_agents.aht_ms,
        all_agents=all_agents,
        agents=_agents(results),
        fairness={measure: _fairness(results, measure) for measure in FAIR_SHARES},
        attempts=_mean([result.attempts for result in results]),
        blocked=_mean([result.blocked for result in results]),
        blocked_share=_ratio([(result.blocked, result.attempts) for result in results]),
        trunks=tuple(
            _group_report(groups) for groups in zip(*(r.trunks for r in results), strict=True)
        ),
        voice_units=_group_report(voice_units) if voice_units else None,
        unqueued=_means([result.unqueued for result in results]),
        unfinished=_mean([result.unfinished for result in results]),
        events=_mean([result.events for result in results]),
    )


class _Runs:
    """The figures of each run, and their sum."""

    def __init__(self, each: Sequence[Figures], pooled: Figures) -> None:
        self.each = each
        self.pooled = pooled

    def count(self, name: str) -> Estimate:
        return _mean([getattr(one, name) for one in self.each])

    def share(self, of: Callable[[Figures], float | None]) -> Estimate:
        return _pooled(of, self.pooled, self.each)

    def levels(self, variants: Iterable[Variant], over: Level) -> list[ServiceLevel]:
        return [
            ServiceLevel(
                variant=variant.variant,
                definition=variant.formula,
                source=variant.source,
                counted_over=over,
                threshold_ms=self.pooled.threshold_ms or None,
                short_ms=self.pooled.short_ms,
                share=self.share(variant.share),
            )
            for variant in variants
        ]

    def percentiles(self, name: str) -> dict[str, Estimate]:
        return {f"p{part}": self.share(partial(_percentile, name, part)) for part in PERCENTILES}

    def buckets(self) -> tuple[Bucket, ...]:
        answered, abandoned = (
            [_mean(counts) for counts in zip(*of_runs, strict=True)]
            for of_runs in (
                [one.answered_waits.buckets() for one in self.each],
                [one.abandoned_waits.buckets() for one in self.each],
            )
        )
        begins = (0, *BUCKET_EDGES)
        return tuple(
            Bucket(from_ms=begin, answered=answered[place], abandoned=abandoned[place])
            for place, begin in enumerate(begins)
        )


def _queue_report(results: Sequence[QueueResult]) -> QueueReport:
    in_sum = in_all(results)
    contacts = _Runs([result.figures for result in results], in_sum.figures)
    visits = _Runs([result.visits for result in results], in_sum.visits)
    levels = visits.levels(_OF_VISITS, Level.VISITS)
    levels += contacts.levels(_OF_CONTACTS, Level.CONTACTS)
    return QueueReport(
        offered=contacts.count("offered"),
        answered=contacts.count("answered"),
        abandoned=contacts.count("abandoned"),
        abandoned_share=contacts.share(attrgetter("abandoned_share")),
        abandonment=tuple(contacts.levels(ABANDONMENT.values(), Level.CONTACTS)),
        visits=VisitReport(
            offered=visits.count("offered"),
            flowed_in=visits.count("flowed_in"),
            flowed_out=visits.count("flowed_out"),
            callbacks=visits.count("callbacks"),
            exits=_means([one.exits for one in visits.each]),
        ),
        service_levels=tuple(levels),
        mean_excess_ms=visits.share(attrgetter("mean_excess_ms")),
        mean_wait_ms=contacts.share(attrgetter("mean_wait_ms")),
        mean_decided_wait_ms=contacts.share(attrgetter("mean_decided_wait_ms")),
        asa_ms=contacts.share(attrgetter("asa_ms")),
        mean_abandon_ms=contacts.share(attrgetter("mean_abandon_ms")),
        waited_share=contacts.share(attrgetter("waited_share")),
        longest_wait_ms=contacts.count("longest_wait_ms"),
        mean_talk_ms=contacts.share(attrgetter("mean_talk_ms")),
        answered_wait_percentiles_ms=contacts.percentiles("answered_waits"),
        abandoned_wait_percentiles_ms=contacts.percentiles("abandoned_waits"),
        buckets=contacts.buckets(),
        patience_median_ms=contacts.share(lambda one: _median(_patience(one))),
        patience_mean_ms=contacts.share(lambda one: _finite(_patience(one).mean_ms)),
    )


def _percentile(name: str, percent: int, of: Figures) -> float | None:
    waits: WaitCounts = getattr(of, name)
    return waits.percentile(percent)


def _patience(of: Figures) -> PatienceCurve:
    """Estimate patience; whoever left otherwise than by hanging up would have waited longer."""
    return fit_curve(
        (wait, waits is of.abandoned_waits)
        for waits in (of.answered_waits, of.abandoned_waits, of.other_waits)
        for wait, count in waits.counts.items()
        for _ in range(count)
    )


def _median(curve: PatienceCurve) -> float | None:
    steps = zip(curve.times_ms, curve.shares, strict=True)
    return next((time_ms for time_ms, left in steps if left <= 0.5), None)  # noqa: PLR2004 - half


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _agents(results: Sequence[RunResult]) -> dict[AgentId, AgentReport]:
    ids = dict.fromkeys(agent_id for result in results for agent_id in result.agents)
    nothing = sum_of_agents(())
    return {
        agent_id: _agent_report([result.agents.get(agent_id, nothing) for result in results])
        for agent_id in ids
    }


def _agent_report(each: Sequence[AgentSums]) -> AgentReport:
    pooled = sum_of_agents(each)

    def share(of: Callable[[AgentSums], float | None]) -> Estimate:
        return _pooled(of, pooled, each)

    def part(activity: Activity) -> Estimate:
        return share(methodcaller("mean_ms", activity))

    return AgentReport(
        login_ms=_mean([one.login_ms for one in each]),
        spent_share={activity: share(methodcaller("share_of", activity)) for activity in Activity},
        not_ready_ms=_means([one.not_ready_ms for one in each]),
        offers=_mean([one.offers for one in each]),
        handled=_mean([one.handled for one in each]),
        aht_ms=share(attrgetter("aht_ms")),
        talk_ms=part(Activity.TALK),
        hold_ms=part(Activity.HOLD),
        consult_ms=part(Activity.CONSULT),
        work_ms=part(Activity.WORK),
        transfer_share=share(attrgetter("transfer_share")),
        hold_share=share(attrgetter("hold_share")),
        rona_share=share(attrgetter("rona_share")),
        answer_share=share(attrgetter("answer_share")),
        calls_per_hour=share(attrgetter("calls_per_hour")),
        ratios={name: share(ratio.share) for name, ratio in RATIOS.items()},
    )


def _fairness(results: Sequence[RunResult], measure: str) -> FairnessReport:
    """Measure each run by itself: over all runs together everything would look more even."""
    each = [fairness_of(result.agents.values(), measure) for result in results]
    there: list[Fairness] = [one for one in each if one is not None]
    return FairnessReport(
        jain=_mean([one.jain for one in there]),
        least=_mean([one.least for one in there]),
        most=_mean([one.most for one in there]),
    )


def _group_report(groups: Sequence[GroupUse]) -> GroupReport:
    return GroupReport(
        name=groups[0].name,
        size=groups[0].size,
        mean_busy=_mean([group.mean_busy for group in groups]),
        blocked=_mean([group.blocked for group in groups]),
    )


def _means(of_runs: Sequence[Mapping[str, int]]) -> dict[str, Estimate]:
    """Give the mean of each count; a run that does not have it has none."""
    names: Counter[str] = Counter()
    for counts in of_runs:
        names.update(counts)
    return {name: _mean([counts.get(name, 0) for counts in of_runs]) for name in sorted(names)}


def _pooled(of: Callable[[_Of], float | None], pooled: _Of, each: Iterable[_Of]) -> Estimate:
    return Estimate(of(pooled), _spread([of(one) for one in each]))


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
