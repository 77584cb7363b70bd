"""Prompts, music, ringing and digits."""

from __future__ import annotations

import pytest

from ctiserver.core.switch_link import (
    Answer,
    DestinationDetected,
    Detect,
    Digit,
    Join,
    LegsJoined,
    LegUp,
    Play,
    PlayEnded,
    SendDigits,
    StopPlay,
)
from ctiserver.live.links.ari_requests import Reply
from tests.ari.pretended import PretendedAsterisk
from tests.ari.situations import answered, dialled


def test_a_prompt_ends_by_itself(asterisk: PretendedAsterisk) -> None:
    caller = answered(asterisk)
    asterisk.do(Play(caller, play_id="p-1", uri="sound:welcome"))
    assert asterisk.finish_playing(caller) == [PlayEnded(caller, play_id="p-1")]


def test_a_prompt_that_is_stopped_does_not_tell_of_its_end(asterisk: PretendedAsterisk) -> None:
    caller = answered(asterisk)
    asterisk.do(Play(caller, play_id="p-1", uri="sound:welcome"))
    assert asterisk.do(StopPlay(caller, play_id="p-1")) == []
    assert asterisk.channels[caller].playbacks == []


def test_a_prompt_takes_the_place_of_another(asterisk: PretendedAsterisk) -> None:
    caller = answered(asterisk)
    asterisk.do(Play(caller, play_id="p-1", uri="sound:welcome"))
    assert asterisk.do(Play(caller, play_id="p-1", uri="sound:welcome")) == []
    assert asterisk.do(StopPlay(caller, play_id="p-0")) == []
    assert asterisk.finish_playing(caller) == [PlayEnded(caller, play_id="p-1")]


@pytest.mark.parametrize("uri", ["tts:Good day", "tone:busy", "say:nothing", "junk"])
def test_what_asterisk_cannot_play_has_ended_at_once(asterisk: PretendedAsterisk, uri: str) -> None:
    caller = answered(asterisk)
    asterisk.requests()
    assert asterisk.do(Play(caller, play_id="p-1", uri=uri)) == [PlayEnded(caller, play_id="p-1")]
    assert asterisk.requests() == []


def test_a_sound_that_is_missing_or_refused_has_ended(asterisk: PretendedAsterisk) -> None:
    caller = answered(asterisk)
    asterisk.do(Play(caller, play_id="p-1", uri="sound:none"))
    assert asterisk.finish_playing(caller, "failed") == [PlayEnded(caller, play_id="p-1")]
    asterisk.refused["POST", f"channels/{caller}/play"] = Reply(409, {})
    told = asterisk.do(Play(caller, play_id="p-2", uri="sound:none"))
    assert told == [PlayEnded(caller, play_id="p-2")]


@pytest.mark.parametrize(
    ("uri", "media"),
    [
        ("sound:welcome", "sound:hello-world"),
        ("sound:other", "sound:other"),
        ("say:position?n=1", "sound:queue-youarenext"),
        ("say:position?n=3", "sound:queue-thereare,number:3,sound:queue-callswaiting"),
        ("say:wait?seconds=61", "sound:queue-holdtime,number:2,sound:queue-minutes"),
        ("say:wait?seconds=20", "sound:queue-holdtime,number:1,sound:queue-minute"),
    ],
)
def test_a_prompt_is_played_by_the_name_that_asterisk_has_for_it(
    asterisk: PretendedAsterisk, uri: str, media: str
) -> None:
    caller = answered(asterisk)
    asterisk.asked.clear()
    asterisk.do(Play(caller, play_id="p-1", uri=uri))
    [play] = [asked for asked in asterisk.asked if asked.path.endswith("/play")]
    assert play.query["media"] == media


def test_music_plays_until_it_is_stopped_or_the_caller_is_joined(
    asterisk: PretendedAsterisk,
) -> None:
    caller = answered(asterisk)
    dialled(asterisk, "l-1")
    channel = asterisk.channels[caller]
    asterisk.asked.clear()
    asterisk.do(Play(caller, play_id="p-1", uri="music:calm"))
    [music] = [asked for asked in asterisk.asked if asked.path.endswith("/moh")]
    assert (channel.music, music.query) == (True, {"mohClass": "jazz"})
    asterisk.do(StopPlay(caller, play_id="p-1"))
    assert not channel.music
    asterisk.do(Play(caller, play_id="p-2", uri="music:other"))
    assert asterisk.do(Join(caller, legs=(caller, "l-1")))[-1:] == [
        LegsJoined(caller, legs=(caller, "l-1"))
    ]
    assert not channel.music


def test_a_caller_who_is_not_answered_yet_hears_ringing(asterisk: PretendedAsterisk) -> None:
    caller, _ = asterisk.call()
    asterisk.do(Play(caller, play_id="p-1", uri="tone:ringback"))
    assert asterisk.requests("ring") == [f"POST channels/{caller}/ring"]
    told = asterisk.do(Answer(caller))
    assert told == [PlayEnded(caller, play_id="p-1"), LegUp(caller)]


def test_a_caller_who_is_answered_hears_ringing_until_it_is_stopped(
    asterisk: PretendedAsterisk,
) -> None:
    caller = answered(asterisk)
    asterisk.requests()
    asterisk.do(Play(caller, play_id="p-1", uri="tone:ringback"))
    assert asterisk.do(StopPlay(caller, play_id="p-1")) == []
    assert asterisk.requests("ring") == [
        f"POST channels/{caller}/ring",
        f"DELETE channels/{caller}/ring",
    ]


def test_digits_come_and_go(asterisk: PretendedAsterisk) -> None:
    caller = answered(asterisk)
    asterisk.do(Play(caller, play_id="p-1", uri="sound:welcome"))
    assert asterisk.press(caller, "5") == [Digit(caller, digit="5", duration_ms=120)]
    asterisk.requests()
    asterisk.do(SendDigits(caller, digits="12#"))
    assert asterisk.requests() == [f"POST channels/{caller}/dtmf"]


def test_who_answers_is_never_clear(asterisk: PretendedAsterisk) -> None:
    dialled(asterisk, "l-1")
    assert asterisk.do(Detect("l-1")) == [DestinationDetected("l-1", condition=None)]
