"""A replay without the engine: the plan played on a plain queue, slow and easy to check.

It is the second opinion beside the engine's replay, and it made the synthetic month.
"""

from __future__ import annotations

import heapq
from enum import IntEnum

import msgspec

from csta.instants import Instant, Milliseconds
from scenarios.attendance import Attendance, Duty, Order
from scenarios.replay_plan import PlannedCall, ReplayPlan


class Fate(msgspec.Struct, frozen=True):
    """What became of a call. Without an agent the caller hung up."""

    wait_ms: Milliseconds
    agent_id: str

    @property
    def answered(self) -> bool:
        """Tell whether an agent answered."""
        return bool(self.agent_id)


def play(plan: ReplayPlan) -> list[Fate]:
    """Play all calls of a plan; give their fates in the order of the plan."""
    return _PlainQueue(plan).run()


class _Event(IntEnum):
    """What happens, in the order in which things at one instant are taken."""

    GIVES_UP = 0
    FINISHES = 1
    BEGINS = 2
    ENDS = 3
    QUEUES = 4


class _PlainQueue:
    def __init__(self, plan: ReplayPlan) -> None:
        self._plan = plan
        self._types = {agent.agent_id: frozenset(agent.call_types) for agent in plan.agents}
        self._attendance = Attendance()
        self._waiting: dict[int, PlannedCall] = {}
        self._ready: dict[str, None] = {}  # longest idle first
        self._agenda: list[tuple[Instant, _Event, int, str]] = []
        self._fates: dict[int, Fate] = {}
        for number, call in enumerate(plan.calls):
            self._at(call.queued_at, _Event.QUEUES, number=number)
        for agent in plan.agents:
            for presence in agent.presence:
                self._at(presence.start_at, _Event.BEGINS, agent_id=agent.agent_id)
                self._at(presence.end_at, _Event.ENDS, agent_id=agent.agent_id)

    def run(self) -> list[Fate]:
        while self._agenda:
            now, event, number, agent_id = heapq.heappop(self._agenda)
            if event is _Event.QUEUES:
                call = self._waiting[number] = self._plan.calls[number]
                self._at(now + call.patience_ms, _Event.GIVES_UP, number=number)
            elif event is _Event.GIVES_UP:
                if self._waiting.pop(number, None):
                    self._fates[number] = Fate(self._plan.calls[number].patience_ms, "")
            elif event is _Event.FINISHES:
                self._obey(self._attendance.finishes(agent_id))
            elif event is _Event.BEGINS:
                self._obey(self._attendance.begins(agent_id))
            else:
                self._obey(self._attendance.ends(agent_id))
            self._match(now)
        return [self._fates[number] for number in range(len(self._plan.calls))]

    def _at(self, at: Instant, event: _Event, *, number: int = 0, agent_id: str = "") -> None:
        heapq.heappush(self._agenda, (at, event, number, agent_id))

    def _obey(self, orders: list[Order]) -> None:
        for order in orders:
            if order.duty is Duty.READY:
                self._ready[order.agent_id] = None
            else:
                self._ready.pop(order.agent_id, None)

    def _match(self, now: Instant) -> None:
        """Give each waiting call, the most urgent first, the agent for its type idle longest."""
        if not self._ready:
            return
        for number in sorted(self._waiting, key=lambda number: (self._due(number), number)):
            call = self._waiting[number]
            fit = (agent for agent in self._ready if call.call_type in self._types[agent])
            agent_id = next(fit, None)
            if agent_id:
                del self._waiting[number], self._ready[agent_id]
                self._attendance.takes_call(agent_id)
                self._fates[number] = Fate(now - call.queued_at, agent_id)
                free_at = now + call.talk_ms + self._plan.wrap_up_ms
                self._at(free_at, _Event.FINISHES, agent_id=agent_id)

    def _due(self, number: int) -> Instant:
        call = self._waiting[number]
        return call.queued_at - call.credit_ms
