"""What is measured in one run of a scenario, folded from the world's events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from acd.contact_fold import ContactFold
from acd.stats import Figures, add_up, figures
from acd.visits import AnyVisit, By, counted_in, visits_of
from agents.ledger import Activity, AgentLedger, AgentSums, sum_of_agents
from agents.stats import RATIOS
from csta.call_events import CallCleared, CallEvent, Diverted, Established
from csta.ids import AgentId, CallId, category_of, device
from csta.instants import Instant, Milliseconds
from ctiserver.core.wire import Published
from scenarios.scenario import Scenario
from switch_sim.callers import CallerPlan
from switch_sim.switch import SimulatedPbx
from switch_sim.trunks import TrunkBoard


class QueueResult(msgspec.Struct, frozen=True):
    """What was measured at one queue: over contacts that came to it first, and over its visits."""

    figures: Figures
    visits: Figures


class GroupUse(msgspec.Struct, frozen=True):
    """How much of a group of trunks or voice units was in use: the mean is in erlang."""

    name: str
    size: int
    mean_busy: float
    blocked: int = 0


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured in one run, from the end of the warm-up until nobody calls any more.

    A contact belongs to the queue it came to first. Whether it counts, and each of its visits, is
    decided by the rule `by`.
    """

    seed: int
    queues: dict[str, QueueResult]
    total: QueueResult
    attempts: int
    """Calls that were tried, blocked ones included."""
    unqueued: dict[str, int]
    """Calls that were over before they came to a queue, by outcome."""
    unfinished: int
    """Calls that were not over long after the end."""
    agents: dict[AgentId, AgentSums]
    """The ledger of each agent who was there."""
    trunks: tuple[GroupUse, ...]
    voice_units: GroupUse | None
    events: int
    by: By = By.OFFER

    @property
    def occupancy_share(self) -> float | None:
        """Busy and wrap-up of busy, wrap-up and ready, of all agents together (AWS)."""
        return RATIOS["occupancy AWS"].share(sum_of_agents(self.agents.values()))

    @property
    def wrap_up_ms(self) -> Milliseconds:
        """Work after calls, of all agents together."""
        return sum(agent.spent_ms[Activity.WORK] for agent in self.agents.values())

    @property
    def blocked(self) -> int:
        """Calls that found all trunks in use."""
        return sum(group.blocked for group in self.trunks)


class Meter:
    """Measures one run: a listener of the world's events, and a counter of what was tried."""

    def __init__(self, scenario: Scenario, pbx: SimulatedPbx, by: By = By.OFFER) -> None:
        """Begin with nothing measured."""
        self._scenario = scenario
        self._by = by
        self._pbx = pbx
        self._contacts = ContactFold()
        self._agents = AgentLedger(scenario.measured_from, scenario.ends_at)
        self._voice = _VoiceUse(scenario.measured_from, scenario.ends_at)
        self._attempts = 0
        self._unqueued: Counter[str] = Counter()
        self._events = 0
        self._boards: tuple[TrunkBoard, ...] = ()

    def offer(self, plan: CallerPlan) -> None:
        """Let a caller call."""
        self._attempts += self._pbx.now() >= self._scenario.measured_from
        self._pbx.offer_call(plan)

    def take(self, events: Sequence[Published]) -> None:
        """Take in what has happened."""
        self._events += len(events)
        for event in events:
            data, at = event.data, event.at
            self._agents.take(data, at)
            if isinstance(data, CallEvent):
                self._take_call(data, at)
            self._contacts.take(data, at)

    def trunk_boards(self) -> tuple[TrunkBoard, ...]:
        """Tell how all trunks stand now."""
        now = self._pbx.now()
        return tuple(group.board(now) for group in self._pbx.dial_plan.trunks.values())

    def result(
        self, seed: int, before: Sequence[TrunkBoard], after: Sequence[TrunkBoard]
    ) -> RunResult:
        """Sum up; the boards are those at the end of the warm-up and when nobody calls any more."""
        scenario = self._scenario
        self._agents.close(scenario.ends_at)
        measured_ms = scenario.ends_at - scenario.measured_from
        voice_units = sum(units.size for units in scenario.pbx.voice_units)
        results = self._by_queue()
        return RunResult(
            seed=seed,
            queues=results,
            total=in_all(list(results.values())),
            attempts=self._attempts,
            unqueued=dict(sorted(self._unqueued.items())),
            unfinished=len(self._contacts.waiting()),
            agents=self._agents.sums(),
            trunks=tuple(
                _use(one, other, measured_ms) for one, other in zip(before, after, strict=True)
            ),
            voice_units=GroupUse("voice units", voice_units, self._voice.busy_ms / measured_ms)
            if voice_units
            else None,
            events=self._events,
            by=self._by,
        )

    def _take_call(self, event: CallEvent, at: Instant) -> None:
        self._voice.take(event, at)
        if (
            isinstance(event, CallCleared)
            and at >= self._scenario.measured_from
            and not self._contacts.knows(event.call_id)
        ):
            self._unqueued[event.outcome.value] += 1

    def _by_queue(self) -> dict[str, QueueResult]:
        scenario, finished = self._scenario, self._contacts.finished
        span = scenario.measured_from, scenario.ends_at, self._by
        contacts = _of_queues(counted_in(finished, *span))
        visits = _of_queues(counted_in(visits_of(finished), *span))
        results = {}
        for queue in scenario.engine.acd.queues:
            at, within = device("acd", queue.name), queue.service_level_ms
            results[queue.name] = QueueResult(
                figures(contacts.get(at, ()), within), figures(visits.get(at, ()), within)
            )
        return results


def in_all(results: Sequence[QueueResult]) -> QueueResult:
    """Add up queues or runs: sums add up, shares do not.

    Each call is within the threshold of its own queue or not. Where the thresholds differ, that of
    the sum is 0.
    """
    return QueueResult(
        add_up([result.figures for result in results]),
        add_up([result.visits for result in results]),
    )


def _of_queues(visits: Sequence[AnyVisit]) -> dict[str, list[AnyVisit]]:
    of_queue: dict[str, list[AnyVisit]] = {}
    for visit in visits:
        of_queue.setdefault(visit.queue, []).append(visit)
    return of_queue


def _use(before: TrunkBoard, after: TrunkBoard, measured_ms: Milliseconds) -> GroupUse:
    return GroupUse(
        after.name,
        after.size,
        (after.busy_ms - before.busy_ms) / measured_ms,
        after.blocked - before.blocked,
    )


class _VoiceUse:
    """Time in flows, which is the time for which voice units are taken, inside one window."""

    def __init__(self, from_at: Instant, until_at: Instant) -> None:
        self.busy_ms: Milliseconds = 0
        self._from_at = from_at
        self._until_at = until_at
        self._since: dict[CallId, Instant] = {}

    def take(self, event: CallEvent, at: Instant) -> None:
        at_flow = (
            event.connection is not None and category_of(event.connection.device_id) == "routeing"
        )
        if isinstance(event, Established) and at_flow:
            self._since[event.call_id] = at
        elif isinstance(event, CallCleared) or (isinstance(event, Diverted) and at_flow):
            since = self._since.pop(event.call_id, None)
            if since is not None:
                inside = min(at, self._until_at) - max(since, self._from_at)
                self.busy_ms += max(0, inside)
