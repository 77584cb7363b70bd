"""What ARI says of things: channels, bridges, playbacks. Each is one JSON object.

The descriptions of the interface (`ari_docs`) are made from these structs. A member that is `None`
is not said at all.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Model(msgspec.Struct, omit_defaults=True, kw_only=True):
    """An object of the interface."""


class CallerID(Model):
    """A name and a number."""

    name: str
    number: str


class DialplanCEP(Model):
    """Where in the dialplan a channel is."""

    context: str
    exten: str
    priority: int
    app_name: str
    app_data: str


class Channel(Model):
    """One party's way to the switch."""

    id: str
    name: str
    state: str
    """`Down`, `Ring` (it calls), `Ringing` (it is called) or `Up`."""
    protocol_id: str
    caller: CallerID
    connected: CallerID
    accountcode: str
    dialplan: DialplanCEP
    creationtime: str
    language: str
    channelvars: dict[str, str] | None = None


class Bridge(Model):
    """Where channels hear one another (`mixing`), or wait (`holding`)."""

    id: str
    technology: str
    bridge_type: str
    bridge_class: str
    creator: str
    name: str
    channels: list[str]
    creationtime: str
    video_mode: str


class RequiredDestination(Model):
    """Where a phone wants its far end to go."""

    destination: str | None = None


class ReferTo(Model):
    """Where a transfer leads."""

    requested_destination: RequiredDestination


class ReferredBy(Model):
    """The phone that asks for a transfer."""

    source_channel: Channel
    bridge: Bridge | None = None


class Playback(Model, kw_only=True):
    """Something that is played."""

    id: str
    media_uri: str
    next_media_uri: str | None = None
    target_uri: str
    language: str
    state: str
    """`queued`, `playing`, `continuing`, `paused`, `done` or `failed`."""


class LiveRecording(Model):
    """A recording under way. `duration` is in seconds, and told at its end."""

    name: str
    format: str
    state: str
    target_uri: str
    duration: int | None = None
    cause: str | None = None


class StoredRecording(Model):
    """A recording that is over."""

    name: str
    format: str


class Endpoint(Model):
    """A phone or a trunk: `online` when it can be reached, else `offline`."""

    technology: str
    resource: str
    state: str
    channel_ids: list[str]


class Peer(Model):
    """Whether somebody is there: `Reachable` or `Unreachable`."""

    peer_status: str


class DeviceState(Model):
    """What a lamp would show: `NOT_INUSE`, `INUSE`, `RINGING`, `ONHOLD`, `UNAVAILABLE`."""

    name: str
    state: str


class Application(Model):
    """What a Stasis application hears of."""

    name: str
    channel_ids: list[str]
    bridge_ids: list[str]
    endpoint_ids: list[str]
    device_names: list[str]
    events_allowed: list[dict[str, Any]]
    events_disallowed: list[dict[str, Any]]


class Variable(Model):
    """A variable's value."""

    value: str


class Variables(Model):
    """The values of several variables."""

    variables: dict[str, str]


class FormatLangPair(Model):
    """In which format and language a sound is there."""

    language: str
    format: str


class Sound(Model):
    """A sound that can be played."""

    id: str
    formats: list[FormatLangPair]


class AsteriskPing(Model):
    """The answer to a ping."""

    ping: str
    timestamp: str
    asterisk_id: str


class SystemInfo(Model):
    """Which program this is."""

    version: str
    entity_id: str


class StatusInfo(Model):
    """Since when it runs."""

    startup_time: str
    last_reload_time: str


class AsteriskInfo(Model):
    """About the switch itself."""

    system: SystemInfo
    status: StatusInfo


class Mailbox(Model):
    """A mailbox; the simulated switch has none."""

    name: str
    old_messages: int
    new_messages: int


MODELS: tuple[type[Model], ...] = (
    CallerID,
    DialplanCEP,
    Channel,
    Bridge,
    RequiredDestination,
    ReferTo,
    ReferredBy,
    Playback,
    LiveRecording,
    StoredRecording,
    Endpoint,
    Peer,
    DeviceState,
    Application,
    Variable,
    Variables,
    FormatLangPair,
    Sound,
    AsteriskPing,
    SystemInfo,
    StatusInfo,
    AsteriskInfo,
    Mailbox,
)
