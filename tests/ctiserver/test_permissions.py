"""Who may ask for what: each role, each service, one's own and somebody else's (cti-api §7.8)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from csta.errors import CtiError, ErrorValue
from csta.service_request import ServiceRequest
from csta.services import SERVER_REQUESTS, SERVICES
from ctiserver.core.permissions import ROWS, check
from ctiserver.core.principals import Principal, Role, Scope
from switch_sim.config import PhoneAct
from tests.ctiserver.offices import (
    ADMIN,
    ANNA_HERSELF,
    BEA_HERSELF,
    CARL_HIMSELF,
    CRM,
    DIALER,
    EVERYBODY,
    ROUTER,
    SALES_DEVICE,
    SALES_LEAD,
    SUPPORT_DEVICE,
    SUPPORT_LEAD,
    SUPPORT_NUMBER,
    WALLBOARD,
    Offices,
    principal,
)
from tests.ctiserver.service_samples import (
    ACTS_FOR_DEVICE,
    CONNECTIONS,
    LOOKS_AT_DEVICE,
    PAIRS,
    RECORDING,
    params_of,
)

FOR_ANYBODY = {"GetCSTAFeatures", "GetSwitchingFunctionCaps", "RequestSystemStatus"} | {
    "SystemRegister"
}
OWN_MONITORS = {"ChangeMonitorFilter", "GetMonitors", "MonitorStop", "ReplayEvents"}
ON_THE_CALL = {*PAIRS, *CONNECTIONS, "AssociateData", "ClearCall", "StopDataCollection"}

# What each may ask for on Anna's phone, state and call, in the words of cti-api §7.8.
AGENT_ON_HER_OWN = (
    FOR_ANYBODY
    | OWN_MONITORS
    | LOOKS_AT_DEVICE
    | ACTS_FOR_DEVICE
    | ON_THE_CALL
    | {"DirectedPickupCall", "ExplainCall", "ExtendAfterCallWork", "GetAgentInformation"}
    | {"MonitorStart", "PauseAgentQueue", "PickQueuedCall", "SetAgentState", "SnapshotCall"}
    | {"JoinCall", "SingleStepConferenceCall"}  # adds somebody to her own call
)
NO_CLIENT = set(SERVER_REQUESTS)
ROUTEING = {"RouteEnd", "RouteRegister", "RouteRegisterCancel", "RouteReject", "RouteSelect"}
LEAD_ON_THE_TEAMS = (
    AGENT_ON_HER_OWN
    - {"JoinCall", "SingleStepConferenceCall"}  # only from an own device: see below
    | RECORDING
    | {"CancelCallBack", "ChangeQueuedCall", "GetSwitchingFunctionDevices", "IntrudeCall"}
    | {"RecordMessage", "SetAgentSkills"}
)
STRANGER = FOR_ANYBODY | {"ChangeMonitorFilter", "GetMonitors", "MonitorStop", "ReplayEvents"}
MATRIX: list[tuple[Principal, set[str]]] = [
    (ANNA_HERSELF, AGENT_ON_HER_OWN),
    (CARL_HIMSELF, STRANGER),
    (SALES_LEAD, LEAD_ON_THE_TEAMS),
    (SUPPORT_LEAD, STRANGER | {"GetSwitchingFunctionDevices"}),
    (WALLBOARD, STRANGER),
    (ROUTER, FOR_ANYBODY | ROUTEING | {"GetRouteingMode", "GetSwitchingFunctionDevices"}),
    (DIALER, FOR_ANYBODY | {"GetSwitchingFunctionDevices", "MakePredictiveCall"}),
    (
        CRM,
        STRANGER
        | LOOKS_AT_DEVICE
        | {"AssociateData", "ExplainCall", "GetAgentInformation", "GetRouteingMode"}
        | {"GetSwitchingFunctionDevices", "MonitorStart", "SnapshotCall"},
    ),
    (
        ADMIN,
        set(SERVICES) - NO_CLIENT - {"IntrudeCall", "JoinCall", "SingleStepConferenceCall"},
    ),
]


def _may(who: Principal, service: str, offices: Offices, **params: Any) -> bool:
    request = msgspec.convert(params, SERVICES[service])
    return _is_allowed(who, service, request, offices)


def _is_allowed(who: Principal, service: str, request: ServiceRequest, offices: Offices) -> bool:
    try:
        check(who, service, request, offices.engine)
    except CtiError as error:
        return error.value is not ErrorValue.FORBIDDEN or who.name not in error.detail
    return True


def test_every_service_stands_in_a_row_and_no_row_is_of_none() -> None:
    assert set(ROWS) == set(SERVICES)


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda who: who.name)
def test_what_stands_in_no_row_is_refused(who: Principal) -> None:
    request = msgspec.convert({}, SERVICES["GetMonitors"])
    assert not _is_allowed(who, "FormatTheDisk", request, Offices())


@pytest.mark.parametrize(("who", "allowed"), MATRIX, ids=[who.name for who, _ in MATRIX])
def test_each_role_may_what_the_table_of_roles_says(who: Principal, allowed: set[str]) -> None:
    offices = Offices()
    offices.talk()
    may = {
        service
        for service, shape in SERVICES.items()
        if service not in SERVER_REQUESTS
        and _is_allowed(who, service, msgspec.convert(params_of(service, offices), shape), offices)
    }
    assert may == allowed


def test_nobody_may_ask_for_what_the_server_asks_for() -> None:
    offices, request = Offices(), msgspec.convert({}, SERVICES["GetMonitors"])
    for service in SERVER_REQUESTS:
        assert not any(_is_allowed(who, service, request, offices) for who in EVERYBODY)


def test_a_right_that_is_left_out_of_a_key_does_not_count() -> None:
    offices = Offices()
    key = offices.talk()
    bare = msgspec.structs.replace(ANNA_HERSELF, scopes=frozenset())
    wire = {"callID": key.call_id, "deviceID": key.device_id}
    assert _may(ANNA_HERSELF, "HoldCall", offices, callToBeHeld=wire)
    assert not _may(bare, "HoldCall", offices, callToBeHeld=wire)


def test_an_agent_who_only_hears_it_ring_cannot_end_the_callers_call() -> None:
    offices = Offices()
    offices.phone("station:1001", PhoneAct.NO_ANSWER)
    offices.log_on("anna")
    offices.call()
    offices.wait(2_000)
    (link,) = offices.engine.model.at_device["station:1001"]
    wire = {"callID": link.key.call_id, "deviceID": "station:1001"}
    assert _may(ANNA_HERSELF, "AnswerCall", offices, callToBeAnswered=wire)
    assert not _may(
        ANNA_HERSELF, "ClearCall", offices, callToBeCleared={"callID": link.key.call_id}
    )


def test_after_the_call_the_agent_says_what_came_of_it_and_nobody_else_does() -> None:
    offices = Offices()
    key = offices.talk()
    offices.asked(
        "ClearConnection",
        connectionToBeCleared={"callID": key.call_id, "deviceID": key.device_id},
    )
    offices.wait(1_000)
    assert key.call_id not in offices.engine.model.calls
    call = {"callID": key.call_id}
    assert _may(ANNA_HERSELF, "AssociateData", offices, existingCall=call)
    assert _may(CRM, "AssociateData", offices, existingCall=call)
    assert not _may(BEA_HERSELF, "AssociateData", offices, existingCall=call)


def test_who_hands_a_call_on_may_still_say_what_came_of_it_but_not_end_it() -> None:
    offices = Offices()
    key = offices.talk()
    offices.log_on("bea")
    wire = {"callID": key.call_id, "deviceID": key.device_id}
    offices.asked("SingleStepTransferCall", activeCall=wire, transferredTo="1002")
    offices.wait(3_000)
    assert offices.connection_of("station:1002").call_id == key.call_id
    call = {"callID": key.call_id}
    assert _may(ANNA_HERSELF, "AssociateData", offices, existingCall=call)
    assert not _may(ANNA_HERSELF, "ClearCall", offices, callToBeCleared=call)
    assert not _may(
        ANNA_HERSELF,
        "ClearConnection",
        offices,
        connectionToBeCleared=wire | {"deviceID": "station:1002"},
    )


@pytest.mark.parametrize("mode", ["silent", "coach", "active"])
def test_a_supervisor_listens_to_the_team_from_her_own_phone_only(mode: str) -> None:
    offices = Offices()
    ours, theirs = offices.talk(), offices.talk("carl", SUPPORT_NUMBER)
    for key, device_id, allowed in (
        (ours, "station:1009", True),
        (ours, "station:1002", False),
        (theirs, "station:1009", False),
    ):
        wire = {"callID": key.call_id, "deviceID": key.device_id}
        params = {"activeCall": wire, "deviceToJoin": device_id, "participationType": mode}
        assert _may(SALES_LEAD, "SingleStepConferenceCall", offices, **params) is allowed
        assert not _may(ADMIN, "SingleStepConferenceCall", offices, **params)
        assert not _may(CRM, "SingleStepConferenceCall", offices, **params)


def test_an_administrator_does_not_listen_whatever_rights_he_is_given() -> None:
    offices = Offices()
    key = offices.talk()
    nosy = principal(
        "user:nosy", Role.ADMIN, Scope.SUPERVISE_TEAM, devices=("station:1009",), teams=None
    )
    wire = {"callID": key.call_id, "deviceID": key.device_id}
    assert not _may(nosy, "IntrudeCall", offices, intrude=wire, joiningDevice="station:1009")


def test_an_agent_adds_nobody_to_her_call_unheard() -> None:
    offices = Offices()
    key = offices.talk()
    wire = {"callID": key.call_id, "deviceID": key.device_id}
    params = {"activeCall": wire, "deviceToJoin": "station:1002", "participationType": "silent"}
    assert not _may(ANNA_HERSELF, "SingleStepConferenceCall", offices, **params)


@pytest.mark.parametrize(
    ("who", "agent", "allowed"),
    [
        (ANNA_HERSELF, "anna", False),
        (ANNA_HERSELF, "bea", False),
        (SALES_LEAD, "anna", True),
        (SALES_LEAD, "carl", False),
        (SALES_LEAD, "sue", False),
        (SUPPORT_LEAD, "carl", True),
        (WALLBOARD, "anna", False),
    ],
    ids=lambda value: value.name if isinstance(value, Principal) else str(value),
)
def test_only_the_own_supervisor_forces_a_state_and_never_his_own(
    who: Principal, agent: str, *, allowed: bool
) -> None:
    asked = {"agentID": agent, "requestedAgentState": "notReady", "force": True}
    assert _may(who, "SetAgentState", Offices(), **asked) is allowed


@pytest.mark.parametrize(
    ("device_id", "allowed"), [(None, True), ("station:1001", True), ("station:1009", False)]
)
def test_an_agent_sits_down_at_her_own_desk_only(device_id: str | None, *, allowed: bool) -> None:
    asked = {"agentID": "anna", "requestedAgentState": "loggedOn", "device": device_id}
    assert _may(ANNA_HERSELF, "SetAgentState", Offices(), **asked) is allowed
    roaming = msgspec.structs.replace(ANNA_HERSELF, devices=("station:1009",))
    assert _may(roaming, "SetAgentState", Offices(), **asked)


def test_an_agent_takes_a_waiting_call_of_her_own_queue_for_herself() -> None:
    offices = Offices()
    offices.call()
    offices.wait(1_000)
    (call_id,) = offices.engine.model.calls
    call = {"callID": call_id}
    assert _may(ANNA_HERSELF, "PickQueuedCall", offices, queuedCall=call, agentID="anna")
    assert not _may(ANNA_HERSELF, "PickQueuedCall", offices, queuedCall=call, agentID="bea")
    assert not _may(CARL_HIMSELF, "PickQueuedCall", offices, queuedCall=call, agentID="carl")


def test_no_agent_plays_a_file_of_the_server() -> None:
    offices = Offices()
    key = offices.talk()
    wire = {"callID": key.call_id, "deviceID": key.device_id}
    file = {"overConnection": wire, "messageToBePlayed": "file:/etc/passwd"}
    assert not _may(ANNA_HERSELF, "PlayMessage", offices, **file)
    assert _may(ADMIN, "PlayMessage", offices, **file)


@pytest.mark.parametrize(
    ("who", "what", "allowed"),
    [
        (ANNA_HERSELF, {"agentObject": "anna"}, True),
        (ANNA_HERSELF, {"agentObject": "bea"}, False),
        (ANNA_HERSELF, {"groupObject": SALES_DEVICE}, True),
        (ANNA_HERSELF, {"groupObject": SUPPORT_DEVICE}, False),
        (ANNA_HERSELF, "all", False),
        (SALES_LEAD, {"agentObject": "bea"}, True),
        (SALES_LEAD, {"deviceObject": "station:1003"}, False),
        (SALES_LEAD, "all", True),
        (WALLBOARD, {"groupObject": SALES_DEVICE}, True),
        (WALLBOARD, {"agentObject": "anna"}, False),
        (ROUTER, {"deviceObject": "routeing:main"}, True),
        (ROUTER, {"deviceObject": "station:1001"}, False),
        (DIALER, "all", False),
        (CRM, "all", True),
    ],
    ids=lambda value: value.name if isinstance(value, Principal) else str(value),
)
def test_a_monitor_is_on_what_one_may_see(who: Principal, what: object, *, allowed: bool) -> None:
    assert _may(who, "MonitorStart", Offices(), monitorObject=what) is allowed


def test_a_call_that_is_not_there_is_the_engines_to_refuse() -> None:
    offices = Offices()
    nothing = {"callID": "c-nothing", "deviceID": "station:1001"}
    assert _may(ANNA_HERSELF, "HoldCall", offices, callToBeHeld=nothing)
    assert _may(SALES_LEAD, "ClearCall", offices, callToBeCleared={"callID": "c-nothing"})
    assert not _may(WALLBOARD, "ClearCall", offices, callToBeCleared={"callID": "c-nothing"})


@pytest.mark.parametrize(
    ("who", "group", "allowed"),
    [
        (ANNA_HERSELF, None, True),
        (ANNA_HERSELF, "acd:sales", True),
        (ANNA_HERSELF, "acd:support", False),
        (CARL_HIMSELF, None, False),
        (SALES_LEAD, "acd:sales", True),
        (SALES_LEAD, "acd:support", False),
        (ADMIN, "acd:support", True),
    ],
)
def test_calls_are_picked_up_for_an_own_phone_in_an_own_group(
    who: Principal, group: str | None, *, allowed: bool
) -> None:
    params = {"newDestination": "station:1001", "pickGroup": group}
    assert _may(who, "GroupPickupCall", Offices(), **params) is allowed


@pytest.mark.parametrize(("who", "allowed"), [(ANNA_HERSELF, True), (WALLBOARD, False)])
def test_whoever_has_a_phone_may_fetch_a_parked_call_there(
    who: Principal, *, allowed: bool
) -> None:
    parked = {"callID": "c-1", "deviceID": "park:701"}
    params = {"callToBePickedUp": parked, "requestingDevice": "station:1001"}
    assert _may(who, "DirectedPickupCall", Offices(), **params) is allowed
