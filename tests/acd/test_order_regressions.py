"""Bugs of other systems in order, weight and eligibility (features c.3, reliability §2), by id."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from acd.config import AcdConfig, AgentChoice, ServiceOrder
from acd.inputs import AskState, ChangeCall, Enter, Leave, LogOn, PhoneBusy, Reconfigure
from acd.rules import Ring
from acd.steps import Step
from agents.config import AgentConfig, Membership
from csta.acd_events import RefusalReason
from csta.states import AgentState, BusyPhase
from tests.acd.desk_stage import DeskStage
from tests.acd.stage import BOTH, SALES, Stage, offers, queue


def away(stage: Stage, name: str = "ann") -> None:
    stage.tell(AskState(name, AgentState.NOT_READY))


@pytest.mark.parametrize("choice", list(AgentChoice))
def test_rg_09_an_agent_who_cannot_take_the_call_halts_it_for_nobody(choice: AgentChoice) -> None:
    """Whoever is last in the list, and wherever a turn begins, the other one is found."""
    for refuses in ("ann", "bob"):
        stage = Stage(queue(agent_choice=choice), ann=SALES, bob=SALES)
        for name in ("ann", "bob"):
            if name != refuses:
                away(stage, name)
        stage.enter("c1")
        stage.refuse("c1", RefusalReason.REJECTED)
        other = "bob" if refuses == "ann" else "ann"
        assert offers(stage.ready(other)) == [f"c1 -> {other}"]


@pytest.mark.parametrize("choice", list(AgentChoice))
def test_rg_11_a_burst_of_calls_takes_each_agent_once(choice: AgentChoice) -> None:
    names = [f"a{number}" for number in range(10)]
    agents = tuple(AgentConfig(name, name, f"station:{name}", SALES) for name in names)
    stage = DeskStage(queue(agent_choice=choice), agents=agents)
    stage.enter(*(f"c{number}" for number in range(100)))
    assert sorted(offer.agent_id for _, offer in stage.offers) == names
    assert {offer.call_id for _, offer in stage.offers} == {f"c{number}" for number in range(10)}
    assert len(stage.acd.queues["sales"]) == 90


def test_rg_32_a_call_that_is_put_first_keeps_the_others_in_their_order() -> None:
    stage = Stage(queue(), queue("support"), ann=BOTH)
    away(stage)
    stage.enter("c1", "c2")
    stage.enter("s1", queue="support")
    stage.enter("first", priority=9)
    served = []
    for _ in range(4):
        (said,) = offers(stage.ready("ann"))
        call = said.partition(" ")[0]
        served.append(call)
        stage.answer(call)
        stage.tell(AskState("ann", AgentState.NOT_READY))
        stage.tell(PhoneBusy("ann", None))
    assert served == ["first", "c1", "c2", "s1"]


def test_rg_33_a_priority_caller_is_first_across_queues_whoever_waits_longer_elsewhere() -> None:
    stage = Stage(queue(), queue("support"), ann=BOTH)
    away(stage)
    stage.enter("old", queue="support")
    stage.wait(600_000)
    stage.enter("vip", priority=20)
    assert offers(stage.ready("ann")) == ["vip -> ann"]


@pytest.mark.parametrize("order", list(ServiceOrder))
def test_rg_34_c3_5_a_heavy_call_that_an_agent_may_not_take_blocks_no_light_one(
    order: ServiceOrder,
) -> None:
    """Not by level, not by rank, not by a delay, not by a refusal: weight counts what he may."""
    members = {"sales": Membership(), "support": Membership(weight=9, rank=2, delay_ms=600_000)}
    ann = AgentConfig("ann", "Ann", "station:1", BOTH, members)
    stage = DeskStage(queue(), queue("support", rank_wait_ms=600_000), agents=(ann,), order=order)
    away(stage)
    stage.tell(Enter("hard", "support", 9, {"support": 9}))
    stage.enter("later", queue="support", priority=9)
    stage.enter("light")
    assert offers(stage.ready("ann")) == ["light -> ann"]


def test_rg_34_a_heavy_call_that_was_refused_blocks_no_light_one() -> None:
    stage = Stage(queue(), queue("support", weight=1), ann=BOTH)
    stage.enter("heavy", queue="support")
    stage.enter("light")
    assert offers(stage.refuse("heavy", RefusalReason.REJECTED)) == ["light -> ann"]


def test_rg_35_a_changed_priority_is_applied_while_the_call_rings_too() -> None:
    stage = Stage(ann=SALES)
    stage.enter("c1", "c2")
    stage.tell(ChangeCall("c1", priority=-1))
    stage.refuse("c1", RefusalReason.BUSY)
    stage.wait(30_000)
    assert offers(stage.ready("ann")) == ["c2 -> ann"]


def test_rg_37_who_comes_back_from_a_menu_is_as_old_as_before() -> None:
    stage = Stage(ann=SALES)
    away(stage)
    stage.enter("c1", "c2")
    stage.tell(Leave("c1"))
    stage.wait(60_000)
    stage.tell(Enter("c1", "sales", enqueued_at=0))
    stage.tell(Leave("c2"))
    stage.enter("c3")
    assert offers(stage.ready("ann")) == ["c1 -> ann"]


def test_rg_39_who_becomes_free_takes_who_waits_and_not_the_next_who_comes() -> None:
    stage = Stage(ann=SALES)
    stage.enter("c0", "c1")
    stage.answer("c0")
    assert offers(stage.tell(PhoneBusy("ann", None))) == ["c1 -> ann"]
    assert offers(stage.enter("c2")) == []


def test_rg_40_who_logs_on_takes_from_the_backlog() -> None:
    stage = Stage(ann=SALES)
    stage.tell(AskState("ann", AgentState.NULL))
    stage.enter("c1", "c2")
    stage.tell(LogOn("ann"))
    assert offers(stage.ready("ann")) == ["c1 -> ann"]


@pytest.mark.parametrize("choice", [AgentChoice.LONGEST_IDLE, AgentChoice.LEAST_OCCUPIED])
def test_rg_41_the_calls_of_a_quiet_day_are_spread_over_all(choice: AgentChoice) -> None:
    names = ("ann", "bob", "cem", "dee")
    stage = DeskStage(queue(agent_choice=choice), agents=names)
    for number in range(40):
        stage.enter(f"c{number}")
        name = stage.offer(f"c{number}").agent_id
        stage.answer(f"c{number}")
        stage.wait(5_000)
        stage.hang_up(name)
        stage.wait(5_000)
    assert [stage.agent(name).calls_handled for name in names] == [10] * 4


def test_rg_42_a_reload_is_one_pass_over_calls_and_agents() -> None:
    """Q6: with n agents and k calls, a reload that changes nothing says one thing of each call."""
    agents = tuple(
        AgentConfig(f"a{number}", "", f"station:{number}", {"support": 1}) for number in range(300)
    )
    stage = DeskStage(queue(), queue("support"), agents=agents)
    stage.enter(*(f"c{number}" for number in range(50)))
    same = AcdConfig(queues=(queue(), queue("support")), version=2)
    said = stage.tell(Reconfigure(same, agents))
    assert len(said) == 50 + 1
    assert sum("waits in sales" in one for one in said) == 50
    assert stage.acd.counts("support") == (0, 300, 300)


STORY: tuple[Callable[[DeskStage], object], ...] = (
    lambda stage: stage.enter("c1"),
    lambda stage: stage.refuse("c1", RefusalReason.REJECTED),
    lambda stage: stage.wait(1_000),
    lambda stage: stage.refuse("c1", RefusalReason.BUSY),
    lambda stage: stage.tell(AskState("cem", AgentState.NOT_READY)),
    lambda stage: stage.tell(PhoneBusy("dee", BusyPhase.DIALING, "own")),
    lambda stage: stage.tell(ChangeCall("c1", priority=3)),
    lambda stage: stage.wait(19_000),
    lambda stage: stage.ready("bob"),
    lambda stage: stage.tell(PhoneBusy("dee", None)),
    lambda stage: stage.wait(30_000),
    lambda stage: stage.wait(1),
)


@pytest.mark.parametrize("steps", range(1, len(STORY) + 1))
def test_c3_2_whenever_the_caller_goes_nobody_is_left_reserved(steps: int) -> None:
    names = ("ann", "bob", "cem", "dee", "eve")
    stage = DeskStage(queue(ring=Ring.ALL), agents=names)
    for step in STORY[:steps]:
        step(stage)
    stage.tell(Leave("c1"))
    assert [stage.agent(name).offer_id for name in names] == [None] * 5
    assert all("offered" not in stage.state(name) for name in names)
    assert (len(stage.acd.offers), len(stage.acd.calls)) == (0, 0)
    assert offers(stage.wait(600_000)) == []


def test_c3_12_nothing_is_left_of_a_call_that_went_while_nobody_was_here() -> None:
    stage = Stage(queue(steps=(Step(after_ms=0, also="support"),)), queue("support"), ann=BOTH)
    stage.tell(AskState("ann", AgentState.NULL))
    stage.enter("c1")
    stage.tell(Leave("c1"))
    stage.tell(LogOn("ann"))
    assert offers(stage.ready("ann")) == []
    assert offers(stage.wait(600_000)) == []
    assert [len(stage.acd.queues[name]) for name in ("sales", "support")] == [0, 0]


def test_a_call_that_ends_at_once_leaves_no_deadline() -> None:
    stage = Stage(queue(steps=(Step(after_ms=0, end="closed"),)), ann=SALES)
    assert stage.enter("c1") == ["c1 leaves sales: closed"]
    assert stage.wait(60_000) == []
    assert stage.acd.wake_at() is None
