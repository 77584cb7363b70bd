"""Extension events of the ACD (`cti.acd.*`, cti-api §7.5): what CSTA has no word for."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from csta.ids import AgentId, CallId, DeviceId, OfferId, wire_name
from csta.instants import Milliseconds


class RefusalReason(StrEnum):
    """Why an offer came to nothing on the agent's side."""

    NO_ANSWER = "noAnswer"
    REJECTED = "rejected"
    BUSY = "busy"
    DEVICE_LOST = "deviceLost"


class OfferEvent(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name):
    """What is told of each step of an offer: one call, one agent, which attempt."""

    CATEGORY: ClassVar[str] = "acd"

    offer_id: OfferId
    call_id: CallId
    agent_id: AgentId
    device_id: DeviceId
    queue: DeviceId
    attempt: int


class AgentOffered(OfferEvent, frozen=True, kw_only=True):
    """The ACD proposes one call to one agent."""

    waited_ms: Milliseconds


class OfferRefused(OfferEvent, frozen=True, kw_only=True):
    """The agent's side did not take an offer; the caller keeps the place."""

    reason: RefusalReason


class OfferWithdrawn(OfferEvent, frozen=True, kw_only=True):
    """An offer ended because the caller left, or went elsewhere, before it was answered."""


class QueueStatus(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name):
    """A queue at a glance; durations in milliseconds."""

    CATEGORY: ClassVar[str] = "acd"

    device_id: DeviceId
    waiting: int
    longest_wait_ms: Milliseconds
    agents_logged_on: int
    agents_ready: int
    agents_busy: int


ACD_EVENTS: tuple[type[msgspec.Struct], ...] = (
    AgentOffered,
    OfferRefused,
    OfferWithdrawn,
    QueueStatus,
)
