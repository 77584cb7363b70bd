"""Recordings: what is recorded, and for how long; the sound itself is none."""

from __future__ import annotations

import msgspec

from csta.instants import SECOND, Instant
from ctiserver.core.driver import Timer
from switch_sim.dialects.ari_events import RecordingFailed, RecordingFinished, RecordingStarted
from switch_sim.dialects.ari_state import AriState
from switch_sim.dialects.ari_words import LiveRecording


class Recording(msgspec.Struct):
    """One that is under way; `target` is `channel:ID` or `bridge:ID`."""

    name: str
    format: str
    target: str
    state: str = "queued"
    began_at: Instant = 0
    longest: Timer | None = None

    def words(self, duration: int | None = None, cause: str | None = None) -> LiveRecording:
        """Say it as it is now."""
        return LiveRecording(
            name=self.name,
            format=self.format,
            state=self.state,
            target_uri=self.target,
            duration=duration,
            cause=cause,
        )


class Recordings:
    """All recordings of one switch."""

    def __init__(self, state: AriState) -> None:
        """Begin with none."""
        self._state = state
        self.live: dict[str, Recording] = {}
        self.stored: dict[str, str] = {}
        """The format of each that is over."""

    def begin(self, recording: Recording, seconds_max: int) -> None:
        """Begin to record, for so long at most; 0 is without end."""
        kind, _, name = recording.target.partition(":")
        channel = self._state.channels.get(name) if kind == "channel" else None
        if channel is not None and channel.bridge is not None:
            recording.state = "failed"
            words = recording.words(cause="Cannot record channel while in bridge")
            self._tell(recording, RecordingFailed(recording=words))
            return
        self.live[recording.name] = recording
        recording.state = "recording"
        recording.began_at = self._state.pbx.now()
        if channel is not None:
            channel.is_recorded = True
        if seconds_max:
            recording.longest = self._state.pbx.after(
                seconds_max * SECOND, lambda: self.end(recording)
            )
        self._tell(recording, RecordingStarted(recording=recording.words()))

    def end(self, recording: Recording, *, is_kept: bool = True) -> None:
        """End one, and keep it, or throw it away."""
        del self.live[recording.name]
        kind, _, name = recording.target.partition(":")
        channel = self._state.channels.get(name) if kind == "channel" else None
        if channel is not None:
            channel.is_recorded = False
        if recording.longest is not None:
            recording.longest.cancel()
        recording.state = "done" if is_kept else "canceled"
        if is_kept:
            self.stored[recording.name] = recording.format
        lasted = (self._state.pbx.now() - recording.began_at) // SECOND
        self._tell(recording, RecordingFinished(recording=recording.words(lasted)))

    def end_all_of(self, target: str) -> None:
        """End those of what is no more."""
        for recording in [each for each in self.live.values() if each.target == target]:
            self.end(recording)

    def _tell(
        self, recording: Recording, event: RecordingStarted | RecordingFinished | RecordingFailed
    ) -> None:
        kind, _, name = recording.target.partition(":")
        if kind == "bridge":
            self._state.applications.tell_of_bridge(event, name)
        elif (channel := self._state.channels.get(name)) is not None:
            self._state.applications.tell_of_channel(event, name, channel.endpoint)
