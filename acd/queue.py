"""One queue and one waiting call: who waits where, in which place, since when."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TypeAlias

from acd.config import AcdConfig, QueueConfig, ServiceOrder
from acd.decisions import Offer
from acd.inputs import Enter
from agents.skills import SkillSet, skill_set
from csta.ids import AgentId, CallId
from csta.instants import Instant, Milliseconds

OrderKey: TypeAlias = tuple[int, int, int]
"""A place in the service order: smaller is served first; the last member is the call's serial."""


class WaitingCall:
    """A call that the ACD has: waiting, or offered to an agent."""

    __slots__ = (
        "attempts",
        "call_id",
        "credit_ms",
        "enqueued_at",
        "entered_at",
        "kept_from",
        "key",
        "offer",
        "places",
        "priority",
        "queue",
        "serial",
        "skills",
        "step",
        "version",
    )

    def __init__(self, asked: Enter, serial: int, priority: int, enqueued_at: Instant) -> None:
        """Take in a call; `enqueued_at` is never changed, whatever happens to the call."""
        self.call_id: CallId = asked.call_id
        self.serial = serial
        self.priority = priority
        self.enqueued_at = enqueued_at
        self.credit_ms: Milliseconds = asked.credit_ms
        self.entered_at = enqueued_at
        self.skills = skill_set(asked.skills)
        self.key: OrderKey = (0, 0, serial)
        self.version = 0
        """Grows with each change of place: what stands in a heap with an older one is stale."""
        self.attempts = 0
        self.step = 0
        self.offer: Offer | None = None
        self.queue: Queue
        self.places: list[tuple[Queue, SkillSet]] = []
        self.kept_from: dict[AgentId, Instant] = {}
        """Agents who refused this call, and until when it is not offered to them again."""


def order_key(config: AcdConfig, call: WaitingCall) -> OrderKey:
    """Give the call's place in the service order: static, total, ties by serial."""
    came_at = call.enqueued_at - call.credit_ms
    if config.order is ServiceOrder.STRICT:
        return (-call.priority, came_at, call.serial)
    return (came_at - call.priority * config.ageing_ms, 0, call.serial)


class Queue:
    """One ACD queue: its configuration and the order of those who wait in it."""

    __slots__ = ("_keys", "config", "name", "required")

    def __init__(self, config: QueueConfig) -> None:
        """Start empty."""
        self.config = config
        self.name = config.name
        self.required = skill_set(config.skills)
        self._keys: list[OrderKey] = []

    def __len__(self) -> int:
        """Count the calls that wait here, without those that are being offered."""
        return len(self._keys)

    def add(self, key: OrderKey) -> None:
        """Take in a call's place."""
        insort(self._keys, key)

    def remove(self, key: OrderKey) -> None:
        """Give up a call's place, which must be here."""
        at = bisect_left(self._keys, key)
        assert self._keys[at] == key, f"queue {self.name} has no place {key}"
        del self._keys[at]

    def in_front(self, key: OrderKey) -> int:
        """Count the calls that are served before this place."""
        return bisect_left(self._keys, key)


def required_skills(queue: Queue, call: WaitingCall) -> SkillSet:
    """Give what an agent must have for the call in this queue: the queue's skills and its own."""
    if not call.skills:
        return queue.required
    levels = dict(queue.config.skills)
    for skill, level in call.skills:
        levels[skill] = max(level, levels.get(skill, 0))
    return skill_set(levels)
