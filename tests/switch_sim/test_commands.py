"""Commands to the simulated switch, and the observations that come of them."""

from __future__ import annotations

import pytest

from csta.causes import Cause
from ctiserver.core.switch_link import (
    Answer,
    AnyCommand,
    AnyObservation,
    Clear,
    Dial,
    Hold,
    Join,
    LegGone,
    LegRinging,
    LegSeen,
    LegsJoined,
    LegUp,
    PauseRecording,
    Play,
    PlayEnded,
    Record,
    ResumeRecording,
    SendDigits,
    StopPlay,
    StopRecording,
)
from tests.switch_sim.stage import ANI, OURS, START, A, Stage, ToyEngine, caller


def test_a_call_comes_in_is_answered_and_is_released() -> None:
    stage = Stage()
    assert stage.pbx.offer_call(caller())
    assert stage.take() == [LegSeen("sim1-1", device="trunk:pstn", ani=ANI, dnis=OURS)]
    assert stage.do(Answer("sim1-1")) == [LegUp("sim1-1")]
    assert stage.do(Clear("sim1-1", cause=Cause.QUEUE_TIME_OVERFLOW)) == [
        LegGone("sim1-1", cause=Cause.QUEUE_TIME_OVERFLOW, far_end=False)
    ]
    assert stage.pbx.snapshot() == ()


def test_a_caller_talks_to_an_agent_from_beginning_to_end() -> None:
    stage = Stage()
    engine = ToyEngine(stage.pbx, (A,))

    def observe(observation: AnyObservation) -> None:
        stage.note(observation)
        engine.observe(observation)

    stage.pbx.attach(observe)
    stage.pbx.offer_call(caller(talk_ms=60_000))
    stage.env.run()
    assert stage.told == [
        (0, LegSeen("sim1-1", device="trunk:pstn", ani=ANI, dnis=OURS)),
        (0, LegUp("sim1-1")),
        (0, LegSeen("l-1", device=A)),
        (0, LegRinging("l-1")),
        (3_000, LegUp("l-1")),
        (3_000, LegsJoined("sim1-1", legs=("sim1-1", "l-1"))),
        (63_000, LegGone("sim1-1", cause=Cause.NORMAL_CLEARING)),
        (63_000, LegGone("l-1", cause=Cause.NORMAL_CLEARING, far_end=False)),
    ]


def test_answering_twice_is_told_once() -> None:
    stage = Stage()
    leg = stage.call()
    assert stage.do(Answer(leg)) == []


@pytest.mark.parametrize(
    "command",
    [
        Answer("x"),
        Clear("x"),
        Hold("x"),
        Join("x", legs=("x", "y")),
        Play("x", play_id="p", uri="sound:a"),
        StopPlay("x", play_id="p"),
        SendDigits("x", digits="1"),
        Record("x", recording_id="r"),
        PauseRecording("x", recording_id="r"),
        ResumeRecording("x", recording_id="r"),
        StopRecording("x", recording_id="r"),
    ],
)
@pytest.mark.parametrize("was_there", [False, True])
def test_a_command_for_a_leg_that_is_not_there_does_nothing(
    command: AnyCommand, *, was_there: bool
) -> None:
    stage = Stage()
    if was_there:
        stage.dial("x", A)
        stage.do(Clear("x"))
    assert stage.do(command) == []
    assert stage.wait(10_000) == []


def test_dialling_with_the_id_of_a_live_leg_does_nothing() -> None:
    stage = Stage()
    stage.dial("x", A)
    assert stage.do(Dial("x", device="station:1003")) == []


@pytest.mark.parametrize(
    ("uri", "lasts_ms"),
    [
        ("sound:welcome", 2_000),
        ("tts:You are next", 12 * 60),
        ("tts:No", 500),
        ("tone:busy", 2_000),
    ],
)
def test_a_prompt_ends_by_itself(uri: str, lasts_ms: int) -> None:
    stage = Stage()
    leg = stage.call()
    stage.do(Play(leg, play_id="p", uri=uri))
    assert stage.wait(lasts_ms - 1) == []
    assert stage.wait(1) == [PlayEnded(leg, play_id="p")]
    assert stage.wait(60_000) == []


@pytest.mark.parametrize("uri", ["music:waiting", "tone:ringback"])
def test_music_and_ringback_never_end(uri: str) -> None:
    stage = Stage()
    leg = stage.call()
    stage.do(Play(leg, play_id="p", uri=uri))
    assert stage.wait(20 * 60_000) == []


def test_a_prompt_that_is_stopped_does_not_end_by_itself() -> None:
    stage = Stage()
    leg = stage.call()
    stage.do(Play(leg, play_id="p", uri="sound:a"))
    stage.wait(1_999)
    assert stage.do(StopPlay(leg, play_id="p")) == []
    assert stage.wait(10_000) == []
    assert stage.do(StopPlay(leg, play_id="p")) == []


def test_stopping_what_does_not_play_stops_nothing() -> None:
    stage = Stage()
    leg = stage.call()
    stage.do(Play(leg, play_id="p", uri="sound:a"), StopPlay(leg, play_id="another"))
    assert stage.wait(2_000) == [PlayEnded(leg, play_id="p")]


def test_a_new_prompt_takes_the_place_of_the_old_one() -> None:
    stage = Stage()
    leg = stage.call()
    stage.do(Play(leg, play_id="p", uri="sound:a"))
    stage.wait(1_000)
    stage.do(Play(leg, play_id="q", uri="sound:b"))
    assert stage.wait(1_999) == []
    assert stage.wait(1) == [PlayEnded(leg, play_id="q")]


def test_a_prompt_to_a_leg_that_goes_never_ends() -> None:
    stage = Stage()
    leg = stage.call()
    stage.do(Play(leg, play_id="p", uri="sound:a"), Clear(leg))
    assert stage.wait(10_000) == []


def test_answer_lets_a_ringing_station_answer_but_nobody_outside() -> None:
    stage = Stage()
    stage.do(Dial("in", device=A), Dial("out", device="number:+491111"))
    stage.wait(1_000)
    assert stage.do(Answer("in"), Answer("out")) == [LegUp("in")]
    assert stage.wait(60_000) == [LegUp("out")]


def test_digits_reach_the_party() -> None:
    stage = Stage()
    leg = stage.call()
    stage.do(SendDigits(leg, digits="12"), SendDigits(leg, digits="#"))
    assert stage.pbx.digits_heard(leg) == "12#"


def test_what_is_recorded_is_known_until_it_is_stopped() -> None:
    stage = Stage()
    leg = stage.call()

    def recordings() -> object:
        [told] = stage.pbx.snapshot()
        return told["recordings"]

    stage.do(*(Record(leg, recording_id=each) for each in ("r", "s", "r")))
    stage.do(PauseRecording(leg, recording_id="r"), StopRecording(leg, recording_id="t"))
    assert recordings() == ["r", "s"]
    stage.do(ResumeRecording(leg, recording_id="r"), StopRecording(leg, recording_id="s"))
    assert recordings() == ["r"]


def test_the_snapshot_tells_of_every_leg() -> None:
    stage = Stage()
    leg = stage.call()
    stage.dial("a", A)
    stage.do(Join(leg, legs=(leg, "a")), Dial("b", device="station:1002", calling="+4930100"))
    stage.do(Hold("a"))
    called = {"ani": "", "dnis": "", "held": False, "joined": [], "playing": "", "outgoing": True}
    called["recordings"] = []
    came = called | {"outgoing": False, "ani": ANI, "dnis": OURS}
    assert stage.pbx.snapshot() == (
        came | {"leg": leg, "device": "trunk:pstn", "state": "up"},
        called | {"leg": "a", "device": A, "state": "up", "held": True},
        called | {"leg": "b", "device": "station:1002", "ani": OURS, "state": "ringing"},
    )


@pytest.mark.parametrize("hang_up_first", [True, False])
def test_an_answer_and_a_hang_up_at_one_instant_leave_nothing_behind(
    *, hang_up_first: bool
) -> None:
    stage = Stage()
    leg = stage.call()
    if hang_up_first:
        stage.env.timeout(3_000).callbacks.append(lambda _: stage.pbx.hang_up(leg))
    stage.do(Dial("a", device=A))
    if not hang_up_first:
        stage.env.timeout(3_000).callbacks.append(lambda _: stage.pbx.hang_up(leg))
    assert stage.wait(2_999) == []
    told = stage.wait(1)
    assert sorted(told, key=repr) == [LegGone(leg), LegUp("a")]
    assert stage.env.now == START + 3_000
    # The engine had not heard of it when it asked for this.
    assert stage.do(Join(leg, legs=(leg, "a"))) == []
    assert stage.do(Clear("a"), Clear(leg)) == [LegGone("a", far_end=False)]
    assert stage.pbx.snapshot() == ()
    assert stage.pbx.boards()[0].in_use == 0


def test_what_is_asked_for_within_an_observation_comes_after_what_was_observed_with_it() -> None:
    stage = Stage()

    stack: list[AnyObservation] = []

    def observe(observation: AnyObservation) -> None:
        stage.note(observation)
        assert stack == [], "the observer is not told while it observes"
        stack.append(observation)
        if isinstance(observation, LegSeen):
            stage.pbx.execute(Clear(observation.leg))
        stack.pop()

    stage.pbx.attach(observe)
    assert stage.do(Dial("a", device=A)) == [
        LegSeen("a", device=A),
        LegRinging("a"),
        LegGone("a", far_end=False),
    ]
    assert stage.wait(10_000) == []


def test_observations_before_somebody_listens_are_lost() -> None:
    stage = Stage()
    other = Stage()
    other.pbx.attach(stage.note)
    other.pbx.offer_call(caller())
    assert other.take() == []
    assert len(stage.take()) == 1
