"""What a service answers: its result, or the problem (RFC 9457) with which it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from csta.call_events import CallLinkageData, TransferredConnection
from csta.device_events import ForwardingType
from csta.errors import CtiError, Current, ErrorCategory, ErrorValue, Outcome
from csta.ids import AgentId, ConnectionId, DeviceId, wire_name
from csta.instants import SECOND, Milliseconds
from csta.monitor_services import MonitorFilter
from csta.services import SERVICES
from csta.states import AgentState, ConnectionState
from csta.system_events import SystemStatusValue


class AsOf(Struct, frozen=True):
    """A place in the event log: the sequence is 16 decimal digits, so that it sorts as text."""

    epoch: str
    sequence: str


class Result(Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True):
    """A positive acknowledgement: the service is accepted, not completed (cti-api §7.6, C1).

    `already_done` when there was nothing left to do.
    """

    call_linkage_data: CallLinkageData | None = None
    already_done: bool = False


class CallResult(Result, frozen=True, kw_only=True):
    """The connection that a call service made or left, under the service's own name for it."""

    calling_device: ConnectionId | None = None
    initiated_call: ConnectionId | None = None
    transferred_call: ConnectionId | None = None
    conference_call: ConnectionId | None = None
    conferenced_call: ConnectionId | None = None
    picked_call: ConnectionId | None = None
    parked_to: ConnectionId | None = None
    transferred_connections: tuple[TransferredConnection, ...] = ()
    conference_connections: tuple[TransferredConnection, ...] = ()


class AgentStateResult(Result, frozen=True, kw_only=True):
    """The state in force, when asked for, and the one that comes when the present work is done."""

    agent_id: AgentId | None = None
    agent_state: AgentState | None = None
    pending_agent_state: AgentState | None = None
    reason_code: str | None = None


class ForwardingEntry(Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """One rule by which a device forwards its calls."""

    forwarding_type: ForwardingType
    forward_status: bool
    forward_dn: DeviceId | None = field(name="forwardDN", default=None)
    ring_count: int | None = None


class FeatureResult(Result, frozen=True, kw_only=True):
    """The feature of a device that was asked for."""

    auto_answer_on: bool | None = None
    number_of_rings: int | None = None
    auto_work_on: bool | None = None
    auto_work_interval_ms: Milliseconds | None = field(name="autoWorkInterval", default=None)
    do_not_disturb_on: bool | None = None
    forwarding_list: tuple[ForwardingEntry, ...] | None = None
    message_waiting_on: bool | None = None
    device_for_message: DeviceId | None = None
    microphone_mute_on: bool | None = None
    routeing_mode: bool | None = None


class VoiceResult(Result, frozen=True, kw_only=True):
    """The voice resource at work, the message it makes, or the attribute that was asked for."""

    resource: str | None = None
    message: str | None = None
    attribute: Any = None


class DataCollectionResult(Result, frozen=True, kw_only=True):
    """The name of a data collection."""

    dcoll_cross_ref_id: str


class RecordingResult(Result, frozen=True, kw_only=True):
    """The name of a recording."""

    recording_id: str


class RouteRegisterResult(Result, frozen=True, kw_only=True):
    """The name of a routeing registration."""

    route_register_req_id: str


class SnapshotEntry(Struct, frozen=True, rename=wire_name):
    """One connection as it is, and what may be asked for it."""

    device_on_call: DeviceId
    call_identifier: ConnectionId
    local_connection_info: ConnectionState
    services_permitted: tuple[str, ...]


class SnapshotResult(Result, frozen=True, kw_only=True):
    """The connections of a call, or of a device."""

    snapshot_data: tuple[SnapshotEntry, ...]
    as_of: AsOf


class MonitorStartResult(Result, frozen=True, kw_only=True):
    """The name of a monitor, and what it really sends."""

    monitor_cross_ref_id: str
    actual_monitor_filter: MonitorFilter
    monitor_existing_calls: bool


class MonitorsResult(Result, frozen=True, kw_only=True):
    """The monitors of a session."""

    monitor_cross_ref_ids: tuple[str, ...]


class SystemStatusResult(Result, frozen=True, kw_only=True):
    """How each link is."""

    system_status: dict[str, SystemStatusValue]


class Capabilities(Result, frozen=True, kw_only=True):
    """What a link can do (cti-api §7.9): services and events by category, limits, quality."""

    link_id: str
    supported_services: dict[str, tuple[str, ...]]
    supported_events: dict[str, tuple[str, ...]]
    emulated: tuple[str, ...] = ()
    profiles: dict[str, bool]
    cc_profiles: tuple[str, ...]
    limits: dict[str, int]
    quality: dict[str, str]


class DevicesResult(Result, frozen=True, kw_only=True):
    """The devices of a switch."""

    devices: tuple[DeviceId, ...]


class DeviceInformation(Result, frozen=True, kw_only=True):
    """What a device is and what it can do."""

    device_id: DeviceId
    device_category: str
    supported_services: tuple[str, ...]


class ReplayResult(Result, frozen=True, kw_only=True):
    """Envelopes from the log, in order; `more` when others follow."""

    events: tuple[dict[str, Any], ...]
    more: bool


_RESULTS: dict[str, type[Result]] = {
    **dict.fromkeys(
        (
            "ConferenceCall",
            "ConsultationCall",
            "DirectedPickupCall",
            "GroupPickupCall",
            "IntrudeCall",
            "JoinCall",
            "MakeCall",
            "MakePredictiveCall",
            "ParkCall",
            "SingleStepConferenceCall",
            "SingleStepTransferCall",
            "TransferCall",
        ),
        CallResult,
    ),
    **dict.fromkeys(("GetAgentState", "SetAgentState"), AgentStateResult),
    **dict.fromkeys(
        (
            "GetAutoAnswer",
            "GetAutoWorkMode",
            "GetDoNotDisturb",
            "GetForwarding",
            "GetMessageWaitingIndicator",
            "GetMicrophoneMute",
            "GetRouteingMode",
        ),
        FeatureResult,
    ),
    **dict.fromkeys(("PlayMessage", "QueryVoiceAttribute", "RecordMessage"), VoiceResult),
    "StartDataCollection": DataCollectionResult,
    "StartCallRecording": RecordingResult,
    "RouteRegister": RouteRegisterResult,
    **dict.fromkeys(("SnapshotCall", "SnapshotDevice"), SnapshotResult),
    "MonitorStart": MonitorStartResult,
    "GetMonitors": MonitorsResult,
    **dict.fromkeys(("RequestSystemStatus", "SystemRegister"), SystemStatusResult),
    **dict.fromkeys(("GetCSTAFeatures", "GetSwitchingFunctionCaps"), Capabilities),
    "GetSwitchingFunctionDevices": DevicesResult,
    **dict.fromkeys(
        ("GetLogicalDeviceInformation", "GetPhysicalDeviceInformation"), DeviceInformation
    ),
    "ReplayEvents": ReplayResult,
}

RESULT_OF: Mapping[str, type[Result]] = MappingProxyType(
    {service: _RESULTS.get(service, Result) for service in SERVICES}
)
"""The class of each service's result; plain `Result` where there is nothing to tell."""


class Problem(Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True):
    """A refused request on the wire: an RFC 9457 problem object (cti-api §7.7)."""

    type: str
    title: str
    status: int
    category: ErrorCategory
    value: ErrorValue
    detail: str
    outcome: Outcome
    retryable: bool
    retry_after_ms: Milliseconds | None = None
    link_id: str | None = None
    request_id: str | None = field(name="requestId", default=None)
    current: Current | None = None
    native: dict[str, Any] | None = None


def problem_of(error: CtiError, request_id: str | None, link_id: str | None) -> Problem:
    """Write a refusal for the wire: status, title and whether to try again come from the value."""
    status, title = PROBLEMS[error.value]
    return Problem(
        type=f"urn:cti:error:{error.category}:{error.value}",
        title=title,
        status=status,
        category=error.category,
        value=error.value,
        detail=error.detail,
        outcome=error.outcome,
        retryable=error.value in RETRYABLE,
        retry_after_ms=_RETRY_AFTER_MS.get(error.value),
        link_id=link_id,
        request_id=request_id,
        current=error.current,
    )


_RETRY_AFTER_MS: dict[ErrorValue, Milliseconds] = {
    ErrorValue.PERFORMANCE_LIMIT_EXCEEDED: SECOND,
    ErrorValue.RATE_LIMITED: SECOND,
}

PROBLEMS: Mapping[ErrorValue, tuple[int, str]] = MappingProxyType(
    {
        ErrorValue.INVALID_PARAMETER_VALUE: (400, "A parameter has a value that is not allowed"),
        ErrorValue.INVALID_DEVICE_ID: (404, "There is no such device"),
        ErrorValue.INVALID_CALL_ID: (404, "There is no such call"),
        ErrorValue.INVALID_CONNECTION_ID: (404, "There is no such connection"),
        ErrorValue.INVALID_DESTINATION: (400, "This destination cannot be called"),
        ErrorValue.INVALID_MONITOR_CROSS_REF_ID: (404, "There is no such monitor"),
        ErrorValue.OBJECT_NOT_KNOWN: (404, "There is no such object"),
        ErrorValue.INVALID_AGENT_IDENTIFIER: (404, "There is no such agent"),
        ErrorValue.INVALID_AGENT_PASSWORD: (401, "The agent's password is wrong"),
        ErrorValue.SERVICE_NOT_SUPPORTED: (501, "The switch does not have this service"),
        ErrorValue.PARAMETER_NOT_SUPPORTED: (422, "The service does not have this parameter"),
        ErrorValue.REQUEST_INCOMPATIBLE_WITH_OBJECT: (
            422,
            "The service cannot be used on this object",
        ),
        ErrorValue.SECURITY_VIOLATION: (403, "This is not allowed"),
        ErrorValue.ROUTEING_TIMER_EXPIRED: (504, "The router has not answered in time"),
        ErrorValue.INVALID_CONNECTION_STATE: (409, "The connection is in another state"),
        ErrorValue.INVALID_DEVICE_STATE: (409, "The device is in another state"),
        ErrorValue.NO_ACTIVE_CALL: (409, "There is no active call"),
        ErrorValue.NO_HELD_CALL: (409, "There is no call on hold"),
        ErrorValue.NO_CALL_TO_ANSWER: (409, "There is no call to answer"),
        ErrorValue.NO_CALL_TO_CLEAR: (409, "There is no call to clear"),
        ErrorValue.CONNECTED_CALL_EXISTS: (409, "The device has a connected call"),
        ErrorValue.INVALID_AGENT_STATE: (409, "The agent is in another state"),
        ErrorValue.RESOURCE_BUSY: (503, "A resource is busy"),
        ErrorValue.NETWORK_BUSY: (503, "The network is busy"),
        ErrorValue.DEVICE_OUT_OF_SERVICE: (503, "The device is out of service"),
        ErrorValue.RESOURCE_OUT_OF_SERVICE: (503, "A resource is out of service"),
        ErrorValue.NETWORK_OUT_OF_ORDER: (503, "The network is out of service"),
        ErrorValue.NO_MEDIA_CHANNELS_AVAILABLE: (503, "All channels are in use"),
        ErrorValue.CONFERENCE_MEMBER_LIMIT_EXCEEDED: (503, "The conference is full"),
        ErrorValue.OBJECT_MONITOR_LIMIT_EXCEEDED: (429, "There are too many monitors"),
        ErrorValue.OUTSTANDING_REQ_LIMIT_EXCEEDED: (429, "There are too many unanswered requests"),
        ErrorValue.TRUNK_LIMIT_EXCEEDED: (429, "There are too many calls on these trunks"),
        ErrorValue.PERFORMANCE_LIMIT_EXCEEDED: (429, "There are too many requests"),
        ErrorValue.SEQUENCE_NUMBER_VIOLATED: (403, "A message is missing or came twice"),
        ErrorValue.TIME_STAMP_VIOLATED: (401, "A time stamp is too old"),
        ErrorValue.SECURITY_INFO_VIOLATED: (401, "A message is not signed as it should be"),
        ErrorValue.UNAUTHENTICATED: (401, "Who asks is not known"),
        ErrorValue.FORBIDDEN: (403, "Who asks may not do this"),
        ErrorValue.LINK_DOWN: (503, "The switch cannot be reached"),
        ErrorValue.LINK_TIMEOUT: (504, "The switch has not answered in time"),
        ErrorValue.IDEMPOTENCY_KEY_REUSED: (422, "The idempotency key belongs to another request"),
        ErrorValue.REQUEST_IN_PROGRESS: (409, "The same request is still being carried out"),
        ErrorValue.FRAME_TOO_LARGE: (413, "The message is too large"),
        ErrorValue.SLOW_CONSUMER: (429, "Events were not read fast enough"),
        ErrorValue.EPOCH_CHANGED: (410, "The event log has begun anew"),
        ErrorValue.RATE_LIMITED: (429, "There are too many requests"),
    }
)
"""The HTTP status and the title of each error value (cti-api §7.7)."""

RETRYABLE = frozenset(
    {
        ErrorValue.RESOURCE_BUSY,
        ErrorValue.NETWORK_BUSY,
        ErrorValue.DEVICE_OUT_OF_SERVICE,
        ErrorValue.RESOURCE_OUT_OF_SERVICE,
        ErrorValue.NETWORK_OUT_OF_ORDER,
        ErrorValue.NO_MEDIA_CHANNELS_AVAILABLE,
        ErrorValue.CONFERENCE_MEMBER_LIMIT_EXCEEDED,
        ErrorValue.OBJECT_MONITOR_LIMIT_EXCEEDED,
        ErrorValue.OUTSTANDING_REQ_LIMIT_EXCEEDED,
        ErrorValue.TRUNK_LIMIT_EXCEEDED,
        ErrorValue.PERFORMANCE_LIMIT_EXCEEDED,
        ErrorValue.LINK_DOWN,
        ErrorValue.REQUEST_IN_PROGRESS,
        ErrorValue.SLOW_CONSUMER,
        ErrorValue.RATE_LIMITED,
    }
)
"""After these the same request may well succeed a little later."""
