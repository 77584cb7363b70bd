"""Callbacks neither flood nor starve (Q07, idea 9; c.3-6; RG-34; I2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.decisions import (
    CallbackChanged,
)
from acd.inputs import (
    Answered,
    CallbackAnswered,
    CallbackFailed,
    CallbackOver,
    CancelCallback,
    Enter,
    Leave,
    LogOn,
    PhoneBusy,
    Refused,
)
from acd.rules import CallbackRules
from agents.agent import Agent
from csta.acd_events import RefusalReason
from csta.callback_events import CallbackReason, CallbackState
from csta.instants import HOUR, MINUTE, SECOND
from csta.states import AgentState
from tests.acd.callback_hall import Hall


@pytest.mark.parametrize("agents", [1, 4, 10, 20])
def test_forty_callbacks_mature_together_in_the_order_of_their_calls_c_3_6(agents: int) -> None:
    """Nobody is here until all are due: order as they called, never more than the share."""
    hall = Hall(agents, CallbackRules(share=0.3, retry_ms=MINUTE, expires_ms=10 * HOUR))
    callers = [f"c{number:02}" for number in range(40)]
    hall.enter(*callers, every_ms=SECOND)
    hall.ask(*reversed(callers))
    hall.come(*hall.names)
    talking: dict[str, str | None] = {}
    most = 0
    while hall.acd.callbacks.listing():
        for name in hall.names:
            if hall.directory.agent(name).offer_id:
                talking[name] = hall.talk(name)
        most = max(most, len(talking))
        hall.wait(SECOND)
        first = next(iter(talking))
        hall.hang_up(first, talking.pop(first))
    assert hall.reserved() == callers
    assert most == max(1, agents * 3 // 10)


def test_while_the_share_is_used_up_agents_are_given_callers_q07() -> None:
    hall = Hall(4, CallbackRules(share=0.5))
    hall.enter("p", "q", "r", "s", "caller")
    hall.ask("p", "q", "r", "s")
    hall.come("a0", "a1", "a2", "a3")
    assert hall.reserved() == ["p", "q"], "half of four agents"
    assert hall.offer("a1").call_id == "caller", "there was room for one callback, then"
    assert hall.directory.agent("a3").state is AgentState.READY
    hall.hang_up("a0", hall.talk("a0"))
    assert hall.reserved() == ["p", "q", "r"], "a slot is free: the next one has his turn"


def test_one_agent_more_may_be_room_for_one_callback_more() -> None:
    """Nobody polls: the idle agent is found as soon as a further one has logged on."""
    hall = Hall(4, CallbackRules(share=0.5))
    hall.enter("p", "q")
    hall.ask("p", "q")
    hall.come("a0", "a1", "a2")
    assert hall.reserved() == ["p"]
    hall.tell(LogOn("a3"))
    assert hall.reserved() == ["p", "q"]


def test_a_callback_that_nobody_can_serve_keeps_no_other_one_waiting_rg_34() -> None:
    hall = Hall()
    hall.tell(Enter("x", "sales", number="+x", skills={"finnish": 1}))
    hall.enter("y")
    hall.ask("x", "y")
    hall.come("a0")
    assert hall.reserved() == ["y"]


def test_an_agent_who_lets_it_ring_leaves_the_callback_in_its_place() -> None:
    hall = Hall(2)
    hall.enter("x", "y")
    hall.ask("x", "y")
    hall.come("a0")
    place = hall.acd.calls[hall.callback("x").callback_id].key
    hall.tell(Refused(hall.offer("a0").offer_id, RefusalReason.NO_ANSWER))
    assert hall.story("x")[-2:] == ["agentReserved", "held"]
    assert hall.callback("x").attempt == 0, "the customer has not been called"
    assert hall.acd.calls[hall.callback("x").callback_id].key == place
    hall.come("a1")
    assert hall.reserved() == ["x", "x"]


_ACTS: dict[str, Callable[[Hall, int], object]] = {}


def _act(act: Callable[[Hall, int], object]) -> Callable[[Hall, int], object]:
    """Note something that may happen; it does nothing where it cannot happen now."""
    _ACTS[act.__name__.strip("_")] = act
    return act


def _agent(hall: Hall, number: int) -> Agent:
    return hall.directory.agent(hall.names[number % len(hall.names)])


def _callback(hall: Hall, number: int, *states: CallbackState) -> CallbackChanged | None:
    found = [c for c in hall.acd.callbacks.listing() if not states or c.state in states]
    return found[number % len(found)] if found else None


@_act
def _enter(hall: Hall, number: int) -> None:
    hall.tell(Enter(f"e{len(hall.log)}", "sales", number=f"+{number}"))


@_act
def _ask(hall: Hall, number: int) -> None:
    waiting = [c for c in hall.acd.calls.values() if c.waits and c.callback_id is None]
    if waiting:
        hall.ask(waiting[number % len(waiting)].call_id)


@_act
def _come(hall: Hall, number: int) -> None:
    agent = _agent(hall, number)
    if agent.state is AgentState.NULL:
        hall.come(agent.agent_id)


@_act
def _take(hall: Hall, number: int) -> None:
    hall.tell(Answered(_agent(hall, number).offer_id or ""))


@_act
def _refuse(hall: Hall, number: int) -> None:
    hall.tell(Refused(_agent(hall, number).offer_id or "", RefusalReason.REJECTED))


@_act
def _cancel(hall: Hall, number: int) -> None:
    callback = _callback(hall, number)
    if callback is not None and callback.state is not CallbackState.CONNECTED:
        hall.tell(CancelCallback(callback.callback_id))


@_act
def _answer(hall: Hall, number: int) -> None:
    callback = _callback(hall, number, CallbackState.DIALLING)
    if callback is not None:
        hall.tell(CallbackAnswered(callback.callback_id, f"to{len(hall.log)}"))


@_act
def _fail(hall: Hall, number: int) -> None:
    callback = _callback(hall, number)
    if callback is not None:
        hall.tell(CallbackFailed(callback.callback_id, CallbackReason.BUSY))


@_act
def _over(hall: Hall, number: int) -> None:
    callback, agent = _callback(hall, number), _agent(hall, number)
    if callback is not None:
        hall.tell(CallbackOver(callback.callback_id))
    if agent.state is AgentState.BUSY and agent.offer_id is None:
        hall.tell(PhoneBusy(agent.agent_id, None))


@settings(max_examples=80)
@given(
    st.lists(st.tuples(st.sampled_from(list(_ACTS)), st.integers(0, 7)), max_size=60),
    st.sampled_from([0.1, 0.3, 0.5, 1.0]),
    st.sampled_from([True, False]),
)
def test_whatever_happens_no_callback_is_silent_doubled_or_beyond_its_share_i2(
    acts: list[tuple[str, int]],
    share: float,
    agent_first: bool,  # noqa: FBT001 - drawn
) -> None:
    """`Hall.check` holds after each step; when all is quiet nothing is left behind."""
    rules = CallbackRules(
        share=share, agent_first=agent_first, attempts_max=2, retry_ms=MINUTE, expires_ms=HOUR
    )
    hall = Hall(4, rules)
    for act, number in acts:
        _ACTS[act](hall, number)
        hall.wait(number * 5 * SECOND)
    for call_id, call in list(hall.acd.calls.items()):
        if not call.held and call.callback_id is None:
            hall.tell(Leave(call_id))
    for callback in hall.acd.callbacks.listing():
        if callback.state is CallbackState.CONNECTED:
            hall.tell(CallbackOver(callback.callback_id))
    hall.wait(2 * HOUR)
    assert not hall.acd.callbacks.listing()
    assert set(hall.ends.values()) <= {1}
    assert not hall.acd.calls
