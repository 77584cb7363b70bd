"""Requests for what is heard: ringing, music, playbacks, recordings."""

from __future__ import annotations

from functools import partial

from ctiserver.core.switch_link import SendDigits
from switch_sim.dialects.ari_channel_requests import stasis_channel_of
from switch_sim.dialects.ari_recordings import Recording
from switch_sim.dialects.ari_requests import Ask, Refused, Reply
from switch_sim.dialects.ari_sounds import Playing
from switch_sim.dialects.ari_words import LiveRecording


def ring(ask: Ask) -> None:
    """Let it hear that it rings."""
    channel = stasis_channel_of(ask)
    ring = partial(ask.switch.sounds.set_ringing, channel.id, rings=True)
    ask.switch.sounds.when_quiet(channel.id, ring)


def ring_stop(ask: Ask) -> None:
    """Let it hear no more that it rings."""
    channel = stasis_channel_of(ask)
    stop = partial(ask.switch.sounds.set_ringing, channel.id, rings=False)
    ask.switch.sounds.when_quiet(channel.id, stop)


def start_music(ask: Ask) -> None:
    """Play music whenever nothing else is played."""
    channel, target = stasis_channel_of(ask), f"channel:{ask.text('channelId')}"
    play = partial(ask.switch.sounds.set_music, target, ask.text("mohClass") or "default")
    ask.switch.sounds.when_quiet(channel.id, play)


def stop_music(ask: Ask) -> None:
    """Play music no more."""
    channel, target = stasis_channel_of(ask), f"channel:{ask.text('channelId')}"
    stop = partial(ask.switch.sounds.set_music, target, None)
    ask.switch.sounds.when_quiet(channel.id, stop)


def send_digits(ask: Ask) -> None:
    """Send digits to its party."""
    channel = stasis_channel_of(ask)
    if not ask.text("dtmf"):
        raise Refused(400, "DTMF is required")
    ask.switch.pbx.execute(SendDigits(channel.id, digits=ask.text("dtmf")))


def play(ask: Ask) -> Reply:
    """Play media, after what is played already."""
    channel = stasis_channel_of(ask)
    if channel.state == "Down":
        raise Refused(412, "Channel in invalid state")
    return played(ask, f"channel:{channel.id}")


def played(ask: Ask, target: str) -> Reply:
    """Let something be played to a target, once the request has been answered."""
    playback_id = ask.text("playbackId") or ask.switch.state.mint("playback")
    playing = Playing(playback_id, ask.texts("media"), target)
    ask.afterwards = partial(ask.switch.sounds.play, playing)
    return Reply(201, playing.words())


def record(ask: Ask) -> Reply:
    """Record it."""
    channel = stasis_channel_of(ask)
    return recorded(ask, f"channel:{channel.id}")


def recorded(ask: Ask, target: str) -> Reply:
    """Let a target be recorded, once the request has been answered.

    Raises:
        Refused: there is a recording of that name.
    """
    recordings = ask.switch.recordings
    name = ask.text("name")
    taken = name in recordings.stored and ask.text("ifExists", "fail") == "fail"
    if name in recordings.live or taken:
        raise Refused(409, f"Recording '{name}' already exists and can not be overwritten")
    recording = Recording(name, ask.text("format"), target)
    begin = partial(recordings.begin, recording, ask.number("maxDurationSeconds", 0))
    ask.afterwards = begin
    words: LiveRecording = recording.words()
    return Reply(201, words)
