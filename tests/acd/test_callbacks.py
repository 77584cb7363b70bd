"""Callbacks keep the caller's place (Q05, Q07, Q10; c.3-6; RG-34, 38)."""

from __future__ import annotations

import pytest

from acd.callback_places import CALLBACK_STEPS, ENDED
from acd.config import AcdConfig, QueueConfig
from acd.decisions import (
    CallbackAccepted,
    CallbackRefused,
)
from acd.distributor import Distributor
from acd.inputs import (
    CallerChose,
    Enter,
    Reconfigure,
)
from acd.rules import CallbackRules
from acd.steps import Step
from csta.callback_events import CallbackReason, CallbackState
from csta.errors import CtiError
from csta.instants import MINUTE, SECOND
from tests.acd.callback_hall import RULES, Hall


def test_the_table_of_callbacks_has_a_way_from_each_state_to_an_end() -> None:
    """Features, Annex 2: the states are those, and only the ends have no exit."""
    assert list(CALLBACK_STEPS) == list(CallbackState)
    assert {state for state, steps in CALLBACK_STEPS.items() if not steps} == ENDED
    for state in CallbackState:
        assert _reached(state) & ENDED or state in ENDED
    assert _reached(CallbackState.REQUESTED) == set(CallbackState) - {CallbackState.REQUESTED}


def _reached(start: CallbackState) -> set[CallbackState]:
    seen: set[CallbackState] = set()
    while more := {step for state in seen | {start} for step in CALLBACK_STEPS[state]} - seen:
        seen |= more
    return seen


def test_a_callback_keeps_the_place_of_its_caller_q07_rg_38() -> None:
    hall = Hall()
    hall.enter("first", "second", "third", every_ms=10 * SECOND)
    hall.ask("second")
    assert hall.callback("second").position == 2
    hall.come("a0")
    promised = hall.callback("second").callback_id
    served = []
    for _ in range(3):
        served.append(hall.offer("a0").call_id)
        hall.hang_up("a0", hall.talk("a0"))
    assert served == ["first", promised, "third"]
    assert hall.story("second") == [
        "requested", "held", "due", "agentReserved", "dialling", "connected", "done completed",
    ]  # fmt: skip


def test_a_key_of_a_question_means_callback_q05() -> None:
    hall = Hall(steps=(Step(after_ms=MINUTE, ask="go_on"),))
    hall.enter("x")
    hall.wait(MINUTE)
    said = hall.tell(CallerChose("x", "2"))
    accepted = [d for d in said if isinstance(d, CallbackAccepted)]
    assert [(d.call_id, d.prompt, d.again) for d in accepted] == [
        ("x", "sound:callback-accepted", False)
    ]
    assert "x" not in hall.acd.calls


@pytest.mark.parametrize("after_ms", [0, MINUTE])
def test_a_step_without_a_question_calls_back_whoever_waits(after_ms: int) -> None:
    hall = Hall(steps=(Step(after_ms=after_ms, offer_callback=True, priority_by=1),))
    hall.enter("x")
    hall.wait(MINUTE)
    assert hall.story("x") == ["requested", "held"]
    assert list(hall.acd.calls) == [hall.callback("x").callback_id]


@pytest.mark.parametrize("number", ["", "anonymous"])
def test_nobody_is_called_back_whose_number_is_not_known(number: str) -> None:
    hall = Hall(steps=(Step(after_ms=MINUTE, offer_callback=True),))
    hall.tell(Enter("x", "sales", number=number))
    said = hall.wait(MINUTE)
    refused = [(d.reason, d.prompt) for d in said if isinstance(d, CallbackRefused)]
    assert refused == [(CallbackReason.NO_NUMBER, "sound:callback-impossible")]
    assert hall.acd.calls["x"].waits
    with pytest.raises(CtiError, match="noNumber"):
        hall.ask("x")


def test_a_queue_without_callbacks_says_so() -> None:
    hall = Hall(rules=None, steps=(Step(after_ms=MINUTE, offer_callback=True),))
    hall.enter("x")
    said = hall.wait(MINUTE)
    assert [d.reason for d in said if isinstance(d, CallbackRefused)] == [
        CallbackReason.NOT_OFFERED
    ]
    assert hall.acd.calls["x"].waits


def test_a_second_request_returns_the_first_callback_q10() -> None:
    hall = Hall()
    hall.tell(Enter("x", "sales", number="+1"), Enter("y", "sales", number="+1"))
    hall.ask("x")
    said = hall.ask("y")
    [accepted] = [d for d in said if isinstance(d, CallbackAccepted)]
    assert accepted.again
    assert [c.callback_id for c in hall.acd.callbacks.listing()] == [accepted.callback_id]
    assert "y" not in hall.acd.calls


def test_who_calls_in_again_has_his_place_and_no_callback() -> None:
    hall = Hall()
    hall.enter("x", "other", every_ms=MINUTE)
    hall.ask("x")
    hall.wait(5 * MINUTE)
    hall.tell(Enter("again", "sales", number="+x"))
    assert hall.story("x") == ["requested", "held", "cancelled inboundReturn"]
    assert hall.acd.calls["again"].enqueued_at == 0
    hall.come("a0")
    assert hall.offer("a0").call_id == "again"


def test_who_calls_in_while_he_is_called_back_is_not_called_any_more() -> None:
    """The agent who was reserved for him is free, and has the call that came in."""
    hall = Hall()
    hall.enter("x", "other")
    hall.ask("x")
    hall.come("a0")
    assert hall.offer("a0").callback_id
    hall.tell(Enter("again", "sales", number="+x"))
    assert hall.story("x")[-2:] == ["agentReserved", "cancelled inboundReturn"]
    assert hall.offer("a0").call_id == "again"


def test_a_place_counts_where_the_queue_takes_nobody_more() -> None:
    full = QueueConfig(name="sales", skills={"sales": 1}, callbacks=RULES, waiting_max=1)
    hall = Hall()
    hall.acd = Distributor(AcdConfig(queues=(full,)), hall.directory)
    hall.enter("x")
    hall.ask("x")
    hall.enter("y")
    assert hall.acd.calls["y"].waits, "a callback holds no line"
    hall.tell(Enter("again", "sales", number="+x"))
    assert hall.acd.calls["again"].waits, "who has a place is not turned away"
    hall.enter("z")
    assert "z" not in hall.acd.calls


def test_the_same_caller_asks_three_times_and_has_one_callback_c_3_6() -> None:
    hall = Hall()
    hall.enter("early")
    hall.wait(SECOND)
    for number in range(3):
        hall.tell(Enter(f"call{number}", "sales", number="+x"))
        hall.ask(f"call{number}")
        hall.wait(MINUTE)
    assert len(hall.acd.callbacks.listing()) == 1
    assert hall.acd.calls[hall.callback("x").callback_id].enqueued_at == SECOND
    assert hall.story("x").count("cancelled inboundReturn") == 2


def test_a_place_goes_on_with_the_steps_that_say_who_may_serve_it() -> None:
    """Whom the call needs, and how urgent it is; nothing is said to a caller who has gone."""
    steps = (
        Step(after_ms=MINUTE, skills={"german": 0}, announce="sound:wait", priority_by=2),
        Step(after_ms=2 * MINUTE, end="timeout"),
    )
    hall = Hall(steps=steps)
    hall.tell(Enter("x", "sales", number="+x", skills={"german": 2}))
    hall.come("a0")
    hall.ask("x")
    hall.log.clear()
    hall.wait(MINUTE - 1)
    assert not hall.log
    hall.wait(1)
    assert hall.reserved() == ["x"]
    hall.wait(10 * SECOND)
    kinds = {type(decision).__name__ for decision in hall.log}
    assert not kinds & {"Announces", "Ends", "Waits"}


def test_a_new_configuration_counts_for_those_who_have_a_place() -> None:
    hall = Hall(4, CallbackRules(share=0.25))
    hall.enter("p", "q")
    hall.ask("p", "q")
    hall.come(*hall.names)
    assert hall.reserved() == ["p"]
    [queue] = hall.config.queues
    wider = QueueConfig(name=queue.name, skills=queue.skills, callbacks=CallbackRules(share=0.5))
    hall.tell(Reconfigure(AcdConfig(queues=(wider,), version=2)))
    assert hall.reserved() == ["p", "q"]
    other = QueueConfig(name="other", skills={})
    with pytest.raises(CtiError, match="sales"):
        hall.tell(Reconfigure(AcdConfig(queues=(other,), version=3)))
