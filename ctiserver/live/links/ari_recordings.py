"""Recordings: each by a snoop channel of its leg, so that the leg's talk may change meanwhile.

A channel that is recorded itself can enter no bridge. A recording of an id that was recorded
before is appended to that file. Asterisk keeps one track: both sides are mixed.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final, Literal

import msgspec

from csta.ids import LegId
from ctiserver.core.switch_link import (
    PauseRecording,
    Record,
    RecordingEnded,
    ResumeRecording,
    StopRecording,
)
from ctiserver.live.links.ari_legs import AriLeg, AriLegs
from ctiserver.live.links.ari_requests import Reply, path_of

KIND: Final = "record"
_RECORDS: Final = "records"


class _Recording(msgspec.Struct):
    """One recording under way: of which leg, by which snoop channel."""

    recording_id: str
    leg_id: LegId
    snoop: str
    paused: bool | None = False
    """None: it is one of before, of which this is not known."""
    asked: bool = False
    begun: bool = False


class Recordings:
    """The recordings of all legs."""

    def __init__(self, legs: AriLegs) -> None:
        """Record these legs."""
        self._legs = legs
        self._all: dict[str, _Recording] = {}
        legs.on_gone.append(self._leg_gone)

    # What is asked for.

    def record(self, command: Record) -> None:
        """Record a leg; what was recorded under this id on another leg ends before."""
        leg = self._legs.all.get(command.leg)
        former = self._all.get(command.recording_id)
        if former is not None and former.leg_id == command.leg:
            return
        if leg is None:
            return
        if leg.virtual:
            failed = RecordingEnded(command.leg, recording_id=command.recording_id, failed=True)
            self._legs.tell(failed)
            return
        if former is not None:
            self._end(former)
        snoop = self._legs.mint(KIND)
        recording = _Recording(command.recording_id, command.leg, snoop, command.paused)
        self._all[command.recording_id] = recording
        query = {
            "spy": "both",
            "app": self._legs.config.application,
            "appArgs": f"{_RECORDS},{command.leg},{command.recording_id}",
        }
        self._legs.ask("POST", leg.path("snoop", snoop), query, partial(self._replied, recording))

    def pause(self, command: PauseRecording) -> None:
        """Let silence be kept instead of what is said."""
        self._mute(command.recording_id, paused=True)

    def resume(self, command: ResumeRecording) -> None:
        """Keep what is said."""
        self._mute(command.recording_id, paused=False)

    def stop(self, command: StopRecording) -> None:
        """End a recording and keep it."""
        recording = self._all.get(command.recording_id)
        if recording is not None and recording.leg_id == command.leg:
            self._end(recording)

    # What Asterisk says.

    def started(self, event: dict[str, Any]) -> bool:
        """`StasisStart` of a snoop channel; False when it is none of these."""
        args = event["args"]
        if not self.is_recording(args):
            return False
        recording = self._all.get(args[2])
        if recording is None or recording.snoop != event["channel"]["id"]:
            self._legs.ask("DELETE", path_of("channels", event["channel"]["id"]))
        elif not recording.asked:
            recording.asked = True
            query = {
                "name": _name(recording.recording_id),
                "format": self._legs.config.recording_format,
                "ifExists": "append",
            }
            path = path_of("channels", recording.snoop, "record")
            self._legs.ask("POST", path, query, partial(self._replied, recording))
        return True

    @staticmethod
    def is_recording(args: list[str]) -> bool:
        """Tell whether the Stasis arguments are those of a snoop channel for a recording."""
        return args[:1] == [_RECORDS]

    def adopt(self, snoop: str, args: list[str]) -> bool:
        """Take over a recording of before; False when there is no such leg any more."""
        if args[1] not in self._legs.all:
            return False
        self._all[args[2]] = _Recording(args[2], args[1], snoop, None, asked=True, begun=True)
        return True

    def forget(self) -> None:
        """Nothing is known of them any more."""
        self._all.clear()

    def of(self, leg_id: LegId) -> tuple[str, ...]:
        """List what is recorded on a leg."""
        found = [each for each in self._all.values() if each.leg_id == leg_id]
        return tuple(each.recording_id for each in found)

    def begun(self, event: dict[str, Any]) -> None:
        """`RecordingStarted`: from now on it can be paused."""
        for recording in self._all.values():
            if _name(recording.recording_id) == event["recording"]["name"]:
                recording.begun = True
                if recording.paused:
                    self._ask("POST", recording, "mute")

    def finished(self, event: dict[str, Any]) -> None:
        """`RecordingFinished`, `RecordingFailed`: one that was stopped is not told of."""
        told = event["recording"]
        for recording in list(self._all.values()):
            if _name(recording.recording_id) == told["name"] and told["state"] == "failed":
                self._fail(recording)

    def ended(self, event: dict[str, Any]) -> None:
        """`StasisEnd` of a snoop channel whose leg lives on: the recording has ended."""
        snoop = event["channel"]["id"]
        for recording in list(self._all.values()):
            if recording.snoop == snoop:
                leg = self._legs.all.get(recording.leg_id)
                del self._all[recording.recording_id]
                if leg is not None and not leg.ends:
                    recording_id = recording.recording_id
                    self._legs.tell(RecordingEnded(leg.leg_id, recording_id=recording_id))

    # Steps of it.

    def _mute(self, recording_id: str, *, paused: bool) -> None:
        recording = self._all.get(recording_id)
        if recording is not None and recording.paused is not paused:
            recording.paused = paused
            if recording.begun:
                self._ask("POST" if paused else "DELETE", recording, "mute")

    def _ask(self, method: Literal["POST", "DELETE"], recording: _Recording, what: str) -> None:
        path = path_of("recordings", "live", _name(recording.recording_id), what)
        self._legs.ask(method, path)

    def _end(self, recording: _Recording) -> None:
        del self._all[recording.recording_id]
        if recording.asked:
            self._ask("POST", recording, "stop")
        self._legs.ask("DELETE", path_of("channels", recording.snoop))

    def _replied(self, recording: _Recording, reply: Reply) -> None:
        if reply.status and not reply.is_ok:
            self._fail(recording)

    def _fail(self, recording: _Recording) -> None:
        """Nothing more is recorded, though nobody asked for that."""
        if self._all.get(recording.recording_id) is recording:
            recording.asked = False
            self._end(recording)
            recording_id, leg_id = recording.recording_id, recording.leg_id
            failed = RecordingEnded(leg_id, recording_id=recording_id, failed=True)
            self._legs.tell(failed)

    def _leg_gone(self, leg: AriLeg) -> None:
        """A recording ends with its leg."""
        for recording in list(self._all.values()):
            if recording.leg_id == leg.leg_id:
                self._end(recording)


def _name(recording_id: str) -> str:
    """Give the name of the file: the id, without what is no part of one."""
    return recording_id.replace("/", "-")
