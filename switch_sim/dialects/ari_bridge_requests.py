"""Requests for bridges."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from switch_sim.dialects.ari_bridges import AriBridge
from switch_sim.dialects.ari_channel_requests import quietly
from switch_sim.dialects.ari_media_requests import played, recorded
from switch_sim.dialects.ari_requests import NO_CONTENT, Ask, Later, Refused, Reply
from switch_sim.dialects.ari_state import AriChannel
from switch_sim.dialects.ari_words import Bridge, Variable, Variables

_KINDS = ("mixing", "holding")
_ATTRIBUTES = ("dtmf_events", "proxy_media", "video_sfu", "video_single", "sdp_label")


def _bridge_of(ask: Ask) -> AriBridge:
    bridge = ask.switch.bridges.all.get(ask.text("bridgeId"))
    if bridge is None:
        raise Refused(404, "Bridge not found")
    return bridge


def list_bridges(ask: Ask) -> list[Bridge]:
    """All bridges."""
    return [bridge.words() for bridge in ask.switch.bridges.all.values()]


def get(ask: Ask) -> Bridge:
    """One bridge."""
    return _bridge_of(ask).words()


def create(ask: Ask) -> Bridge:
    """Make a bridge: `mixing`, in which all hear one another, or `holding`."""
    bridges = ask.switch.bridges
    bridge_id = ask.text("bridgeId") or ask.switch.state.mint("bridge")
    words = ask.texts("type") or ["mixing"]
    kinds = [word for word in words if word in _KINDS] or ["mixing"]
    known = all(word in (*_KINDS, *_ATTRIBUTES) for word in words)
    if bridge_id in bridges.all or not known or len(kinds) > 1:
        raise Refused(500, f"Unable to create bridge. Possible duplicate bridge id '{bridge_id}'")
    bridge = bridges.create(bridge_id, kinds[0], ask.text("name"))
    bridge.variables = ask.variables()
    return bridge.words()


def destroy(ask: Ask) -> None:
    """Let all leave, and let the bridge be no more."""
    bridge = _bridge_of(ask)
    ask.switch.recordings.end_all_of(f"bridge:{bridge.id}")
    ask.switch.bridges.destroy(bridge)


def _channels_of(ask: Ask) -> list[AriChannel]:
    """Find the channels that a request names, which must be in an application.

    Raises:
        Refused: one is not there, or in none.
    """
    channels = ask.switch.state.channels
    found = []
    for channel_id in ask.texts("channel"):
        channel = channels.get(channel_id)
        if channel is None:
            raise Refused(400, "Channel not found")
        if channel.application is None:
            raise Refused(422, "Channel not in Stasis application")
        found.append(channel)
    return found


def add_channel(ask: Ask) -> Later:
    """Let channels come in, when nothing is played to them any more."""
    bridge, channels = _bridge_of(ask), _channels_of(ask)
    if any(channel.is_recorded for channel in channels):
        raise Refused(409, "Channel currently recording")
    return _one_by_one(ask, channels, partial(_enter, ask, bridge))


def _enter(ask: Ask, bridge: AriBridge, channel: AriChannel) -> None:
    if ask.switch.bridges.all.get(bridge.id) is bridge:
        ask.switch.bridges.enter(bridge, channel)


def remove_channel(ask: Ask) -> Later:
    """Let channels leave, when nothing is played to them any more."""
    bridge, channels = _bridge_of(ask), _channels_of(ask)
    if any(channel.bridge != bridge.id for channel in channels):
        raise Refused(422, "Channel not in this bridge")
    return _one_by_one(ask, channels, ask.switch.bridges.leave)


def _one_by_one(ask: Ask, channels: list[AriChannel], act: Callable[[AriChannel], None]) -> Later:
    last = Later()
    last.answer(Reply(NO_CONTENT))
    for channel in channels:
        last = quietly(ask, channel, partial(act, channel))
    return last


def start_music(ask: Ask) -> None:
    """Play music to all in the bridge."""
    bridge = _bridge_of(ask)
    ask.switch.sounds.set_music(f"bridge:{bridge.id}", ask.text("mohClass") or "default")


def stop_music(ask: Ask) -> None:
    """Play music no more."""
    bridge = _bridge_of(ask)
    if not ask.switch.sounds.has_music(f"bridge:{bridge.id}"):
        raise Refused(409, "Bridge isn't playing music")
    ask.switch.sounds.set_music(f"bridge:{bridge.id}", None)


def play(ask: Ask) -> Reply:
    """Play media to all in the bridge."""
    return played(ask, f"bridge:{_bridge_of(ask).id}")


def record(ask: Ask) -> Reply:
    """Record all in the bridge."""
    return recorded(ask, f"bridge:{_bridge_of(ask).id}")


def get_variable(ask: Ask) -> Variable:
    """The value of a variable."""
    value = _bridge_of(ask).variables.get(ask.text("variable"))
    if value is None:
        raise Refused(404, "Provided variable was not found")
    return Variable(value=value)


def set_variable(ask: Ask) -> None:
    """Set a variable."""
    _bridge_of(ask).variables[ask.text("variable")] = ask.text("value")


def get_variables(ask: Ask) -> Variables:
    """The values of several variables."""
    held = _bridge_of(ask).variables
    return Variables(variables={name: held.get(name, "") for name in ask.texts("variables")})


def set_variables(ask: Ask) -> None:
    """Set several variables."""
    _bridge_of(ask).variables |= ask.variables()
