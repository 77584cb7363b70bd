"""What a leg hears beside the others: prompts, music, ringing; and the answering of a call.

Asterisk carries out most requests for a channel only when what it plays there has ended, and lets
everything else on the connection wait for that. So whatever plays is stopped before.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import structlog

from ctiserver.core.switch_link import Play, PlayEnded, StopPlay
from ctiserver.live.links.ari_legs import AriLeg, AriLegs
from ctiserver.live.links.ari_requests import Reply, path_of
from ctiserver.live.links.ari_sounds import HOLD_MUSIC, Sound, sound_of

_log = structlog.get_logger("offhook.link")


class Plays:
    """Plays to legs."""

    def __init__(self, legs: AriLegs) -> None:
        """Play to these legs."""
        self._legs = legs
        self._warned: set[str] = set()

    def play(self, command: Play) -> None:
        """Play; what the leg heard before ends. What Asterisk cannot play has ended at once."""
        leg = self._legs.all.get(command.leg)
        if leg is None:
            return
        sound = sound_of(command.uri, self._legs.config)
        if sound is not None and not leg.virtual:
            self.hush(leg)
            self._begin(leg, command.play_id, sound)
            return
        self.hush(leg)
        if sound is None:
            self._warn(command.uri, "Asterisk cannot play this: name a sound for it in `sounds`")
        self._legs.tell(PlayEnded(leg.leg_id, play_id=command.play_id))

    def stop(self, command: StopPlay) -> None:
        """Stop what is played, if it is still that."""
        leg = self._legs.all.get(command.leg)
        if leg is not None and leg.kept.play_id == command.play_id:
            self.hush(leg)

    def hush(self, leg: AriLeg) -> None:
        """Let the leg hear nothing but those with whom it talks."""
        if leg.hold_music:
            leg.hold_music = False
            self._legs.ask("DELETE", leg.path("moh"))
        playing, leg.playing = leg.playing, ""
        if playing == "media":
            self._legs.ask("DELETE", path_of("playbacks", leg.kept.playback))
        elif playing:
            self._legs.ask("DELETE", leg.path("moh" if playing == "music" else "ring"))
            self._legs.keep(leg)
        leg.kept.play_id = leg.kept.playback = ""
        leg.kept.ringing = False

    def console(self, leg: AriLeg) -> None:
        """Play hold music to one who is left alone."""
        if not leg.hold_music and not leg.playing:
            leg.hold_music = True
            music = self._legs.config.music_class(HOLD_MUSIC)
            self._legs.ask("POST", leg.path("moh"), {"mohClass": music})

    def answer(self, leg: AriLeg) -> None:
        """Answer an incoming call, once."""
        if leg.kept.outgoing or leg.answered:
            return
        if leg.playing:
            play_id = leg.kept.play_id
            self.hush(leg)
            if play_id:
                self._legs.tell(PlayEnded(leg.leg_id, play_id=play_id))
        leg.answered = True
        self._legs.ask("POST", leg.path("answer"))

    def finished(self, event: dict[str, Any]) -> None:
        """`PlaybackFinished`: one that was stopped is not told of."""
        playback = event["playback"]
        leg_id = playback["target_uri"].partition(":")[2]
        if playback["state"] == "failed" and not self._is_ending(leg_id):
            self._warn(playback["media_uri"], "Asterisk has not found or not played this sound")
        leg = self._legs.all.get(leg_id)
        if leg is not None and leg.playing == "media" and leg.kept.playback == playback["id"]:
            self._ended(leg)

    def _is_ending(self, leg_id: str) -> bool:
        leg = self._legs.all.get(leg_id)
        return leg is None or leg.ends

    def _begin(self, leg: AriLeg, play_id: str, sound: Sound) -> None:
        kept, kind = leg.kept, sound.kind
        kept.play_id, kept.ringing = play_id, kind == "ringing"
        if kind == "media":
            kept.playback = self._legs.mint("play")
            self._legs.keep_now(leg)
            query = {"media": sound.media, "playbackId": kept.playback}
            then = partial(self._refused, leg, kept.playback)
            self._legs.ask("POST", leg.path("play"), query, then)
        elif kind == "music":
            self._legs.ask("POST", leg.path("moh"), {"mohClass": sound.media})
        else:
            self._legs.ask("POST", leg.path("ring"))
        if kind != "media":
            self._legs.keep(leg)
        leg.playing = kind

    def _refused(self, leg: AriLeg, playback: str, reply: Reply) -> None:
        """A sound that Asterisk does not begin to play has ended."""
        if reply.status and not reply.is_ok and leg.kept.playback == playback:
            self._ended(leg)

    def _ended(self, leg: AriLeg) -> None:
        play_id, leg.playing = leg.kept.play_id, ""
        leg.kept.play_id = leg.kept.playback = ""
        self._legs.tell(PlayEnded(leg.leg_id, play_id=play_id))

    def _warn(self, sound: str, what: str) -> None:
        if sound not in self._warned:
            self._warned.add(sound)
            _log.warning("sound not played", sound=sound, why=what)
