"""Stories about one distributor: who is offered what, and what becomes of it."""

from __future__ import annotations

import pytest

from acd.config import AgentChoice, ServiceOrder
from acd.inputs import Answered, AskState, Enter, Leave, LogOn, PhoneBusy, Refused
from acd.steps import Step
from csta.acd_events import RefusalReason
from csta.causes import Cause
from csta.errors import CtiError, ErrorValue
from csta.states import AgentState, BusyPhase
from tests.acd.stage import Stage, queue

SALES = {"sales": 5}


def test_a_call_waits_when_no_agent_is_ready() -> None:
    stage = Stage()
    assert stage.enter("c1") == ["c1 waits in sales 1/1 (noAvailableAgents)"]
    assert stage.enter("c2") == ["c2 waits in sales 2/2 (noAvailableAgents)"]


def test_a_call_that_comes_in_is_offered_to_a_ready_agent_at_once() -> None:
    stage = Stage(ann=SALES)
    assert stage.enter("c1") == ["ann Busy offered", "c1 -> ann"]
    assert stage.answer("c1") == ["c1 taken by ann after 0", "ann Busy talking"]


def test_an_agent_who_becomes_ready_gets_the_call_that_has_waited_longest() -> None:
    stage = Stage(ann=SALES)
    stage.enter("c1", "c2", "c3")
    stage.answer("c1")
    stage.wait(3_000)
    assert stage.tell(PhoneBusy("ann", None)) == ["ann Ready", "ann Busy offered", "c2 -> ann"]
    assert stage.answer("c2")[0] == "c2 taken by ann after 3000"


def test_the_agent_who_has_been_idle_longest_is_chosen() -> None:
    stage = Stage(ann=SALES, bob=SALES, cem=SALES)
    assert stage.enter("c1")[-1] == "c1 -> ann"
    stage.answer("c1")
    stage.wait(1)
    stage.tell(PhoneBusy("ann", None))
    assert [stage.enter(call)[-1] for call in ("c2", "c3", "c4")] == [
        "c2 -> bob",
        "c3 -> cem",
        "c4 -> ann",
    ]


def test_who_became_ready_first_within_one_millisecond_is_first_across_skill_sets() -> None:
    stage = Stage(ann=SALES, bob={"sales": 5, "support": 1}, cem=SALES)
    for name in ("cem", "bob", "ann"):
        stage.tell(AskState(name, AgentState.NOT_READY))
    for name in ("cem", "bob", "ann"):
        stage.ready(name)
    assert [stage.enter(call)[-1] for call in ("c1", "c2", "c3")] == [
        "c1 -> cem",
        "c2 -> bob",
        "c3 -> ann",
    ]


def test_the_most_skilled_agent_is_chosen_where_the_queue_says_so() -> None:
    stage = Stage(queue(agent_choice=AgentChoice.MOST_SKILLED), ann={"sales": 3}, bob={"sales": 9})
    assert stage.enter("c1")[-1] == "c1 -> bob"


def test_a_skill_below_the_required_level_does_not_count() -> None:
    stage = Stage(queue(skills={"sales": 6}), ann=SALES)
    assert stage.enter("c1") == ["c1 waits in sales 1/1 (noAvailableAgents)"]
    assert stage.tell(Enter("c2", "sales", skills={"english": 1}))[0].startswith("c2 waits")


def test_a_call_asks_for_the_higher_of_its_own_level_and_the_queues() -> None:
    stage = Stage(ann={"sales": 5})
    assert stage.tell(Enter("c1", "sales", skills={"sales": 6}))[0].startswith("c1 waits")
    assert stage.enter("c2")[-1] == "c2 -> ann"


def test_higher_priority_is_served_first_and_within_it_who_came_first() -> None:
    stage = Stage(ann=SALES)
    stage.enter("c0")
    stage.enter("low")
    stage.enter("high", "high2", priority=2)
    served = []
    for call in ("c0", "high", "high2"):
        stage.answer(call)
        served.append(stage.tell(PhoneBusy("ann", None))[-1])
    assert served == ["high -> ann", "high2 -> ann", "low -> ann"]


@pytest.mark.parametrize(("later_by", "place"), [(60_000, "2/2"), (59_999, "1/2")])
def test_in_aged_order_a_point_of_priority_is_worth_a_minute(later_by: int, place: str) -> None:
    stage = Stage(order=ServiceOrder.AGED)
    stage.enter("old")
    stage.wait(later_by)
    assert stage.enter("high", priority=1)[0].startswith(f"high waits in sales {place}")


def test_credit_moves_a_call_forward_by_so_much_time() -> None:
    stage = Stage()
    stage.enter("old")
    stage.wait(90_000)
    first = stage.tell(Enter("credit", "sales", credit_ms=90_001))
    assert first == ["credit waits in sales 1/2 (noAvailableAgents)"]


def test_nobody_answers_and_the_caller_is_back_at_the_head_with_the_original_instant() -> None:
    stage = Stage(ann=SALES)
    stage.enter("c1")
    stage.wait(5_000)
    stage.enter("c2")
    assert stage.wait(15_000) == [
        "c1 not taken by ann: noAnswer",
        "ann NotReady rona",
        "c1 waits in sales 1/2 (remainsInQueue)",
    ]
    assert stage.acd.calls["c1"].enqueued_at == 0
    assert stage.state("ann") == "NotReady rona"
    assert stage.directory.agent("ann").misses == {RefusalReason.NO_ANSWER: 1}


def test_who_asked_to_be_ready_while_the_phone_rang_is_not_ready_after_a_missed_call() -> None:
    stage = Stage(ann=SALES)
    stage.enter("c1")
    stage.ready("ann")
    assert "c1 -> ann" not in stage.wait(20_000)
    assert stage.state("ann") == "NotReady rona"


def test_a_call_that_was_rejected_is_kept_from_that_agent_for_half_a_minute() -> None:
    stage = Stage(ann=SALES)
    stage.enter("c1")
    assert stage.refuse("c1", RefusalReason.REJECTED) == [
        "c1 not taken by ann: rejected",
        "c1 waits in sales 1/1 (remainsInQueue)",
        "ann Ready",
    ]
    assert stage.wait(29_999) == []
    assert stage.wait(1) == ["ann Busy offered", "c1 -> ann"]


def test_who_rejected_a_call_gets_the_next_one() -> None:
    stage = Stage(ann=SALES)
    stage.enter("c1", "c2")
    assert stage.refuse("c1", RefusalReason.REJECTED)[-1] == "c2 -> ann"


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (RefusalReason.BUSY, "NotReady phone_busy"),
        (RefusalReason.DEVICE_LOST, "NotReady device_lost"),
    ],
)
def test_a_phone_that_cannot_ring_makes_its_agent_not_ready(
    reason: RefusalReason, state: str
) -> None:
    stage = Stage(ann=SALES, bob=SALES)
    stage.enter("c1")
    assert stage.refuse("c1", reason)[-1] == "c1 -> bob"
    assert stage.state("ann") == state


def test_an_answer_at_the_instant_of_the_deadline_is_too_late() -> None:
    stage = Stage(ann=SALES)
    stage.enter("c1")
    offer = stage.offer("c1")
    assert stage.wait(20_000)[0] == "c1 not taken by ann: noAnswer"
    assert stage.tell(Answered(offer.offer_id)) == []
    assert stage.tell(Refused(offer.offer_id, RefusalReason.BUSY)) == []


def test_a_call_overflows_after_its_time_and_keeps_its_place_in_the_order() -> None:
    stage = Stage(
        queue(steps=(Step(after_ms=30_000, overflow_to=("support",)),)),
        queue("support"),
        bob={"support": 1},
    )
    stage.enter("s0", queue="support")
    stage.enter("c1")
    stage.wait(10_000)
    stage.enter("s1", queue="support")
    assert stage.wait(20_000) == [
        "s0 not taken by bob: noAnswer",
        "bob NotReady rona",
        "s0 waits in support 1/2 (remainsInQueue)",
        "c1 moves sales > support, step 0",
        "c1 waits in support 2/3 (overflow)",
    ]
    assert stage.acd.calls["c1"].enqueued_at == 0
    assert len(stage.acd.queues["sales"]) == 0


def test_a_call_that_also_waits_elsewhere_goes_to_the_first_agent_and_is_counted_once() -> None:
    stage = Stage(
        queue(steps=(Step(after_ms=30_000, also="support"),)), queue("support"), bob={"support": 1}
    )
    stage.tell(AskState("bob", AgentState.NOT_READY))
    stage.enter("c1")
    assert stage.wait(30_000) == [
        "c1 also sales > support, step 0",
        "c1 waits in sales 1/1 (remainsInQueue)",
    ]
    assert [len(stage.acd.queues[name]) for name in ("sales", "support")] == [1, 1]
    assert stage.ready("bob")[-1] == "c1 -> bob"
    assert stage.offer("c1").queue == "support"
    assert [len(stage.acd.queues[name]) for name in ("sales", "support")] == [0, 0]
    assert stage.answer("c1")[0] == "c1 taken by bob after 30000"
    assert not stage.acd.calls
    assert stage.wait(100_000) == []


def test_a_step_can_raise_the_priority() -> None:
    stage = Stage(queue(steps=(Step(after_ms=10_000, priority_by=3),)))
    stage.enter("vip", priority=1)
    stage.enter("c1")
    assert stage.wait(10_000) == [
        "vip waits in sales 1/2 (remainsInQueue)",
        "c1 waits in sales 2/2 (remainsInQueue)",
    ]
    stage.enter("late", priority=2)
    assert stage.acd.calls["c1"].key < stage.acd.calls["late"].key


def test_after_the_call_the_agent_works_on_it_for_the_queues_time() -> None:
    stage = Stage(queue(wrap_up_ms=15_000), ann=SALES)
    stage.enter("c1")
    stage.answer("c1")
    assert stage.tell(PhoneBusy("ann", None)) == ["ann WorkingAfterCall"]
    stage.enter("c2")
    assert stage.wait(14_999) == []
    assert stage.wait(1) == ["ann Ready", "ann Busy offered", "c2 -> ann"]


def test_an_agent_may_end_the_work_after_the_call() -> None:
    stage = Stage(queue(wrap_up_ms=15_000), ann=SALES)
    stage.enter("c1")
    stage.answer("c1")
    stage.tell(PhoneBusy("ann", None))
    assert stage.ready("ann") == ["ann Ready"]
    assert stage.wait(60_000) == []


def test_a_pause_asked_for_in_a_call_comes_after_the_work_and_never_by_way_of_ready() -> None:
    # features c.3 no. 7: TALKING -> WORK -> NOT_READY(lunch), never READY.
    stage = Stage(queue(wrap_up_ms=30_000), ann=SALES)
    stage.enter("c1")
    stage.answer("c1")
    stage.log.clear()
    stage.tell(AskState("ann", AgentState.NOT_READY, "lunch"))
    stage.enter("c2")
    stage.tell(PhoneBusy("ann", None))
    stage.wait(30_000)
    assert [said for said in stage.log if said.startswith("ann")] == [
        "ann Busy talking",
        "ann WorkingAfterCall",
        "ann NotReady lunch",
    ]


def test_who_is_logged_off_by_force_in_a_call_leaves_after_it() -> None:
    stage = Stage(ann=SALES)
    stage.enter("c1")
    stage.answer("c1")
    with pytest.raises(CtiError) as refused:
        stage.tell(AskState("ann", AgentState.NULL))
    assert refused.value.value is ErrorValue.INVALID_AGENT_STATE
    stage.tell(AskState("ann", AgentState.NULL, force=True))
    assert stage.state("ann") == "Busy talking"
    assert stage.tell(PhoneBusy("ann", None)) == ["ann Null"]
    assert stage.directory.at_device("station:1") is None


def test_who_is_not_logged_on_can_only_log_on() -> None:
    stage = Stage(ann=SALES)
    stage.tell(AskState("ann", AgentState.NULL))
    for state in AgentState:
        with pytest.raises(CtiError) as refused:
            stage.tell(AskState("ann", state))
        assert refused.value.current is not None
        assert refused.value.current.services_permitted == ("loggedOn",)
    assert stage.tell(LogOn("ann")) == ["ann NotReady"]


def test_a_full_queue_turns_calls_away_but_not_from_a_ready_agent() -> None:
    stage = Stage(queue(waiting_max=1), ann=SALES)
    assert stage.enter("c1")[-1] == "c1 -> ann"
    assert stage.enter("c2")[0].startswith("c2 waits")
    assert stage.enter("c3") == [f"c3 turned away from sales: {Cause.ACD_BUSY.value}"]
    stage.tell(Leave("c1"))
    assert stage.offer("c2").agent_id == "ann"
    assert list(stage.acd.calls) == ["c2"]


def test_a_caller_leaves_while_it_rings_and_the_agent_gets_the_next_call() -> None:
    stage = Stage(ann=SALES)
    stage.enter("c1", "c2")
    assert stage.tell(Leave("c1")) == [
        "c1 withdrawn from ann",
        "ann Ready",
        "ann Busy offered",
        "c2 -> ann",
    ]
    assert stage.tell(Leave("c2")) == ["c2 withdrawn from ann", "ann Ready"]
    assert stage.tell(Leave("c2")) == []
    assert not stage.acd.calls
    assert len(stage.acd.offers) == 0


def test_who_dialled_while_an_offer_was_under_way_is_not_ready_when_it_is_withdrawn() -> None:
    stage = Stage(ann=SALES)
    stage.enter("c1", "c2")
    stage.tell(PhoneBusy("ann", BusyPhase.DIALING, "own"))
    assert stage.tell(Leave("c1")) == ["c1 withdrawn from ann"]
    assert stage.tell(PhoneBusy("ann", None))[-1] == "c2 -> ann"


def test_who_dials_in_vain_before_the_offer_rings_is_offered_it_still() -> None:
    stage = Stage(ann=SALES)
    stage.enter("c1")
    stage.tell(PhoneBusy("ann", BusyPhase.DIALING, "own"))
    assert stage.tell(PhoneBusy("ann", None)) == ["ann Busy offered"]
    assert stage.answer("c1")[0] == "c1 taken by ann after 0"


def test_a_call_of_his_own_brings_an_agent_back_to_where_he_was() -> None:
    stage = Stage(ann=SALES)
    stage.tell(AskState("ann", AgentState.NOT_READY, "lunch"))
    assert stage.tell(PhoneBusy("ann", BusyPhase.DIALING, "x")) == ["ann Busy dialing"]
    assert stage.tell(PhoneBusy("ann", None)) == ["ann NotReady lunch"]


def test_the_abandoned_call_of_an_empty_centre_is_not_offered_to_who_logs_on_later() -> None:
    # features c.3 no. 12.
    stage = Stage(ann=SALES)
    stage.tell(AskState("ann", AgentState.NULL))
    stage.enter("c1")
    stage.tell(Leave("c1"))
    stage.tell(LogOn("ann"))
    assert stage.ready("ann") == ["ann Ready"]


def test_counts_are_of_those_who_can_serve_the_queue() -> None:
    stage = Stage(queue(), queue("support"), ann=SALES, bob={"sales": 1, "support": 1})
    assert stage.acd.counts("sales") == (0, 2, 2)
    assert stage.acd.counts("support") == (0, 1, 1)
    stage.enter("c1")
    stage.tell(AskState("bob", AgentState.NOT_READY))
    stage.enter("c2")
    assert stage.acd.counts("sales") == (1, 2, 0)
    stage.tell(AskState("bob", AgentState.NULL))
    assert stage.acd.counts("support") == (0, 0, 0)


def test_a_call_that_comes_back_keeps_its_instant() -> None:
    stage = Stage()
    stage.wait(50_000)
    stage.enter("new")
    back = stage.tell(Enter("back", "sales", enqueued_at=10_000))
    assert back == ["back waits in sales 1/2 (noAvailableAgents)"]
