"""Attempts to reach a customer (Q09, Q11; RG-56, 66, 67; I2)."""

from __future__ import annotations

import pytest

from acd.decisions import (
    CallsBack,
)
from acd.inputs import (
    AskState,
    CallbackAnswered,
    CallbackFailed,
    CallbackOver,
    CancelCallback,
    Enter,
    Leave,
    LogOn,
    PhoneBusy,
)
from acd.rules import CallbackRules
from csta.callback_events import CallbackReason
from csta.errors import CtiError
from csta.instants import HOUR, MINUTE, SECOND
from csta.states import AgentState
from tests.acd.callback_hall import RULES, Hall


@pytest.mark.parametrize(
    "reason",
    [
        CallbackReason.BUSY,
        CallbackReason.NO_ANSWER,
        CallbackReason.REJECTED,
        CallbackReason.UNREACHABLE,
    ],
)
def test_a_customer_who_is_not_reached_keeps_his_place_for_the_next_attempt_q09(
    reason: CallbackReason,
) -> None:
    """RG-56: each outcome has a name of its own; the agent is free at once, without work."""
    hall = Hall()
    hall.enter("x")
    hall.wait(SECOND)
    hall.enter("later")
    hall.ask("x")
    hall.come("a0")
    hall.tell(CallbackFailed(hall.take("a0") or "", reason), PhoneBusy("a0", None))
    assert hall.story("x")[-1] == f"retry {reason.value}"
    assert hall.callback("x").next_at == hall.now + RULES.retry_ms
    assert hall.directory.agent("a0").state is AgentState.BUSY, "the other caller's turn"
    assert hall.offer("a0").call_id == "later"
    hall.wait(10 * SECOND)
    assert hall.story("x")[-1] == f"retry {reason.value}"
    hall.take("a0")
    hall.enter("last")
    hall.wait(RULES.retry_ms)
    hall.hang_up("a0")
    assert hall.offer("a0").callback_id, "it goes before who came after its caller"


def test_after_the_last_attempt_it_is_said_why_nobody_was_reached_i2() -> None:
    hall = Hall()
    hall.enter("x")
    hall.ask("x")
    hall.come("a0")
    for attempt in range(1, RULES.attempts_max + 1):
        callback_id = hall.take("a0")
        assert callback_id is not None
        assert hall.callback("x").attempt == attempt
        hall.wait(RULES.ring_ms)
        hall.tell(PhoneBusy("a0", None))
        hall.wait(RULES.retry_ms)
    assert hall.story("x")[-1] == "done noAnswer"
    assert not hall.acd.callbacks.listing()
    assert hall.acd.wake_at() is None


def test_an_agent_who_hangs_up_while_the_customer_is_dialled_uses_up_an_attempt() -> None:
    hall = Hall()
    hall.enter("x")
    hall.ask("x")
    hall.come("a0")
    hall.tell(CallbackOver(hall.take("a0") or ""), PhoneBusy("a0", None))
    assert hall.story("x")[-1] == "retry agentLeft"


def test_a_customer_is_never_called_twice_at_once_rg_66_rg_67() -> None:
    """Three agents become free while an attempt is under way, time passes, he calls others in."""
    hall = Hall(5, CallbackRules(share=1.0, ring_ms=20 * SECOND))
    hall.enter("x")
    hall.ask("x")
    hall.come("a0")
    callback_id = hall.take("a0")
    hall.come("a1", "a2", "a3")
    hall.wait(10 * SECOND)
    hall.tell(AskState("a3", AgentState.NOT_READY), LogOn("a4"))
    assert [d.callback_id for d in hall.log if isinstance(d, CallsBack)] == [callback_id]
    assert hall.reserved() == ["x"]


def test_a_late_word_of_an_attempt_that_is_over_changes_nothing() -> None:
    hall = Hall()
    hall.enter("x")
    hall.ask("x")
    hall.come("a0")
    callback_id = hall.take("a0") or ""
    hall.wait(RULES.ring_ms)
    before = hall.story("x")
    hall.tell(
        CallbackAnswered(callback_id, "late"),
        CallbackFailed(callback_id, CallbackReason.BUSY),
        CallbackOver(callback_id),
    )
    assert hall.story("x") == before


def test_a_callback_expires_and_says_so_q11() -> None:
    hall = Hall()
    hall.enter("x")
    hall.ask("x")
    hall.wait(HOUR - 1)
    assert hall.story("x")[-1] == "held"
    hall.wait(1)
    assert hall.story("x")[-1] == "expired"
    assert not hall.acd.calls


def test_an_agent_to_whom_a_callback_is_offered_as_it_expires_is_free() -> None:
    hall = Hall()
    hall.enter("x", "y")
    hall.ask("x")
    hall.wait(HOUR - SECOND)
    hall.come("a0")
    hall.wait(SECOND)
    assert hall.story("x")[-1] == "expired"
    assert hall.offer("a0").call_id == "y"


def test_an_attempt_under_way_is_the_last_one_when_time_is_over() -> None:
    hall = Hall()
    hall.enter("x")
    hall.ask("x")
    hall.wait(HOUR - SECOND)
    hall.come("a0")
    callback_id = hall.take("a0") or ""
    hall.wait(2 * SECOND)
    assert hall.story("x")[-1] == "dialling"
    hall.tell(CallbackFailed(callback_id, CallbackReason.BUSY))
    assert hall.story("x")[-1] == "expired busy"


@pytest.mark.parametrize(
    "reason", [CallbackReason.SUPERVISOR, CallbackReason.CALLER, CallbackReason.DNC]
)
@pytest.mark.parametrize("when", ["held", "agentReserved", "dialling", "retry"])
def test_a_callback_can_be_taken_back_until_the_customer_answers_q11(
    when: str, reason: CallbackReason
) -> None:
    hall = Hall()
    hall.enter("x")
    hall.ask("x")
    if when != "held":
        hall.come("a0")
    if when in ("dialling", "retry"):
        hall.take("a0")
    if when == "retry":
        hall.wait(RULES.ring_ms)
    callback_id = hall.callback("x").callback_id
    assert hall.callback("x").state == when
    hall.tell(CancelCallback(callback_id, reason))
    assert hall.story("x")[-1] == f"cancelled {reason.value}"
    assert not hall.acd.calls
    assert not hall.acd.offers
    with pytest.raises(CtiError, match="no callback"):
        hall.tell(CancelCallback(callback_id))


def test_who_has_the_customer_on_the_line_is_not_interrupted() -> None:
    hall = Hall()
    hall.enter("x")
    hall.ask("x")
    hall.come("a0")
    callback_id = hall.talk("a0") or ""
    with pytest.raises(CtiError, match="on the line"):
        hall.tell(CancelCallback(callback_id))
    hall.tell(Enter("second", "sales", number="+x"))
    assert hall.story("x")[-1] == "connected", "another call from his number is one of its own"


CUSTOMER_FIRST = CallbackRules(agent_first=False, share=0.5, retry_ms=MINUTE, attempts_max=2)


def test_where_customers_come_first_one_is_called_when_an_agent_is_ready_q09() -> None:
    hall = Hall(4, CUSTOMER_FIRST)
    hall.enter("p", "q", "r")
    hall.ask("p", "q", "r")
    assert not hall.dialled()
    hall.come("a0", "a1")
    assert hall.dialled() == ["p"], "half of two agents"
    hall.come("a2", "a3")
    assert hall.dialled() == ["p", "q"]
    hall.tell(CallbackAnswered(hall.callback("p").callback_id, "to-p"))
    assert hall.story("p")[-1] == "connected"
    offer = hall.offer("a0")
    assert (offer.call_id, offer.callback_id) == ("to-p", hall.callback("p").callback_id)
    hall.hang_up("a0", hall.take("a0") or hall.callback("p").callback_id)
    assert hall.story("p")[-1] == "done completed"
    assert hall.dialled() == ["p", "q", "r"]


def test_a_customer_who_answers_and_finds_no_agent_waits_at_his_old_place() -> None:
    hall = Hall(1, CUSTOMER_FIRST)
    hall.enter("x", every_ms=MINUTE)
    hall.ask("x")
    hall.come("a0")
    hall.enter("later")
    assert hall.offer("a0").call_id == "later"
    hall.tell(CallbackAnswered(hall.callback("x").callback_id, "to-x"))
    assert hall.acd.calls["to-x"].enqueued_at == 0
    hall.enter("latest")
    hall.take("a0")
    hall.hang_up("a0")
    assert hall.offer("a0").call_id == "to-x"


def test_a_customer_who_answers_and_leaves_before_an_agent_does_is_called_again() -> None:
    hall = Hall(1, CUSTOMER_FIRST)
    hall.enter("x")
    hall.ask("x")
    hall.come("a0")
    callback_id = hall.callback("x").callback_id
    hall.tell(CallbackAnswered(callback_id, "to-x"))
    hall.tell(CallbackFailed(callback_id, CallbackReason.ABANDONED), Leave("to-x"))
    assert hall.story("x")[-1] == "retry abandoned"
    assert hall.directory.agent("a0").state is AgentState.READY
    hall.wait(MINUTE)
    assert hall.dialled() == ["x", "x"]
