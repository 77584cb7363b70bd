"""How calls leave a queue without an agent (Q20), and what conditions know of the caller (R28)."""

from __future__ import annotations

import msgspec
import pytest

from acd.config import AcdConfig, QueueConfig
from acd.steps import Step
from agents.config import AgentConfig
from csta.customers import CustomerCard, Match
from ctiserver.core.inputs import LookedUp
from ivr.config import CollectStep, KeyRule, MenuStep, QueueStep, Retry
from ivr.menu_file import load_flow
from switch_sim.callers import Press
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import OURS, Centre, centre_plan
from tests.ctiserver.test_treatment import NIGHT, A, B, centre_with, finished, heard, sales
from tests.repository import ROOT

# Ways out.


def test_a_recipe_sends_a_call_to_a_number_after_a_word_of_why() -> None:
    step = Step(after_ms=5_000, announce="sound:night", divert_to=f"number:{NIGHT}")
    centre = centre_with(sales(step))
    centre.call()
    centre.wait(5_500)
    assert heard(centre)[-1] == "sound:night"
    assert [e.data.exit_reason for e in centre.events("QueueLeft")] == ["overflow"]
    assert centre.engine.acd.calls == {}
    centre.wait(60_000)
    assert heard(centre) == ["music:default", "sound:night"]
    assert centre.story("Diverted", "NetworkReached")[:2] == [
        "Diverted(acd:sales; overflow)",
        f"NetworkReached(number:{NIGHT}; newCall)",
    ]
    # The laws of `finished` do not know calls that go out; the engine machine checks those.
    for leg in centre.pbx.snapshot():
        centre.pbx.hang_up(leg["leg"])
    centre.wait(1_000)
    assert [e.data.exit_reason for e in centre.events("CallCleared")] == ["overflow"]
    assert centre.engine.contacts == {}


def test_a_call_that_nobody_answers_elsewhere_comes_back_but_not_for_ever() -> None:
    centre = centre_with(sales(Step(after_ms=0, divert_to=B)))
    centre.phone(B, PhoneAct.REJECTS, 1_000)
    centre.call()
    centre.wait(60_000)
    assert len(centre.events("Failed")) == 6
    assert centre.pbx.snapshot() == ()
    assert finished(centre) == [("rejected", "overflow")]


def test_q17_a_call_that_has_waited_its_time_hears_why_and_ends_with_the_reason() -> None:
    centre = centre_with(sales(Step(after_ms=30_000, announce="sound:sorry", end="timeout")))
    centre.call()
    centre.wait(30_500)
    assert heard(centre)[-1] == "sound:sorry"
    assert centre.engine.acd.calls == {}
    centre.wait(5_000)
    assert centre.pbx.snapshot() == ()
    assert centre.story("ConnectionCleared")[0] == "ConnectionCleared(acd:sales; queueTimeOverflow)"
    assert finished(centre) == [("endedInQueue", "timeout")]


def test_who_hangs_up_during_the_last_word_leaves_nothing_behind() -> None:
    centre = centre_with(sales(Step(after_ms=5_000, announce="sound:sorry", end="timeout")))
    leg = centre.call()
    centre.wait(5_500)
    centre.pbx.hang_up(leg)
    assert finished(centre) == [("endedInQueue", "timeout")]


def test_nobody_is_asked_who_hears_the_last_word() -> None:
    steps = (
        Step(after_ms=4_000, announce="sound:long"),
        Step(after_ms=4_500, ask="wait"),
        Step(after_ms=5_000, announce="sound:sorry", end="timeout"),
    )
    centre = centre_with(sales(*steps))
    centre.call(presses=(Press("sorry", "2", 500),))
    centre.wait(20_000)
    assert heard(centre) == ["music:default", "sound:long", "sound:sorry"]
    assert centre.events("CallerAsked", "CallerDecided") == []
    assert finished(centre) == [("endedInQueue", "timeout")]


def test_a_client_may_deflect_a_call_that_hears_its_last_word() -> None:
    centre = centre_with(sales(Step(after_ms=5_000, announce="sound:sorry", end="timeout")))
    centre.phone(B, PhoneAct.ANSWERS, 500)
    centre.call()
    centre.wait(5_500)
    place = {"callID": centre.call_ids()[0], "deviceID": "acd:sales"}
    centre.asked("DeflectCall", callToBeDiverted=place, newDestination="1002")
    centre.wait(10_000)
    assert centre.story("Established") == [f"Established({B}; newCall)"]
    assert len(centre.pbx.snapshot()) == 2
    finished(centre)


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("closed", "queueCleared"),
        ("no_agent", "noAvailableAgents"),
        ("join_empty", "emptyQueue"),
        ("leave_empty", "emptyQueue"),
        ("timeout", "queueTimeOverflow"),
        ("full", "aCDBusy"),
        ("lunch", "normalClearing"),
    ],
)
def test_q20_each_exit_reason_is_told_by_the_events(reason: str, cause: str) -> None:
    centre = centre_with(sales(Step(after_ms=1_000, end=reason)))
    centre.call()
    centre.wait(2_000)
    word = {"no_agent": "noAgent", "join_empty": "joinEmpty", "leave_empty": "leaveEmpty"}
    [left] = centre.events("QueueLeft")
    assert left.data.exit_reason == word.get(reason, reason)
    assert centre.story("ConnectionCleared")[0] == f"ConnectionCleared(acd:sales; {cause})"
    assert finished(centre) == [("endedInQueue", word.get(reason, reason))]


def test_q20_a_full_queue_is_an_exit_reason_too() -> None:
    centre = centre_with(sales(waiting_max=1))
    centre.call("+491")
    centre.call("+492")
    centre.wait(1_000)
    assert [e.data.exit_reason for e in centre.events("QueueLeft")] == ["full"]
    assert sorted(finished(centre)) == [("abandonedInQueue", None), ("busy", "full")]


# What is known of the caller.


def test_r28_a_gold_customer_goes_first_though_the_store_answers_late() -> None:
    centre = centre_with(
        sales(Step(after_ms=0, when='caller.tier == "gold"', priority_by=10)),
    )
    for number in (1, 2):
        centre.call(f"+49{number}")
    first, second = centre.engine.acd.calls.values()
    assert first.key < second.key
    card = CustomerCard("c-1", "Ada", tier="gold", language="de")
    centre.world.looked_up(LookedUp(second.call_id, Match.ONE, card))
    assert second.key < first.key
    assert centre.story("Queued")[2:] == ["Queued(acd:sales; remainsInQueue)"]
    finished(centre)


def test_r28_what_the_card_says_may_decide_who_serves_the_call() -> None:
    german = QueueConfig(name="sales", skills={}, requires='caller.language != "de" or german >= 3')
    anna = AgentConfig("anna", "Anna", A, {"german": 5})
    bea = AgentConfig("bea", "Bea", B, {"german": 1})
    centre = centre_with(german, agents=(anna, bea))
    centre.call()
    [call] = centre.engine.acd.calls.values()
    centre.world.looked_up(
        LookedUp(call.call_id, Match.ONE, CustomerCard("c-1", "Ada", language="de"))
    )
    centre.log_on("bea")
    centre.wait(1_000)
    assert centre.events("AgentOffered") == []
    centre.log_on("anna")
    assert [e.data.agent_id for e in centre.events("AgentOffered")] == ["anna"]
    finished(centre)


def test_q13_what_was_keyed_in_may_be_asked_for_but_no_secret() -> None:
    flow = load_flow(ROOT / "tests" / "golden" / "front_door.yaml")
    steps = {
        **flow.steps,
        "pin": CollectStep(
            name="pin",
            prompts=("sound:pin",),
            keys=KeyRule(least=4, most=4),
            ok="account",
            failed="account",
            secret=True,
        ),
        "account": CollectStep(
            name="account",
            prompts=("sound:account",),
            keys=KeyRule(least=2, most=2),
            ok="enter",
            failed="enter",
        ),
        "enter": QueueStep(queue="sales", data={"topic": "card"}),
    }
    flow = msgspec.structs.replace(flow, start="pin", steps=steps)
    plan = centre_plan(
        acd=AcdConfig(queues=(sales(),)), flows={"main": flow}, numbers={OURS: "routeing:main"}
    )
    centre = Centre(plan)
    centre.call("+491", presses=(Press("pin", "1234"), Press("account", "42")))
    centre.wait(20_000)
    [call] = centre.engine.acd.calls.values()
    assert call.attributes == {
        "number": "+491",
        "dialled": OURS,
        "account": "42",
        "topic": "card",
    }
    finished(centre)


def test_r15_a_flow_keeps_a_call_for_the_agent_who_knows_the_customer() -> None:
    flow = load_flow(ROOT / "tests" / "golden" / "front_door.yaml")
    ask = MenuStep(
        prompts=("sound:press",),
        choices={"1": "enter"},
        no_input=Retry(go="enter"),
        no_match=Retry(go="enter"),
    )
    enter = QueueStep(queue="sales", preferred=("{customer.agent}",), patience_ms=10_000)
    flow = msgspec.structs.replace(flow, start="ask", steps={"ask": ask, "enter": enter})
    centre = Centre(
        centre_plan(
            acd=AcdConfig(queues=(sales(),)), flows={"main": flow}, numbers={OURS: "routeing:main"}
        )
    )
    for agent in ("anna", "bea"):
        centre.set_agent(agent, "loggedOn")
    centre.set_agent("anna", "ready")
    centre.call("+491", presses=(Press("press", "1", 3_000),))
    centre.wait(1_000)
    card = CustomerCard("c-1", "Ada", agent_id="bea")
    centre.world.looked_up(LookedUp(centre.call_ids()[0], Match.ONE, card))
    centre.wait(5_000)
    assert centre.events("AgentOffered") == []
    assert len(centre.events("Queued")) == 1
    centre.wait(10_000)
    assert [e.data.agent_id for e in centre.events("AgentOffered")] == ["anna"]
