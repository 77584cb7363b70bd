"""Parked calls: left at a place, fetched by a pick-up or by dialling it, or brought back (S14)."""

from __future__ import annotations

import pytest

from csta.errors import CtiError
from ctiserver.core.parking import PARKED_MS, RECALLS_MAX
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import OURS, Centre, centre_plan

A, B = "station:1001", "station:1002"
PLACE = "park:701"
TRUNK = "trunk:pstn"
CALLS = (
    "Queued",
    "Diverted",
    "Delivered",
    "Established",
    "Failed",
    "ConnectionCleared",
    "CallCleared",
)


def talking(*, to: str = "acd:sales") -> Centre:
    """Let Anna talk with a caller; Bea's phone is free."""
    centre = Centre(centre_plan(numbers={OURS: to, "77": "acd:sales"}))
    for phone in (A, B):
        centre.phone(phone, PhoneAct.ANSWERS)
    centre.log_on("anna")
    centre.call()
    centre.wait(2_000)
    return centre


def parked(*, to: str = "acd:sales") -> tuple[Centre, int]:
    """Let Anna park the caller; gives how much has been told before."""
    centre = talking(to=to)
    before = len(centre.log)
    result = centre.asked("ParkCall", parking=part(centre, A), parkTo=PLACE)
    assert (result.parked_to.call_id, result.parked_to.device_id) == (centre.call_ids()[0], PLACE)
    centre.wait(1_000)
    return centre, before


def part(centre: Centre, device: str, number: int = 1) -> dict[str, str]:
    return {"callID": centre.call_ids()[number - 1], "deviceID": device}


def told(centre: Centre, before: int) -> list[str]:
    return [
        f"{type(e.data).__name__} {getattr(e.data.connection, 'device_id', '')} {e.data.cause}"
        for e in centre.log[before:]
        if type(e.data).__name__ in CALLS
    ]


def end(centre: Centre) -> None:
    """Let everybody hang up: nothing is left, and all has been told in order."""
    centre.everybody_hangs_up()
    event_laws.check(centre.log)
    assert centre.engine.parking.by_call == {}
    assert len(centre.engine.parking.deadlines) == 0


def test_a_parked_caller_hears_music_and_who_parked_him_is_free() -> None:
    centre, before = parked()
    assert told(centre, before) == [f"Diverted {A} park", f"Queued {PLACE} park"]
    assert [e.data.message for e in centre.events("Play")][-1] == "music:default"
    assert [leg["device"] for leg in centre.pbx.snapshot()] == [TRUNK]
    snapshot = centre.asked("SnapshotDevice", snapshotObject=PLACE).snapshot_data
    assert [entry.services_permitted for entry in snapshot] == [
        ("ClearConnection", "DirectedPickupCall")
    ]
    assert PLACE in centre.asked("GetSwitchingFunctionDevices").devices
    centre.wait(10_000)
    assert centre.engine.directory.agent("anna").state.value == "agentReady"


def test_a_parked_call_is_picked_up_at_another_phone() -> None:
    centre, before = parked()
    centre.asked("DirectedPickupCall", callToBePickedUp=part(centre, PLACE), requestingDevice=B)
    centre.wait(1_000)
    assert told(centre, before)[2:] == [
        f"Diverted {PLACE} callPickup",
        f"Established {B} callPickup",
    ]
    assert centre.pbx.hears(B) == (TRUNK,)
    assert [e.data.message for e in centre.events("Stop")][-1] == "music:default"
    end(centre)


@pytest.mark.parametrize("dialled", [PLACE, "701"])
@pytest.mark.parametrize("by", ["a client", "the phone"])
def test_who_dials_the_place_has_the_caller(dialled: str, by: str) -> None:
    centre, before = parked()
    if by == "a client":
        centre.asked(
            "MakeCall", callingDevice=B, calledDirectoryNumber=dialled, autoOriginate="doNotPrompt"
        )
    else:
        centre.pbx.dial_from(B, dialled)
    centre.wait(1_000)
    assert told(centre, before)[2:] == [
        f"Diverted {PLACE} callPickup",
        f"ConnectionCleared {B} callPickup",
        f"Established {B} callPickup",
        "CallCleared  callPickup",
    ]
    assert centre.pbx.hears(B) == (TRUNK,)
    assert {call.call_id for call in centre.engine.model.calls.values()} == {centre.call_ids()[0]}
    end(centre)


def test_a_parked_call_is_fetched_while_another_is_on_hold_and_the_two_can_be_joined() -> None:
    centre, _ = parked()
    centre.call("+492")
    centre.wait(8_000)
    held = part(centre, A, 2)
    centre.asked("ConsultationCall", existingCall=held, consultedDevice=PLACE)
    centre.wait(1_000)
    assert centre.pbx.hears(A) == (TRUNK,)
    centre.asked("ConferenceCall", heldCall=held, activeCall=part(centre, A))
    centre.wait(1_000)
    assert centre.pbx.hears(A) == (TRUNK, TRUNK)
    end(centre)


@pytest.mark.parametrize("number", ["park:702", "park:701"])
def test_who_dials_an_empty_place_reaches_nobody(number: str) -> None:
    centre = talking()
    before = len(centre.log)
    centre.asked(
        "MakeCall", callingDevice=B, calledDirectoryNumber=number, autoOriginate="doNotPrompt"
    )
    centre.wait(1_000)
    assert f"Failed {number} destNotObtainable" in told(centre, before)
    assert centre.pbx.hears(B) == ()


def test_after_a_while_who_has_parked_the_call_is_rung_for_it() -> None:
    centre, before = parked(to=A)
    centre.wait(PARKED_MS)
    assert told(centre, before)[2:] == [
        f"Diverted {PLACE} recall",
        f"Delivered {A} recall",
        f"Established {A} recall",
    ]
    assert centre.pbx.hears(A) == (TRUNK,)
    end(centre)


def test_a_caller_whom_nobody_takes_back_stands_at_his_place_again() -> None:
    centre, before = parked(to=A)
    centre.phone(A, PhoneAct.UNPLUGGED)
    centre.wait(PARKED_MS)
    assert told(centre, before)[2:] == [
        f"Diverted {PLACE} recall",
        f"Failed {A} destNotObtainable",
        f"ConnectionCleared {A} normal",
        f"Queued {PLACE} park",
    ]
    for _ in range(2 * RECALLS_MAX):
        centre.wait(PARKED_MS)
    assert centre.engine.parking.places() == [PLACE]


def test_a_caller_of_a_queue_goes_back_there_when_his_agent_is_rung_in_vain() -> None:
    centre, _ = parked()
    centre.set_agent("anna", "notReady")
    centre.phone(A, PhoneAct.UNPLUGGED)
    centre.wait((RECALLS_MAX + 2) * PARKED_MS)
    assert list(centre.engine.acd.calls) == centre.call_ids()
    assert centre.engine.parking.by_call == {}
    end(centre)


def test_a_parked_caller_may_hang_up() -> None:
    centre, before = parked()
    [leg] = centre.pbx.snapshot()
    centre.pbx.hang_up(leg["leg"])
    centre.wait(1_000)
    assert [line.split()[0] for line in told(centre, before)[2:]] == [
        "ConnectionCleared",
        "ConnectionCleared",
        "CallCleared",
    ]
    end(centre)


@pytest.mark.parametrize(
    ("place", "value"), [("acd:sales", "invalidDeviceID"), ("park:", "invalidDeviceID")]
)
def test_calls_are_parked_at_places_only(place: str, value: str) -> None:
    centre = talking()
    before = len(centre.log)
    error = centre.ask("ParkCall", parking=part(centre, A), parkTo=place).error
    assert isinstance(error, CtiError)
    assert (error.value, len(centre.log)) == (value, before)


def test_a_place_takes_one_call() -> None:
    centre, _ = parked()
    centre.phone(B, PhoneAct.ANSWERS)
    centre.asked(
        "MakeCall", callingDevice=B, calledDirectoryNumber="1001", autoOriginate="doNotPrompt"
    )
    centre.wait(2_000)
    error = centre.ask("ParkCall", parking=part(centre, A, 2), parkTo=PLACE).error
    assert isinstance(error, CtiError)
    assert error.value == "resourceBusy"
