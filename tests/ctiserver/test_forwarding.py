"""Phones that take no calls, or forward them; and what that means for their agents."""

from __future__ import annotations

import pytest

from agents.config import AgentConfig
from csta.errors import CtiError
from ivr.config import Flow, TransferStep
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import ANNA, BEA, OURS, Centre, centre_plan

A, B, C = "station:1001", "station:1002", "station:1003"
CARL = AgentConfig("carl", "Carl", C, {"support": 5})
TRUNK = "trunk:pstn"
OUTSIDE = "number:+4940123"
CALLS = ("Offered", "Diverted", "Delivered", "Established", "Failed", "CallCleared")


def office(**numbers: str) -> Centre:
    """Give three phones that are answered, and a number that leads to the first."""
    led = {OURS: numbers.get("ours", A), "77": "acd:sales"}
    centre = Centre(centre_plan(agents=(ANNA, BEA, CARL), numbers=led))
    for phone in (A, B, C):
        centre.phone(phone, PhoneAct.ANSWERS)
    return centre


def ends_well(centre: Centre) -> None:
    """Let everybody hang up: all has been told in order, and no rule waits for anything."""
    centre.everybody_hangs_up()
    event_laws.check(centre.log)
    assert len(centre.engine.forwarding) == 0


def forward(centre: Centre, device: str, to: str, kind: str = "Immediate", **more: object) -> None:
    centre.asked(
        "SetForwarding",
        device=device,
        activateForward=True,
        forwardingType=f"forward{kind}",
        forwardDN=to,
        **more,
    )


def dial(centre: Centre, number: str, at: str = C) -> list[str]:
    """Call from a phone, and tell what became of it."""
    before = len(centre.log)
    centre.asked(
        "MakeCall", callingDevice=at, calledDirectoryNumber=number, autoOriginate="doNotPrompt"
    )
    centre.wait(2_000)
    return [
        f"{type(e.data).__name__} {getattr(e.data.connection, 'device_id', '')} {e.data.cause}"
        for e in centre.log[before:]
        if type(e.data).__name__ in CALLS
    ]


def test_a_phone_that_is_not_to_be_disturbed_takes_no_calls_and_its_caller_is_told_why() -> None:
    centre = office()
    centre.asked("SetDoNotDisturb", device=A, doNotDisturbOn=True)
    assert dial(centre, "1001") == [f"Failed {A} doNotDisturb", "CallCleared  normalClearing"]
    assert centre.events("CallCleared")[-1].data.outcome == "rejected"
    assert centre.asked("GetDoNotDisturb", device=A).do_not_disturb_on
    assert centre.pbx.snapshot() == ()
    centre.asked("SetDoNotDisturb", device=A, doNotDisturbOn=False)
    assert dial(centre, "1001")[-1] == f"Established {A} newCall"
    ends_well(centre)


@pytest.mark.parametrize("way", ["from outside", "transfer", "consultation"])
def test_nobody_is_disturbed_by_any_way_in(way: str) -> None:
    centre = office(ours=A if way == "from outside" else B)
    centre.asked("SetDoNotDisturb", device=A, doNotDisturbOn=True)
    centre.call()
    centre.wait(1_000)
    talk = {"callID": centre.call_ids()[0], "deviceID": B}
    if way == "transfer":
        centre.asked("SingleStepTransferCall", activeCall=talk, transferredTo="1001")
    elif way == "consultation":
        centre.asked("ConsultationCall", existingCall=talk, consultedDevice="1001")
    centre.wait(1_000)
    [failed] = centre.events("Failed")
    assert (failed.data.failing_device, failed.data.cause) == (A, "doNotDisturb")
    assert A not in centre.pbx.hears(B)
    if way == "consultation":
        centre.asked("RetrieveCall", callToBeRetrieved=talk)
        centre.wait(1_000)
        assert centre.pbx.hears(B) == (TRUNK,)
    else:
        assert centre.pbx.snapshot() == ()
    ends_well(centre)


@pytest.mark.parametrize(
    ("kind", "cause"),
    [("Immediate", "callForwardImmediate"), ("DND", "callForward"), ("Busy", "callForwardBusy")],
)
def test_calls_are_forwarded_at_once_when_the_rule_says_so(kind: str, cause: str) -> None:
    centre = office()
    forward(centre, A, "1002", kind)
    if kind == "DND":
        centre.asked("SetDoNotDisturb", device=A, doNotDisturbOn=True)
    elif kind == "Busy":
        dial(centre, "+4940999", at=A)
        centre.wait(10_000)
    assert dial(centre, "1001") == [
        f"Offered {A} newCall",
        f"Diverted {A} {cause}",
        f"Delivered {B} {cause}",
        f"Established {B} {cause}",
    ]
    assert centre.events("Diverted")[-1].data.new_destination == B
    ends_well(centre)


def test_a_phone_that_refuses_by_itself_forwards_as_a_busy_one() -> None:
    centre = office()
    forward(centre, A, B, "Busy")
    centre.phone(A, PhoneAct.REJECTS)
    told = dial(centre, "1001")
    assert told[-3:] == [
        f"Diverted {A} callForwardBusy",
        f"Delivered {B} callForwardBusy",
        f"Established {B} callForwardBusy",
    ]


@pytest.mark.parametrize(("rings", "seconds"), [(None, 20), (2, 10)])
def test_a_call_that_is_not_answered_is_forwarded_after_so_many_rings(
    rings: int | None, seconds: int
) -> None:
    centre = office()
    forward(centre, A, B, "NoAns", ringCount=rings)
    centre.phone(A, PhoneAct.NO_ANSWER)
    assert dial(centre, "1001") == [f"Delivered {A} newCall"]
    centre.wait(seconds * 1_000 - 3_000)
    assert len(centre.events("Diverted")) == 0
    centre.wait(3_000)
    assert centre.story("Diverted") == [f"Diverted({A}; callForwardNoAnswer)"]
    assert centre.pbx.hears(C) == (B,)
    ends_well(centre)


def test_who_answers_in_time_is_left_alone() -> None:
    centre = office()
    forward(centre, A, B, "NoAns")
    dial(centre, "1001")
    centre.wait(60_000)
    assert centre.pbx.hears(C) == (A,)


def test_calls_in_a_circle_come_to_an_end() -> None:
    centre = office()
    forward(centre, A, B)
    forward(centre, B, A)
    assert dial(centre, "1001") == [
        f"Offered {A} newCall",
        f"Diverted {A} callForwardImmediate",
        f"Failed {B} destNotObtainable",
        "CallCleared  normalClearing",
    ]
    assert centre.pbx.snapshot() == ()


def test_a_call_that_is_forwarded_to_a_queue_waits_there() -> None:
    centre = office()
    forward(centre, A, "77")
    centre.call()
    centre.wait(1_000)
    assert [call.places[0].queue.config.name for call in centre.engine.acd.calls.values()] == [
        "sales"
    ]
    ends_well(centre)


def test_a_call_is_forwarded_out_into_the_network() -> None:
    centre = office()
    forward(centre, A, OUTSIDE)
    dial(centre, "1001")
    centre.wait(10_000)
    assert centre.story("Established")[-1] == f"Established({OUTSIDE}; callForwardImmediate)"
    assert centre.pbx.hears(C) == (TRUNK,)


def test_who_is_sent_to_his_own_phone_that_takes_no_calls_finds_it_busy() -> None:
    flow = Flow(name="main", start="t", on_limit="sales", steps={"t": TransferStep(device="1003")})
    plan = centre_plan(
        agents=(ANNA, BEA, CARL), flows={"main": flow}, numbers={"88": "routeing:main"}
    )
    centre = Centre(plan)
    centre.asked("SetDoNotDisturb", device=C, doNotDisturbOn=True)
    assert dial(centre, "88")[-1] == "CallCleared  normalClearing"
    assert centre.events("CallCleared")[-1].data.outcome == "busy"
    ends_well(centre)


def test_rules_are_told_kept_and_taken_back_and_nothing_is_told_twice() -> None:
    centre = office()
    forward(centre, A, "1002", "NoAns", ringCount=3)
    forward(centre, A, "acd:sales", "Busy")
    rules = centre.asked("GetForwarding", device=A).forwarding_list
    assert [(r.forwarding_type, r.forward_dn, r.ring_count) for r in rules] == [
        ("forwardBusy", "acd:sales", None),
        ("forwardNoAns", B, 3),
    ]
    again = centre.asked(
        "SetForwarding",
        device=A,
        activateForward=True,
        forwardingType="forwardBusy",
        forwardDN="acd:sales",
    )
    assert again.already_done
    centre.asked("SetForwarding", device=A, activateForward=False, forwardingType="forwardBusy")
    told = [(e.data.forwarding_type, e.data.forward_status) for e in centre.events("Forwarding")]
    assert told == [("forwardNoAns", True), ("forwardBusy", True), ("forwardBusy", False)]
    assert len(centre.asked("GetForwarding", device=A).forwarding_list) == 1


# What it means for agents.


@pytest.mark.parametrize("how", ["do not disturb", "forwarding"])
def test_rg_29_an_agent_whose_phone_takes_no_calls_is_not_ready_until_it_does(how: str) -> None:
    centre = office(ours="acd:sales")
    centre.log_on("anna")
    switch(centre, how, on=True)
    agent = centre.engine.directory.agent("anna")
    reason = "do_not_disturb" if how == "do not disturb" else "forwarded"
    assert (agent.state.value, agent.reason) == ("agentNotReady", reason)
    centre.call()
    centre.wait(5_000)
    assert centre.events("AgentOffered") == []
    error = centre.ask("SetAgentState", agentID="anna", requestedAgentState="ready").error
    assert isinstance(error, CtiError)
    assert error.value == "invalidDeviceState"
    switch(centre, how, on=False)
    centre.wait(2_000)
    assert centre.pbx.hears(A) == (TRUNK,)


def switch(centre: Centre, how: str, *, on: bool) -> None:
    if how == "do not disturb":
        centre.asked("SetDoNotDisturb", device=A, doNotDisturbOn=on)
    else:
        centre.asked("SetForwarding", device=A, activateForward=on, forwardDN=B if on else None)


def test_who_has_asked_for_a_pause_is_not_made_ready_when_calls_come_again() -> None:
    centre = office()
    centre.log_on("anna")
    switch(centre, "do not disturb", on=True)
    centre.set_agent("anna", "notReady", reasonCode="lunch")
    switch(centre, "do not disturb", on=False)
    assert centre.engine.directory.agent("anna").reason == "lunch"


def test_what_rings_already_when_the_phone_is_closed_goes_on_ringing() -> None:
    centre = office(ours="acd:sales")
    centre.phone(A, PhoneAct.NO_ANSWER)
    centre.log_on("anna")
    centre.call()
    centre.wait(1_000)
    switch(centre, "do not disturb", on=True)
    assert centre.events("OfferRefused", "OfferWithdrawn") == []
    centre.pbx.answer(A)
    centre.wait(1_000)
    assert centre.pbx.hears(A) == (TRUNK,)
    centre.pbx.hang_up(A)
    centre.wait(10_000)
    assert centre.engine.directory.agent("anna").reason == "do_not_disturb"


def test_who_comes_to_a_closed_phone_cannot_be_ready_there() -> None:
    centre = office()
    switch(centre, "do not disturb", on=True)
    centre.set_agent("anna", "loggedOn")
    error = centre.ask("SetAgentState", agentID="anna", requestedAgentState="ready").error
    assert isinstance(error, CtiError)
    assert error.value == "invalidDeviceState"
    assert centre.engine.directory.agent("anna").state.value == "agentNotReady"


def test_a_closed_phone_still_makes_calls_and_picks_up_calls() -> None:
    centre = office()
    switch(centre, "do not disturb", on=True)
    centre.phone(B, PhoneAct.NO_ANSWER)
    dial(centre, "1002", at=C)
    rings = {"callID": centre.call_ids()[-1], "deviceID": B}
    centre.asked("DirectedPickupCall", callToBePickedUp=rings, requestingDevice=A)
    centre.wait(1_000)
    assert centre.pbx.hears(A) == (C,)
