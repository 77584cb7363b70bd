"""Offers and queues: what callers and agents do while an offer is under way."""

from __future__ import annotations

import pytest

from acd.config import AcdConfig, QueueConfig
from acd.contact_fold import ContactFold
from acd.visits import ExitReason
from agents.config import AgentConfig, Membership
from csta.acd_events import OfferRefused
from csta.call_events import CallCleared, Established
from csta.instants import MINUTE, SECOND
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import ANNA, BEA, OURS, SALES, Centre, centre_plan
from tests.regress.links import centre_on

A, B = ANNA.device_id, BEA.device_id
STEPS_MS = range(995, 1_011)
"""From before the agent answers, a second after his phone rings, until the two are joined."""


def contacts_of(centre: Centre) -> ContactFold:
    """Count the contacts from the events alone."""
    fold = ContactFold()
    for event in centre.log:
        fold.take(event.data, event.at)
    return fold


def nothing_is_left(centre: Centre) -> None:
    """No leg, no call, no offer; the laws of the events hold."""
    centre.wait(MINUTE)
    event_laws.check(centre.log)
    assert centre.pbx.snapshot() == ()
    assert centre.engine.model.calls == {}
    assert centre.engine.acd.calls == {}
    assert len(centre.engine.acd.offers) == 0


@pytest.mark.parametrize("gone_ms", STEPS_MS)
def test_rg05_a_caller_who_leaves_as_the_agent_answers_is_answered_or_not_but_over(
    gone_ms: int,
) -> None:
    centre = Centre()
    centre.phone(A, PhoneAct.ANSWERS, 1_000)
    centre.log_on("anna")
    leg = centre.call()
    centre.wait(gone_ms)
    centre.pbx.hang_up(leg)
    nothing_is_left(centre)
    [cleared] = centre.events("CallCleared")
    answered = bool(centre.events("Established"))
    assert isinstance(cleared.data, CallCleared)
    assert cleared.data.outcome == ("answered" if answered else "abandonedRinging")
    [contact] = contacts_of(centre).finished
    assert contact.answered is answered
    assert contact.ended_at is not None
    assert contact.ended_at <= cleared.at
    assert centre.engine.directory.agent("anna").state.value == "agentReady"


@pytest.mark.parametrize("gone_ms", [0, 1, 500, 1_999, 2_000])
def test_rg06_a_phone_that_the_switch_dials_after_the_caller_left_is_released_at_its_first_sign(
    gone_ms: int,
) -> None:
    centre, link = centre_on()
    link.dial_ms = 2_000
    centre.phone(A, PhoneAct.ANSWERS, 1_000)
    centre.log_on("anna")
    leg = centre.call()
    centre.wait(gone_ms)
    centre.pbx.hang_up(leg)
    centre.wait(1_999 + 1_000)
    assert centre.pbx.snapshot() == ()
    assert centre.events("Established") == []
    assert centre.engine.directory.agent("anna").state.value == "agentReady"
    nothing_is_left(centre)

    centre.call()
    centre.wait(4_000)
    assert len(centre.events("Established")) == 1, "Anna can be offered the next call"


@pytest.mark.parametrize("act", [PhoneAct.REJECTS, PhoneAct.BUSY, PhoneAct.UNPLUGGED])
@pytest.mark.parametrize("after_ms", [0, 1, 3_000])
def test_rg13_an_agent_who_refuses_never_drops_the_caller(act: PhoneAct, after_ms: int) -> None:
    centre = Centre()
    centre.phone(A, act, after_ms)
    centre.log_on("anna")
    leg = centre.call()
    centre.wait(10 * SECOND)
    assert len(centre.events("OfferRefused")) == 1
    assert centre.events("ConnectionCleared", "CallCleared") == []
    assert [here["leg"] for here in centre.pbx.snapshot()] == [leg]
    assert centre.story("Queued")[-1] == "Queued(acd:sales; remainsInQueue)"

    centre.phone(B, PhoneAct.ANSWERS, 0)
    centre.log_on("bea")
    centre.wait(SECOND)
    centre.pbx.hang_up(leg)
    nothing_is_left(centre)
    [cleared] = centre.events("CallCleared")
    assert (cleared.data.outcome, cleared.data.cause) == ("answered", "normalClearing")


def test_rg22_after_a_transfer_to_a_queue_the_agents_next_offers_are_valid() -> None:
    support = QueueConfig(name="support", skills={"support": 1})
    centre = Centre(
        centre_plan(
            acd=AcdConfig(queues=(SALES, support)),
            numbers={OURS: "acd:sales", "78": "acd:support"},
        )
    )
    centre.phone(A, PhoneAct.ANSWERS, 1_000)
    centre.log_on("anna")
    for number in range(1, 6):
        centre.call(f"+49170{number}")
        centre.wait(2_000)
        talk = centre.events("Established")[-1].data
        assert isinstance(talk, Established)
        part = {"callID": talk.call_id, "deviceID": A}
        centre.asked("SingleStepTransferCall", activeCall=part, transferredTo="78")
        centre.wait(SALES.wrap_up_ms + 1_000)
        anna = centre.engine.directory.agent("anna")
        assert (anna.state.value, anna.offer_id) == ("agentReady", None)
    assert len(centre.events("AgentOffered")) == len(centre.events("Established")) == 5
    assert centre.events("OfferRefused", "OfferWithdrawn") == []
    assert len(centre.engine.acd.calls) == 5, "the callers wait in the other queue"


KINDS = {
    "by skills": ANNA,
    "of a named queue": AgentConfig("anna", "Anna", A, {"sales": 5}, {"sales": Membership()}),
    "of a second rank": AgentConfig("anna", "Anna", A, {"sales": 1}, {"sales": Membership(2)}),
    "at another desk": AgentConfig("anna", "Anna", "station:1099", {"sales": 5}),
}


@pytest.mark.parametrize("auto_answer", [False, True], ids=["picks up", "auto answer"])
@pytest.mark.parametrize("kind", KINDS)
def test_rg46_agents_of_every_kind_leave_the_same_outcome(kind: str, *, auto_answer: bool) -> None:
    queue = QueueConfig(name="sales", skills={"sales": 1}, auto_answer=auto_answer)
    plan = centre_plan(acd=AcdConfig(queues=(queue,)), agents=(KINDS[kind], BEA))
    centre = Centre(plan)
    desk = KINDS[kind].device_id
    if kind == "at another desk":
        desk = B
        centre.set_agent("anna", "loggedOn", device=B)
        centre.set_agent("anna", "ready")
    else:
        centre.log_on("anna")
    centre.phone(desk, PhoneAct.ANSWERS, 0)
    leg = centre.call()
    centre.wait(10 * SECOND)
    centre.pbx.hang_up(leg)
    nothing_is_left(centre)
    [cleared] = centre.events("CallCleared")
    assert (cleared.data.outcome, cleared.data.durations.talk_ms) == ("answered", 10 * SECOND)
    [contact] = contacts_of(centre).finished
    assert (contact.reason, contact.answered, contact.abandoned) == (
        ExitReason.ANSWERED,
        True,
        False,
    )
    assert not any(isinstance(event.data, OfferRefused) for event in centre.log)
