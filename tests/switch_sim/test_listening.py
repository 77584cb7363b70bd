"""A leg that listens to another one: whom it hears, and who hears it."""

from __future__ import annotations

import pytest

from ctiserver.core.switch_link import (
    Clear,
    Hold,
    Join,
    LegGone,
    LegsJoined,
    LegsParted,
    Listen,
)
from tests.switch_sim.stage import A, B, Stage

SPY = "station:1003"
TRUNK = "trunk:pstn"


def talk() -> tuple[Stage, str]:
    """Let a caller and A talk; B's phone and the supervisor's are up, and alone."""
    stage = Stage()
    caller = stage.call()
    for leg, device in (("a", A), ("b", B), ("spy", SPY)):
        stage.dial(leg, device)
    stage.do(Join(caller, legs=(caller, "a")))
    return stage, caller


@pytest.mark.parametrize("coach", [False, True])
def test_a_listener_hears_the_talk_and_only_a_coach_is_heard_by_the_one(coach: bool) -> None:  # noqa: FBT001 - drawn
    stage, caller = talk()
    assert stage.do(Listen("spy", to="a", coach=coach)) == []
    assert stage.pbx.hears(SPY) == (A, TRUNK)
    assert stage.pbx.hears(A) == ((TRUNK, SPY) if coach else (TRUNK,))
    assert stage.pbx.hears(caller) == (A,)
    assert stage.pbx.snapshot()[-1]["listens_to"] == "a"


def test_a_listener_follows_the_leg_into_another_talk() -> None:
    stage, caller = talk()
    stage.do(Listen("spy", to="a"), Hold("a"))
    assert stage.pbx.hears(SPY) == (A,)
    stage.do(Join("a", legs=("a", "b")))
    assert stage.pbx.hears(SPY) == (A, B)
    assert stage.pbx.hears(caller) == ()


def test_who_joins_a_talk_listens_no_more() -> None:
    stage, caller = talk()
    stage.do(Listen("spy", to="a", coach=True), Join(caller, legs=(caller, "a", "spy")))
    assert stage.pbx.hears(A) == (TRUNK, SPY)
    assert stage.pbx.hears(caller) == (A, SPY)
    assert "listens_to" not in stage.pbx.snapshot()[-1]


def test_who_was_in_a_talk_and_listens_leaves_it_to_the_others() -> None:
    stage, caller = talk()
    stage.do(Join(caller, legs=(caller, "a", "spy")))
    assert stage.do(Listen("spy", to="a")) == [
        LegsParted("spy", legs=("spy", caller, "a")),
        LegsJoined(caller, legs=(caller, "a")),
    ]
    assert stage.pbx.hears(caller) == (A,)
    assert stage.pbx.hears(SPY) == (A, TRUNK)


def test_a_listener_hears_nothing_when_the_leg_is_gone() -> None:
    stage, _ = talk()
    stage.do(Listen("spy", to="a"))
    assert LegGone("a", far_end=False) in stage.do(Clear("a"))
    assert stage.pbx.hears(SPY) == ()


def test_a_listener_that_is_gone_coaches_nobody() -> None:
    stage, _ = talk()
    stage.do(Listen("spy", to="a", coach=True), Clear("spy"))
    assert stage.pbx.hears(A) == (TRUNK,)


@pytest.mark.parametrize(
    "command", [Listen("spy", to="x"), Listen("x", to="a"), Listen("spy", to="spy")]
)
def test_listening_to_nobody_or_to_oneself_does_nothing(command: Listen) -> None:
    stage, _ = talk()
    assert stage.do(command) == []
    assert stage.pbx.hears(SPY) == ()


def test_nobody_listens_to_one_who_listens() -> None:
    stage, _ = talk()
    stage.do(Listen("spy", to="a"), Listen("b", to="spy"))
    assert stage.pbx.hears(B) == ()
    stage.do(Listen("a", to="b"))
    assert stage.pbx.hears(SPY) == ()
