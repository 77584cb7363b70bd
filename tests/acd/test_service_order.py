"""Which call is next: priority, age, weight, need, and the place that a call keeps (R17 to R22)."""

from __future__ import annotations

import pytest

from acd.config import AgentChoice, ServiceOrder
from acd.inputs import (
    AskState,
    ChangeCall,
    Enter,
    Leave,
    PhoneBusy,
)
from acd.rules import Ring
from acd.steps import Step
from csta.acd_events import RefusalReason
from csta.states import AgentState
from tests.acd.desk_stage import DeskStage
from tests.acd.stage import BOTH, SALES, Stage, offers, queue, who


def away(stage: Stage, *names: str) -> None:
    for name in names:
        stage.tell(AskState(name, AgentState.NOT_READY))


def test_r17_priority_classes_come_one_after_the_other() -> None:
    stage = Stage(ann=SALES)
    away(stage, "ann")
    for call, priority in (("a0", 0), ("b2", 2), ("c1", 1), ("d2", 2)):
        stage.enter(call, priority=priority)
    assert [call.call_id for call in sorted(stage.acd.calls.values(), key=lambda c: c.key)] == [
        "b2",
        "d2",
        "c1",
        "a0",
    ]
    assert offers(stage.ready("ann")) == ["b2 -> ann"]


@pytest.mark.parametrize(("later_by", "first"), [(59_999, "vip"), (60_001, "old")])
def test_r18_waiting_makes_up_for_priority(later_by: int, first: str) -> None:
    stage = Stage(order=ServiceOrder.AGED, ann=SALES)
    away(stage, "ann")
    stage.enter("old")
    stage.wait(later_by)
    stage.enter("vip", priority=1)
    assert offers(stage.ready("ann")) == [f"{first} -> ann"]


def test_r19_rg_35_a_changed_priority_counts_and_the_place_is_told_anew() -> None:
    stage = Stage(ann=SALES)
    away(stage, "ann")
    stage.enter("c1", "c2")
    assert stage.tell(ChangeCall("c2", priority=1)) == ["c2 waits in sales 1/2 (remainsInQueue)"]
    assert offers(stage.ready("ann")) == ["c2 -> ann"]


def test_r19_changed_skills_count_at_each_place_of_the_call() -> None:
    where = queue(steps=(Step(after_ms=0, also="support"),))
    stage = Stage(where, queue("support"), ann={"support": 5})
    away(stage, "ann")
    stage.enter("c1")
    stage.tell(ChangeCall("c1", skills={"english": 1}))
    assert offers(stage.ready("ann")) == []
    assert offers(stage.tell(ChangeCall("c1", skills={}))) == ["c1 -> ann"]


def test_r19_changed_skills_count_for_who_may_join_where_all_phones_ring() -> None:
    stage = Stage(queue(ring=Ring.ALL), ann=SALES, bob=SALES)
    away(stage, "bob")
    stage.enter("c1")
    stage.tell(ChangeCall("c1", skills={"english": 1}))
    assert offers(stage.ready("bob")) == []


def test_r20_the_queue_of_greater_weight_goes_first_for_those_who_serve_both() -> None:
    stage = Stage(queue(), queue("support", weight=1), ann=BOTH)
    away(stage, "ann")
    stage.enter("old", priority=9)
    stage.enter("heavy", queue="support")
    assert offers(stage.ready("ann")) == ["heavy -> ann"]


def test_r20_a_membership_has_its_own_weight_and_its_own_delay() -> None:
    ann = who("ann", 1, sales={"weight": 3, "delay_ms": 5_000}, support={})
    stage = DeskStage(queue(), queue("support", weight=1), agents=(ann,))
    away(stage, "ann")
    stage.enter("light")
    stage.enter("heavy", queue="support")
    assert offers(stage.ready("ann")) == ["heavy -> ann"]
    stage.tell(Leave("heavy"))
    assert offers(stage.wait(4_999)) == []
    assert offers(stage.wait(1)) == ["light -> ann"]


def test_r20_of_calls_that_open_at_one_instant_the_first_in_the_order_is_served() -> None:
    stage = DeskStage(queue(), agents=(who("ann", 1, sales={"delay_ms": 5_000}),))
    stage.enter("c1")
    stage.enter("vip", priority=3)
    assert offers(stage.wait(5_000)) == ["vip -> ann"]


def test_r20_a_delay_of_the_second_queue_opens_in_time_too() -> None:
    where = queue(steps=(Step(after_ms=1_000, also="support"),))
    ann = who("ann", 1, skills={"support": 1}, support={"delay_ms": 7_000})
    stage = DeskStage(where, queue("support"), agents=(ann,))
    stage.enter("c1")
    assert offers(stage.wait(6_999)) == []
    assert offers(stage.wait(1)) == ["c1 -> ann"]


def test_r21_which_call_and_which_agent_are_two_rules() -> None:
    """Surplus of calls: the order decides. Surplus of agents: the choice of the queue does."""
    where = queue(agent_choice=AgentChoice.MOST_SKILLED)
    stage = Stage(where, order=ServiceOrder.AGED, ann={"sales": 1}, bob={"sales": 9})
    assert offers(stage.enter("c1")) == ["c1 -> bob"]
    away(stage, "ann")
    stage.enter("c2", "c3")
    assert offers(stage.ready("ann")) == ["c2 -> ann"]


def test_r22_the_queue_that_is_latest_against_its_objective_goes_first() -> None:
    stage = Stage(
        queue(service_level_ms=60_000),
        queue("support", service_level_ms=10_000),
        order=ServiceOrder.GREATEST_NEED,
        ann=BOTH,
    )
    away(stage, "ann")
    stage.enter("old")
    stage.wait(10_000)
    stage.enter("young", queue="support")
    stage.wait(5_000)
    assert offers(stage.ready("ann")) == ["young -> ann"]


def test_r22_what_counts_is_the_wait_that_is_predicted() -> None:
    """Equal waits and objectives: the queue whose answers come slowly will be later."""
    stage = Stage(
        queue(), queue("support"), order=ServiceOrder.GREATEST_NEED, ann=BOTH, bob={"support": 1}
    )
    away(stage, "ann", "bob")
    stage.enter("s0", "s1", "s2", queue="support")
    for call in ("s0", "s1"):
        stage.ready("bob")
        stage.answer(call)
        stage.wait(30_000)
        stage.tell(AskState("bob", AgentState.NOT_READY))
        stage.tell(PhoneBusy("bob", None))
    stage.tell(Leave("s2"))
    stage.enter("c1")
    stage.enter("s3", queue="support")
    assert offers(stage.ready("ann")) == ["s3 -> ann"]


def test_r22_in_a_queue_the_order_is_the_aged_one_whatever_the_requirements() -> None:
    stage = Stage(order=ServiceOrder.GREATEST_NEED, ann={"sales": 5, "english": 1})
    away(stage, "ann")
    stage.enter("old")
    stage.wait(30_000)
    stage.tell(Enter("vip", "sales", 1, {"english": 1}))
    assert offers(stage.ready("ann")) == ["vip -> ann"]


@pytest.mark.parametrize("reason", list(RefusalReason))
def test_r26_a_call_that_is_not_taken_keeps_its_place_and_the_other_agent_has_it(
    reason: RefusalReason,
) -> None:
    stage = Stage(ann=SALES, bob=SALES)
    away(stage, "bob")
    stage.enter("c1")
    stage.wait(7_000)
    stage.enter("c2")
    assert "c1 waits in sales 1/2 (remainsInQueue)" in stage.refuse("c1", reason)
    assert stage.acd.calls["c1"].enqueued_at == 0
    assert offers(stage.ready("bob")) == ["c1 -> bob"]
