"""Skills, queues and pauses that change while agents work; contacts beside calls (A10, A12)."""

from __future__ import annotations

import pytest

from acd.config import QueueConfig
from acd.inputs import Answered, Finished, Leave, LogOn, PauseQueue, PickCall, SetSkills
from acd.rules import Ring
from agents.config import AgentConfig, Membership
from csta.acd_events import RefusalReason
from csta.errors import CtiError
from csta.states import AgentState
from tests.acd.desk_stage import SKILLS, DeskStage
from tests.acd.stage import queue

CHAT = QueueConfig(name="chat", skills={"sales": 1}, channel="chat", ring_ms=10_000)


def talkers(*names: str, chats: int = 2) -> tuple[AgentConfig, ...]:
    """Make agents who may have so many chats at once."""
    return tuple(
        AgentConfig(name, name, f"station:{number}", SKILLS, capacity={"chat": chats})
        for number, name in enumerate(names, start=1)
    )


def chat_stage(*names: str, chats: int = 2) -> DeskStage:
    """Build a centre with a queue of calls, one of chats, and these agents."""
    return DeskStage(queue(), CHAT, agents=talkers(*names, chats=chats))


def test_a10_a_pause_in_one_queue_leaves_the_others_as_they_are() -> None:
    stage = DeskStage(queue("sales"), queue("support"))
    stage.tell(PauseQueue("ann", "sales"))
    assert stage.enter("c1")[0].startswith("c1 waits")
    assert stage.enter("c2", queue="support")[-1] == "c2 -> ann"
    stage.answer("c2")
    assert stage.hang_up() == ["ann Ready"]
    assert stage.tell(PauseQueue("ann", "sales", paused=False))[-1] == "c1 -> ann"


def test_a10_a_pause_while_it_rings_does_not_take_the_call_away() -> None:
    stage = DeskStage()
    stage.enter("c1")
    assert stage.tell(PauseQueue("ann", "sales")) == []
    assert stage.answer("c1")[0] == "c1 taken by ann after 0"


def test_a10_a_pause_outlasts_log_off_and_is_counted_with_the_agents_of_other_queues() -> None:
    stage = DeskStage(queue("sales"), queue("support"))
    stage.tell(PauseQueue("ann", "sales"))
    stage.ask(AgentState.NULL)
    stage.tell(LogOn("ann"))
    stage.ready("ann")
    assert (stage.acd.counts("sales"), stage.acd.counts("support")) == ((0, 0, 0), (0, 1, 1))


def test_a12_other_skills_count_at_once_for_who_waits_and_for_who_comes() -> None:
    stage = DeskStage(queue("english"))
    stage.enter("c1", queue="english")
    assert stage.tell(SetSkills("ann", {"english": 3}))[-1] == "c1 -> ann"
    stage.answer("c1")
    stage.hang_up()
    stage.tell(SetSkills("ann", {}))
    assert stage.enter("c2", queue="english")[0].startswith("c2 waits")


def test_a10_an_agent_is_given_queues_and_loses_them_without_losing_skills() -> None:
    stage = DeskStage(queue("sales"), queue("support"))
    stage.tell(SetSkills("ann", queues={"support": Membership()}))
    assert stage.enter("c1")[0].startswith("c1 waits")
    assert stage.enter("c2", queue="support")[-1] == "c2 -> ann"
    stage.tell(SetSkills("ann", queues={"sales": Membership()}))
    stage.answer("c2")
    assert stage.hang_up()[-1] == "c1 -> ann"
    assert dict(stage.agent().skills) == SKILLS


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (SetSkills("ann", {"sales": 11}), "skill 'sales' has level 11: it is 1 to 10"),
        (SetSkills("ann", {"sales": 0}), "has level 0"),
        (SetSkills("ann", queues={"sailing": Membership()}), "no queue 'sailing'"),
        (PauseQueue("ann", "sailing"), "no queue 'sailing'"),
        (SetSkills("eve", {}), "no agent 'eve'"),
    ],
)
def test_a12_what_cannot_be_is_refused_and_nothing_changes(
    event: SetSkills | PauseQueue, why: str
) -> None:
    stage = DeskStage()
    before = stage.agent().profile
    with pytest.raises(CtiError, match=why):
        stage.tell(event)
    assert stage.agent().profile is before


# Other channels than voice: an agent who is ready takes several.


def test_who_has_a_chat_is_still_ready_for_a_call_and_the_chat_goes_on_beside_it() -> None:
    stage = chat_stage("ann")
    assert stage.enter("t1", queue="chat") == ["t1 -> ann"]
    assert stage.answer("t1") == ["t1 taken by ann after 0"]
    assert stage.enter("c1")[-1] == "c1 -> ann"
    stage.answer("c1")
    # Whoever talks is offered no further chat.
    assert stage.enter("t2", queue="chat")[0].startswith("t2 waits")
    assert stage.hang_up() == ["ann Ready", "t2 -> ann"]
    assert stage.agent().contacts == {"t1": "chat", "t2": "chat"}


def test_a1_nobody_has_more_chats_than_he_may_and_the_next_comes_when_one_is_finished() -> None:
    stage = chat_stage("ann")
    stage.enter("t1", "t2", "t3", queue="chat")
    assert [offer.call_id for _, offer in stage.offers] == ["t1", "t2"]
    stage.answer("t1")
    assert stage.tell(Finished("ann", "t1")) == ["t3 -> ann"]
    assert stage.tell(Finished("ann", "t1")) == []


def test_who_may_have_no_chats_is_offered_none() -> None:
    stage = DeskStage(CHAT)
    assert stage.enter("t1", queue="chat")[0].startswith("t1 waits")
    with pytest.raises(CtiError, match="as many of 'chat' as he may have"):
        stage.tell(PickCall("t1", "ann"))


def test_chats_go_to_who_has_the_fewest() -> None:
    stage = chat_stage("ann", "bob", "cem", chats=3)
    stage.enter(*(f"t{number}" for number in range(6)), queue="chat")
    assert [offer.agent_id for _, offer in stage.offers] == ["ann", "bob", "cem"] * 2


def test_who_becomes_ready_is_offered_as_many_waiting_chats_as_he_may_have() -> None:
    stage = chat_stage("ann", chats=3)
    stage.ask(AgentState.NOT_READY, "lunch")
    stage.enter("t1", "t2", "t3", "t4", queue="chat")
    assert stage.ready("ann") == ["ann Ready", "t1 -> ann", "t2 -> ann", "t3 -> ann"]


def test_a_chat_that_nobody_takes_makes_its_agent_not_ready_and_goes_to_the_next() -> None:
    stage = chat_stage("ann", "bob")
    stage.enter("t1", queue="chat")
    assert stage.wait(10_000) == [
        "t1 not taken by ann: noAnswer",
        "ann NotReady rona",
        "t1 waits in chat 1/1 (remainsInQueue)",
        "t1 -> bob",
    ]
    assert stage.agent().contacts == {}


def test_a_chat_that_is_not_taken_during_a_call_is_taken_back_and_the_call_goes_on() -> None:
    stage = chat_stage("ann")
    stage.enter("t1", queue="chat")
    stage.talk("c1")
    stage.wait(10_000)
    assert stage.state("ann") == "Busy talking"
    assert stage.acd.calls["t1"].waits


def test_a_chat_that_is_rejected_is_kept_from_that_agent_and_makes_room_for_another() -> None:
    stage = chat_stage("ann", chats=1)
    stage.enter("t1", "t2", queue="chat")
    assert stage.refuse("t1", RefusalReason.REJECTED) == [
        "t1 not taken by ann: rejected",
        "t1 waits in chat 1/2 (remainsInQueue)",
        "t2 -> ann",
    ]


def test_a_customer_who_leaves_before_the_chat_is_taken_makes_room_for_the_next() -> None:
    stage = chat_stage("ann", chats=1)
    stage.enter("t1", "t2", queue="chat")
    assert stage.tell(Leave("t1")) == ["t1 withdrawn from ann", "t2 -> ann"]


def test_who_logs_off_with_a_chat_that_rings_leaves_it_to_others_when_its_time_is_over() -> None:
    stage = chat_stage("ann", "bob", chats=1)
    stage.enter("t1", queue="chat")
    stage.ask(AgentState.NULL)
    assert stage.wait(10_000)[-1] == "t1 -> bob"
    assert stage.state("ann") == "Null"


def test_a_chat_may_ring_at_all_and_one_has_it() -> None:
    ring_all = QueueConfig(name="chat", skills={"sales": 1}, channel="chat", ring=Ring.ALL)
    stage = DeskStage(queue(), ring_all, agents=talkers("ann", "bob"))
    assert stage.enter("t1", queue="chat") == ["t1 -> ann", "t1 -> bob"]
    second = stage.acd.calls["t1"].offers[1]
    assert stage.tell(Answered(second.offer_id)) == [
        "t1 taken by bob after 0",
        "t1 withdrawn from ann",
    ]
    assert (stage.agent("ann").contacts, stage.agent("bob").contacts) == ({}, {"t1": "chat"})
