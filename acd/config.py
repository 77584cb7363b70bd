"""What a queue is, and how the centre orders calls: values only, read by `plan_file`."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from csta.ids import QueueName
from csta.instants import Milliseconds


class ServiceOrder(StrEnum):
    """Which call is served first (DESIGN §5)."""

    STRICT = "strict"
    """Higher priority first, then who came first."""
    AGED = "aged"
    """Who came first, with `ageing_ms` of credit for each point of priority."""


class AgentChoice(StrEnum):
    """Which of the ready agents who can serve a call is offered it."""

    LONGEST_IDLE = "longest_idle"
    MOST_SKILLED = "most_skilled"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a queue's recipe: what happens to a call that has waited `after_ms` here.

    `overflow_to` moves the call to another queue; `also` lets it wait in both, first agent wins.
    """

    after_ms: Milliseconds
    overflow_to: QueueName | None = None
    also: QueueName | None = None
    priority_by: int = 0
    comment: str = ""


class QueueConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One queue: whom it needs, how it rings, what it does with calls that wait too long."""

    name: QueueName
    skills: dict[str, int]
    priority: int = 0
    agent_choice: AgentChoice = AgentChoice.LONGEST_IDLE
    ring_ms: Milliseconds = 20_000
    wrap_up_ms: Milliseconds = 0
    auto_answer: bool = False
    waiting_max: int | None = None
    music: str = "music:default"
    service_level_ms: Milliseconds = 20_000
    service_level_share: float = 0.8
    steps: tuple[Step, ...] = ()


class AcdConfig(msgspec.Struct, frozen=True, kw_only=True):
    """All queues, the service order, and what a refusal costs."""

    queues: tuple[QueueConfig, ...]
    order: ServiceOrder = ServiceOrder.STRICT
    ageing_ms: Milliseconds = 60_000
    refusal_back_off_ms: Milliseconds = 30_000
    """How long a call is not offered again to an agent who rejected it."""
    work_ms_max: Milliseconds = 900_000
    """How long an agent may stay in work that was asked for, not owed to a call."""
