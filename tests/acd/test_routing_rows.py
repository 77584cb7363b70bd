"""The routing rows of the features by their ids: who rings, and what time does to who waits.

R01 to R07 and R36 are in `test_selection`, R10 to R12 in `test_requirements`, R17 to R22 and R26
in `test_service_order`, the bugs of other systems in `test_order_regressions`.
"""

from __future__ import annotations

from typing import Any

import pytest

from acd.config import AcdConfig, AgentChoice
from acd.inputs import (
    Apply,
    AskState,
    Enter,
    LogOn,
    PhoneBusy,
    PickCall,
    Reconfigure,
)
from acd.rules import Ring
from acd.steps import Step
from csta.errors import CtiError, ErrorValue
from csta.states import AgentState, BusyPhase
from tests.acd.desk_stage import DeskStage
from tests.acd.stage import BOTH, SALES, Stage, offers, queue, who


def away(stage: Stage, *names: str) -> None:
    for name in names:
        stage.tell(AskState(name, AgentState.NOT_READY))


# Who rings, and who may (R08, R09, R15, R29, R30).


def test_r08_all_phones_ring_and_exactly_one_wins() -> None:
    stage = Stage(queue(ring=Ring.ALL), ann=SALES, bob=SALES, cem=SALES)
    assert offers(stage.enter("c1")) == ["c1 -> ann", "c1 -> bob", "c1 -> cem"]
    stage.answer("c1")
    assert [stage.state(name) for name in ("ann", "bob", "cem")] == ["Busy talking"] + ["Ready"] * 2


def test_r08_who_becomes_free_joins_where_all_phones_ring() -> None:
    stage = Stage(queue(ring=Ring.ALL), ann=SALES, bob=SALES)
    away(stage, "bob")
    stage.enter("c1")
    assert offers(stage.ready("bob")) == ["c1 -> bob"]


def test_r08_who_becomes_free_after_a_reload_joins_still() -> None:
    stage = Stage(queue(ring=Ring.ALL), ann=SALES, bob=SALES)
    away(stage, "bob")
    stage.enter("c1")
    stage.tell(Reconfigure(AcdConfig(queues=(queue(ring=Ring.ALL),), version=2)))
    assert offers(stage.ready("bob")) == ["c1 -> bob"]


def test_r08_one_phone_more_rings_after_each_interval() -> None:
    stage = Stage(queue(ring=Ring.PROGRESSIVE, ring_next_ms=4_000), ann=SALES, bob=SALES, cem=SALES)
    stage.enter("c1")
    assert [offers(stage.wait(ms)) for ms in (3_999, 1, 4_000)] == [
        [],
        ["c1 -> bob"],
        ["c1 -> cem"],
    ]


@pytest.mark.parametrize(("wait_ms", "after"), [(0, 0), (8_000, 8_000)])
def test_r09_a_lower_rank_is_used_when_no_better_is_ready_or_after_its_time(
    wait_ms: int, after: int
) -> None:
    agents = who("ann", 1, sales={"rank": 2}), who("bob", 2, sales={"rank": 1})
    stage = DeskStage(queue(rank_wait_ms=wait_ms), agents=agents)
    assert offers(stage.enter("c1")) == ["c1 -> bob"]
    stage.enter("c2")
    stage.wait(after)
    assert stage.offer("c2").agent_id == "ann"
    assert stage.offers[-1][0] == after


def test_r09_a_rank_that_comes_with_an_agent_opens_to_calls_that_wait_already() -> None:
    stage = DeskStage(queue(rank_wait_ms=5_000), agents=(who("ann", 1, sales={"rank": 2}),))
    stage.tell(AskState("ann", AgentState.NULL))
    stage.enter("c1")
    stage.wait(1_000)
    stage.tell(LogOn("ann"))
    assert offers(stage.ready("ann")) == []
    assert offers(stage.wait(3_999)) == []
    assert offers(stage.wait(1)) == ["c1 -> ann"]


def test_r15_a_call_is_kept_for_the_agent_it_wants_and_then_for_anybody() -> None:
    stage = Stage(ann=SALES, bob=SALES)
    stage.enter("c0")
    stage.answer("c0")
    stage.tell(Enter("c1", "sales", preferred=("ann",), preferred_ms=10_000))
    assert offers(stage.wait(9_999)) == []
    assert offers(stage.wait(1)) == ["c1 -> bob"]


def test_r15_the_agent_who_is_wanted_has_the_call_though_others_are_ready() -> None:
    stage = Stage(ann=SALES, bob=SALES)
    stage.tell(Enter("c1", "sales", preferred=("bob",), preferred_ms=10_000))
    assert stage.offer("c1").agent_id == "bob"


@pytest.mark.parametrize("leaves_after", [None, 2_000])
def test_r15_nobody_waits_for_an_agent_who_is_not_here(leaves_after: int | None) -> None:
    stage = Stage(ann=SALES, bob=SALES)
    away(stage, "ann")
    if leaves_after is None:
        stage.tell(AskState("ann", AgentState.NULL))
    stage.tell(Enter("c1", "sales", preferred=("ann",), preferred_ms=60_000))
    if leaves_after is not None:
        stage.wait(leaves_after)
        stage.tell(AskState("ann", AgentState.NULL))
    assert stage.offer("c1").agent_id == "bob"


def test_r15_who_is_wanted_still_has_the_call_in_the_queue_it_overflows_to() -> None:
    where = queue(steps=(Step(after_ms=5_000, overflow_to=("support",)),))
    stage = Stage(where, queue("support"), ann=BOTH, bob=BOTH)
    away(stage, "ann")
    stage.tell(Enter("c1", "sales", preferred=("ann",), preferred_ms=20_000))
    stage.wait(6_000)
    assert offers(stage.ready("ann")) == ["c1 -> ann"]
    assert stage.offer("c1").queue == "support"


def test_r29_who_is_in_a_call_of_his_own_is_skipped() -> None:
    stage = Stage(ann=SALES, bob=SALES)
    stage.tell(PhoneBusy("ann", BusyPhase.TALKING, "own"))
    assert offers(stage.enter("c1", "c2")) == ["c1 -> bob"]
    assert offers(stage.tell(PhoneBusy("ann", None))) == ["c2 -> ann"]


def test_r30_a_chosen_call_goes_to_a_chosen_agent_whatever_the_order() -> None:
    stage = Stage(queue(skills={"sales": 9}), ann=SALES)
    stage.enter("c1", "c2")
    assert offers(stage.tell(PickCall("c2", "ann"))) == ["c2 -> ann"]
    with pytest.raises(CtiError) as refused:
        stage.tell(PickCall("c1", "ann"))
    assert refused.value.value is ErrorValue.INVALID_AGENT_STATE


# What time and recipes do to a call that waits (R13, R14, R28, R31 to R34).


def test_r13_the_pool_widens_step_by_step() -> None:
    steps = tuple(Step(after_ms=ms, skills={"sales": level}) for ms, level in ((5, 6), (10, 3)))
    stage = Stage(queue(skills={"sales": 9}, steps=steps), low={"sales": 3}, mid={"sales": 6})
    away(stage, "mid")
    stage.enter("c1")
    assert [offers(stage.wait(5)) for _ in range(2)] == [[], ["c1 -> low"]]
    stage.enter("c2")
    stage.ready("mid")
    assert offers(stage.wait(5)) == ["c2 -> mid"]


def test_r14_a_skill_is_dropped_on_widening() -> None:
    where = queue(
        skills={"sales": 1, "english": 3}, steps=(Step(after_ms=5, skills={"english": 0}),)
    )
    stage = Stage(where, ann=SALES)
    stage.enter("c1")
    assert offers(stage.wait(5)) == ["c1 -> ann"]


def test_r28_the_callers_tier_gives_priority_and_the_most_skilled_agent() -> None:
    vip = Step(after_ms=0, when='caller.tier == "gold"', priority_by=5, skills={"sales": 8})
    where = queue(agent_choice=AgentChoice.LEAST_SKILLED, steps=(vip,))
    stage = Stage(where, ann=SALES, bob={"sales": 9})
    away(stage, "ann", "bob")
    stage.enter("c1")
    stage.tell(Enter("gold", "sales", attributes={"tier": "gold"}))
    assert offers(stage.ready("ann")) == ["c1 -> ann"]
    assert offers(stage.ready("bob")) == ["gold -> bob"]


@pytest.mark.parametrize(("here", "target"), [(True, "support"), (False, "billing")])
def test_r31_an_empty_target_is_skipped(*, here: bool, target: str) -> None:
    step = Step(after_ms=5, overflow_to=("support", "billing"), skip_empty=True)
    stage = Stage(
        queue(steps=(step,)),
        queue("support"),
        queue("billing"),
        ann={"support": 1},
        bob={"billing": 1},
    )
    if not here:
        stage.tell(AskState("ann", AgentState.NULL))
    stage.enter("c1")
    stage.wait(5)
    assert stage.acd.calls["c1"].queue.name == target


def test_r32_calls_are_split_by_percentage() -> None:
    stage = Stage(
        queue(steps=(Step(after_ms=0, split={"support": 75, "billing": 25}),)),
        queue("support"),
        queue("billing"),
    )
    stage.enter(*(f"c{number}" for number in range(40)))
    assert {name: len(stage.acd.queues[name]) for name in ("support", "billing")} == {
        "support": 30,
        "billing": 10,
    }


def test_r33_conditions_lead_to_operations_once_and_again() -> None:
    steps = (
        Step(after_ms=10_000, when="waiting > 1", priority_by=1),
        Step(after_ms=10_000, when="position == 1", every_ms=10_000, repeat=True, priority_by=2),
        Step(after_ms=15_000, when="ready == 0", every_ms=1_000, recipe="help"),
    )
    stage = DeskStage(
        queue(steps=steps),
        agents=(),
        recipes={"help": (Step(after_ms=2_000, skills={"sales": 0}),)},
    )
    stage.enter("c1", "c2")
    stage.wait(30_000)
    assert [stage.acd.calls[name].priority for name in ("c1", "c2")] == [7, 1]
    assert [stage.acd.calls[name].step_skills for name in ("c1", "c2")] == [{"sales": 0}] * 2


@pytest.mark.parametrize(
    ("apply", "offered"), [(Apply.ALL_WAITING, ["c1 -> ann"]), (Apply.NEW_ONLY, [])]
)
def test_r34_new_rules_reach_calls_that_wait_if_they_are_to(
    apply: Apply, offered: list[str]
) -> None:
    stage = Stage(queue(skills={"sales": 9}), ann=SALES)
    stage.enter("c1")
    stage.wait(20_000)
    relaxed = queue(skills={"sales": 9}, steps=(Step(after_ms=10_000, skills={"sales": 1}),))
    reload = Reconfigure(AcdConfig(queues=(relaxed,), version=2), apply=apply)
    assert offers(stage.tell(reload)) == offered
    assert offers(stage.enter("c2")) == []
    assert stage.acd.config.version == 2


def test_r34_conditions_of_a_reload_see_all_who_wait() -> None:
    stage = Stage(queue())
    stage.enter("c1", "c2", "c3")
    crowded = queue(steps=(Step(after_ms=0, when="waiting > 2", priority_by=4),))
    stage.tell(Reconfigure(AcdConfig(queues=(crowded,), version=2)))
    assert [call.priority for call in stage.acd.calls.values()] == [4, 4, 4]


def test_r34_a_step_that_comes_again_keeps_its_time_and_added_steps_are_not_lost() -> None:
    steps = (
        Step(after_ms=10_000, every_ms=10_000, repeat=True, priority_by=1),
        Step(after_ms=1_000, recipe="later"),
    )
    more: dict[str, Any] = {"recipes": {"later": (Step(after_ms=30_000, priority=50),)}}
    stage = DeskStage(queue(steps=steps), agents=(), **more)
    stage.enter("c1")
    stage.wait(15_000)
    stage.tell(Reconfigure(AcdConfig(queues=(queue(steps=steps),), version=2, **more)))
    assert stage.acd.calls["c1"].priority == 1
    stage.wait(14_999)
    assert stage.acd.calls["c1"].priority == 2
    stage.wait(1_001)
    assert stage.acd.calls["c1"].priority == 50


def test_r34_a_reload_opens_ranks_to_calls_that_wait() -> None:
    ann = (who("ann", 1, sales={"rank": 2}),)
    stage = DeskStage(queue(rank_wait_ms=60_000), agents=ann)
    stage.enter("c1")
    sooner = AcdConfig(queues=(queue(rank_wait_ms=4_000),), version=2)
    assert offers(stage.tell(Reconfigure(sooner))) == []
    assert offers(stage.wait(4_000)) == ["c1 -> ann"]
