"""What the distributor is told. Each input is one fact of the world outside the ACD."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from csta.acd_events import RefusalReason
from csta.ids import AgentId, CallId, DeviceId, OfferId, QueueName
from csta.instants import Instant, Milliseconds
from csta.states import AgentState, BusyPhase


class LogOn(msgspec.Struct, frozen=True):
    """An agent comes to a device (None: the configured one)."""

    agent_id: AgentId
    device_id: DeviceId | None = None


class AskState(msgspec.Struct, frozen=True):
    """An agent, or a supervisor with `force`, asks for a state; `reason` is the auxiliary code."""

    agent_id: AgentId
    state: AgentState
    reason: str | None = None
    force: bool = False


class Enter(msgspec.Struct, frozen=True):
    """A call comes to a queue.

    `skills` are required beside the queue's own; `credit_ms` moves the call forward in the order
    as if it had waited so long already, and `enqueued_at` keeps the place of one that comes back.
    """

    call_id: CallId
    queue: QueueName
    priority: int = 0
    skills: dict[str, int] = {}
    credit_ms: Milliseconds = 0
    enqueued_at: Instant | None = None


class Leave(msgspec.Struct, frozen=True):
    """A call is no longer the ACD's: the caller left, or somebody took the call elsewhere."""

    call_id: CallId


class Answered(msgspec.Struct, frozen=True):
    """The agent of this offer has answered."""

    offer_id: OfferId


class Refused(msgspec.Struct, frozen=True):
    """The agent's side did not take this offer."""

    offer_id: OfferId
    reason: RefusalReason


class PhoneBusy(msgspec.Struct, frozen=True):
    """What the agent's phone is doing, as the call model has it; None is on hook."""

    agent_id: AgentId
    phase: BusyPhase | None
    call_id: CallId | None = None


AcdInput: TypeAlias = LogOn | AskState | Enter | Leave | Answered | Refused | PhoneBusy
