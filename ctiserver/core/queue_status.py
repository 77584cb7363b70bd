"""QueueStatus: each queue at a glance, at most so often, and only when it has changed (§7.5).

Off in simulation (`queue_status_ms: 0`): then it is not even looked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from csta.acd_events import QueueStatus, ServiceLevel
from csta.call_events import CallCleared, CallOutcome, Established
from csta.causes import Cause
from csta.ids import DeviceId, QueueName
from csta.instants import MINUTE, Agenda, Instant, Milliseconds
from csta.states import AgentState
from ctiserver.core.outbox import EngineDecision
from ctiserver.core.queueing import acd_device
from ctiserver.core.wire import Published

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

WINDOW_MS: Milliseconds = 30 * MINUTE
VARIANT = "SL7 no F"
"""Answered within T, of all that were answered or abandoned (features §e.1)."""

_ABANDONED = (CallOutcome.ABANDONED_IN_QUEUE, CallOutcome.ABANDONED_RINGING)


class _Minutes:
    """Counts of a queue's latest minutes: when, answered in time, answered, abandoned."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: deque[list[int]] = deque()

    def count(self, now: Instant, *, answered: bool, in_time: bool) -> None:
        minute = now // MINUTE
        if not self._counts or self._counts[-1][0] != minute:
            self._counts.append([minute, 0, 0])
        latest = self._counts[-1]
        latest[1] += answered and in_time
        latest[2] += 1

    def level(self, target_ms: Milliseconds, now: Instant) -> ServiceLevel | None:
        oldest = (now - WINDOW_MS) // MINUTE
        while self._counts and self._counts[0][0] <= oldest:
            self._counts.popleft()
        total = sum(each[2] for each in self._counts)
        if not total:
            return None
        percent = round(100 * sum(each[1] for each in self._counts) / total)
        return ServiceLevel(
            variant=VARIANT, target_ms=target_ms, percent=percent, window_ms=WINDOW_MS
        )


class QueueStatuses:
    """Watches the events of one engine, and tells how the queues are."""

    def __init__(self, engine: Engine, every_ms: Milliseconds) -> None:
        """Tell at most once in `every_ms` (more than 0) for each queue."""
        assert every_ms > 0, "statuses are told at an interval, or not at all"
        self._engine = engine
        self._every_ms = every_ms
        self._looked_at: Instant | None = None
        self._minutes: dict[DeviceId, _Minutes] = {}
        self.told: dict[DeviceId, QueueStatus] = {}
        """The last status of each queue."""
        self._oldest: dict[DeviceId, Instant | None] = {}
        self.deadlines: Agenda[str] = Agenda()

    def note(self, decisions: Sequence[EngineDecision], now: Instant) -> None:
        """Take in what a step has decided: if anything happened the queues are looked at soon."""
        happened = False
        for decision in decisions:
            if isinstance(decision, Published) and not isinstance(decision.data, QueueStatus):
                happened = True
                if isinstance(decision.data, Established | CallCleared):
                    self._count(decision.data, now)
        if happened and "status" not in self.deadlines:
            looked_at = self._looked_at
            at = now if looked_at is None else max(now, looked_at + self._every_ms)
            self.deadlines.set("status", at)

    def wake(self, now: Instant) -> None:
        """Look at all queues, and tell of those that have changed."""
        for _ in self.deadlines.due(now):
            self._looked_at = now
            oldest = oldest_in_queues(self._engine)
            for name in self._engine.acd.queues:
                self._tell(name, oldest.get(name), now)

    def _tell(self, name: QueueName, oldest: Instant | None, now: Instant) -> None:
        device_id = acd_device(name)
        status = status_of(self._engine, name, oldest, now, self._level(name, now))
        before = self.told.get(device_id)
        if before is None or self._changed(before, status) or oldest != self._oldest[device_id]:
            self.told[device_id] = status
            self._oldest[device_id] = oldest
            self._engine.out.publish(f"device/{device_id}", device_id, status)

    @staticmethod
    def _changed(before: QueueStatus, now: QueueStatus) -> bool:
        """Tell whether more has changed than the time that passes by itself."""
        return (
            before.waiting,
            before.agents_logged_on,
            before.agents_ready,
            before.agents_busy,
            before.service_level,
        ) != (
            now.waiting,
            now.agents_logged_on,
            now.agents_ready,
            now.agents_busy,
            now.service_level,
        )

    def _level(self, queue: QueueName, now: Instant) -> ServiceLevel | None:
        minutes = self._minutes.get(acd_device(queue))
        target_ms = self._engine.acd.queues[queue].config.service_level_ms
        return minutes.level(target_ms, now) if minutes is not None else None

    def _count(self, event: Established | CallCleared, now: Instant) -> None:
        acd = event.acd
        if acd is None:
            return
        answered = isinstance(event, Established) and event.cause is Cause.DISTRIBUTED
        abandoned = isinstance(event, CallCleared) and event.outcome in _ABANDONED
        queue = self._engine.acd.queues.get(acd.group.partition(":")[2])
        if queue is None or not (answered or abandoned):
            return
        waited_ms = acd.waited_ms or 0
        self._minutes.setdefault(acd.group, _Minutes()).count(
            now, answered=answered, in_time=waited_ms <= queue.config.service_level_ms
        )


def status_of(
    engine: Engine,
    name: QueueName,
    oldest: Instant | None,
    now: Instant,
    level: ServiceLevel | None = None,
) -> QueueStatus:
    """Count who waits in a queue and who serves it."""
    queue = engine.acd.queues[name]
    members = engine.acd.floor.roster.members(queue, queue.needs)
    waiting, logged_on, ready = engine.acd.counts(name)
    return QueueStatus(
        device_id=acd_device(name),
        waiting=waiting,
        longest_wait_ms=0 if oldest is None else max(0, now - oldest),
        agents_logged_on=logged_on,
        agents_ready=ready,
        agents_busy=sum(agent.state is AgentState.BUSY for agent in members),
        service_level=level,
    )


def oldest_in_queues(engine: Engine) -> dict[QueueName, Instant]:
    """Give when the call that waits longest came to each queue in which one waits.

    Callbacks have a place, and nobody who waits.
    """
    oldest: dict[QueueName, Instant] = {}
    for call in engine.acd.calls.values():
        if call.waits and not call.held:
            name = call.queue.name
            oldest[name] = min(call.enqueued_at, oldest.get(name, call.enqueued_at))
    return oldest
