"""Callers: patience, talk, keys, and what the ledger says of them."""

from __future__ import annotations

import msgspec
import pytest

from csta.causes import Cause
from csta.ids import LegId
from ctiserver.core.switch_link import Answer, Clear, Dial, Digit, Hold, Join, LegGone, LegUp, Play
from switch_sim.callers import CallerPlan, Press
from switch_sim.ledger import EndedBy, LedgerEntry
from tests.switch_sim.stage import ANI, CONFIG, OURS, START, A, B, Stage, caller


def _gives_up(leg: LegId) -> LegGone:
    return LegGone(leg, cause=Cause.CALL_CANCELLED, far_end=True)


def _play(stage: Stage, leg: LegId, uri: str) -> None:
    stage.do(Play(leg, play_id=uri, uri=uri))


def _entry(stage: Stage) -> LedgerEntry:
    return stage.pbx.ledger.entries[-1]


@pytest.mark.parametrize("uri", ["music:waiting", "tone:ringback"])
def test_patience_begins_with_the_first_music_or_ringback(uri: str) -> None:
    stage = Stage()
    leg = stage.call(caller(patience_ms=30_000))
    stage.wait(50_000)
    _play(stage, leg, uri)
    assert stage.wait(10_000) == []
    _play(stage, leg, "tts:We will be with you soon")
    stage.wait(5_000)
    _play(stage, leg, "music:waiting")
    assert stage.wait(14_999) == []
    assert stage.wait(1) == [_gives_up(leg)]
    assert (_entry(stage).waited_from, _entry(stage).gone_at) == (START + 50_000, START + 80_000)


def test_patience_is_over_when_a_person_answers() -> None:
    stage = Stage()
    leg = stage.call(caller(patience_ms=10_000, talk_ms=60_000))
    _play(stage, leg, "music:waiting")
    stage.wait(9_999)
    stage.dial("a", A)
    stage.do(Join(leg, legs=(leg, "a")))
    assert stage.wait(59_999) == []
    assert stage.wait(1) == [LegGone(leg, cause=Cause.NORMAL_CLEARING)]


def test_patience_and_an_answer_at_one_instant_end_in_one_of_the_two() -> None:
    stage = Stage()
    leg = stage.call(caller(patience_ms=3_000))
    stage.do(Dial("a", device=A))
    _play(stage, leg, "music:waiting")
    assert stage.wait(3_000) == [LegUp("a"), _gives_up(leg)]
    assert stage.do(Join(leg, legs=(leg, "a"))) == []
    assert _entry(stage).answered_at is None


def test_being_joined_with_a_voice_unit_is_no_talk() -> None:
    stage = Stage()
    leg = stage.call(caller(patience_ms=10_000, talk_ms=2_000))
    stage.do(Dial("v", device="group:ivr"), Join(leg, legs=(leg, "v")))
    _play(stage, leg, "music:waiting")
    assert stage.wait(9_999) == []
    assert stage.wait(1) == [_gives_up(leg)]


def test_a_talk_begins_only_when_both_have_answered() -> None:
    stage = Stage()
    leg = stage.call(caller(talk_ms=5_000))
    stage.do(Dial("a", device=A), Join(leg, legs=(leg, "a")))
    assert stage.wait(3_000) == [LegUp("a")]
    assert stage.wait(4_999) == []
    assert stage.wait(1) == [LegGone(leg)]


def test_no_talk_begins_with_a_caller_who_has_not_been_answered() -> None:
    stage = Stage()
    stage.pbx.offer_call(caller(talk_ms=5_000))
    stage.dial("a", A)
    stage.do(Join("a", legs=("a", "sim1-1")))
    assert stage.wait(60_000) == []
    stage.do(Answer("sim1-1"))
    assert stage.wait(5_000) == [LegGone("sim1-1")]


def test_the_clock_of_the_talk_stands_still_on_hold_and_between_two_agents() -> None:
    stage = Stage()
    leg = stage.call(caller(talk_ms=10_000))
    stage.dial("a", A)
    stage.dial("b", B)
    stage.do(Join(leg, legs=(leg, "a")))
    stage.wait(4_000)
    stage.do(Hold("a"))
    stage.wait(60_000)
    stage.do(Join("a", legs=("a", leg)))
    stage.wait(3_000)
    stage.do(Clear("a"))
    stage.wait(60_000)
    stage.do(Join(leg, legs=(leg, "b")))
    assert stage.wait(2_999) == []
    assert stage.wait(1) == [LegGone(leg)]
    assert _entry(stage).answered_by == A


def test_the_talk_goes_on_when_one_of_three_goes_on_hold() -> None:
    stage = Stage()
    leg = stage.call(caller(talk_ms=10_000))
    stage.dial("a", A)
    stage.dial("b", B)
    stage.do(Join(leg, legs=(leg, "a", "b")))
    stage.wait(4_000)
    stage.do(Hold("a"))
    assert stage.wait(6_000) == [LegGone(leg)]


def _hung_up_by_agent() -> tuple[Stage, LegId]:
    stage = Stage()
    leg = stage.call(msgspec.structs.replace(caller(talk_ms=10_000), hangs_up="agent"))
    stage.dial("a", A)
    stage.do(Join(leg, legs=(leg, "a")))
    return stage, leg


def test_the_agent_ends_the_talk_if_the_plan_says_so() -> None:
    stage, leg = _hung_up_by_agent()
    assert stage.wait(10_000) == [LegGone("a", cause=Cause.NORMAL_CLEARING, far_end=True)]
    assert stage.do(Clear(leg)) == [LegGone(leg, far_end=False)]
    assert stage.wait(60_000) == []
    assert _entry(stage).ended_by is EndedBy.AGENT


def test_a_caller_whom_the_agent_has_left_and_nobody_clears_hangs_up() -> None:
    stage, leg = _hung_up_by_agent()
    stage.wait(10_000)
    assert stage.wait(4_999) == []
    assert stage.wait(1) == [LegGone(leg)]
    assert _entry(stage).ended_by is EndedBy.AGENT


def test_the_end_of_a_talk_is_not_undone_by_another_agent() -> None:
    stage, leg = _hung_up_by_agent()
    stage.wait(10_000)
    stage.dial("b", B)
    stage.do(Join(leg, legs=(leg, "b")))
    assert stage.wait(5_000) == [LegGone(leg)]


def test_the_agent_who_hangs_up_while_the_caller_is_on_hold_has_ended_the_call() -> None:
    stage, leg = _hung_up_by_agent()
    stage.do(Hold("a"))
    stage.pbx.hang_up(A)
    stage.do(Clear(leg))
    assert _entry(stage).ended_by is EndedBy.AGENT


def test_who_stays_alone_hears_music_and_loses_patience() -> None:
    stage = Stage()
    leg = stage.call(caller(patience_ms=10_000))
    stage.do(Dial("v", device="group:ivr"), Join(leg, legs=(leg, "v")))
    stage.wait(60_000)
    stage.do(Hold("v"))
    assert stage.wait(9_999) == []
    assert stage.wait(1) == [_gives_up(leg)]


def test_a_caller_whom_nobody_queues_gives_up_in_the_end() -> None:
    stage = Stage()
    leg = stage.call(caller(patience_ms=1_000))
    for _ in range(29):
        stage.wait(60_000)
        _play(stage, leg, "sound:menu")
    stage.wait(59_999)
    assert stage.wait(1) == [_gives_up(leg)]


def test_a_caller_who_is_left_on_hold_gives_up_in_the_end() -> None:
    stage = Stage(msgspec.structs.replace(CONFIG, idle_ms_max=20_000))
    leg = stage.call(caller())
    stage.dial("a", A)
    stage.do(Join(leg, legs=(leg, "a")))
    stage.wait(15_000)
    stage.do(Hold("a"))
    assert stage.wait(19_999) == []
    assert stage.wait(1) == [_gives_up(leg)]


def test_a_caller_without_a_limit_waits_for_ever() -> None:
    stage = Stage()
    leg = stage.call(caller(patience_ms=None))
    _play(stage, leg, "music:waiting")
    stage.env.run()
    assert stage.take() == []
    assert stage.pbx.ledger.live == 1


def _presser(*presses: Press) -> CallerPlan:
    return CallerPlan(number=ANI, dialled=OURS, talk_ms=1_000, presses=presses)


def test_a_caller_presses_each_key_at_the_prompt_that_it_is_for_and_once() -> None:
    stage = Stage()
    leg = stage.call(_presser(Press("number", "47#", 1_200), Press("sound:menu", "2", 800)))
    _play(stage, leg, "sound:welcome")
    _play(stage, leg, "music:waiting")
    assert stage.wait(10_000) == []
    _play(stage, leg, "sound:menu")
    assert stage.wait(799) == []
    assert stage.wait(1) == [Digit(leg, digit="2")]
    _play(stage, leg, "tts:Please enter your number")
    assert stage.wait(1_200) == [Digit(leg, digit=digit) for digit in "47#"]
    stage.wait(60_000)
    _play(stage, leg, "sound:menu")
    assert [type(told).__name__ for told in stage.wait(5_000)] == ["PlayEnded"]


def test_an_empty_text_is_any_prompt_but_no_music() -> None:
    stage = Stage()
    leg = stage.call(_presser(Press("", "1", 10), Press("", "2", 10)))
    _play(stage, leg, "tone:ringback")
    assert stage.wait(1_000) == []
    for digit in "12":
        _play(stage, leg, "sound:anything")
        assert stage.wait(1_000) == [Digit(leg, digit=digit)]


def test_a_caller_who_talks_or_is_gone_presses_nothing() -> None:
    stage = Stage()
    talks, goes = (stage.call(_presser(Press("", "1", 500))) for _ in range(2))
    stage.dial("a", A)
    for leg in (talks, goes):
        _play(stage, leg, "sound:menu")
    stage.do(Join(talks, legs=(talks, "a")), Clear(goes))
    assert stage.wait(600) == []


def test_a_key_that_no_phone_has_is_refused() -> None:
    with pytest.raises(ValueError, match="'1x' cannot be pressed"):
        Press("", "1x")


def test_the_ledger_tells_what_became_of_each_call() -> None:
    stage = Stage()
    one, two, three = (stage.call(caller(talk_ms=5_000, patience_ms=9_000)) for _ in range(3))
    stage.dial("a", A)
    stage.wait(1_000)
    stage.do(Join(one, legs=(one, "a")), Play(two, play_id="m", uri="music:waiting"))
    stage.do(Clear(three, cause=Cause.BUSY))
    stage.wait(20_000)
    ledger = stage.pbx.ledger
    assert [msgspec.structs.asdict(entry) for entry in ledger.entries] == [
        {
            "number": ANI,
            "dialled": OURS,
            "offered_at": START,
            "leg": leg,
            "waited_from": waited,
            "answered_at": answered,
            "answered_by": A if answered else None,
            "gone_at": gone,
            "ended_by": by,
            "cause": cause,
        }
        for leg, waited, answered, gone, by, cause in (
            (one, None, START + 1_000, START + 6_000, EndedBy.CALLER, Cause.NORMAL_CLEARING),
            (two, START + 1_000, None, START + 10_000, EndedBy.CALLER, Cause.CALL_CANCELLED),
            (three, None, None, START + 1_000, EndedBy.SWITCH, Cause.BUSY),
        )
    ]
    assert (ledger.offered, ledger.answered, ledger.live) == (3, 1, 0)
    assert ledger.ended_unanswered == {EndedBy.CALLER: 1, EndedBy.AGENT: 0, EndedBy.SWITCH: 1}


@pytest.mark.parametrize(("ledger_max", "kept"), [(0, 0), (2, 2), (None, 4)])
def test_the_ledger_keeps_no_more_than_it_is_told_to(ledger_max: int | None, kept: int) -> None:
    stage = Stage(msgspec.structs.replace(CONFIG, ledger_max=ledger_max))
    for _ in range(4):
        stage.call()
    assert len(stage.pbx.ledger.entries) == kept
    assert stage.pbx.ledger.offered == 4
