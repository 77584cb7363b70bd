"""The eighteen call-control events (ECMA-269 §17.2) and the call-associated ones (§18.2).

Each event is self-contained: `connections` lists every device in the call after the event, so a
consumer can draw the call from one event alone (cti-api §7.5).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

import msgspec

from csta.causes import Cause
from csta.ids import AgentId, CallId, ConnectionId, DeviceId, wire_name
from csta.instants import Instant, Milliseconds
from csta.states import ConnectionState


class Party(msgspec.Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """A device named in an event: its identifier, or that it is not known or restricted."""

    device_identifier: DeviceId | None = None
    not_known: bool = False
    restricted: bool = False


NOT_KNOWN = Party(not_known=True)


class CallLinkageData(msgspec.Struct, frozen=True, rename=wire_name):
    """What ties calls of one contact together (ECMA-269 §12.2.6): the first call and the thread."""

    global_call_linkage_id: CallId
    thread_linkage_id: str


class CallCharacteristics(msgspec.Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """What kind of call it is (ECMA-269 §12.2.3)."""

    acd_call: bool = False
    priority_call: bool = False
    direct_agent: bool = False
    assist_call: bool = False
    voice_unit_call: bool = False


class ConnectionInfo(msgspec.Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """One entry of `connections[]`: a device, its state, since when, and who is logged on there."""

    device_id: DeviceId
    local_connection_info: ConnectionState
    since: Instant
    agent_id: AgentId | None = None
    connection_instance: int = 1


class AcdInfo(msgspec.Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """What the ACD knows of the call: its queue, how long it waited, which attempt this is."""

    group: DeviceId
    skills: tuple[str, ...] = ()
    waited_ms: Milliseconds | None = None
    attempt: int | None = None


class TransferredConnection(msgspec.Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """A party that survives a transfer or conference: where it was and where it is (T1)."""

    new_connection: ConnectionId
    old_connection: ConnectionId | None = None
    endpoint: DeviceId | None = None


class Durations(msgspec.Struct, frozen=True, rename=wire_name):
    """What the call's time was made of, in milliseconds."""

    ring_ms: Milliseconds = 0
    queue_ms: Milliseconds = 0
    talk_ms: Milliseconds = 0
    hold_ms: Milliseconds = 0


class CallOutcome(StrEnum):
    """How a call ended, once and for all (cti-api §7.5; the self-service one is ours).

    So is `ENDED_IN_QUEUE`: a recipe or the caller's key ended it, `exit_reason` says why.
    """

    ANSWERED = "answered"
    ABANDONED_IN_QUEUE = "abandonedInQueue"
    ABANDONED_RINGING = "abandonedRinging"
    ABANDONED_IN_IVR = "abandonedInIVR"
    COMPLETED_IN_IVR = "completedInIVR"
    ENDED_IN_QUEUE = "endedInQueue"
    BUSY = "busy"
    CALLBACK_ACCEPTED = "callbackAccepted"
    NO_ANSWER = "noAnswer"
    REJECTED = "rejected"
    FAILED = "failed"
    OVERFLOWED = "overflowed"
    TRANSFERRED_OUT = "transferredOut"
    VOICEMAIL = "voicemail"


class CallEvent(
    msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True, gc=False
):
    """What every call-control event says (cti-api §7.5, common data).

    `connection` is the subject; its member has another name in each ECMA-323 event
    (`SUBJECT_NAME`, empty where there is none), the JSON binding calls it `connection` everywhere.
    """

    CATEGORY: ClassVar[str] = "callControl"
    SUBJECT_NAME: ClassVar[str] = "connection"

    link_id: str
    cause: Cause
    call_id: CallId
    connection: ConnectionId | None = None
    local_connection_info: ConnectionState | None = None
    calling_device: Party
    called_device: Party
    last_redirection_device: Party
    associated_calling_device: Party | None = None
    associated_called_device: Party | None = None
    call_linkage_data: CallLinkageData
    correlator_data: dict[str, Any] | None = None
    call_characteristics: CallCharacteristics | None = None
    services_permitted: tuple[str, ...] = ()
    direction: str
    connections: tuple[ConnectionInfo, ...] = ()
    acd: AcdInfo | None = None


class ServiceInitiated(CallEvent, frozen=True, kw_only=True, gc=False):
    """A device has begun a call (ECMA-269 §17.2.18): null to initiated."""

    SUBJECT_NAME: ClassVar[str] = "initiatedConnection"
    initiating_device: DeviceId


class Originated(CallEvent, frozen=True, kw_only=True, gc=False):
    """The calling side is through to the switch (ECMA-269 §17.2.14): initiated to connected."""

    SUBJECT_NAME: ClassVar[str] = "originatedConnection"
    originating_device: DeviceId | None = None


class DigitsDialed(CallEvent, frozen=True, kw_only=True, gc=False):
    """Digits were dialled on an initiated connection (ECMA-269 §17.2.6)."""

    SUBJECT_NAME: ClassVar[str] = "dialingConnection"
    dialing_device: DeviceId
    dialing_sequence: str


class Offered(CallEvent, frozen=True, kw_only=True, gc=False):
    """A call is at a device that has yet to decide on it (ECMA-269 §17.2.13)."""

    SUBJECT_NAME: ClassVar[str] = "offeredConnection"
    offered_device: DeviceId


class Delivered(CallEvent, frozen=True, kw_only=True, gc=False):
    """A call is alerting at a device (ECMA-269 §17.2.5)."""

    alerting_device: DeviceId


class NetworkReached(CallEvent, frozen=True, kw_only=True, gc=False):
    """An outbound call has left for the network (ECMA-269 §17.2.12)."""

    SUBJECT_NAME: ClassVar[str] = "outboundConnection"
    network_interface_used: DeviceId
    network_capability: str | None = None


class Queued(CallEvent, frozen=True, kw_only=True, gc=False):
    """A call waits at a device (ECMA-269 §17.2.16)."""

    SUBJECT_NAME: ClassVar[str] = "queuedConnection"
    queue: DeviceId
    number_queued: int
    calls_in_front: int
    estimated_wait_ms: Milliseconds | None = None


class Diverted(CallEvent, frozen=True, kw_only=True, gc=False):
    """A call has left a device for another one (ECMA-269 §17.2.7)."""

    diverting_device: DeviceId
    new_destination: DeviceId | None = None


class Established(CallEvent, frozen=True, kw_only=True, gc=False):
    """A device has answered or joined (ECMA-269 §17.2.8)."""

    SUBJECT_NAME: ClassVar[str] = "establishedConnection"
    answering_device: DeviceId


class Held(CallEvent, frozen=True, kw_only=True, gc=False):
    """A device has put the call on hold (ECMA-269 §17.2.10)."""

    SUBJECT_NAME: ClassVar[str] = "heldConnection"
    holding_device: DeviceId


class Retrieved(CallEvent, frozen=True, kw_only=True, gc=False):
    """A device has taken the call back from hold (ECMA-269 §17.2.17)."""

    SUBJECT_NAME: ClassVar[str] = "retrievedConnection"
    retrieving_device: DeviceId


class Bridged(CallEvent, frozen=True, kw_only=True, gc=False):
    """A shared line's other appearance (ECMA-269 §17.2.1)."""

    SUBJECT_NAME: ClassVar[str] = "bridgedConnection"
    bridged_appearance: DeviceId


class Conferenced(CallEvent, frozen=True, kw_only=True, gc=False):
    """Two calls became one with three or more parties (ECMA-269 §17.2.3)."""

    SUBJECT_NAME: ClassVar[str] = ""
    primary_old_call: ConnectionId
    secondary_old_call: ConnectionId | None = None
    conferencing_device: DeviceId
    added_party: DeviceId
    conference_connections: tuple[TransferredConnection, ...]


class Transferred(CallEvent, frozen=True, kw_only=True, gc=False):
    """A device has handed its call on (ECMA-269 §17.2.19; XML name TransferedEvent)."""

    SUBJECT_NAME: ClassVar[str] = ""
    primary_old_call: ConnectionId
    secondary_old_call: ConnectionId | None = None
    transferring_device: DeviceId
    transferred_to_device: DeviceId
    transferred_connections: tuple[TransferredConnection, ...]


class Failed(CallEvent, frozen=True, kw_only=True, gc=False):
    """A call could not reach a device (ECMA-269 §17.2.9)."""

    SUBJECT_NAME: ClassVar[str] = "failedConnection"
    failing_device: DeviceId
    q850: int | None = None
    sip_status: int | None = None


class ConnectionCleared(CallEvent, frozen=True, kw_only=True, gc=False):
    """A device has left the call (ECMA-269 §17.2.4)."""

    SUBJECT_NAME: ClassVar[str] = "droppedConnection"
    releasing_device: DeviceId


class CallCleared(CallEvent, frozen=True, kw_only=True, gc=False):
    """The call is over: exactly one for each call, and always its last event (§17.2.2).

    `exit_reason` (ext) is why it left its last queue, where it was not answered or abandoned there.
    """

    SUBJECT_NAME: ClassVar[str] = "clearedCall"
    durations: Durations
    outcome: CallOutcome
    exit_reason: str | None = None


class NetworkCapabilitiesChanged(CallEvent, frozen=True, kw_only=True, gc=False):
    """What is known of the outbound leg has changed (ECMA-269 §17.2.11)."""

    SUBJECT_NAME: ClassVar[str] = "outboundConnection"
    network_capability: str


class CallAssociatedEvent(
    msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True
):
    """What the call-associated events share (ECMA-269 §18.2): whose they are, and why."""

    CATEGORY: ClassVar[str] = "callAssociated"

    link_id: str
    call_id: CallId
    connection: ConnectionId | None = None
    cause: Cause = Cause.NORMAL
    call_linkage_data: CallLinkageData


class CallInformation(CallAssociatedEvent, frozen=True, kw_only=True):
    """Data of the call has changed (§18.2.1); `changed` names the members."""

    device: DeviceId | None = None
    account_info: str | None = None
    correlator_data: dict[str, Any] | None = None
    call_qualifying_data: dict[str, Any] | None = None
    user_data: str | None = None
    changed: tuple[str, ...]
    after_call: bool = False


class DigitsGenerated(CallAssociatedEvent, frozen=True, kw_only=True):
    """Digits were sent on a connection (§18.2.3)."""

    digit_generated_list: str


class TelephonyTonesGenerated(CallAssociatedEvent, frozen=True, kw_only=True):
    """A tone was sent on a connection (§18.2.4)."""

    tone_generated: str


class ServiceCompletionFailure(CallAssociatedEvent, frozen=True, kw_only=True):
    """A service failed after it had been acknowledged (§18.2.5)."""

    service: str
    primary_call: ConnectionId
    secondary_call: ConnectionId | None = None


class Charging(CallAssociatedEvent, frozen=True, kw_only=True):
    """What the call costs so far (§18.2.2): whole units of the named currency's smallest coin."""

    currency: str
    cost: int


CALL_CONTROL_EVENTS: tuple[type[CallEvent], ...] = (
    Bridged,
    CallCleared,
    Conferenced,
    ConnectionCleared,
    Delivered,
    DigitsDialed,
    Diverted,
    Established,
    Failed,
    Held,
    NetworkCapabilitiesChanged,
    NetworkReached,
    Offered,
    Originated,
    Queued,
    Retrieved,
    ServiceInitiated,
    Transferred,
)
"""All of them, in the order of their names."""

CALL_ASSOCIATED_EVENTS: tuple[type[CallAssociatedEvent], ...] = (
    CallInformation,
    Charging,
    DigitsGenerated,
    ServiceCompletionFailure,
    TelephonyTonesGenerated,
)
