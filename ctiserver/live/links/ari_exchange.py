"""Asterisk as a switch: commands become its REST requests, its events become observations.

There is no input, output or clock here: `send` sends a request and later tells its reply, `hear`
is given the events in the order in which they come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from csta.ids import LegId
from ctiserver.core.switch_link import (
    Answer,
    AnyCommand,
    AnyObservation,
    Clear,
    DestinationDetected,
    Detect,
    Dial,
    Hold,
    Join,
    LinkDown,
    LinkUp,
    Listen,
    PauseRecording,
    Play,
    Record,
    RefuseTransfer,
    ResumeRecording,
    SendDigits,
    StopPlay,
    StopRecording,
)
from ctiserver.live.links.ari_audit import Audit
from ctiserver.live.links.ari_bridges import Bridges
from ctiserver.live.links.ari_channels import Channels
from ctiserver.live.links.ari_config import AriConfig
from ctiserver.live.links.ari_devices import Reachability
from ctiserver.live.links.ari_legs import AriLegs
from ctiserver.live.links.ari_plays import Plays
from ctiserver.live.links.ari_recordings import Recordings
from ctiserver.live.links.ari_requests import Send, guarded
from ctiserver.live.links.ari_snapshot import Snapshot, Whole
from ctiserver.live.links.ari_snoops import Listening
from ctiserver.live.links.ari_talks import Talks
from ctiserver.live.links.ari_transfers import Transfers
from ctiserver.live.links.ari_voice_units import VoiceUnits


class AriExchange:
    """One Asterisk, between the connection to it and the engine."""

    def __init__(
        self, config: AriConfig, send: Send, observe: Callable[[AnyObservation], None]
    ) -> None:
        """Know nothing of its legs yet: `connected` asks for them."""
        legs = self._legs = AriLegs(config, send, observe)
        self._plays, units = Plays(legs), VoiceUnits(legs)
        self._transfers, bridges = Transfers(legs), Bridges(legs)
        self._channels = Channels(legs, self._plays, units, self._transfers)
        self._talks = Talks(legs, self._plays, bridges)
        self._listening = Listening(legs, self._plays, self._talks, bridges)
        self._recordings, self._phones = Recordings(legs), Reachability(legs)
        self._whole = Whole(legs, units, bridges, self._listening, self._recordings, self._phones)
        self._audit = Audit(legs)
        self._snapshot: Snapshot | None = None
        self._up = False
        self._carry_out = self._table_of_commands()
        self._take_in = self._table_of_events()

    def _table_of_commands(self) -> Mapping[type, Callable[[Any], None]]:
        channels, plays, recordings = self._channels, self._plays, self._recordings
        return {
            Answer: channels.answer,
            Dial: channels.dial,
            Clear: channels.clear,
            SendDigits: channels.send_digits,
            Detect: self._detect,
            Join: self._join,
            Hold: self._hold,
            Listen: self._listening.listen,
            Play: plays.play,
            StopPlay: plays.stop,
            Record: recordings.record,
            PauseRecording: recordings.pause,
            ResumeRecording: recordings.resume,
            StopRecording: recordings.stop,
            RefuseTransfer: self._transfers.refuse,
        }

    def _table_of_events(self) -> Mapping[str, Callable[[dict[str, Any]], None]]:
        channels, talks, recordings = self._channels, self._talks, self._recordings
        return {
            "StasisStart": self._started,
            "StasisEnd": self._ended,
            "ChannelDestroyed": self._ended,
            "ChannelHangupRequest": channels.hangs_up,
            "ChannelStateChange": channels.state_changed,
            "ChannelDtmfReceived": channels.digit,
            "ChannelTransfer": self._transfers.asked,
            "ChannelHold": talks.held_by_phone,
            "ChannelUnhold": talks.retrieved_by_phone,
            "Dial": channels.dial_state,
            "ChannelEnteredBridge": talks.entered,
            "ChannelLeftBridge": talks.left,
            "PlaybackFinished": self._plays.finished,
            "RecordingStarted": recordings.begun,
            "RecordingFinished": recordings.finished,
            "RecordingFailed": recordings.finished,
            "DeviceStateChanged": self._phones.changed,
        }

    @property
    def handled(self) -> tuple[str, ...]:
        """Name the types of events that mean something here; the others need not be sent."""
        return tuple(self._take_in)

    def execute(self, command: AnyCommand) -> None:
        """Carry out a command; it is dropped while the link is down."""
        if self._up:
            self._carry_out[type(command)](command)
            self._legs.flush()

    def audit(self) -> None:
        """Look whether all legs are still there; while the link comes up that is looked at."""
        if self._up and self._snapshot is None:
            self._audit.begin()

    def hear(self, event: dict[str, Any]) -> None:
        """Take in one event of Asterisk; before the link is up it waits."""
        if self._snapshot is not None:
            self._snapshot.later(event)
        elif self._up:
            self._apply(event)

    def connected(self) -> None:
        """Events come: ask for all that there is, then tell `LinkUp`."""
        self._snapshot = Snapshot(self._whole, self._told)
        self._snapshot.begin()

    def disconnected(self) -> None:
        """Nothing comes any more, nor any reply to what was asked."""
        self._snapshot, self._up = None, False
        self._legs.tell(LinkDown())
        self._legs.flush()

    def _told(self, snapshot: Snapshot, link_up: LinkUp) -> None:
        """All is known: tell it, and go on with what has happened meanwhile."""
        if snapshot is not self._snapshot:
            return
        self._snapshot, self._up = None, True
        self._legs.tell(link_up)
        self._legs.flush()
        for event in snapshot.buffered:
            guarded(self._apply, event)

    def _apply(self, event: dict[str, Any]) -> None:
        take_in = self._take_in.get(event["type"])
        if take_in is not None:
            take_in(event)
            self._legs.flush()

    # What concerns several parts.

    def _started(self, event: dict[str, Any]) -> None:
        if not self._listening.started(event) and not self._recordings.started(event):
            self._channels.started(event)

    def _ended(self, event: dict[str, Any]) -> None:
        self._recordings.ended(event)
        self._channels.ended(event)

    def _join(self, command: Join) -> None:
        self._stop_listening(*command.legs)
        self._talks.join(command)

    def _hold(self, command: Hold) -> None:
        self._stop_listening(command.leg)
        self._talks.hold(command)

    def _stop_listening(self, *legs: LegId) -> None:
        for leg_id in legs:
            leg = self._legs.all.get(leg_id)
            if leg is not None:
                self._listening.stop(leg)

    def _detect(self, command: Detect) -> None:
        """Asterisk's own detection is part of a dialplan: here it is never clear who answers."""
        if command.leg in self._legs.all:
            self._legs.tell(DestinationDetected(command.leg, condition=None))
