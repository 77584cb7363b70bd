"""Explanations (R35, R36): each finds the pick that was made, and none changes anything."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.config import AgentChoice, ServiceOrder
from acd.explain import Choice, explain_choice
from acd.explain_filters import FILTERS, Filter
from acd.inputs import (
    AskState,
    ChangeCall,
    Enter,
    PauseQueue,
    PhoneBusy,
    PickCall,
)
from acd.lines import Line
from acd.matching import Sought
from acd.queue import WaitingCall
from acd.steps import Step
from agents.agent import Agent
from agents.config import Membership
from csta.acd_events import RefusalReason
from csta.errors import CtiError, ErrorValue
from csta.instants import SECOND, Instant
from csta.states import AgentState
from tests.acd.explained_worlds import World
from tests.acd.stage import Stage, queue

seeds = st.integers(0, 2**32)


class Explained:
    """Keeps the explanation of every choice on a stage."""

    def __init__(self, stage: Stage) -> None:
        """Listen to the stage's choices from now on."""
        self.choices: list[Choice] = []
        self._floor = stage.acd.floor
        stage.acd.matching.on_choice = self._on_choice

    def _on_choice(
        self, call: WaitingCall, agent: Agent, line: Line, now: Instant, sought: Sought
    ) -> None:
        self.choices.append(explain_choice(self._floor, call, agent, line, now, sought))

    def removed(self) -> dict[str, str | None]:
        """Say what removed each candidate of the last choice."""
        return {each.name: each.removed_by for each in self.choices[-1].candidates}


@settings(max_examples=40)
@given(seeds)
def test_r35_every_pick_that_is_worked_out_again_is_the_one_that_was_made(seed: int) -> None:
    world = World(seed)
    world.run(100)
    assert [choice for choice in world.choices if not choice.agrees] == []
    assert len(world.choices) == len(world.offers)


@pytest.mark.slow
@settings(max_examples=1_500)
@given(seeds)
def test_r35_every_pick_is_found_again_in_many_worlds(seed: int) -> None:
    world = World(seed)
    world.run(200)
    assert [choice for choice in world.choices if not choice.agrees] == []


@settings(max_examples=15)
@given(seeds)
def test_r36_no_two_candidates_have_the_same_scores(seed: int) -> None:
    world = World(seed)
    world.run(100)
    for choice in world.choices:
        scores = [each.scores for each in choice.candidates if each.removed_by is None]
        assert len(set(scores)) == len(scores)


@settings(max_examples=15)
@given(seeds)
def test_a_call_that_waits_is_kept_from_every_agent_and_explaining_changes_nothing(
    seed: int,
) -> None:
    plain, world = World(seed, explained=False), World(seed)

    def look() -> None:
        for agent in world.acd.directory:
            world.acd.explain_next(agent.agent_id, world.now)
        for call in world.acd.calls.values():
            why = world.acd.explain_wait(call.call_id, world.now)
            if call.waits:
                assert [each for each in why.candidates if each.removed_by is None] == []
                assert sum(count for _, count in why.removed) == len(world.acd.directory)

    world.quiet = look
    plain.run(100)
    world.run(100)
    assert world.offers == plain.offers


@settings(max_examples=25)
@given(seeds)
def test_who_becomes_ready_is_offered_the_call_that_was_foretold(seed: int) -> None:
    world = World(seed)
    world.run(60)
    resting = [agent for agent in world.acd.directory if agent.state is AgentState.NOT_READY]
    for agent in resting:
        foretold = world.acd.explain_next(agent.agent_id, world.now).picked
        before = len(world.offers)
        world.tell(AskState(agent.agent_id, AgentState.READY))
        offered = [call for _, call, name in world.offers[before:] if name == agent.agent_id]
        assert offered[:1] == ([foretold] if foretold else [])


def test_c3_1_fs_2511_thirteen_callers_are_served_in_the_documented_order_each_explained() -> None:
    random = Random(2511)  # noqa: S311 - a test keeps no secrets
    stage = Stage(order=ServiceOrder.AGED, anna={"sales": 5})
    explained = Explained(stage)
    stage.tell(PhoneBusy("anna", None), AskState("anna", AgentState.NOT_READY))
    expected = []
    for number in range(1, 14):
        priority, credit_ms = random.randint(-2, 3), random.choice([0, 30_000, 90_000])
        stage.tell(Enter(f"c{number}", "sales", priority, credit_ms=credit_ms))
        expected.append((stage.now - credit_ms - priority * 60_000, number))
        stage.wait(random.choice([0, 1_000, 20_000]))
    stage.ready("anna")
    served = []
    while stage.acd.calls:
        ringing = next(call for call in stage.acd.calls.values() if call.offers)
        served.append(ringing.call_id)
        stage.answer(ringing.call_id)
        stage.tell(PhoneBusy("anna", None))
    assert served == [f"c{number}" for _, number in sorted(expected)]
    assert [choice.picked for choice in explained.choices] == served
    for left, choice in zip(range(13, 0, -1), explained.choices, strict=True):
        assert choice.sought is Sought.CALL
        ranked = sorted(choice.candidates, key=lambda each: [score for _, score in each.scores])
        assert [each.name for each in ranked] == served[-left:]
        assert all(each.removed_by is None for each in ranked)
        assert [each.name for each in ranked if each.chosen] == [choice.call_id]


def test_r35_a_choice_names_filters_with_figures_scores_tie_break_rule_and_version() -> None:
    stage = Stage(
        queue(skills={"sales": 3}, agent_choice=AgentChoice.MOST_SKILLED),
        anna={"sales": 5},
        boris={"sales": 8},
        carla={"sales": 2},
        deniz={"sales": 9},
    )
    explained = Explained(stage)
    stage.tell(AskState("deniz", AgentState.NOT_READY, "lunch"))
    stage.enter("c1")
    (choice,) = explained.choices
    assert explained.removed() == {
        "anna": None,
        "boris": None,
        "carla": Filter.SKILLS,
        "deniz": Filter.NOT_READY,
    }
    anna, boris, carla, deniz = choice.candidates
    assert carla.detail == "has sales 2, needs 3"
    assert deniz.detail == "is notReady (lunch)"
    assert dict(boris.scores)["minus_level"] == -8
    assert dict(anna.scores)["minus_level"] == -5
    assert (choice.picked, boris.chosen, choice.sought) == ("boris", True, Sought.AGENT)
    assert choice.rule.startswith("most_skilled")
    assert "ready_number" in choice.tie_break
    assert (choice.configuration, choice.attempt) == (1, 1)


def test_r30_a_choice_by_hand_says_so_and_shows_what_the_rules_would_say() -> None:
    stage = Stage(anna={"sales": 5}, boris={"other": 5})
    explained = Explained(stage)
    stage.tell(AskState("anna", AgentState.NOT_READY))
    stage.enter("c1")
    stage.tell(PickCall("c1", "boris"))
    (choice,) = explained.choices
    assert choice.sought is Sought.BY_HAND
    assert choice.agrees
    chosen = next(each for each in choice.candidates if each.chosen)
    assert (chosen.name, chosen.removed_by) == ("boris", Filter.SKILLS)


def waiting_for(name: Filter) -> tuple[Stage, str]:
    """Set up a call that waits, and which of the agents this filter removes."""
    stage = Stage(
        queue(rank_wait_ms=60 * SECOND, requires="sales >= 2"),
        anna={"sales": 5},
        boris={"sales": 1},
        carla={"other": 1},
        deniz={"sales": 5},
    )
    deniz = stage.directory.agent("deniz")
    deniz.set_profile(queues={"other": Membership()})
    stage.acd.floor.roster.regroup(deniz)
    stage.tell(AskState("anna", AgentState.NOT_READY))
    if name is Filter.LOGGED_OFF:
        stage.tell(AskState("anna", AgentState.NULL))
    elif name is Filter.PAUSED:
        stage.tell(PauseQueue("anna", "sales"))
    stage.enter("c1")
    who = {Filter.SKILLS: "carla", Filter.REQUIRES: "boris", Filter.QUEUE: "deniz"}
    return stage, who.get(name, "anna")


@pytest.mark.parametrize(
    "name",
    [
        Filter.LOGGED_OFF,
        Filter.QUEUE,
        Filter.PAUSED,
        Filter.SKILLS,
        Filter.REQUIRES,
        Filter.NOT_READY,
    ],
)
def test_r35_each_filter_names_whom_it_keeps_from_a_waiting_call(name: Filter) -> None:
    stage, who = waiting_for(name)
    why = stage.acd.explain_wait("c1", stage.now)
    found = {each.name: each for each in why.candidates}[who]
    assert found.removed_by is name
    assert found.detail
    assert dict(why.removed)[name] >= 1


@pytest.mark.parametrize(
    ("membership", "name", "opens_at"),
    [(Membership(rank=2), Filter.RANK, 60_000), (Membership(delay_ms=7_000), Filter.DELAY, 7_000)],
)
def test_r09_r20_an_agent_who_joins_later_is_named_with_the_instant(
    membership: Membership, name: Filter, opens_at: int
) -> None:
    stage = Stage(queue(rank_wait_ms=60_000), anna={"sales": 5})
    agent = stage.directory.agent("anna")
    agent.set_profile(queues={"sales": membership})
    stage.acd.floor.roster.regroup(agent)
    stage.enter("c1")
    why = stage.acd.explain_wait("c1", stage.now)
    assert [each.removed_by for each in why.candidates] == [name]
    assert [at for at, _ in why.next_at] == [opens_at]
    assert why.would_help[0].startswith("time passes: anna")


def test_r26_who_refused_a_call_is_kept_from_it_for_so_long() -> None:
    stage = Stage(anna={"sales": 5})
    stage.enter("c1")
    stage.refuse("c1", RefusalReason.REJECTED)
    stage.wait(12_000)
    why = stage.acd.explain_wait("c1", stage.now)
    (anna,) = why.candidates
    assert (anna.removed_by, "18 s" in anna.detail) == (Filter.REFUSED, True)
    assert why.next_at == ((30_000, "anna may be offered it again"),)


def test_r15_a_call_that_is_kept_for_an_agent_says_for_whom_and_until_when() -> None:
    stage = Stage(anna={"sales": 5}, boris={"sales": 5})
    stage.tell(AskState("anna", AgentState.NOT_READY))
    stage.tell(Enter("c1", "sales", preferred=("anna",), preferred_ms=9_000))
    why = stage.acd.explain_wait("c1", stage.now)
    assert why.needs == "agent anna"
    assert {each.name: each.removed_by for each in why.candidates} == {
        "anna": Filter.NOT_READY,
        "boris": Filter.PREFERRED,
    }
    assert [at for at, _ in why.next_at] == [9_000]


def test_why_a_call_still_waits_says_what_would_help_and_what_comes_next() -> None:
    steps = (Step(after_ms=30_000, when="waiting > 9", skills={"sales": 1}, comment="anybody"),)
    stage = Stage(queue(skills={"sales": 3}, steps=steps), anna={"sales": 5}, boris={"sales": 2})
    stage.enter("c1", "c2", "c3")
    stage.answer("c1")
    stage.wait(10_000)
    why = stage.acd.explain_wait("c3", stage.now)
    assert (why.position, why.waiting, why.waited_ms, why.needs) == (2, 2, 10_000, "sales >= 3")
    assert dict(why.removed) == {Filter.NOT_READY: 1, Filter.SKILLS: 1}
    assert why.would_help == (
        "one of the 1 here who can serve it becomes ready: anna is busy (talking)",
        "the 1 in front of it in sales are served, or leave",
    )
    assert why.next_at == ((30_000, "step 1 (anybody), if waiting > 9: needs sales >= 1"),)


def test_a_call_that_nobody_can_serve_says_so_and_who_is_nearest() -> None:
    stage = Stage(queue(skills={"sales": 9}), anna={"sales": 5})
    stage.enter("c1")
    why = stage.acd.explain_wait("c1", stage.now)
    assert why.would_help[0].startswith("nobody that there is can serve it")
    assert "anna has sales 5, needs 9" in why.would_help[1]


def test_a_call_that_rings_says_where_and_until_when() -> None:
    stage = Stage(anna={"sales": 5})
    stage.enter("c1")
    why = stage.acd.explain_wait("c1", stage.now)
    assert (why.rings_at, why.would_help) == (("anna",), ())
    assert [at for at, _ in why.next_at] == [20_000]


def test_what_an_agent_would_get_next_and_why_none_of_the_others() -> None:
    stage = Stage(queue(), queue("other"), anna={"sales": 5})
    stage.tell(AskState("anna", AgentState.NOT_READY))
    stage.enter("c1")
    stage.enter("c2", priority=2)
    stage.enter("c3", queue="other")
    nxt = stage.acd.explain_next("anna", stage.now)
    assert nxt.picked == "c2"
    assert {each.name: each.removed_by for each in nxt.candidates} == {
        "c1": None,
        "c2": None,
        "c3": Filter.SKILLS,
    }
    stage.tell(ChangeCall("c1", priority=5))
    assert stage.acd.explain_next("anna", stage.now).picked == "c1"


def test_unknown_ids_are_refused() -> None:
    stage = Stage(anna={"sales": 5})
    with pytest.raises(CtiError) as call:
        stage.acd.explain_wait("c1", stage.now)
    assert call.value.value is ErrorValue.INVALID_CALL_ID
    with pytest.raises(CtiError) as agent:
        stage.acd.explain_next("nobody", stage.now)
    assert agent.value.value is ErrorValue.INVALID_AGENT_IDENTIFIER


def test_every_filter_but_the_calls_own_has_a_check() -> None:
    assert [each for each in Filter if each not in FILTERS] == [Filter.RINGS]
