"""What a service answers when it is not refused: its result (cti-api §7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from csta.agent_figures import AgentFigures
from csta.call_events import CallLinkageData, TransferredConnection
from csta.device_events import ForwardingType
from csta.ids import AgentId, CallId, ConnectionId, DeviceId, wire_name
from csta.instants import Instant, Milliseconds
from csta.monitor_services import MonitorFilter
from csta.services import SERVICES
from csta.states import AgentState, BusyPhase, ConnectionState
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


class AgentInformation(Result, frozen=True, kw_only=True):
    """All about an agent, as it is at `at` (features A18, A23).

    `queues` are None for who serves all that the skills fit; `contacts` names those of channels
    other than voice. `figures` are those since log-on, None for who is not here.
    """

    agent_id: AgentId
    name: str
    agent_state: AgentState
    at: Instant
    since: Instant | None = None
    reason_code: str | None = None
    busy_phase: BusyPhase | None = None
    call_id: CallId | None = None
    pending_agent_state: AgentState | None = None
    agent_device: DeviceId | None = None
    reachable: bool = True
    skills: dict[str, int] = {}
    queues: tuple[DeviceId, ...] | None = None
    paused_queues: tuple[DeviceId, ...] = ()
    contacts: dict[CallId, str] = {}
    figures: AgentFigures | None = None


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


class ExplainedAgent(Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """One agent, and the filter that keeps a call from being offered to the agent now."""

    agent_id: AgentId
    removed_by: str | None = None
    detail: str = ""


class ComesNext(Struct, frozen=True, rename=wire_name):
    """What happens to a call by itself, and when."""

    at: Instant
    what: str


class CallExplanation(Result, frozen=True, kw_only=True):
    """Why a call still waits, as it is at `at` (features R35); with `rings_at` it rings there.

    `would_help` says what would have to change, `configuration` is the version of the rules.
    """

    call_id: CallId
    at: Instant
    queues: tuple[DeviceId, ...]
    waited_ms: Milliseconds
    position: int
    number_queued: int
    needs: str
    configuration: int
    rings_at: tuple[AgentId, ...] = ()
    agents: tuple[ExplainedAgent, ...] = ()
    would_help: tuple[str, ...] = ()
    comes_next: tuple[ComesNext, ...] = ()


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
    records_calls: bool = False
    """Whether the switch records calls; if not, a recorder outside is to follow the events."""
    profiles: dict[str, bool]
    cc_profiles: tuple[str, ...]
    limits: dict[str, int]
    quality: dict[str, str]
    acd_models: tuple[str, ...] = field(name="aCDModels", default=())
    agent_log_on_models: tuple[str, ...] = ()
    agent_state_models: tuple[str, ...] = ()
    trans_and_conf_setup: tuple[str, ...] = ()
    correlator_data_supported: bool = False
    max_length_parameters: dict[str, int] = {}


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
    **dict.fromkeys(("ExtendAfterCallWork", "GetAgentState", "SetAgentState"), AgentStateResult),
    "GetAgentInformation": AgentInformation,
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
    "ExplainCall": CallExplanation,
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
