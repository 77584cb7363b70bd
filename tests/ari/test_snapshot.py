"""What the link finds when it comes up: legs, talks, sounds, units, of any process of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ctiserver.core.switch_link import (
    Answer,
    Clear,
    Dial,
    Digit,
    Hold,
    Join,
    LegGone,
    LegNow,
    LegSeen,
    LegsJoined,
    LinkDown,
    LinkUp,
    Listen,
    Play,
    PlayEnded,
    Record,
    StopPlay,
)
from tests.ari.pretended import PretendedAsterisk
from tests.ari.situations import answered, dialled, talking


def again(asterisk: PretendedAsterisk, how: str) -> LinkUp:
    """Let the link come up once more: after a cut, or in a process that remembers nothing."""
    asterisk.requests()
    if how == "restarted":
        return asterisk.restart_link()
    asterisk.exchange.disconnected()
    assert asterisk.settle() == [LinkDown()]
    return asterisk.connect()


def legs_of(up: LinkUp) -> dict[str, LegNow]:
    """Give what is told of each leg."""
    return {told.leg: told for told in msgspec.convert(up.legs, list[LegNow])}


@pytest.fixture(params=["cut", "restarted"])
def how(request: pytest.FixtureRequest) -> str:
    """Say in which way the link has been away."""
    return str(request.param)


def test_callers_and_agents_are_found_with_all_that_goes_on(
    asterisk: PretendedAsterisk, how: str
) -> None:
    caller, agent = talking(asterisk, "l-1")
    waiting, held = answered(asterisk), dialled(asterisk, "l-2")
    asterisk.do(Play(waiting, play_id="wait/1", uri="music:calm"))
    asterisk.do(Join(held, legs=(held, waiting)), Hold(held))
    asterisk.do(Play(waiting, play_id="wait/2", uri="music:calm"))
    asterisk.do(Record(caller, recording_id="r-1"))
    asterisk.do(Dial("l-3", device="station:1003"))
    legs = legs_of(again(asterisk, how))
    assert list(legs) == [caller, agent, waiting, held, "l-3"]
    assert legs[caller] == LegNow(
        leg=caller,
        device="trunk:pstn",
        ani="+15551230001",
        dnis="+4930100",
        state="up",
        joined=(agent,),
        playing="",
        outgoing=False,
        recordings=("r-1",),
    )
    told = [(leg.device, leg.state, leg.held, leg.playing, leg.outgoing) for leg in legs.values()]
    assert told[1:] == [
        ("station:1001", "up", False, "", True),
        ("trunk:pstn", "up", False, "wait/2", False),
        ("station:1001", "up", True, "", True),
        ("station:1003", "ringing", False, "", True),
    ]


def test_what_is_so_already_is_not_asked_for_again(asterisk: PretendedAsterisk, how: str) -> None:
    legs = talking(asterisk, "l-1")
    dialled(asterisk, "l-9")
    asterisk.do(Listen("l-9", to="l-1", coach=True), Record(legs[0], recording_id="r-1"))
    again(asterisk, how)
    asterisk.requests()
    told = asterisk.do(
        Join(legs[0], legs=legs),
        Listen("l-9", to="l-1", coach=True),
        Record(legs[0], recording_id="r-1"),
        Dial("l-1", device="station:1001"),
    )
    assert told == [LegsJoined(legs[0], legs=legs)]
    assert asterisk.requests() == []


def test_a_prompt_that_plays_on_is_told_and_its_end_too(
    asterisk: PretendedAsterisk, how: str
) -> None:
    caller = answered(asterisk)
    asterisk.do(Play(caller, play_id="p-1", uri="sound:welcome"))
    assert legs_of(again(asterisk, how))[caller].playing == "p-1"
    assert asterisk.finish_playing(caller) == [PlayEnded(caller, play_id="p-1")]


def test_a_prompt_that_has_ended_meanwhile_plays_no_more(
    asterisk: PretendedAsterisk, how: str
) -> None:
    caller = answered(asterisk)
    asterisk.do(Play(caller, play_id="p-1", uri="sound:welcome"))
    asterisk.channels[caller].playbacks.clear()
    assert legs_of(again(asterisk, how))[caller].playing == ""


def test_a_voice_unit_is_found_where_it_speaks(asterisk: PretendedAsterisk, how: str) -> None:
    caller = answered(asterisk)
    asterisk.do(Dial("l-1", device="group:ivr"), Join(caller, legs=(caller, "l-1")))
    legs = legs_of(again(asterisk, how))
    assert (legs[caller].joined, legs["l-1"].joined) == (("l-1",), (caller,))
    assert (legs["l-1"].device, legs["l-1"].state) == ("voiceUnit:ivr-1", "up")
    [seen, _] = asterisk.do(Dial("l-2", device="group:ivr"))
    assert seen == LegSeen("l-2", device="voiceUnit:ivr-2")


def test_a_voice_unit_that_has_left_is_not_found(asterisk: PretendedAsterisk, how: str) -> None:
    caller = answered(asterisk)
    asterisk.do(Dial("l-1", device="group:ivr"), Join(caller, legs=(caller, "l-1")))
    asterisk.do(Clear("l-1"), Play(caller, play_id="p-1", uri="music:calm"))
    assert list(legs_of(again(asterisk, how))) == [caller]


def test_a_voice_unit_that_nobody_talks_to_yet_outlives_a_cut(asterisk: PretendedAsterisk) -> None:
    asterisk.do(Dial("l-1", device="group:ivr"))
    assert list(legs_of(again(asterisk, "cut"))) == ["l-1"]
    assert list(legs_of(again(asterisk, "restarted"))) == []


def test_who_was_left_alone_hears_music_until_somebody_comes(
    asterisk: PretendedAsterisk, how: str
) -> None:
    caller, agent = talking(asterisk, "l-1")
    asterisk.do(Hold(agent))
    again(asterisk, how)
    assert asterisk.channels[caller].music
    asterisk.do(Join(agent, legs=(agent, caller)))
    assert not asterisk.channels[caller].music


def test_channels_that_serve_nobody_any_more_are_released(
    asterisk: PretendedAsterisk, how: str
) -> None:
    caller, agent = talking(asterisk, "l-1")
    dialled(asterisk, "l-9")
    asterisk.do(Listen("l-9", to=agent))
    asterisk.exchange.disconnected()
    asterisk.hang_up("l-9")
    asterisk.exchange.connected()
    asterisk.settle()
    again(asterisk, how)
    asterisk.settle()
    assert list(asterisk.channels) == [caller, agent]
    assert len(asterisk.bridges) == 1


def test_events_of_meanwhile_are_told_after_the_list(asterisk: PretendedAsterisk) -> None:
    caller = answered(asterisk)
    asterisk.meanwhile = [
        {"type": "ChannelDtmfReceived", "channel": {"id": caller}, "digit": "7"},
        {"type": "StasisEnd", "channel": {"id": caller}},
    ]
    asterisk.exchange.connected()
    up, *told = asterisk.settle()
    assert isinstance(up, LinkUp)
    assert told == [Digit(caller, digit="7", duration_ms=0), LegGone(caller)]


def test_events_from_before_the_list_are_not_told(asterisk: PretendedAsterisk) -> None:
    caller = answered(asterisk)
    asterisk.exchange.disconnected()
    asterisk.settle()
    asterisk.exchange.connected()
    asterisk.exchange.hear({"type": "ChannelDtmfReceived", "channel": {"id": caller}, "digit": "7"})
    assert len(asterisk.settle()) == 1


def test_a_new_start_of_asterisk_and_its_lost_phones_are_told() -> None:
    asterisk = PretendedAsterisk()
    states = {"1001": "offline", "1002": "online", "carrier": "offline", "1003": "unknown"}
    asterisk.endpoints = [
        {"technology": "PJSIP", "resource": name, "state": state} for name, state in states.items()
    ]
    first = asterisk.connect()
    assert first.lost == ("station:1001",)
    asterisk.boot = "2026-11-22T11:00:00.000+0000"
    assert again(asterisk, "cut").boot != first.boot


@pytest.mark.parametrize("kept", ["not ours", "{", '{"device": 3}'])
def test_a_variable_that_cannot_be_read_does_not_matter(
    asterisk: PretendedAsterisk, kept: str
) -> None:
    caller, _ = asterisk.call()
    asterisk.channels[caller].variables["OFFHOOK"] = kept
    told: dict[str, Any] = msgspec.to_builtins(legs_of(again(asterisk, "restarted"))[caller])
    assert (told["device"], told["dnis"]) == ("trunk:pstn", "+4930100")


def test_a_connection_that_is_lost_while_it_asks_tells_no_list(asterisk: PretendedAsterisk) -> None:
    asterisk.call()
    asterisk.exchange.connected()
    asterisk.exchange.disconnected()
    assert asterisk.settle() == [LinkDown()]
    assert asterisk.connect().legs != ()


def test_ids_are_never_given_twice(asterisk: PretendedAsterisk, how: str) -> None:
    for _ in range(2):
        talking(asterisk, f"l-{len(asterisk.channels)}")
        again(asterisk, how)
    assert len(asterisk.bridges) == 2


def test_an_answer_that_is_asked_for_again_is_given_once(
    asterisk: PretendedAsterisk, how: str
) -> None:
    caller = answered(asterisk)
    again(asterisk, how)
    asterisk.requests()
    asterisk.do(Answer(caller))
    assert asterisk.requests() == []


def test_a_phone_of_which_nobody_knows_whether_it_was_dialled_is_asked_for_anew(
    asterisk: PretendedAsterisk, how: str
) -> None:
    asterisk.do(Dial("l-1", device="station:1001"), Dial("l-2", device="number:+4940123"))
    for channel in asterisk.channels.values():
        channel.state = "Down"
    assert list(legs_of(again(asterisk, how))) == ["l-2"]
    asterisk.settle()
    assert list(asterisk.channels) == ["l-2"]


def test_a_ring_tone_that_plays_on_is_stopped_as_one(asterisk: PretendedAsterisk, how: str) -> None:
    agent = dialled(asterisk, "l-1")
    asterisk.do(Play(agent, play_id="l-2/rings", uri="tone:ringback"))
    assert legs_of(again(asterisk, how))[agent].playing == "l-2/rings"
    asterisk.requests()
    asterisk.do(StopPlay(agent, play_id="l-2/rings"))
    assert asterisk.requests("ring") == ["DELETE channels/l-1/ring"]
