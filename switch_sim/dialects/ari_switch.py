"""The switch as ARI shows it: legs become channels, and what happens to them becomes events."""

from __future__ import annotations

from collections.abc import Callable

from csta.causes import Cause
from csta.ids import DeviceId, category_of, local_part
from ctiserver.core.switch_link import (
    Answer,
    AnyObservation,
    Clear,
    DeviceBack,
    DeviceLost,
    Dial,
    Digit,
    LegGone,
    LegHeld,
    LegRetrieved,
    LegRinging,
    LegSeen,
    LegUp,
    RefuseTransfer,
    TransferAsked,
)
from switch_sim.dialects import ari_events as told
from switch_sim.dialects.ari_bridges import Bridges
from switch_sim.dialects.ari_causes import cause_of, q850_of, sip_status_of, text_of
from switch_sim.dialects.ari_endpoints import Endpoints
from switch_sim.dialects.ari_recordings import Recordings
from switch_sim.dialects.ari_state import AriAccount, AriChannel, AriState
from switch_sim.dialects.ari_words import (
    CallerID,
    DialplanCEP,
    ReferredBy,
    ReferTo,
    RequiredDestination,
)
from switch_sim.switch import SimulatedPbx

_HANG_UP_BY_US = 32
"""The cause in the hang-up request of a channel that the switch was told to hang up."""
_FROM_PHONE = "from-phone"
_HANDLING = "PJSIP_TRANSFER_HANDLING()"
_AUTO_ANSWER = ("answer-after=0", "alert-autoanswer")
_DIAL_STATUS = {
    Cause.BUSY: "BUSY",
    Cause.TRUNKS_BUSY: "CONGESTION",
    Cause.NETWORK_CONGESTION: "CONGESTION",
    Cause.NETWORK_NOT_OBTAINABLE: "CHANUNAVAIL",
    Cause.DEST_NOT_OBTAINABLE: "CHANUNAVAIL",
}


class AriSwitch:
    """One simulated switch seen through ARI; nobody else may observe it.

    Whoever comes in on a trunk, or dials on a phone, goes through a dialplan of one line:
    `Stasis(APPLICATION,inbound,DIALLED,CALLING)`, or `outbound,DIALLED,PHONE`. While nobody is
    connected as the application, callers hear that it rings, and come into it when somebody is.
    """

    def __init__(self, pbx: SimulatedPbx, account: AriAccount) -> None:
        """Begin to observe the switch."""
        self.pbx = pbx
        self.state = AriState(pbx, account)
        self.bridges = Bridges(self.state)
        self.sounds = self.bridges.sounds
        self.recordings = Recordings(self.state)
        self.endpoints = Endpoints(self.state)
        self.listeners: list[Callable[[AnyObservation], object]] = []
        """Told each observation of the switch below, before anything is made of it."""
        pbx.attach(self.observe)

    # Clients.

    def connect(self, names: list[str], send: Callable[[bytes], None], *, hears_all: bool) -> None:
        """Let a client be these applications; calls that have waited for it come in."""
        for name in names:
            self.state.applications.connect(name, send, hears_all=hears_all)
        if self.state.account.application in names:
            for channel in list(self.state.channels.values()):
                if channel.application is None and self._came_in(channel):
                    self._enter_dialplan(channel)

    def disconnect(self, names: list[str], send: Callable[[bytes], None]) -> None:
        """Let a client be gone; its channels and bridges stay as they are."""
        for name in names:
            self.state.applications.disconnect(name, send)

    # What the switch below tells.

    def observe(self, observation: AnyObservation) -> None:
        """Make events of what has happened to a leg."""
        for listener in self.listeners:
            listener(observation)
        if isinstance(observation, DeviceLost | DeviceBack):
            self.endpoints.told_again(f"PJSIP/{local_part(observation.device)}")
            return
        leg = getattr(observation, "leg", "")
        if isinstance(observation, LegSeen) and leg not in self.state.channels:
            self._arrives(observation)
        elif (channel := self.state.channels.get(leg)) is not None:
            self._happens_to(channel, observation)

    def _happens_to(self, channel: AriChannel, observation: AnyObservation) -> None:
        match observation:
            case LegRinging():
                self._becomes(channel, "Ringing")
                self._tell_dial(channel, "RINGING")
            case LegUp():
                self._is_up(channel)
            case LegHeld():
                self.state.tell(
                    channel, lambda c: told.ChannelHold(musicclass="default", channel=c)
                )
            case LegRetrieved():
                self.state.tell(channel, lambda c: told.ChannelUnhold(channel=c))
            case Digit(digit=digit, duration_ms=lasted):
                self.state.tell(
                    channel,
                    lambda c: told.ChannelDtmfReceived(digit=digit, duration_ms=lasted, channel=c),
                )
            case TransferAsked(number=number):
                self._asks_for_transfer(channel, number)
            case LegGone():
                self._is_gone(channel, observation)

    def _arrives(self, seen: LegSeen) -> None:
        """Somebody calls in, or has picked up a phone and dialled."""
        from_trunk = category_of(seen.device) == "trunk"
        channel = self.state.channel(seen.leg, f"PJSIP/{local_part(seen.device)}")
        channel.state = "Ring"
        channel.caller = CallerID(name="", number=seen.ani)
        ways = ("inbound", seen.dnis, seen.ani) if from_trunk else ("outbound", seen.dnis, seen.ani)
        channel.arguments = list(ways)
        arguments = ",".join((self.state.account.application, *ways))
        context = "from-trunk" if from_trunk else _FROM_PHONE
        channel.dialplan = DialplanCEP(
            context=context, exten=seen.dnis, priority=1, app_name="Stasis", app_data=arguments
        )
        self.endpoints.told_again(channel.endpoint)
        self.state.tell(channel, lambda c: told.ChannelCreated(channel=c))
        self.state.tell(
            channel,
            lambda c: told.ChannelDialplan(
                dialplan_app="Stasis", dialplan_app_data=arguments, channel=c
            ),
        )
        self._enter_dialplan(channel)

    def _enter_dialplan(self, channel: AriChannel) -> None:
        if self.state.applications.is_connected(self.state.account.application):
            self.sounds.set_ringing(channel.id, rings=False)
            self.enter_application(channel, self.state.account.application, channel.arguments)
        else:
            self.sounds.set_ringing(channel.id, rings=True)

    def _came_in(self, channel: AriChannel) -> bool:
        return channel.has_leg and not channel.device

    def _is_up(self, channel: AriChannel) -> None:
        if self._came_in(channel):
            if channel.dialplan.context == _FROM_PHONE:
                return  # a phone that dials is up below at once; here, when it is answered
            self.sounds.set_ringing(channel.id, rings=False)
        self._becomes(channel, "Up")
        if channel.device:
            self._tell_dial(channel, "ANSWER")
            if channel.joins_application is not None:
                application, channel.joins_application = channel.joins_application, None
                self.enter_application(channel, application, channel.arguments)

    def _asks_for_transfer(self, channel: AriChannel, number: str) -> None:
        """Leave a transfer to the application; there is no dialplan that could make it."""
        if channel.variables.get(_HANDLING) != "ari-only":
            self.pbx.execute(RefuseTransfer(channel.id))
            return
        channel.transfers_to = number
        self._tell_transfer(channel, number, None)

    def tell_phone(self, channel: AriChannel, state: str) -> None:
        """Let a phone hear what becomes of its transfer; with that it is over, or goes on."""
        number = channel.transfers_to
        if number is None:
            return
        self._tell_transfer(channel, number, state)
        if state != "channel_progress":
            channel.transfers_to = None
            self.pbx.execute(RefuseTransfer(channel.id))

    def _tell_transfer(self, channel: AriChannel, number: str, state: str | None) -> None:
        to = ReferTo(requested_destination=RequiredDestination(destination=number))
        there = self.bridges.all.get(channel.bridge or "")
        bridge = None if there is None else there.words()
        self.state.tell(
            channel,
            lambda c: told.ChannelTransfer(
                state=state, refer_to=to, referred_by=ReferredBy(source_channel=c, bridge=bridge)
            ),
        )

    def _is_gone(self, channel: AriChannel, gone: LegGone) -> None:
        q850 = q850_of(gone.cause) if channel.cleared_with is None else channel.cleared_with
        was_up = channel.state == "Up"
        by_us = not gone.far_end and channel.cleared_with is not None
        status = None if was_up else sip_status_of(q850)
        if channel.device and not was_up and gone.cause in _DIAL_STATUS and not by_us:
            self.state.tell(
                channel,
                lambda c: told.ChannelHangupRequest(cause=q850, tech_cause=status, channel=c),
            )
            self._tell_dial(channel, _DIAL_STATUS[gone.cause])
        elif by_us:
            self.state.tell(
                channel,
                lambda c: told.ChannelHangupRequest(cause=_HANG_UP_BY_US, soft=True, channel=c),
            )
        elif was_up or not channel.device:
            cause = None if was_up else q850
            self.state.tell(
                channel,
                lambda c: told.ChannelHangupRequest(cause=cause, tech_cause=status, channel=c),
            )
        self.end_channel(channel, q850, status)

    # What several requests do.

    def originate(self, channel: AriChannel, timeout_ms: int | None) -> None:
        """Let the switch below dial; None: for as long as it takes."""
        self._tell_dial(channel, "")
        headers = [value for name, value in channel.variables.items() if "HEADER" in name]
        answers = any(word in value for value in headers for word in _AUTO_ANSWER)
        calling = channel.caller.number
        self.endpoints.told_again(channel.endpoint)
        self.pbx.execute(
            Dial(channel.id, device=channel.device, calling=calling, auto_answer=answers)
        )
        if timeout_ms is not None and channel.id in self.state.channels:
            self.pbx.after(timeout_ms, lambda: self._gives_up(channel))

    def answer(self, channel: AriChannel) -> None:
        """Answer a channel that came in; another one is answered by its party."""
        if channel.state == "Up" or not self._came_in(channel):
            return
        self.pbx.execute(Answer(channel.id))
        if channel.state != "Up":
            self.sounds.set_ringing(channel.id, rings=False)
            self._becomes(channel, "Up")

    def hang_up(self, channel: AriChannel, q850: int) -> None:
        """Hang a channel up."""
        channel.cleared_with = q850
        self.pbx.execute(Clear(channel.id, cause=cause_of(q850)))
        if channel.id in self.state.channels:
            self.state.tell(
                channel,
                lambda c: told.ChannelHangupRequest(cause=_HANG_UP_BY_US, soft=True, channel=c),
            )
            self.end_channel(channel, q850, None)

    def enter_application(self, channel: AriChannel, name: str, arguments: list[str]) -> None:
        """Let a channel come into an application."""
        application = self.state.applications.made(name)
        channel.application = name
        channel.arguments = arguments
        application.channels[channel.id] += 1
        data = ",".join((name, *arguments))
        channel.dialplan.app_name, channel.dialplan.app_data = "Stasis", data
        event = told.StasisStart(args=arguments, channel=self.state.words(channel))
        self.state.applications.tell(application, event)

    def leave_application(self, channel: AriChannel) -> None:
        """Let a channel leave its application, if it is in one."""
        application = self.state.applications.get(channel.application or "")
        if application is not None:
            event = told.StasisEnd(channel=self.state.words(channel))
            self.state.applications.tell(application, event)
            application.channels[channel.id] -= 1
        channel.application = None

    def end_channel(self, channel: AriChannel, q850: int, sip_status: int | None) -> None:
        """Let a channel be no more: out of its bridge, its application, and told as destroyed."""
        self.sounds.gone(f"channel:{channel.id}")
        self.recordings.end_all_of(f"channel:{channel.id}")
        self.bridges.leave(channel, hangs_up=True)
        self.leave_application(channel)
        for other in list(channel.snoopers):
            self.end_channel(self.state.channels[other], q850, None)
        self.state.forget(channel)
        if channel.has_leg:
            self.state.tell(
                channel,
                lambda c: told.ChannelDestroyed(
                    cause=q850, cause_txt=text_of(q850), tech_cause=sip_status, channel=c
                ),
            )
            self.endpoints.told_again(channel.endpoint)
        for application in self.state.applications:
            application.channels.pop(channel.id, None)

    def _becomes(self, channel: AriChannel, state: str) -> None:
        channel.state = state
        self.state.tell(channel, lambda c: told.ChannelStateChange(channel=c))
        self.endpoints.told_again(channel.endpoint)

    def _tell_dial(self, channel: AriChannel, status: str) -> None:
        self.state.tell(
            channel,
            lambda c: told.Dial(
                dialstatus=status, forward="", dialstring=channel.dialstring, peer=c
            ),
        )

    def _gives_up(self, channel: AriChannel) -> None:
        still_there = self.state.channels.get(channel.id) is channel
        if still_there and channel.state != "Up":
            self._tell_dial(channel, "NOANSWER")
            self.hang_up(channel, q850_of(Cause.CALL_NOT_ANSWERED))


def device_dialled(pbx: SimulatedPbx, endpoint: str) -> DeviceId | None:
    """Find the device that an endpoint stands for; None when it is none, or cannot be reached.

    `PJSIP/1001` is a phone; `PJSIP/+4930100@pstn` and `PJSIP/pstn/sip:+4930100@carrier` are a
    number outside.
    """
    technology, _, rest = endpoint.partition("/")
    if technology != "PJSIP":
        return None
    number, at, trunk = rest.partition("@")
    if at and "/" in number:
        trunk, _, number = number.partition("/sip:")
    if at:
        return f"number:{number}" if trunk in pbx.dial_plan.trunks and number else None
    phone = pbx.dial_plan.phones.get(f"station:{rest}")
    if phone is None or phone.refusal() is Cause.DEST_NOT_OBTAINABLE:
        return None
    return phone.device
