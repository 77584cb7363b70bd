"""Estimators of the queues whose recipes ask how long a wait will be, fed from what is decided.

A queue that nobody asks has none, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from acd.config import AcdConfig
from acd.decisions import (
    AcdDecision,
    CallbackAccepted,
    Diverts,
    Ends,
    OfferTaken,
    Overflows,
    Reconfigured,
    TurnedAway,
    Waits,
)
from acd.estimates import Announcement, Estimate, Estimator, Promise
from acd.floor import Floor, needs_of
from acd.inputs import AcdInput, Leave
from acd.queue import Queue, WaitingCall
from acd.requirements import Requirement
from acd.steps import Step
from agents.agent import Agent
from csta.agent_events import AgentEvent
from csta.conditions import compile_condition
from csta.ids import AgentId, CallId, QueueName
from csta.instants import SECOND, Instant, Milliseconds
from csta.states import AgentState

_FIGURE = "estimated_wait"
_SERVES = (AgentState.READY, AgentState.BUSY, AgentState.WORKING_AFTER_CALL)
_FREE = (AgentState.READY, AgentState.NOT_READY, AgentState.NULL)
_COUNTED_MS: Milliseconds = 10 * SECOND
"""So long a count of agents is used: who serves a queue changes slowly, and counting costs."""


class _Wait:
    """What was estimated for a call in one queue, and what the caller was told of it."""

    __slots__ = ("entered_at", "estimates", "promise", "queue")

    def __init__(self, call: WaitingCall) -> None:
        self.queue = call.queue
        self.entered_at = call.entered_at
        self.estimates: list[Estimate] = []
        self.promise = Promise(call.queue.config.promise)


class Estimating:
    """Knows, for each queue that is asked, how long its calls will wait (features Q22, O03)."""

    def __init__(self, floor: Floor) -> None:
        """Read the floor's configuration; nothing is learned yet."""
        self._floor = floor
        self._estimators: dict[QueueName, Estimator] = {}
        self._waits: dict[CallId, _Wait] = {}
        self._serving: dict[AgentId, tuple[QueueName, Instant]] = {}
        self._counted: dict[QueueName, tuple[Instant, int]] = {}
        self.active = False
        """Whether there is an estimator at all."""
        self._learn: dict[type, Callable[[Any, Instant], None]] = {
            Waits: self._begins,
            OfferTaken: self._is_taken,
            Overflows: self._moves,
            Diverts: self._goes,
            Ends: self._goes,
            TurnedAway: self._goes,
            CallbackAccepted: self._goes,
            Reconfigured: self._reconfigured,
        }
        self._configure()

    def of_call(self, call: WaitingCall, now: Instant) -> Estimate | None:
        """Estimate the remaining wait of a call in its queue; None: nobody serves it.

        Raises:
            KeyError: the queue has no estimator.
        """
        queue = call.queue
        waited_ms = now - call.entered_at
        in_front = queue.in_front(call.key)
        if not call.waits and self._is_served_at_once(queue, needs_of(call, queue), in_front):
            return Estimate(0, 0, 1.0, queue.config.estimate_share, waited_ms)
        return self._estimators[queue.name].estimate(in_front, self._agents(queue, now), waited_ms)

    def of_queue(self, queue: Queue, now: Instant) -> Estimate | None:
        """Estimate the wait of a call that came to a queue now.

        Raises:
            KeyError: the queue has no estimator.
        """
        estimator = self._estimators[queue.name]
        if self._is_served_at_once(queue, queue.needs, len(queue)):
            return Estimate(0, 0, 1.0, estimator.share)
        return estimator.estimate(len(queue), self._agents(queue, now))

    def at_entry(self, call_id: CallId) -> Milliseconds | None:
        """Give what was estimated when a call began to wait in its queue, if anything was."""
        wait = self._waits.get(call_id)
        return wait.estimates[0].quantile_ms if wait is not None and wait.estimates else None

    def promise(self, call: WaitingCall, now: Instant) -> Announcement | None:
        """Give the wait that a caller may be told, and remember that he was told it."""
        wait = self._wait(call)
        estimate = self.of_call(call, now)
        if estimate is not None:
            wait.estimates.append(estimate)
        return wait.promise.announce(estimate)

    def learn(self, event: AcdInput | None, decisions: Iterable[AcdDecision], now: Instant) -> None:
        """Learn from one step of the distributor: the input, if there was one, and the decisions.

        A wait that ended without an agent, other than by the caller's leave, teaches nothing.
        """
        if type(event) is Leave:
            wait = self._waits.pop(event.call_id, None)
            if wait is not None and wait.queue.name in self._estimators:
                self._estimators[wait.queue.name].abandoned(now - wait.entered_at)
        for decision in decisions:
            if isinstance(decision, AgentEvent):
                if decision.STATE in _FREE and decision.agent_id in self._serving:
                    self._is_free(decision.agent_id, now)
            else:
                learn = self._learn.get(type(decision))
                if learn is not None:
                    learn(decision, now)

    def _begins(self, decision: Waits, now: Instant) -> None:
        call = self._floor.calls.get(decision.call_id)
        if call is None or call.queue.name not in self._estimators:
            return
        wait = self._wait(call)
        if not wait.estimates:
            estimate = self._estimators[call.queue.name].estimate(
                decision.calls_in_front, self._agents(call.queue, now), now - call.entered_at
            )
            if estimate is not None:
                wait.estimates.append(estimate)

    def _moves(self, decision: Overflows, now: Instant) -> None:
        if not decision.stays:
            self._goes(decision, now)

    def _goes(
        self, decision: Overflows | Diverts | Ends | TurnedAway | CallbackAccepted, _now: Instant
    ) -> None:
        self._waits.pop(decision.call_id, None)

    def _is_taken(self, decision: OfferTaken, now: Instant) -> None:
        offer = decision.offer
        estimator = self._estimators.get(offer.queue)
        wait = self._waits.pop(offer.call_id, None)
        if estimator is None:
            return
        rang_at = offer.deadline_at - self._floor.queues[offer.queue].config.ring_ms
        self._serving[offer.agent_id] = (offer.queue, rang_at)
        if wait is not None and wait.queue.name == offer.queue:
            estimator.answered(now - wait.entered_at, *wait.estimates)

    def _is_free(self, agent_id: AgentId, now: Instant) -> None:
        queue, since = self._serving.pop(agent_id)
        if queue in self._estimators:
            self._estimators[queue].handled(now - since)

    def _is_served_at_once(self, queue: Queue, needs: Requirement, in_front: int) -> bool:
        """Tell whether more agents are ready than callers are in front."""
        return self._floor.roster.counts(queue, needs)[1] > in_front

    def _wait(self, call: WaitingCall) -> _Wait:
        wait = self._waits.get(call.call_id)
        if wait is None or wait.queue is not call.queue:
            wait = self._waits[call.call_id] = _Wait(call)
        return wait

    def _agents(self, queue: Queue, now: Instant) -> int:
        """Count the agents who serve a queue now: who is not ready does not."""
        counted = self._counted.get(queue.name)
        if counted is None or now - counted[0] >= _COUNTED_MS:
            members: Iterable[Agent] = self._floor.roster.members(queue, queue.needs)
            count = sum(agent.state in _SERVES for agent in members)
            counted = self._counted[queue.name] = (now, count)
        return counted[1]

    def _reconfigured(self, _decision: Reconfigured, _now: Instant) -> None:
        self._configure()

    def _configure(self) -> None:
        old, config = self._estimators, self._floor.config
        asked = asked_for(config)
        self._estimators = {
            queue.name: old[queue.name]
            if queue.name in old and old[queue.name].share == queue.estimate_share
            else Estimator(queue.estimate_share)
            for queue in config.queues
            if queue.name in asked
        }
        self.active = bool(self._estimators)
        self._counted.clear()


def asked_for(config: AcdConfig) -> dict[QueueName, None]:
    """Name the queues whose wait some step asks for, or tells to a caller.

    A named recipe may come to any call: one that asks for its own queue's wait asks for all.
    """
    names = [queue.name for queue in config.queues]
    asked: dict[QueueName, None] = {}
    lists = [(queue.steps, [queue.name]) for queue in config.queues]
    for steps, own in (*lists, *((steps, names) for steps in config.recipes.values())):
        for step in steps:
            asked |= dict.fromkeys(name for name in _asked_by(step, own) if name in names)
    return asked


def _asked_by(step: Step, own: list[QueueName]) -> Iterable[QueueName]:
    if step.say_wait:
        yield from own
    for name in compile_condition(step.when).names if step.when else ():
        if name == _FIGURE:
            yield from own
        elif name.startswith("queue.") and name.endswith(f".{_FIGURE}"):
            yield name.removeprefix("queue.").removesuffix(f".{_FIGURE}")
