"""Queues and agents alone, in virtual time: theory's models, and the two that benchmarks run.

No switch, no menus, no ringing: calls come, wait, are answered at once when an agent is offered
to them, and callers give up. What decides is the distributor that runs live; here is only the heap
of what happens next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from typing import Any, TypeAlias

import msgspec
import numpy as np

from acd.config import AcdConfig, AgentChoice, QueueConfig
from acd.decisions import AcdDecision, Offer, OfferTaken, Waits
from acd.distributor import Distributor
from acd.inputs import Answered, AskState, Enter, Leave, LogOn, PhoneBusy
from acd.steps import Step
from agents.config import AgentConfig
from agents.directory import Directory
from agents.stats import TimeInState
from csta.agent_events import AGENT_EVENTS
from csta.instants import HOUR, MINUTE, SECOND, Instant, Milliseconds
from csta.states import AgentState
from switch_sim.variates import Distribution, Exponential, Lognormal, Streams, endless

SKILLS = 6
_SKILL_SHARES = (0.20, 0.18, 0.17, 0.16, 0.15, 0.14)
_PRIORITY_SHARES = (0.60, 0.30, 0.10)
_OVERFLOW_AFTER = 60 * SECOND
_BLOCK = 1024

_Happening: TypeAlias = Callable[[str, Instant], None]
"""What happens to somebody, and when."""


class CallMix(msgspec.Struct, frozen=True):
    """What calls ask for: queues and priorities with their shares, drawn one by one, apart."""

    queues: tuple[tuple[str, float], ...]
    priorities: tuple[tuple[int, float], ...] = ((0, 1.0),)


class QueueModel(msgspec.Struct, frozen=True, kw_only=True):
    """One centre without a switch; without a patience nobody gives up."""

    acd: AcdConfig
    agents: tuple[AgentConfig, ...]
    calls_per_hour: float
    mix: CallMix
    talk: Distribution
    patience: Distribution | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one run. Counts are of the calls that arrived between warm-up and end.

    `arrived` counts all calls; `busy_ms` is talk and wrap-up of all agents in that window.
    """

    arrived: int
    offered: int
    answered: int
    answered_within: int
    abandoned: int
    waited: int
    wait_answered_ms: Milliseconds
    wait_abandoned_ms: Milliseconds
    busy_ms: Milliseconds
    agents: int
    window_ms: Milliseconds

    @property
    def service_level_share(self) -> float:
        """Answered within the threshold of all offered, however short an abandoned wait (SL9)."""
        return self.answered_within / self.offered

    @property
    def asa_ms(self) -> float:
        """Mean wait of the answered calls."""
        return self.wait_answered_ms / self.answered

    @property
    def mean_wait_ms(self) -> float:
        """Mean wait of all calls."""
        return (self.wait_answered_ms + self.wait_abandoned_ms) / self.offered

    @property
    def abandoned_share(self) -> float:
        """Abandoned of all offered."""
        return self.abandoned / self.offered

    @property
    def waited_share(self) -> float:
        """Calls that were not answered at once, of all offered."""
        return self.waited / self.offered

    @property
    def occupancy_share(self) -> float:
        """Talk and wrap-up of all agents' time."""
        return self.busy_ms / (self.agents * self.window_ms)


def single_queue(
    *,
    calls_per_hour: float,
    agents: int,
    talk_ms: Milliseconds,
    patience_ms: Milliseconds | None = None,
) -> QueueModel:
    """Describe M/M/c, or M/M/c+M when callers have a (mean) patience."""
    return QueueModel(
        acd=AcdConfig(queues=(QueueConfig(name="all", skills={"all": 1}),)),
        agents=tuple(_agent(number, {"all": 1}) for number in range(agents)),
        calls_per_hour=calls_per_hour,
        mix=CallMix((("all", 1.0),)),
        talk=Exponential(talk_ms),
        patience=None if patience_ms is None else Exponential(patience_ms),
    )


def m1(scale: int = 1, load: float = 1.0) -> QueueModel:
    """Describe M1, Erlang A: 300 erlang on 310 agents, mean patience two minutes."""
    return single_queue(
        calls_per_hour=6_000 * scale * load,
        agents=310 * scale,
        talk_ms=180 * SECOND,
        patience_ms=120 * SECOND,
    )


def m2(scale: int = 1, load: float = 1.0) -> QueueModel:
    """Describe M2: six skills in levels, three priorities, a second queue after a minute."""
    queues = tuple(
        QueueConfig(
            name=f"q{skill}",
            skills={f"s{skill}": 1},
            agent_choice=AgentChoice.MOST_SKILLED,
            wrap_up_ms=30 * SECOND,
            steps=(Step(after_ms=_OVERFLOW_AFTER, also=f"q{(skill + 1) % SKILLS}"),),
        )
        for skill in range(SKILLS)
    )
    names = (queue.name for queue in queues)
    return QueueModel(
        acd=AcdConfig(queues=queues),
        agents=tuple(_agent(number, m2_skills(number)) for number in range(400 * scale)),
        calls_per_hour=6_480 * scale * load,
        mix=CallMix(
            tuple(zip(names, _SKILL_SHARES, strict=True)), tuple(enumerate(_PRIORITY_SHARES))
        ),
        talk=Lognormal(180 * SECOND, 0.7),
        patience=Exponential(120 * SECOND),
    )


def m2_skills(number: int) -> dict[str, int]:
    """Give the skills of M2's agent; levels 10, 9, 8 stand for its best, second and third."""
    apart = 1 + number // 18 % 2
    return {
        f"s{(number % SKILLS + place * apart) % SKILLS}": 10 - place
        for place in range(1 + number // 6 % 3)
    }


def run(
    model: QueueModel,
    *,
    seed: int,
    until: Instant = 8 * HOUR,
    warm_up_ms: Milliseconds = 30 * MINUTE,
    within_ms: Milliseconds = 20 * SECOND,
) -> Outcome:
    """Let calls come until an instant, counted from 0, then drain; give what came of it.

    The same seed gives the same outcome.
    """
    return _Run(model, seed, until, warm_up_ms, within_ms).outcome()


def _agent(number: int, skills: dict[str, int]) -> AgentConfig:
    return AgentConfig(f"a{number}", f"Agent {number}", f"station:{number + 1}", skills)


def _choices(shares: Sequence[float], generator: np.random.Generator) -> Iterator[int]:
    """Draw places of the list, each with its share, one after the other."""
    limits = np.cumsum(shares) / sum(shares)
    last = len(shares) - 1
    while True:
        drawn = np.searchsorted(limits, generator.random(_BLOCK), side="right")
        yield from np.minimum(drawn, last).tolist()


class _Call:
    __slots__ = ("arrived_at", "call_id", "counts", "waited")

    def __init__(self, call_id: str, arrived_at: Instant, counts: bool) -> None:  # noqa: FBT001 - private
        self.call_id = call_id
        self.arrived_at = arrived_at
        self.counts = counts
        self.waited = False


class _Run:
    """One run: the heap of arrivals, ends of talks and of patience, and the sums."""

    def __init__(
        self, model: QueueModel, seed: int, until: Instant, warm_up_ms: Milliseconds, within_ms: int
    ) -> None:
        directory = Directory(model.agents, "model")
        self.acd = Distributor(model.acd, directory)
        self.model = model
        self.until, self.warm_up_ms, self.within_ms = until, warm_up_ms, within_ms
        streams = Streams(seed)
        gap = Exponential(HOUR / model.calls_per_hour)
        self.gaps = endless(gap, streams.stream("arrivals"))
        self.talks = endless(model.talk, streams.stream("handle_time"))
        self.patience = (
            None if model.patience is None else endless(model.patience, streams.stream("patience"))
        )
        self.queues = _choices([s for _, s in model.mix.queues], streams.stream("queue"))
        self.priorities = _choices([s for _, s in model.mix.priorities], streams.stream("priority"))
        self.calls: dict[str, _Call] = {}
        self.heap: list[tuple[Instant, int, _Happening, str]] = []
        self.serial = 0
        self.times = TimeInState(warm_up_ms, until)
        self.arrived = self.offered = self.answered = self.answered_within = 0
        self.abandoned = self.waited = self.wait_answered_ms = self.wait_abandoned_ms = 0
        self.takers: dict[type, Callable[[Any, Instant], None]] = {
            **dict.fromkeys(AGENT_EVENTS, self.times.take),
            Offer: self.take_offer,
            OfferTaken: self.answer,
            Waits: self.wait,
        }

    def outcome(self) -> Outcome:
        for agent in self.model.agents:
            self.take(self.acd.handle(LogOn(agent.agent_id), 0), 0)
            self.take(self.acd.handle(AskState(agent.agent_id, AgentState.READY), 0), 0)
        self.push(next(self.gaps), self.arrive, "")
        now = self.pass_time()
        self.times.close(now)
        busy = self.times.total_ms(AgentState.BUSY)
        return Outcome(
            arrived=self.arrived,
            offered=self.offered,
            answered=self.answered,
            answered_within=self.answered_within,
            abandoned=self.abandoned,
            waited=self.waited,
            wait_answered_ms=self.wait_answered_ms,
            wait_abandoned_ms=self.wait_abandoned_ms,
            busy_ms=busy + self.times.total_ms(AgentState.WORKING_AFTER_CALL),
            agents=len(self.model.agents),
            window_ms=self.until - self.warm_up_ms,
        )

    def push(self, at: Instant, what: _Happening, who: str) -> None:
        self.serial += 1
        heappush(self.heap, (at, self.serial, what, who))

    def pass_time(self) -> Instant:
        """Let everything happen, deadlines of the ACD first; give the last instant."""
        acd, heap = self.acd, self.heap
        now = 0
        while True:
            due = acd.wake_at()
            if due is not None and (not heap or due <= heap[0][0]):
                now = due
                self.take(acd.wake(now), now)
            elif heap:
                now, _, what, who = heappop(heap)
                what(who, now)
            else:
                return now

    def arrive(self, _who: str, now: Instant) -> None:
        if now >= self.until:
            return
        self.push(now + next(self.gaps), self.arrive, "")
        self.arrived += 1
        call = _Call(str(self.arrived), now, now >= self.warm_up_ms)
        self.offered += call.counts
        self.calls[call.call_id] = call
        queue = self.model.mix.queues[next(self.queues)][0]
        priority = self.model.mix.priorities[next(self.priorities)][0]
        self.take(self.acd.handle(Enter(call.call_id, queue, priority), now), now)

    def take(self, decisions: list[AcdDecision], now: Instant) -> None:
        takers = self.takers
        for decision in decisions:
            taker = takers.get(type(decision))
            if taker is not None:
                taker(decision, now)

    def take_offer(self, offer: Offer, now: Instant) -> None:
        self.take(self.acd.handle(Answered(offer.offer_id), now), now)

    def answer(self, taken: OfferTaken, now: Instant) -> None:
        offer = taken.offer
        call = self.calls.pop(offer.call_id)
        self.push(now + next(self.talks), self.hang_up, offer.agent_id)
        if call.counts:
            self.answered += 1
            self.answered_within += taken.waited_ms <= self.within_ms
            self.wait_answered_ms += taken.waited_ms

    def hang_up(self, agent_id: str, now: Instant) -> None:
        self.take(self.acd.handle(PhoneBusy(agent_id, None), now), now)

    def wait(self, waits: Waits, now: Instant) -> None:
        call = self.calls[waits.call_id]
        if call.waited:
            return
        call.waited = True
        self.waited += call.counts
        if self.patience is not None:
            self.push(now + next(self.patience), self.give_up, call.call_id)

    def give_up(self, call_id: str, now: Instant) -> None:
        call = self.calls.pop(call_id, None)
        if call is None:
            return
        if call.counts:
            self.abandoned += 1
            self.wait_abandoned_ms += now - call.arrived_at
        self.take(self.acd.handle(Leave(call_id), now), now)
