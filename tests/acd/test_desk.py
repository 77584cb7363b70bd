"""What agents ask for, what they do not take, and what happens to their phones (features A)."""

from __future__ import annotations

import pytest

from acd.inputs import Answered, AskState, DeviceReachable, Enter, Leave, LogOn, PhoneBusy
from acd.rules import AgentRules, ReasonCode, RefusalRule
from csta.acd_events import RefusalReason
from csta.causes import Cause
from csta.errors import CtiError, ErrorValue
from csta.states import AgentState, BusyPhase
from tests.acd.desk_stage import DeskStage
from tests.acd.stage import queue

READY, NOT_READY, NULL = AgentState.READY, AgentState.NOT_READY, AgentState.NULL
NO_ANSWER, REJECTED = RefusalReason.NO_ANSWER, RefusalReason.REJECTED
BUSY, DEVICE_LOST = RefusalReason.BUSY, RefusalReason.DEVICE_LOST

REASONS = AgentRules(
    reasons=(
        ReasonCode(code="break", limit_ms=600_000),
        ReasonCode(code="meeting"),
        ReasonCode(code="suspended", supervisors_only=True),
    ),
    log_off_reasons=(ReasonCode(code="end_of_shift"),),
)


# Reasons (A02, A03).


@pytest.mark.parametrize(
    ("state", "reason", "known"),
    [
        (NOT_READY, None, "break, meeting"),
        (NOT_READY, "lunch", "break, meeting"),
        (NOT_READY, "suspended", "break, meeting"),
        (NULL, None, "end_of_shift"),
        (NULL, "break", "end_of_shift"),
    ],
)
def test_a02_a_reason_is_one_of_the_centres_or_the_request_is_refused_and_nothing_changes(
    state: AgentState, reason: str | None, known: str
) -> None:
    stage = DeskStage(rules=REASONS)
    with pytest.raises(CtiError, match=f"none of: {known}$") as refused:
        stage.ask(state, reason)
    assert refused.value.value is ErrorValue.INVALID_PARAMETER_VALUE
    assert stage.state("ann") == "Ready"
    assert stage.told == []


def test_a02_the_centres_reasons_are_taken_and_a_supervisors_only_from_one() -> None:
    stage = DeskStage(rules=REASONS)
    stage.ask(NOT_READY, "meeting")
    stage.ask(NOT_READY, "suspended", force=True)
    assert (stage.told[-1].cause, stage.told[-1].agent_state_condition) == (
        "forcedTransition",
        "forcedPause",
    )
    stage.ask(NULL, "end_of_shift")
    assert stage.states() == ["NOT_READY(meeting)", "NOT_READY(suspended)", "NULL(end_of_shift)"]


def test_a02_a_reason_kept_for_after_the_call_is_looked_at_when_it_is_asked_for() -> None:
    stage = DeskStage(rules=REASONS)
    stage.talk()
    with pytest.raises(CtiError, match="none of"):
        stage.ask(NOT_READY, "lunch")
    stage.ask(NOT_READY, "break")
    stage.hang_up()
    assert stage.state("ann") == "NotReady break"


def test_a02_who_is_not_ready_for_longer_than_the_reason_allows_is_shown_once() -> None:
    stage = DeskStage(rules=REASONS)
    stage.ask(NOT_READY, "break")
    stage.wait(599_999)
    # The same reason once more does not begin it anew.
    stage.ask(NOT_READY, "break")
    stage.states()
    assert stage.wait(1) == ["ann NotReady break"]
    [event] = stage.told
    assert (event.cause, event.agent_state_condition) == ("durationExceeded", "other")
    assert event.since == 0
    assert stage.wait(10_000_000) == []


@pytest.mark.parametrize(("state", "reason"), [(NOT_READY, "meeting"), (READY, None)])
def test_a02_who_goes_on_to_something_else_in_time_is_not_shown(
    state: AgentState, reason: str | None
) -> None:
    stage = DeskStage(rules=REASONS)
    stage.ask(NOT_READY, "break")
    stage.wait(599_999)
    stage.ask(state, reason)
    assert stage.wait(10_000_000) == []


def test_rg_15_a_pause_asked_for_while_it_rings_is_not_undone_by_a_ready_of_the_systems() -> None:
    stage = DeskStage()
    stage.enter("c1")
    stage.states()
    stage.ask(NOT_READY, "lunch")
    stage.answer("c1")
    stage.enter("c2")
    stage.hang_up()
    assert stage.states() == ["BUSY", "BUSY", "NOT_READY(lunch)"]
    assert stage.wait(1_000_000) == []


def test_rg_10_a_pause_asked_for_while_it_rings_makes_no_loop_of_offers() -> None:
    stage = DeskStage()
    stage.enter("c1")
    for _ in range(10):
        stage.ask(NOT_READY, "lunch")
    assert len(stage.offers) == 1
    stage.wait(1_000_000)
    assert len(stage.offers) == 1
    assert stage.state("ann") == "NotReady lunch"


def test_a11_an_agent_is_called_at_the_phone_where_he_has_logged_on() -> None:
    stage = DeskStage()
    stage.ask(NULL)
    stage.tell(LogOn("ann", "station:99"), AskState("ann", READY), Enter("c1", "sales"))
    assert stage.offer("c1").device_id == "station:99"


def test_a13_the_queue_says_whether_the_agents_phone_answers_by_itself() -> None:
    stage = DeskStage(queue("sales", auto_answer=True), queue("support"), agents=("ann", "bob"))
    stage.enter("c1")
    stage.enter("c2", queue="support")
    assert [offer.auto_answer for _, offer in stage.offers] == [True, False]


# Offers that are not taken (A07, A08).


@pytest.mark.parametrize("reason", list(RefusalReason))
def test_a08_each_cause_has_its_own_rule_and_its_own_count(reason: RefusalReason) -> None:
    rules = AgentRules(
        no_answer=RefusalRule(reason="r-noAnswer"),
        rejected=RefusalRule(reason="r-rejected"),
        busy=RefusalRule(reason="r-busy"),
        device_lost=RefusalRule(reason="r-deviceLost"),
    )
    stage = DeskStage(rules=rules)
    stage.enter("c1")
    stage.refuse("c1", reason)
    assert stage.state("ann") == f"NotReady r-{reason.value}"
    assert stage.agent().misses == {reason: 1}


def test_a08_after_so_many_in_a_row_who_would_stay_ready_is_paused_and_may_come_back() -> None:
    rules = AgentRules(rejected=RefusalRule(stays_ready=True, pause_after=3, back_off_ms=1_000))
    stage = DeskStage(rules=rules)
    stage.enter("c1")
    for _ in range(2):
        stage.refuse("c1", REJECTED)
        stage.wait(1_000)
    stage.states()
    stage.refuse("c1", REJECTED)
    [event] = stage.told
    assert (event.STATE, event.cause, event.reason_code, event.agent_state_condition) == (
        NOT_READY,
        "forcedPause",
        "auto_pause",
        "forcedPause",
    )
    stage.wait(60_000)
    assert stage.ready("ann")[-1] == "c1 -> ann"
    stage.refuse("c1", REJECTED)
    assert stage.state("ann") == "Ready"


def test_a08_an_answer_and_another_cause_do_not_add_up_to_a_pause() -> None:
    rule = RefusalRule(stays_ready=True, pause_after=2, back_off_ms=1_000)
    stage = DeskStage(rules=AgentRules(rejected=rule, busy=rule))
    for number, reason in enumerate((REJECTED, BUSY, None, BUSY, REJECTED)):
        call_id = f"c{number}"
        stage.enter(call_id)
        if reason is None:
            stage.answer(call_id)
            stage.hang_up()
            continue
        stage.refuse(call_id, reason)
        assert stage.state("ann") == "Ready"
        stage.tell(Leave(call_id))


@pytest.mark.parametrize("back_off_ms", [0, 1, 1_000, 30_000])
def test_a8_rg_14_the_only_agent_is_not_offered_what_he_refuses_without_end(
    back_off_ms: int,
) -> None:
    rules = AgentRules(rejected=RefusalRule(stays_ready=True, back_off_ms=back_off_ms))
    stage = DeskStage(rules=rules)
    stage.enter("c1")
    for _ in range(300):
        if stage.acd.calls["c1"].offers:
            stage.refuse("c1", REJECTED)
        assert not stage.acd.calls["c1"].offers, "offered again at once"
        stage.wait(1_000)
    gaps = [later - at for (at, _), (later, _) in zip(stage.offers, stage.offers[1:], strict=False)]
    assert min(gaps) >= max(back_off_ms, 1_000)


def test_c3_10_who_rejects_a_call_is_passed_over_for_30_seconds_and_the_caller_is_the_first() -> (
    None
):
    stage = DeskStage()
    stage.enter("c1", "c2")
    assert stage.refuse("c1", REJECTED) == [
        "c1 not taken by ann: rejected",
        "c1 waits in sales 1/2 (remainsInQueue)",
        "ann Ready",
        "ann Busy offered",
        "c2 -> ann",
    ]
    stage.answer("c2")
    stage.hang_up()
    assert stage.wait(29_999) == []
    assert stage.wait(1)[-1] == "c1 -> ann"


def test_a8_who_comes_back_from_a_missed_call_is_not_offered_the_same_one_at_once() -> None:
    stage = DeskStage()
    stage.enter("c1")
    stage.wait(20_000)
    assert stage.state("ann") == "NotReady rona"
    assert stage.ready("ann") == ["ann Ready"]
    stage.wait(1_000)
    assert stage.enter("c2")[-1] == "c2 -> ann"
    stage.answer("c2")
    stage.hang_up()
    assert stage.wait(29_000)[-1] == "c1 -> ann"


def test_rg_25_who_misses_call_after_call_is_never_logged_off_and_may_always_come_back() -> None:
    stage = DeskStage()
    for number in range(5):
        stage.enter(f"c{number}")
        stage.wait(20_000)
        stage.states()
        assert stage.state("ann") == "NotReady rona"
        stage.ready("ann")
        assert stage.agent().state in (READY, AgentState.BUSY)
        if stage.agent().offer_id is not None:
            stage.tell(Answered(stage.agent().offer_id or ""))
            stage.hang_up()


def test_a07_rg_07_an_offer_of_which_nothing_is_heard_ends_and_the_next_agent_has_the_call() -> (
    None
):
    stage = DeskStage(queue(ring_ms=10_000), agents=("ann", "bob"))
    stage.enter("c1", "c2", "c3")
    said = stage.wait(10_000)
    assert "ann NotReady rona" in said
    assert "bob NotReady rona" in said
    stage.wait(1_000_000)
    assert {offer.call_id for _, offer in stage.offers} == {"c1", "c2"}
    assert [call.waits for call in stage.acd.calls.values()] == [True] * 3


# Phones that are in other use, or lost (A6, c.3-9).


def test_rg_17_a_call_of_another_kind_during_an_offer_ends_the_offer_and_not_the_agent() -> None:
    stage = DeskStage()
    stage.enter("c1")
    stage.tell(PhoneBusy("ann", BusyPhase.TALKING, "own"))
    stage.states()
    stage.refuse("c1", BUSY)
    assert stage.states() == []
    assert stage.state("ann") == "Busy talking"
    assert stage.enter("c2")[0].startswith("c2 waits")
    assert stage.hang_up() == ["ann Ready", "ann Busy offered", "c2 -> ann"]


def test_c3_9_rg_28_who_is_ready_and_loses_the_phone_is_not_ready_in_the_same_step() -> None:
    stage = DeskStage()
    assert stage.tell(DeviceReachable("ann", reachable=False)) == ["ann NotReady device_lost"]
    [event] = stage.told
    assert (event.cause, event.agent_state_condition) == ("destNotObtainable", "forcedPause")
    assert stage.enter("c1")[0].startswith("c1 waits")
    assert stage.tell(DeviceReachable("ann", reachable=True)) == [
        "ann Ready",
        "ann Busy offered",
        "c1 -> ann",
    ]


def test_rg_28_whose_phone_is_lost_cannot_be_ready() -> None:
    stage = DeskStage()
    stage.tell(DeviceReachable("ann", reachable=False))
    with pytest.raises(CtiError, match="station:1 cannot be reached") as refused:
        stage.ready("ann")
    assert refused.value.value is ErrorValue.DEVICE_OUT_OF_SERVICE


def test_who_takes_no_calls_is_not_ready_for_that_reason_and_what_rings_goes_on() -> None:
    closed = DeviceReachable("ann", reachable=False, cause=Cause.DO_NOT_DISTURB)
    stage = DeskStage()
    stage.enter("c1")
    assert stage.tell(closed) == []
    stage.answer("c1")
    stage.hang_up()
    assert stage.state("ann") == "NotReady do_not_disturb"
    with pytest.raises(CtiError, match="switch that off first") as refused:
        stage.ready("ann")
    assert refused.value.value is ErrorValue.INVALID_DEVICE_STATE
    assert stage.tell(DeviceReachable("ann", reachable=True, cause=None)) == ["ann Ready"]


def test_rg_12_a_phone_that_is_lost_while_it_rings_gives_the_call_back_and_takes_no_blame() -> None:
    stage = DeskStage(agents=("ann", "bob"))
    stage.enter("c1")
    assert stage.tell(DeviceReachable("ann", reachable=False)) == [
        "c1 not taken by ann: deviceLost",
        "ann NotReady device_lost",
        "c1 waits in sales 1/1 (remainsInQueue)",
        "bob Busy offered",
        "c1 -> bob",
    ]
    # It registers anew: the agent is what he was.
    assert stage.tell(DeviceReachable("ann", reachable=True)) == ["ann Ready"]


def test_rg_12_a_phone_that_registers_anew_while_it_rings_changes_nothing() -> None:
    stage = DeskStage()
    stage.enter("c1")
    assert stage.tell(DeviceReachable("ann", reachable=True)) == []
    assert stage.answer("c1")[0] == "c1 taken by ann after 0"


@pytest.mark.parametrize("during", ["call", "work"])
def test_a6_a_phone_that_is_lost_in_a_call_or_in_work_keeps_its_agent_from_being_ready(
    during: str,
) -> None:
    stage = DeskStage(queue(wrap_up_ms=10_000))
    stage.talk()
    if during == "work":
        stage.hang_up()
    assert stage.tell(DeviceReachable("ann", reachable=False)) == []
    if during == "call":
        stage.hang_up()
    stage.wait(10_000)
    assert stage.state("ann") == "NotReady device_lost"
    stage.tell(DeviceReachable("ann", reachable=True))
    assert stage.state("ann") == "Ready"


def test_a5_who_has_asked_for_a_pause_meanwhile_is_not_made_ready_when_the_phone_is_back() -> None:
    stage = DeskStage()
    stage.tell(DeviceReachable("ann", reachable=False))
    stage.ask(NOT_READY, "lunch")
    assert stage.tell(DeviceReachable("ann", reachable=True)) == []
    assert stage.state("ann") == "NotReady lunch"


def test_a5_a_pause_asked_for_while_it_rang_outlasts_the_loss_of_the_phone() -> None:
    stage = DeskStage()
    stage.enter("c1")
    stage.ask(NOT_READY, "lunch")
    stage.tell(DeviceReachable("ann", reachable=False), DeviceReachable("ann", reachable=True))
    assert stage.state("ann") == "NotReady lunch"


def test_a_phone_that_is_back_during_another_call_leaves_its_agent_ready_afterwards() -> None:
    stage = DeskStage()
    stage.tell(DeviceReachable("ann", reachable=False))
    stage.dial()
    assert stage.tell(DeviceReachable("ann", reachable=True)) == []
    assert stage.hang_up() == ["ann Ready"]


def test_the_phone_of_who_is_not_here_is_nobodys_business_and_a_log_on_begins_anew() -> None:
    stage = DeskStage()
    stage.tell(DeviceReachable("ann", reachable=False))
    stage.ask(NULL)
    assert stage.tell(DeviceReachable("ann", reachable=True)) == []
    stage.tell(LogOn("ann"))
    assert stage.ready("ann") == ["ann Ready"]
