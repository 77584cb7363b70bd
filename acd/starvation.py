"""Calls that later ones pass by, again and again: an alarm that names the rule (R37)."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from acd.config import ServiceOrder
from acd.decisions import Starves
from acd.floor import Floor
from acd.lines import Line
from acd.queue import WaitingCall
from agents.agent import Agent
from csta.ids import QueueName
from csta.instants import Instant

SWEEPS: Final = 3
"""So often within `starvation_ms` calls that wait are looked at: an alarm is late by no more."""

KEY: Final = ("starve", "")


class _Passing(NamedTuple):
    """An agent was given a call while others waited."""

    at: Instant
    came_at: Instant
    queue: QueueName
    weight: int
    priority: int
    agent: Agent


class Starvation:
    """Remembers what agents were given while calls waited, and looks who was passed by."""

    def __init__(self, floor: Floor) -> None:
        """Watch one floor."""
        self._floor = floor
        self._passings: deque[_Passing] = deque()
        self._alarmed_at: dict[QueueName, Instant] = {}

    def given(self, call: WaitingCall, agent: Agent, line: Line, now: Instant) -> None:
        """An agent who became free is given this call; perhaps another one came before it."""
        if not self._floor.agenda.at(KEY):
            self._floor.agenda.set(KEY, now + self._period)
        config = line.queue.config
        self._passings.append(
            _Passing(
                now,
                self._came(call),
                config.name,
                config.weight,
                call.priority,
                agent,
            )
        )

    def sweep(self, _name: str, now: Instant) -> None:
        """Look at the oldest call of each line; alarm where it was passed by for too long."""
        limit = self._floor.config.starvation_ms
        oldest: dict[Line, WaitingCall] = {}
        for call in self._floor.calls.values():
            if call.waits and not call.held:
                line = call.places[0]
                if line not in oldest or call.enqueued_at < oldest[line].enqueued_at:
                    oldest[line] = call
        for line, call in oldest.items():
            passed = self._passed(call, line, now)
            if passed and call.passed_at is None:
                call.passed_at = passed[0].at
            if call.passed_at is not None and now - call.passed_at > limit - self._period:
                self._alarm(call, passed, now)
        while self._passings and self._passings[0].at < now - limit:
            self._passings.popleft()
        if oldest:
            self._floor.agenda.set(KEY, now + self._period)

    def _came(self, call: WaitingCall) -> Instant:
        """Give when a call came; where waiting outweighs priority, its credit counts.

        There a call of higher priority comes before others for a bounded time only.
        """
        strict = self._floor.config.order is ServiceOrder.STRICT
        return call.enqueued_at if strict else call.key[0]

    @property
    def _period(self) -> int:
        return max(1, self._floor.config.starvation_ms // SWEEPS)

    def _passed(self, call: WaitingCall, line: Line, now: Instant) -> list[_Passing]:
        """List who came later and was given to an agent who could have had this call."""
        roster = self._floor.roster
        came_at = self._came(call)
        return [
            each
            for each in self._passings
            if each.came_at > came_at
            and each.at >= call.entered_at
            and roster.may_serve(each.agent, call, line, now)
        ]

    def _alarm(self, call: WaitingCall, passed: list[_Passing], now: Instant) -> None:
        queue = call.queue.name
        last = self._alarmed_at.get(queue)
        if not passed or (last is not None and now - last < self._floor.config.starvation_ms):
            return
        self._alarmed_at[queue] = now
        self._floor.out.append(
            Starves(
                call_id=call.call_id,
                queue=queue,
                waited_ms=now - call.enqueued_at,
                passed_by=len(passed),
                rule=_rule(call, passed[-1]),
            )
        )


def _rule(call: WaitingCall, last: _Passing) -> str:
    """Name the rule by which the last of the later calls went first."""
    own = call.queue.config
    if last.weight != own.weight:
        return f"weight {last.weight} of queue '{last.queue}' before {own.weight} of '{own.name}'"
    if last.priority != call.priority:
        return f"priority {last.priority} of '{last.queue}' before {call.priority} of '{own.name}'"
    if last.queue != own.name:
        return f"calls of queue '{last.queue}' before those of '{own.name}' for the same agents"
    return f"agents or ranks that calls of queue '{own.name}' were kept for"
