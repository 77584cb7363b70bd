"""What becomes of queued calls when agents, phones and callers do not do what they should."""

from __future__ import annotations

import pytest

from acd.config import AcdConfig, QueueConfig
from acd.steps import Step
from ivr.menu_file import load_flow
from switch_sim.callers import Press
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import OURS, SALES, Centre, centre_plan
from tests.repository import ROOT

A, B = "station:1001", "station:1002"
OFFERS = ("AgentOffered", "OfferRefused", "OfferWithdrawn", "Established")


def centre_with(*queues: QueueConfig) -> Centre:
    """Build a centre whose number leads to the first queue; its phones ring for ever."""
    centre = Centre(centre_plan(acd=AcdConfig(queues=queues or (SALES,))))
    for device in (A, B):
        centre.phone(device, PhoneAct.NO_ANSWER)
    return centre


def finished(centre: Centre) -> list[str]:
    """Let everybody hang up; nothing may be left, and the laws hold. Gives the outcomes."""
    for leg in centre.pbx.snapshot():
        centre.pbx.hang_up(leg["leg"])
    centre.wait(300_000)
    event_laws.check(centre.log)
    assert centre.pbx.snapshot() == ()
    assert centre.engine.model.calls == {}
    assert centre.engine.acd.calls == {}
    assert centre.engine.contacts == {}
    return [e.data.outcome.value for e in centre.events("CallCleared")]


@pytest.mark.parametrize(
    ("act", "reason", "state", "after"),
    [
        (PhoneAct.NO_ANSWER, "noAnswer", "agentNotReady", "rona"),
        (PhoneAct.BUSY, "busy", "agentNotReady", "phone_busy"),
        (PhoneAct.UNPLUGGED, "deviceLost", "agentNotReady", "device_lost"),
        (PhoneAct.REJECTS, "rejected", "agentReady", None),
    ],
)
def test_a_call_that_an_agent_does_not_take_keeps_its_place_and_goes_to_the_next(
    act: PhoneAct, reason: str, state: str, after: str | None
) -> None:
    centre = centre_with()
    centre.phone(A, act)
    centre.phone(B, PhoneAct.ANSWERS, 1_000)
    centre.log_on("anna")
    leg = centre.call()
    centre.wait(25_000)
    [refused] = centre.events("OfferRefused")
    assert (refused.data.agent_id, refused.data.reason, refused.data.attempt) == ("anna", reason, 1)
    anna = centre.engine.directory.agent("anna")
    assert (anna.state.value, anna.reason) == (state, after)
    assert centre.story("Queued")[-1] == "Queued(acd:sales; remainsInQueue)"

    centre.log_on("bea")
    centre.wait(2_000)
    [talk] = centre.events("Established")
    assert talk.data.answering_device == B
    assert talk.data.acd.attempt == 2
    centre.pbx.hang_up(leg)
    assert finished(centre) == ["answered"]


def test_the_caller_waits_from_the_first_moment_on_whoever_refused_him() -> None:
    centre = centre_with()
    centre.phone(A, PhoneAct.REJECTS, 4_000)
    centre.phone(B, PhoneAct.ANSWERS, 1_000)
    centre.log_on("anna", "bea")
    centre.call()
    centre.wait(10_000)
    [talk] = centre.events("Established")
    assert talk.data.acd.waited_ms == 5_000


def test_a_full_queue_turns_the_next_caller_away() -> None:
    small = QueueConfig(name="sales", skills={"sales": 1}, waiting_max=2)
    centre = centre_with(small)
    for number in range(3):
        centre.call(f"+4917{number}")
    centre.wait(1_000)
    [turned_away] = centre.events("CallCleared")
    assert (turned_away.data.outcome, turned_away.data.cause) == ("busy", "busy")
    assert len(centre.engine.acd.calls) == 2
    assert sorted(finished(centre)) == ["abandonedInQueue", "abandonedInQueue", "busy"]


def test_a_call_that_waits_too_long_overflows_and_is_taken_there() -> None:
    sales = QueueConfig(
        name="sales", skills={"sales": 9}, steps=(Step(after_ms=10_000, overflow_to=("support",)),)
    )
    support = QueueConfig(name="support", skills={"sales": 1})
    centre = centre_with(sales, support)
    centre.phone(A, PhoneAct.ANSWERS, 1_000)
    centre.log_on("anna")
    centre.call()
    centre.wait(15_000)
    assert centre.story("Queued", "Diverted", "Delivered", "Established") == [
        "Queued(acd:sales; noAvailableAgents)",
        "Diverted(acd:sales; queueTimeOverflow)",
        "Delivered(acd:support; enteringDistribution)",
        "Diverted(acd:support; distributed)",
        f"Delivered({A}; distributed)",
        f"Established({A}; distributed)",
    ]
    [talk] = centre.events("Established")
    assert (talk.data.acd.group, talk.data.acd.waited_ms) == ("acd:support", 11_000)
    assert finished(centre) == ["answered"]


def test_who_answers_when_the_ring_time_ends_comes_too_late_and_the_call_is_not_lost() -> None:
    centre = centre_with()
    centre.phone(A, PhoneAct.ANSWERS, SALES.ring_ms)
    centre.log_on("anna")
    centre.call()
    centre.wait(SALES.ring_ms)
    centre.phone(B, PhoneAct.ANSWERS, 0)
    centre.log_on("bea")
    centre.wait(1_000)
    assert centre.story(*OFFERS) == [
        "AgentOffered(anna; )",
        "OfferRefused(anna; noAnswer)",
        "AgentOffered(bea; )",
        f"Established({B}; distributed)",
    ]
    assert len(centre.pbx.snapshot()) == 2
    assert finished(centre) == ["answered"]


@pytest.mark.parametrize("first", ["caller", "agent"])
def test_caller_and_agent_act_in_the_same_millisecond(first: str) -> None:
    centre = centre_with()
    centre.log_on("anna")
    leg = centre.call()
    centre.wait(3_000)
    if first == "agent":
        centre.pbx.answer(A)
    centre.pbx.hang_up(leg)
    centre.pbx.answer(A)
    centre.wait(1_000)
    assert centre.pbx.snapshot() == ()
    assert finished(centre) == ["answered" if first == "agent" else "abandonedRinging"]
    assert centre.engine.directory.agent("anna").state.value == "agentReady"


def test_a_call_comes_back_to_its_queue_when_the_transfer_fails() -> None:
    centre = centre_with()
    centre.phone(A, PhoneAct.ANSWERS, 0)
    centre.phone(B, PhoneAct.REJECTS, 2_000)
    centre.log_on("anna")
    centre.call()
    centre.wait(1_000)
    part = {"callID": centre.call_ids()[0], "deviceID": A}
    centre.asked("SingleStepTransferCall", activeCall=part, transferredTo="1002")
    centre.wait(4_000)
    assert centre.story("Transferred", "Failed", "Queued") == [
        "Transferred(; singleStepTransfer)",
        f"Failed({B}; blocked)",
        "Queued(acd:sales; noAvailableAgents)",
    ]
    centre.wait(10_000)
    assert centre.story("Established")[-1] == f"Established({A}; distributed)"
    assert finished(centre) == ["answered"]


def test_a_call_is_transferred_into_a_queue() -> None:
    support = QueueConfig(name="support", skills={"sales": 1})
    centre = Centre(
        centre_plan(
            acd=AcdConfig(queues=(SALES, support)),
            numbers={OURS: "acd:sales", "78": "acd:support"},
        )
    )
    centre.phone(A, PhoneAct.ANSWERS, 0)
    centre.phone(B, PhoneAct.ANSWERS, 0)
    centre.log_on("anna")
    centre.call()
    centre.wait(1_000)
    part = {"callID": centre.call_ids()[0], "deviceID": A}
    centre.set_agent("anna", "notReady")
    centre.asked("SingleStepTransferCall", activeCall=part, transferredTo="78")
    centre.wait(1_000)
    centre.log_on("bea")
    centre.wait(1_000)
    talk = centre.events("Established")[-1].data
    assert (talk.answering_device, talk.acd.group) == (B, "acd:support")
    assert len(centre.call_ids()) == 1
    assert finished(centre) == ["answered"]


def test_callers_wait_for_a_voice_unit_when_all_are_busy() -> None:
    flow = load_flow(ROOT / "tests" / "golden" / "front_door.yaml")
    centre = Centre(
        centre_plan(flows={"main": flow}, numbers={OURS: "routeing:main"}, voice_units=1)
    )
    first = centre.call("+49171", presses=())
    centre.call("+49172", presses=(Press("sales-1", "1"),))
    centre.wait(500)
    assert centre.story("Established") == ["Established(routeing:main; newCall)"]
    centre.pbx.hang_up(first)
    centre.wait(4_000)
    assert centre.story("Established", "Queued")[1:] == [
        "Established(routeing:main; newCall)",
        "Queued(acd:sales; noAvailableAgents)",
    ]
    assert finished(centre) == ["abandonedInIVR", "abandonedInQueue"]


def test_one_who_hangs_up_while_waiting_for_a_voice_unit_takes_none() -> None:
    flow = load_flow(ROOT / "tests" / "golden" / "front_door.yaml")
    centre = Centre(
        centre_plan(flows={"main": flow}, numbers={OURS: "routeing:main"}, voice_units=1)
    )
    callers = [centre.call(f"+4917{number}") for number in range(3)]
    centre.pbx.hang_up(callers[1])
    centre.pbx.hang_up(callers[0])
    centre.wait(500)
    answered = [e.data.calling_device.device_identifier for e in centre.events("Established")]
    assert answered == ["number:+49170", "number:+49172"]
    assert len(finished(centre)) == 3
