"""All events that the dialect sends: one struct each, which the descriptions are made from too.

`application`, `timestamp` and `asterisk_id` are set by whoever sends the event.
"""

from __future__ import annotations

from typing import Any

import msgspec

from switch_sim.dialects.ari_words import (
    Bridge,
    Channel,
    DeviceState,
    Endpoint,
    LiveRecording,
    Peer,
    Playback,
    ReferredBy,
    ReferTo,
)


class Event(msgspec.Struct, omit_defaults=True, kw_only=True, tag_field="type", tag=True):
    """Something that has happened."""

    application: str = ""
    timestamp: str = ""
    asterisk_id: str = ""


class ApplicationReplaced(Event):
    """Another connection has taken the application over."""


class StasisStart(Event):
    """A channel has come into the application."""

    args: list[str]
    channel: Channel
    replace_channel: Channel | None = None


class StasisEnd(Event):
    """A channel has left the application."""

    channel: Channel


class ChannelCreated(Event):
    """A channel exists."""

    channel: Channel


class ChannelDestroyed(Event, kw_only=True):
    """A channel is no more; `cause` is Q.850's, `tech_cause` SIP's status."""

    cause: int
    cause_txt: str
    tech_cause: int | None = None
    channel: Channel


class ChannelStateChange(Event):
    """A channel rings, or has been answered."""

    channel: Channel


class ChannelHangupRequest(Event, kw_only=True):
    """Somebody hangs up: the party, or with `soft` the switch."""

    cause: int | None = None
    soft: bool | None = None
    tech_cause: int | None = None
    channel: Channel


class ChannelDialplan(Event):
    """A channel has come to another place of the dialplan."""

    dialplan_app: str
    dialplan_app_data: str
    channel: Channel


class ChannelDtmfReceived(Event):
    """A party pressed a key."""

    digit: str
    duration_ms: int
    channel: Channel


class ChannelHold(Event, kw_only=True):
    """A phone has put its far end on hold."""

    musicclass: str | None = None
    channel: Channel


class ChannelUnhold(Event):
    """A phone has taken its far end back."""

    channel: Channel


class ChannelTransfer(Event, kw_only=True):
    """A phone asks for a transfer; with a state: this is what it has been told of it."""

    state: str | None = None
    refer_to: ReferTo
    referred_by: ReferredBy


class ChannelVarset(Event):
    """A variable has another value."""

    variable: str
    value: str
    channel: Channel | None = None


class ChannelUserevent(Event):
    """Somebody has sent an event of his own."""

    eventname: str
    userevent: dict[str, Any]
    channel: Channel | None = None


class ChannelEnteredBridge(Event):
    """A channel is in a bridge."""

    bridge: Bridge
    channel: Channel


class ChannelLeftBridge(Event):
    """A channel is no more in a bridge."""

    bridge: Bridge
    channel: Channel


class BridgeCreated(Event):
    """A bridge exists."""

    bridge: Bridge


class BridgeDestroyed(Event):
    """A bridge is no more."""

    bridge: Bridge


class Dial(Event):
    """How dialling goes: `""` at its beginning, RINGING, ANSWER, BUSY, NOANSWER and others."""

    dialstatus: str
    forward: str
    dialstring: str
    peer: Channel
    caller: Channel | None = None


class PlaybackStarted(Event):
    """Something begins to be played."""

    playback: Playback


class PlaybackContinuing(Event):
    """The next of several media follows."""

    playback: Playback


class PlaybackFinished(Event):
    """Nothing more is played: it has ended, was stopped, or could not be played."""

    playback: Playback


class RecordingStarted(Event):
    """A recording has begun."""

    recording: LiveRecording


class RecordingFinished(Event):
    """A recording is over."""

    recording: LiveRecording


class RecordingFailed(Event):
    """A recording could not be made."""

    recording: LiveRecording


class DeviceStateChanged(Event):
    """A lamp would show something else."""

    device_state: DeviceState


class EndpointStateChange(Event):
    """A phone or a trunk is in another state, or has other channels."""

    endpoint: Endpoint


class PeerStatusChange(Event):
    """A phone can be reached, or can be reached no more."""

    endpoint: Endpoint
    peer: Peer


EVENTS: tuple[type[Event], ...] = (
    ApplicationReplaced,
    StasisStart,
    StasisEnd,
    ChannelCreated,
    ChannelDestroyed,
    ChannelStateChange,
    ChannelHangupRequest,
    ChannelDialplan,
    ChannelDtmfReceived,
    ChannelHold,
    ChannelUnhold,
    ChannelTransfer,
    ChannelVarset,
    ChannelUserevent,
    ChannelEnteredBridge,
    ChannelLeftBridge,
    BridgeCreated,
    BridgeDestroyed,
    Dial,
    PlaybackStarted,
    PlaybackContinuing,
    PlaybackFinished,
    RecordingStarted,
    RecordingFinished,
    RecordingFailed,
    DeviceStateChanged,
    EndpointStateChange,
    PeerStatusChange,
)
