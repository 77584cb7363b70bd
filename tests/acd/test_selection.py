"""Which agent next: each strategy with agents whom it tells apart (R01 to R07, R36)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.config import AgentChoice, IdleSince
from acd.inputs import AskState, LogOn, PhoneBusy
from acd.selection import STRATEGIES, lot
from agents.config import AgentConfig, Membership
from csta.states import AgentState, BusyPhase
from tests.acd.desk_stage import DeskStage
from tests.acd.oracle import mix
from tests.acd.stage import queue

THREE = ("ann", "bob", "cem")


def stage_of(choice: AgentChoice, *agents: str | AgentConfig, **more: Any) -> DeskStage:
    return DeskStage(queue(agent_choice=choice, **more), agents=agents or THREE)


def card(name: str, number: int, lots: int = 1, delay_ms: int = 0, **skills: int) -> AgentConfig:
    queues = {"sales": Membership(lots=lots, delay_ms=delay_ms)}
    return AgentConfig(name, name, f"station:{number}", skills or {"sales": 5}, queues)


def serve(stage: DeskStage, call: str, talk_ms: int = 1_000) -> str:
    """Let a call come and be served; give who had it."""
    stage.enter(call)
    who = stage.offer(call).agent_id
    stage.answer(call)
    stage.wait(talk_ms)
    stage.tell(PhoneBusy(who, None))
    return who


def own_call(stage: DeskStage, name: str, talk_ms: int = 1_000) -> None:
    """Let an agent call somebody himself."""
    stage.tell(PhoneBusy(name, BusyPhase.TALKING, "own"))
    stage.wait(talk_ms)
    stage.tell(PhoneBusy(name, None))


def next_one(stage: DeskStage) -> str:
    stage.enter("next")
    return stage.offer("next").agent_id


def test_every_choice_of_a_plan_has_its_strategy() -> None:
    assert set(STRATEGIES) == set(AgentChoice)


@pytest.mark.parametrize(
    ("since", "chosen"),
    [(IdleSince.READY, "ann"), (IdleSince.ACD_CALL, "bob"), (IdleSince.ANY_CALL, "cem")],
)
def test_r01_the_longest_idle_by_the_idle_that_counts(since: IdleSince, chosen: str) -> None:
    """Ann was ready first, Bob's last ACD call is the oldest, Cem's last call of any kind is."""
    stage = stage_of(AgentChoice.LONGEST_IDLE, idle_since=since)
    assert [serve(stage, "c1"), serve(stage, "c2"), serve(stage, "c3")] == list(THREE)
    stage.wait(1_000)
    assert serve(stage, "c4") == "ann"
    own_call(stage, "bob")
    for name in ("ann", "cem", "bob"):
        stage.tell(AskState(name, AgentState.NOT_READY))
    for name in ("ann", "cem", "bob"):
        stage.ready(name)
    assert next_one(stage) == chosen


def test_r02_round_robin_goes_on_behind_the_last_who_was_offered_a_call() -> None:
    stage = stage_of(AgentChoice.ROUND_ROBIN)
    assert [serve(stage, f"c{number}") for number in range(5)] == [
        "ann",
        "bob",
        "cem",
        "ann",
        "bob",
    ]


def test_r02_round_robin_remembers_its_turn_while_agents_come_and_go() -> None:
    stage = stage_of(AgentChoice.ROUND_ROBIN)
    assert serve(stage, "c1") == "ann"
    stage.tell(AskState("bob", AgentState.NOT_READY))
    assert serve(stage, "c2") == "cem"
    stage.ready("bob")
    assert [serve(stage, "c3"), serve(stage, "c4")] == ["ann", "bob"]


def test_r03_in_fixed_order_the_first_of_the_plan_has_every_call() -> None:
    stage = stage_of(AgentChoice.FIXED_ORDER)
    assert [serve(stage, f"c{number}") for number in range(3)] == ["ann"] * 3
    stage.tell(AskState("ann", AgentState.NOT_READY))
    assert serve(stage, "c3") == "bob"


def test_r04_who_has_had_the_fewest_calls_is_next() -> None:
    stage = stage_of(AgentChoice.FEWEST_CALLS, "ann", "bob")
    stage.tell(AskState("bob", AgentState.NOT_READY))
    assert [serve(stage, "c1"), serve(stage, "c2")] == ["ann", "ann"]
    stage.ready("bob")
    assert [serve(stage, f"c{number}") for number in (3, 4, 5)] == ["bob", "bob", "ann"]


def test_r05_who_has_talked_the_least_is_next() -> None:
    stage = stage_of(AgentChoice.LEAST_TALK_TIME, "ann", "bob")
    assert serve(stage, "c1", talk_ms=9_000) == "ann"
    assert [serve(stage, f"c{n}", talk_ms=4_000) for n in (2, 3, 4)] == ["bob", "bob", "bob"]
    assert serve(stage, "c5") == "ann"


def test_r06_the_least_occupied_is_next_by_the_share_of_his_own_time() -> None:
    """Bob has talked less than Ann, and in a much shorter time."""
    stage = stage_of(AgentChoice.LEAST_OCCUPIED, "ann", "bob")
    stage.tell(AskState("bob", AgentState.NULL))
    assert serve(stage, "c1", talk_ms=20_000) == "ann"
    stage.wait(80_000)
    stage.tell(LogOn("bob"))
    stage.ready("bob")
    stage.tell(AskState("ann", AgentState.NOT_READY))
    assert serve(stage, "c2", talk_ms=10_000) == "bob"
    stage.ready("ann")
    assert next_one(stage) == "ann"


@pytest.mark.parametrize(
    ("choice", "chosen"), [(AgentChoice.MOST_SKILLED, "bob"), (AgentChoice.LEAST_SKILLED, "ann")]
)
def test_the_most_and_the_least_skilled_count_the_skills_that_are_needed(
    choice: AgentChoice, chosen: str
) -> None:
    ann, bob = card("ann", 1, sales=3, support=9), card("bob", 2, sales=4)
    assert next_one(stage_of(choice, ann, bob)) == chosen


def test_r07_each_has_the_same_chance_in_a_random_choice() -> None:
    stage = stage_of(AgentChoice.RANDOM)
    had = Counter(serve(stage, f"c{number}", talk_ms=1) for number in range(600))
    assert min(had.values()) > 150  # 200 each are expected; 150 are four deviations off


def test_r07_lots_weigh_a_random_choice() -> None:
    stage = stage_of(AgentChoice.WEIGHTED_RANDOM, card("ann", 1, lots=1), card("bob", 2, lots=3))
    had = Counter(serve(stage, f"c{number}", talk_ms=1) for number in range(600))
    assert 400 < had["bob"] < 500  # 450 are expected


def test_r07_who_may_not_have_the_call_leaves_his_chance_to_all_others_alike() -> None:
    """Bob joins later: his turns must not all go to Cem, who stands behind him."""
    stage = stage_of(
        AgentChoice.RANDOM, card("ann", 1), card("bob", 2, delay_ms=60_000), card("cem", 3)
    )
    had = Counter(serve(stage, f"c{number}", talk_ms=1) for number in range(600))
    assert had["bob"] == 0
    assert 250 < had["ann"] < 350


@pytest.mark.parametrize("choice", [AgentChoice.RANDOM, AgentChoice.WEIGHTED_RANDOM])
def test_r36_the_same_seed_draws_the_same_agents_and_another_one_others(
    choice: AgentChoice,
) -> None:
    def day(seed: int) -> list[str]:
        stage = DeskStage(queue(agent_choice=choice), agents=THREE, seed=seed)
        return [serve(stage, f"c{number}") for number in range(20)]

    assert day(1) == day(1)
    assert day(1) != day(2)


@pytest.mark.parametrize("choice", list(AgentChoice))
def test_r36_no_tie_is_left_open(choice: AgentChoice) -> None:
    """Agents who are equal in everything: the same one in each of two runs."""
    assert next_one(stage_of(choice)) == next_one(stage_of(choice))


@given(st.integers(0, 2**32), st.integers(0, 2**20))
def test_a_lot_is_of_64_bits_and_another_one_for_the_next_draw(seed: int, draw: int) -> None:
    assert 0 <= lot(seed, draw) < 2**64
    assert lot(seed, draw) != lot(seed, draw + 1)


@given(st.integers(0, 2**32), st.integers(0, 2**20))
def test_a_lot_is_what_the_naive_acd_draws(seed: int, draw: int) -> None:
    assert lot(seed, draw) == mix(seed, draw)
