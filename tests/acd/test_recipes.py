"""Recipes: what steps do to a call that waits, one at a time (features R33, group Q and O)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.config import AcdConfig, QueueConfig
from acd.decisions import AcdDecision, Announces, Asks, Diverts, Ends, MusicChanges, Overflows
from acd.distributor import Distributor
from acd.estimates import PromiseConfig, Wording
from acd.estimating import asked_for
from acd.inputs import (
    Answered,
    AskState,
    CallerChose,
    CallerKnown,
    Enter,
    Leave,
    LogOn,
    PhoneBusy,
)
from acd.rules import Question
from acd.steps import Step
from agents.config import AgentConfig
from agents.directory import Directory
from csta.agent_events import AgentEvent
from csta.states import AgentState

KEYS = {"1": "stay", "2": "leave", "3": "number:+4930", "4": "routeing:night", "5": "acd:help"}


class Floor:
    """One distributor with one queue `sales` (and `help`), and a clock."""

    def __init__(self, *steps: Step, agents: int = 0, **more: object) -> None:
        """Let this many agents of `sales` be ready."""
        names = [f"agent{number}" for number in range(agents)]
        self.directory = Directory(
            [AgentConfig(name, name, f"station:{name}", {"sales": 1}) for name in names], "test"
        )
        recipes = more.pop("recipes", {})
        sales = QueueConfig(name="sales", skills={"sales": 1}, steps=steps, **more)  # type: ignore[arg-type] # of the test's choice
        self.acd = Distributor(
            AcdConfig(
                queues=(sales, QueueConfig(name="help", skills={"help": 1})),
                questions={"wait": Question(prompt="sound:wait", keys=KEYS)},
                recipes=recipes,  # type: ignore[arg-type] # as above
            ),
            self.directory,
        )
        self.now = 0
        for name in names:
            self.tell(LogOn(name))
            self.tell(AskState(name, AgentState.READY))

    def tell(self, event: object) -> list[AcdDecision]:
        return self.acd.handle(event, self.now)  # type: ignore[arg-type] # inputs only

    def enter(self, *call_ids: str, **more: object) -> list[AcdDecision]:
        return [d for call_id in call_ids for d in self.tell(Enter(call_id, "sales", **more))]  # type: ignore[arg-type] # as above

    def wait(self, milliseconds: int) -> list[AcdDecision]:
        until, said = self.now + milliseconds, []
        while (due := self.acd.wake_at()) is not None and due <= until:
            self.now = due
            said += self.acd.wake(due)
        self.now = until
        return said


def told(decisions: list[AcdDecision]) -> list[tuple[str | None, int | None, int | None]]:
    return [(d.prompt, d.position, d.wait_ms) for d in decisions if isinstance(d, Announces)]


def test_an_announcement_is_decided_at_its_time_and_again() -> None:
    floor = Floor(Step(after_ms=1_000, announce="sound:a", every_ms=2_000, repeat=True))
    floor.enter("c1")
    assert told(floor.wait(6_000)) == [("sound:a", None, None)] * 3
    floor.tell(Leave("c1"))
    assert told(floor.wait(60_000)) == []


def test_music_changes_for_this_call_only() -> None:
    floor = Floor(Step(after_ms=1_000, music="music:harp", when="position == 2"))
    floor.enter("c1", "c2")
    assert [d for d in floor.wait(5_000) if isinstance(d, MusicChanges)] == [
        MusicChanges("c2", "sales", "music:harp")
    ]


@given(st.lists(st.sampled_from(["comes", "comes first", "goes", "tell"]), max_size=40))
def test_rg_36_the_position_that_is_told_always_becomes_better(acts: list[str]) -> None:
    """Q4: whatever happens, one caller is told smaller and smaller numbers."""
    floor = Floor(Step(after_ms=1_000, say_position=True, every_ms=1_000, repeat=True))
    others = [f"early{number}" for number in range(5)]
    floor.enter(*others)
    floor.enter("me")
    positions: list[int] = []
    for number, act in enumerate(acts):
        if act == "goes" and others:
            floor.tell(Leave(others.pop(0)))
        elif act.startswith("comes"):
            others.append(f"late{number}")
            floor.enter(others[-1], priority=9 if act == "comes first" else 0)
        said = floor.wait(1_000)
        positions += [
            d.position
            for d in said
            if isinstance(d, Announces) and d.call_id == "me" and d.position is not None
        ]
    assert positions == sorted(set(positions), reverse=True)


def test_a_position_is_told_anew_in_another_queue() -> None:
    floor = Floor(
        Step(after_ms=1_000, say_position=True),
        Step(after_ms=2_000, overflow_to=("help",)),
    )
    floor.enter("c1", "c2")
    assert told(floor.wait(5_000)) == [(None, 1, None), (None, 2, None)]
    assert {call.at_position for call in floor.acd.calls.values()} == {None}


@pytest.mark.parametrize(
    ("key", "decided"),
    [
        ("1", []),
        ("", []),
        ("9", []),
        ("2", [Ends("c1", "sales", "caller_exit", 0)]),
        ("3", [Diverts("c1", "sales", "number:+4930", 0, "caller_exit")]),
        ("4", [Diverts("c1", "sales", "routeing:night", 0, "caller_exit")]),
    ],
)
def test_q05_q06_each_key_does_what_the_question_says(key: str, decided: list[AcdDecision]) -> None:
    floor = Floor(Step(after_ms=1_000, ask="wait"))
    floor.enter("c1")
    assert [d for d in floor.wait(2_000) if isinstance(d, Asks)] == [Asks("c1", "sales", "wait")]
    assert floor.tell(CallerChose("c1", key)) == decided
    assert ("c1" in floor.acd.calls) is not bool(decided)
    assert floor.tell(CallerChose("c1", "2")) == []


def test_a_key_leads_to_another_queue_with_the_wait_that_was() -> None:
    floor = Floor(Step(after_ms=1_000, ask="wait"))
    floor.enter("c1")
    floor.wait(2_000)
    moved = floor.tell(CallerChose("c1", "5"))
    assert [type(d).__name__ for d in moved] == ["Overflows", "Waits"]
    assert floor.acd.calls["c1"].enqueued_at == 0


def test_r28_a_step_whose_answer_was_not_known_is_looked_at_when_it_is() -> None:
    vip = Step(after_ms=0, when='caller.tier == "gold"', priority_by=5)
    floor = Floor(vip)
    floor.enter("c1", "c2")
    floor.wait(10_000)
    floor.tell(CallerKnown("c2", {"tier": "gold"}))
    floor.wait(0)
    assert [call.priority for call in floor.acd.calls.values()] == [0, 5]
    floor.tell(CallerKnown("c2", {"tier": "gold"}))
    floor.tell(CallerKnown("c1", {"tier": "tin"}))
    floor.tell(CallerKnown("gone", {"tier": "gold"}))
    floor.wait(1_000)
    assert [call.priority for call in floor.acd.calls.values()] == [0, 5]


def test_what_becomes_known_while_a_call_rings_counts_when_it_waits_again() -> None:
    floor = Floor(agents=1, requires='caller.tier != "gold" or expert >= 1')
    floor.enter("c1", attributes={"tier": "tin"})
    [offer] = floor.acd.calls["c1"].offers
    floor.tell(CallerKnown("c1", {"tier": "gold"}))
    assert floor.acd.calls["c1"].offers == [offer]
    floor.wait(20_000)
    floor.tell(AskState("agent0", AgentState.READY))
    assert floor.acd.calls["c1"].offers == []


# Estimated waits.

SAYS_WAIT = Step(after_ms=1_000, say_wait=True, every_ms=5_000, repeat=True)


def served(floor: Floor, count: int, talk_ms: int) -> None:
    """Let callers come and be served by the first agent, so that the queue learns."""
    for number in range(count):
        [offer] = offers_of(floor.enter(f"before{number}"))
        floor.tell(Answered(offer))
        floor.wait(talk_ms)
        floor.tell(PhoneBusy("agent0", None))


def offers_of(decisions: list[AcdDecision]) -> list[str]:
    return [d.offer_id for d in decisions if hasattr(d, "offer_id")]


def test_q22_the_wait_is_estimated_and_told_in_whole_minutes() -> None:
    floor = Floor(SAYS_WAIT, agents=1)
    served(floor, 5, 60_000)
    floor.enter("busy", "next", "then")
    [first, second] = [wait for _, _, wait in told(floor.wait(1_000))]
    assert first is not None
    assert second is not None
    assert 0 < first < second
    assert first % 60_000 == 0
    estimated = floor.acd.estimated_wait_ms("then")
    assert estimated is not None
    assert estimated <= second


@given(st.lists(st.sampled_from(["comes first", "goes", "tell", "slow"]), max_size=25))
def test_c3_14_the_wait_that_is_told_never_rises_without_the_word_that_volume_rose(
    acts: list[str],
) -> None:
    """c.3-14: Asterisk's estimate rises once the caller has waited longer than it (Q22)."""
    promise = PromiseConfig(wording=Wording.ABOUT, round_ms=1_000, least_ms=0, tolerance_share=0.0)
    floor = Floor(SAYS_WAIT, agents=1, promise=promise)
    floor.enter("busy", "early1", "early2")
    floor.enter("me")
    early = ["early1", "early2"]
    last: int | None = None
    for number, act in enumerate(acts):
        if act == "goes" and early:
            floor.tell(Leave(early.pop()))
        elif act == "comes first":
            early.append(f"late{number}")
            floor.enter(early[-1], priority=9)
        said = floor.wait(30_000 if act == "slow" else 5_000)
        for told_now in (d for d in said if isinstance(d, Announces) and d.call_id == "me"):
            assert told_now.wait_ms is not None
            assert last is None or told_now.wait_ms <= last or told_now.volume_rose
            last = told_now.wait_ms


def test_o03_a_call_overflows_by_its_estimated_wait() -> None:
    step = Step(after_ms=0, when="estimated_wait > 600", overflow_to=("help",))
    floor = Floor(step, agents=1)
    served(floor, 5, 60_000)
    floor.enter("busy")
    moved = [d.call_id for d in floor.enter(*"abcdef") if isinstance(d, Overflows)]
    assert moved
    assert moved == list("abcdef")[-len(moved) :]
    assert len(moved) < 6


def test_nobody_is_estimated_where_nobody_asks() -> None:
    floor = Floor(agents=1)
    floor.enter("busy", "waits")
    assert not floor.acd.estimating.active
    assert floor.acd.estimated_wait_ms("waits") is None


def test_a_queue_is_estimated_if_another_ones_step_or_a_named_recipe_asks() -> None:
    look = Step(after_ms=0, when="queue.help.estimated_wait < 60", overflow_to=("help",))
    a, b = QueueConfig(name="a", skills={}, steps=(look,)), QueueConfig(name="help", skills={})
    assert list(asked_for(AcdConfig(queues=(a, b)))) == ["help"]
    named = AcdConfig(queues=(b,), recipes={"late": (Step(after_ms=0, say_wait=True),)})
    assert list(asked_for(named)) == ["help"]


def test_a_wait_without_agents_is_not_known_and_no_condition_on_it_holds() -> None:
    step = Step(after_ms=0, when="estimated_wait >= 0", overflow_to=("help",))
    floor = Floor(step)
    assert [d for d in floor.enter("c1") if isinstance(d, Overflows)] == []


def test_an_agent_event_is_no_offer() -> None:
    """Keep the helper above honest: offers are told apart from agents' events."""
    floor = Floor(agents=1)
    decisions = floor.enter("c1")
    assert any(isinstance(d, AgentEvent) for d in decisions)
    assert len(offers_of(decisions)) == 1
