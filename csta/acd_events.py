"""Extension events of the ACD (`cti.acd.*`, cti-api §7.5): what CSTA has no word for."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from csta.ids import AgentId, CallbackId, CallId, DeviceId, OfferId, wire_name
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


class AgentOffered(OfferEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The ACD proposes one call, or a call back (`callback_id`), to one agent."""

    waited_ms: Milliseconds
    callback_id: CallbackId | None = None


class OfferRefused(OfferEvent, frozen=True, kw_only=True):
    """The agent's side did not take an offer; the caller keeps the place."""

    reason: RefusalReason


class OfferWithdrawn(OfferEvent, frozen=True, kw_only=True, omit_defaults=True):
    """An offer ended because the caller left, or went elsewhere, before it was answered.

    `lost`: the caller is with another agent, whose phone rang at the same time and who was first.
    """

    lost: bool = False


class TreatmentEvent(
    msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True
):
    """What is told of a caller who waits, or has just left: which call, in which queue."""

    CATEGORY: ClassVar[str] = "acd"

    call_id: CallId
    queue: DeviceId


class CallerInformed(TreatmentEvent, frozen=True, kw_only=True):
    """A waiting caller begins to hear an announcement; what is None is not said.

    `more_than`: the position is worse than the number told, or the wait longer. `volume_rose`:
    the wait is longer than the caller was told before, and he is told so (features Q22).
    """

    prompt: str | None = None
    position: int | None = None
    position_more_than: bool = False
    wait_ms: Milliseconds | None = None
    wait_more_than: bool = False
    volume_rose: bool = False


class CallerAsked(TreatmentEvent, frozen=True, kw_only=True):
    """A waiting caller begins to hear a question; its keys count from now on."""

    question: str


class CallerDecided(TreatmentEvent, frozen=True, kw_only=True):
    """A waiting caller has pressed a key of a question, or (no key) let its time pass."""

    question: str
    key: str = ""


class QueueLeft(TreatmentEvent, frozen=True, kw_only=True):
    """A caller is no longer in a queue, for a reason that no other event tells (features Q20).

    `exit_reason` is one of `timeout`, `full`, `noAgent`, `joinEmpty`, `leaveEmpty`, `closed`,
    `callerExit`, `overflow`, or the word that a recipe's step gives; `target` is where the call
    goes now, if it goes on.
    """

    exit_reason: str
    waited_ms: Milliseconds
    target: DeviceId | None = None


class CallStarving(TreatmentEvent, frozen=True, kw_only=True):
    """A call that somebody could serve is passed by later ones, by this rule (features R37)."""

    waited_ms: Milliseconds
    passed_by: int
    rule: str


class ServiceLevel(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name):
    """How many of a queue's calls were answered in time: by which formula, over which time.

    `variant` is an id of features §e.1: the same calls give other shares by other formulas.
    """

    variant: str
    target_ms: Milliseconds
    percent: int
    window_ms: Milliseconds


class QueueStatus(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True):
    """A queue at a glance; durations in milliseconds.

    `agents_busy` have a call; without any call in its window there is no service level.
    """

    CATEGORY: ClassVar[str] = "acd"

    device_id: DeviceId = msgspec.field(name="device")
    waiting: int
    longest_wait_ms: Milliseconds
    agents_logged_on: int
    agents_ready: int
    agents_busy: int
    service_level: ServiceLevel | None = None


class ConfigurationChanged(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name):
    """A configuration of queues and agents is in force from now on (features R34).

    `apply` says whom it reaches: `all_waiting`, or `new_only` for calls that come later.
    """

    CATEGORY: ClassVar[str] = "acd"

    version: int
    apply: str


ACD_EVENTS: tuple[type[msgspec.Struct], ...] = (
    AgentOffered,
    CallStarving,
    CallerAsked,
    CallerDecided,
    CallerInformed,
    ConfigurationChanged,
    OfferRefused,
    OfferWithdrawn,
    QueueLeft,
    QueueStatus,
)
