"""Parameters of every service, that name Anna's phone, her state and her call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from csta.ids import ConnectionId
from csta.services import SERVICES
from tests.ctiserver.offices import SALES_DEVICE, Offices

CONNECTION, CALL, COLLECTION = "<her connection>", "<her call>", "<a collection in her call>"

PAIRS = ("AlternateCall", "ConferenceCall", "ReconnectCall", "TransferCall")
CONNECTIONS = {
    "AcceptCall": "callToBeAccepted",
    "AnswerCall": "callToBeAnswered",
    "CallBack": "callbackConnection",
    "CamponCall": "camponConnection",
    "ClearConnection": "connectionToBeCleared",
    "ConsultationCall": "existingCall",
    "DeflectCall": "callToBeDiverted",
    "DialDigits": "diallingConnection",
    "GenerateDigits": "connectionToSendDigits",
    "HoldCall": "callToBeHeld",
    "ParkCall": "parking",
    "PlayMessage": "overConnection",
    "QueryVoiceAttribute": "connection",
    "Reposition": "connection",
    "Resume": "connection",
    "RetrieveCall": "callToBeRetrieved",
    "Review": "connection",
    "SendUserInformation": "existingCall",
    "SetVoiceAttribute": "connection",
    "SingleStepTransferCall": "activeCall",
    "StartDataCollection": "object",
    "Stop": "connection",
    "Suspend": "connection",
}
FEATURES = (
    "AutoAnswer",
    "AutoWorkMode",
    "DoNotDisturb",
    "Forwarding",
    "MessageWaitingIndicator",
    "MicrophoneMute",
)
RECORDING = {
    "PauseCallRecording",
    "ResumeCallRecording",
    "StartCallRecording",
    "StopCallRecording",
}
LOOKS_AT_DEVICE = {
    "GetAgentState",
    "GetLogicalDeviceInformation",
    "GetPhysicalDeviceInformation",
    "SnapshotDevice",
    *(f"Get{feature}" for feature in FEATURES),
}
ACTS_FOR_DEVICE = {"MakeCall", "GroupPickupCall", *(f"Set{feature}" for feature in FEATURES)}

_OWN: dict[str, dict[str, Any]] = {
    "AssociateData": {"existingCall": CALL},
    "CancelCallBack": {"originatingDevice": "number:+49", "targetDevice": SALES_DEVICE},
    "ChangeMonitorFilter": {"monitorCrossRefID": "m-1", "requestedFilterList": {}},
    "ChangeQueuedCall": {"queuedCall": CALL},
    "ClearCall": {"callToBeCleared": CALL},
    "ConsultationCall": {"consultedDevice": "1002"},
    "DeflectCall": {"newDestination": "1002"},
    "DialDigits": {"diallingSequence": "1"},
    "DirectedPickupCall": {"callToBePickedUp": CONNECTION, "requestingDevice": "station:1001"},
    "ExplainCall": {"callToExplain": CALL},
    "GenerateDigits": {"charactersToSend": "1"},
    "GetCSTAFeatures": {},
    "GetMonitors": {},
    "GetRouteingMode": {"device": "routeing:main"},
    "GetSwitchingFunctionCaps": {},
    "GetSwitchingFunctionDevices": {},
    "GroupPickupCall": {"newDestination": "station:1001"},
    "IntrudeCall": {"intrude": CONNECTION},
    "JoinCall": {"activeCall": CONNECTION, "joiningDevice": "station:1002"},
    "MakeCall": {"callingDevice": "station:1001", "calledDirectoryNumber": "1002"},
    "MakePredictiveCall": {"callingDevice": SALES_DEVICE, "calledDirectoryNumber": "+491"},
    "MonitorStart": {"monitorObject": {"deviceObject": "station:1001"}},
    "MonitorStop": {"monitorCrossRefID": "m-1"},
    "ParkCall": {"parkTo": "park:1"},
    "PauseAgentQueue": {"queue": SALES_DEVICE},
    "PickQueuedCall": {"queuedCall": CALL},
    "PlayMessage": {"messageToBePlayed": "sound:hello"},
    "QueryVoiceAttribute": {"attributeToQuery": "language"},
    "RecordMessage": {"callToBeRecorded": CONNECTION},
    "ReplayEvents": {"epoch": "e", "after": "0"},
    "Reposition": {"periodOfReposition": 1},
    "RequestSystemStatus": {},
    "RouteEnd": {"routeingCrossRefID": "r-1"},
    "RouteRegister": {"routeingDevice": "routeing:main"},
    "RouteRegisterCancel": {"routeRegisterReqID": "g-1"},
    "RouteReject": {"routeingCrossRefID": "r-1"},
    "RouteSelect": {"routeingCrossRefID": "r-1", "routeSelected": "acd:sales"},
    "SendUserInformation": {"userData": "aGk="},
    "SetAgentState": {"requestedAgentState": "notReady"},
    "SetAutoAnswer": {"autoAnswerOn": True},
    "SetAutoWorkMode": {"autoWorkOn": True},
    "SetDoNotDisturb": {"doNotDisturbOn": True},
    "SetForwarding": {"activateForward": False},
    "SetMessageWaitingIndicator": {"messageWaitingOn": True},
    "SetMicrophoneMute": {"microphoneMuteOn": True},
    "SetRouteingMode": {"device": "routeing:main", "routeingMode": True},
    "SetVoiceAttribute": {"attributeToSet": {}},
    "SingleStepConferenceCall": {"activeCall": CONNECTION, "deviceToJoin": "station:1002"},
    "SingleStepTransferCall": {"transferredTo": "1002"},
    "SnapshotCall": {"snapshotObject": CALL},
    "SnapshotDevice": {"snapshotObject": "station:1001"},
    "SystemRegister": {},
}


def params_of(service: str, offices: Offices) -> dict[str, Any]:
    """Write parameters of a service that name Anna's phone, state and call."""
    key = offices.connection_of("station:1001")
    return params_on(service, key, lambda wire: _collection(offices, wire))


def params_on(
    service: str, key: ConnectionId, collection: Callable[[dict[str, str]], str]
) -> dict[str, Any]:
    """Write them for a connection of Anna's phone; `collection` is asked for one, if need be."""
    wire = {"callID": key.call_id, "deviceID": key.device_id}
    stands_for = {CONNECTION: wire, CALL: {"callID": key.call_id}}
    params = dict(_OWN.get(service, {}))
    if service in CONNECTIONS:
        params[CONNECTIONS[service]] = CONNECTION
    elif service in PAIRS:
        params |= {"heldCall": CONNECTION, "activeCall": CONNECTION}
    elif service in RECORDING:
        params["callID"] = key.call_id
    elif service == "StopDataCollection":
        params["dcollCrossRefID"] = collection(wire)
    members = {each.name for each in msgspec.structs.fields(SERVICES[service])}
    if service in LOOKS_AT_DEVICE | ACTS_FOR_DEVICE and "device" in members:
        params["device"] = "station:1001"
    if "agent_id" in members:
        params["agentID"] = "anna"
    return {
        name: stands_for.get(value, value) if isinstance(value, str) else value
        for name, value in params.items()
    }


def _collection(offices: Offices, wire: dict[str, str]) -> str:
    if not offices.engine.collections.by_leg:
        offices.asked("StartDataCollection", object=wire)
    (collecting,) = offices.engine.collections.by_leg.values()
    return collecting.cross_ref_id
