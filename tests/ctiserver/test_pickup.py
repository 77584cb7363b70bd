"""Taking a call that rings at another phone."""

from __future__ import annotations

import pytest

from agents.config import AgentConfig
from csta.acd_events import OfferWithdrawn
from csta.errors import CtiError
from csta.states import AgentState
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import ANNA, BEA, CALLER, OURS, Centre, centre_plan

A, B, C = "station:1001", "station:1002", "station:1003"
CARL = AgentConfig("carl", "Carl", C, {"support": 5})
TRUNK = "trunk:pstn"


def ringing(*, to: str = "acd:sales") -> Centre:
    """Let a call ring at Anna's phone, who does not answer; Bea is not logged on."""
    centre = Centre(centre_plan(numbers={"+4930100": to}))
    centre.phone(A, PhoneAct.NO_ANSWER)
    centre.phone(B, PhoneAct.ANSWERS)
    centre.log_on("anna")
    centre.call(CALLER)
    centre.wait(1_000)
    return centre


def rings(centre: Centre) -> dict[str, str]:
    return {"callID": centre.call_ids()[0], "deviceID": A}


def end(centre: Centre) -> None:
    centre.pbx.hang_up(B)
    centre.wait(60_000)
    event_laws.check(centre.log)
    assert centre.pbx.snapshot() == ()


@pytest.mark.parametrize("to", ["acd:sales", A], ids=["offered by the queue", "dialled"])
def test_a_call_is_picked_up_at_another_phone(to: str) -> None:
    centre = ringing(to=to)
    before = len(centre.log)
    result = centre.asked("DirectedPickupCall", callToBePickedUp=rings(centre), requestingDevice=B)
    centre.wait(1_000)
    assert result.picked_call.device_id == B
    calls = [e for e in centre.log[before:] if hasattr(e.data, "connections")]
    assert [(type(e.data).__name__, e.data.connection.device_id, e.data.cause) for e in calls] == [
        ("Diverted", A, "callPickup"),
        ("Established", B, "callPickup"),
    ]
    assert calls[0].data.new_destination == B
    assert {event.correlation_id for event in calls} == {list(centre.replies)[-1]}
    assert centre.pbx.hears(B) == (TRUNK,)
    end(centre)
    [last] = centre.events("CallCleared")
    assert last.data.outcome == "answered"


def test_an_agent_whose_offer_is_picked_up_has_not_refused_it() -> None:
    centre = ringing()
    centre.asked("DirectedPickupCall", callToBePickedUp=rings(centre), requestingDevice=B)
    centre.wait(1_000)
    assert centre.engine.directory.agent("anna").state is AgentState.READY
    assert centre.engine.acd.calls == {}
    assert [type(e.data) for e in centre.events("OfferWithdrawn", "OfferRefused")] == [
        OfferWithdrawn
    ]
    end(centre)


def test_a_caller_whom_nobody_answers_after_all_is_back_at_his_place() -> None:
    centre = ringing()
    centre.phone(B, PhoneAct.UNPLUGGED)
    centre.asked("DirectedPickupCall", callToBePickedUp=rings(centre), requestingDevice=B)
    centre.wait(1_000)
    assert list(centre.engine.acd.calls) == centre.call_ids()
    assert centre.engine.directory.agent("anna").state is AgentState.BUSY


def test_an_agent_who_answers_first_keeps_his_call() -> None:
    centre = ringing()
    centre.pbx.answer(A)
    centre.wait(100)
    error = centre.ask(
        "DirectedPickupCall", callToBePickedUp=rings(centre), requestingDevice=B
    ).error
    assert isinstance(error, CtiError)
    assert error.value == "invalidConnectionState"
    assert centre.pbx.hears(A) == (TRUNK,)


@pytest.mark.parametrize(
    ("device", "value"), [(A, "connectedCallExists"), ("acd:sales", "invalidDeviceID")]
)
def test_a_call_is_not_picked_up_where_nobody_can_take_it(device: str, value: str) -> None:
    centre = ringing()
    before = len(centre.log)
    error = centre.ask(
        "DirectedPickupCall", callToBePickedUp=rings(centre), requestingDevice=device
    ).error
    assert isinstance(error, CtiError)
    assert error.value == value
    assert len(centre.log) == before


def test_a_group_is_a_queue_and_who_rings_longest_is_picked_up_first() -> None:
    centre = Centre(centre_plan(agents=(ANNA, BEA, CARL), numbers={OURS: A, "+4930200": C}))
    for phone in (A, C):
        centre.phone(phone, PhoneAct.NO_ANSWER)
    centre.phone(B, PhoneAct.ANSWERS)
    for agent in ("anna", "bea", "carl"):
        centre.set_agent(agent, "loggedOn")
    centre.call("+491", "+4930200")
    centre.wait(1_000)
    centre.call("+492", OURS)
    centre.wait(1_000)
    # Carl, whose phone rings longer, serves none of Bea's queues.
    picked = centre.asked("GroupPickupCall", newDestination=B).picked_call
    centre.wait(1_000)
    assert (picked.call_id, picked.device_id) == (centre.call_ids()[1], B)
    told = [f"{e.data.connection.device_id} {e.data.cause}" for e in centre.events("Diverted")]
    assert told == [f"{A} callPickup"]
    assert centre.pbx.hears(B) == ("trunk:pstn",)
    centre.everybody_hangs_up()
    event_laws.check(centre.log)


def test_what_rings_in_a_named_group_is_picked_up_where_nobody_serves_it() -> None:
    centre = ringing()
    picked = centre.asked("GroupPickupCall", newDestination=B, pickGroup="acd:sales").picked_call
    centre.wait(1_000)
    assert picked.device_id == B
    assert centre.engine.directory.agent("anna").state is AgentState.READY
    end(centre)


@pytest.mark.parametrize(
    ("params", "value"),
    [
        ({"newDestination": B}, "invalidParameterValue"),
        ({"newDestination": A}, "connectedCallExists"),
        ({"newDestination": "acd:sales"}, "invalidDeviceID"),
        ({"newDestination": B, "pickGroup": "acd:other"}, "noCallToAnswer"),
    ],
)
def test_nothing_is_picked_up_in_a_group_where_nothing_can_be(
    params: dict[str, str], value: str
) -> None:
    centre = ringing()
    before = len(centre.log)
    error = centre.ask("GroupPickupCall", **params).error
    assert isinstance(error, CtiError)
    assert error.value == value
    assert len(centre.log) == before
