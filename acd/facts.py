"""What recipes may ask about a call that waits: the names of their conditions, and the values."""

from __future__ import annotations

from acd.estimates import Announcement, Estimate
from acd.estimating import Estimating
from acd.floor import Floor
from acd.queue import Queue, WaitingCall
from acd.requirements import CALLER
from csta.conditions import Lookup
from csta.instants import SECOND, Instant, Milliseconds
from csta.states import AgentState

_CALENDAR = "calendar."


class Facts:
    """Looks up values as they are at one instant. What is not known raises KeyError."""

    def __init__(self, floor: Floor, estimating: Estimating) -> None:
        """Look at one floor."""
        self._floor = floor
        self._estimating = estimating

    def of(self, call: WaitingCall, now: Instant) -> Lookup:
        """Give what a condition on this call looks its names up with."""

        def value(name: str) -> object:
            if name.startswith(CALLER):
                return call.attributes[name.removeprefix(CALLER)]
            if name.startswith(_CALENDAR):
                calendar = self._floor.config.calendars[name.removeprefix(_CALENDAR)]
                return calendar.state_for_call(call.enqueued_at, now).value
            if name.startswith("queue."):
                queue, _, fact = name.removeprefix("queue.").rpartition(".")
                return self._of_queue(self._floor.queues[queue], fact, now)
            return self._of_call(call, name, now)

        return value

    def promise(self, call: WaitingCall, now: Instant) -> Announcement | None:
        """Give the wait that the caller is told now; None: nobody serves the queue."""
        return self._estimating.promise(call, now)

    def _of_call(self, call: WaitingCall, name: str, now: Instant) -> object:
        match name:
            case "estimated_wait":
                figure: object = _seconds(self._estimating.of_call(call, now), name)
            case "waited":
                figure = (now - call.enqueued_at) / SECOND
            case "waited_here":
                figure = (now - call.entered_at) / SECOND
            case "position":
                figure = call.position
            case "attempts":
                figure = call.attempts
            case "priority":
                figure = call.priority
            case _:
                figure = self._of_queue(call.queue, name, now)
        return figure

    def _of_queue(self, queue: Queue, name: str, now: Instant) -> object:
        if name == "estimated_wait":
            return _seconds(self._estimating.of_queue(queue, now), name)
        if name == "waiting":
            return len(queue)
        if name == "longest_wait":
            return self._longest_wait(queue, now) / SECOND
        return self._of_agents(queue, name)

    def _of_agents(self, queue: Queue, name: str) -> object:
        needs = queue.needs
        here, ready = self._floor.roster.counts(queue, needs)
        if name == "ready":
            return ready
        if name == "logged_on":
            return here
        if name == "calls_per_agent":
            return len(queue) / here if here else float(len(queue))
        members = self._floor.roster.members(queue, needs)
        states = {
            "not_ready": (AgentState.NOT_READY,),
            "busy": (AgentState.BUSY, AgentState.WORKING_AFTER_CALL),
        }[name]
        return sum(agent.state in states for agent in members)

    def _longest_wait(self, queue: Queue, now: Instant) -> Milliseconds:
        waiting = (
            call
            for call in self._floor.calls.values()
            if call.waits and not call.held and any(line.queue is queue for line in call.places)
        )
        return max((now - call.enqueued_at for call in waiting), default=0)


def _seconds(estimate: Estimate | None, name: str) -> float:
    if estimate is None:
        raise KeyError(name)
    return estimate.quantile_ms / SECOND
