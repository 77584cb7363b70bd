"""Phones, and the people who use them."""

from __future__ import annotations

import pytest

from csta.causes import Cause
from ctiserver.core.switch_link import (
    Clear,
    Dial,
    Digit,
    Join,
    LegGone,
    LegHeld,
    LegRetrieved,
    LegRinging,
    LegSeen,
    LegUp,
    RefuseTransfer,
    TransferAsked,
)
from switch_sim.config import PhoneAct, PhoneBehaviour
from tests.switch_sim.stage import A, Stage, caller

RINGS = [LegSeen("a", device=A, ani="+49"), LegRinging("a")]
DIAL = Dial("a", device=A, calling="+49")


def _stage(act: PhoneAct, after_ms: int) -> Stage:
    stage = Stage()
    stage.pbx.dial_plan.phones[A].behaviour = PhoneBehaviour(act, after_ms)
    return stage


def test_a_phone_answers_after_its_time() -> None:
    stage = _stage(PhoneAct.ANSWERS, 2_500)
    assert stage.do(DIAL) == RINGS
    assert stage.wait(2_499) == []
    assert stage.wait(1) == [LegUp("a")]


def test_a_phone_rejects_after_its_time() -> None:
    stage = _stage(PhoneAct.REJECTS, 1_000)
    assert stage.do(DIAL) == RINGS
    assert stage.wait(1_000) == [LegGone("a", cause=Cause.BLOCKED, far_end=True)]
    assert stage.do(DIAL) == RINGS


def test_a_phone_that_nobody_answers_rings_until_it_is_released() -> None:
    stage = _stage(PhoneAct.NO_ANSWER, 0)
    assert stage.do(DIAL) == RINGS
    assert stage.wait(600_000) == []
    assert stage.do(Clear("a")) == [LegGone("a", far_end=False)]


def test_a_busy_phone_does_not_ring() -> None:
    stage = _stage(PhoneAct.BUSY, 500)
    assert stage.do(DIAL) == RINGS[:1]
    assert stage.wait(500) == [LegGone("a", cause=Cause.BUSY)]


def test_an_unplugged_phone_cannot_be_reached_nor_dial() -> None:
    stage = _stage(PhoneAct.UNPLUGGED, 0)
    assert stage.do(DIAL) == [LegGone("a", cause=Cause.DEST_NOT_OBTAINABLE)]
    assert stage.pbx.dial_from(A, "1002") is None


@pytest.mark.parametrize("answered", [True, False])
def test_a_second_call_to_a_phone_finds_it_busy_until_the_first_is_gone(*, answered: bool) -> None:
    stage = _stage(PhoneAct.NO_ANSWER, 0)
    stage.do(Dial("a", device=A, auto_answer=answered))
    assert stage.do(Dial("b", device=A)) == [LegGone("b", cause=Cause.BUSY)]
    stage.do(Clear("a"))
    assert stage.do(Dial("c", device=A))[0] == LegSeen("c", device=A)


@pytest.mark.parametrize("act", [PhoneAct.ANSWERS, PhoneAct.NO_ANSWER, PhoneAct.REJECTS])
def test_auto_answer_answers_at_once_whatever_the_person_would_do(act: PhoneAct) -> None:
    stage = _stage(act, 1_000)
    assert stage.do(Dial("a", device=A, auto_answer=True)) == [LegSeen("a", device=A), LegUp("a")]
    assert stage.wait(60_000) == []


def test_a_person_answers_a_phone_that_rings_and_hangs_up() -> None:
    stage = _stage(PhoneAct.NO_ANSWER, 0)
    stage.pbx.answer(A)
    stage.do(DIAL)
    stage.pbx.answer(A)
    stage.pbx.answer(A)
    assert stage.take() == [LegUp("a")]
    stage.pbx.hang_up(A)
    stage.pbx.hang_up(A)
    assert stage.take() == [LegGone("a", cause=Cause.NORMAL_CLEARING, far_end=True)]


def test_a_phone_that_a_person_answers_does_not_reject_the_call_later() -> None:
    stage = _stage(PhoneAct.REJECTS, 5_000)
    stage.do(DIAL)
    stage.wait(1_000)
    stage.pbx.answer(A)
    assert stage.wait(60_000) == [LegUp("a")]


def test_a_phone_called_again_under_the_same_id_rings_for_its_whole_time() -> None:
    stage = _stage(PhoneAct.ANSWERS, 3_000)
    stage.do(DIAL)
    stage.wait(2_000)
    stage.do(Clear("a"), DIAL)
    assert stage.wait(2_999) == []
    assert stage.wait(1) == [LegUp("a")]


def test_hanging_up_a_phone_that_rings_rejects_the_call() -> None:
    stage = _stage(PhoneAct.ANSWERS, 3_000)
    stage.do(DIAL)
    stage.pbx.hang_up(A)
    assert stage.take() == [LegGone("a", cause=Cause.BLOCKED)]
    assert stage.wait(10_000) == []


def test_a_caller_who_hangs_up_before_he_is_answered_has_cancelled() -> None:
    stage = Stage()
    stage.pbx.offer_call(caller())
    stage.take()
    stage.pbx.hang_up("sim1-1")
    assert stage.take() == [LegGone("sim1-1", cause=Cause.CALL_CANCELLED)]
    leg = stage.call()
    stage.pbx.hang_up(leg)
    assert stage.take() == [LegGone(leg, cause=Cause.NORMAL_CLEARING)]


def test_keys_are_told_one_by_one() -> None:
    stage = Stage()
    stage.dial("a", A)
    stage.pbx.press(A, "4*")
    stage.pbx.press("a", "#")
    stage.pbx.press("nobody", "1")
    assert stage.take() == [Digit("a", digit="4"), Digit("a", digit="*"), Digit("a", digit="#")]
    with pytest.raises(ValueError, match="'1e' cannot be pressed"):
        stage.pbx.press(A, "1e")


def test_a_person_asks_for_a_transfer_and_again_when_it_is_refused() -> None:
    stage = Stage()
    stage.pbx.transfer(A, "1002")
    leg = stage.call()
    stage.pbx.dial_plan.phones[A].behaviour = PhoneBehaviour(PhoneAct.NO_ANSWER)
    stage.do(Dial("a", device=A))
    stage.take()
    stage.pbx.transfer(A, "1002")
    assert stage.take() == []
    stage.pbx.answer(A)
    stage.do(Join(leg, legs=(leg, "a")))
    stage.take()
    stage.pbx.transfer(A, "1002")
    stage.pbx.transfer(A, "1003")
    assert stage.take() == [TransferAsked("a", number="1002")]
    stage.do(RefuseTransfer("a"), RefuseTransfer("nobody"))
    stage.pbx.transfer(A, "1003")
    assert stage.take() == [TransferAsked("a", number="1003")]
    assert [entry["joined"] for entry in stage.pbx.snapshot()] == [["a"], [leg]]


def test_a_person_holds_and_retrieves_the_caller() -> None:
    stage = Stage()
    leg = stage.call()
    stage.dial("a", A)
    stage.pbx.hold(A)
    assert stage.take() == []
    stage.do(Join(leg, legs=(leg, "a")))
    stage.pbx.hold(A)
    stage.pbx.hold(A)
    assert stage.take() == [LegHeld("a")]
    stage.pbx.retrieve(A)
    stage.pbx.retrieve(A)
    assert stage.take() == [LegRetrieved("a")]
    assert [entry["joined"] for entry in stage.pbx.snapshot()] == [["a"], [leg]]
