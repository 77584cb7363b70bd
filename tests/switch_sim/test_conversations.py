"""Joining, parting, holding and leaving."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctiserver.core.switch_link import (
    AnyObservation,
    Clear,
    Dial,
    Hold,
    Join,
    LegGone,
    LegHeld,
    LegRetrieved,
    LegsJoined,
    LegsParted,
    Play,
    PlayEnded,
)
from tests.switch_sim.stage import A, B, Stage

C = "station:1003"


def _joined(stage: Stage) -> dict[str, list[str]]:
    return {entry["leg"]: entry["joined"] for entry in stage.pbx.snapshot()}


def _stage() -> tuple[Stage, str]:
    """Give a stage with a caller and three phones, all up and all alone."""
    stage = Stage()
    leg = stage.call()
    for name, device in (("a", A), ("b", B), ("c", C)):
        stage.dial(name, device)
    return stage, leg


def test_joined_legs_hear_one_another() -> None:
    stage, caller = _stage()
    assert stage.do(Join(caller, legs=(caller, "a", "b"))) == [
        LegsJoined(caller, legs=(caller, "a", "b"))
    ]
    assert _joined(stage) == {caller: ["a", "b"], "a": [caller, "b"], "b": [caller, "a"], "c": []}


def test_a_leg_that_moves_to_another_parts_from_the_one_it_leaves() -> None:
    stage, caller = _stage()
    stage.do(Join(caller, legs=(caller, "a")))
    assert stage.do(Join(caller, legs=(caller, "b"))) == [
        LegsParted(caller, legs=(caller, "a")),
        LegsJoined(caller, legs=(caller, "b")),
    ]
    assert _joined(stage) == {caller: ["b"], "a": [], "b": [caller], "c": []}


def test_two_that_stay_of_three_hear_one_another_still() -> None:
    stage, caller = _stage()
    stage.do(Join(caller, legs=(caller, "a", "b")))
    assert stage.do(Join("a", legs=("a", "c"))) == [
        LegsParted("a", legs=("a", caller, "b")),
        LegsJoined(caller, legs=(caller, "b")),
        LegsJoined("a", legs=("a", "c")),
    ]
    assert _joined(stage) == {caller: ["b"], "a": ["c"], "b": [caller], "c": ["a"]}


def test_two_that_leave_a_third_behind_together_part_from_him_once() -> None:
    stage, caller = _stage()
    stage.do(Join(caller, legs=(caller, "a", "b")))
    assert stage.do(Join(caller, legs=(caller, "b"))) == [
        LegsParted(caller, legs=(caller, "a", "b")),
        LegsJoined(caller, legs=(caller, "b")),
    ]


def test_nobody_parts_when_all_stay_together() -> None:
    stage, caller = _stage()
    stage.do(Join(caller, legs=(caller, "a")))
    for legs in ((caller, "a"), (caller, "a", "b")):
        assert stage.do(Join(caller, legs=legs)) == [LegsJoined(caller, legs=legs)]


def test_two_conversations_become_one_without_parting() -> None:
    stage, caller = _stage()
    stage.do(Join(caller, legs=(caller, "a")), Join("b", legs=("b", "c")))
    everybody = (caller, "a", "b", "c")
    assert stage.do(Join(caller, legs=everybody)) == [LegsJoined(caller, legs=everybody)]


def test_joining_a_leg_with_nobody_takes_it_out() -> None:
    stage, caller = _stage()
    stage.do(Join(caller, legs=(caller, "a")))
    assert stage.do(Join("a", legs=("a",))) == [
        LegsParted("a", legs=("a", caller)),
        LegsJoined("a", legs=("a",)),
    ]
    assert _joined(stage)[caller] == []


def test_of_three_to_be_joined_the_two_that_are_there_are_joined_and_one_alone_is_not() -> None:
    stage, caller = _stage()
    stage.do(Clear("c"))
    assert stage.do(Join("c", legs=("c", caller, "a"))) == [LegsJoined(caller, legs=(caller, "a"))]
    assert stage.do(Join("b", legs=("b", "c"))) == []
    assert stage.do(Join("a", legs=("a", "c"))) == []
    assert _joined(stage)[caller] == ["a"]


def test_joining_ends_what_each_of_them_heard() -> None:
    stage, caller = _stage()
    stage.do(Play(caller, play_id="p", uri="sound:a"), Play("b", play_id="q", uri="sound:b"))
    stage.do(Join(caller, legs=(caller, "a")))
    assert stage.wait(10_000) == [PlayEnded("b", play_id="q")]


def test_a_held_leg_is_out_of_its_conversation_until_it_is_joined_again() -> None:
    stage, caller = _stage()
    stage.do(Join(caller, legs=(caller, "a")))
    assert stage.do(Hold("a")) == [LegHeld("a")]
    assert _joined(stage)[caller] == []
    assert stage.do(Hold("a")) == [LegHeld("a")]
    assert stage.do(Join("a", legs=("a", caller))) == [LegsJoined("a", legs=("a", caller))]
    assert _joined(stage)[caller] == ["a"]
    assert not any(entry["held"] for entry in stage.pbx.snapshot())


def test_a_consultation_ends_in_a_transfer() -> None:
    stage, caller = _stage()
    stage.do(Join(caller, legs=(caller, "a")), Hold("a"))
    assert stage.do(Join("a", legs=("a", "b"))) == [LegsJoined("a", legs=("a", "b"))]
    assert stage.do(Join(caller, legs=(caller, "b"))) == [
        LegsParted("b", legs=("b", "a")),
        LegsJoined(caller, legs=(caller, "b")),
    ]
    assert stage.do(Clear("a")) == [LegGone("a", far_end=False)]
    assert _joined(stage) == {caller: ["b"], "b": [caller], "c": []}


def test_those_whom_a_leg_that_goes_leaves_behind_stay_joined() -> None:
    stage, caller = _stage()
    stage.do(Join(caller, legs=(caller, "a", "b")))
    stage.pbx.hang_up("a")
    assert stage.take() == [LegGone("a")]
    assert _joined(stage)[caller] == ["b"]


@pytest.mark.parametrize("gone", ["caller", "moved"])
def test_a_phone_that_retrieves_when_nobody_is_left_is_alone(gone: str) -> None:
    stage, caller = _stage()
    stage.do(Join(caller, legs=(caller, "a")), Hold("a"))
    stage.do(Clear(caller) if gone == "caller" else Join(caller, legs=(caller, "b")))
    stage.pbx.retrieve(A)
    assert stage.take() == [LegRetrieved("a")]
    assert _joined(stage)["a"] == []


def test_a_leg_that_is_not_up_cannot_be_held() -> None:
    stage = Stage()
    stage.do(Dial("a", device=A))
    assert stage.do(Hold("a")) == []


LEGS = ("sim1-1", "a", "b", "c")
steps = st.one_of(
    st.builds(
        lambda legs: Join(legs[0], legs=tuple(legs)),
        st.lists(st.sampled_from(LEGS), min_size=1, max_size=4, unique=True),
    ),
    st.builds(Hold, st.sampled_from(LEGS)),
    st.builds(Clear, st.sampled_from(LEGS)),
)


@given(st.lists(steps, max_size=12))
def test_what_was_told_adds_up_to_what_the_switch_knows(script: list[Join | Hold | Clear]) -> None:
    """Whoever only listens, and follows each word, knows who hears whom."""
    stage, _ = _stage()
    hears: dict[str, set[str]] = {leg: set() for leg in LEGS}
    for command in script:
        for observation in stage.do(command):
            _follow(hears, observation)
    assert {leg: set(others) for leg, others in _joined(stage).items()} == hears


def _follow(hears: dict[str, set[str]], observation: AnyObservation) -> None:
    match observation:
        case LegsJoined(_, legs=legs):
            for leg in legs:
                hears[leg] = set(legs) - {leg}
        case LegsParted(_, legs=legs):
            for leg in legs:
                hears[leg] -= set(legs)
        case LegHeld(leg):
            hears[leg] = set()
            for others in hears.values():
                others.discard(leg)
        case LegGone(leg):
            del hears[leg]
            for others in hears.values():
                others.discard(leg)
