"""Our words against ECMA-323, sixth edition: what is not in the standard is listed here."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest

from csta.agent_events import AgentEvent
from csta.call_events import CALL_CONTROL_EVENTS, CallCharacteristics, CallEvent
from csta.call_services import (
    AutoOriginate,
    ConsultOptions,
    DestinationCondition,
    DetectionAction,
    DetectionItem,
    ParticipationType,
    SignallingCondition,
    SignallingConditionsAction,
    SignallingDetection,
)
from csta.causes import BY_Q850, Cause
from csta.device_events import ForwardingType
from csta.device_services import RequestedAgentState
from csta.errors import ErrorCategory, ErrorValue
from csta.event_types import EVENT_BY_TYPE
from csta.monitor_services import MonitorType
from csta.routeing_services import RejectCause, RouteSelectionAlgorithm
from csta.services import SERVICES
from csta.states import AgentState, ConnectionState
from csta.system_events import SystemStatusValue
from csta.voice_events import CollectionCause
from csta.voice_services import (
    DataCollectionType,
    DigitsReportingCriteria,
    TerminatingConditions,
)

Standard: TypeAlias = dict[str, Any]

ECMA_EVENTS = {t: event for t, event in EVENT_BY_TYPE.items() if t.startswith("csta.")}

# Members of every call-control event that are ours (cti-api §7.5).
COMMON_EXTENSIONS = {"acd", "callID", "connection", "connections", "direction", "linkID"}

# Members of single events that are ours, beside those that their family shares.
EVENT_EXTENSIONS = {
    "CallCleared": {"durations", "exitReason", "outcome"},
    "CallInformation": {"afterCall", "callLinkageData", "cause", "changed"},
    "Charging": {"callLinkageData", "cost", "currency"},
    "Conferenced": {"callLinkageData"},
    "DataCollected": {"callLinkageData", "connection"},
    "DigitsGenerated": {"callLinkageData", "cause"},
    "DtmfDetected": {"durationMs"},
    "Failed": {"q850", "sipStatus"},
    "MonitorStop": {"cause"},
    "Queued": {"estimatedWaitMs"},
    "RouteEnd": {"routeingCrossRefID"},
    "ServiceCompletionFailure": {"callLinkageData", "connection", "service"},
    "SystemStatus": {"cause"},
    "TelephonyTonesGenerated": {"callLinkageData", "cause"},
    "Transferred": {"callLinkageData"},
}
AGENT_EXTENSIONS = {
    "agentStateCondition",
    "busyPhase",
    "callID",
    "linkID",
    "pendingAgentState",
    "previousState",
    "reasonCode",
    "since",
}
VOICE_EXTENSIONS = {"callID", "callLinkageData", "linkID"}

SERVICE_EXTENSIONS = {
    "GetCSTAFeatures": {"linkID"},
    "GetSwitchingFunctionCaps": {"linkID"},
    "GetSwitchingFunctionDevices": {"linkID"},
    "IntrudeCall": {"joiningDevice"},
    "MakeCall": {"callerID", "timeoutMs"},
    "MonitorStart": {"snapshot"},
    "ReRoute": {"routeingCrossRefID"},
    "RequestSystemStatus": {"linkID"},
    "RouteEnd": {"routeingCrossRefID"},
    "RouteReject": {"routeingCrossRefID"},
    "RouteRequest": {"attempt", "routeingCrossRefID"},
    "RouteSelect": {"routeingCrossRefID"},
    "RouteUsed": {"routeingCrossRefID"},
    "SetAgentState": {"force", "reasonCode"},
    "StartDataCollection": {"object"},
    "SystemRegister": {"linkID"},
}
EXTENSION_SERVICES = {
    "ChangeQueuedCall",
    "ExplainCall",
    "ExtendAfterCallWork",
    "GetAgentInformation",
    "PauseAgentQueue",
    "SetAgentSkills",
    "PauseCallRecording",
    "PickQueuedCall",
    "ReplayEvents",
    "ResumeCallRecording",
    "StartCallRecording",
    "StopCallRecording",
}
EXTENSION_ERRORS = {
    "unauthenticated",
    "forbidden",
    "linkDown",
    "linkTimeout",
    "idempotencyKeyReused",
    "requestInProgress",
    "frameTooLarge",
    "slowConsumer",
    "epochChanged",
    "rateLimited",
}


@pytest.fixture(scope="module")
def standard(shared: Path) -> Standard:
    path = shared / "csta" / "csta-ed6-vocabulary.json"
    vocabulary: Standard = json.loads(path.read_text("utf-8"))
    return vocabulary


def _wire_names(cls: type[msgspec.Struct]) -> set[str]:
    return set(cls.__struct_encode_fields__)


def _children(standard: Standard, element: str) -> set[str]:
    """Give the names of an element's members."""
    entry = standard["messages"].get(element) or standard["types"][element]
    return {child["name"] for child in entry["children"] if "name" in child}


def _element_of(standard: Standard, event_type: str) -> str:
    """Give the element of an event; the standard writes `Transfered` with one r."""
    name = event_type.split(".")[2]
    element = {"Transferred": "TransferedEvent"}.get(name, f"{name}Event")
    return element if element in standard["messages"] else name


@pytest.mark.parametrize(
    ("enumeration", "name"),
    [
        (AgentState, "AgentState"),
        (AutoOriginate, "AutoOriginate"),
        (ConnectionState, "LocalConnectionState"),
        (ConsultOptions, "ConsultOptions"),
        (DataCollectionType, "DataCollType"),
        (DestinationCondition, "DestinationCondition"),
        (DetectionAction, "DetectionAction"),
        (MonitorType, "MonitorType"),
        (RejectCause, "RejectCause"),
        (RequestedAgentState, "ReqAgentState"),
        (CollectionCause, "DcollCause"),
        (RouteSelectionAlgorithm, "SelectValue"),
        (SignallingCondition, "SignallingCondition"),
        (SignallingConditionsAction, "SignallingConditionsAction"),
        (SystemStatusValue, "SystemStatusValue"),
    ],
)
def test_these_enumerations_are_the_standards_own(
    standard: Standard, enumeration: type[StrEnum], name: str
) -> None:
    assert set(enumeration) == set(standard["enums"][name])


@pytest.mark.parametrize(
    ("enumeration", "name", "extensions"),
    [
        (Cause, "EventCause", set()),
        (ForwardingType, "ForwardingType", set()),
        (ParticipationType, "ParticipationType", {"coach"}),
    ],
)
def test_these_enumerations_are_a_part_of_the_standards(
    standard: Standard, enumeration: type[StrEnum], name: str, extensions: set[str]
) -> None:
    assert set(enumeration) - set(standard["enums"][name]) == extensions


def test_every_numeric_release_cause_means_a_cause_of_the_standard(standard: Standard) -> None:
    assert set(BY_Q850.values()) <= set(standard["enums"]["EventCause"])


def test_error_values_are_the_standards_or_listed_as_ours(standard: Standard) -> None:
    known = {
        literal
        for name, literals in standard["enums"].items()
        if name.endswith("Errors")
        for literal in literals
    }
    assert set(ErrorValue) - known == EXTENSION_ERRORS


def test_error_categories_are_the_standards_but_for_one_spelling(standard: Standard) -> None:
    choice = set(standard["messages"]["CSTAErrorCode"]["children"][0]["choice"])
    assert set(ErrorCategory) - choice == {"cti", "systemResourceAvailability"}
    assert choice - set(ErrorCategory) == {"privateErrorCode", "systemResourceAvailibility"}


@pytest.mark.parametrize("event_type", ECMA_EVENTS)
def test_an_event_and_its_members_are_the_standards_or_listed_as_ours(
    standard: Standard, event_type: str
) -> None:
    event = ECMA_EVENTS[event_type]
    name = event_type.split(".")[2]
    members = _wire_names(event)
    own = EVENT_EXTENSIONS.get(name, set())
    listed = own | COMMON_EXTENSIONS - {"connection"}
    if issubclass(event, CallEvent):
        members -= _wire_names(CallEvent)
    if issubclass(event, AgentEvent):
        listed |= AGENT_EXTENSIONS
    if event_type.startswith("csta.voice."):
        listed |= VOICE_EXTENSIONS
    strangers = members - _children(standard, _element_of(standard, event_type))
    assert strangers - listed == set()
    assert own - strangers - _wire_names(CallEvent) == set(), "listed, but no extension"


def test_the_common_members_of_call_events_are_the_standards_or_listed_as_ours(
    standard: Standard,
) -> None:
    known: set[str] = set()
    for event_type, event in ECMA_EVENTS.items():
        if issubclass(event, CallEvent):
            known |= _children(standard, _element_of(standard, event_type))
    assert _wire_names(CallEvent) - known == COMMON_EXTENSIONS - {"connection"}


@pytest.mark.parametrize("event", CALL_CONTROL_EVENTS, ids=lambda event: event.__name__)
def test_the_subject_of_a_call_event_is_a_member_of_the_standards_event(
    standard: Standard, event: type[CallEvent]
) -> None:
    element = _element_of(standard, f"csta.callControl.{event.__name__}.v1")
    if event.__name__ in {"Conferenced", "Transferred"}:
        assert event.SUBJECT_NAME == ""
    else:
        assert event.SUBJECT_NAME in _children(standard, element)


def test_all_eighteen_call_control_events_are_here(standard: Standard) -> None:
    filters = _children(standard, "CallControlEvents")
    ours = {event.__name__[0].lower() + event.__name__[1:] for event in CALL_CONTROL_EVENTS}
    assert ours == filters
    assert len(CALL_CONTROL_EVENTS) == 18


@pytest.mark.parametrize("service", sorted(set(SERVICES) - EXTENSION_SERVICES))
def test_a_service_and_its_parameters_are_the_standards_or_listed_as_ours(
    standard: Standard, service: str
) -> None:
    strangers = _wire_names(SERVICES[service]) - _children(standard, service)
    assert strangers == SERVICE_EXTENSIONS.get(service, set())


def test_the_services_of_ours_are_not_in_the_standard(standard: Standard) -> None:
    assert EXTENSION_SERVICES.isdisjoint(standard["messages"])
    assert set(SERVICES) >= EXTENSION_SERVICES


@pytest.mark.parametrize(
    ("struct", "element"),
    [
        (CallCharacteristics, "callCharacteristics"),
        (DetectionItem, "DetectionItem"),
        (DigitsReportingCriteria, "DigitsReportingCriteria"),
        (SignallingDetection, "SignallingDetection"),
        (TerminatingConditions, "TerminatingConditions"),
    ],
)
def test_the_parts_of_requests_and_events_have_the_standards_members(
    standard: Standard, struct: type[msgspec.Struct], element: str
) -> None:
    assert _wire_names(struct) <= _children(standard, element)
