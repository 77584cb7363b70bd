"""Who may ask for what: one row for each service, and nothing that stands in no row (cti-api §7.8).

A row tells which rights reach which objects: one's own (`…:self`), the team's (`…:team`), all. A
call or an agent that is not there is the engine's to refuse, who says so. An administrator cannot
listen to calls, and nobody forces his own state as a supervisor (reliability §6.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from csta.call_services import ParticipationType
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import ConnectionId, DeviceId
from csta.service_request import ServiceRequest
from ctiserver.core import service_rules as rules
from ctiserver.core.object_rights import (
    controls_call,
    controls_connection,
    controls_device,
    sees_device,
)
from ctiserver.core.principals import Principal, Scope
from ctiserver.core.reach import Reach

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

Rule: TypeAlias = Callable[[Principal, Any, Reach], bool]


class Row(msgspec.Struct, frozen=True):
    """One service: who may ask for it, as a rule and in words."""

    allows: Rule
    words: str


def check(who: Principal, service: str, params: ServiceRequest, engine: Engine) -> None:
    """Refuse what a principal may not ask for; the engine has not been asked yet.

    Raises:
        CtiError: `forbidden`; nothing is told of the object that stands in the way.
    """
    row = ROWS.get(service)
    if row is None or not row.allows(who, params, Reach(engine)):
        words = "nobody may" if row is None else row.words
        raise CtiError(
            ErrorCategory.CTI,
            ErrorValue.FORBIDDEN,
            f"{who.name} may not ask for {service} here: {words}",
        )


def _connections(*names: str) -> Row:
    def allows(who: Principal, request: ServiceRequest, reach: Reach) -> bool:
        return all(controls_connection(who, getattr(request, name), reach) for name in names)

    return Row(allows, "the device must be its own (control:self) or the team's (control:team)")


def _call(name: str) -> Row:
    def allows(who: Principal, request: ServiceRequest, reach: Reach) -> bool:
        return controls_call(who, getattr(request, name).call_id, reach)

    return Row(allows, "it must be in the call (control:self), or the call be the team's")


def _device(name: str) -> Row:
    def allows(who: Principal, request: ServiceRequest, reach: Reach) -> bool:
        return controls_device(who, getattr(request, name), reach)

    return Row(allows, "the device must be its own (control:self) or the team's (control:team)")


def _seen_device(name: str) -> Row:
    def allows(who: Principal, request: ServiceRequest, reach: Reach) -> bool:
        return sees_device(who, getattr(request, name), reach)

    return Row(allows, "the device must be its own (monitor:self) or the team's (monitor:team)")


def _has_scope(*scopes: Scope) -> Row:
    def allows(who: Principal, _request: ServiceRequest, _reach: Reach) -> bool:
        return any(who.may(scope) for scope in scopes)

    return Row(allows, "it needs " + " or ".join(scopes))


def _anybody(_who: Principal, _request: ServiceRequest, _reach: Reach) -> bool:
    return True


def _nobody(_who: Principal, _request: ServiceRequest, _reach: Reach) -> bool:
    return False


def _listens(target: str, joins: str) -> Row:
    """Let a party add somebody to its call, and a supervisor come into a call of the team."""

    def allows(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401 - of two services
        key: ConnectionId = getattr(request, target)
        if reach.owns(who, key.device_id):
            active = request.participation_type is ParticipationType.ACTIVE
            return active and who.may(Scope.CONTROL_SELF)
        joining: DeviceId | None = getattr(request, joins)
        return (joining is None or reach.owns(who, joining)) and rules.supervises(who, key, reach)

    return Row(allows, "it needs supervise:team for the call, and its own device to listen at")


_ANYBODY = Row(_anybody, "anybody may")
_NOBODY = Row(_nobody, "the server asks for it, no client does")
_ROUTES = _has_scope(Scope.ROUTE)
_HAS_MONITORS = _has_scope(*rules.MONITORS)
_LISTS_DEVICES = _has_scope(
    Scope.MONITOR_TEAM, Scope.MONITOR_ALL, Scope.ROUTE, Scope.CONTROL_CAMPAIGN
)
_RECORDS = Row(rules.recorded, "it needs record:control, and the call in its reach")
_AGENT = Row(rules.changes_own_or_teams_agent, "it must be the agent, or have agent:team for him")
_TEAM = "it needs control:team for the call, the queue and the agent"

ROWS: Mapping[str, Row] = MappingProxyType(
    {
        "AcceptCall": _connections("call_to_be_accepted"),
        "AlternateCall": _connections("held_call", "active_call"),
        "AnswerCall": _connections("call_to_be_answered"),
        "AssociateData": Row(rules.associates, "it needs data:associate, or a part in the call"),
        "CallBack": _connections("callback_connection"),
        "CamponCall": _connections("campon_connection"),
        "CancelCallBack": Row(rules.cancels_callback, _TEAM),
        "ChangeMonitorFilter": _HAS_MONITORS,
        "ChangeQueuedCall": Row(rules.changes_place, _TEAM),
        "ClearCall": _call("call_to_be_cleared"),
        "ClearConnection": _connections("connection_to_be_cleared"),
        "ConferenceCall": _connections("held_call", "active_call"),
        "ConsultationCall": _connections("existing_call"),
        "DeflectCall": _connections("call_to_be_diverted"),
        "DialDigits": _connections("dialling_connection"),
        "DirectedPickupCall": Row(
            rules.picks_up, "the phone must be its own, the other a colleague's"
        ),
        "ExplainCall": Row(rules.explains, "the call must be the team's (monitor:team)"),
        "ExtendAfterCallWork": _AGENT,
        "GenerateDigits": _connections("connection_to_send_digits"),
        "GetAgentInformation": Row(
            rules.looks_at_agent, "it must be the agent, or have monitor:team"
        ),
        "GetAgentState": _seen_device("device"),
        "GetAutoAnswer": _seen_device("device"),
        "GetAutoWorkMode": _seen_device("device"),
        "GetCSTAFeatures": _ANYBODY,
        "GetDoNotDisturb": _seen_device("device"),
        "GetForwarding": _seen_device("device"),
        "GetLogicalDeviceInformation": _seen_device("device"),
        "GetMessageWaitingIndicator": _seen_device("device"),
        "GetMicrophoneMute": _seen_device("device"),
        "GetMonitors": _HAS_MONITORS,
        "GetPhysicalDeviceInformation": _seen_device("device"),
        "GetRouteingMode": _seen_device("device"),
        "GetSwitchingFunctionCaps": _ANYBODY,
        "GetSwitchingFunctionDevices": _LISTS_DEVICES,
        "GroupPickupCall": Row(
            rules.picks_up_in_group, "the phone must be its own, the queue its agent's or team's"
        ),
        "HoldCall": _connections("call_to_be_held"),
        "IntrudeCall": Row(rules.intrudes, "it needs supervise:team for the call"),
        "JoinCall": _listens("active_call", "joining_device"),
        "MakeCall": _device("calling_device"),
        "MakePredictiveCall": Row(
            rules.predicts, "it needs control:campaign, and the device named"
        ),
        "MonitorStart": Row(
            rules.monitors, "the object must be its own, or the team's (monitor:team)"
        ),
        "MonitorStop": _HAS_MONITORS,
        "ParkCall": _connections("parking"),
        "PauseAgentQueue": _AGENT,
        "PauseCallRecording": _RECORDS,
        "PickQueuedCall": Row(rules.picks, _TEAM),
        "PlayMessage": Row(rules.plays, "the connection must be its own, and the message no file"),
        "QueryVoiceAttribute": _connections("connection"),
        "ReRoute": _NOBODY,
        "ReconnectCall": _connections("active_call", "held_call"),
        "RecordMessage": Row(rules.records_message, "it needs record:control, and the connection"),
        "ReplayEvents": _HAS_MONITORS,
        "Reposition": _connections("connection"),
        "RequestSystemStatus": _ANYBODY,
        "Resume": _connections("connection"),
        "ResumeCallRecording": _RECORDS,
        "RetrieveCall": _connections("call_to_be_retrieved"),
        "Review": _connections("connection"),
        "RouteEnd": _ROUTES,
        "RouteRegister": Row(rules.registers, "it needs route, and the device if it has devices"),
        "RouteRegisterCancel": _ROUTES,
        "RouteReject": _ROUTES,
        "RouteRequest": _NOBODY,
        "RouteSelect": _ROUTES,
        "RouteUsed": _NOBODY,
        "SendUserInformation": _connections("existing_call"),
        "SetAgentSkills": Row(rules.changes_teams_agent, "it needs agent:team for the agent"),
        "SetAgentState": Row(
            rules.sets_agent_state, "it must be the agent, or have agent:team for him"
        ),
        "SetAutoAnswer": _device("device"),
        "SetAutoWorkMode": _device("device"),
        "SetDoNotDisturb": _device("device"),
        "SetForwarding": _device("device"),
        "SetMessageWaitingIndicator": _device("device"),
        "SetMicrophoneMute": _device("device"),
        "SetRouteingMode": _has_scope(Scope.CONTROL_ALL),
        "SetVoiceAttribute": _connections("connection"),
        "SingleStepConferenceCall": _listens("active_call", "device_to_join"),
        "SingleStepTransferCall": _connections("active_call"),
        "SnapshotCall": Row(rules.snapshots_call, "the call must be its own, or the team's"),
        "SnapshotDevice": _seen_device("snapshot_object"),
        "StartCallRecording": _RECORDS,
        "StartDataCollection": _connections("connection"),
        "Stop": _connections("connection"),
        "StopCallRecording": _RECORDS,
        "StopDataCollection": Row(rules.stops_collection, "the connection must be in its reach"),
        "Suspend": _connections("connection"),
        "SystemRegister": _ANYBODY,
        "TransferCall": _connections("held_call", "active_call"),
    }
)
"""All services: what is not here is refused."""
