"""Every role and every service over HTTP: who is let in, and who is refused (cti-api §7.8).

The table is written by hand, from the words of §7.8; what stands in it is asked for on the call in
which Anna talks, or on her phone or her state. The key of the role `agent` is hers, `supervisor` is
Sue, who leads her team, the dialler's queue is hers too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from csta.ids import ConnectionId
from csta.services import SERVER_REQUESTS, SERVICES
from ctiserver.core.principals import Role
from tests.ctiserver.service_samples import params_on
from tests.live.staffed_server import StaffedServer, staffed_server

TABLE = """
                              agent  supervisor  wallboard  router  dialer  integration  admin
AcceptCall                    yes    yes         .          .       .       .            yes
AlternateCall                 yes    yes         .          .       .       .            yes
AnswerCall                    yes    yes         .          .       .       .            yes
AssociateData                 yes    yes         .          .       .       yes          yes
CallBack                      yes    yes         .          .       .       .            yes
CamponCall                    yes    yes         .          .       .       .            yes
CancelCallBack                .      yes         .          .       .       .            yes
ChangeMonitorFilter           yes    yes         yes        .       .       yes          yes
ChangeQueuedCall              .      yes         .          .       .       .            yes
ClearCall                     yes    yes         .          .       .       .            yes
ClearConnection               yes    yes         .          .       .       .            yes
ConferenceCall                yes    yes         .          .       .       .            yes
ConsultationCall              yes    yes         .          .       .       .            yes
DeflectCall                   yes    yes         .          .       .       .            yes
DialDigits                    yes    yes         .          .       .       .            yes
DirectedPickupCall            yes    yes         .          .       .       .            yes
ExplainCall                   yes    yes         .          .       .       yes          yes
ExtendAfterCallWork           yes    yes         .          .       .       .            yes
GenerateDigits                yes    yes         .          .       .       .            yes
GetAgentInformation           yes    yes         .          .       .       yes          yes
GetAgentState                 yes    yes         .          .       .       yes          yes
GetAutoAnswer                 yes    yes         .          .       .       yes          yes
GetAutoWorkMode               yes    yes         .          .       .       yes          yes
GetCSTAFeatures               yes    yes         yes        yes     yes     yes          yes
GetDoNotDisturb               yes    yes         .          .       .       yes          yes
GetForwarding                 yes    yes         .          .       .       yes          yes
GetLogicalDeviceInformation   yes    yes         .          .       .       yes          yes
GetMessageWaitingIndicator    yes    yes         .          .       .       yes          yes
GetMicrophoneMute             yes    yes         .          .       .       yes          yes
GetMonitors                   yes    yes         yes        .       .       yes          yes
GetPhysicalDeviceInformation  yes    yes         .          .       .       yes          yes
GetRouteingMode               .      .           .          yes     .       yes          yes
GetSwitchingFunctionCaps      yes    yes         yes        yes     yes     yes          yes
GetSwitchingFunctionDevices   .      yes         .          yes     yes     yes          yes
GroupPickupCall               yes    yes         .          .       .       .            yes
HoldCall                      yes    yes         .          .       .       .            yes
IntrudeCall                   .      yes         .          .       .       .            .
JoinCall                      yes    .           .          .       .       .            .
MakeCall                      yes    yes         .          .       .       .            yes
MakePredictiveCall            .      .           .          .       yes     .            yes
MonitorStart                  yes    yes         .          .       .       yes          yes
MonitorStop                   yes    yes         yes        .       .       yes          yes
ParkCall                      yes    yes         .          .       .       .            yes
PauseAgentQueue               yes    yes         .          .       .       .            yes
PauseCallRecording            .      yes         .          .       .       .            yes
PickQueuedCall                yes    yes         .          .       .       .            yes
PlayMessage                   yes    yes         .          .       .       .            yes
QueryVoiceAttribute           yes    yes         .          .       .       .            yes
ReconnectCall                 yes    yes         .          .       .       .            yes
RecordMessage                 .      yes         .          .       .       .            yes
ReplayEvents                  yes    yes         yes        .       .       yes          yes
Reposition                    yes    yes         .          .       .       .            yes
RequestSystemStatus           yes    yes         yes        yes     yes     yes          yes
Resume                        yes    yes         .          .       .       .            yes
ResumeCallRecording           .      yes         .          .       .       .            yes
RetrieveCall                  yes    yes         .          .       .       .            yes
Review                        yes    yes         .          .       .       .            yes
RouteEnd                      .      .           .          yes     .       .            yes
RouteRegister                 .      .           .          yes     .       .            yes
RouteRegisterCancel           .      .           .          yes     .       .            yes
RouteReject                   .      .           .          yes     .       .            yes
RouteSelect                   .      .           .          yes     .       .            yes
SendUserInformation           yes    yes         .          .       .       .            yes
SetAgentSkills                .      yes         .          .       .       .            yes
SetAgentState                 yes    yes         .          .       .       .            yes
SetAutoAnswer                 yes    yes         .          .       .       .            yes
SetAutoWorkMode               yes    yes         .          .       .       .            yes
SetDoNotDisturb               yes    yes         .          .       .       .            yes
SetForwarding                 yes    yes         .          .       .       .            yes
SetMessageWaitingIndicator    yes    yes         .          .       .       .            yes
SetMicrophoneMute             yes    yes         .          .       .       .            yes
SetRouteingMode               .      .           .          .       .       .            yes
SetVoiceAttribute             yes    yes         .          .       .       .            yes
SingleStepConferenceCall      yes    .           .          .       .       .            .
SingleStepTransferCall        yes    yes         .          .       .       .            yes
SnapshotCall                  yes    yes         .          .       .       yes          yes
SnapshotDevice                yes    yes         .          .       .       yes          yes
StartCallRecording            .      yes         .          .       .       .            yes
StartDataCollection           yes    yes         .          .       .       .            yes
Stop                          yes    yes         .          .       .       .            yes
StopCallRecording             .      yes         .          .       .       .            yes
StopDataCollection            yes    yes         .          .       .       .            yes
Suspend                       yes    yes         .          .       .       .            yes
SystemRegister                yes    yes         yes        yes     yes     yes          yes
TransferCall                  yes    yes         .          .       .       .            yes
"""

# The same services on other objects: the object decides, not the service alone. A wallboard that
# hears everything hears what it may, which is queues' figures: events are looked at as they go out.
CASES = """
                              agent  supervisor  wallboard  router  dialer  integration  admin
listens silently              .      yes         .          .       .       .            .
coaches                       .      yes         .          .       .       .            .
barges in                     .      yes         .          .       .       .            .
forces a state                .      yes         .          .       .       .            yes
hears a colleague             .      yes         .          .       .       yes          yes
hears another team            .      .           .          .       .       yes          yes
hears the queue               yes    yes         yes        .       .       yes          yes
hears everything              .      yes         yes        .       .       yes          yes
dials for a colleague         .      yes         .          .       .       .            yes
dials for another team        .      .           .          .       .       .            yes
dials by another queue        .      .           .          .       .       .            yes
logs a colleague on           .      yes         .          .       .       .            yes
plays a file                  .      .           .          .       .       .            yes
"""

HERS, SUES = "<her connection>", "station:1009"
OTHER_PARAMS: dict[str, tuple[str, dict[str, Any]]] = {
    "listens silently": (
        "SingleStepConferenceCall",
        {"activeCall": HERS, "deviceToJoin": SUES, "participationType": "silent"},
    ),
    "coaches": (
        "SingleStepConferenceCall",
        {"activeCall": HERS, "deviceToJoin": SUES, "participationType": "coach"},
    ),
    "barges in": ("IntrudeCall", {"intrude": HERS, "joiningDevice": SUES}),
    "forces a state": (
        "SetAgentState",
        {"agentID": "anna", "requestedAgentState": "notReady", "force": True},
    ),
    "hears a colleague": ("MonitorStart", {"monitorObject": {"deviceObject": "station:1002"}}),
    "hears another team": ("MonitorStart", {"monitorObject": {"deviceObject": "station:1003"}}),
    "hears the queue": ("MonitorStart", {"monitorObject": {"groupObject": "acd:sales"}}),
    "hears everything": ("MonitorStart", {"monitorObject": "all"}),
    "dials for a colleague": (
        "MakeCall",
        {"callingDevice": "station:1002", "calledDirectoryNumber": "1003"},
    ),
    "dials for another team": (
        "MakeCall",
        {"callingDevice": "station:1003", "calledDirectoryNumber": "1002"},
    ),
    "dials by another queue": (
        "MakePredictiveCall",
        {"callingDevice": "acd:support", "calledDirectoryNumber": "+49301"},
    ),
    "logs a colleague on": (
        "SetAgentState",
        {"agentID": "bea", "requestedAgentState": "loggedOn"},
    ),
    "plays a file": ("PlayMessage", {"overConnection": HERS, "messageToBePlayed": "file:/a.wav"}),
}


def _read(table: str) -> dict[str, set[Role]]:
    """Give, for each row, the roles that are let in."""
    head, *rows = table.strip("\n").splitlines()
    roles = [Role(word) for word in head.split()]
    read: dict[str, set[Role]] = {}
    for row in rows:
        name, marks = row[:30].strip(), row[30:].split()
        assert set(marks) <= {"yes", "."}, row
        read[name] = {role for role, mark in zip(roles, marks, strict=True) if mark == "yes"}
    return read


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaffedServer]:
    with staffed_server(tmp_path_factory.mktemp("server")) as served:
        yield served


@pytest.mark.parametrize("role", Role)
def test_a_role_is_let_in_where_the_table_says_so_and_nowhere_else(
    role: Role, server: StaffedServer
) -> None:
    table = _read(TABLE)
    with _client(role, server) as client:
        let_in = {
            service
            for service in table
            if _is_let_in(client, service, _own(service, server, server.do(server.talk())))
        }
    assert let_in == {service for service, roles in table.items() if role in roles}


@pytest.mark.parametrize("role", Role)
def test_the_object_decides_too(role: Role, server: StaffedServer) -> None:
    table = _read(CASES)
    assert set(table) == set(OTHER_PARAMS)
    let_in = set()
    with _client(role, server) as client:
        for name, (service, params) in OTHER_PARAMS.items():
            key = server.do(server.talk())
            named = {
                member: _wire(key) if value == HERS else value for member, value in params.items()
            }
            if _is_let_in(client, service, named):
                let_in.add(name)
    assert let_in == {name for name, roles in table.items() if role in roles}


def test_every_service_stands_in_the_table_but_those_that_the_server_asks_for() -> None:
    assert set(_read(TABLE)) == set(SERVICES) - SERVER_REQUESTS


@pytest.mark.parametrize("role", Role)
def test_nobody_asks_for_what_the_server_asks_for(role: Role, server: StaffedServer) -> None:
    with _client(role, server) as client:
        for service in sorted(SERVER_REQUESTS):
            response = client.post(service, json={})
            assert (response.status_code, response.json()["value"]) == (
                501,
                "serviceNotSupported",
            )


def _client(role: Role, server: StaffedServer) -> httpx.Client:
    return httpx.Client(
        base_url=f"{server.url}/cti/v1/services/",
        headers={"Authorization": f"Bearer {server.keys[role]}"},
        timeout=20,
        trust_env=False,
    )


def _own(service: str, server: StaffedServer, key: ConnectionId) -> dict[str, Any]:
    """Write parameters that name Anna's phone, her state and her call."""
    return params_on(service, key, lambda wire: server.do(server.collection(wire)))


def _wire(key: ConnectionId) -> dict[str, str]:
    return {"callID": key.call_id, "deviceID": key.device_id}


def _is_let_in(client: httpx.Client, service: str, params: dict[str, Any]) -> bool:
    """Ask, and tell whether who asks may; whether it can be done is another question."""
    response = client.post(service, json=params)
    told = f"{service}: {response.text}"
    if response.status_code != 403:
        # The request was understood: what is refused then is refused for the state it meets.
        assert response.status_code in {200, 404, 409, 410, 422, 501, 503}, told
        return True
    problem = response.json()
    assert (problem["value"], problem["outcome"]) == ("forbidden", "notExecuted"), told
    return False
