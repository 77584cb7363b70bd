"""What the distributor is told. Each input is one fact of the world outside the ACD."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from acd.config import AcdConfig
from agents.config import AgentConfig, Membership
from csta.acd_events import RefusalReason
from csta.callback_events import CallbackReason
from csta.causes import Cause
from csta.ids import AgentId, CallbackId, CallId, DeviceId, OfferId, QueueName
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


class ExtendWork(msgspec.Struct, frozen=True):
    """An agent asks for more time after a call, as often as the queue allows (A06)."""

    agent_id: AgentId


class SetSkills(msgspec.Struct, frozen=True):
    """A supervisor changes what an agent can do, and for which queues, at once (A10, A12).

    None leaves it as it is; `queues` as in `AgentConfig`.
    """

    agent_id: AgentId
    skills: dict[str, int] | None = None
    queues: dict[QueueName, Membership] | None = None


class PauseQueue(msgspec.Struct, frozen=True):
    """An agent takes no calls of one queue for a while, or takes them again (A10)."""

    agent_id: AgentId
    queue: QueueName
    paused: bool = True


class DeviceReachable(msgspec.Struct, frozen=True):
    """No call comes to an agent's phone any more, or they do again.

    `cause`: it is lost (`destNotObtainable`), takes no calls (`doNotDisturb`), or forwards them all
    (`callForwardImmediate`).
    """

    agent_id: AgentId
    reachable: bool
    cause: Cause | None = Cause.DEST_NOT_OBTAINABLE


class AutoWork(msgspec.Struct, frozen=True):
    """An agent's phone asks for work after each of his calls, or no more; so long, None: any."""

    agent_id: AgentId
    on: bool
    work_ms: Milliseconds | None = None


class Finished(msgspec.Struct, frozen=True):
    """An agent is done with a contact of a channel that is not voice, which `call_id` names."""

    agent_id: AgentId
    call_id: CallId


class Enter(msgspec.Struct, frozen=True):
    """A call comes to a queue.

    `skills` are required beside the queue's own; `credit_ms` moves the call forward in the order
    as if it had waited so long already, and `enqueued_at` keeps the place of one that comes back.
    `attributes` are the caller's, which conditions name `caller.<attribute>`. For
    `preferred_ms` the call is kept for the `preferred` agents, if one of them is logged on (R15).
    """

    call_id: CallId
    queue: QueueName
    priority: int = 0
    skills: dict[str, int] = {}
    credit_ms: Milliseconds = 0
    enqueued_at: Instant | None = None
    attributes: dict[str, str | int | bool] = {}
    preferred: tuple[AgentId, ...] = ()
    preferred_ms: Milliseconds = 0
    number: str = ""


class Leave(msgspec.Struct, frozen=True, gc=False):
    """A call is no longer the ACD's: the caller left, or somebody took the call elsewhere."""

    call_id: CallId


class ChangeCall(msgspec.Struct, frozen=True):
    """Somebody changes what a waiting call needs or where it stands (R19, V09); None: as it is."""

    call_id: CallId
    priority: int | None = None
    skills: dict[str, int] | None = None


class PickCall(msgspec.Struct, frozen=True):
    """A ready agent, or a supervisor for him, takes a chosen waiting call (R30)."""

    call_id: CallId
    agent_id: AgentId


class CallerChose(msgspec.Struct, frozen=True):
    """A waiting caller pressed this key after a question; an empty one says that none came."""

    call_id: CallId
    key: str


class AskCallback(msgspec.Struct, frozen=True):
    """Somebody asks for a waiting caller that he be called back."""

    call_id: CallId


class CallbackAnswered(msgspec.Struct, frozen=True):
    """The customer of a callback has answered, in this call."""

    callback_id: CallbackId
    call_id: CallId


class CallbackFailed(msgspec.Struct, frozen=True):
    """An attempt to reach a customer has come to nothing."""

    callback_id: CallbackId
    reason: CallbackReason


class CallbackOver(msgspec.Struct, frozen=True):
    """The agent, or the customer, has left the talk of a callback."""

    callback_id: CallbackId


class CancelCallback(msgspec.Struct, frozen=True):
    """Somebody takes a callback back: the caller, a supervisor, or a list of who is not called."""

    callback_id: CallbackId
    reason: CallbackReason = CallbackReason.SUPERVISOR


class CallerKnown(msgspec.Struct, frozen=True):
    """More is known of the caller of a waiting call than when it came; what it adds or changes."""

    call_id: CallId
    attributes: dict[str, str | int | bool]


class Answered(msgspec.Struct, frozen=True, gc=False):
    """The agent of this offer has answered."""

    offer_id: OfferId


class Refused(msgspec.Struct, frozen=True):
    """The agent's side did not take this offer."""

    offer_id: OfferId
    reason: RefusalReason


class TakeBack(msgspec.Struct, frozen=True):
    """The switch has not rung the agent of this offer, or nobody knows: he has refused nothing."""

    offer_id: OfferId


class PauseOffers(msgspec.Struct, frozen=True):
    """No phone can be rung: no offer is made, and none that is alive is missed."""


class ResumeOffers(msgspec.Struct, frozen=True):
    """Phones can be rung again."""


class CallKind(StrEnum):
    """What kind of call an agent has that the ACD has not brought (A05)."""

    OUTBOUND = "outbound"
    """He has called somebody outside."""
    INTERNAL = "internal"
    """He called a colleague, or was called by one, be it to take a customer over."""


class PhoneBusy(msgspec.Struct, frozen=True, gc=False):
    """What the agent's phone is doing, as the call model has it; None is on hook.

    `kind` is that of a call which is no queue's: it says what work follows.
    """

    agent_id: AgentId
    phase: BusyPhase | None
    call_id: CallId | None = None
    kind: CallKind | None = None


class Apply(StrEnum):
    """Whom a new configuration reaches (R34)."""

    ALL_WAITING = "all_waiting"
    NEW_ONLY = "new_only"


class Reconfigure(msgspec.Struct, frozen=True):
    """A new configuration takes effect; it is refused as a whole or taken over as a whole."""

    config: AcdConfig
    agents: tuple[AgentConfig, ...] | None = None
    apply: Apply = Apply.ALL_WAITING


class Mend(msgspec.Struct, frozen=True):
    """An invariant is violated: all that follows from calls, offers and agents is built anew."""


class StandAgain(msgspec.Struct, frozen=True):
    """An invariant of a call is violated: its offers end, and it stands anew where it stood."""

    call_id: CallId


class Quarantine(msgspec.Struct, frozen=True):
    """An invariant of an agent is violated: he gets nothing until a supervisor makes him ready.

    `on_phone`: his phone is in a call, which goes on.
    """

    agent_id: AgentId
    on_phone: bool = False


AcdInput: TypeAlias = (
    LogOn
    | AskState
    | ExtendWork
    | SetSkills
    | PauseQueue
    | DeviceReachable
    | AutoWork
    | Enter
    | Leave
    | ChangeCall
    | PickCall
    | CallerChose
    | CallerKnown
    | AskCallback
    | CallbackAnswered
    | CallbackFailed
    | CallbackOver
    | CancelCallback
    | Answered
    | Refused
    | TakeBack
    | PauseOffers
    | ResumeOffers
    | PhoneBusy
    | Finished
    | Reconfigure
    | Mend
    | StandAgain
    | Quarantine
)
