"""Requests for all but channels and bridges: applications, endpoints, playbacks, recordings."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from switch_sim.dialects.ari_applications import AriApplication
from switch_sim.dialects.ari_events import ChannelUserevent
from switch_sim.dialects.ari_recordings import Recording
from switch_sim.dialects.ari_requests import Ask, Refused
from switch_sim.dialects.ari_words import (
    Application,
    AsteriskInfo,
    AsteriskPing,
    DeviceState,
    Endpoint,
    FormatLangPair,
    LiveRecording,
    Mailbox,
    Playback,
    Sound,
    StatusInfo,
    StoredRecording,
    SystemInfo,
    Variable,
)

_VERSION = "22.10.1-offhook"
_OWN_LAMP = "Stasis:"


def _application_of(ask: Ask) -> AriApplication:
    application = ask.switch.state.applications.get(ask.text("applicationName"))
    if application is None:
        raise Refused(404, "Application not found")
    return application


def list_applications(ask: Ask) -> list[Application]:
    """All applications."""
    return [application.words() for application in ask.switch.state.applications]


def get_application(ask: Ask) -> Application:
    """One application, and what it hears of."""
    return _application_of(ask).words()


def subscribe(ask: Ask) -> Application:
    """Let an application hear of channels, bridges, endpoints or lamps."""
    application = _application_of(ask)
    for scheme, name in _sources(ask):
        if scheme == "channel" and name in ask.switch.state.channels:
            application.channels[name] += 1
        elif scheme == "bridge" and name in ask.switch.bridges.all:
            application.bridges[name] += 1
        elif scheme == "endpoint" and ask.switch.endpoints.exists(name):
            application.endpoints.add(name)
        elif scheme == "deviceState":
            application.devices.add(name)
        else:
            raise Refused(422, "Event source does not exist")
    return application.words()


def unsubscribe(ask: Ask) -> Application:
    """Let it hear of them no more."""
    application = _application_of(ask)
    for scheme, name in _sources(ask):
        if scheme in ("channel", "bridge"):
            counter = application.channels if scheme == "channel" else application.bridges
            if not counter[name]:
                raise Refused(409, "Application not subscribed to event source")
            counter[name] -= 1
        else:
            names = application.endpoints if scheme == "endpoint" else application.devices
            names.discard(name)
    return application.words()


def _sources(ask: Ask) -> list[tuple[str, str]]:
    found = []
    for source in ask.texts("eventSource"):
        scheme, _, name = source.partition(":")
        if scheme not in ("channel", "bridge", "endpoint", "deviceState"):
            raise Refused(400, "Invalid event source URI scheme")
        found.append((scheme, name))
    return found


def filter_events(ask: Ask) -> Application:
    """Let only messages of some types pass, or all but some; replies are `RESTResponse`."""
    application = _application_of(ask)
    lists: dict[str, list[dict[str, Any]]] = {}
    for name in ("allowed", "disallowed"):
        given = ask.body.get(name)
        entries = [] if given is None else given
        if not isinstance(entries, list) or not all("type" in entry for entry in entries):
            raise Refused(400, "Bad request")
        lists[name] = entries
    if not ask.body or "allowed" in ask.body:
        application.allowed = lists["allowed"]
    if not ask.body or "disallowed" in ask.body:
        application.disallowed = lists["disallowed"]
    return application.words()


def list_endpoints(ask: Ask) -> list[Endpoint]:
    """All phones and trunks."""
    return ask.switch.endpoints.all()


def list_endpoints_of(ask: Ask) -> list[Endpoint]:
    """All of one technology."""
    if ask.text("tech") != "PJSIP":
        raise Refused(404, "No such technology")
    return ask.switch.endpoints.all()


def get_endpoint(ask: Ask) -> Endpoint:
    """One phone, or one trunk."""
    endpoint = ask.switch.endpoints.get(ask.text("tech"), ask.text("resource"))
    if endpoint is None:
        raise Refused(404, "Endpoint not found")
    return endpoint


def list_lamps(ask: Ask) -> list[DeviceState]:
    """All lamps that clients have made."""
    lamps = ask.switch.endpoints.own_lamps
    return [DeviceState(name=name, state=shows) for name, shows in lamps.items()]


def get_lamp(ask: Ask) -> DeviceState:
    """What a lamp shows: of a phone, or of a client's own."""
    name = ask.text("deviceName")
    return DeviceState(name=name, state=ask.switch.endpoints.lamp(name))


def set_lamp(ask: Ask) -> None:
    """Let a lamp show something; it must be one of clients: `Stasis:…`."""
    name, shows = ask.text("deviceName"), ask.text("deviceState")
    if not name.startswith(_OWN_LAMP):
        raise Refused(409, "Uncontrolled device specified")
    ask.afterwards = partial(ask.switch.endpoints.set_lamp, name, shows)


def delete_lamp(ask: Ask) -> None:
    """Let a lamp be no more."""
    name = ask.text("deviceName")
    if not name.startswith(_OWN_LAMP):
        raise Refused(409, "Uncontrolled device specified")
    if ask.switch.endpoints.own_lamps.pop(name, None) is None:
        raise Refused(404, "Device name is missing")


def get_playback(ask: Ask) -> Playback:
    """One playback that waits or is played."""
    playing = ask.switch.sounds.playbacks.get(ask.text("playbackId"))
    if playing is None:
        raise Refused(404, "Playback not found")
    return playing.words()


def stop_playback(ask: Ask) -> None:
    """Stop a playback; one that waits is over when its turn has come."""
    playing = ask.switch.sounds.playbacks.get(ask.text("playbackId"))
    if playing is None:
        raise Refused(404, "Playback not found")
    ask.afterwards = partial(ask.switch.sounds.stop, playing)


def list_stored(ask: Ask) -> list[StoredRecording]:
    """All recordings that are over."""
    stored = ask.switch.recordings.stored
    return [StoredRecording(name=name, format=kind) for name, kind in stored.items()]


def get_stored(ask: Ask) -> StoredRecording:
    """One recording that is over."""
    kind = ask.switch.recordings.stored.get(ask.text("recordingName"))
    if kind is None:
        raise Refused(404, "Recording not found")
    return StoredRecording(name=ask.text("recordingName"), format=kind)


def delete_stored(ask: Ask) -> None:
    """Throw a recording away."""
    if ask.switch.recordings.stored.pop(ask.text("recordingName"), None) is None:
        raise Refused(404, "Recording not found")


def _live_of(ask: Ask) -> Recording:
    recording = ask.switch.recordings.live.get(ask.text("recordingName"))
    if recording is None:
        raise Refused(404, "Recording not found")
    return recording


def get_live(ask: Ask) -> LiveRecording:
    """One recording under way."""
    return _live_of(ask).words()


def cancel_live(ask: Ask) -> None:
    """End a recording, and throw it away."""
    ask.afterwards = partial(ask.switch.recordings.end, _live_of(ask), is_kept=False)


def stop_live(ask: Ask) -> None:
    """End a recording, and keep it."""
    ask.afterwards = partial(ask.switch.recordings.end, _live_of(ask))


def pause_live(ask: Ask) -> None:
    """Record nothing for a while."""
    _live_of(ask).state = "paused"


def resume_live(ask: Ask) -> None:
    """Record again."""
    _live_of(ask).state = "recording"


def mute_live(ask: Ask) -> None:
    """Record silence for a while."""
    _live_of(ask)


def list_sounds(ask: Ask) -> list[Sound]:
    """All sounds; the simulated switch has every one, and lists none."""
    del ask
    return []


def get_sound(ask: Ask) -> Sound:
    """One sound."""
    return Sound(id=ask.text("soundId"), formats=[FormatLangPair(language="en", format="wav")])


def list_mailboxes(ask: Ask) -> list[Mailbox]:
    """All mailboxes; there are none."""
    del ask
    return []


def ping(ask: Ask) -> AsteriskPing:
    """Answer, to show that the switch is there."""
    state = ask.switch.state
    return AsteriskPing(
        ping="pong", timestamp=state.timestamp(), asterisk_id=state.account.asterisk_id
    )


def info(ask: Ask) -> AsteriskInfo:
    """Which program this is, and since when it runs."""
    state = ask.switch.state
    return AsteriskInfo(
        system=SystemInfo(version=_VERSION, entity_id=state.account.asterisk_id),
        status=StatusInfo(startup_time=state.started_at, last_reload_time=state.started_at),
    )


def get_global(ask: Ask) -> Variable:
    """The value of a variable of the switch."""
    return Variable(value=ask.switch.state.variables.get(ask.text("variable"), ""))


def set_global(ask: Ask) -> None:
    """Set a variable of the switch."""
    ask.switch.state.variables[ask.text("variable")] = ask.text("value")


def send_event(ask: Ask) -> None:
    """Send an event of one's own to an application."""
    applications = ask.switch.state.applications
    application = applications.get(ask.text("application"))
    if application is None:
        raise Refused(404, "Application not found")
    name = ask.text("eventName")
    event = ChannelUserevent(eventname=name, userevent={**ask.variables(), "eventname": name})
    ask.afterwards = partial(applications.tell, application, event)


def listen(ask: Ask) -> msgspec.Struct:
    """Hear of events; it needs a WebSocket, and is never asked otherwise."""
    del ask
    raise Refused(426, "Upgrade Required")
