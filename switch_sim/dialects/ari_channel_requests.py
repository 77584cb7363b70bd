"""Requests for channels: dialling, answering, hanging up, variables, snooping."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from csta.instants import SECOND
from switch_sim.dialects.ari_causes import REASONS
from switch_sim.dialects.ari_events import ChannelVarset
from switch_sim.dialects.ari_requests import NO_CONTENT, Ask, Later, Refused, Reply
from switch_sim.dialects.ari_state import AriChannel
from switch_sim.dialects.ari_switch import device_dialled
from switch_sim.dialects.ari_words import CallerID, Channel, Variable, Variables

_RINGS_S = 30
"""How long a channel is dialled when the request does not say."""
_PROGRESS = ("channel_progress", "channel_answered", "channel_unavailable", "channel_declined")
_CALLER_ID = re.compile(r'\s*"?(?P<name>[^"<]*?)"?\s*<(?P<number>[^>]*)>\s*')


def channel_of(ask: Ask) -> AriChannel:
    """Find the channel that a request names.

    Raises:
        Refused: there is none.
    """
    channel = ask.switch.state.channels.get(ask.text("channelId"))
    if channel is None:
        raise Refused(404, "Channel not found")
    return channel


def stasis_channel_of(ask: Ask) -> AriChannel:
    """Find the channel that a request names, which must be in an application.

    Raises:
        Refused: there is none, or it is in none.
    """
    channel = channel_of(ask)
    if channel.application is None:
        raise Refused(409, "Channel not in Stasis application")
    return channel


def quietly(ask: Ask, channel: AriChannel, action: Callable[[], None]) -> Later:
    """Do something when all playbacks on the channel are over, and answer then."""
    later = Later()

    def act() -> None:
        action()
        later.answer(Reply(NO_CONTENT))

    ask.switch.sounds.when_quiet(channel.id, act)
    return later


def list_channels(ask: Ask) -> list[Channel]:
    """All channels."""
    state = ask.switch.state
    return [state.words(channel) for channel in state.channels.values()]


def get(ask: Ask) -> Channel:
    """One channel."""
    return ask.switch.state.words(channel_of(ask))


def _made(ask: Ask) -> AriChannel:
    """Make the channel that is to be dialled; nobody is told yet, and nothing dialled."""
    switch, endpoint = ask.switch, ask.text("endpoint")
    if "/" not in endpoint:
        raise Refused(400, "Invalid endpoint specified")
    if not ask.text("app"):
        raise Refused(400, "Application or extension must be specified")
    channel_id = ask.text("channelId") or switch.state.mint("channel")
    if channel_id in switch.state.channels:
        raise Refused(409, "Channel with given unique ID already exists")
    device = device_dialled(switch.pbx, endpoint)
    if device is None:
        raise Refused(500, "Allocation failed", "error")
    technology, _, dialled = endpoint.partition("/")
    resource = dialled.partition("@")[2] or dialled
    if "/sip:" in dialled:
        resource = dialled.partition("/")[0]
    channel = switch.state.channel(channel_id, f"{technology}/{resource}")
    channel.device = device
    channel.dialstring = dialled
    channel.caller = channel.connected = _caller_id(ask.text("callerId"))
    channel.dialplan.context, channel.dialplan.exten = "from-phone", "s"
    channel.variables = ask.variables()
    channel.arguments = ask.texts("appArgs")
    switch.state.applications.made(ask.text("app")).channels[channel_id] += 1
    return channel


def originate(ask: Ask) -> Channel:
    """Dial somebody, who comes into the application when he answers."""
    channel = _made(ask)
    channel.joins_application = ask.text("app")
    channel.dialplan.app_name, channel.dialplan.app_data = "AppDial2", "(Outgoing Line)"
    seconds = ask.number("timeout", _RINGS_S)
    timeout_ms = None if seconds < 0 else seconds * SECOND
    ask.afterwards = partial(ask.switch.originate, channel, timeout_ms)
    return ask.switch.state.words(channel)


def create(ask: Ask) -> Channel:
    """Make a channel that is in the application, and is dialled later."""
    channel = _made(ask)
    enter = ask.switch.enter_application
    ask.afterwards = partial(enter, channel, ask.text("app"), channel.arguments)
    return ask.switch.state.words(channel)


def dial(ask: Ask) -> None:
    """Dial a channel that was made before."""
    channel = stasis_channel_of(ask)
    if not channel.device or channel.state != "Down":
        raise Refused(409, "Channel is already being dialed")
    seconds = ask.number("timeout", 0)
    timeout_ms = seconds * SECOND if seconds > 0 else None
    ask.afterwards = partial(ask.switch.originate, channel, timeout_ms)


def hang_up(ask: Ask) -> None:
    """Hang up, with a cause."""
    channel = channel_of(ask)
    reason, code = ask.text("reason"), ask.text("reason_code")
    if reason and code:
        raise Refused(400, "The reason and reason_code query parameters can't both be specified")
    if reason and reason not in REASONS:
        raise Refused(400, "Invalid hangup reason supplied in reason parameter")
    if code and not code.isdigit():
        raise Refused(400, "Invalid hangup reason supplied in reason_code parameter")
    q850 = int(code) if code else REASONS[reason or "normal"]
    ask.afterwards = partial(_hang_up_if_there, ask, channel, q850)


def _hang_up_if_there(ask: Ask, channel: AriChannel, q850: int) -> None:
    if channel.id in ask.switch.state.channels:
        ask.switch.hang_up(channel, q850)


def leave(ask: Ask) -> None:
    """Leave the application; the dialplan has nothing to follow, and hangs up."""
    channel = stasis_channel_of(ask)

    def leave() -> None:
        ask.switch.bridges.leave(channel)
        ask.switch.leave_application(channel)
        _hang_up_if_there(ask, channel, REASONS["normal"])

    ask.afterwards = leave


def answer(ask: Ask) -> Later:
    """Answer a channel that came in."""
    channel = stasis_channel_of(ask)
    return quietly(ask, channel, partial(ask.switch.answer, channel))


def transfer_progress(ask: Ask) -> None:
    """Tell a phone what becomes of the transfer that it has asked for."""
    channel, state = stasis_channel_of(ask), ask.text("states")
    if not state:
        raise Refused(400, "states must not be empty")
    if state not in _PROGRESS:
        raise Refused(400, "Invalid states value")
    ask.afterwards = partial(ask.switch.tell_phone, channel, state)


def nothing(ask: Ask) -> None:
    """Do what nobody in the simulation notices: early media, hold, silence on a channel."""
    stasis_channel_of(ask)


def get_variable(ask: Ask) -> Variable:
    """The value of a variable."""
    channel, name = channel_of(ask), ask.text("variable")
    if not name:
        raise Refused(400, "Variable name is required")
    value = _value(channel, name)
    if value is None:
        raise Refused(404, "Provided variable was not found")
    return Variable(value=value)


def _value(channel: AriChannel, name: str) -> str | None:
    known = {
        "CALLERID(num)": channel.caller.number,
        "CALLERID(name)": channel.caller.name,
        "CHANNEL(name)": channel.name,
        "CHANNEL(state)": channel.state,
    }
    return known.get(name, channel.variables.get(name))


def set_variable(ask: Ask) -> None:
    """Set a variable."""
    channel = channel_of(ask)
    if not ask.text("variable"):
        raise Refused(400, "Variable name is required")
    _set(ask, channel, {ask.text("variable"): ask.text("value")})


def get_variables(ask: Ask) -> Variables:
    """The values of several variables."""
    channel = channel_of(ask)
    return Variables(
        variables={name: _value(channel, name) or "" for name in ask.texts("variables")}
    )


def set_variables(ask: Ask) -> None:
    """Set several variables."""
    _set(ask, channel_of(ask), ask.variables())


def _set(ask: Ask, channel: AriChannel, values: dict[str, str]) -> None:
    channel.variables |= values

    def tell() -> None:
        for name, value in values.items():
            ask.switch.state.tell(channel, _varset(name, value))

    ask.afterwards = tell


def _varset(name: str, value: str) -> Callable[[Channel], ChannelVarset]:
    return lambda channel: ChannelVarset(variable=name, value=value, channel=channel)


def snoop(ask: Ask) -> Channel:
    """Make a channel that hears this one, or that its party hears (`whisper`)."""
    switch, target = ask.switch, channel_of(ask)
    channel_id = ask.text("snoopId") or switch.state.mint("channel")
    if channel_id in switch.state.channels:
        raise Refused(409, "Channel with given unique ID already exists")
    if not target.has_leg:
        raise Refused(500, "Snooping on a channel that snoops is not simulated")
    channel = switch.state.channel(channel_id, f"Snoop/{target.id}")
    channel.snoops_on = target.id
    channel.coaches = ask.text("whisper", "none") != "none"
    channel.state = "Up"
    target.snoopers.append(channel_id)
    switch.enter_application(channel, ask.text("app"), ask.texts("appArgs"))
    return switch.state.words(channel)


def _caller_id(text: str) -> CallerID:
    if match := _CALLER_ID.fullmatch(text):
        return CallerID(name=match["name"], number=match["number"])
    return CallerID(name="", number=text)
