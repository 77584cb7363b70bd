"""Extension events of callbacks (`cti.callback.*`): one for each state, none silent (I2)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

import msgspec

from csta.call_events import CallLinkageData
from csta.ids import AgentId, CallbackId, CallId, DeviceId, wire_name
from csta.instants import Instant


class CallbackState(StrEnum):
    """How far a callback has come (features, Annex 2)."""

    REQUESTED = "requested"
    HELD = "held"
    """It keeps the caller's place in the queue."""
    DUE = "due"
    """Its turn has come."""
    AGENT_RESERVED = "agentReserved"
    DIALLING = "dialling"
    """The customer is being called."""
    CONNECTED = "connected"
    """The customer has answered."""
    RETRY = "retry"
    """An attempt came to nothing; there is another one at `next_at`."""
    DONE = "done"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class CallbackReason(StrEnum):
    """Why a callback was refused, an attempt failed, or a callback is over."""

    NO_NUMBER = "noNumber"
    NOT_OFFERED = "notOffered"
    """The queue does not call back."""
    NO_ANSWER = "noAnswer"
    BUSY = "busy"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    AGENT_LEFT = "agentLeft"
    """The agent hung up before the customer answered."""
    ABANDONED = "abandoned"
    """The customer answered, and left before an agent did."""
    COMPLETED = "completed"
    DNC = "dnc"
    INBOUND_RETURN = "inboundReturn"
    """The caller has called in again, and that call has the place."""
    CALLER = "caller"
    SUPERVISOR = "supervisor"


class CallbackEvent(
    msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True, gc=False
):
    """What every event of a callback says.

    `call_id` is the call at hand: the one that asked, later the one to the customer. `attempt`
    counts the calls to the customer, `position` is the place in the queue (1 is next).
    """

    CATEGORY: ClassVar[str] = "callback"
    EVENT_NAME: ClassVar[str]

    link_id: str
    callback_id: CallbackId
    call_id: CallId
    call_linkage_data: CallLinkageData
    queue: DeviceId
    number: DeviceId
    attempt: int = 0
    position: int | None = None
    next_at: Instant | None = None
    agent_id: AgentId | None = None
    reason: CallbackReason | None = None


class CallbackRequested(CallbackEvent, frozen=True, kw_only=True, gc=False):
    """A waiting caller is promised a call back."""

    EVENT_NAME: ClassVar[str] = "Requested"


class CallbackRefused(
    msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True
):
    """A caller who asked cannot be called back, and goes on waiting."""

    CATEGORY: ClassVar[str] = "callback"
    EVENT_NAME: ClassVar[str] = "Refused"

    link_id: str
    call_id: CallId
    call_linkage_data: CallLinkageData
    queue: DeviceId
    reason: CallbackReason


class CallbackHeld(CallbackEvent, frozen=True, kw_only=True, gc=False):
    """The callback stands in the queue, at its old place."""

    EVENT_NAME: ClassVar[str] = "Held"


class CallbackDue(CallbackEvent, frozen=True, kw_only=True, gc=False):
    """The callback is the next that can be served."""

    EVENT_NAME: ClassVar[str] = "Due"


class CallbackAgentReserved(CallbackEvent, frozen=True, kw_only=True, gc=False):
    """An agent is offered the callback."""

    EVENT_NAME: ClassVar[str] = "AgentReserved"


class CallbackDialling(CallbackEvent, frozen=True, kw_only=True, gc=False):
    """The customer is being called."""

    EVENT_NAME: ClassVar[str] = "Dialling"


class CallbackConnected(CallbackEvent, frozen=True, kw_only=True, gc=False):
    """The customer has answered."""

    EVENT_NAME: ClassVar[str] = "Connected"


class CallbackRetrying(CallbackEvent, frozen=True, kw_only=True, gc=False):
    """An attempt came to nothing; the place is kept, the next attempt is at `next_at`."""

    EVENT_NAME: ClassVar[str] = "Retrying"


class CallbackDone(CallbackEvent, frozen=True, kw_only=True, gc=False):
    """The callback is over: `completed`, or why its last attempt failed."""

    EVENT_NAME: ClassVar[str] = "Done"


class CallbackExpired(CallbackEvent, frozen=True, kw_only=True, gc=False):
    """The customer was not reached in the time that the queue allows."""

    EVENT_NAME: ClassVar[str] = "Expired"


class CallbackCancelled(CallbackEvent, frozen=True, kw_only=True, gc=False):
    """Somebody took the callback back; `reason` says who."""

    EVENT_NAME: ClassVar[str] = "Cancelled"


EVENT_OF_CALLBACK_STATE: Mapping[CallbackState, type[CallbackEvent]] = MappingProxyType(
    {
        CallbackState.REQUESTED: CallbackRequested,
        CallbackState.HELD: CallbackHeld,
        CallbackState.DUE: CallbackDue,
        CallbackState.AGENT_RESERVED: CallbackAgentReserved,
        CallbackState.DIALLING: CallbackDialling,
        CallbackState.CONNECTED: CallbackConnected,
        CallbackState.RETRY: CallbackRetrying,
        CallbackState.DONE: CallbackDone,
        CallbackState.EXPIRED: CallbackExpired,
        CallbackState.CANCELLED: CallbackCancelled,
    }
)

CALLBACK_EVENTS: tuple[type[msgspec.Struct], ...] = (
    *EVENT_OF_CALLBACK_STATE.values(),
    CallbackRefused,
)
