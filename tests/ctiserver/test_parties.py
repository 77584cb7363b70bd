"""Who is left alone in a call is released; nobody else is (`Parties.settle`)."""

from __future__ import annotations

from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import BUSY_NUMBER, Centre

A, B = "station:1001", "station:1002"


def dialled(centre: Centre, number: str, act: PhoneAct = PhoneAct.ANSWERS) -> str:
    """Let A call a number; B behaves as told."""
    centre.phone(A, PhoneAct.ANSWERS)
    centre.phone(B, act, 2_000 if act is not PhoneAct.NO_ANSWER else 0)
    result = centre.asked("MakeCall", callingDevice=A, calledDirectoryNumber=number)
    centre.wait(4_000)
    call_id: str = result.calling_device.call_id
    return call_id


def ended(centre: Centre) -> list[str]:
    """Give cause and outcome of each call that is over; every law of the log must hold."""
    centre.wait(120_000)
    event_laws.check(centre.log)
    assert centre.pbx.snapshot() == (), "legs that nobody released"
    assert centre.engine.model.legs == {}
    return [f"{e.data.cause} {e.data.outcome}" for e in centre.events("CallCleared")]


def test_one_who_is_left_alone_after_a_talk_is_released() -> None:
    centre = Centre()
    dialled(centre, "1002")
    centre.pbx.hang_up(A)
    assert ended(centre) == ["normalClearing answered"]


def test_two_who_talk_are_left_in_peace() -> None:
    centre = Centre()
    dialled(centre, "1002")
    centre.wait(600_000)
    assert len(centre.engine.model.legs) == 2


def test_who_rings_is_released_when_the_caller_gives_up() -> None:
    centre = Centre()
    dialled(centre, "1002", PhoneAct.NO_ANSWER)
    centre.pbx.hang_up(A)
    assert centre.pbx.snapshot() == ()
    [told] = ended(centre)
    assert told.startswith("callCancelled")


def test_the_caller_is_released_when_the_called_one_refuses() -> None:
    centre = Centre()
    dialled(centre, "1002", PhoneAct.REJECTS)
    assert ended(centre) == ["normalClearing rejected"]


def test_the_caller_is_released_when_the_number_is_busy() -> None:
    centre = Centre()
    dialled(centre, BUSY_NUMBER)
    assert ended(centre) == ["normalClearing busy"]


def test_a_leg_that_nobody_answers_is_given_up_after_the_limit() -> None:
    centre = Centre()
    dialled(centre, "1002", PhoneAct.NO_ANSWER)
    centre.wait(centre.world.plan.engine.answer_ms_max)
    assert ended(centre) == ["normalClearing noAnswer"]


def test_clear_call_releases_everybody() -> None:
    centre = Centre()
    call_id = dialled(centre, "1002")
    centre.asked("ClearCall", callToBeCleared={"callID": call_id})
    assert centre.pbx.snapshot() == ()
    assert ended(centre) == ["normalClearing answered"]


def test_two_of_three_talk_on_when_one_leaves_a_conference() -> None:
    centre = Centre()
    centre.log_on("anna")
    caller = centre.call()
    centre.phone(B, PhoneAct.ANSWERS)
    centre.wait(5_000)
    [first] = centre.call_ids()
    held = {"callID": first, "deviceID": A}
    result = centre.asked("ConsultationCall", existingCall=held, consultedDevice="1002")
    centre.wait(5_000)
    active = {"callID": result.initiated_call.call_id, "deviceID": A}
    centre.asked("ConferenceCall", heldCall=held, activeCall=active)
    centre.wait(60_000)
    centre.pbx.hang_up(A)
    centre.wait(60_000)
    assert [leg["device"] for leg in centre.pbx.snapshot()] == ["trunk:pstn", B]
    centre.pbx.hang_up(caller)
    assert ended(centre) == ["conference transferredOut", "normalClearing answered"]
