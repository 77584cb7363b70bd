"""Contacts and visits folded from the events of whole calls: each fact is counted once."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from acd import Step
from acd.config import AcdConfig, QueueConfig
from acd.contact_fold import ContactFold
from acd.stats import figures
from acd.visits import EXIT_OF_CAUSE, Contact, ExitReason, Visit, VisitState, visits_of
from csta.acd_events import QueueLeft
from csta.call_events import CallCleared, Delivered, Diverted, Durations, Established
from csta.causes import Cause
from csta.instants import MINUTE
from ctiserver.core.wire import Published
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import OURS, SALES, Centre, centre_plan

A, B = "station:1001", "station:1002"


def centre_with(*queues: QueueConfig) -> Centre:
    """Build a centre whose number leads to the first queue; its phones answer after 1 s."""
    centre = Centre(centre_plan(acd=AcdConfig(queues=queues or (SALES,))))
    for device in (A, B):
        centre.phone(device, PhoneAct.ANSWERS, 1_000)
    return centre


def fold_of(events: list[Published]) -> ContactFold:
    """Fold a log."""
    fold = ContactFold()
    for event in events:
        fold.take(event.data, event.at)
    return fold


def over(centre: Centre) -> list[Contact]:
    """Let everybody hang up, and give the contacts."""
    for leg in centre.pbx.snapshot():
        centre.pbx.hang_up(leg["leg"])
    centre.wait(5 * MINUTE)
    fold = fold_of(centre.log)
    assert fold.waiting() == []
    return fold.finished


def told(visit: Visit) -> tuple[str, str, int | None]:
    """Tell a visit in short."""
    assert visit.reason is not None
    return visit.queue, visit.reason.value, visit.waited_ms


def test_a_call_that_is_answered_is_one_contact_with_one_visit() -> None:
    centre = centre_with()
    centre.call()
    centre.wait(5_000)
    centre.log_on("anna")
    centre.wait(10_000)
    [contact] = over(centre)
    [visit] = contact.visits
    assert told(visit) == told(contact) == ("acd:sales", "answered", 6_000)
    assert (contact.talk_ms, visit.talk_ms) == (9_000, 0)
    assert contact.ended_at == visit.ended_at == contact.offered_at + 15_000


def test_overflow_is_a_flow_out_at_the_source_a_flow_in_at_the_target_and_one_contact() -> None:
    # O13.
    centre = centre_with(
        QueueConfig(
            name="sales",
            skills={"sales": 9},
            steps=(Step(after_ms=10_000, overflow_to=("support",)),),
        ),
        QueueConfig(name="support", skills={"sales": 1}),
    )
    centre.log_on("anna")
    centre.call()
    centre.wait(15_000)
    [contact] = over(centre)
    assert told(contact) == ("acd:sales", "answered", 11_000)
    assert [told(visit) for visit in contact.visits] == [
        ("acd:sales", "timeout", 10_000),
        ("acd:support", "answered", 1_000),
    ]
    source, target = contact.visits
    assert (source.state, source.went_to) == (VisitState.FLOWED_OUT, "acd:support")
    assert (source.came_from, target.came_from) == (None, "acd:sales")
    at_source, at_target = (figures([visit], 20_000) for visit in contact.visits)
    assert (at_source.flowed_out, at_source.flowed_in) == (1, 0)
    assert (at_target.flowed_out, at_target.flowed_in) == (0, 1)
    assert figures([contact], 20_000).offered == 1


def test_who_waits_in_two_queues_counts_where_the_agent_was_free_first() -> None:
    # O13, with a step that lets the call stay.
    centre = centre_with(
        QueueConfig(
            name="sales", skills={"sales": 9}, steps=(Step(after_ms=10_000, also="support"),)
        ),
        QueueConfig(name="support", skills={"sales": 1}),
    )
    centre.log_on("anna")
    centre.call()
    centre.wait(15_000)
    [contact] = over(centre)
    assert [told(visit) for visit in contact.visits] == [
        ("acd:sales", "overflow", 11_000),
        ("acd:support", "answered", 11_000),
    ]


def talking(centre: Centre) -> dict[str, str]:
    """Let a caller talk to Anna; give her part of the call."""
    centre.log_on("anna")
    centre.call()
    centre.wait(4_000)
    return {"callID": centre.call_ids()[0], "deviceID": A}


def blind_transfer_to_sales(centre: Centre, part: dict[str, str]) -> None:
    centre.asked("SingleStepTransferCall", activeCall=part, transferredTo=OURS)


def attended_transfer_to_sales(centre: Centre, part: dict[str, str]) -> None:
    centre.asked("ConsultationCall", existingCall=part, consultedDevice=OURS)
    centre.wait(5_000)
    active = {"callID": centre.call_ids()[-1], "deviceID": A}
    centre.asked("TransferCall", heldCall=part, activeCall=active)


@pytest.mark.parametrize("transfer", [blind_transfer_to_sales, attended_transfer_to_sales])
def test_a_transfer_back_to_the_same_queue_is_one_contact_and_two_visits(transfer: object) -> None:
    # c.3-3, RG-43, S2: one completion, whichever way it was reached.
    assert callable(transfer)
    centre = centre_with()
    part = talking(centre)
    centre.set_agent("anna", "notReady")
    centre.log_on("bea")
    transfer(centre, part)
    centre.wait(20_000)
    assert centre.events("Established")[-1].data.answering_device == B
    [contact] = over(centre)
    assert contact.answered
    assert contact.waited_ms == 1_000
    assert [told(visit) for visit in contact.visits] == [("acd:sales", "answered", 1_000)] * 2
    at_contact, at_visits = figures([contact], 20_000), figures(contact.visits, 20_000)
    assert (at_contact.offered, at_contact.answered) == (1, 1)
    assert (at_visits.offered, at_visits.answered, at_visits.flowed_in) == (2, 2, 1)


def test_who_hangs_up_after_a_transfer_to_a_queue_abandons_there_but_was_answered() -> None:
    centre = centre_with()
    part = talking(centre)
    centre.set_agent("anna", "notReady")
    blind_transfer_to_sales(centre, part)
    centre.wait(30_000)
    [contact] = over(centre)
    assert [told(visit) for visit in contact.visits] == [
        ("acd:sales", "answered", 1_000),
        ("acd:sales", "abandoned", 30_000),
    ]
    assert contact.answered
    assert not contact.abandoned


def test_the_caller_gives_up_while_waiting_or_while_it_rings() -> None:
    centre = centre_with()
    centre.phone(A, PhoneAct.NO_ANSWER)
    leg = centre.call()
    centre.wait(7_000)
    centre.pbx.hang_up(leg)
    centre.log_on("anna")
    centre.call()
    centre.wait(3_000)
    waiting, ringing = over(centre)
    assert told(waiting) == ("acd:sales", "abandoned", 7_000)
    assert told(ringing) == ("acd:sales", "abandonedRinging", 3_000)
    assert waiting.state is ringing.state is VisitState.ABANDONED


def test_who_finds_the_queue_full_has_flowed_out() -> None:
    centre = centre_with(QueueConfig(name="sales", skills={"sales": 1}, waiting_max=1))
    centre.call("+49171")
    centre.call("+49172")
    centre.wait(1_000)
    [turned_away] = fold_of(centre.log).finished
    assert turned_away.reason is ExitReason.FULL
    assert turned_away.state is VisitState.FLOWED_OUT
    assert not turned_away.abandoned


def test_a_call_is_waiting_then_offered_then_waiting_again_after_a_rona() -> None:
    centre = centre_with()
    centre.phone(A, PhoneAct.NO_ANSWER)
    states = []
    centre.call()
    for step in (1_000, 5_000, SALES.ring_ms):
        centre.wait(step)
        [contact] = fold_of(centre.log).waiting()
        states.append(contact.visits[0].state)
        if step == 1_000:
            centre.log_on("anna")
    assert states == [VisitState.WAITING, VisitState.OFFERING, VisitState.WAITING]
    [contact] = over(centre)
    assert contact.rang_out_ms == contact.visits[0].rang_out_ms == 1_000 + SALES.ring_ms


@pytest.mark.parametrize("cause", [*EXIT_OF_CAUSE, Cause.NORMAL], ids=str)
def test_a_call_that_is_diverted_out_of_a_queue_left_for_the_reason_of_the_cause(
    cause: Cause,
) -> None:
    # Q20.
    fold = ContactFold()
    fold.take(delivered(), 1_000)
    fold.take(diverted(cause), 5_000)
    fold.take(cleared(), 9_000)
    [contact] = fold.finished
    expected = EXIT_OF_CAUSE.get(cause, ExitReason.OVERFLOW)
    assert told(contact) == ("acd:sales", expected.value, 4_000)
    assert contact.visits[0].went_to == "routeing:night"


def test_a_call_that_is_distributed_is_still_in_its_queue() -> None:
    fold = ContactFold()
    fold.take(delivered(), 1_000)
    fold.take(diverted(Cause.DISTRIBUTED), 5_000)
    assert fold.waiting()[0].visits[0].waited_ms is None


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("callback", ExitReason.CALLBACK),
        ("callerExit", ExitReason.CALLER_EXIT),
        ("caller_exit", ExitReason.CALLER_EXIT),
        ("joinEmpty", ExitReason.JOIN_EMPTY),
        ("too late for today", ExitReason.ENDED),
    ],
)
def test_a_call_that_is_told_to_have_left_a_queue_left_it_then_and_for_that_reason(
    word: str, reason: ExitReason
) -> None:
    # Q20; a call-back that was accepted is not an abandonment when the caller hangs up then.
    fold = ContactFold()
    fold.take(delivered(), 1_000)
    fold.take(left(word, "acd:other"), 2_000)
    fold.take(left(word), 5_000)
    fold.take(diverted(Cause.OVERFLOW), 8_000)
    fold.take(cleared(), 9_000)
    [contact] = fold.finished
    assert (contact.reason, contact.waited_ms, contact.abandoned) == (reason, 4_000, False)
    assert (contact.state is VisitState.CALLBACK_HELD) == (word == "callback")
    assert contact.visits[0].went_to == "routeing:night"


@pytest.mark.parametrize(
    ("outcome", "exit_reason", "reason"),
    [
        ("abandonedInQueue", None, ExitReason.ABANDONED),
        ("abandonedRinging", None, ExitReason.ABANDONED_RINGING),
        ("callbackAccepted", None, ExitReason.CALLBACK),
        ("endedInQueue", None, ExitReason.ENDED),
        ("endedInQueue", "closed", ExitReason.CLOSED),
        ("endedInQueue", "too late for today", ExitReason.ENDED),
        ("voicemail", None, ExitReason.VOICEMAIL),
        ("failed", None, ExitReason.ERROR),
    ],
)
def test_a_call_that_ends_in_a_queue_left_it_by_its_outcome(
    outcome: str, exit_reason: str | None, reason: ExitReason
) -> None:
    # Q20.
    fold = ContactFold()
    fold.take(delivered(), 1_000)
    fold.take(cleared(outcome, exit_reason), 9_000)
    [contact] = fold.finished
    assert told(contact) == ("acd:sales", reason.value, 8_000)


def busy_day() -> Centre:
    """Let ten callers come to two queues with overflow; some are answered, some give up."""
    centre = centre_with(
        QueueConfig(
            name="sales",
            skills={"sales": 1},
            ring_ms=5_000,
            steps=(Step(after_ms=8_000, overflow_to=("support",)),),
        ),
        QueueConfig(name="support", skills={"sales": 1}),
    )
    centre.log_on("anna")
    for number in range(10):
        if number == 3:
            centre.phone(A, PhoneAct.NO_ANSWER)
            centre.log_on("bea")
        centre.call(f"+4917{number}", talk_ms=15_000, patience_ms=4_000 * (1 + number % 5))
        centre.wait(5_000)
    centre.wait(5 * MINUTE)
    return centre


def test_the_fold_counts_what_a_recount_of_the_events_counts() -> None:
    # S1: the recount reads the log in another way, without a fold.
    log = busy_day().log
    came = [
        event.data.call_id
        for event in log
        if type(event.data).__name__ in ("Offered", "Delivered")
        and event.data.connection.device_id.startswith("acd:")
    ]
    answers = [e.data.call_id for e in log if isinstance(e.data, Established)]
    outcomes = Counter(e.data.outcome.value for e in log if isinstance(e.data, CallCleared))
    overflows = [
        event
        for event in log
        if isinstance(event.data, Diverted) and event.data.cause is Cause.QUEUE_TIME_OVERFLOW
    ]
    contacts = fold_of(log).finished
    over_contacts, over_visits = figures(contacts, 5_000), figures(visits_of(contacts), 5_000)
    assert len(overflows) > 0
    assert over_contacts.answered == over_visits.answered == len(set(answers)) > 0
    assert over_contacts.abandoned == outcomes.total() - len(set(answers)) > 0
    assert over_visits.offered == len(came)
    assert over_contacts.offered == len(set(came)) == 10
    assert over_visits.flowed_out == over_visits.flowed_in == len(overflows)
    assert over_visits.exits["timeout"] == len(overflows)


def test_a_fact_that_is_told_twice_is_counted_once() -> None:
    # S2.
    log = busy_day().log
    twice = [event for event in log for _ in range(2)]
    assert fold_of(twice).finished == fold_of(log).finished


def test_at_every_event_each_contact_is_either_waiting_or_over() -> None:
    # S1, live.
    log = busy_day().log
    fold, came = ContactFold(), set()
    for event in log:
        fold.take(event.data, event.at)
        connection = getattr(event.data, "connection", None)
        if connection is not None and connection.device_id.startswith("acd:"):
            came.add(event.data.call_id)
        contacts = [*fold.waiting(), *fold.finished]
        assert len(contacts) == len(came)
        live = figures(visits_of(contacts), 5_000, now=event.at)
        assert live.offered == live.answered + live.abandoned + live.flowed_out + live.waiting


def delivered() -> Delivered:
    return msgspec.convert(
        {**_COMMON, "cause": "enteringDistribution", "alertingDevice": "acd:sales"}, Delivered
    )


def diverted(cause: Cause) -> Diverted:
    more = {"divertingDevice": "acd:sales", "newDestination": "routeing:night"}
    return msgspec.convert({**_COMMON, "cause": cause.value, **more}, Diverted)


def left(word: str, queue: str = "acd:sales") -> QueueLeft:
    return QueueLeft(
        call_id="c1", queue=queue, exit_reason=word, waited_ms=4_000, target="routeing:night"
    )


def cleared(outcome: str = "abandonedInQueue", exit_reason: str | None = None) -> CallCleared:
    more = {"cause": "normal", "outcome": outcome, "exitReason": exit_reason}
    durations = msgspec.to_builtins(Durations())
    return msgspec.convert({**_COMMON, **more, "durations": durations}, CallCleared)


_COMMON = {
    "linkID": "sim1",
    "callID": "c1",
    "connection": {"callID": "c1", "deviceID": "acd:sales"},
    "callingDevice": {"deviceIdentifier": "number:+49171"},
    "calledDevice": {"deviceIdentifier": "number:+49301"},
    "lastRedirectionDevice": {"notKnown": True},
    "callLinkageData": {"globalCallLinkageID": "c1", "threadLinkageID": "t1"},
    "direction": "inbound",
}
