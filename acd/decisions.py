"""What the distributor decides. Changes of agents are CSTA agent events, in the same list."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from csta.acd_events import RefusalReason
from csta.agent_events import AgentEvent
from csta.causes import Cause
from csta.ids import AgentId, CallId, DeviceId, OfferId, QueueName
from csta.instants import Instant, Milliseconds


class Waits(msgspec.Struct, frozen=True):
    """A call now waits: how many wait in its queue (with it), and how many come before it."""

    call_id: CallId
    queue: QueueName
    cause: Cause
    number_queued: int
    calls_in_front: int


class Offer(msgspec.Struct, frozen=True):
    """One call is proposed to one agent until `deadline_at`."""

    offer_id: OfferId
    call_id: CallId
    agent_id: AgentId
    device_id: DeviceId
    queue: QueueName
    attempt: int
    waited_ms: Milliseconds
    deadline_at: Instant
    auto_answer: bool = False


class OfferTaken(msgspec.Struct, frozen=True):
    """The offer was answered: the call has left the queue after `waited_ms`."""

    offer: Offer
    waited_ms: Milliseconds


class OfferFailed(msgspec.Struct, frozen=True):
    """The agent's side let the offer pass; the call goes back to its old place."""

    offer: Offer
    reason: RefusalReason


class OfferOff(msgspec.Struct, frozen=True):
    """The offer is withdrawn because the call has left."""

    offer: Offer


class Overflows(msgspec.Struct, frozen=True):
    """A recipe's step moves a call (`stays` False) or lets it wait in a second queue too."""

    call_id: CallId
    queue: QueueName
    target: QueueName
    stays: bool
    step: int


class TurnedAway(msgspec.Struct, frozen=True):
    """A call may not wait here: the queue is full."""

    call_id: CallId
    queue: QueueName
    cause: Cause


AcdDecision: TypeAlias = (
    Waits | Offer | OfferTaken | OfferFailed | OfferOff | Overflows | TurnedAway | AgentEvent
)
