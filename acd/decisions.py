"""What the distributor decides. Changes of agents are CSTA agent events, in the same list."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from csta.acd_events import RefusalReason
from csta.agent_events import AgentEvent
from csta.callback_events import CallbackReason, CallbackState
from csta.causes import Cause
from csta.ids import AgentId, CallbackId, CallId, DeviceId, OfferId, QueueName
from csta.instants import Instant, Milliseconds


class Waits(msgspec.Struct, frozen=True, gc=False):
    """A call now waits: how many wait in its queue (with it), and how many come before it."""

    call_id: CallId
    queue: QueueName
    cause: Cause
    number_queued: int
    calls_in_front: int


class Offer(msgspec.Struct, frozen=True, gc=False):
    """One call is proposed to one agent until `deadline_at`.

    `callback_id` says that it is a callback; where the customer is yet to be called, `call_id`
    is that id too.
    """

    offer_id: OfferId
    call_id: CallId
    agent_id: AgentId
    device_id: DeviceId
    queue: QueueName
    attempt: int
    waited_ms: Milliseconds
    deadline_at: Instant
    auto_answer: bool = False
    callback_id: CallbackId | None = None


class OfferTaken(msgspec.Struct, frozen=True, gc=False):
    """The offer was answered: the call has left the queue after `waited_ms`."""

    offer: Offer
    waited_ms: Milliseconds


class OfferFailed(msgspec.Struct, frozen=True):
    """The agent's side let the offer pass; the call goes back to its old place."""

    offer: Offer
    reason: RefusalReason


class OfferOff(msgspec.Struct, frozen=True):
    """The offer is withdrawn: the call has left, or (`lost`) another agent answered first."""

    offer: Offer
    lost: bool = False


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


class Diverts(msgspec.Struct, frozen=True):
    """A recipe's step, or the caller's key, sends a call out of the ACD to a device."""

    call_id: CallId
    queue: QueueName
    target: DeviceId
    step: int
    reason: str = "overflow"


class Ends(msgspec.Struct, frozen=True):
    """A recipe's step ends a call, for this exit reason (Q20)."""

    call_id: CallId
    queue: QueueName
    reason: str
    step: int


class Announces(msgspec.Struct, frozen=True, kw_only=True):
    """A waiting caller hears this, and then the music of the wait again; None: not said.

    `position_more_than` and `wait_more_than`: it is more than the number that is told.
    `volume_rose` says that `wait_ms` is more than the caller was told before (Q22).
    """

    call_id: CallId
    queue: QueueName
    prompt: str | None = None
    position: int | None = None
    position_more_than: bool = False
    wait_ms: Milliseconds | None = None
    wait_more_than: bool = False
    volume_rose: bool = False


class Asks(msgspec.Struct, frozen=True):
    """A waiting caller is asked the question of this name; `CallerChose` answers it."""

    call_id: CallId
    queue: QueueName
    question: str


class MusicChanges(msgspec.Struct, frozen=True):
    """A waiting caller hears other music from now on (Q01)."""

    call_id: CallId
    queue: QueueName
    music: str


class CallbackChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A callback is in another state. `call_id` is the call that asked for it.

    `position` is its place in the queue (1 is next), `next_at` when it is tried again.
    """

    callback_id: CallbackId
    call_id: CallId
    queue: QueueName
    number: str
    state: CallbackState
    attempt: int = 0
    position: int | None = None
    next_at: Instant | None = None
    agent_id: AgentId | None = None
    reason: CallbackReason | None = None


class CallbackAccepted(msgspec.Struct, frozen=True):
    """A caller has a promise, this one or an earlier one (`again`), and leaves the queue."""

    call_id: CallId
    queue: QueueName
    callback_id: CallbackId
    prompt: str
    again: bool = False


class CallbackRefused(msgspec.Struct, frozen=True):
    """A caller cannot be called back, and goes on waiting."""

    call_id: CallId
    queue: QueueName
    reason: CallbackReason
    prompt: str | None = None


class CallsBack(msgspec.Struct, frozen=True):
    """The customer of a callback is to be called now, with the agent if one is reserved."""

    callback_id: CallbackId
    number: str
    queue: QueueName
    agent_id: AgentId | None = None


class Starves(msgspec.Struct, frozen=True, kw_only=True):
    """A call that somebody could serve is passed over by later ones, by this rule (R37)."""

    call_id: CallId
    queue: QueueName
    waited_ms: Milliseconds
    passed_by: int
    rule: str


class Reconfigured(msgspec.Struct, frozen=True):
    """A configuration is in force from now on."""

    version: int


AcdDecision: TypeAlias = (
    Waits
    | Offer
    | OfferTaken
    | OfferFailed
    | OfferOff
    | Overflows
    | TurnedAway
    | Diverts
    | Ends
    | Announces
    | Asks
    | MusicChanges
    | CallbackChanged
    | CallbackAccepted
    | CallbackRefused
    | CallsBack
    | Starves
    | Reconfigured
    | AgentEvent
)
