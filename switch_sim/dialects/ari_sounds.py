"""What channels and bridges hear: playbacks one after another, music and ringback behind them.

As in Asterisk, what is asked of a channel waits until its playbacks are over: `when_quiet`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from ctiserver.core.driver import Timer
from ctiserver.core.switch_link import Play, StopPlay
from switch_sim.dialects.ari_events import PlaybackContinuing, PlaybackFinished, PlaybackStarted
from switch_sim.dialects.ari_state import AriState
from switch_sim.dialects.ari_words import Playback
from switch_sim.sounds import RINGBACK, lasts_ms

_SCHEMES = ("sound:", "recording:", "number:", "digits:", "characters:", "tone:")


class Playing:
    """A playback: its media, one after another."""

    def __init__(self, playback_id: str, media: list[str], target: str) -> None:
        """Begin as queued; `target` is `channel:ID` or `bridge:ID`."""
        self.id = playback_id
        self.media = media
        self.target = target
        self.state = "queued"
        self.at = 0
        """Which of the media is played."""
        self.timer: Timer | None = None

    def words(self) -> Playback:
        """Say it as it is now."""
        following = self.media[self.at + 1 : self.at + 2]
        return Playback(
            id=self.id,
            media_uri=self.media[self.at],
            next_media_uri=following[0] if following else None,
            target_uri=self.target,
            language="en",
            state=self.state,
        )


class _Ears(msgspec.Struct):
    """What is to be heard somewhere."""

    waiting: deque[Playing | Callable[[], None]]
    plays: Playing | None = None
    music: str | None = None
    rings: bool = False
    heard: str | None = None
    """What the switch below plays there of all this, as far as it does not end by itself."""


class Sounds:
    """What all channels and bridges hear."""

    def __init__(self, state: AriState, members: Callable[[str], list[str]]) -> None:
        """Play to channels; `members` gives those in a bridge."""
        self.playbacks: dict[str, Playing] = {}
        self._state = state
        self._members = members
        self._ears: dict[str, _Ears] = {}

    # Playbacks.

    def play(self, playing: Playing) -> None:
        """Play, after what is played there already."""
        self.playbacks[playing.id] = playing
        self._at(playing.target).waiting.append(playing)
        self._go_on(playing.target)

    def stop(self, playing: Playing) -> None:
        """Stop a playback; one that waits is over when its turn has come."""
        ears = self._at(playing.target)
        playing.state = "done"
        if ears.plays is playing:
            self._silence(playing)
            self._finish(playing)
            self._go_on(playing.target)

    def when_quiet(self, channel_id: str, action: Callable[[], None]) -> None:
        """Do something when all that is played to a channel now is over."""
        self._at(f"channel:{channel_id}").waiting.append(action)
        self._go_on(f"channel:{channel_id}")

    # Music and ringback.

    def set_music(self, target: str, music_class: str | None) -> None:
        """Let music be played at a target when nothing else is; None: no more."""
        self._at(target).music = music_class
        self.refresh(target)

    def has_music(self, target: str) -> bool:
        """Tell whether music was asked for there."""
        return self._at(target).music is not None

    def set_ringing(self, channel_id: str, *, rings: bool) -> None:
        """Let a channel hear that it rings, or no more."""
        self._at(f"channel:{channel_id}").rings = rings
        self.refresh(f"channel:{channel_id}")

    def joined(self, channel_id: str) -> None:
        """The switch below has joined the channel with others, and by that ended its sounds."""
        self._at(f"channel:{channel_id}").heard = None
        self.refresh(f"channel:{channel_id}")

    def refresh(self, target: str) -> None:
        """Let be heard what is behind the playbacks, if none is played."""
        kind, _, name = target.partition(":")
        if kind == "bridge":
            for member in self._members(name):
                self.refresh(f"channel:{member}")
            return
        ears = self._at(target)
        behind = self._behind(name, ears)
        if ears.plays is not None or behind == ears.heard:
            return
        if behind is None:
            self._state.pbx.execute(StopPlay(name, play_id=f"behind {ears.heard}"))
        else:
            self._state.pbx.execute(Play(name, play_id=f"behind {behind}", uri=behind))
        ears.heard = behind

    def gone(self, target: str) -> None:
        """End all that is played to what is no more, and do what was to be done after it."""
        ears = self._at(target)
        while ears.plays is not None or ears.waiting:
            if ears.plays is not None:
                self._silence(ears.plays)
                ears.plays.state = "failed"
                self._finish(ears.plays)
            elif callable(item := ears.waiting.popleft()):
                item()
            else:
                item.state = "failed"
                self._finish(item)
        del self._ears[target]

    # Steps.

    def _at(self, target: str) -> _Ears:
        ears = self._ears.get(target)
        if ears is None:
            ears = self._ears[target] = _Ears(deque())
        return ears

    def _behind(self, channel_id: str, ears: _Ears) -> str | None:
        channel = self._state.channels.get(channel_id)
        if channel is not None and channel.bridge is not None:
            music = self._at(f"bridge:{channel.bridge}").music
            if music is not None:
                return f"music:{music}"
        if ears.music is not None:
            return f"music:{ears.music}"
        return RINGBACK if ears.rings else None

    def _go_on(self, target: str) -> None:
        ears = self._at(target)
        while ears.plays is None and ears.waiting:
            item = ears.waiting.popleft()
            if callable(item):
                item()
            elif item.state == "done":
                self._finish(item)
            else:
                self._start(item, ears)
        self.refresh(target)

    def _start(self, playing: Playing, ears: _Ears) -> None:
        uri = playing.media[playing.at]
        playing.state = "playing"
        self._tell(playing, PlaybackStarted(playback=playing.words()))
        if not uri.startswith(_SCHEMES):
            return  # as in Asterisk: nothing is heard, nothing ends, and what waits comes next
        ears.plays = playing
        heard = RINGBACK if uri.startswith("tone:ring") else uri
        for channel_id in self._listeners(playing.target):
            self._at(f"channel:{channel_id}").heard = None
            play_id = f"{playing.id}/{playing.at}"
            self._state.pbx.execute(Play(channel_id, play_id=play_id, uri=heard))
        lasts = lasts_ms(heard, self._state.pbx.config)
        if lasts is not None:
            playing.timer = self._state.pbx.after(lasts, lambda: self._ended(playing))

    def _ended(self, playing: Playing) -> None:
        ears = self._at(playing.target)
        ears.plays = None
        playing.timer = None
        if playing.at + 1 < len(playing.media):
            playing.state = "continuing"
            self._tell(playing, PlaybackContinuing(playback=playing.words()))
            playing.at += 1
            self._start(playing, ears)
        else:
            playing.state = "done"
            self._finish(playing)
        self._go_on(playing.target)

    def _silence(self, playing: Playing) -> None:
        if playing.timer is not None:
            playing.timer.cancel()
        for channel_id in self._listeners(playing.target):
            play_id = f"{playing.id}/{playing.at}"
            self._state.pbx.execute(StopPlay(channel_id, play_id=play_id))

    def _finish(self, playing: Playing) -> None:
        ears = self._at(playing.target)
        if ears.plays is playing:
            ears.plays = None
        self.playbacks.pop(playing.id, None)
        self._tell(playing, PlaybackFinished(playback=playing.words()))

    def _listeners(self, target: str) -> list[str]:
        kind, _, name = target.partition(":")
        return [name] if kind == "channel" else self._members(name)

    def _tell(
        self, playing: Playing, event: PlaybackStarted | PlaybackContinuing | PlaybackFinished
    ) -> None:
        kind, _, name = playing.target.partition(":")
        if kind == "bridge":
            self._state.applications.tell_of_bridge(event, name)
        elif (channel := self._state.channels.get(name)) is not None:
            self._state.applications.tell_of_channel(event, name, channel.endpoint)
