"""Refusals: in CSTA's words, with the present state, and before anything has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from csta.errors import CtiError, Outcome
from csta.states import AgentState
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import OURS, Centre, centre_plan

A, B = "station:1001", "station:1002"
QUEUE_NUMBER = "77"


def state_of(centre: Centre) -> dict[str, Any]:
    """Give all that a request could have changed."""
    engine = centre.engine
    return {
        "log": engine.out.sequence,
        "calls": {
            call_id: (
                {key: link.state for key, link in call.connections.items()},
                list(call.coming),
                call.correlator_data,
            )
            for call_id, call in engine.model.calls.items()
        },
        "legs": {key: (leg.state, leg.clearing) for key, leg in engine.model.legs.items()},
        "waiting": list(engine.acd.calls),
        "agents": [(a.agent_id, a.state, a.phase, a.pending) for a in engine.directory],
        "wake_at": engine.wake_at(),
        "switch": centre.pbx.snapshot(),
    }


def refused(centre: Centre, service: str, **params: object) -> CtiError:
    """Ask for what must be refused: nothing changes by it, at once or later."""
    before = state_of(centre)
    error = centre.ask(service, **params).error
    assert isinstance(error, CtiError), f"{service} was not refused"
    assert state_of(centre) == before
    assert error.outcome is Outcome.NOT_EXECUTED
    assert error.detail
    return error


def idle() -> Centre:
    """Build a centre in which nothing happens."""
    centre = Centre(centre_plan(numbers={OURS: "acd:sales", QUEUE_NUMBER: "acd:sales"}))
    centre.phone(A, PhoneAct.ANSWERS)
    centre.phone(B, PhoneAct.ANSWERS)
    return centre


def talking() -> Centre:
    """Let Anna talk with a caller: call 1."""
    centre = idle()
    centre.log_on("anna")
    centre.call()
    centre.wait(1_000)
    return centre


def ringing() -> Centre:
    """Let a call ring at Anna's phone: call 1."""
    centre = idle()
    centre.phone(A, PhoneAct.NO_ANSWER)
    centre.log_on("anna")
    centre.call()
    centre.wait(1_000)
    return centre


def holding() -> Centre:
    """Let Anna have her caller on hold: call 1."""
    centre = talking()
    centre.asked("HoldCall", callToBeHeld=part(centre, 1, A))
    centre.wait(1_000)
    return centre


def part(centre: Centre, number: int, device: str) -> dict[str, str]:
    """Name a connection of the first, the second … call."""
    return {"callID": centre.call_ids()[number - 1], "deviceID": device}


NONSENSE = "operation/invalidParameterValue"
NO_DEVICE = "operation/invalidDeviceID"
UNKNOWN = {"callID": "c-unknown", "deviceID": A}

IDLE_REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    ("FlyToTheMoon", {}, "operation/serviceNotSupported"),
    ("CamponCall", {}, "operation/serviceNotSupported"),
    ("SetDoNotDisturb", {"device": "station:9", "doNotDisturbOn": True}, NO_DEVICE),
    ("SetDoNotDisturb", {"device": "acd:sales", "doNotDisturbOn": True}, NO_DEVICE),
    ("GetForwarding", {"device": "station:9"}, NO_DEVICE),
    ("GetRouteingMode", {"device": A}, NO_DEVICE),
    ("SetForwarding", {"device": A, "activateForward": True}, NONSENSE),
    ("SetAutoAnswer", {"device": A, "autoAnswerOn": True, "numberOfRings": 3}, NONSENSE),
    (
        "SetForwarding",
        {"device": A, "activateForward": True, "forwardDN": A},
        "operation/invalidDestination",
    ),
    (
        "SetForwarding",
        {"device": A, "activateForward": True, "forwardDN": "acd:nowhere"},
        "operation/invalidDestination",
    ),
    ("MakeCall", {"callingDevice": A}, NONSENSE),
    (
        "MakeCall",
        {"callingDevice": 7, "calledDirectoryNumber": "1"},
        NONSENSE,
    ),
    (
        "MakeCall",
        {"callingDevice": A, "calledDirectoryNumber": ""},
        NONSENSE,
    ),
    (
        "MakeCall",
        {"callingDevice": A, "calledDirectoryNumber": "1002", "colour": "red"},
        "operation/parameterNotSupported",
    ),
    (
        "MakeCall",
        {"callingDevice": "acd:sales", "calledDirectoryNumber": "1"},
        "operation/invalidDeviceID",
    ),
    ("AnswerCall", {"callToBeAnswered": UNKNOWN}, "operation/invalidCallID"),
    ("HoldCall", {"callToBeHeld": UNKNOWN}, "operation/invalidCallID"),
    ("ClearCall", {"callToBeCleared": {"callID": "c-unknown"}}, "operation/invalidCallID"),
    ("SnapshotCall", {"snapshotObject": {"callID": "c-unknown"}}, "operation/invalidCallID"),
    ("AssociateData", {"existingCall": UNKNOWN, "accountCode": "1"}, "operation/invalidCallID"),
    ("GetAgentState", {"device": A}, "operation/invalidDeviceID"),
    (
        "SetAgentState",
        {"agentID": "nobody", "requestedAgentState": "ready"},
        "operation/invalidAgentIdentifier",
    ),
    (
        "SetAgentState",
        {"agentID": "anna", "requestedAgentState": "asleep"},
        NONSENSE,
    ),
    (
        "SetAgentState",
        {"agentID": "anna", "requestedAgentState": "ready"},
        "stateIncompatibility/invalidAgentState",
    ),
]


@pytest.mark.parametrize(("service", "params", "problem"), IDLE_REFUSALS)
def test_what_makes_no_sense_is_refused(service: str, params: dict[str, Any], problem: str) -> None:
    error = refused(idle(), service, **params)
    assert f"{error.category.value}/{error.value.value}" == problem


def test_an_agent_who_is_logged_on_cannot_log_on_elsewhere() -> None:
    centre = talking()
    error = refused(
        centre, "SetAgentState", agentID="anna", requestedAgentState="loggedOn", device=B
    )
    assert error.value.value == "invalidAgentState"
    assert error.current is not None
    assert error.current.agent_state == "agentBusy"
    assert "ready" in error.current.services_permitted


ALREADY = [
    ([], {"requestedAgentState": "loggedOff"}, True),
    (["loggedOn"], {"requestedAgentState": "loggedOn"}, True),
    (["loggedOn"], {"requestedAgentState": "loggedOn", "device": A}, True),
    (["loggedOn"], {"requestedAgentState": "notReady"}, True),
    (["loggedOn"], {"requestedAgentState": "notReady", "reasonCode": "lunch"}, False),
    (["loggedOn"], {"requestedAgentState": "ready"}, False),
    (["loggedOn", "ready"], {"requestedAgentState": "ready"}, True),
    (["loggedOn", "ready"], {"requestedAgentState": "loggedOn"}, True),
    (["loggedOn", "workingAfterCall"], {"requestedAgentState": "workingAfterCall"}, True),
]


@pytest.mark.parametrize(("before", "asked", "already"), ALREADY)
def test_who_asks_for_the_state_that_is_there_is_told_so_and_nothing_happens(
    before: list[str],
    asked: dict[str, Any],
    already: bool,  # noqa: FBT001 - a column of the table
) -> None:
    centre = idle()
    for state in before:
        centre.set_agent("anna", state)
    present = state_of(centre)
    result = centre.asked("SetAgentState", agentID="anna", **asked)
    assert result.already_done is already
    assert (state_of(centre) == present) is already
    assert centre.asked("SetAgentState", agentID="anna", **asked).already_done
    assert result.agent_state is centre.engine.directory.agent("anna").state


def test_ready_asked_for_twice_during_a_call_is_kept_for_after_it() -> None:
    centre = talking()
    for _ in range(2):
        result = centre.asked("SetAgentState", agentID="anna", requestedAgentState="notReady")
        assert (result.already_done, result.pending_agent_state) == (False, "agentNotReady")


def test_who_is_not_ready_for_a_lost_phone_may_stay_so_when_it_is_back() -> None:
    centre = idle()
    centre.log_on("anna")
    centre.pbx.unplug(A)
    agent = centre.engine.directory.agent("anna")
    stay = {"requestedAgentState": "notReady", "reasonCode": agent.reason}
    assert not centre.asked("SetAgentState", agentID="anna", **stay).already_done
    centre.pbx.plug_in(A)
    assert agent.state is AgentState.NOT_READY
    assert centre.asked("SetAgentState", agentID="anna", **stay).already_done


def test_two_agents_cannot_log_on_at_one_phone() -> None:
    centre = talking()
    error = refused(
        centre, "SetAgentState", agentID="bea", requestedAgentState="loggedOn", device=A
    )
    assert error.value.value == "invalidDeviceState"


@pytest.mark.parametrize(
    ("begin", "service", "parameter", "state", "permitted"),
    [
        (talking, "AnswerCall", "callToBeAnswered", "connected", "HoldCall"),
        (talking, "RetrieveCall", "callToBeRetrieved", "connected", "HoldCall"),
        (ringing, "HoldCall", "callToBeHeld", "alerting", "AnswerCall"),
        (ringing, "GenerateDigits", "connectionToSendDigits", "alerting", "AnswerCall"),
        (holding, "HoldCall", "callToBeHeld", "hold", "RetrieveCall"),
        (holding, "AnswerCall", "callToBeAnswered", "hold", "RetrieveCall"),
        (holding, "DeflectCall", "callToBeDiverted", "hold", "RetrieveCall"),
    ],
)
def test_what_the_state_forbids_is_refused_with_the_state_and_what_is_permitted(
    begin: Callable[[], Centre], service: str, parameter: str, state: str, permitted: str
) -> None:
    centre = begin()
    more = {
        "GenerateDigits": {"charactersToSend": "1"},
        "DeflectCall": {"newDestination": "1002"},
    }.get(service, {})
    error = refused(centre, service, **{parameter: part(centre, 1, A)}, **more)
    assert error.category.value == "stateIncompatibility"
    assert error.value.value == "invalidConnectionState"
    assert error.current is not None
    assert error.current.local_connection_info == state
    assert permitted in error.current.services_permitted
    assert service not in error.current.services_permitted


def test_a_device_that_is_in_no_part_of_the_call_is_refused() -> None:
    centre = talking()
    error = refused(centre, "HoldCall", callToBeHeld=part(centre, 1, B))
    assert (error.category.value, error.value.value) == ("operation", "invalidConnectionID")


def test_a_phone_that_talks_makes_no_second_call() -> None:
    centre = talking()
    error = refused(centre, "MakeCall", callingDevice=A, calledDirectoryNumber="1002")
    assert error.value.value == "connectedCallExists"
    assert error.current is not None
    assert error.current.local_connection_info == "connected"


def test_a_call_is_not_transferred_to_itself() -> None:
    centre = holding()
    same = part(centre, 1, A)
    error = refused(centre, "TransferCall", heldCall=same, activeCall=same)
    assert error.category.value == "stateIncompatibility"


def consulting_the_queue(act: PhoneAct) -> Centre:
    """Let Anna, who has a caller on hold, call the queue, where Bea's phone acts like this."""
    centre = talking()
    centre.phone(B, act)
    if act is PhoneAct.NO_ANSWER:
        centre.log_on("bea")
    held = part(centre, 1, A)
    centre.asked("ConsultationCall", existingCall=held, consultedDevice=QUEUE_NUMBER)
    centre.wait(1_000)
    return centre


@pytest.mark.parametrize("service", ["TransferCall", "ConferenceCall"])
@pytest.mark.parametrize("act", [PhoneAct.ANSWERS, PhoneAct.NO_ANSWER], ids=["waits", "rings"])
def test_a_consultation_that_the_queue_still_has_is_not_merged(service: str, act: PhoneAct) -> None:
    centre = consulting_the_queue(act)
    held, active = part(centre, 1, A), part(centre, 2, A)
    error = refused(centre, service, heldCall=held, activeCall=active)
    assert error.category.value == "stateIncompatibility"
    assert error.current is not None
    assert "ReconnectCall" in error.current.services_permitted
    assert service not in error.current.services_permitted


@pytest.mark.parametrize("act", [PhoneAct.ANSWERS, PhoneAct.NO_ANSWER], ids=["waits", "rings"])
def test_nobody_is_left_in_the_queue_when_the_consultation_is_given_up(act: PhoneAct) -> None:
    centre = consulting_the_queue(act)
    held, active = part(centre, 1, A), part(centre, 2, A)
    centre.asked("ReconnectCall", heldCall=held, activeCall=active)
    centre.wait(1_000)
    assert list(centre.engine.model.calls) == [held["callID"]]
    assert list(centre.engine.acd.calls) == []
    assert [leg["device"] for leg in centre.pbx.snapshot()] == ["trunk:pstn", A]


def test_clearing_what_is_cleared_already_is_no_error() -> None:
    centre = talking()
    gone = {"callID": centre.call_ids()[0], "deviceID": B}
    assert centre.asked("ClearConnection", connectionToBeCleared=gone).already_done
